"""`logs`: what steps wrote, safe to look at."""

import pytest

from runrack.interfaces.compute_log_manager import ComputeIOType
from runrack.records.event_data import ComputeLogsCaptureData
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_event

RUN = "aaaa1111-0000-4000-8000-000000000000"
PIECE = 64 * 1024


@pytest.fixture
def captured(add_run, instance):
    """Stores output of a step as if it had been captured in a run that is over."""
    add_run(RUN)

    def capture(step, stdout=b"", stderr=b""):
        manager = instance.compute_log_manager
        key = manager.build_log_key_for_run(RUN, step)
        for io_type, content in ((ComputeIOType.STDOUT, stdout), (ComputeIOType.STDERR, stderr)):
            with manager.open_log_stream(key, io_type) as stream:
                stream.write(content)
        data = ComputeLogsCaptureData(tuple(key), (step,))
        event = make_event(EventType.LOGS_CAPTURED, data, step_key=step)
        instance.handle_new_event(make_entry(event, RUN))

    return capture


def test_every_stream_has_a_heading(runrack, captured):
    """All steps are shown in order, each stream that has something under its heading, each ended by a line break."""
    captured("one", b"out\n", b"err")
    captured("two", b"more")
    assert runrack("logs", RUN).stdout == "== one stdout\nout\n== one stderr\nerr\n== two stdout\nmore\n"


def test_one_stream_of_one_step_has_none(runrack, captured):
    """Where only one stream is asked for, there is nothing but what was written."""
    captured("one", b"out\n", b"err\n")
    assert runrack("logs", RUN, "one", "--stderr").stdout == "err\n"
    assert runrack("logs", RUN, "one", "--stdout").stdout == "out\n"


def test_control_characters_are_written_out(runrack, captured):
    """Captured output cannot steer the terminal: no byte below a space but tab and line break is shown."""
    captured("one", b"\x1b[2J\x1b]52;c;cm0=\x07\rforged\x9b31m\xff\x00\tend\n")
    shown = runrack("logs", RUN, "one", "--stdout").stdout
    assert shown == "\\x1b[2J\\x1b]52;c;cm0=\\x07\\rforged\ufffd31m\ufffd\\x00\tend\n"
    assert {char for char in shown if ord(char) < 0x20} == {"\t", "\n"}


def test_raw_output_is_what_was_captured(spawn, captured):
    """`--raw` writes the very bytes."""
    captured("one", b"\x1b[31mred\r\n")
    assert spawn("logs", RUN, "one", "--stdout", "--raw").stdout == "\x1b[31mred\n"


def test_a_character_that_two_pieces_share_stays_whole(runrack, captured):
    """Output is read in pieces; a character on the border is not broken."""
    text = "x" * (PIECE - 1) + "é" + "y" * PIECE + "\n"
    captured("one", text.encode())
    assert runrack("logs", RUN, "one", "--stdout").stdout == text


def test_a_step_without_output(runrack, captured):
    """A step that wrote nothing is told from one that does not exist."""
    captured("one", b"")
    result = runrack("logs", RUN, "one")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "Nothing was written.\n")


def test_an_unknown_step_lists_those_with_output(runrack, captured):
    """The message names the steps whose output was captured."""
    captured("one", b"x")
    captured("two", b"x")
    result = runrack("logs", RUN, "three")
    assert (result.exit_code, result.stderr) == (
        1,
        (
            f"error: no output of a step 'three' was captured in run {RUN}; these have: one, two\n"
            "  more: runrack explain RR-R103\n"
        ),
    )


def test_following_ends_with_the_run(runrack, captured, instance):
    """`--follow` shows what there is and ends, since the run is over."""
    captured("one", b"out\n")
    instance.handle_new_events(
        [make_entry(kind, RUN) for kind in (EventType.RUN_START, EventType.RUN_SUCCESS)]
    )
    assert runrack("logs", RUN, "--follow").stdout == "== one stdout\nout\n"

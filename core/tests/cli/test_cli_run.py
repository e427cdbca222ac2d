"""`run`: a job from a file, its configuration, its progress, its end."""

import json
import os
import pty
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from runrack.cli.runs.live_progress import MAX_SUCCESS_LINES, LiveProgress
from runrack.cli.runs.progress import PlainProgress, StepOutput
from runrack.cli.runs.run_configuration import load_run_configuration
from runrack.errors import ConfigError
from runrack.records.event_data import RunFailureData, StepFailureData, StepRetryData
from runrack.records.event_type import EventType
from runrack.testing.builders import ERROR, make_entry, make_event

RUNRACK = str(Path(sys.executable).parent / "runrack")
RUN_ID = "aaaa1111-0000-4000-8000-000000000000"


def without_times(text):
    """Lines without the clock at their beginning and without durations."""
    lines = [line[9:] if line[2:3] == ":" else line for line in text.splitlines()]
    return [line.partition(" in ")[0] for line in lines]


def test_a_run_is_shown_line_by_line(runrack, jobs):
    """Away from a terminal each turning point, message and captured line is a line; the last one says where to look next."""
    result = runrack("run", f"{jobs}:find_largest", "--run-id", RUN_ID)
    lines = without_times(result.stdout)
    assert result.exit_code == 0
    assert lines[1:-1] == [
        "INFO    numbers Step 'numbers' starts.",
        "three numbers",
        "INFO    numbers Step 'numbers' succeeded",
        "INFO    largest Step 'largest' starts.",
        "INFO    largest looking at 3 numbers",
        "INFO    largest Step 'largest' succeeded",
        "INFO    - The run succeeded.",
    ]
    assert lines[-1].startswith(f"SUCCESS job find_largest, run {RUN_ID}, ")
    assert lines[-1].endswith("Look further: runrack events aaaa1111 · runrack logs aaaa1111")


def test_a_failure_shows_the_users_own_traceback_once(runrack, jobs):
    """What the op raised is shown with its own frames, once, and the exit code is 1."""
    result = runrack(
        "run", f"{jobs}:mean", "--config-json", '{"ops": {"divide": {"config": {"divisor": 0}}}}'
    )
    assert result.exit_code == 1
    assert result.stdout.count("    ZeroDivisionError: division by zero\n") == 1
    assert result.stdout.count('return sum(values) / context.op_config["divisor"]') == 1
    assert f"{os.sep}runrack{os.sep}" not in result.stdout
    assert "\nFAILURE job mean, run " in result.stdout


def test_the_result_for_programs(runrack, jobs):
    """With --json standard output holds the run and nothing else; the progress goes to standard error."""
    result = runrack("run", f"{jobs}:find_largest", "--json", "--tag", "team=sea", "--tag", "a=b=c")
    run = json.loads(result.stdout)
    assert (run["job_name"], run["status"], run["tags"]) == (
        "find_largest",
        "SUCCESS",
        {"team": "sea", "a": "b=c"},
    )
    assert "looking at 3 numbers" in result.stderr


def test_configuration_files_are_laid_over_each_other(tmp_path):
    """A later file wins value by value, the text of --config-json over all of them; a single source keeps its positions."""
    (tmp_path / "one.yaml").write_text("ops: {a: {config: {x: 1, y: [1, 2]}}, b: {}}\n")
    (tmp_path / "two.yaml").write_text("ops: {a: {config: {y: [3]}}}\n")
    files = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    several = load_run_configuration(files, '{"ops": {"b": {"config": 5}}}')
    assert several.value == {"ops": {"a": {"config": {"x": 1, "y": [3]}}, "b": {"config": 5}}}
    assert several.document is None
    single = load_run_configuration(files[:1])
    assert single.document is not None
    assert load_run_configuration([]) == (None, None)


def test_a_text_that_is_no_json_has_a_position():
    """A mistake in --config-json is named by the option, line and column."""
    with pytest.raises(ConfigError, match=r"^--config-json:1:9"):
        load_run_configuration([], '{"ops": ]')


def test_a_mistake_in_the_configuration_has_a_position(runrack, jobs, tmp_path):
    """What does not fit the job is refused with file, line and column before anything runs."""
    file = tmp_path / "run.yaml"
    file.write_text("ops:\n  divide:\n    config:\n      divsor: 2\n")
    result = runrack("run", f"{jobs}:mean", "-c", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"error: {file}:4:7 ops.divide.config.divsor: unknown key; did you mean 'divisor'? allowed: divisor\n"
        "  more: runrack explain RR-C301\n"
    )
    assert runrack("runs", "list").stdout.startswith("There are no runs yet.")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nonesuch.py", "there is no such file"),
        ("no_such_module_of_jobs", "there is no module"),
        ("{jobs}", "has several jobs: find_largest, mean"),
        ("{jobs}:men", "did you mean 'mean'?"),
    ],
)
def test_a_job_that_cannot_be_found(runrack, jobs, target, message):
    """What is wrong with the name of the job is said, and the exit code is 2."""
    result = runrack("run", target.format(jobs=jobs))
    assert (result.exit_code, result.stdout, message in result.stderr) == (2, "", True)


@pytest.mark.parametrize("options", [["--run-id", "x"], ["--tag", "x"], ["-c", "/nonesuch.yaml"]])
def test_bad_options_exit_with_2(runrack, jobs, options):
    """A run id that is no UUID, a tag that is no pair, a file that does not exist."""
    result = runrack("run", f"{jobs}:find_largest", *options)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_file_that_raises_shows_the_users_stack_only(runrack, tmp_path):
    """An error while the file is loaded is told with its line, without frames of runrack."""
    file = tmp_path / "broken_jobs.py"
    file.write_text("def f():\n    return 1 / 0\n\nf()\n")
    result = runrack("run", str(file))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {file}:2: ZeroDivisionError: division by zero\n")
    assert "Traceback" not in result.stderr


def test_a_named_home_is_made_by_the_first_run(spawn, environment, tmp_path, jobs):
    """`run` makes the folder that $RUNRACK_HOME names; other commands say that it is missing."""
    environment["RUNRACK_HOME"] = str(tmp_path / "new")
    assert spawn("runs", "list").returncode == 2
    done = spawn("run", f"{jobs}:find_largest")
    assert (done.returncode, done.stderr) == (0, f"note: made the runrack home {tmp_path / 'new'}\n")
    assert spawn("runs", "list").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_run(environment, tmp_path, runrack, number):
    """Ctrl-C and SIGTERM end the run as CANCELED and the command with 130."""
    file = tmp_path / "waiting.py"
    file.write_text(
        "from threading import Event\nfrom runrack import job, op\n\n\n"
        "@op\ndef wait(context):\n    context.log.info('ready')\n    Event().wait(60)\n\n\n"
        "@job\ndef waiting():\n    wait()\n"
    )
    with subprocess.Popen(
        [RUNRACK, "run", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        seen = next(line for line in process.stdout if line.endswith("ready\n"))
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
    assert (seen[9:], process.returncode) == ("INFO    wait ready\n", 130), rest + errors
    assert rest.splitlines()[-1].startswith("CANCELED job waiting, run ")
    assert runrack("runs", "list", "--status", "CANCELED").stdout.count("waiting") == 1


def test_a_terminal_sees_the_run_live(environment, jobs, tmp_path):
    """On a terminal the steps that are over stay as lines with a sign, and what they wrote stands above them."""
    master, slave = pty.openpty()
    environment |= {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [RUNRACK, "run", f"{jobs}:find_largest"], stdout=slave, stderr=slave, env=environment, cwd=tmp_path
    ) as process:
        os.close(slave)
        shown = _read_to_end(master)
    assert process.returncode == 0, shown
    assert "✓ numbers" in shown
    assert "three numbers" in shown
    assert "SUCCESS job find_largest" in shown.splitlines()[-1]


def _read_to_end(descriptor):
    pieces = []
    while True:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # the other side of the terminal is closed
            piece = b""
        if not piece:
            os.close(descriptor)
            return b"".join(pieces).decode()
        pieces.append(piece)


def live(*entries):
    """What stays on a terminal of a run that these entries tell of."""
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, no_color=True, width=100)
    progress = LiveProgress(stream, 2, console)
    for entry in entries:
        progress.show_entry(entry)
    progress.show_output("\x1b[31mcaptured")
    progress.close()
    return stream.getvalue()


def test_the_live_display_has_a_line_for_each_step():
    """A step is over with a sign, its name and its duration; a failure shows its error, once."""
    failure = make_event(EventType.STEP_FAILURE, StepFailureData(ERROR), step_key="two", message="It failed.")
    shown = live(
        make_entry(EventType.RUN_START),
        make_entry(make_event(EventType.STEP_START, step_key="one"), timestamp=1.0),
        make_entry(make_event(EventType.STEP_SUCCESS, step_key="one"), timestamp=2.5),
        make_entry("a message", step_key="two", level=30),
        make_entry(failure, level=40),
        make_entry(make_event(EventType.RUN_FAILURE, RunFailureData(error=ERROR)), level=40),
    )
    assert "✓ one  1.5 s" in shown
    assert "two a message" in shown
    assert "✗ two  0 ms  It failed." in shown
    assert "\\x1b[31mcaptured" in shown
    assert shown.count("    ValueError: no") == 1
    assert "2 of 2 steps" in shown


def test_what_a_step_writes_is_shown_in_whole_lines():
    """Pieces are put together to lines; what has no line break comes at the end."""
    stream = StringIO()
    output = StepOutput(PlainProgress(stream))
    for piece in ("one", " line\ntwo\nth", "ree"):
        output.write(piece)
    output.end()
    output.end()
    assert stream.getvalue() == "one line\ntwo\nthree\n"


def test_details_of_a_step_do_not_pass_by():
    """Inputs, outputs and captures are in the log, not in the progress; what warns is shown whatever it is."""
    stream = StringIO()
    progress = PlainProgress(stream)
    progress.show_entry(make_entry(EventType.STEP_OUTPUT))
    progress.show_entry(make_entry(make_event(EventType.ENGINE_EVENT, message="odd"), level=30))
    assert without_times(stream.getvalue()) == ["WARNING - odd"]


def test_the_live_display_lists_a_limited_number_of_successes():
    """Of very many steps the first ones have a line; all are counted, and a failure among them still has its line."""
    steps = []
    for number in range(1000):
        key = f"step[{number}]"
        ends = EventType.STEP_FAILURE if number == 999 else EventType.STEP_SUCCESS
        data = StepFailureData(ERROR) if number == 999 else None
        steps.append(make_entry(make_event(EventType.STEP_START, step_key=key)))
        steps.append(make_entry(make_event(ends, data, step_key=key, message="")))
    shown = live(*steps)
    listed = [number for number in range(1000) if f"✓ step[{number}] " in shown]
    assert listed == list(range(MAX_SUCCESS_LINES))
    assert "✗ step[999]" in shown
    assert "1000 of 1000 steps: 999 succeeded, 1 failed" in shown


def test_the_live_display_counts_retries():
    """A step that is tried again is not over; the count of retries stays at the end."""
    retry = StepRetryData(ERROR)
    shown = live(
        make_entry(make_event(EventType.STEP_START, step_key="one")),
        make_entry(make_event(EventType.STEP_UP_FOR_RETRY, retry, step_key="one", message="Again.")),
        make_entry(make_event(EventType.STEP_RESTARTED, step_key="one")),
        make_entry(make_event(EventType.STEP_SUCCESS, step_key="one")),
    )
    assert "↻ one  0 ms  Again. ValueError: no" in shown
    assert "1 of 2 steps: 1 succeeded, 1 retry" in shown

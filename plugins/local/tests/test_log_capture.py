"""Capturing at the file descriptors: mirrored, nested, by one thread at a time, and killed."""

# ruff: noqa: T201 - printing is what is captured here

import ctypes
import io
import logging
import os
import signal
import subprocess
import sys
import threading
from contextlib import redirect_stdout

import pytest

from runrack.errors import InvariantViolationError
from runrack_local import LocalComputeLogManager

KEY = ("run", "compute_logs", "step")

PREAMBLE = """
import os, subprocess, sys, time
from runrack_local import LocalComputeLogManager
manager = LocalComputeLogManager(sys.argv[1], mirror=MIRROR)
key = ("run", "compute_logs", "step")
"""


@pytest.fixture
def manager(tmp_path):
    return LocalComputeLogManager(str(tmp_path), mirror=False)


def start(tmp_path, code, *, mirror=True, **options):
    """Run code that uses `manager` and `key` in a process of its own."""
    source = PREAMBLE.replace("MIRROR", str(mirror)) + code
    return subprocess.Popen([sys.executable, "-c", source, str(tmp_path)], **options)


def run(tmp_path, code, **options):
    """The same, to the end; what it wrote to the original streams."""
    with start(tmp_path, code, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) as process:
        outputs = process.communicate()
    assert process.returncode == 0, outputs
    return outputs


ALL_KINDS = """
print("before")
with manager.capture_logs(key):
    print("printed")
    os.write(1, bytes(range(256)))
    subprocess.run(["sh", "-c", "echo child; echo child >&2"])
    sys.stderr.write("no newline")
print("after")
"""


def test_all_bytes_are_mirrored_when_the_context_ends(tmp_path, manager):
    """What is captured also arrives where it would have gone, in order, between what came before and after."""
    out, err = run(tmp_path, ALL_KINDS)
    log = manager.get_log_data(KEY)
    assert log.stdout == b"printed\n" + bytes(range(256)) + b"child\n"
    assert log.stderr == b"child\nno newline"
    assert out == b"before\n" + log.stdout + b"after\n"
    assert err == log.stderr


def test_without_mirror_nothing_is_shown(tmp_path, manager):
    """With `mirror=False` the captured output is only in the log."""
    out, err = run(tmp_path, ALL_KINDS, mirror=False)
    assert (out, err) == (b"before\nafter\n", b"")
    assert manager.get_log_data(KEY).stderr == b"child\nno newline"


def test_a_second_capture_mirrors_only_what_is_new(tmp_path):
    """What is in the log already is not shown again."""
    code = "for word in ('one', 'two'):\n    with manager.capture_logs(key):\n        print(word)\n"
    assert run(tmp_path, code) == (b"one\ntwo\n", b"")


def test_a_reader_that_went_away_does_not_matter(tmp_path, manager):
    """When nobody reads the original stream any more, the log is complete all the same."""
    with start(
        tmp_path,
        "input()\nwith manager.capture_logs(key):\n    print('x' * 100_000)\n"
        "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)\n",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        process.stdin.write(b"\n")
    assert process.returncode == 0
    assert manager.get_log_data(KEY).stdout == b"x" * 100_000 + b"\n"
    assert manager.is_capture_complete(KEY)


MANY = """
with manager.capture_logs(key):
    for number in range(100_000):
        print(number)
    os.write(1, b"y" * 65_536 + b"\\n")
    subprocess.run([sys.executable, "-c", "import os; [os.write(1, b'child %d\\\\n' % n) for n in range(1000)]"])
    os.write(1, bytes(range(256)) * 40_000)
"""


def test_every_byte_of_a_big_log_is_kept(tmp_path, manager):
    """Many short lines, a long one, a child's and 10 MB of binary data are in the log and in the mirror, in order."""
    expected = b"".join(b"%d\n" % number for number in range(100_000))
    expected += b"y" * 65_536 + b"\n"
    expected += b"".join(b"child %d\n" % number for number in range(1000))
    expected += bytes(range(256)) * 40_000
    out, _ = run(tmp_path, MANY)
    assert out == expected
    assert manager.get_log_data(KEY).stdout == expected


KILLED = """
with manager.capture_logs(key):
    print("printed")
    os.write(1, b"written without newline")
    subprocess.run(["sh", "-c", "echo child >&2"])
    os.write(0, b"ready")
    time.sleep(600)
"""


@pytest.mark.parametrize("mirror", [True, False])
def test_a_killed_process_leaves_what_it_wrote(tmp_path, manager, mirror):
    """After SIGKILL the log holds all that was written, also lines that Python printed; the capture is incomplete."""
    read_end, write_end = os.pipe()
    with start(
        tmp_path,
        KILLED,
        mirror=mirror,
        stdin=write_end,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert os.read(read_end, 5) == b"ready"
        process.send_signal(signal.SIGKILL)
    os.close(read_end)
    os.close(write_end)
    log = manager.get_log_data(KEY)
    assert (log.stdout, log.stderr) == (b"printed\nwritten without newline", b"child\n")
    assert not manager.is_capture_complete(KEY)


def test_what_c_code_holds_back_is_captured(manager):
    """The C library's own buffer is written out before the capture begins and before it ends."""
    libc = ctypes.CDLL(None)
    libc.puts(b"before")
    with manager.capture_logs(KEY):
        libc.puts(b"from C")
    libc.puts(b"after")
    assert manager.get_log_data(KEY).stdout == b"from C\n"


def test_a_replaced_stream_is_captured_and_mirrored(tmp_path):
    """Where `sys.stdout` was replaced, as notebooks do, printing is captured and shown there, every character whole."""
    manager = LocalComputeLogManager(str(tmp_path))
    notebook = io.StringIO()
    with redirect_stdout(notebook), manager.capture_logs(KEY):
        print("añ日🚀" * 1000, end="")
        os.write(1, b"\xf0\x9f")
    assert manager.get_log_data(KEY).stdout == "añ日🚀".encode() * 1000 + b"\xf0\x9f"
    assert notebook.getvalue() == "añ日🚀" * 1000 + "\N{REPLACEMENT CHARACTER}"


def test_a_step_that_redirects_for_itself_gets_its_output(manager):
    """Python code that replaces `sys.stdout` during the capture keeps what it prints."""
    mine = io.StringIO()
    with manager.capture_logs(KEY):
        with redirect_stdout(mine):
            print("mine")
        print("the log's")
    assert (mine.getvalue(), manager.get_log_data(KEY).stdout) == ("mine\n", b"the log's\n")


def test_a_log_handler_made_by_a_step_outlives_the_capture(manager):
    """A handler that took hold of the captured stream goes on working, and writes to the original."""
    with manager.capture_logs(KEY):
        handler = logging.StreamHandler(sys.stdout)
        handler.emit(logging.makeLogRecord({"msg": "inside"}))
    handler.emit(logging.makeLogRecord({"msg": "outside"}))
    assert manager.get_log_data(KEY).stdout == b"inside\n"


def test_what_cannot_be_encoded_is_escaped(manager):
    """Printing a lone surrogate does not fail a step."""
    with manager.capture_logs(KEY):
        print("\ud800")
    assert manager.get_log_data(KEY).stdout == b"\\ud800\n"


def test_an_inner_capture_gets_the_output_and_mirrors_it_into_the_outer(tmp_path):
    """Captures of one thread nest, and each stream leads back to where it led before."""
    manager = LocalComputeLogManager(str(tmp_path))
    with manager.capture_logs(("outer",)):
        print("1")
        with manager.capture_logs(("inner",)):
            print("2")
        print("3")
    assert manager.get_log_data(("outer",)).stdout == b"1\n2\n3\n"
    assert manager.get_log_data(("inner",)).stdout == b"2\n"


def test_two_threads_cannot_capture_at_once(manager):
    """A second thread is refused with a clear error and leaves no mark; once the first has ended, it may."""
    errors = []

    def capture():
        try:
            with manager.capture_logs(("second",)):
                print("second")
        except InvariantViolationError as error:
            errors.append(error)

    with manager.capture_logs(KEY):
        in_thread(capture)
        print("first")
    assert len(errors) == 1
    assert "processes of their own" in str(errors[0])
    assert manager.get_log_data(KEY).stdout == b"first\n"
    assert not manager.is_capture_complete(("second",))
    in_thread(capture)
    assert manager.get_log_data(("second",)).stdout == b"second\n"


def in_thread(work):
    """Do it in another thread, to the end."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_captures_share_one_thread_and_leave_no_descriptor_behind(tmp_path):
    """After many captures the process has the same open files as before, and one thread that mirrors."""
    manager = LocalComputeLogManager(str(tmp_path))
    before = open_descriptors()
    for _ in range(50):
        with manager.capture_logs(KEY):
            print("x")
    assert open_descriptors() == before
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("runrack-log-mirror") <= 1


def test_a_forked_child_shows_nothing_twice(tmp_path, manager):
    """The process that captures shows what its child wrote; the child, which comes out of the capture as well, does not."""
    code = """
with manager.capture_logs(key):
    print("before")
    child = os.fork()
    print("child" if child == 0 else "parent")
    if child:
        os.waitpid(child, 0)
if child == 0:
    os._exit(0)
"""
    out, _ = run(tmp_path, code)
    assert sorted(out.split()) == [b"before", b"child", b"parent"]


def open_descriptors():
    """Which descriptors are open."""
    return [descriptor for descriptor in range(256) if is_open_descriptor(descriptor)]


def is_open_descriptor(descriptor):
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True

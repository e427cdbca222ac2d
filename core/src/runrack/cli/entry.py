"""The console script `runrack`: answers `--version` by itself and hands everything else to the command line."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command that the arguments of this process name, and exit with its code."""
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _run() -> None:
    if sys.argv[1:] == ["--version"]:
        from runrack.cli.version import version_line

        print(version_line())
        return
    from runrack.cli.command_line import build_command_line

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that knows only ASCII gets an escape instead of a traceback.
            stream.reconfigure(errors="backslashreplace")
    build_command_line().main(prog_name="runrack")

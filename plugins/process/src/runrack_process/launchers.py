"""SubprocessStepLauncher: executes steps with another interpreter, as in a virtual environment of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress

from typing_extensions import override

from runrack.config.vocabulary import Field, Float, Map, String, StringSource
from runrack.definitions.resource import InitResourceContext, resource
from runrack.engine import STEP_ENDS, StepChannel, relay_channel, send_message, step_run_ref
from runrack.errors import StepProcessError
from runrack.interfaces.step_launcher import StepExecutionContext, StepLauncher
from runrack.records.event import Event

_CODE = "from runrack_process.step_process import main_for_launcher; main_for_launcher()"


class SubprocessStepLauncher(StepLauncher):
    """Executes each step in a new interpreter, whichever it is told: events, messages and output arrive as from anywhere.

    - The interpreter has to have runrack-core, runrack-process and the plugins for compute logs and values installed, of
      versions that fit these, and what the job's code imports. It needs neither the plugins of storage and executor nor the database.
    - The step leads a process group of its own, which ends with it, and with this process.

    Args:
        python: The interpreter, as `/opt/venvs/model/bin/python`.
        env: Variables of its environment, besides those of this process.
        grace_seconds: How long the step has to end in order when the run is interrupted.
    """

    def __init__(
        self, python: str | None = None, env: Mapping[str, str] | None = None, grace_seconds: float = 5.0
    ) -> None:
        self._python = python or sys.executable
        self._env = dict(env or {})
        self._grace_seconds = grace_seconds

    @override
    def launch_step(self, step_context: StepExecutionContext) -> Iterator[Event]:
        ref = step_run_ref(step_context)
        with ExitStack() as stack:
            ours, theirs = socket.socketpair()
            stack.callback(ours.close)
            lifeline, our_end = os.pipe()
            stack.callback(os.close, our_end)
            process = self._start(theirs, lifeline)
            stack.callback(self._end, process)
            with suppress(OSError):  # that nobody is there is told by its exit code
                send_message(ours, ref.to_json())
            has_ended = False
            for event in relay_channel(step_context, StepChannel(ours)):
                has_ended |= event.event_type in STEP_ENDS
                yield event
            with suppress(subprocess.TimeoutExpired):  # it has said its last word, and is about to go
                process.wait(self._grace_seconds)
            if not has_ended:
                raise StepProcessError(self._what_happened(process))

    def _start(self, theirs: socket.socket, lifeline: int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - the interpreter that the operator has chosen
                [self._python, "-c", _CODE, str(theirs.fileno()), str(lifeline)],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), lifeline),
                env={**os.environ, **self._env},
                start_new_session=True,
            )
        except OSError as error:
            raise StepProcessError(
                f"{self._python} could not be started ({error.strerror}): name the interpreter that is to execute the step"
            ) from error
        finally:
            theirs.close()
            os.close(lifeline)

    def _what_happened(self, process: subprocess.Popen[bytes]) -> str:
        code = process.wait()
        how = f"exited with code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
        return (
            f"Its process {process.pid} {how} before the step had ended. Its standard error says why, where it could not"
            f" begin: {self._python} needs runrack-core and runrack-process"
        )

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End the process and what it has started; in order where it can be."""
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(self._grace_seconds)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@resource(
    config_schema={
        "python": Field(
            StringSource,
            is_required=False,
            description="The interpreter; this one by default.",
            is_secret=False,
        ),
        "env": Field(
            Map(String), default_value={}, description="Variables of its environment, besides these."
        ),
        "grace_seconds": Field(
            Float(minimum=0),
            default_value=5.0,
            description="How long a canceled step has to end before it is killed.",
        ),
    }
)
def subprocess_step_launcher(init_context: InitResourceContext) -> SubprocessStepLauncher:
    """Executes the steps of ops that require it with another interpreter, such as one of a virtual environment."""
    config = init_context.resource_config
    return SubprocessStepLauncher(config.get("python"), config["env"], config["grace_seconds"])

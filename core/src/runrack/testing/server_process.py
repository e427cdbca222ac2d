"""OwnServer: a server that is started for tests, on a port of its own, with its data in a new folder."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from runrack.errors import NotFoundError, StorageUnavailableError

Command = Sequence[str | Path]

_START_SECONDS = 30.0
_POLL_SECONDS = 0.05


class OwnServer(ABC):
    """A server of our own; started and stopped at will, always on the same port of this machine.

    Attributes:
        title: What people call the server.
        end_signal: What ends the server when this process ends, where the system can see to it.
    """

    title: ClassVar[str]
    end_signal: ClassVar[signal.Signals]

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"runrack-{self.title.lower()}-"))
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def server_command(self) -> Command:
        """Return the command that is the server."""

    @abstractmethod
    def probe_command(self) -> Command:
        """Return a command that succeeds when the server answers."""

    @property
    def user(self) -> str | None:
        """As whom the server runs; None for the user of this process."""
        return None

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            StorageUnavailableError: It does not.
        """
        command = ending_with_this_process(self.server_command(), self.end_signal, self.user)
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, cwd="/")  # noqa: S603 - as in run
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StorageUnavailableError(
                    f"{self.title} does not start: {log.read_text(errors='replace')}"
                )
            time.sleep(_POLL_SECONDS)

    def end(self, how: signal.Signals) -> None:
        """End the server by a signal, and wait until it is gone; nothing when it does not run."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End the server, whatever it is doing, and delete its data."""
        self.end(self.end_signal)
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        try:
            run(*self.probe_command())
        except subprocess.CalledProcessError:
            return False
        return True

    @override
    def __repr__(self) -> str:
        return f"<{type(self).__name__} on port {self.port}>"


def run(*command: str | Path) -> None:
    """Run a command to its end.

    Raises:
        CalledProcessError: It fails.
    """
    # The commands are made in `runrack.testing`; the user who runs the tests chooses the address in them.
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, cwd="/")  # noqa: S603


def ending_with_this_process(
    command: Command, how: signal.Signals, user: str | None = None
) -> list[str | Path]:
    """Return a command that ends with this process, and is run by a user, where the system can see to it.

    Args:
        command: The command.
        how: The signal that ends it.
        user: As whom it runs; None for the user of this process.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(command)
    as_user = (
        [] if user is None else [f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--init-groups"]
    )
    return [setpriv, f"--pdeathsig={how.name.removeprefix('SIG')}", *as_user, "--", *command]


def find_program(name: str, package: str) -> Path:
    """Return the path of a program; those of servers are not on every user's PATH.

    Args:
        name: The program.
        package: The package of Debian that has it.

    Raises:
        NotFoundError: It is not installed.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NotFoundError(
            f"`{name}` is not installed: install Debian's `{package}`, or put its folder on PATH"
        )
    return Path(found)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def is_root() -> bool:
    """Whether this process runs as root, whom some servers refuse."""
    return os.geteuid() == 0

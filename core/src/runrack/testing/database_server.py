"""DatabaseServer: a running database server, in which tests take databases of their own."""

import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, TypeVar
from urllib.parse import urlsplit

from runrack.testing.server_process import OwnServer


class DatabaseServer(ABC):
    """A running server.

    Args:
        url: How to reach it, as a user who may create databases.

    Attributes:
        create_options: What ends each CREATE DATABASE.
        drop_options: What ends each DROP DATABASE.
    """

    create_options: ClassVar[str] = ""
    drop_options: ClassVar[str] = ""

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    def run(self, statement: str) -> None:
        """Run one statement."""

    @contextmanager
    def database(self, options: str = "") -> Iterator[str]:
        """Give the URL of a new database, dropped at the end.

        Args:
            options: Further options of CREATE DATABASE.
        """
        name = f"runrack_{uuid.uuid4().hex}"
        self.run(f"CREATE DATABASE {name} {self.create_options} {options}")
        try:
            yield urlsplit(self.url)._replace(path=f"/{name}").geturl()
        finally:
            self.run(f"DROP DATABASE {name} {self.drop_options}")


class OwnDatabaseServer(DatabaseServer, OwnServer):
    """A server of our own, with its data in a new folder; started, stopped and crashed at will."""

    @abstractmethod
    def crash(self) -> None:
        """End the server so that all connections are cut, and nothing is tidied up."""


OwnServerT = TypeVar("OwnServerT", bound=OwnDatabaseServer)


@contextmanager
def running(make_server: Callable[[], OwnServerT]) -> Iterator[OwnServerT]:
    """Give a server of our own that runs, removed at the end."""
    server = make_server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@contextmanager
def server_for_tests(
    url_variable: str,
    reach: Callable[[str], DatabaseServer],
    own: Callable[[], AbstractContextManager[DatabaseServer]],
) -> Iterator[DatabaseServer]:
    """Give the server that the environment names, or one of our own.

    Args:
        url_variable: The variable that may hold its URL.
        reach: Returns the server at a URL.
        own: Gives one of our own.
    """
    if url := os.environ.get(url_variable):
        yield reach(url)
        return
    with own() as server:
        yield server

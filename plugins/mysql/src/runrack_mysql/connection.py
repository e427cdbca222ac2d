"""MySQLConnection: a connection that notices a dead server, and sends nothing that the server would not take."""

import socket
from collections.abc import Mapping
from inspect import signature
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import Cursor
from typing_extensions import override

from runrack.errors import ConfigError, InvalidArgumentError

_SOCKET_OPTIONS = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}
"""A connection whose other end is gone without a word is noticed within a minute instead of two hours.

Seconds, seconds, a number, milliseconds; what a system does not know stays as it is.
"""

_BYTES_PER_CHARACTER = 4


class BoundedCursor(Cursor):
    """A cursor that refuses a statement which is too large for the server, before a byte of it is sent.

    The server would close the connection in the middle of it, which looks like a failure of the network.
    """

    def __init__(self, connection: "MySQLConnection") -> None:
        super().__init__(connection)
        self._most = connection.max_statement_bytes
        self.max_stmt_length = min(Cursor.max_stmt_length, self._most)  # type: ignore[misc] # for this server

    @override
    def mogrify(self, query: Any, args: Any = None) -> Any:
        text = super().mogrify(query, args)
        if len(text) * _BYTES_PER_CHARACTER > self._most:
            self._check_size(text)
        return text

    def _check_size(self, text: Any) -> None:
        size = len(text) if isinstance(text, bytes | bytearray) else len(text.encode(errors="surrogatepass"))
        if size > self._most:
            raise InvalidArgumentError(
                f"one row of this call needs {size} bytes, and the server takes {self._most} in a row:"
                " store less, or set the server's max_allowed_packet to more than twice of that"
            )


class MySQLConnection(Connection):
    """A connection to a MySQL or MariaDB server.

    Attributes:
        max_statement_bytes: How large a statement may be. Half of what the server takes at once: the row of an asset
            holds up to two bodies that were written one by one, and has to be sent back in one piece.
    """

    _sock: socket.socket
    max_statement_bytes = Cursor.max_stmt_length

    @override
    def connect(self, sock: socket.socket | None = None) -> None:
        super().connect(sock)
        if self.unix_socket is None:
            self._notice_silence()
        with self.cursor() as cursor:
            cursor.execute("SELECT @@max_allowed_packet")
            ((most,),) = cursor.fetchall()
        self.max_statement_bytes = most // 2

    def _notice_silence(self) -> None:
        for name, value in _SOCKET_OPTIONS.items():
            if option := getattr(socket, name, None):
                self._sock.setsockopt(socket.IPPROTO_TCP, option, value)


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse options of a connection that the driver does not know.

    Raises:
        ConfigError: There is one; the message names it.
    """
    known = signature(Connection.__init__).parameters
    for name in options:
        if name not in known:
            raise ConfigError(
                f"the driver of MySQL knows no option {name!r}: see the parameters of PyMySQL's connections"
            )

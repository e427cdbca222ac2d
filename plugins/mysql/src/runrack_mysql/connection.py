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


class BoundedCursor(Cursor):
    """A cursor that inserts as many rows in one statement as the server takes at once."""

    def __init__(self, connection: "MySQLConnection") -> None:
        super().__init__(connection)
        most = min(Cursor.max_stmt_length, connection.max_statement_bytes)
        self.max_stmt_length = most  # type: ignore[misc] # for this server


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

    @override
    def query(self, sql: str | bytes | bytearray, unbuffered: bool = False) -> int:
        # The server would end the connection in the middle of a statement that is too large for it, which looks
        # like a failure of the network.
        sent = sql.encode(self.encoding, "surrogateescape") if isinstance(sql, str) else sql
        if len(sent) > self.max_statement_bytes:
            raise InvalidArgumentError(
                f"one row of this call needs {len(sent)} bytes, and the server takes {self.max_statement_bytes}"
                " in a row: store less, or set the server's max_allowed_packet to more than twice of that"
            )
        return super().query(sent, unbuffered)

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

"""The flights of the shipped CSV file, in a database that lives in memory."""

import csv
import sqlite3
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from types import TracebackType

from delays import Flight

COLUMNS = ["date", "airport", "scheduled", "delay_minutes"]


class FlightLog:
    """Answers questions about the flights of one file, until it is closed.

    Raises:
        ValueError: The file has other columns, no flights, or a line that cannot be read.
    """

    def __init__(self, path: Path) -> None:
        # Steps may run in another thread than the one that opened the log; after loading they only read.
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        try:
            self._load(path)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "FlightLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back; a second call is harmless."""
        self._database.close()

    def _load(self, path: Path) -> None:
        self._database.execute(
            "CREATE TABLE flight (day TEXT, airport TEXT, hour INTEGER, delay_minutes INTEGER)"
        )
        with path.open(encoding="utf-8", newline="") as file:
            self._database.executemany(
                "INSERT INTO flight VALUES (?, ?, ?, ?)", _read_flights(path, csv.reader(file))
            )
        if not self.count():
            raise ValueError(f"{path}: there are no flights in this file")
        self._database.execute("CREATE INDEX flight_by_airport ON flight (airport)")

    def count(self) -> int:
        """Return the number of scheduled flights."""
        (count,) = self._database.execute("SELECT count(*) FROM flight").fetchone()
        return int(count)

    def period(self) -> tuple[str, str]:
        """Return the first and the last day, as ISO dates."""
        first, last = self._database.execute("SELECT min(day), max(day) FROM flight").fetchone()
        return first, last

    def airports(self) -> list[str]:
        """Return the codes of all airports, in alphabetical order."""
        return [
            code for (code,) in self._database.execute("SELECT DISTINCT airport FROM flight ORDER BY airport")
        ]

    def flights_from(self, airport: str) -> list[Flight]:
        """Return the flights scheduled from one airport, in the order of the file.

        Raises:
            ValueError: The log has no flight from there.
        """
        rows = self._database.execute("SELECT * FROM flight WHERE airport = ? ORDER BY rowid", [airport])
        flights = [Flight(*row) for row in rows]
        if not flights:
            raise ValueError(f"no flight from {airport} in the log: it holds {', '.join(self.airports())}")
        return flights


def _read_flights(path: Path, lines: Iterator[list[str]]) -> Iterator[Flight]:
    if next(lines, None) != COLUMNS:
        raise ValueError(f"{path}: the first line must be {','.join(COLUMNS)}")
    for number, line in enumerate(lines, start=2):
        try:
            day, airport, scheduled, delay = line
            yield Flight(
                day=date.fromisoformat(day).isoformat(),
                airport=airport,
                hour=time.fromisoformat(scheduled).hour,
                delay_minutes=int(delay) if delay else None,
            )
        except ValueError as error:
            raise ValueError(
                f"{path}:{number}: expected {','.join(COLUMNS)}, such as 2013-06-01,EWR,05:15,-2"
            ) from error

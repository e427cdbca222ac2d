"""`runrack schedule reset`."""

from runrack.cli.instigator.commands import status_command
from runrack.records.tick import InstigatorType

command = status_command(InstigatorType.SCHEDULE, "reset", "Let a schedule run or not, as its code declares.")

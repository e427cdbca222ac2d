"""`runrack schedule start`."""

from runrack.cli.instigator.commands import status_command
from runrack.records.tick import InstigatorType

command = status_command(InstigatorType.SCHEDULE, "start", "Make a schedule run from now on.")

"""`runrack schedule stop`."""

from runrack.cli.instigator.commands import status_command
from runrack.records.tick import InstigatorType

command = status_command(InstigatorType.SCHEDULE, "stop", "Make a schedule not run.")

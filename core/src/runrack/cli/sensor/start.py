"""`runrack sensor start`."""

from runrack.cli.instigator.commands import status_command
from runrack.records.tick import InstigatorType

command = status_command(InstigatorType.SENSOR, "start", "Make a sensor run.")

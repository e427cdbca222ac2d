"""`runrack sensor stop`."""

from runrack.cli.instigator.commands import status_command
from runrack.records.tick import InstigatorType

command = status_command(InstigatorType.SENSOR, "stop", "Make a sensor not run.")

"""`runrack sensor reset`."""

from runrack.cli.instigator.commands import status_command
from runrack.records.tick import InstigatorType

command = status_command(InstigatorType.SENSOR, "reset", "Let a sensor run or not, as its code declares.")

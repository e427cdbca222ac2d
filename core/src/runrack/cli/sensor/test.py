"""`runrack sensor test`."""

from runrack.cli.instigator.commands import test_command
from runrack.records.tick import InstigatorType

command = test_command(InstigatorType.SENSOR, "Ask a sensor which runs it would make, and make none.")

"""`runrack sensor ticks`."""

from runrack.cli.instigator.commands import ticks_command
from runrack.records.tick import InstigatorType

command = ticks_command(InstigatorType.SENSOR, "Show when a sensor was asked, and what came of it.")

"""`runrack schedule ticks`."""

from runrack.cli.instigator.commands import ticks_command
from runrack.records.tick import InstigatorType

command = ticks_command(InstigatorType.SCHEDULE, "Show when a schedule was asked, and what came of it.")

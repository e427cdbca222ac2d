"""`runrack schedule test`."""

from runrack.cli.instigator.commands import test_command
from runrack.records.tick import InstigatorType

command = test_command(InstigatorType.SCHEDULE, "Ask a schedule which runs it would make, and make none.")

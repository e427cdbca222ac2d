"""`python -m runrack` is the command line."""

from runrack.cli.entry import main

main()

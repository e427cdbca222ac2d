"""The command line `runrack`: one file a command."""

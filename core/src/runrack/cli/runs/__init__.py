"""`runrack run`, `runrack runs`, and what shows a run: its queue, log, output and progress."""

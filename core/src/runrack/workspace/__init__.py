"""Floor 5: code locations, the processes that have loaded them, and the workers of runs that are copies of those."""

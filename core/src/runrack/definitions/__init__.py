"""Floor 3: what an author writes: ops, jobs, resources, executors."""

"""One module for each migration, named after its version."""

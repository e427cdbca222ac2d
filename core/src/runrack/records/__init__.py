"""Floor 1: frozen data, and its stored form."""

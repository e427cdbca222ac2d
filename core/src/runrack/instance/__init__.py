"""Floor 6: the instance, which holds the parts, and its reference, which opens it in another process."""

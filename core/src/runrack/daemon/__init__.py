"""The background work of an instance: loops, each in a thread of its own, and the signs of life that they give."""

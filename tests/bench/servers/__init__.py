"""The bounds: the least that a Python server can do."""

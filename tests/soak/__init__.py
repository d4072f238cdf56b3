"""What takes minutes, and what needs a machine of its own: run by `make soak`."""

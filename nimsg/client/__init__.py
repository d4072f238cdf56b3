"""The sans-I/O client session and its shells."""

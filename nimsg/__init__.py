"""A non-instant messaging system whose senders know what was read."""

__version__ = "0.1.0"

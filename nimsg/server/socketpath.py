"""The admin socket: only its owner may connect, however deep the folder lies."""

import socket
from pathlib import Path

from nimsg.socketpath import short_socket_path


def bound_socket(path: Path) -> socket.socket:
    """A listening place at `path`, replacing what a dead server left there.

    Raises `ConfigError` where the path is too long and cannot be shortened.
    """
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with short_socket_path(path) as short:
        bound.bind(short)
    path.chmod(0o600)
    return bound

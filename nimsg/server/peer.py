"""The other end of a connection, as the system knows it."""

import asyncio
import socket


# The address of var/admin.sock.
LOCAL = "local"
# A peer that vanished is found within a minute (tcp(7)).
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


def address_of(writer: asyncio.StreamWriter) -> str:
    """Where the peer is, without its port; `local` for var/admin.sock."""
    peer = writer.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else LOCAL


def keep_alive(sock: socket.socket) -> None:
    """Have the system ask whether the silent peers of a listening socket still live.

    What it takes inherits that (tcp(7)).
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

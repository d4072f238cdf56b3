"""One line in the log for each act of an admin: who, from where, upon whom, outcome."""

import asyncio
import socket
import sys
from typing import Final

from nimsg.logs import audit
from nimsg.protocol.codec import Request
from nimsg.protocol.methods import Needs
from nimsg.server.attempts import NOT_PERMITTED, Attempts


ADMINS: Final = (Needs.ADMIN, Needs.LOCAL)
DONE: Final = "done"
# There was nothing to do.
NOT_LOCKED: Final = "not_locked"
# What a line tells of the parameters beside the method. None of it is secret.
TOLD: Final[dict[str, tuple[str, ...]]] = {
    "room.topic": ("room",),
    "server.shutdown": ("delay_s",),
    "server.cancel": (),
    "users.add": ("user", "role"),
    "users.import": ("user",),
    "users.mail": ("user", "box"),
    "users.passwd": ("user",),
    "users.role": ("user", "role"),
    "users.unlock": ("user",),
    "users.kick": ("user",),
    "users.remove": ("user",),
    "users.invite": ("label",),
    "users.uninvite": ("id",),
}
# Many calls make one act: it is told once for each connection and account.
IN_MANY_CALLS: Final = ("users.import", "users.mail")
# Looks at nothing of anybody's, or at what every owner of the folder sees.
UNTOLD: Final = {"users.list", "users.sessions", "users.invitations", "server.stats"}
# Of the three numbers of `struct ucred`, the second is the user.
CREDENTIALS: Final = 12
NOTHING: Final[frozenset[tuple[object, ...]]] = frozenset()
UID: Final = slice(4, 8)


class Auditor:
    """The lines of one connection."""

    __slots__ = ("_address", "_attempts", "_owner", "_told")

    def __init__(
        self, writer: asyncio.StreamWriter, address: str, attempts: Attempts
    ) -> None:
        self._address = address
        self._attempts = attempts
        self._owner = _owner(writer)
        self._told = NOTHING

    def note(self, request: Request, user: str, role: str, outcome: str) -> None:
        """Tell of a call where it is an admin's act; `outcome` says how it went."""
        method = request.method.name
        # Who is nobody yet has tried nothing that a name could be told of.
        if not _is_told(request, role) or outcome == "login_required":
            return
        params = {key: getattr(request.params, key) for key in TOLD[method]}
        if outcome == NOT_PERMITTED:
            if not self._attempts.is_new(self._address, (method, user)):
                return
        elif method in IN_MANY_CALLS:
            line = (method, *params.values(), outcome)
            if line in self._told:
                return
            self._told |= {line}
        audit(
            who=user or self._owner,
            **{"from": self._address},
            method=method,
            **params,
            outcome=outcome,
        )


def _is_told(request: Request, role: str) -> bool:
    method = request.method
    # Anybody may set the topic of a room of their own.
    return method.name in TOLD and (method.needs in ADMINS or role == "admin")


def _owner(writer: asyncio.StreamWriter) -> str:
    """The user of the machine who is at the other end of var/admin.sock."""
    sock = writer.get_extra_info("socket")
    if sock is None or sock.family != socket.AF_UNIX:
        return "-"
    if not hasattr(socket, "SO_PEERCRED"):
        return "owner"
    found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS)
    return f"uid:{int.from_bytes(found[UID], sys.byteorder)}"

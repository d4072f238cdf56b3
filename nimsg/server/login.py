"""What a session knows of who is at its other end."""

from typing import NamedTuple

from nimsg.core.accounts import Account, Token
from nimsg.protocol.constants import Device


class Login(NamedTuple):
    """Who a session is, from its login to its end.

    `resume` is the sha-256 of its resume token; `resumed` that of the session which
    it comes back to.
    """

    account: Account
    device: Device
    token: Token | None = None
    resume: str | None = None
    resumed: str | None = None

"""How a login is proven, by what the server asks and what is known."""

from nimsg.client.query import Request
from nimsg.protocol.constants import AuthMode
from nimsg.protocol.rules import is_token


def login_request(auth: str, device: str, user: str, secret: str | None) -> Request:
    """What logs in at a server whose hello says `auth`; a token names its account."""
    if auth == AuthMode.NICK:
        return Request("auth.nick", {"nick": user, "device": device})
    if auth == AuthMode.OPEN:
        return Request("auth.login", {"user": user, "device": device})
    if secret is not None and is_token(secret):
        return Request("auth.token", {"token": secret, "device": device})
    known = {"user": user, "password": secret}
    return Request("auth.login", {**known, "device": device})

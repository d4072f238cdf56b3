"""Where a server is, and how the way to it is secured."""

from typing import NamedTuple

from nimsg.errors import ConfigError, UsageError
from nimsg.protocol.constants import DEFAULT_PORT


PORTS = range(1, 65_536)
LOOPBACK = "127.0.0.1"


class Address(NamedTuple):
    """A host and a port; a host that begins with `/` is a socket's path."""

    host: str
    port: int

    def __str__(self) -> str:
        if self.host.startswith("/"):
            return self.host
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it can only be this machine; `127.a.example` may be any."""
        number = self.host.isascii() and self.host.replace(".", "").isdecimal()
        return (
            self.host in ("localhost", "::1")
            or self.host.startswith("/")
            or (number and self.host.startswith("127."))
        )


class Security(NamedTuple):
    """How a server is known: by a CA file, or by its certificate's sha-256 in hex."""

    tls: bool = False
    ca: str | None = None
    fingerprint: str | None = None

    def wanted(self, address: Address) -> bool:
        """Whether TLS is spoken: always off the loopback."""
        return bool(self.tls or self.ca or self.fingerprint or not address.is_loopback)


def parse_address(text: str) -> Address:
    """`HOST:PORT`, `[IPV6]:PORT`, `HOST` or `PORT`. Raises `UsageError`."""
    if text.isdecimal():
        return Address(LOOPBACK, parse_port(text))
    if "/" in text[1:] and text[0] != "/":
        raise UsageError(f"{text!r} is no address: write HOST:PORT and nothing more")
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not (host and bracket) or (port and not port.startswith(":")):
            raise UsageError(f"{text!r} is no address: write [IPV6]:PORT")
        return Address(host, parse_port(port[1:]) if port else DEFAULT_PORT)
    if text.count(":") > 1 or text.startswith("/"):
        return Address(text, DEFAULT_PORT)
    host, colon, port = text.partition(":")
    if not host:
        raise UsageError(f"{text!r} is no address: write HOST:PORT")
    return Address(host, parse_port(port) if colon else DEFAULT_PORT)


def parse_port(text: str) -> int:
    """A port that can be connected to. Raises `UsageError`."""
    if not text.isdecimal() or int(text) not in PORTS:
        raise UsageError(f"{text!r} is no port: a port is 1 to 65535")
    return int(text)


def check_fingerprint(text: str) -> str:
    """A fingerprint in plain lower-case hex. Raises `ConfigError`."""
    plain = text.replace(":", "").lower().removeprefix("sha256=")
    if len(plain) != 64 or not set(plain) <= set("0123456789abcdef"):  # noqa: PLR2004
        raise ConfigError(f"{text!r} is no fingerprint: it has 64 hex digits")
    return plain

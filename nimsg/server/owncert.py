"""A certificate that the server makes and signs itself, kept below its store."""

import datetime
import socket
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from nimsg.errors import ConfigError
from nimsg.store.atomic import move_durably, put_file
from nimsg.store.disk import RealDisk


VALID = datetime.timedelta(days=3650)
# Clocks differ; a certificate of the future is refused.
EARLIER = datetime.timedelta(days=1)
ALWAYS = ("localhost", "127.0.0.1", "::1")


class Pair:
    """Where the certificate and its key lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cert = folder / "cert.pem"
        self.key = folder / "key.pem"
        self._coming = folder / "cert.new"

    def ensure(self, host: str, now: int) -> bool:
        """Make both where both are missing, for a host to listen on; whether it did.

        `now` is ms UTC. Raises `ConfigError` where they cannot be made or kept, and
        where one is missing: another would change the fingerprint that people have.
        """
        try:
            return self._ensure(host, now)
        except OSError as error:
            raise ConfigError(
                f"no certificate can be kept in {self.folder}: {error.strerror}"
            ) from None

    def _ensure(self, host: str, now: int) -> bool:
        disk = RealDisk()
        there = self.cert.exists(), self.key.exists()
        if all(there):
            return False
        if any(there):
            # A start that broke off between the two left the certificate that fits.
            if self.cert.exists() or not self._coming.exists():
                raise ConfigError(self._half())
        else:
            at = datetime.datetime.fromtimestamp(now / 1000, datetime.UTC)
            cert, key = _make(names_for(host), at)
            disk.mkdir(self.folder)
            put_file(disk, self._coming, cert, durable=True)
            put_file(disk, self.key, key, durable=True)
        move_durably(disk, self._coming, self.cert)
        return True

    def _half(self) -> str:
        pair = (self.cert, self.key)
        missing, other = pair if self.key.exists() else pair[::-1]
        return (
            f"{missing} is missing: put it back; or remove {other}, and another "
            "certificate is made, whose fingerprint people need"
        )


def names_for(host: str) -> list[str]:
    """Names and addresses by which a server that listens on `host` is reached."""
    own = socket.gethostname()
    found = [own, *ALWAYS]
    if _is_everywhere(host):
        with suppress(OSError, UnicodeError):
            rows = socket.getaddrinfo(own, None, type=socket.SOCK_STREAM)
            found += [str(row[4][0]).partition("%")[0] for row in rows]
    else:
        found.append(host)
    return list(dict.fromkeys(found))


def _is_everywhere(host: str) -> bool:
    try:
        return not host or ip_address(host).is_unspecified
    except ValueError:
        return False


def _make(names: list[str], now: datetime.datetime) -> tuple[bytes, bytes]:
    """A certificate and its key, PEM."""
    try:
        from nimsg.server.selfsigned import self_signed
    except ImportError:
        raise ConfigError(
            "a certificate of the server's own needs the cryptography library: pip "
            "install cryptography, or give --tls-cert and --tls-key"
        ) from None
    return self_signed(names, now - EARLIER, now + VALID)

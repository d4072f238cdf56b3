"""A certificate that the server makes and signs itself, kept below its store."""

import datetime
import socket
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from nimsg.errors import ConfigError
from nimsg.store.atomic import put_file
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

    def ensure(self, host: str, now: int) -> bool:
        """Make both where one is missing, for a host to listen on; whether it did.

        `now` is ms UTC. Raises `ConfigError` where they cannot be made or kept.
        """
        if self.cert.exists() and self.key.exists():
            return False
        at = datetime.datetime.fromtimestamp(now / 1000, datetime.UTC)
        cert, key = _make(names_for(host), at)
        disk = RealDisk()
        try:
            disk.mkdir(self.folder)
            # The certificate comes last: with it there is always its key.
            put_file(disk, self.key, key, durable=True)
            put_file(disk, self.cert, cert, durable=True)
        except OSError as error:
            raise ConfigError(
                f"no certificate can be kept in {self.folder}: {error.strerror}"
            ) from None
        return True


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

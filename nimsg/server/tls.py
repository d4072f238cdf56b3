"""TLS from the first byte, 1.2 or newer, with a certificate that can be replaced."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from nimsg.config import ServerConfig
from nimsg.errors import ConfigError, tls_words
from nimsg.logs import LOGGER, audit
from nimsg.server.certificate import Certificate, read_certificate
from nimsg.server.owncert import Pair
from nimsg.store.layout import Layout


WARN_DAYS = 30
LOOK_EVERY_S = 86_400.0
OTHERS = 0o077
OTHER_KEY = "the key is not that of the certificate"
SMALL_KEY = "the key is too small to be safe; make one of 2048 bits or more (RSA)"
WEAK_HASH = "it is signed by a hash that is not safe; have it signed by SHA-256"
# OpenSSL's words for two files that cannot be used together, and ours.
NO_PAIR = {
    "PEM lib": "one of them is no PEM file, or the key has a passphrase",
    "key values mismatch": OTHER_KEY,
    "no certificate assigned": OTHER_KEY,  # keys of two kinds
    "ee key too small": SMALL_KEY,
    "ca key too small": SMALL_KEY,
    "ca md too weak": WEAK_HASH,
}


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """A context for the listener. Raises `ConfigError` naming the file."""
    for path in (cert, key):
        _require_readable(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        # A key that asks for its password would ask for ever.
        context.load_cert_chain(cert, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        words = tls_words(error)
        why = NO_PAIR.get(words, words)
        raise ConfigError(f"{cert} with {key} cannot be used for TLS: {why}") from None
    return context


def _require_readable(path: Path) -> None:
    """OpenSSL does not say which of two files it could not open."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise ConfigError(f"{path} cannot be used for TLS: {error.strerror}") from None


def fingerprint(cert: Path) -> str:
    """The sha-256 in hex of the file's first certificate, for clients to pin."""
    return read_certificate(cert).fingerprint


class Tls:
    """The certificate that new connections are shown. Owned by the loop.

    `own` says that the server has made it, `made` that it has done so just now.
    `clock` gives ms UTC. Raises `ConfigError` for files that cannot be used.
    """

    def __init__(
        self,
        cert: Path,
        key: Path,
        clock: Callable[[], int],
        *,
        own: bool = False,
        made: bool = False,
    ) -> None:
        self.own = own
        self.made = made
        self._cert = cert
        self._key = key
        self._clock = clock
        self.context, self.certificate = self._read()

    def reload(self) -> None:
        """Read both files again; what cannot be used leaves all as it was."""
        try:
            self.context, self.certificate = self._read()
        except ConfigError as error:
            LOGGER.error("SIGHUP: the certificate stays as it was: %s", error)
            return
        audit(
            who="signal",
            method="tls.reload",
            sha256=self.certificate.fingerprint,
            outcome="done",
        )
        self.warn()

    def warn(self) -> None:
        """Log where the certificate is not good for long, and others can read its key.

        Not good for long is not yet, and not any more, too.
        """
        with suppress(OSError):  # it was read before, and may be gone by now
            if self._key.stat().st_mode & OTHERS:
                LOGGER.warning(
                    "others can read the key %s: chmod 600 %s", self._key, self._key
                )
        now = self._clock()
        if now < self.certificate.since:
            begin = datetime.fromtimestamp(self.certificate.since // 1000, UTC)
            LOGGER.warning(
                "the certificate %s is not valid before %s UTC: clients that look at "
                "its date will not connect; look at this machine's clock",
                *(self._cert, f"{begin:%Y-%m-%d %H:%M:%S}"),
            )
        days = self.certificate.days_left(now)
        if days < WARN_DAYS:
            when = "has expired" if days < 0 else f"expires in {days} days"
            LOGGER.warning(
                "the certificate %s %s: %s", self._cert, when, self._remedy()
            )

    def _remedy(self) -> str:
        """How another certificate comes in its place."""
        if self.own:
            return (
                f"remove {self._cert.parent} and start the server again: it makes "
                "another one, whose fingerprint people need"
            )
        return "put another one there with its key, and send the server SIGHUP"

    async def watch(self, every_s: float = LOOK_EVERY_S) -> None:
        """Warn at once and every day; until cancelled."""
        while True:
            self.warn()
            await asyncio.sleep(every_s)

    def _read(self) -> tuple[ssl.SSLContext, Certificate]:
        return server_context(self._cert, self._key), read_certificate(self._cert)


def tls_of(config: ServerConfig, clock: Callable[[], int]) -> Tls | None:
    """The certificate of a config, made where there is none; None where none is needed.

    Raises `ConfigError`.
    """
    if not config.secured:
        return None
    if config.tls_cert and config.tls_key:
        return Tls(config.tls_cert, config.tls_key, clock)
    pair = Pair(Layout(config.var.absolute()).tls)
    made = pair.ensure(config.host, clock())
    return Tls(pair.cert, pair.key, clock, own=True, made=made)

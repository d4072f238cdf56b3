"""TLS from the first byte, 1.2 or newer, with a certificate that is given."""

import hashlib
import ssl
from pathlib import Path

from nimsg.errors import ConfigError


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """A context for the listener. Raises `ConfigError` naming the file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"{cert} with {key} cannot be used for TLS: {error.strerror or error}"
        ) from None
    return context


def fingerprint(cert: Path) -> str:
    """The sha-256 in hex of the file's first certificate, for clients to pin."""
    pem = cert.read_text(encoding="ascii", errors="replace")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    first = pem[pem.index(begin) : pem.index(end) + len(end)]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()

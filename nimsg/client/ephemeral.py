"""A certificate for one private link: made when it is needed, and never on a disk."""

import datetime
import hashlib
import os
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from nimsg.errors import ConfigError, tls_words


BEFORE = datetime.timedelta(hours=1)
AFTER = datetime.timedelta(days=1)
COMMON_NAME = "nimsg private link"


class Identity(NamedTuple):
    """A TLS context of a server, and the sha-256 in hex of its certificate."""

    context: ssl.SSLContext
    fingerprint: str


def new_identity(now: datetime.datetime) -> Identity:
    """A new key with a certificate it has signed itself; `now` has a time zone.

    It is good from an hour before to a day after. Raises `ConfigError` where the
    cryptography library is missing or the key cannot be handed to TLS.
    """
    pem, fingerprint = _make(now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        _load(context, pem)
    except OSError as error:
        raise ConfigError(
            f"the key of a private link cannot be loaded: {tls_words(error)}"
        ) from None
    return Identity(context, fingerprint)


def _make(now: datetime.datetime) -> tuple[bytes, str]:
    """Certificate and key as PEM, and the certificate's fingerprint."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        raise ConfigError(
            "private links need the cryptography library: pip install cryptography"
        ) from None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, COMMON_NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + AFTER)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    pem = certificate.public_bytes(serialization.Encoding.PEM) + private
    return pem, hashlib.sha256(der).hexdigest()


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    # The ssl module takes a key from a file and from nothing else, and a key that
    # was on a disk may be found there after it was removed. So the file is one
    # that lives in memory and has no name, where the system has such files; else
    # it is in a folder nobody else can enter, for as long as it takes to read it.
    with suppress(OSError, AttributeError):
        _load_from_memory(context, pem)
        return
    with tempfile.TemporaryDirectory(prefix="nimsg-") as folder:
        path = Path(folder) / "key.pem"
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(pem)
        context.load_cert_chain(path)


def _load_from_memory(context: ssl.SSLContext, pem: bytes) -> None:
    with os.fdopen(os.memfd_create("nimsg"), "wb", buffering=0) as file:
        file.write(pem)
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")

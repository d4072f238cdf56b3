"""Certificates for tests: self-signed, for the names that are given."""

import datetime
import hashlib
import ipaddress
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


DAY = datetime.timedelta(days=1)


class Certificate(NamedTuple):
    """A certificate and its key as PEM files, and its sha-256 in hex."""

    cert: Path
    key: Path
    fingerprint: str

    @property
    def options(self) -> tuple[str, ...]:
        """What a server needs to be told."""
        return ("--tls-cert", str(self.cert), "--tls-key", str(self.key))


def make_certificate(
    folder: Path,
    *hosts: str,
    since: datetime.datetime | None = None,
    until: datetime.datetime | None = None,
) -> Certificate:
    """A new certificate for these hosts, its own authority, in a folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since or now - DAY)
        .not_valid_after(until or now + 365 * DAY)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(host) for host in hosts]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificate(
        folder / "cert.pem",
        folder / "key.pem",
        hashlib.sha256(
            certificate.public_bytes(serialization.Encoding.DER)
        ).hexdigest(),
    )
    made.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    made.key.chmod(0o600)
    return made


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)

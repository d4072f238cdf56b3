"""TLS on the client's side: verified, or not spoken."""

import hashlib
import hmac
import socket
import ssl

from nimsg.client.address import Address, Security, check_fingerprint
from nimsg.errors import ConfigError, Unreachable


def secured(sock: socket.socket, address: Address, security: Security) -> ssl.SSLSocket:
    """The socket with TLS around it.

    The certificate must be signed by the given CA (or one the system trusts) and
    name the host; or, where a fingerprint is given, have exactly that. Raises
    `Unreachable` where it is not the server that was meant, `ConfigError` for a CA
    file that is none.
    """
    try:
        wrapped = _context(security).wrap_socket(sock, server_hostname=address.host)
    except ssl.SSLCertVerificationError as error:
        sock.close()
        raise Unreachable(
            f"the certificate of {address} is not trusted: {error.verify_message}; "
            "give --ca FILE, or --fingerprint as the server prints it"
        ) from None
    except OSError as error:
        sock.close()
        raise Unreachable(
            f"{address} does not speak TLS: {error.strerror or error}"
        ) from None
    if security.fingerprint:
        _check(wrapped, address, check_fingerprint(security.fingerprint))
    return wrapped


def _context(security: Security) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if security.fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif security.ca:
        try:
            context.load_verify_locations(security.ca)
        except OSError as error:
            raise ConfigError(
                f"{security.ca} cannot be used as a CA file: {error.strerror or error}"
            ) from None
    return context


def _check(wrapped: ssl.SSLSocket, address: Address, wanted: str) -> None:
    certificate = wrapped.getpeercert(binary_form=True) or b""
    found = hashlib.sha256(certificate).hexdigest()
    if not hmac.compare_digest(found, wanted):
        wrapped.close()
        raise Unreachable(
            f"{address} is not the server that was meant: its certificate has the "
            f"fingerprint {found}"
        )

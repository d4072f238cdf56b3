"""TLS on the client's side: verified, or not spoken."""

import hashlib
import hmac
import socket
import ssl

from nimsg.client.address import Address, Security, check_fingerprint
from nimsg.errors import ConfigError, Unreachable, Untrusted


def secured(sock: socket.socket, address: Address, security: Security) -> ssl.SSLSocket:
    """The socket with TLS around it.

    The certificate must be signed by the given CA (or one the system trusts) and
    name the host; or, where a fingerprint is given, have exactly that. Raises
    `Untrusted` where it is not the server that was meant, `ConfigError` for a CA
    file that is none.
    """
    try:
        wanted = check_fingerprint(security.fingerprint) if security.fingerprint else ""
        wrapped = _wrap(sock, address, _context(security))
    except BaseException:
        sock.close()
        raise
    if wanted:
        _check(wrapped, address, wanted)
    return wrapped


def _wrap(
    sock: socket.socket, address: Address, context: ssl.SSLContext
) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(sock, server_hostname=address.host)
    except ssl.SSLCertVerificationError as error:
        raise Untrusted(
            f"the certificate of {address} is not trusted: {error.verify_message}; "
            "give --ca FILE, or --fingerprint as the server prints it"
        ) from None
    except TimeoutError:
        raise Unreachable(f"{address} does not answer TLS in time") from None
    except (OSError, ValueError) as error:
        raise Untrusted(f"{address} does not speak TLS ({_why(error)})") from None


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _context(security: Security) -> ssl.SSLContext:
    try:
        # A CA that is given takes the place of those that the system trusts.
        context = ssl.create_default_context(cafile=security.ca)
    except OSError as error:
        raise ConfigError(
            f"{security.ca} cannot be used as a CA file: {_why(error)}"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if security.fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _check(wrapped: ssl.SSLSocket, address: Address, wanted: str) -> None:
    certificate = wrapped.getpeercert(binary_form=True) or b""
    found = hashlib.sha256(certificate).hexdigest()
    if not hmac.compare_digest(found, wanted):
        wrapped.close()
        raise Untrusted(
            f"{address} is not the server that was meant: its certificate has the "
            f"fingerprint {found}"
        )

"""TLS on the client's side: verified, or not spoken."""

import hashlib
import hmac
import socket
import ssl
from contextlib import suppress

from nimsg.client.address import Address, Security, check_fingerprint
from nimsg.errors import ConfigError, NimsgError, Unreachable, Untrusted, tls_words


# No byte has said that TLS is not spoken; the other side has hung up.
ENDINGS = (
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ConnectionResetError,
    BrokenPipeError,
)


# OpenSSL's words for a file that holds no CA, and ours.
NO_CA = {
    "no certificate or crl found": "it holds no certificate",
    "[X509] PEM lib": "it is no PEM file, or a damaged one",
    "PEM lib": "it is no PEM file, or a damaged one",
}
# Numbers of X509_verify_cert(3) for what no option of the client's mends.
NOT_YET, EXPIRED = 9, 10
TIMES = {
    NOT_YET: "is not good yet: look at the clocks of this machine and the server's",
    EXPIRED: "has expired: whoever runs the server has to renew it",
}
# Nobody whom the client trusts has signed it, by name or by key.
NO_SIGNER = (2, 7, 18, 19, 20, 21)
# The certificate is of another host name, or of another address.
OTHER_HOST = (62, 64)
BY_PRINT = "--fingerprint as the server prints it"


def secured(sock: socket.socket, address: Address, security: Security) -> ssl.SSLSocket:
    """The socket with TLS around it.

    The certificate must be signed by the given CA (or one the system trusts) and
    name the host; or, where a fingerprint is given, have exactly that. Raises
    `Untrusted` where it is not the server that was meant, `ConfigError` for a CA
    file that is none.
    """
    try:
        context = make_context(security)
        wrapped = context.wrap_socket(sock, server_hostname=address.host)
    except (OSError, ValueError) as error:
        sock.close()
        raise not_secured(address, error, security) from None
    except BaseException:
        sock.close()
        raise
    try:
        check_certificate(wrapped.getpeercert(binary_form=True), address, security)
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def make_context(security: Security) -> ssl.SSLContext:
    """What a server must show. Raises `ConfigError`."""
    if security.fingerprint:
        check_fingerprint(security.fingerprint)
    try:
        # A CA that is given takes the place of those that the system trusts.
        context = ssl.create_default_context(cafile=security.ca)
    except OSError as error:
        words = tls_words(error)
        why = NO_CA.get(words, words)
        raise ConfigError(f"{security.ca} cannot be used as a CA file: {why}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if security.fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def tell_distrust(context: ssl.SSLContext, sock: socket.socket) -> None:
    """Have a handshake of asyncio's tell the server why a certificate is not trusted.

    A blocking one does; asyncio throws the alert away with the connection.
    """
    wrap = context.wrap_bio

    def wrap_bio(
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - as ssl has it
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        found = wrap(incoming, outgoing, server_side, server_hostname, session)
        shake_hands = found.do_handshake

        def do_handshake() -> None:
            try:
                shake_hands()
            except ssl.SSLCertVerificationError:
                with suppress(OSError):
                    sock.send(outgoing.read())
                raise

        found.do_handshake = do_handshake  # type: ignore[method-assign]
        return found

    context.wrap_bio = wrap_bio  # type: ignore[method-assign]


def check_certificate(
    certificate: bytes | None, address: Address, security: Security
) -> None:
    """Raises `Untrusted` where another fingerprint was given than this one has."""
    if not security.fingerprint:
        return
    found = hashlib.sha256(certificate or b"").hexdigest()
    if not hmac.compare_digest(found, check_fingerprint(security.fingerprint)):
        raise Untrusted(
            f"{address} is not the server that was meant: its certificate has the "
            f"fingerprint {found}"
        )


def not_secured(
    address: Address, error: OSError | ValueError, security: Security
) -> NimsgError:
    """Why TLS is not spoken with it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in TIMES:
            return Untrusted(f"the certificate of {address} {TIMES[error.verify_code]}")
        why = error.verify_message.rstrip(".")
        remedy = _to_trust(error.verify_code, security.ca)
        return Untrusted(
            f"the certificate of {address} is not trusted: {why}; {remedy}"
        )
    # The second is asyncio's word for a deadline.
    if isinstance(error, TimeoutError | ConnectionAbortedError):
        return Unreachable(f"{address} does not answer TLS in time")
    if isinstance(error, ENDINGS):
        return Unreachable(
            f"{address} ended the connection in the middle of the handshake: "
            "it may be full: try again later"
        )
    return Untrusted(f"{address} does not speak TLS ({tls_words(error)})")


def _to_trust(code: int, ca: str | None) -> str:
    """What to do about a certificate that a CA, or its absence, does not vouch for."""
    if code in OTHER_HOST:
        return f"connect to a name that it is for, or give {BY_PRINT}"
    if code not in NO_SIGNER:
        return f"give {BY_PRINT}"
    if ca:
        return f"{ca} did not sign it: give the file that did, or {BY_PRINT}"
    return f"give --ca FILE, or {BY_PRINT}"

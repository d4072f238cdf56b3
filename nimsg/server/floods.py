"""Who is refused for a limit, or speaks no TLS: in the log, in one line a minute."""

from collections import Counter

from nimsg.logs import LOGGER
from nimsg.server.bounded import Bounded
from nimsg.server.timers import Timers


NO_TLS = "spoke no TLS"
NO_TRUST = "did not trust the certificate"
# The alerts of a client that refuses it (RFC 8446, section 6.2), and what it says.
DISTRUST = {
    "alert unknown ca": "nobody whom the client trusts has signed it",
    "alert certificate expired": "it has expired, by the client's clock",
    "alert certificate unknown": "the client does not accept it",
    "alert unsupported certificate": "the client does not take certificates like it",
    "alert bad certificate": "it is not for the name that the client asked for, or "
    "cannot be used",
}


class Floods:
    """Who floods. Owned by the loop."""

    def __init__(self, timers: Timers) -> None:
        self._refused = Bounded(timers, 1, _tell)
        self._strangers = Bounded(timers, len((NO_TLS, NO_TRUST)), _tell_strangers)

    def note(self, who: str, limit: str) -> None:
        """Something of an address, or of an `account NAME`, was refused.

        `limit` is a name in `hello`.
        """
        if self._refused.is_new(who, "", limit):
            LOGGER.info("%s: refused (%s)", who, limit)

    def spoke_no_tls(self, address: str, why: str) -> None:
        """Whoever came from an address made no handshake; `why` are OpenSSL's words."""
        reason = next((DISTRUST[one] for one in DISTRUST if one in why), None)
        what, words = (NO_TLS, why) if reason is None else (NO_TRUST, reason)
        if self._strangers.is_new(address, what, what):
            LOGGER.info("%s %s: %s", address, what, words)

    def close(self) -> None:
        """Tell what is still to be told, and arm no timer any more."""
        self._refused.close()
        self._strangers.close()


def _tell(who: str, more: Counter[str]) -> None:
    each = ", ".join(f"{limit} {count}" for limit, count in sorted(more.items()))
    LOGGER.info("%s: %d more refused (%s)", who, more.total(), each)


def _tell_strangers(address: str, more: Counter[str]) -> None:
    each = ", ".join(f"{count} more {what}" for what, count in sorted(more.items()))
    LOGGER.info("%s: %s", address, each)

"""Resume tokens: how a client that was cut off comes back without a password."""

import math
from collections import OrderedDict
from typing import NamedTuple

from nimsg.errors import Refusal
from nimsg.server.timers import Timers


LIFE_S = 24 * 3600.0
KEPT_MOST = 100_000


class Resumable(NamedTuple):
    """An account's session that may be resumed, and until when by the timers."""

    uid: int
    until_s: float


class Resumes:
    """The tokens by their sha-256, the oldest first. Owned by the loop.

    They are in memory alone: after the server's end a password is asked for again.
    """

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._kept: OrderedDict[str, Resumable] = OrderedDict()

    def keep(self, token_hash: str, uid: int) -> None:
        """A session begins: its token is good as long as it lasts."""
        self._kept[token_hash] = Resumable(uid, math.inf)
        if len(self._kept) > KEPT_MOST:
            self._kept.popitem(last=False)

    def outlive(self, token_hash: str) -> None:
        """A session is cut off: its token is good for a day from now."""
        kept = self._kept.get(token_hash)
        if kept is not None:
            until_s = self._timers.now_s() + LIFE_S
            self._kept[token_hash] = kept._replace(until_s=until_s)

    def holder(self, token_hash: str) -> int:
        """The account of a token. Raises `Refusal("bad_resume")`."""
        found = self._kept.get(token_hash)
        if found is None or found.until_s <= self._timers.now_s():
            self._kept.pop(token_hash, None)
            raise Refusal("bad_resume")
        return found.uid

    def drop(self, token_hash: str) -> None:
        """A session is over for good."""
        self._kept.pop(token_hash, None)

    def revoke(self, uid: int, *, keep: str | None = None) -> None:
        """End the tokens of an account, all but `keep`."""
        for token_hash, kept in tuple(self._kept.items()):
            if kept.uid == uid and token_hash != keep:
                del self._kept[token_hash]

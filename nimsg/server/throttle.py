"""How often and how many: rates by account and by address, refused in words."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from math import ceil
from typing import Final, NamedTuple

from nimsg.config import ServerConfig, is_loopback
from nimsg.core.rates import Buckets, Rate, neighbours
from nimsg.errors import Refusal
from nimsg.protocol.constants import ADDRESS_LIMITS, LIMITS
from nimsg.protocol.requests import Params, Send
from nimsg.server.floods import Floods
from nimsg.server.peer import LOCAL
from nimsg.server.timers import Timers


MS_PER_S = 1000
CLIENTS: Final = "clients_per_address"
MINUTE_S, HOUR_S = 60.0, 3600.0


class Caller(NamedTuple):
    """Who asks: an account's number (0 before the login), from where, and its name."""

    uid: int
    address: str
    name: str = ""


Keys = Callable[[Caller, Params], Iterable[Hashable]]


class Rule(NamedTuple):
    """What one limit counts: in which time, by which keys, and in which words."""

    window_s: float
    keys: Keys
    words: str


def _account(caller: Caller, _: Params) -> tuple[int]:
    return (caller.uid,)


def _address(caller: Caller, _: Params) -> tuple[str, ...]:
    return () if caller.address == LOCAL else (neighbours(caller.address),)


def _pairs(caller: Caller, params: Params) -> Iterable[tuple[int, str]]:
    names = params.to if isinstance(params, Send) else ()
    return [(caller.uid, name) for name in names]


RULES: Final[dict[str, Rule]] = {
    "connections_per_minute": Rule(
        MINUTE_S, _address, "too many connections from this address"
    ),
    "logins_per_minute": Rule(MINUTE_S, _address, "too many logins from this address"),
    "registrations_per_hour": Rule(
        HOUR_S, _address, "too many registrations from this address"
    ),
    "arrivals_per_hour": Rule(HOUR_S, _account, "this name has logged in too often"),
    "sends_per_minute": Rule(MINUTE_S, _account, "you send too many messages"),
    "sends_to_one_per_minute": Rule(
        MINUTE_S, _pairs, "you send too many messages to one recipient"
    ),
    "posts_per_minute": Rule(MINUTE_S, _account, "you say too much to rooms"),
    "topics_per_hour": Rule(HOUR_S, _account, "you set topics too often"),
}
# What each method counts for; the others count for nothing.
COUNTED: Final[dict[str, tuple[str, ...]]] = {
    "auth.login": ("logins_per_minute",),
    "auth.nick": ("logins_per_minute",),
    "auth.register": ("logins_per_minute", "registrations_per_hour"),
    "mail.send": ("sends_per_minute", "sends_to_one_per_minute"),
    "room.post": ("posts_per_minute",),
    "room.topic": ("topics_per_hour",),
    "broadcast.send": ("posts_per_minute",),
}
NO_PARAMS = Params()


def limits_of(config: ServerConfig) -> dict[str, int]:
    """All limits of a server as `hello` says them.

    On the loopback everybody has one address: there it is counted only where that
    was asked for.
    """
    usual = {name: row.value for name, row in LIMITS.items()}
    if is_loopback(config.host):
        usual |= dict.fromkeys(ADDRESS_LIMITS, 0)
    return {**usual, "clients": config.max_clients, **config.limits}


class _Check(NamedTuple):
    """A limit, and who has used how much of it."""

    name: str
    rule: Rule
    buckets: Buckets[Hashable]


class Throttle:
    """Owned by the loop. A rate is refused as `rate_limited`, and says until when.

    The log tells of the address or the account that something was refused to.
    """

    def __init__(
        self, limits: Mapping[str, int], timers: Timers, floods: Floods
    ) -> None:
        self._timers = timers
        self._floods = floods
        self._most_clients = limits[CLIENTS]
        self._clients: Counter[str] = Counter()
        self._checks = {
            name: _Check(name, rule, Buckets(Rate(limits[name], rule.window_s)))
            for name, rule in RULES.items()
            if limits[name]
        }
        self._counted = {
            method: self._named(*names) for method, names in COUNTED.items()
        }

    def count(self, method: str, caller: Caller, params: Params) -> None:
        """One of `COUNTED` is called. Raises `Refusal`; what is refused counts not."""
        checks = self._counted[method]
        if checks:
            self._take(checks, caller, params)

    def arrive(self, uid: int, name: str) -> None:
        """Somebody comes online. Raises `Refusal`."""
        self._take(self._named("arrivals_per_hour"), Caller(uid, "", name), NO_PARAMS)

    def register(self, address: str) -> None:
        """A login makes an account. Raises `Refusal`."""
        checks = self._named("registrations_per_hour")
        self._take(checks, Caller(0, address), NO_PARAMS)

    def enter(self, address: str) -> None:
        """A connection begins. Raises `Refusal`; else `leave` follows."""
        caller = Caller(0, address)
        for key in _address(caller, NO_PARAMS):
            if self._most_clients and self._clients[key] >= self._most_clients:
                self._floods.note(address, CLIENTS)
                raise Refusal(
                    "too_many_clients",
                    f"{self._most_clients} connections from this address are the most; "
                    "try again when one of them has ended",
                    {"limit": CLIENTS},
                )
            self._take(self._named("connections_per_minute"), caller, NO_PARAMS)
            self._clients[key] += 1

    def leave(self, address: str) -> None:
        """A connection is over."""
        key = neighbours(address)
        self._clients[key] -= 1
        if self._clients[key] <= 0:
            del self._clients[key]

    def _named(self, *names: str) -> list[_Check]:
        """Those of some limits that limit anything."""
        return [self._checks[name] for name in names if name in self._checks]

    def _take(self, checks: Iterable[_Check], caller: Caller, params: Params) -> None:
        now_s = self._timers.now_s()
        found: list[tuple[Buckets[Hashable], Hashable]] = []
        for name, rule, buckets in checks:
            for key in rule.keys(caller, params):
                wait_s = buckets.wait_s(key, now_s)
                if wait_s > 0:
                    by_address = name in ADDRESS_LIMITS
                    who = caller.address if by_address else f"account {caller.name}"
                    self._floods.note(who, name)
                    raise _too_often(name, rule.words, wait_s)
                found.append((buckets, key))
        for buckets, key in found:
            buckets.take(key, now_s)


def _too_often(name: str, words: str, wait_s: float) -> Refusal:
    data = {"limit": name, "retry_after_ms": ceil(wait_s * MS_PER_S)}
    return Refusal("rate_limited", f"{words}; try again in {ceil(wait_s)} s", data)

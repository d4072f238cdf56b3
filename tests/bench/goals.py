"""What nimsg shall reach: ratios within one run, and bounds of its own."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tests.bench.measures.receipts import SEND, WAKE
from tests.bench.peers.nimsg import LEAST, ONCE
from tests.bench.stats import Figure, Row, key, noisy, number


class Spot(NamedTuple):
    """One figure of one peer at one point of a measure."""

    measure: str
    point: str
    peer: str
    figure: str


class Goal(NamedTuple):
    """`top` over `under` shall be at least, or at most, `bound`; `unit` names it."""

    what: str
    least: bool
    bound: float
    unit: str
    top: Spot
    under: Spot | None = None


class Outcome(NamedTuple):
    """What came of a goal; no figure where somebody was not measured."""

    goal: Goal
    figure: Figure | None

    @property
    def met(self) -> bool:
        """Whether the median reaches it."""
        if self.figure is None:
            return False
        if self.goal.least:
            return self.figure.median >= self.goal.bound
        return self.figure.median <= self.goal.bound


def spot(peer: str, measure: str, figure: str) -> Callable[[str], Spot]:
    """A figure of a peer, wherever it is looked for."""
    return lambda point: Spot(measure, point, peer, figure)


LONG = "C=64, sustained"
NEWEST, ALL = "newest 50 of 10000", "all 10000"
FEW, MANY = "1000 messages", "1000000 messages"
FLOOD, PACED = "100 members, flood", "100 members, 20/s"
OFTEN = spot("nimsg", "deliver", "per_s")
DOVECOT = spot("dovecot", "deliver", "per_s")
POSTFIX = spot("postfix", "deliver", "per_s")
BOUND = spot("bound-log-file", "deliver", "per_s")
LATE, DOVECOT_LATE = (spot(one, "deliver", "p99_ms") for one in ("nimsg", "dovecot"))
LOOK, DOVECOT_LOOK = (spot(one, "inbox", "p50_ms") for one in ("nimsg", "dovecot"))
COMMAND = spot("nimsg", "headless", "p50_ms")
NEOMUTT = "neomutt -Z, a Maildir"
OTHERS = spot("dovecot", "headless", "p50_ms")
WOKEN = spot("nimsg", "receipts", "p99_ms")
IDLE, IDLE_TLS = (spot(one, "idle", "rss_kib") for one in ("nimsg", "nimsg-tls"))


def grown(figure: str) -> Callable[[str], Spot]:
    """A figure of the growth."""
    return spot("nimsg", "growth", figure)


def times(what: str, bound: float, whom: str, top: Spot, under: Spot) -> Goal:
    """So many times somebody's figure, or more."""
    return Goal(what, True, bound, f"x {whom}", top, under)


def below(what: str, bound: float, whom: str, top: Spot, under: Spot) -> Goal:
    """So many times somebody's figure, or less."""
    return Goal(what, False, bound, f"x {whom}", top, under)


def most(what: str, bound: float, unit: str, top: Spot) -> Goal:
    """So much, or less."""
    return Goal(what, False, bound, unit, top)


FASTER = "faster: Dovecot"
SUSTAINED = "sends, C=64, 60,000 in a row"
GOALS = (
    times(SUSTAINED, 8, "Dovecot", OFTEN(LONG), DOVECOT("C=64")),
    times(SUSTAINED, 5, "Postfix", OFTEN(LONG), POSTFIX("C=64")),
    times(SUSTAINED, 0.85, "`bound-log-file`", OFTEN(LONG), BOUND(LONG)),
    most("journal empty then", 2, "s", spot("nimsg", "deliver", "journal_s")(LONG)),
    most("full text has all then", 10, "s", spot("nimsg", "deliver", "text_s")(LONG)),
    times("sends, C=16", 6, "Dovecot", OFTEN("C=16"), DOVECOT("C=16")),
    times("sends, C=1", 2.5, "Dovecot", OFTEN("C=1"), DOVECOT("C=1")),
    below("p99 of a send, C=64", 0.1, "Dovecot's", LATE("C=64"), DOVECOT_LATE("C=64")),
    times("newest 50 of 10,000", 6, FASTER, DOVECOT_LOOK(NEWEST), LOOK(NEWEST)),
    below(
        *("newest 50, 1,000,000 stored", 1, "that of 10,000"),
        *(grown("list_ms")(MANY), LOOK(NEWEST)),
    ),
    times(
        *("all 10,000, the first time", 2, FASTER),
        *(DOVECOT_LOOK(f"{ALL}, the first time"), LOOK(f"{ALL}, the first time")),
    ),
    times("all 10,000, again", 3, FASTER, DOVECOT_LOOK(ALL), LOOK(ALL)),
    below("`client --once`", 1.5, f"`{LEAST}`", COMMAND(ONCE), COMMAND(LEAST)),
    below("`client --once`", 1, "imaplib", COMMAND(ONCE), OTHERS("python imaplib")),
    below("`client --once`", 1, "neomutt", COMMAND(ONCE), OTHERS(NEOMUTT)),
    most("one of 10,000 idle connections", 8, "KiB", IDLE("10000 connections")),
    most("the same, TLS", 40, "KiB", IDLE_TLS("10000 connections")),
    times(
        *("flood in a room of 100", 10, "Prosody"),
        *(spot(one, "room", "copies_per_s")(FLOOD) for one in ("nimsg", "prosody")),
    ),
    below(
        *("p99 of a copy, 20 messages/s", 2, "ngircd's"),
        *(spot(one, "room", "p99_ms")(PACED) for one in ("nimsg", "ngircd")),
    ),
    below("p99, opening wakes the sender", 2, "a send's", WOKEN(WAKE), WOKEN(SEND)),
    *(
        below(what, 1.15, "that at 1,000", grown(figure)(MANY), grown(figure)(FEW))
        for what, figure in {
            "CPU of a send at 1,000,000 messages": "send_cpu_us",
            "a list at 1,000,000 messages": "list_ms",
            "a poll at 1,000,000 messages": "poll_ms",
        }.items()
    ),
    most("start at 1,000,000 messages", 1000, "ms", grown("start_ms")(MANY)),
    most("memory at 1,000,000 messages", 100, "MiB", grown("rss_mib")(MANY)),
)


def outcomes(rows: Sequence[Row]) -> list[Outcome]:
    """What a run says about every goal; ratios are taken repeat by repeat."""
    found: dict[tuple[str, str, str], dict[float, Row]] = {}
    for row in rows:
        if not row.get("error"):
            found.setdefault(key(row), {})[number(row, "rep")] = row
    return [Outcome(goal, _figure(goal, found)) for goal in GOALS]


Found = Mapping[tuple[str, str, str], Mapping[float, Row]]


def _figure(goal: Goal, found: Found) -> Figure | None:
    tops = found.get(goal.top[:3], {})
    every: list[float] = []
    quiet: list[float] = []
    for repeat, top in tops.items():
        if goal.top.figure not in top:
            continue
        value, noise = number(top, goal.top.figure), noisy(top)
        if goal.under is not None:
            under = found.get(goal.under[:3], {}).get(repeat, {})
            divisor = number(under, goal.under.figure)
            if not divisor:
                continue
            value, noise = value / divisor, noise or noisy(under)
        every.append(value)
        if not noise:
            quiet.append(value)
    if not every:
        return None
    middle = statistics.median(quiet or every)
    return Figure(middle, min(every), max(every), len(every))

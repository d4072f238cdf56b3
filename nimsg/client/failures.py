"""Why a connection cannot be had or is over, in words; and when to try again."""

from collections.abc import Iterator

from nimsg.client.address import Address
from nimsg.errors import NimsgError, ProtocolFault, Refusal, Silent, Unreachable


FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
# What a server that is there again may say before it takes one back.
PASSING = frozenset({"busy", "shutting_down", "too_many_clients", "deadline_passed"})


def unreached(address: Address, error: OSError | UnicodeError) -> Unreachable:
    """Nobody takes the connection."""
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(
            f"no server listens at {address}; start one with `nimsg server`, or name "
            "another with --server HOST:PORT"
        )
    # A socket of this machine's says at once that more wait than it takes.
    if isinstance(error, TimeoutError | BlockingIOError):
        return Silent(f"cannot reach {address}: no answer in time")
    if isinstance(error, UnicodeError):
        return Unreachable(f"cannot reach {address}: this is no host's name")
    return Unreachable(f"cannot reach {address}: {error.strerror}")


def silent(address: Address, *, greeted: bool) -> Silent:
    """The connection is there, and nothing comes."""
    return Silent(
        f"{address} does not answer in time"
        if greeted
        else f"{address} takes connections and says nothing: if it wants TLS, give "
        "--tls; else it is no nimsg server"
    )


def lost(address: Address, why: str = "") -> Unreachable:
    """The connection has ended."""
    return Unreachable(
        f"the connection to {address} was lost" + (f": {why}" if why else "")
    )


def ended(address: Address, why: str, *, greeted: bool) -> Unreachable:
    """The other side has hung up, and may have said why."""
    if why or greeted:
        return lost(address, why)
    return lost(address, "it said nothing; if it wants TLS, give --tls")


def turned_away(address: Address, refusal: Refusal) -> Unreachable:
    """The server has said why before it hung up."""
    return Unreachable(f"{address} refused: {refusal}")


def broken(address: Address, fault: ProtocolFault) -> ProtocolFault:
    """A fault as the person sees it who named this server."""
    what = str(fault)
    if fault.kind == "foreign_protocol":
        what = f"no nimsg server; what it says looks like {fault.data['looks_like']}"
    return ProtocolFault(fault.kind, f"{address}: {what}", fault.data, fatal=True)


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What ended a session first; what failed with it would only say it again.

    A fault that is not nimsg's own to raise comes before all others.
    """
    flat: list[BaseException] = []
    waiting: list[BaseException] = [group]
    while waiting:
        error = waiting.pop()
        if isinstance(error, BaseExceptionGroup):
            waiting += error.exceptions
        else:
            flat.append(error)
    return min(flat, key=lambda error: isinstance(error, NimsgError))


def passes(error: Unreachable | Refusal) -> bool:
    """Whether the same may work in a moment."""
    return isinstance(error, Unreachable) or error.kind in PASSING


def passes_in_time(error: Unreachable | Refusal) -> bool:
    """Whether the same may work for who has minutes to wait."""
    return passes(error) or (
        isinstance(error, Refusal) and error.kind == "rate_limited"
    )


def pauses() -> Iterator[float]:
    """Seconds to wait between tries, ever longer.

    Jitter keeps clients that lost one server from returning in step.
    """
    import random

    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s * random.uniform(0.5, 1.0)  # noqa: S311
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

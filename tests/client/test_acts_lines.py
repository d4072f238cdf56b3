"""Events that a server sends, and the lines of a conversation."""

import pytest

from nimsg.client import events, lines
from nimsg.client.events import Broadcast, Invited, LinkEnded, Presence, ShuttingDown
from nimsg.protocol.envelope import ServerEvent
from nimsg.protocol.strict import JsonObject
from nimsg.text import width


ID = "0" * 26
EVENTS: dict[str, tuple[JsonObject, object]] = {
    "presence": (
        {"user": "ann", "online": False, "reason": "lost", "at": 1},
        Presence("ann", "lost", 1),
    ),
    "broadcast": ({"from": "ann", "body": "hi", "at": 1}, Broadcast("ann", "hi", 1)),
    "private.invited": (
        {"invitation": ID, "user": "ann", "expires_at": 9},
        Invited(ID, "ann", 9),
    ),
    "private.ended": (
        {"user": "ann", "reason": "stopped"},
        LinkEnded("ann", "stopped"),
    ),
    "shutdown": ({"left_s": None, "at": 1}, ShuttingDown(None, 1)),
}


@pytest.mark.parametrize("method", EVENTS)
def test_an_event_is_typed(method: str) -> None:
    params, expected = EVENTS[method]
    assert events.parse(ServerEvent(method, params)) == expected


@pytest.mark.parametrize("method", EVENTS)
def test_an_event_that_makes_no_sense_is_ignored(method: str) -> None:
    params, _ = EVENTS[method]
    for key, value in params.items():
        other: object = 5 if isinstance(value, str) else "5"
        for wrong in (other, 1.5, {}, []):
            broken = ServerEvent(method, {**params, key: wrong})
            assert events.parse(broken) is None, (key, wrong)


@pytest.mark.parametrize(
    "event",
    [
        ServerEvent("noise", {}),
        ServerEvent("hello", {}),
        ServerEvent("presence", {}),
        ServerEvent(
            "presence", {"user": "a", "online": True, "reason": "lost", "at": 1}
        ),
        ServerEvent("presence", {"user": "a", "online": False, "reason": "x", "at": 1}),
        ServerEvent("private.ended", {"user": "a", "reason": "eaten"}),
    ],
)
def test_an_unknown_event_is_ignored(event: ServerEvent) -> None:
    assert events.parse(event) is None


# -- lines

EVIL = (
    "hello\n-- 10:00 the server shuts down\r\n-- bob logged in\x1b[2K\x1b[1A\u2028-- x"
)


def test_s0_4_nothing_that_is_said_begins_like_a_line_of_nimsg() -> None:
    whole = lines.said("#lobby", "ann", EVIL, "16:33")
    first, *more = whole.split("\n")
    assert first == "16:33 #lobby <ann> hello"
    assert len(more) == 3
    assert all(line.startswith(lines.INDENT) for line in more)


def test_s0_4_a_line_of_nimsg_is_one_line_whatever_it_quotes() -> None:
    assert "\n" not in lines.system(f"new message i1 from ann: {EVIL}")
    assert lines.indented(EVIL).count(lines.INDENT) == 4


@pytest.mark.parametrize("cells", [20, 40, 80])
@pytest.mark.parametrize("word", ["x", "-- ", "漢", "\u202e-- ", "a" * 90])
def test_s0_4_a_broken_line_goes_on_indented(word: str, cells: int) -> None:
    whole = lines.folded(lines.said("#r", "ann", word * 90, "16:33"), cells)
    first, *more = whole.split("\n")
    assert first.startswith("16:33 #r <ann>")
    assert more
    assert all(line.startswith(lines.INDENT) for line in more)
    assert all(width(line) < max(cells, lines.LEAST_CELLS + 1) for line in more)


def test_without_a_screen_nothing_is_broken() -> None:
    assert lines.folded("x" * 500, None) == "x" * 500

"""The header and the status line: what is left out where there is no room for all."""

import pytest

from nimsg.tui.spans import Line
from nimsg.tui.status import Status


NOW = 1_000_000
WINDOWS = [("#lobby", 5, False), ("people", 0, False)]


def online() -> Status:
    return Status("ann", "127.0.0.1:6969", up=True, rtt_ms=1.0, new=3, pending=2)


def text(line: Line) -> str:
    return "".join(span[1] for span in line)


@pytest.mark.parametrize(
    ("cols", "left", "right"),
    [
        (
            120,
            " nimsg  ann@127.0.0.1:6969  online  rtt 1 ms  ",
            "  Inbox 3 new | Outbox 2 pending | #lobby 5 | people ",
        ),
        (
            90,
            " nimsg  ann@127.0.0.1:6969  online  ",
            "  Inbox 3 new | Outbox 2 pending | #lobby 5 | people ",
        ),
        (
            80,
            " ann@127.0.0.1:6969  online ",
            "  Inbox 3 new | Outbox 2 pending | #lobby 5 | people ",
        ),
        (70, " ann  online  ", "  Inbox 3 new | Outbox 2 pending | #lobby 5 | people "),
        (60, " ann  online  ", "  Inbox 3 new | Outbox 2 pending | #lobby 5 "),
        (40, " ann  online  ", " In 3 | Out 2 | #lobby 5 "),
        (30, " ann  online  ", "  In 3 | Out 2 "),
        (20, " ann  online  ", ""),
    ],
)
def test_the_windows_are_named_as_long_as_there_is_room(
    cols: int, left: str, right: str
) -> None:
    shown = text(online().header(cols, NOW, WINDOWS))
    assert len(shown) <= cols
    assert shown.startswith(left)
    assert shown.endswith(right)


def test_no_mail_is_counted_before_somebody_has_logged_in() -> None:
    shown = text(Status(server="127.0.0.1:6969").header(80, NOW, []))
    assert shown.rstrip() == " nimsg  127.0.0.1:6969  not connected"


def test_a_lost_link_is_said_before_all_else() -> None:
    status = Status("ann", "127.0.0.1:6969", why="the link broke", new=3)
    status.retry_at = NOW + 4500
    shown = text(status.header(60, NOW, WINDOWS))
    assert shown.startswith(" ann  the link broke, retry in 5 s  ")
    assert shown.endswith(" In 3 | Out 0 | #lobby 5 ")

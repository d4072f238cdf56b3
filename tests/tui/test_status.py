"""The header and the status line: what is left out where there is no room for all."""

import pytest

from nimsg.client.acts_session import LinkState
from nimsg.tui.spans import Line
from nimsg.tui.status import Status


NOW = 1_000_000
WINDOWS = [("#lobby", 5, False), ("people", 0, True)]


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
            "  1:Inbox 3 new | Outbox 2 pending | 2:#lobby 5 new | >3:people ",
        ),
        (
            110,
            " nimsg  ann@127.0.0.1:6969  online  ",
            "  1:Inbox 3 new | Outbox 2 pending | 2:#lobby 5 new | >3:people ",
        ),
        (
            94,
            " ann@127.0.0.1:6969  online  ",
            "  1:Inbox 3 new | Outbox 2 pending | 2:#lobby 5 new | >3:people ",
        ),
        (
            80,
            " ann  online  ",
            "  1:Inbox 3 new | Outbox 2 pending | 2:#lobby 5 new | >3:people ",
        ),
        (70, " ann  online  ", " 1:In 3 | Out 2 | 2:#lobby 5 | >3:people "),
        (50, " ann  online  ", " 1:In 3 | Out 2 | >3:people "),
        (40, " ann  online  ", " 1:In 3 | Out 2 "),
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
    assert shown.rstrip() == " nimsg  127.0.0.1:6969  not logged in"


def test_a_session_that_is_over_is_not_called_a_lost_connection() -> None:
    status = Status("ann", "127.0.0.1:6969", why=LinkState.OFF.value)
    assert "127.0.0.1:6969  not logged in " in text(status.header(80, NOW, []))


def test_a_lost_link_is_said_before_all_else() -> None:
    status = Status("ann", "127.0.0.1:6969", why="the link broke", new=3)
    status.retry_at = NOW + 4500
    shown = text(status.header(60, NOW, WINDOWS))
    assert shown.startswith(" ann  the link broke, retry in 5 s  ")
    assert shown.endswith(" 1:In 3 | Out 0 ")


@pytest.mark.parametrize(
    ("cols", "shown"),
    [
        (60, " ann will see that you opened this    polled 0 s ago  1/203 "),
        (50, " ann will see that you opened this          1/203 "),
        (42, " ann will see that you opened this  1/203 "),
        (41, " ann will see that you opened this       "),
        (20, " ann will see that y…"[:19] + "…"),
    ],
)
def test_what_stands_at_the_right_keeps_its_distance(cols: int, shown: str) -> None:
    status = online()
    status.polled_at = NOW
    told = "ann will see that you opened this"
    assert text(status.status_line(cols, NOW, told, "1/203")) == shown


def test_a_shutdown_is_counted_down_in_the_header() -> None:
    status = online()
    status.ends_at = NOW + 41_500
    shown = text(status.header(80, NOW, WINDOWS))
    assert shown.startswith(" ann   the server shuts down in 42 s   ")
    assert shown.endswith(" 1:In 3 | Out 2 | 2:#lobby 5 | >3:people ")
    status.ends_at = None
    assert "online" in text(status.header(80, NOW, WINDOWS))


def test_silence_is_said_before_the_link_is_lost() -> None:
    status = online()
    status.asked_at = NOW
    assert "online" in text(status.header(80, NOW + 2999, []))
    assert "no answer for 3 s" in text(status.header(80, NOW + 3000, []))
    status.up = False
    assert "no answer" not in text(status.header(80, NOW + 9000, []))


def test_how_long_a_stall_was_is_not_told_as_the_way_to_the_server() -> None:
    status = online()
    status.rtt_ms = 13_979
    shown = text(status.header(120, NOW, []))
    assert "online" in shown
    assert "rtt" not in shown
    status.rtt_ms = 2_999.0
    assert "rtt 2999 ms" in text(status.header(120, NOW, []))


def test_the_end_of_the_server_is_counted_down_in_whole_seconds() -> None:
    status = online()
    assert status.banner(NOW) == ""
    status.ends_at = NOW + 2001
    said = [status.banner(at) for at in (NOW, NOW + 2001, NOW + 9000)]
    assert said == [f"the server shuts down in {left} s" for left in (3, 0, 0)]
    status.up = False
    assert status.banner(NOW) == ""


def test_what_was_done_is_told_for_a_while_and_what_went_wrong_until_the_next() -> None:
    status = online()
    status.say("acknowledged", NOW)
    assert "acknowledged" in text(status.status_line(60, NOW + 20_000, "", ""))
    assert "bob" in text(status.status_line(60, NOW + 20_001, "bob sees it", ""))
    status.say("not sent", NOW, bad=True)
    assert "not sent" in text(status.status_line(60, NOW + 10**9, "bob", ""))


def test_what_others_have_written_is_cleaned() -> None:
    status = online()
    status.say("from \x1b[31mbob\n\u202e", NOW)
    shown = text(status.status_line(60, NOW, "", ""))
    shown += text(status.header(200, NOW, [("#a\x1b]0;x\x07b", 1, False)]))
    assert not set(shown) & set("\x1b\x07\n\u202e")


def test_what_waits_is_counted_and_a_clock_that_was_set_back_is_no_matter() -> None:
    status = online()
    status.queued, status.polled_at = 2, NOW + 5000
    shown = text(status.status_line(80, NOW, "", "1/2"))
    assert shown.rstrip().endswith("2 messages queued  polled 0 s ago  1/2")
    status.polled_at = NOW - 120_000
    assert "polled 2 min ago" in text(status.status_line(80, NOW, "", ""))

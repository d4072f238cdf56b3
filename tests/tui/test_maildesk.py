"""Both boxes on the desk, with a real server: kept up, and nothing opened unasked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nimsg.errors import Refusal
from nimsg.protocol.constants import Box
from nimsg.protocol.strict import JsonObject
from nimsg.server.app import Server
from nimsg.tui import maildesk
from nimsg.tui.mailbox import BLOCK, Ask
from tests.support.aioclient import connected
from tests.support.desks import Seat, seated
from tests.support.serving import quick_config, serving


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        yield server


def states(seat: Seat, subject: str) -> list[str]:
    """How far each copy of a message that was sent has come."""
    row = seat.row(subject, Box.OUTBOX)
    assert row is not None
    return [one.state for one in row.receipts]  # type: ignore[union-attr]


# -- news


async def test_a_receipt_arrives_without_being_asked(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.sends("bob", "keys")
        await ann.until(lambda: ann.desktop.mail.outbox.pending == 1)
        row = await bob.has_mail("keys")
        assert bob.bells == 1
        bob.desktop.mail.read(row.id, peek=False)
        await ann.hears("bob opened o1 at ")
        assert states(ann, "keys") == ["opened"]
        assert ann.desktop.mail.outbox.pending == 0

        await bob.desktop.mail.ack(row.id)
        await ann.hears("bob acknowledged o1 at ")
        assert states(ann, "keys") == ["acked"]


async def test_who_opens_is_told_that_it_is_seen(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.sends("bob", "keys")
        row = await bob.has_mail("keys")
        bob.desktop.mail.read(row.id, peek=False)
        await bob.hears("ann sees that you opened this")


async def test_old_news_is_not_told_at_a_login(server: Server) -> None:
    async with seated(server.port, "bob") as bob:
        async with seated(server.port, "ann") as ann:
            await ann.sends("bob", "keys")
            row = await bob.has_mail("keys")
            bob.desktop.mail.read(row.id, peek=False)
            await ann.hears("bob opened o1")
        async with seated(server.port, "ann") as ann:
            assert await ann.has_mail("keys", Box.OUTBOX)
            assert not any("opened" in line for line in ann.said)


async def test_a_recalled_message_is_told_and_its_recall_has_a_sure_answer(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.sends("bob", "keys")
        await bob.has_mail("keys")
        row = await ann.has_mail("keys", Box.OUTBOX)
        await ann.desktop.mail.recall(row.id)
        assert ann.said[-1].startswith("bob: recalled ")
        await bob.hears("ann recalled i1")

        await ann.sends("bob", "more")
        late = await bob.has_mail("more")
        bob.desktop.mail.read(late.id, peek=False)
        await ann.hears("bob opened o2")
        await ann.desktop.mail.recall(late.id)
        assert ann.ground.status.bad
        assert "bob" in ann.said[-1]


async def test_what_came_while_the_link_was_lost_is_shown(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        bob.home.cut()
        await ann.sends("bob", "meanwhile")
        await bob.has_mail("meanwhile")
        assert bob.desktop.mail.inbox.new == 1


# -- what goes wrong


@pytest.mark.parametrize("kind", ["storage_failed", "busy", "too_many_requests"])
async def test_a_refusal_ends_nothing(server: Server, kind: str) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        for method in ("mail.changes", "session.ping"):
            bob.home.refused[method] += [Refusal(kind), Refusal(kind)]
        bob.home.cut()
        await ann.sends("bob", "after all")
        await bob.has_mail("after all")
        await bob.until(lambda: not any(bob.home.refused.values()))


async def test_a_refused_ping_is_said_once(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.home.refused["session.ping"] += [Refusal("not_permitted")] * 3
        await ann.hears("not permit")
        await ann.until(lambda: not ann.home.refused["session.ping"])
        assert not any("not permit" in line for line in ann.said)


async def test_what_could_not_be_counted_is_counted_later(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        bob.home.changed["mail.changes"] = spoiled
        bob.home.refused["mail.list"].append(Refusal("busy"))
        await ann.sends("bob", "bad")
        await bob.hears("too much is waiting")
        await bob.until(lambda: bob.desktop.mail.inbox.new == 1)


def spoiled(page: JsonObject) -> JsonObject:
    """A page in which no row that is called bad can be read."""
    for row in page.get("inbox", []):  # type: ignore[attr-defined]
        if row["subject"] == "bad":
            row["receipt"] = 7
    return page


async def test_a_mailbox_that_begins_anew_survives_a_refusal(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        bob.home.refused["mail.list"].append(Refusal("storage_failed"))
        bob.home.refused["mail.changes"].append(Refusal("cursor_invalid"))
        bob.home.cut()
        await bob.hears("disk failed")
        await ann.sends("bob", "keys")
        await bob.has_mail("keys")


async def test_one_bad_row_costs_no_other(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        bob.home.changed["mail.changes"] = spoiled
        await ann.sends("bob", "bad")
        await bob.hears("1 message cannot be read")
        await ann.sends("bob", "good")
        await bob.has_mail("good")


async def test_a_standing_refusal_is_not_asked_again_by_every_frame(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        await holds_much(ann)
        ann.home.refused["mail.list"] += [Refusal("busy")] * 100
        ann.ground.pause_s = 5.0
        ann.home.asked.clear()
        for _ in range(20):
            look_at_the_oldest(ann)
            await ann.settles()
        assert ann.home.count("mail.list") == 1

        ann.home.refused["mail.list"].clear()
        ann.late_ms = 5001
        look_at_the_oldest(ann)
        await ann.until(lambda: ann.desktop.mail.outbox.row(1))


async def holds_much(seat: Seat) -> None:
    """Send more than one page holds."""
    for number in range(BLOCK + 20):
        await seat.home.call(
            "mail.send", {"to": ["bob"], "client_id": f"c{number}", "subject": "x"}
        )
    seat.desktop.mail._cursor = ""
    await seat.desktop.mail.enter()


def look_at_the_oldest(seat: Seat) -> None:
    seat.desktop.view.panes[Box.OUTBOX].to_bottom()
    seat.draws()


async def test_rows_that_are_looked_at_are_fetched_once(server: Server) -> None:
    async with seated(server.port, "bob"), seated(server.port, "ann") as ann:
        await holds_much(ann)
        ann.home.asked.clear()
        for _ in range(3):
            look_at_the_oldest(ann)
        await ann.until(lambda: ann.desktop.mail.outbox.row(1))
        look_at_the_oldest(ann)
        await ann.settles()
        asked = [params for method, params in ann.home.asked if method == "mail.list"]
        assert [(one["box"], one["before"]) for one in asked] == [("outbox", 21)]
        assert Ask(21, BLOCK).low < 1


# -- removing


async def test_what_was_removed_comes_back(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.sends("bob", "keys")
        row = await bob.has_mail("keys")
        mail = bob.desktop.mail
        mail.remove(Box.INBOX, row)
        assert mail.inbox.first() is None
        mail.remove(Box.INBOX, row)
        mail.bring_back()
        assert mail.inbox.first() == row.position
        mail.bring_back()
        assert bob.said[-1] == "nothing to bring back"
        await mail.settle()
        assert bob.home.count("mail.delete") == 0


async def test_what_was_removed_is_gone_after_a_while(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maildesk, "UNDO_S", 0.01)
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.sends("bob", "keys")
        row = await bob.has_mail("keys")
        bob.desktop.mail.remove(Box.INBOX, row)
        await bob.until(lambda: bob.desktop.mail.inbox.total == 0)
        page = await bob.home.call("mail.list", {"box": "inbox", "all": True})
        assert page["total"] == 0


async def test_who_leaves_has_removed_what_was_removed(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        async with seated(server.port, "bob") as bob:
            await ann.sends("bob", "keys")
            await ann.sends("bob", "more")
            for subject in ("keys", "more"):
                row = await bob.has_mail(subject)
                bob.desktop.mail.remove(Box.INBOX, row)
            # It is removed although its row is not at hand any more.
            bob.desktop.mail.inbox.filter([])
        async with seated(server.port, "bob") as bob:
            assert bob.desktop.mail.inbox.total == 0


async def test_a_refused_removal_shows_the_row_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maildesk, "UNDO_S", 0.01)
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.sends("bob", "keys")
        row = await bob.has_mail("keys")
        bob.home.refused["mail.delete"].append(Refusal("disk_full"))
        bob.desktop.mail.remove(Box.INBOX, row)
        await bob.hears("no space is left")
        assert bob.desktop.mail.inbox.first() == row.position


@pytest.mark.parametrize("box", list(Box))
async def test_what_was_deleted_in_another_session_goes(
    server: Server, box: Box
) -> None:
    name = "bob" if box is Box.INBOX else "ann"
    async with (
        seated(server.port, "bob") as bob,
        seated(server.port, "ann") as ann,
        connected(server.port) as there,
    ):
        here = bob if box is Box.INBOX else ann
        await ann.sends("bob", "keys")
        row = await here.has_mail("keys", box)
        await there.call("auth.login", user=name, device="headless")
        await there.call("mail.delete", id=row.id)
        await here.until(lambda: here.desktop.mail.boxes[box].total == 0)
        assert here.desktop.mail.boxes[box].first() is None


async def test_the_end_of_a_message_that_was_opened_is_no_bad_news(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.sends("bob", "keys")
        row = await bob.has_mail("keys")
        bob.desktop.mail.read(row.id, peek=False)
        await bob.until(lambda: bob.desktop.mail.open.get(row.id))
        await bob.settles()
        await bob.home.call("mail.delete", {"id": row.id})
        await bob.until(lambda: bob.desktop.mail.inbox.total == 0)
        await bob.settles()
        assert not bob.ground.status.bad


# -- finding


async def test_the_newest_unopened_message_is_found_around_the_end(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        for subject in ("one", "two", "three"):
            await ann.sends("bob", subject)
        await bob.has_mail("three")
        next_new = bob.desktop.mail.next_new
        found = [await next_new(at) for at in (None, 3, 1)]
        assert [row and row.subject for row in found] == ["three", "two", "three"]

        row = await bob.has_mail("three")
        bob.desktop.mail.read(row.id, peek=False)
        await ann.hears("bob opened o3")
        found = [await next_new(None)]
        assert [row and row.subject for row in found] == ["two"]


async def test_nothing_is_found_where_nothing_is(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        assert await ann.desktop.mail.next_new(None) is None
        assert await ann.desktop.mail.search("nothing", Box.INBOX) == []
        assert ann.said[-1] == "nothing found in the inbox"
        with pytest.raises(Refusal):
            await ann.desktop.mail.find("01HF0000000000000000000000")

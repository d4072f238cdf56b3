"""Drafts and outgoing mail on the desk, with a real server: nothing typed is lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nimsg.errors import ProtocolFault, Refusal, Unreachable
from nimsg.protocol.constants import Box
from nimsg.protocol.strict import JsonObject
from nimsg.server.app import Server
from nimsg.tui.desktop import Desktop
from nimsg.tui.letterdraft import DraftState
from nimsg.tui.outgoing import QueuedState
from tests.support.desks import Seat, seated
from tests.support.serving import quick_config, serving


PASSING = ["disk_full", "busy", "rate_limited", "too_many_requests", "shutting_down"]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        yield server


async def inbox(seat: Seat) -> list[object]:
    """What has really arrived."""
    query: JsonObject = {"box": "inbox", "all": True}
    page = await seat.home.insist("mail.list", query)
    return [row["subject"] for row in page["inbox"]]  # type: ignore[attr-defined]


# -- drafts


async def test_a_draft_is_saved_a_second_after_the_last_key(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        draft = ann.writes("bob", "keys", "where are")
        assert await ann.drafts() == []
        await ann.until(lambda: draft.state is DraftState.SAVED)
        assert ann.clock() - draft.edited_at >= 1000
        [kept] = await ann.drafts()
        assert (kept["to"], kept["body"]) == ("bob", "where are")

        ann.types(draft, body="where are they?")
        ann.late_ms = 1000
        ann.desktop.post.edited()
        await ann.until(lambda: draft.state is DraftState.SAVED)
        [kept] = await ann.drafts()
        assert kept["body"] == "where are they?"


async def test_the_drafts_of_the_last_session_are_there(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.writes("bob", "one", "a")
        ann.writes("bob", "two", "b")
    async with seated(server.port, "ann") as ann:
        await ann.settles()
        drafts = [(draft.subject, draft.body) for draft in ann.desktop.post.drafts]
        assert drafts == [("one", "a"), ("two", "b")]
        assert ann.desktop.undone == ""


async def test_a_draft_typed_without_a_link_is_saved_when_it_is_back(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        ann.home.refused["draft.save"].append(Unreachable("no link"))
        draft = ann.writes("bob", "keys", "lost?")
        ann.desktop.composing.keep(draft)
        await ann.until(lambda: draft.state is DraftState.UNSAVED)
        assert ann.desktop.unsent == [draft]
        ann.home.cut()
        await ann.until(lambda: draft.state is DraftState.SAVED)
        assert [row["body"] for row in await ann.drafts()] == ["lost?"]


async def test_a_save_that_was_cut_off_by_the_end_is_done_at_the_end(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = asyncio.Event()
    async with seated(server.port, "ann") as ann:
        call = ann.ground.call

        async def hanging(method: str, params: JsonObject) -> JsonObject:
            if method == "draft.save" and not stuck.is_set():
                stuck.set()
                await asyncio.Event().wait()
            return await call(method, params)

        monkeypatch.setattr(ann.ground, "call", hanging)
        draft = ann.writes("bob", "keys", "the last words")
        ann.desktop.composing.keep(draft)
        await stuck.wait()
    async with seated(server.port, "ann") as ann:
        assert [row["body"] for row in await ann.drafts()] == ["the last words"]


async def test_a_draft_that_is_left_empty_is_nowhere_kept(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        draft = ann.writes("bob", "keys", "hm")
        await ann.desktop.post.save_all()
        ann.types(draft, to="", subject="", body="")
        ann.desktop.composing.close_draft(draft)
        await ann.settles()
        assert await ann.drafts() == []
        assert len(ann.desktop.post.drafts) == 0


async def test_a_saved_draft_that_is_emptied_is_deleted_on_the_server(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        draft = ann.writes("bob", "keys", "hm")
        await ann.desktop.post.save_all()
        ann.types(draft, to="", subject=" ", body="")
        await ann.desktop.post.save_all()
        assert await ann.drafts() == []
        assert draft.is_saved
        assert ann.desktop.unsent == []

        ann.types(draft, body="after all")
        await ann.desktop.post.save_all()
        assert [row["body"] for row in await ann.drafts()] == ["after all"]


async def test_esc_keeps_what_was_typed(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.write_to("bob")
        [draft] = ann.desktop.post.drafts
        ann.types(draft, body="half a")
        assert ann.desktop.view.act("close")
        assert ann.desktop.view.guest is None
        await ann.until(lambda: draft.state is DraftState.SAVED)
        ann.desktop.open_draft(draft)
        assert draft.body == "half a"

        ann.desktop.write_to("")
        ann.desktop.view.act("close")
        assert len(ann.desktop.post.drafts) == 1


async def test_a_draft_that_was_thrown_away_can_be_had_back(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        draft = ann.writes("bob", "keys", "hm")
        await ann.desktop.post.save_all()
        ann.desktop.open_draft(draft)
        ann.aside.key = "n"
        ann.desktop.discard(draft)
        assert len(ann.desktop.post.drafts) == 1

        ann.aside.key = "y"
        ann.desktop.discard(draft)
        await ann.settles()
        assert await ann.drafts() == []

        ann.desktop.composing.undo_discard()
        await ann.desktop.post.save_all()
        assert [row["body"] for row in await ann.drafts()] == ["hm"]


async def test_the_editor_loses_nothing(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        draft = ann.writes("bob", "keys", "before\n")
        ann.desktop.open_draft(draft)
        ann.aside.edited = lambda text: f"{text}after\r\n"
        assert ann.desktop.view.act("editor")
        assert draft.body == "before\nafter\r\n"
        await ann.desktop.post.save_all()
        assert [row["body"] for row in await ann.drafts()] == ["before\nafter\r\n"]


# -- sending


async def test_a_draft_goes_only_with_the_acknowledged_sending(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        draft = ann.writes("bob", "keys", "here")
        await ann.desktop.post.save_all()
        ann.home.unheard.append("mail.send")
        ann.desktop.composing.send(draft)
        await ann.home.lost.wait()
        assert ann.desktop.post.drafts.get(draft.client_id) is draft
        assert ann.desktop.undone == "1 message queued"
        await ann.hears("sent to bob as o1")
        assert ann.desktop.undone == ""
        await ann.settles()
        assert await ann.drafts() == []
        assert await inbox(bob) == ["keys"]


async def test_a_server_that_is_stopped_while_sending_gets_it_once(
    tmp_path: Path,
) -> None:
    config = quick_config(tmp_path / "var", auth="open")
    stop = asyncio.Event()
    async with serving(config, stop=stop) as server:
        port = server.port
        async with seated(port, "bob"):
            pass
        again = asyncio.create_task(later(config._replace(port=port), stop))
        async with seated(port, "ann") as ann:
            ann.home.unheard.append("mail.send")
            for number in range(3):
                ann.desktop.composing.send(ann.writes("bob", f"m{number}", "x"))
            await ann.home.lost.wait()
            stop.set()
            await ann.until(lambda: not len(ann.desktop.post.outgoing))
            await ann.settles()
            assert await ann.drafts() == []
            async with seated(port, "bob") as bob:
                assert sorted(map(str, await inbox(bob))) == ["m0", "m1", "m2"]
    again.cancel()


async def later(config: object, stop: asyncio.Event) -> None:
    """A server in the place of one that stops."""
    await stop.wait()
    while True:
        try:
            async with serving(config):  # type: ignore[arg-type]
                await asyncio.Event().wait()
        except* Exception:  # noqa: BLE001 - the first one is still there
            await asyncio.sleep(0.02)


UNSURE = [Refusal("storage_failed"), ProtocolFault("parse_error", fatal=True)]


@pytest.mark.parametrize(
    "refusal", [*map(Refusal, PASSING), *UNSURE], ids=lambda one: one.kind
)
async def test_what_passes_is_tried_again_under_the_same_name(
    server: Server, refusal: Refusal
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        ann.home.refused["mail.send"] += [refusal, refusal]
        draft = ann.writes("bob", "keys", "here")
        ann.desktop.composing.send(draft)
        await ann.hears("not sent yet: ")
        queued = ann.desktop.post.outgoing.get(draft.client_id)
        assert queued
        assert queued.tried is (refusal in UNSURE)
        assert draft.state is DraftState.SENDING

        await ann.hears("sent to bob as o1")
        sent = [params for method, params in ann.home.asked if method == "mail.send"]
        assert [one["client_id"] for one in sent] == [draft.client_id] * 3
        assert await inbox(bob) == ["keys"]


@pytest.mark.parametrize(
    "refusal", [*map(Refusal, PASSING), *UNSURE], ids=lambda one: one.kind
)
async def test_a_draft_that_is_not_taken_can_be_changed(
    server: Server, refusal: Refusal
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        ann.home.refused["mail.send"] += [refusal] * 1000
        draft = ann.writes("bob", "key", "here")
        ann.desktop.composing.send(draft)
        await ann.hears("not sent yet: ")
        await ann.until(lambda: ann.desktop.post.take_back(draft.client_id))
        ann.types(draft, subject="keys")
        assert ann.desktop.undone == ""

        ann.home.refused.clear()
        ann.desktop.composing.send(draft)
        await ann.hears("sent to bob as o1")
        assert await inbox(bob) == ["keys"]


async def test_a_full_mailbox_gives_the_draft_back(server: Server) -> None:
    """Somebody has to delete mail; asking again and again would not help."""
    async with seated(server.port, "bob"), seated(server.port, "ann") as ann:
        ann.home.refused["mail.send"] += [Refusal("mailbox_full")] * 1000
        draft = ann.writes("bob", "keys", "here")
        ann.desktop.composing.send(draft)
        await ann.hears("not sent: ")

        assert draft.state is DraftState.FAILED
        assert ann.home.count("mail.send") == 1


async def test_who_takes_back_what_may_have_arrived_is_told(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.home.refused["mail.send"] += [Refusal("storage_failed")] * 1000
        draft = ann.writes("bob", "keys", "here")
        ann.desktop.composing.send(draft)
        await ann.hears("not sent yet: ")
        ann.ground.pause_s = 60
        ann.desktop.open_draft(draft)
        assert ann.said[-1] == "the server may have this already: look in the outbox"
        assert not draft.is_sending


async def test_what_waits_for_the_link_can_be_changed(tmp_path: Path) -> None:
    stop = asyncio.Event()
    config = quick_config(tmp_path / "var", auth="open")
    async with serving(config, stop=stop) as server, seated(server.port, "ann") as ann:
        stop.set()
        await ann.until(lambda: not ann.home.is_up)
        draft = ann.writes("bob", "keys", "here")
        ann.desktop.composing.send(draft)
        for _ in range(5):
            await asyncio.sleep(0)
        assert ann.desktop.undone == "1 message queued"
        ann.desktop.open_draft(draft)
        ann.types(draft, body="here they are")
        assert ann.desktop.undone == "1 draft not saved"


async def test_a_changed_text_of_what_was_sent_is_kept_under_a_new_name(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        draft = ann.writes("bob", "keys", "here")
        await ann.desktop.post.save_all()
        sent: JsonObject = {"to": ["bob"], "client_id": draft.client_id}
        await ann.home.call("mail.send", {**sent, "subject": "key"})
        ann.desktop.composing.send(draft)
        await ann.hears("an earlier text of this was sent")
        [again] = ann.desktop.post.drafts
        assert (again.body, again.state) == ("here", DraftState.FAILED)
        assert ann.desktop.undone == ""
        await ann.settles()
        assert [row["client_id"] for row in await ann.drafts()] == [again.client_id]

        ann.desktop.composing.send(again)
        await ann.hears("sent to bob as o2")
        assert await inbox(bob) == ["keys", "key"]


async def test_a_name_that_the_server_does_not_know_is_named_in_the_draft(
    tmp_path: Path,
) -> None:
    config = quick_config(tmp_path / "var", auth="open")
    async with serving(config) as server, seated(server.port, "ann"):
        pass
    config = config._replace(registration="closed")
    async with serving(config) as server, seated(server.port, "ann") as ann:
        draft = ann.writes("nobody", "keys", "here")
        ann.desktop.composing.send(draft)
        await ann.hears("not sent: there is no such user: nobody")
        assert draft.state is DraftState.FAILED
        assert "nobody" in draft.why
        ann.desktop.open_draft(draft)
        assert ann.desktop.composing.known("nobody") is False
        rows = ann.desktop.view.render((80, 20), focus=True).text
        assert any(b"nobody: no such user" in row for row in rows)
        assert ann.home.count("presence.seen") == 0


async def test_a_fault_of_the_server_leaves_a_message_that_can_be_tried_again(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        ann.home.refused["mail.send"].append(Refusal("internal_error"))
        draft = ann.writes("bob", "keys", "here")
        ann.desktop.composing.send(draft)
        await ann.hears("not sent: ")
        assert ann.desktop.post.retry(draft.client_id)
        await ann.hears("sent to bob as o1")
        sent = [one for method, one in ann.home.asked if method == "mail.send"]
        assert sent[0] == sent[1]
        assert await inbox(bob) == ["keys"]


async def test_an_answer_that_makes_no_sense_ends_nothing(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        ann.home.changed["mail.send"] = lambda _: {}
        ann.home.changed["draft.save"] = lambda _: {}
        draft = ann.writes("bob", "one", "here")
        ann.desktop.composing.keep(draft)
        await ann.until(lambda: draft.state is DraftState.UNSAVED)
        ann.desktop.composing.send(draft)
        await ann.until(lambda: not len(ann.desktop.post.outgoing))
        ann.home.changed.clear()
        await ann.sends("bob", "two")
        assert await inbox(bob) == ["two", "one"]


async def test_a_refused_message_stays_and_can_be_tried_again(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await bob.home.call("block.add", {"user": "ann"})
        draft = ann.writes("bob", "keys", "here")
        ann.desktop.composing.send(draft)
        await ann.hears("not sent: ")
        queued = ann.desktop.post.outgoing.get(draft.client_id)
        assert queued
        assert queued.state is QueuedState.FAILED
        assert draft.state is DraftState.FAILED
        assert ann.desktop.undone == ""

        await bob.home.call("block.remove", {"user": "ann"})
        assert ann.desktop.post.retry(draft.client_id)
        assert not ann.desktop.post.retry(draft.client_id)
        await ann.hears("sent to bob as o1")
        sent = [one for method, one in ann.home.asked if method == "mail.send"]
        assert sent[0] == sent[1]
        assert await inbox(bob) == ["keys"]


async def test_a_refused_message_can_be_mended(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await bob.home.call("block.add", {"user": "ann"})
        draft = ann.writes("bob", "key", "here")
        ann.desktop.composing.send(draft)
        await ann.hears("not sent: ")
        ann.desktop.open_draft(draft)
        await bob.home.call("block.remove", {"user": "ann"})
        ann.types(draft, subject="keys")
        ann.desktop.composing.send(draft)
        await ann.hears("sent to bob as o1")
        assert await inbox(bob) == ["keys"]
        assert len(ann.desktop.post.outgoing) == 0


async def test_one_that_is_refused_holds_no_other_back(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        ann.desktop.composing.send(ann.writes("ann", "to myself", "x"))
        await ann.sends("bob", "good")
        assert await inbox(bob) == ["good"]


async def test_one_of_many_that_cannot_be_reached_is_named(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await bob.home.call("block.add", {"user": "ann"})
        await ann.sends("carol, bob", "keys")
        await ann.hears("sent to carol as o1; ")
        assert "bob" in ann.ground.status.note
        assert ann.ground.status.bad


async def test_a_draft_for_a_room_is_said_there(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        await ann.sends("#lobby", body="hello all")
        bodies = [one.body for one in ann.desktop.rooms.logs["lobby"].entries()]
        assert bodies.count("hello all") == 1


async def test_the_draft_of_what_was_sent_goes_when_the_server_lets_it(
    server: Server,
) -> None:
    async with seated(server.port, "bob"), seated(server.port, "ann") as ann:
        draft = ann.writes("bob", "keys", "here")
        await ann.desktop.post.save_all()
        ann.home.refused["draft.delete"] += [Refusal("busy")] * 3
        ann.desktop.composing.send(draft)
        await ann.until(lambda: ann.home.count("draft.delete") == 4)
        await ann.settles()
        assert await ann.drafts() == []


async def test_who_has_left_keeps_no_draft_of_what_was_sent(server: Server) -> None:
    async with seated(server.port, "bob"), seated(server.port, "ann") as other:
        del other
    async with seated(server.port, "ann") as ann:
        draft = ann.writes("bob", "keys", "here")
        await ann.desktop.post.save_all()
        ann.home.refused["draft.delete"].append(Refusal("busy"))
        ann.ground.pause_s = 60
        ann.desktop.composing.send(draft)
        await ann.until(lambda: ann.home.count("draft.delete"))
    async with seated(server.port, "ann") as ann:
        assert await ann.drafts() == []


# -- subjects


async def test_an_answer_to_imported_mail_has_a_subject_of_one_line(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.sends("bob", "keys\u00adof the\u200b lab")
        await ann.has_mail("keys\u00adof the\u200b lab", Box.OUTBOX)
        await bob.until(lambda: bob.desktop.mail.inbox.row(1))
        bob.draws()
        bob.acts.act("reply")
        [draft] = bob.desktop.post.drafts
        assert draft.subject == "Re: keysof the lab"
        await bob.desktop.post.save_all()


@pytest.mark.parametrize("key", ["\r", "\u2028", "\u2029", "\x85"])
async def test_no_key_breaks_the_subject(server: Server, key: str) -> None:
    async with seated(server.port, "ann") as ann:
        desktop: Desktop = ann.desktop
        desktop.write_to("")
        [draft] = desktop.post.drafts
        desktop.view.act("next-pane")
        paste = ["begin paste", "a", "enter", key, "b", "end paste"]
        for typed in ["x", key, *paste]:
            desktop.view.keypress((80, 20), typed)
        ann.types(draft, body="text")
        await desktop.post.save_all()
        assert draft.state is DraftState.SAVED, draft.why
        assert draft.subject in {"xa b", "xa  b"}

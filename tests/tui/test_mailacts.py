"""What the keys do to mail, with a real server: nothing is opened unmeant."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from urwid.testing import render_text

from nimsg.errors import Refusal
from nimsg.protocol.constants import Box
from nimsg.server.app import Server
from nimsg.tui.commands import Commands, room_line
from nimsg.tui.layout import sizes
from nimsg.tui.mailview import Spot
from nimsg.tui.spans import plain
from nimsg.tui.windows import Kind
from tests.support.desks import SIZE, Seat, seated
from tests.support.serving import quick_config, serving


BESIDE = (140, 40)  # columns and rows with a preview


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        yield server


async def mails(ann: Seat, bob: Seat, *subjects: str) -> None:
    """Have bob look at an inbox with these, the last one on top."""
    for subject in subjects:
        await ann.sends("bob", subject, f"text of {subject}")
    await bob.has_mail(subjects[-1])
    bob.draws()


def opened(seat: Seat) -> int:
    return seat.home.count("mail.open")


# -- opening


async def test_nothing_is_opened_before_enter(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "one", "two")
        for action in ("down", "up", "bottom", "top", "next-pane", "mark", "copy-body"):
            bob.desktop.view.act(action)
            bob.draws()
        await bob.settles()
        assert opened(bob) == 0
        assert bob.acts.told == "ann will see that you opened this"

        bob.acts.act("top")
        bob.acts.act("open")
        await bob.hears("ann sees that you opened this")
        assert opened(bob) == 1
        assert bob.desktop.view.spot is Spot.VIEW
        await ann.hears("bob opened o2")
        await bob.until(lambda: bob.acts.told == "")


async def test_a_message_is_opened_when_its_preview_was_looked_at_enough(
    server: Server,
) -> None:
    async with (
        seated(server.port, "bob", dwell_s=0.3) as bob,
        seated(server.port, "ann") as ann,
    ):
        await mails(ann, bob, "one", "two")
        bob.desktop.view.sizes = sizes(*BESIDE)
        bob.desktop.view.next_spot(2)
        assert bob.desktop.view.spot is Spot.VIEW
        began = bob.clock()
        for _ in range(3):
            bob.acts.look()
        await ann.hears("bob opened o2")
        assert bob.clock() >= began + 300
        assert opened(bob) == 1


async def test_who_only_passes_by_opens_nothing(server: Server) -> None:
    async with (
        seated(server.port, "bob", dwell_s=0.2) as bob,
        seated(server.port, "ann") as ann,
    ):
        await mails(ann, bob, "one", "two")
        view = bob.desktop.view
        view.sizes = sizes(*BESIDE)
        view.next_spot(2)
        bob.acts.look()
        view.next_spot(1)
        bob.acts.look()
        began = bob.clock()
        await bob.until(lambda: bob.clock() > began + 500)
        assert opened(bob) == 0


async def test_the_text_of_an_opened_message_is_had_without_a_word(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "one")
        bob.acts.act("open")
        await ann.hears("bob opened o1")
    async with seated(server.port, "bob") as bob:
        await bob.has_mail("one")
        bob.draws()
        bob.acts.act("copy-body")
        await bob.settles()
        assert bob.aside.copied == ["text of one"]
        asked = [params for method, params in bob.home.asked if method == "mail.open"]
        assert [one["peek"] for one in asked] == [True]


async def test_a_recalled_message_is_not_opened_and_that_is_said(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "one")
        row = await ann.has_mail("one", Box.OUTBOX)
        await ann.desktop.mail.recall(row.id)
        bob.acts.act("open")
        await bob.hears("recalled this message")
        assert bob.desktop.mail.open.get(row.id) is None


# -- the focus


async def test_the_focus_stays_on_its_message_when_mail_comes(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "one", "two", "three")
        bob.acts.act("down")
        assert bob.desktop.view.row == bob.row("two")
        await mails(ann, bob, *(f"new {number}" for number in range(30)))
        assert bob.desktop.view.row == bob.row("two")
        assert bob.desktop.view.pane.place == "32/33"


async def test_what_is_read_stays_on_the_screen_when_mail_comes(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "one")
        bob.acts.act("open")
        await bob.hears("sees that you opened")
        await mails(ann, bob, "two")
        bob.acts.look()
        assert bob.desktop.view.row == bob.row("one")
        assert opened(bob) == 1


NEVER_SEARCHED = ["nothing was searched for: / searches"]
SAYS_IN_AN_EMPTY_BOX = {
    "undelete": ["nothing to bring back"],
    "marked": ["nothing is marked: v marks"],
    "search-next": NEVER_SEARCHED,
    "search-previous": NEVER_SEARCHED,
    "next-unread": ["no new messages"],
    "retry": ["nothing failed here"],
    "link": ["no links here"],
}


async def test_keys_in_an_empty_box_say_so(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.aside.typed = {"search": "x", "filter": "x"}
        for box in Box:
            ann.desktop.view.go(box)
            for action in ("down", "page-up", "top", "bottom"):
                ann.acts.act(action)
                ann.draws()
            for action in sorted(ann.acts._acts.keys() - {"new", "older", "newer"}):
                ann.said.clear()
                ann.acts.act(action)
                ann.draws()
                await ann.settles()
                told = SAYS_IN_AN_EMPTY_BOX.get(action, ["no message here"])
                if action in ann.aside.typed:
                    told = [f"nothing found in the {box}"]
                assert ann.said == told, action
        assert ann.desktop.post.drafts.unsaved == []


async def test_keys_that_do_nothing_to_a_message_are_known(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        about_one = {"reply", "reply-all", "ack", "recall", "link", "thread"}
        assert ann.desktop.view.spare == about_one | {"open", "delete"}
        await mails(ann, bob, "one")
        assert bob.desktop.view.spare == {"recall", "link"}

        row = await ann.has_mail("one", Box.OUTBOX)
        ann.desktop.view.go(Box.OUTBOX)
        ann.draws()
        assert ann.desktop.view.spare == {"ack", "link"}
        await ann.desktop.mail.recall(row.id)
        await ann.until(lambda: ann.desktop.view.spare == {"ack", "recall", "link"})

        for kind, spare in (
            (Kind.DRAFTS, {"up", "down", "open", "delete"}),
            (Kind.CONSOLE, set()),
        ):
            ann.desktop.open(kind)
            ann.draws()
            assert ann.desktop.view.spare == spare


# -- many at once


async def test_what_is_done_to_marked_messages_is_done_to_these_only(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "one", "two", "three")
        bob.acts.act("mark")
        bob.acts.act("mark")
        bob.acts.act("marked")
        assert bob.said[-1].startswith("2 marked messages")
        bob.acts.act("keep-unread")
        assert bob.desktop.view.pane.kept == {2, 3}
        assert bob.desktop.view.pane.marked == set()

        bob.acts.act("mark")
        bob.acts.act("marked")
        bob.acts.act("down")
        bob.acts.act("delete")
        assert bob.desktop.mail.inbox.is_gone(bob.desktop.mail.inbox.newest) is False


async def test_a_message_that_was_deleted_comes_back(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "one", "two")
        bob.acts.act("delete")
        bob.draws()
        assert bob.desktop.view.row == bob.row("one")
        bob.acts.act("undelete")
        bob.acts.act("top")
        assert bob.desktop.view.row == bob.row("two")


async def test_a_recall_is_for_senders_and_an_acknowledgement_for_readers(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "one")
        bob.acts.act("recall")
        assert bob.said[-1] == "only who sent a message can recall it"
        await ann.has_mail("one", Box.OUTBOX)
        ann.desktop.view.go(Box.OUTBOX)
        ann.draws()
        ann.acts.act("ack")
        assert ann.said[-1] == "only who received a message can acknowledge it"
        bob.acts.act("ack")
        await ann.hears("bob acknowledged o1")


async def test_a_recall_is_asked_about_once_for_all_that_are_marked(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        for to, subject in (("cyd", "one"), ("bob, cyd", "two"), ("cyd", "three")):
            await ann.sends(to, subject)
        await ann.has_mail("three", Box.OUTBOX)
        ann.desktop.view.go(Box.OUTBOX)
        ann.draws()
        ann.aside.key = "n"
        ann.acts.act("recall")
        ann.acts.act("mark")
        ann.acts.act("recall")
        assert ann.aside.questions == [
            "Recall from cyd?",
            "Recall from bob and 1 more?",
        ]
        await ann.settles()
        assert ann.home.count("mail.recall") == 0

        ann.aside.key = "y"
        ann.acts.act("mark")
        ann.acts.act("marked")
        ann.acts.act("recall")
        assert ann.aside.questions[2:] == ["Recall 2 messages?"]
        await ann.settles()
        assert ann.home.count("mail.recall") == 2


# -- finding


async def test_a_search_goes_from_hit_to_hit_and_a_filter_shows_them(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "red one", "blue", "red two", "green")
        bob.aside.typed = {"search": "red", "filter": "red"}
        bob.acts.act("search")
        await bob.hears("2 messages found")
        await bob.settles()
        seen = []
        for _ in range(3):
            row = bob.desktop.view.row
            seen.append(row and row.subject)
            bob.acts.act("search-next")
        assert seen == ["red two", "red one", "red two"]

        bob.acts.act("filter")
        await bob.hears("2 messages found")
        await bob.settles()
        bob.acts.act("bottom")
        bob.draws()
        assert bob.desktop.view.row == bob.row("red one")
        assert bob.acts.leave()
        assert bob.desktop.mail.inbox.filtered is None
        assert not bob.acts.leave()


async def test_people_are_found_by_their_names_as_words_are(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        for to, subject in (("bob", "red"), ("cyd", "blue"), ("cyd", "red bob")):
            await ann.sends(to, subject)
        await ann.has_mail("red bob", Box.OUTBOX)
        ann.desktop.view.go(Box.OUTBOX)
        outbox = ann.desktop.mail.outbox
        for words, positions in (
            ("bob", {1, 3}),
            ("BOB", {1, 3}),
            ("cyd", {2, 3}),
            ("red cyd", {3}),
            ('"red bob"', {3}),
            ("cyd -bob", {2}),
            ("dan", set[int]()),
        ):
            ann.aside.typed = {"filter": words}
            ann.acts.act("filter")
            await ann.settles()
            left = {at for at in range(1, 4) if not outbox.is_gone(at)}
            assert (words, left) == (words, positions)

        ann.aside.typed = {"search": "bob"}
        ann.desktop.view.pane.window.unfilter()
        ann.acts.act("search")
        await ann.hears("2 messages found")
        ann.desktop.command("search bob")
        await ann.until(lambda: ann.aside.texts)
        assert ann.aside.texts[-1][1][0] == "found: 2"


async def test_what_is_sent_is_seen_whatever_was_filtered(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        await ann.sends("bob", "red")
        await ann.has_mail("red", Box.OUTBOX)
        ann.desktop.view.go(Box.OUTBOX)
        ann.aside.typed = {"filter": "red"}
        ann.acts.act("filter")
        await ann.hears("1 message found")
        await ann.sends("cyd", "blue")
        await ann.has_mail("blue", Box.OUTBOX)
        ann.draws()
        ann.acts.act("top")
        assert ann.desktop.view.row == ann.row("blue", Box.OUTBOX)


async def test_the_next_unopened_one_is_found(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "one", "two")
        bob.acts.act("open")
        await ann.hears("bob opened o2")
        bob.acts.leave()
        bob.acts.act("next-unread")
        await bob.settles()
        assert bob.desktop.view.row == bob.row("one")
        assert opened(bob) == 1


# -- answering


async def test_a_quote_of_an_unopened_message_opens_it(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "one")
        bob.acts.act("reply")
        await bob.settles()
        assert opened(bob) == 0
        bob.acts.act("quote")
        await bob.settles()
        assert opened(bob) == 1
        first, second = bob.desktop.post.drafts
        assert (first.to, first.subject, first.body) == ("ann", "Re: one", "")
        assert "> text of one" in second.body
        assert bob.acts.act("no such action") is False


async def test_a_failed_message_is_tried_again_from_the_outbox(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await bob.home.call("block.add", {"user": "ann"})
        ann.desktop.composing.send(ann.writes("bob", "keys", "x"))
        await ann.hears("not sent")
        await bob.home.call("block.remove", {"user": "ann"})
        ann.desktop.view.go(Box.OUTBOX)
        ann.draws()
        ann.acts.act("retry")
        await ann.hears("sent to bob")

        ann.home.refused["mail.send"].append(Refusal("self_recipient"))
        ann.desktop.composing.send(ann.writes("bob", "again", "x"))
        await ann.hears("not sent")
        ann.acts.act("top")
        ann.draws()
        ann.acts.act("open")
        assert ann.desktop.view.guest is not None


# -- by name


async def test_a_message_is_opened_by_its_number_whatever_is_filtered(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await mails(ann, bob, "red", "blue")
        bob.desktop.console.screened = Commands(
            bob.desktop, bob.acts, Choosing()
        ).screened(lambda: None)
        bob.desktop.mail.inbox.filter([])
        bob.desktop.command("open i1")
        await ann.hears("bob opened o1")
        bob.draws()
        assert bob.desktop.view.row == bob.row("red")
        assert bob.desktop.view.spot is Spot.VIEW

        bob.desktop.command("open")
        await bob.settles()
        assert bob.desktop.view.row == bob.row("blue")
        bob.desktop.command("open i9")
        await bob.settles()
        assert bob.ground.status.bad


class Choosing:
    """Somebody who takes the last of a list."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def choose(self, title: str, items: object, chosen: object) -> None:
        assert title == "Rooms (:create ROOM makes one)"
        self.lines = [plain(item) for item in items]  # type: ignore[attr-defined]
        chosen(len(self.lines) - 1)  # type: ignore[operator]


async def test_a_room_is_joined_from_the_list(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.home.call("room.create", {"room": "zoo", "topic": "a\x1b[31mnimals"})
        choosing = Choosing()
        commands = Commands(bob.desktop, bob.acts, choosing)
        commands.rooms()
        await bob.until(lambda: bob.desktop.rooms.knows("zoo"))
        assert choosing.lines[-1] == "#zoo  1 member  animals  (Enter joins)"
        assert list(commands.known("room")) == ["lobby", "zoo"]
        commands.rooms()
        await bob.settles()
        assert bob.desktop.current.name == "zoo"
        info = bob.desktop.rooms.infos["zoo"]._replace(unread=3)
        assert "  3 new  2 members" in plain(room_line(info, joined=True))


async def test_the_history_of_the_room_one_looks_at_reads_back(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.console.screened = Commands(
            ann.desktop, ann.acts, Choosing()
        ).screened(lambda: None)
        for number in range(30):
            await ann.desktop.rooms.post("lobby", f"number {number}")
        ann.desktop.command("history lobby")
        shown = "".join(render_text(ann.desktop.view, SIZE))
        assert "number 29" in shown
        ann.desktop.command("history")
        shown = "".join(render_text(ann.desktop.view, SIZE))
        assert "number 29" not in shown
        assert "number 10" in shown


async def test_the_history_before_a_message_is_shown_on_top(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.console.screened = Commands(
            ann.desktop, ann.acts, Choosing()
        ).screened(lambda: None)
        for number in range(1, 9):
            await ann.desktop.rooms.post("lobby", f"number {number}")
        ann.desktop.command("history lobby 4")
        await ann.until(lambda: ann.aside.texts)
        [(title, lines)] = ann.aside.texts
        assert title == "history lobby 4"
        assert lines[0] == "#lobby, messages 1 to 3 of 8"
        assert [line[-8:] for line in lines[1:]] == ["number 1", "number 2", "number 3"]

        ann.desktop.command("history lobby mine")
        await ann.hears("nothing was said in #lobby since you last wrote")


async def test_the_history_of_a_room_one_is_not_in_is_refused(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.console.screened = Commands(
            ann.desktop, ann.acts, Choosing()
        ).screened(lambda: None)
        ann.desktop.command("history nowhere")
        assert ann.said[-1] == "you are not in #nowhere: join nowhere"
        ann.desktop.command("history lobby")
        assert ann.desktop.current.name == "lobby"
        ann.desktop.command("inbox")
        assert ann.desktop.view.spot is Spot.INBOX

"""Any sequence of mail commands, beside a model of a few dictionaries (T18)."""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from msgspec.structs import replace

from nimsg.core.commands import Act, AddBlock, RemoveBlock, SendMail
from nimsg.protocol.constants import LOBBY, Box, CopyState
from nimsg.protocol.results import ChangePage, InboxRow, OutboxRow
from nimsg.store.base import Counts, ListQuery
from nimsg.store.schema import connect_reader
from tests.support.company import bodies, come, go, say
from tests.support.post import ORIGIN, Backend, Post, refused, rows
from tests.support.storepages import made_anew


PEOPLE = ("ann", "bob", "cyd")
NEW = (CopyState.STORED, CopyState.FETCHED)
UNREAD = (*NEW, CopyState.IMPORTED)
RISE = {
    Act.FETCHED: {CopyState.STORED: CopyState.FETCHED},
    Act.OPENED: dict.fromkeys(UNREAD, CopyState.OPENED),
    Act.ACKED: dict.fromkeys((*UNREAD, CopyState.OPENED), CopyState.ACKED),
    Act.RECALLED: dict.fromkeys(NEW, CopyState.RECALLED),
    Act.DELETED: dict.fromkeys(UNREAD, CopyState.DELETED),
}


@dataclass
class Message:
    """A sent message: where each copy stands, and who has removed it from view."""

    command: SendMail
    sender: str
    copies: dict[str, CopyState]
    refused: int
    hidden: set[str] = field(default_factory=set)
    imported: bool = False
    removed: bool = False

    @property
    def pending(self) -> bool:
        waits = any(state in NEW for state in self.copies.values())
        return waits and self.sender not in self.hidden

    def refusal(self, act: Act, actor: str) -> str:
        """Why an act is refused; empty where it is not."""
        copy = self.copies.get(actor)
        if act is Act.FETCHED:
            return ""
        if act is Act.RECALLED and actor == self.sender:
            return "not_permitted" if self.imported else ""
        if act is Act.RECALLED:
            return "not_sender" if copy else "not_found"
        if act is not Act.DELETED and copy is CopyState.RECALLED:
            return "recalled"
        if actor in self.hidden or (copy is None and actor != self.sender):
            return "not_found"
        return "not_recipient" if copy is None and act is Act.ACKED else ""

    def do(self, act: Act, actor: str) -> None:
        """What an act that is not refused comes to."""
        for name in self.copies if act is Act.RECALLED else {actor} & {*self.copies}:
            state = self.copies[name]
            self.copies[name] = RISE[act].get(state, state)
        if act is Act.DELETED:
            self.hidden.add(actor)

    @property
    def boxes(self) -> tuple[set[str], set[str]]:
        """Whose inbox and whose outbox it is in."""
        alone = self.imported and {*self.copies} == {self.sender}
        return {*self.copies} - self.hidden, {self.sender} - self.hidden - {
            self.sender if alone else ""
        }


Known = dict[str, InboxRow | OutboxRow]


class Machine(RuleBasedStateMachine):
    """A store, the model, and readers that follow each mailbox page by page."""

    backend: Backend

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.post = Post(self.backend, Path(self._folder.name) / "var")
        self.uids = dict(zip(PEOPLE, self.post.people(*PEOPLE), strict=True))
        self.messages: dict[str, Message] = {}
        self.cursors: dict[str, str | None] = dict.fromkeys(PEOPLE)
        self.known: dict[str, Known] = {name: {} for name in PEOPLE}
        self.blocks: set[tuple[str, str]] = set()
        self.said: list[tuple[str, str]] = []
        self.logins: dict[str, list[bool]] = {name: [] for name in PEOPLE}

    @rule(
        sender=st.sampled_from(PEOPLE),
        to=st.lists(st.sampled_from((*PEOPLE, "eve", "fay")), min_size=1, unique=True),
    )
    def send(self, sender: str, to: list[str]) -> None:
        command = self.post.letter(self.uids[sender], to)
        reached = [
            name for name in to if name in PEOPLE and (name, sender) not in self.blocks
        ]
        if not reached:
            with refused("all_refused"):
                self.post.sent(command)
            return
        sent = self.post.sent(command)
        assert (sent.to, sent.duplicate) == (reached, False)
        copies = dict.fromkeys(reached, CopyState.STORED)
        message = Message(command, sender, copies, len(to) - len(reached))
        self.messages[sent.id] = message

    @rule(
        sender=st.sampled_from(PEOPLE),
        to=st.lists(st.sampled_from((*PEOPLE, "eve")), min_size=1, unique=True),
    )
    def import_(self, sender: str, to: list[str]) -> None:
        reached = [name for name in to if name in PEOPLE]
        if not reached:
            return
        command = replace(self.post.letter(self.uids[sender], to), origin=ORIGIN)
        sent = self.post.sent(command)
        copies = dict.fromkeys(reached, CopyState.IMPORTED)
        self.messages[sent.id] = Message(
            command, sender, copies, len(to) - len(reached), imported=True
        )

    @rule(owner=st.sampled_from(PEOPLE), other=st.sampled_from(PEOPLE))
    def block(self, owner: str, other: str) -> None:
        uid, theirs = self.uids[owner], self.uids[other]
        if owner == other:
            with refused("self_target"):
                self.post.ask(AddBlock(uid, theirs))
        elif (owner, other) in self.blocks:
            self.post.ask(RemoveBlock(uid, theirs))
            self.blocks.remove((owner, other))
        else:
            self.post.ask(AddBlock(uid, theirs))
            self.blocks.add((owner, other))

    @rule(sender=st.sampled_from(PEOPLE))
    def say(self, sender: str) -> None:
        sent = say(self.post, self.uids[sender], LOBBY, f"text {len(self.said)}")
        self.said.append((sender, f"text {len(self.said)}"))
        assert sent.message.position == len(self.said)

    @rule(name=st.sampled_from(PEOPLE))
    def hear(self, name: str) -> None:
        heard = [
            text for sender, text in self.said if (name, sender) not in self.blocks
        ]
        assert bodies(self.post, self.uids[name], LOBBY) == heard[-50:]

    @rule(name=st.sampled_from(PEOPLE))
    def come_or_go(self, name: str) -> None:
        uid, mine = self.uids[name], self.logins[name]
        if mine and mine[-1]:
            go(self.post, uid)
            mine[-1] = False
        else:
            come(self.post, uid)
            mine.append(True)
        rows = self.post.store.logins(uid, None, 99)
        assert [row.ended_at is None for row in reversed(rows)] == mine

    @rule(most=st.integers(1, 3))
    def purge(self, most: int) -> None:
        due = [
            message
            for message in self.messages.values()
            if message.boxes == (set(), set()) and not message.removed
        ]
        assert self.post.purge(most=most) == min(most, len(due))
        with closing(connect_reader(self.post.root / "index.db")) as index:
            removed = index.execute("SELECT id FROM message WHERE removed").fetchall()
        for (id_,) in removed:
            message = self.messages[id_]
            assert message.removed or message in due
            # Who got none is forgotten with the text.
            message.removed, message.refused = True, 0

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), act=st.sampled_from(Act), actor=st.sampled_from(PEOPLE))
    def act(self, data: st.DataObject, act: Act, actor: str) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.messages)))
        message = self.messages[id_]
        expected = message.refusal(act, actor)
        if expected:
            with refused(expected):
                self.post.act(act, self.uids[actor], id_)
            return
        copies = self.post.act(act, self.uids[actor], id_)
        message.do(act, actor)
        assert {name: copy.state for name, copy in copies.items()} == message.copies

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.messages)))
        sent = self.post.sent(self.messages[id_].command)
        assert (sent.id, sent.duplicate) == (id_, True)

    @rule(name=st.sampled_from(PEOPLE), most=st.integers(1, 4))
    def follow(self, name: str, most: int) -> None:
        since = self.cursors[name]
        self.learn(name, self.post.store.changes(self.uids[name], since, most))

    def learn(self, name: str, page: ChangePage) -> None:
        self.cursors[name] = page.cursor
        for row in rows(page):
            self.known[name][f"{type(row).__name__} {row.id}"] = row

    @rule(
        name=st.sampled_from(PEOPLE),
        all_=st.booleans(),
        before=st.sampled_from((None, 3)),
        most=st.integers(1, 4),
    )
    def list_(self, name: str, all_: bool, before: int | None, most: int) -> None:
        query = ListQuery(self.uids[name], Box.INBOX, all_, before, most)
        assert self.post.store.page(query) == made_anew(self.post.root, query)

    @rule()
    def settle(self) -> None:
        self.post.settle()

    @rule()
    def reopen(self) -> None:
        self.post.reopen()

    @rule(name=st.sampled_from(PEOPLE))
    def look(self, name: str) -> None:
        uid = self.uids[name]
        mine = [m for m in self.messages.values() if m.sender == name]
        theirs = [m for m in self.messages.values() if name in m.copies]
        kept_in = [m for m in theirs if name in m.boxes[0]]
        kept_out = [m for m in mine if name in m.boxes[1]]
        new = [m for m in theirs if m.copies[name] in NEW]
        pending = [m for m in mine if m.pending]
        assert self.post.store.counts(uid) == Counts(len(new), len(pending))
        inbox, outbox = self.post.inbox(uid), self.post.outbox(uid)
        assert [self.messages[row.id] for row in reversed(inbox)] == kept_in
        assert [self.messages[row.id] for row in reversed(outbox)] == kept_out
        for row in inbox:
            assert row.receipt.state is self.messages[row.id].copies[name]
        for one in outbox:
            states = {receipt.user: receipt.state for receipt in one.receipts}
            assert states == self.messages[one.id].copies
            assert one.pending == self.messages[one.id].pending
        assert len(self.post.inbox(uid, all_=False)) == len(new)
        assert len(self.post.outbox(uid, all_=False)) == len(pending)

    def teardown(self) -> None:
        try:
            self._conserved()
            for name, uid in self.uids.items():
                self.look(name)
                self.hear(name)
                for page in self.post.changes(uid, self.cursors[name], 4):
                    self.learn(name, page)
                everything = self.post.store.changes(uid, None, 500)
                assert sorted(self.known[name].values(), key=str) == sorted(
                    rows(everything), key=str
                )
        finally:
            self.post.store.close()
            assert self.post.check().problems == []
            self._folder.cleanup()

    def _conserved(self) -> None:
        """Each copy is in one state, and each recipient has a copy or a refusal."""
        found: Counter[CopyState] = Counter()
        for id_, message in self.messages.items():
            if message.sender in message.boxes[1]:
                states = self.post.states(self.uids[message.sender], id_)
                assert states == message.copies
                found.update(states.values())
            else:
                found.update(message.copies.values())
            if not message.removed:
                to = message.command.to
                assert len(message.copies) + message.refused == len(to)
        report = self.post.check()
        assert report.copies == {state: found[state] for state in CopyState}
        assert report.refused == sum(m.refused for m in self.messages.values())

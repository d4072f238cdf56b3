"""A store used as a server uses it: commit, file, then answer or refuse."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from nimsg.core.commands import (
    Act,
    Command,
    Copies,
    CreateAccount,
    CreateToken,
    MailAct,
    Outcome,
    PurgeMail,
    RemoveAccount,
    SendMail,
    SentMail,
    SetPassword,
    SetRole,
)
from nimsg.core.ladder import Copy
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box, CopyState, Device
from nimsg.protocol.results import (
    ChangePage,
    Hits,
    InboxRow,
    Origin,
    OutboxRow,
    Page,
)
from nimsg.store.base import ListQuery, SearchQuery, Store
from nimsg.store.check import Report, check_store
from nimsg.store.disk import RealDisk
from nimsg.store.layout import Layout
from nimsg.store.local import LocalStore


START = 1_795_000_000_000
DAY = 86_400_000
MOST_PAGES = 200
ORIGIN = Origin(
    "Old Friend <friend@example.org>",
    ["ann@example.org"],
    1_000_000_000_000,
    60,
    "<1@example.org>",
)


def refused(kind: str) -> "pytest.RaisesExc[Refusal]":
    """A refusal of this kind, and no other."""
    return pytest.RaisesExc(Refusal, check=lambda refusal: refusal.kind == kind)


def rows(page: Page | ChangePage) -> list[InboxRow | OutboxRow]:
    """The rows of both boxes."""
    return [*page.inbox, *page.outbox]


def page_of(store: Store, query: ListQuery) -> Page:
    """A page of a box, as a client reads it."""
    return msgspec.json.decode(msgspec.json.encode(store.page(query).page), type=Page)


class Backend(NamedTuple):
    """How one kind of store is opened, and how one on a folder is checked."""

    open: Callable[[Path, Callable[[int], bytes]], Store]
    check: Callable[[Path], Report]


class SmallDisk(RealDisk):
    """A disk with so little room that no reserve is held: that takes its time."""

    def free_bytes(self, path: Path) -> int:
        """A megabyte at most."""
        return min(super().free_bytes(path), 1_000_000)


def open_local(root: Path, entropy: Callable[[int], bytes]) -> Store:
    """The store on a local disk, taking mail as long as there is any room."""
    return LocalStore(root, disk=SmallDisk(), entropy=entropy, min_free_bytes=1)


BACKENDS = {"local": Backend(open_local, check_store)}


class Entropy:
    """Bytes that look random and are the same in each run."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, count: int) -> bytes:
        self._calls += 1
        return hashlib.sha256(str(self._calls).encode()).digest()[:count]


class Post:
    """A store, a clock of a second a command, and words for what is asked of it."""

    def __init__(self, backend: Backend, root: Path) -> None:
        self.root = root
        self.now = START
        self._backend = backend
        self._entropy = Entropy()
        self._sent = 0
        self.start()

    def check(self) -> Report:
        """What the check finds; the store may be open."""
        return self._backend.check(self.root)

    def do(self, *commands: Command) -> list[Outcome | Refusal]:
        """A batch: what returns is answered."""
        self.now += 1000
        batch = self.store.commit(commands, self.now)
        self.store.file(batch)
        return batch.outcomes

    def ask(self, command: Command) -> Outcome:
        """One command; raises the refusal."""
        outcome = self.do(command)[0]
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    def start(self) -> None:
        """Open the store; it may not be open."""
        self.store = self._backend.open(self.root, self._entropy)

    def reopen(self) -> None:
        """A clean stop and a new start."""
        self.store.close()
        self.start()

    def settle(self) -> None:
        """Let the journal forget all that stands in files."""
        self.store.settle()
        self.do()

    def people(self, *names: str) -> list[int]:
        """New accounts."""
        return [self.uid(CreateAccount(name, None)) for name in names]

    def uid(self, command: Command) -> int:
        """The account that a command is about."""
        return self.number(command)

    def number(self, command: Command) -> int:
        """What a command comes to, where that is a number."""
        value = self.ask(command).value
        assert isinstance(value, int)
        return value

    def letter(self, sender: int, to: Sequence[str], **more: str | None) -> SendMail:
        """A message of its own, unless `more` says otherwise."""
        self._sent += 1
        fields = {
            "client_id": f"c{self._sent}",
            "subject": f"subject {self._sent}",
            "body": f"body {self._sent}",
            "reply_to": None,
        } | more
        return SendMail(
            sender,
            list(to),
            fields["client_id"] or "",
            fields["subject"] or "",
            fields["body"] or "",
            fields["reply_to"],
        )

    def send(self, sender: int, *to: str, **more: str | None) -> SentMail:
        """Send a message."""
        return self.sent(self.letter(sender, to, **more))

    def sent(self, command: SendMail) -> SentMail:
        """Send this message."""
        value = self.ask(command).value
        assert isinstance(value, SentMail)
        return value

    def import_(
        self,
        sender: int,
        *to: str,
        origin: Origin | None = None,
        references: Sequence[str] = (),
        **more: str | None,
    ) -> SentMail:
        """Take over a mail; a name must be given for each copy."""
        letter = self.letter(sender, to, **more)
        return self.sent(
            replace(letter, origin=origin or ORIGIN, references=list(references))
        )

    def purge(self, before: int | None = None, most: int = 100) -> int:
        """Remove texts that nobody has had in view since a time, or by now."""
        return self.number(PurgeMail(self.now + 1 if before is None else before, most))

    def index(self) -> None:
        """Take everything into the full text."""
        while self.store.index_text(3):
            pass

    def search(self, owner: int, words: str = "", **more: object) -> Hits:
        """What is found."""
        return self.store.search(SearchQuery(owner, words, **more))  # type: ignore[arg-type]

    def find(self, owner: int, words: str = "", **more: object) -> list[str]:
        """The ids of what is found, newest first, all of them at once."""
        hits = self.search(owner, words, **({"limit": 100} | more)).hits
        return [row.id for hit in hits if (row := hit.inbox or hit.outbox or hit.room)]

    def act(self, act: Act, actor: int, *ids: str) -> dict[str, Copy]:
        """Something happens to messages; the copies of the last one after it."""
        value = self.ask(MailAct(act, actor, list(ids), Device.TUI)).value
        assert isinstance(value, Copies)
        return value.copies

    def states(self, sender: int, id_: str) -> dict[str, CopyState]:
        """What the sender is told of each copy."""
        receipts = self.store.status(sender, id_).receipts
        return {receipt.user: receipt.state for receipt in receipts}

    def changes(self, owner: int, since: str | None, most: int) -> list[ChangePage]:
        """Pages of changes to the end, which must come."""
        pages: list[ChangePage] = []
        for _ in range(MOST_PAGES):
            pages.append(self.store.changes(owner, since, most))
            since = pages[-1].cursor
            if not pages[-1].more:
                return pages
        raise AssertionError("changes never end")

    def pages(self, owner: int, box: Box, most: int) -> list[Page]:
        """Pages of everything in a box to the end, which must come."""
        pages: list[Page] = []
        before: int | None = None
        for _ in range(MOST_PAGES):
            query = ListQuery(owner, box, all=True, before=before, limit=most)
            pages.append(page_of(self.store, query))
            before = pages[-1].next
            if before is None:
                return pages
        raise AssertionError("pages never end")

    def inbox(self, owner: int, *, all_: bool = True) -> list[InboxRow]:
        """An inbox, newest first."""
        query = ListQuery(owner, Box.INBOX, all=all_, limit=500)
        return page_of(self.store, query).inbox

    def outbox(self, owner: int, *, all_: bool = True) -> list[OutboxRow]:
        """An outbox, newest first."""
        query = ListQuery(owner, Box.OUTBOX, all=all_, limit=500)
        return page_of(self.store, query).outbox


Rest = Callable[[Post], None]


def lose_index(post: Post) -> None:
    """A clean stop, the index deleted, and a new start."""
    post.store.close()
    (post.root / "index.db").unlink()
    post.start()


RESTS: dict[str, Rest] = {
    "live": lambda _: None,
    "reopened": Post.reopen,
    "rebuilt": lose_index,
}


class Busy(NamedTuple):
    """The ids of three messages that much has happened to."""

    shared: str
    recalled: str
    answered: str


def keep_busy(post: Post) -> Busy:
    """A little of everything, on two days, with the clock set back in between."""
    ann, bob, cyd, dee = post.people("ann", "bob", "cyd", "dee")
    post.do(CreateToken(ann, "t1", "secret 1", "phone", None))
    post.do(CreateToken(ann, "t2", "secret 2", "script", post.now + DAY))
    shared = post.send(ann, "cyd", "bob", "eve", subject="Hi", body="wörter\n").id
    recalled = post.send(ann, "bob").id
    post.act(Act.FETCHED, bob, shared, recalled)
    post.act(Act.OPENED, bob, shared)
    post.act(Act.RECALLED, ann, recalled)
    post.now += DAY
    post.act(Act.ACKED, bob, shared)
    answered = post.send(bob, "ann", reply_to=shared).id
    post.now -= DAY
    post.act(Act.OPENED, ann, answered)
    post.act(Act.DELETED, ann, answered)
    post.act(Act.DELETED, ann, recalled)
    post.do(RemoveAccount(dee), SetRole(cyd, "admin"), SetPassword(bob, "argon"))
    return Busy(shared, recalled, answered)


def with_a_removal(root: Path) -> tuple[Layout, str]:
    """A closed store in which one message was deleted by both and removed; its id."""
    post = Post(BACKENDS["local"], root)
    post.people("ann", "bob")
    id_ = post.send(1, "bob").id
    for uid in (1, 2):
        post.act(Act.DELETED, uid, id_)
    post.purge()
    post.store.close()
    return Layout(root), id_

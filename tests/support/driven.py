"""A store driven step by step as a server drives it, and all that can be seen of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from nimsg.core.accounts import Account
from nimsg.core.commands import (
    Act,
    Command,
    CreateAccount,
    CreateInvitation,
    MailAct,
    Outcome,
    PurgeMail,
    SendMail,
)
from nimsg.errors import Refusal, StorageFailure
from nimsg.protocol.constants import Box, Device
from nimsg.protocol.drafts import DraftRow
from nimsg.protocol.results import InboxRow, OutboxRow
from nimsg.protocol.results_rooms import RoomInfo
from nimsg.store.accountfile import decode_account
from nimsg.store.base import Batch, HistoryQuery, ListQuery, RoomsQuery
from nimsg.store.draftfile import decode_draft
from nimsg.store.invitationfile import decode_invitation
from nimsg.store.ledger import line_digest, parse_line, read_lines
from nimsg.store.local import LocalStore
from nimsg.store.messagefile import decode_message
from nimsg.store.removal import read_stubs
from nimsg.store.roomfile import decode_room
from nimsg.store.schema import GENESIS
from tests.support.faultydisk import FaultyDisk
from tests.support.post import ORIGIN, page_of


# Two minutes before a midnight: the third minute is of another day.
START = 1_795_305_480_000
MINUTE = 60_000
NAMES = ("ann", "bob", "cyd", "dee")
ANN, BOB, CYD, DEE = 1, 2, 3, 4
INVITATION = "01M7Q5CYARTHSNWEH6BRBEXR1Z"

Opener = Callable[[Path, FaultyDisk], LocalStore]
View = dict[str, object]


def open_store(root: Path, disk: FaultyDisk) -> LocalStore:
    """A store that takes mail as long as the disk has any room."""
    return LocalStore(root, disk=disk, min_free_bytes=1, entropy=entropy())


def entropy() -> Callable[[int], bytes]:
    """The same random bytes every time."""
    return Random(7).randbytes  # noqa: S311


class Driven:
    """A store that is open, and can be opened again."""

    def __init__(
        self, root: Path, disk: FaultyDisk, opener: Opener = open_store
    ) -> None:
        self._root = root
        self._disk = disk
        self._opener = opener
        self._last_n = 0
        self.is_open = True
        self.store = opener(root, disk)

    def do(self, commands: Sequence[Command], now: int) -> list[Outcome | Refusal]:
        """Commit and file a batch: what returns is answered."""
        batch = self.store.commit(commands, now)
        for row in batch.rows:
            assert row.n > self._last_n, "a number was given again"
            self._last_n = row.n
        self.store.file(batch)
        return batch.outcomes

    def reopen(self) -> None:
        """A clean stop and a new start."""
        self.is_open = False
        self.store.close()
        self.store = self._opener(self._root, self._disk)
        self.is_open = True


Step = Callable[[Driven, int], None]


def create(*names: str) -> Step:
    """Make accounts, or find them made."""

    def step(driven: Driven, now: int) -> None:
        outcomes = driven.do([CreateAccount(n, "h", existing=True) for n in names], now)
        assert all(isinstance(outcome, Outcome) for outcome in outcomes)

    return step


def invite(driven: Driven, now: int) -> None:
    """Make the invitation, unless it is there."""
    if not driven.store.invitations():
        driven.do([CreateInvitation(INVITATION, "code", "label", None)], now)


def join(name: str) -> Step:
    """Make an account with the invitation, or find it made."""

    def step(driven: Driven, now: int) -> None:
        if driven.store.account(name) is None:
            outcomes = driven.do([CreateAccount(name, "h", invitation="code")], now)
            assert kinds(outcomes) == ["done"]

    return step


def send(key: str, *to: str) -> Step:
    """Ann sends; the key is client_id, subject and the beginning of the body."""

    def step(driven: Driven, now: int) -> None:
        mail = SendMail(ANN, list(to), key, key, f"{key}: {'text ' * 20}", None)
        outcomes = driven.do([mail], now)
        assert isinstance(outcomes[0], Outcome), outcomes

    return step


def together(*steps: Step) -> Step:
    """All of them at one time."""

    def step(driven: Driven, now: int) -> None:
        for one in steps:
            one(driven, now)

    return step


def import_(key: str, *to: str) -> Step:
    """Ann takes over a mail; the key is as with `send`."""

    def step(driven: Driven, now: int) -> None:
        mail = SendMail(ANN, list(to), key, key, f"{key}: old", None, origin=ORIGIN)
        outcomes = driven.do([mail], now)
        assert isinstance(outcomes[0], Outcome), outcomes

    return step


def purge(most: int = 9) -> Step:
    """Texts that nobody has in view are removed."""

    def step(driven: Driven, now: int) -> None:
        driven.do([PurgeMail(now + 1, most)], now)

    return step


def act(what: Act, actor: int, key: str) -> Step:
    """Something happens to the message of a key; what is done already is refused."""

    def step(driven: Driven, now: int) -> None:
        id_ = id_of(driven.store, actor, key)
        driven.do([MailAct(what, actor, [id_], Device.TUI)] if id_ else [], now)

    return step


def settle(driven: Driven, now: int) -> None:
    """What stands in files is forgotten by the journal."""
    driven.store.settle()
    driven.do([], now)


def sync(driven: Driven, _now: int) -> None:
    """What stands in files will be forgotten with the next commit."""
    driven.store.settle()


def reopen(driven: Driven, _now: int) -> None:
    """Stop and start."""
    driven.reopen()


def id_of(store: LocalStore, owner: int, key: str) -> str:
    """The id of the message with this subject; empty where the owner has none."""
    rows = (row for box in Box for row in rows_of(store, owner, box))
    return next((row.id for row in rows if row.subject == key), "")


def rows_of(store: LocalStore, owner: int, box: Box) -> list[InboxRow | OutboxRow]:
    """All that is in a box."""
    page = page_of(store, ListQuery(owner, box, all=True, limit=500))
    return [*page.inbox, *page.outbox]


def moment(number: int) -> int:
    """When the step of this number happens."""
    return START + number * MINUTE


def play(driven: Driven, steps: Sequence[Step], first: int = 0) -> None:
    """Do the steps from one on."""
    for number in range(first, len(steps)):
        steps[number](driven, moment(number))


def require_read_only(driven: Driven) -> None:
    """The store promises nothing more, still answers questions, and can be closed."""
    store = driven.store
    for change in (
        lambda: store.commit([], 0),
        lambda: store.file(Batch([], [])),
        store.settle,
    ):
        with pytest.raises(StorageFailure):
            change()
    store.counts(ANN)
    store.close()


def mail(key: str) -> SendMail:
    """A short letter from Ann to Bob."""
    return SendMail(ANN, ["bob"], key, key, "text", None)


def opening(driven: Driven, actor: int) -> MailAct:
    """Somebody opens the message of the key `old`."""
    id_ = id_of(driven.store, actor, "old")
    return MailAct(Act.OPENED, actor, [id_], Device.LINE)


def kinds(outcomes: Sequence[Outcome | Refusal]) -> list[str]:
    """What each command came to: a kind of refusal, or `done`."""
    return [o.kind if isinstance(o, Refusal) else "done" for o in outcomes]


# -- all that can be seen


def view(store: LocalStore) -> View:
    """Every row, receipt, text, account and ledger line, with keys for ids.

    Looking fails where the index and the files do not tell the same.
    """
    accounts = store.accounts()
    seen: View = {}
    keys: dict[str, str] = {}
    for account in accounts:
        path = store.layout.user(account.uid)
        assert path.exists(), f"{path} is gone"
        assert decode_account(path.read_bytes()) == account, path
        for box in Box:
            rows = rows_of(store, account.uid, box)
            seen[f"{account.name} {box}"] = [replace(row, id="") for row in rows]
            keys |= {row.id: row.subject for row in rows}
            for row in rows:
                seen[f"{account.name} {row.subject}"] = text(store, account.uid, row.id)
        seen[f"{account.name} counts"] = store.counts(account.uid)
        seen |= {f"{account.name} {key}": one for key, one in met(store, account)}
    seen["accounts"] = accounts
    seen["removed"] = removed(store)
    for name, info in rooms_of(store).items():
        seen[f"#{name}"] = info
    seen["invitations"] = store.invitations()
    for one in store.invitations():
        path = store.layout.invitation(one.id)
        assert decode_invitation(path.read_bytes(), one.id) == one, path
    seen["drafts"] = drafts_of(store, accounts)
    seen["ledger"] = ledger(store, keys)
    return seen


def met(store: LocalStore, account: Account) -> Iterator[tuple[str, object]]:
    """What somebody sees of the own rooms, with texts, and of the own logins."""
    for place in account.rooms:
        page = store.history(HistoryQuery(account.uid, place.room, limit=100))
        assert not page.damaged, f"the message file of {page.damaged} is gone"
        found = [replace(one, id="", digest="") for one in page.messages]
        yield f"#{place.room}", replace(page, messages=found)
    rows = store.logins(account.uid, None, 100)
    yield "logins", [replace(row, n=0) for row in rows]


def rooms_of(store: LocalStore) -> dict[str, RoomInfo]:
    """All rooms, which stand in their files."""
    rooms = {room.room: room for room in store.rooms(RoomsQuery(0)).rooms}
    for path in store.layout.rooms.glob("*.json"):
        room = decode_room(path.read_bytes(), path.stem)
        known = rooms[room.name]
        told = room.topic, room.created_at or None
        assert told == (known.topic, known.created_at), path
    files = len(list(store.layout.rooms.glob("*.json")))
    made = [room for room in rooms.values() if room.created_by or room.topic]
    assert files >= len(made), "the file of a room is gone"
    return rooms


def drafts_of(store: LocalStore, accounts: Iterable[Account]) -> list[DraftRow]:
    """All drafts, which stand in their files, and no others do."""
    found = [row for one in accounts for row in store.drafts(one.uid, None, 500).drafts]
    files = [
        decode_draft(path.read_bytes(), path.stem)
        for path in store.layout.drafts.glob("*.json")
    ]
    told = sorted((one.client_id, one.body, one.saved_at) for one in files)
    assert told == sorted((row.client_id, row.body, row.saved_at) for row in found), (
        "the files of drafts are others"
    )
    return found


def text(store: LocalStore, asker: int, id_: str) -> str:
    """A body, or that it was recalled; nothing else keeps it from who sees its row."""
    try:
        return store.letter(asker, id_).body
    except Refusal as refusal:
        if refusal.kind != "recalled":
            raise
        return refusal.kind


def removed(store: LocalStore) -> list[str]:
    """The keys of messages whose text is gone, which no file holds any more."""
    stubs = [
        stub
        for day in store.layout.day_folders()
        for stub in read_stubs(store.layout.removals_of(day))
    ]
    for stub in stubs:
        path = store.layout.message(stub.id)
        assert not path.exists(), f"the message file {path} stands"
    return sorted(stub.client_id for stub in stubs)


def ledger(store: LocalStore, keys: dict[str, str]) -> list[object]:
    """What the ledger tells, its chain checked."""
    head, last = GENESIS, 0
    told: list[object] = []
    for path, number, data in read_lines(store.layout):
        line = parse_line(data, path, number)
        assert line.prev == head, f"{path}: the chain is broken at line {line.n}"
        assert line.n > last
        head, last = line_digest(data), line.n
        told.append((line.event, line.user, [keys.get(i) for i in line.ids], line.time))
    return told


def require_whole(root: Path) -> None:
    """Every file that has a name of ours is what was once written."""
    for path in (root / "messages").rglob("*.json"):
        assert decode_message(path.read_bytes()).id == path.stem
    for path in (root / "users").glob("*.json"):
        decode_account(path.read_bytes())
    for path in (root / "invitations").glob("*.json"):
        decode_invitation(path.read_bytes(), path.stem)
    for path in (root / "rooms").glob("*.json"):
        decode_room(path.read_bytes(), path.stem)
    for path in (root / "ledger").glob("*.jsonl"):
        assert path.read_bytes()[-1:] in (b"", b"\n"), path


def views_of(driven: Driven, steps: Iterable[Step]) -> list[View]:
    """What is seen before the first step and after each."""
    views = [view(driven.store)]
    for number, step in enumerate(steps):
        step(driven, moment(number))
        views.append(view(driven.store))
    return views


# Four people, and a message that is new to three of them.
NEW_TO_THREE = (create(*NAMES), send("old", "bob", "cyd", "dee"), settle)

"""The golden store of a release: a little of everything that a store can hold.

    python -m tests.support.golden

makes the one of this release in tests/data, which is kept for ever: a store that was
stopped, the same one as a kill left it, and what is seen in it.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from argon2 import PasswordHasher

from nimsg import __version__
from nimsg.core.accounts import Account
from nimsg.core.commands import (
    Act,
    Command,
    CountFailure,
    CreateInvitation,
    DeleteDraft,
    MailAct,
    MarkRoom,
    NoteLogin,
    PostToRoom,
    SaveDraft,
    SetPassword,
    SetTopic,
)
from nimsg.core.ulid import ulid
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box, Device
from nimsg.store.base import HistoryQuery, RoomsQuery, Store
from tests.support.aioclient import PASSWORD
from tests.support.company import keep_company
from tests.support.corpus import OWN
from tests.support.post import BACKENDS, DAY, Post, keep_busy


ANN, BOB, CYD = 1, 2, 3
STOPPED, KILLED, SEEN = "stopped", "killed", "seen.json"
# What no start needs, or makes anew.
LEFT_OUT = ("search.db*", "lock", "reserve", "*-shm")
SALT = b"the same always!"
Seen = dict[str, object]


def golden(version: str = __version__) -> Path:
    """Where the golden store of a release is."""
    return OWN / f"golden-{version}"


def make(target: Path) -> None:
    """Make the golden store of this code; the same each time."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "var"
        post = Post(BACKENDS["local"], root)
        keep_busy(post)
        company = keep_company(post)
        keep_the_rest(post)
        post.settle()
        post.reopen()
        without = shutil.ignore_patterns(*LEFT_OUT)
        batch = post.store.commit(last_of_all(post, company.room), post.now)
        shutil.copytree(root, target / KILLED, ignore=without)
        post.store.file(batch)
        text = json.dumps(seen(post.store), indent=1, ensure_ascii=False)
        (target / SEEN).write_text(text + "\n", encoding="utf-8")
        post.store.close()
        shutil.copytree(root, target / STOPPED, ignore=without)


def keep_the_rest(post: Post) -> None:
    """Drafts, an invitation, a lock, a password, imported mail, a removed text."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    post.do(SetPassword(BOB, hasher.hash(PASSWORD, salt=SALT)))
    for key in ("one", "two"):
        id_ = ulid(post.now, key.encode().ljust(10)[:10])
        post.do(SaveDraft(id_, ANN, key, "bob", "Entwürfe", f"{key}: ünfertig", None))
    post.do(CreateInvitation(ulid(post.now, bytes(10)), "code", "for eve", None))
    for _ in range(3):
        post.do(CountFailure("bob", "", DAY))
    post.import_(ANN, "bob", subject="of old times")
    gone = post.send(BOB, "cyd", subject="gone")
    for uid in (BOB, CYD):
        post.act(Act.DELETED, uid, gone.id)
    post.purge()
    post.send(CYD, "bob", subject="\N{SNOWMAN} stays", body="Zeilen\nund Zeilen\n")


def last_of_all(post: Post, room: str) -> list[Command]:
    """What the journal alone holds when the server is killed."""
    post.now += DAY
    [mail, *_] = post.inbox(BOB)
    key = ulid(post.now, bytes(10))
    return [
        post.letter(BOB, ["cyd"], body="just sent"),
        MailAct(Act.ACKED, BOB, [mail.id], Device.LINE),
        PostToRoom(ANN, room, "last", "just said"),
        MarkRoom(ANN, room, 3),
        SetTopic(ANN, room, "a new topic", any_room=False),
        CreateInvitation(key, "another code", "for joe", post.now + DAY),
        DeleteDraft(ANN, "one"),
        SaveDraft(key, ANN, "two", "cyd", "Entwürfe", "two: fertig", None),
        NoteLogin(BOB, Device.TUI, "192.0.2.7"),
    ]


def seen(store: Store) -> Seen:
    """All that anybody can see, as JSON has it."""
    accounts = store.accounts()
    found: Seen = {
        "accounts": accounts,
        "blocks": store.blocks(),
        "invitations": store.invitations(),
        "locks": store.locks(),
        "rooms": store.rooms(RoomsQuery(0)).rooms,
    }
    for account in accounts:
        found |= {f"{account.name} {what}": it for what, it in _own(store, account)}
    plain: Seen = json.loads(msgspec.json.encode(found))
    return plain


def _own(store: Store, account: Account) -> Iterator[tuple[str, object]]:
    """What one account sees."""
    uid = account.uid
    yield "counts", store.counts(uid)
    yield "drafts", store.drafts(uid, None, 100)
    yield "logins", store.logins(uid, None, 100)
    changes = store.changes(uid, None, 500)
    yield "inbox", changes.inbox
    yield "outbox", changes.outbox
    for row in changes.inbox:
        yield f"{Box.INBOX} {row.id}", _asked(store.letter, uid, row.id)
    for sent in changes.outbox:
        yield f"{Box.OUTBOX} {sent.id}", _asked(store.letter, uid, sent.id)
        yield f"status {sent.id}", _asked(store.status, uid, sent.id)
    for place in account.rooms:
        yield f"#{place.room}", store.history(HistoryQuery(uid, place.room, limit=100))


def _asked(question: Callable[[int, str], object], uid: int, id_: str) -> object:
    """An answer, or the kind of the refusal."""
    try:
        return question(uid, id_)
    except Refusal as refusal:
        return refusal.kind


def missing(then: object, now: object, at: str = "") -> list[str]:
    """Where what was seen is not seen any more; members may have come since."""
    if isinstance(then, dict) and isinstance(now, dict):
        gone = [f"{at}/{key}" for key in then if key not in now]
        both = [key for key in then if key in now]
        return gone + [
            fault
            for key in both
            for fault in missing(then[key], now[key], f"{at}/{key}")
        ]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return [
            fault
            for number, (one, other) in enumerate(zip(then, now, strict=True))
            for fault in missing(one, other, f"{at}/{number}")
        ]
    return [] if then == now else [f"{at}: {then!r} is {now!r} now"]


def main() -> int:
    """Make it, unless it is there."""
    target = golden()
    if target.exists():
        print(f"{target} is there, and stays as it is", file=sys.stderr)
        return 1
    target.mkdir(parents=True)
    make(target)
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())

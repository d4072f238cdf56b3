"""A store that is watched, held up or made to fail; all work is the local store's."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from nimsg.core.accounts import Account
from nimsg.core.commands import Command
from nimsg.core.invitations import Invitation
from nimsg.errors import StorageFailure
from nimsg.protocol.drafts import Drafts
from nimsg.protocol.results import (
    ChangePage,
    Hits,
    Letters,
    LoginRow,
    Opened,
    Status,
    Thread,
)
from nimsg.protocol.results_rooms import Members, RoomInfo, RoomPage, Rooms
from nimsg.store.base import (
    Arrival,
    Batch,
    Counts,
    HistoryQuery,
    LastLogin,
    Listing,
    ListQuery,
    Lock,
    ReadQuery,
    RoomsQuery,
    SearchQuery,
    SeenUser,
    Sizes,
)
from nimsg.store.local import LocalStore


HANG_S = 30
Hook = Callable[[str], None]


class WatchedStore:
    """See `nimsg.store.base.Store`.

    `before` is told each operation's name on the thread that is about to do it, and
    `after` on the one that has found whose a token is.
    `batches` are the lengths of the commits that held anything.
    """

    def __init__(self, root: Path, before: Hook = lambda _: None) -> None:
        self.before = before
        self.after: Hook = lambda _: None
        self.calls: Counter[str] = Counter()
        self.batches: list[int] = []
        self._store = LocalStore(root)

    def commit(self, commands: Sequence[Command], now: int) -> Batch:
        self._note("commit")
        if commands:
            self.batches.append(len(commands))
        return self._store.commit(commands, now)

    def file(self, batch: Batch) -> None:
        self._note("file")
        self._store.file(batch)

    def settle(self) -> bool:
        self._note("settle")
        return self._store.settle()

    def fail(self, failure: StorageFailure) -> StorageFailure:
        self._note("fail")
        return self._store.fail(failure)

    def index_text(self, most: int) -> bool:
        self._note("index_text")
        return self._store.index_text(most)

    def close(self) -> None:
        self._store.close()

    def account(self, name: str) -> Account | None:
        self._note("account")
        return self._store.account(name)

    def account_by_uid(self, uid: int) -> Account:
        self._note("account_by_uid")
        return self._store.account_by_uid(uid)

    def arrival(self, uid: int, *, last: bool) -> Arrival:
        self._note("arrival")
        return self._store.arrival(uid, last=last)

    def token_arrival(self, secret_hash: str, *, last: bool) -> Arrival | None:
        self._note("token_arrival")
        found = self._store.token_arrival(secret_hash, last=last)
        self.after("token_arrival")
        return found

    def accounts(self) -> list[Account]:
        self._note("accounts")
        return self._store.accounts()

    def invitation(self, secret_hash: str) -> Invitation | None:
        self._note("invitation")
        return self._store.invitation(secret_hash)

    def invitations(self) -> list[Invitation]:
        self._note("invitations")
        return self._store.invitations()

    def drafts(self, uid: int, after: str | None, limit: int) -> Drafts:
        self._note("drafts")
        return self._store.drafts(uid, after, limit)

    def counts(self, owner: int) -> Counts:
        self._note("counts")
        return self._store.counts(owner)

    def page(self, query: ListQuery) -> Listing:
        self._note("page")
        return self._store.page(query)

    def page_at_hand(self, query: ListQuery) -> Listing | None:
        return self._store.page_at_hand(query)

    def changes(self, owner: int, since: str | None, limit: int) -> ChangePage:
        self._note("changes")
        return self._store.changes(owner, since, limit)

    def letter(self, asker: int, id: str) -> Opened:  # noqa: A002 - the contract's name
        self._note("letter")
        return self._store.letter(asker, id)

    def find_hash(self, asker: int, body_md5: str) -> str:
        self._note("find_hash")
        return self._store.find_hash(asker, body_md5)

    def search(self, query: SearchQuery) -> Hits:
        self._note("search")
        return self._store.search(query)

    def thread(self, asker: int, id: str) -> Thread:  # noqa: A002
        self._note("thread")
        return self._store.thread(asker, id)

    def read(self, query: ReadQuery) -> Letters:
        self._note("read")
        return self._store.read(query)

    def status(self, asker: int, id: str) -> Status:  # noqa: A002
        self._note("status")
        return self._store.status(asker, id)

    def blocks(self) -> list[tuple[int, int]]:
        self._note("blocks")
        return self._store.blocks()

    def room(self, asker: int, name: str) -> RoomInfo:
        self._note("room")
        return self._store.room(asker, name)

    def sizes(self) -> Sizes:
        self._note("sizes")
        return self._store.sizes()

    def rooms(self, query: RoomsQuery) -> Rooms:
        self._note("rooms")
        return self._store.rooms(query)

    def members(self, asker: int, room: str, after: str | None, limit: int) -> Members:
        self._note("members")
        return self._store.members(asker, room, after, limit)

    def history(self, query: HistoryQuery) -> RoomPage:
        self._note("history")
        return self._store.history(query)

    def logins(self, uid: int, before: int | None, limit: int) -> list[LoginRow]:
        self._note("logins")
        return self._store.logins(uid, before, limit)

    def last_login(self, uid: int) -> LastLogin:
        self._note("last_login")
        return self._store.last_login(uid)

    def seen_since(self, at: int) -> list[SeenUser]:
        self._note("seen_since")
        return self._store.seen_since(at)

    def last_seen(self, uid: int) -> int | None:
        self._note("last_seen")
        return self._store.last_seen(uid)

    def locks(self) -> list[Lock]:
        self._note("locks")
        return self._store.locks()

    def _note(self, operation: str) -> None:
        self.calls[operation] += 1
        self.before(operation)


class Gate:
    """Holds the next `operation` on its thread until it is opened, and may fail it.

    Made on the loop that waits for `reached`.
    """

    def __init__(self, operation: str) -> None:
        self.reached = asyncio.Event()
        self.failure = ""
        self._operation = operation
        self._loop = asyncio.get_running_loop()
        self._open = threading.Event()

    def __call__(self, operation: str) -> None:
        if operation != self._operation:
            return
        if not self._open.is_set():
            self._loop.call_soon_threadsafe(self.reached.set)
            assert self._open.wait(HANG_S)
        if self.failure:
            raise StorageFailure(self.failure)

    def open(self, *, failure: str = "") -> None:
        """Let it pass, or fail from now on."""
        self.failure = failure
        self._open.set()

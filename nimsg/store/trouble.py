"""What to do with what cannot be used while an index is made anew."""

from collections.abc import Sequence, Set as AbstractSet
from pathlib import Path
from typing import NoReturn, Protocol

from nimsg.core.accounts import Account
from nimsg.errors import StorageFailure
from nimsg.store.accountfile import decode_account, encode_account
from nimsg.store.atomic import put_file
from nimsg.store.disk import Disk
from nimsg.store.layout import Layout
from nimsg.store.mailboxes import Mailbox
from nimsg.store.quarantine import Quarantine, lost_messages
from nimsg.store.removal import Stub, encode_stub, readable_stubs


class Trouble(Protocol):
    """Told of each thing, in the order in which they are met."""

    @property
    def lost(self) -> AbstractSet[str]:
        """Ids of messages that are known to be gone."""
        ...

    @property
    def ends(self) -> Sequence[Mailbox]:
        """The last positions that are known to have been given."""
        ...

    def bad_account(self, path: Path, why: str) -> Account | None:
        """An account file that is none; the account, where it is known otherwise."""
        ...

    def bad_invitation(self, path: Path, why: str) -> None:
        """An invitation file that is none."""
        ...

    def bad_message(self, path: Path, why: str) -> None:
        """A message file that is none."""
        ...

    def bad_removals(self, path: Path, why: str) -> list[Stub]:
        """A day's list of removed messages that is none; what can be read of it."""
        ...

    def unknown_name(self, name: str) -> Account:
        """A message is from or to somebody who has no account file."""
        ...

    def unknown_message(self, id_: str, where: str) -> None:
        """The ledger tells of a message that has no file."""
        ...

    def bad_line(self, path: Path, number: int, why: str) -> None:
        """A line of the ledger that is none, or tells what cannot have been."""
        ...


class Strict:
    """Goes on with nothing: a start must not decide what may be given up."""

    def __init__(self, layout: Layout) -> None:
        self._root = layout.root
        self.lost: AbstractSet[str] = lost_messages(layout)
        self.ends: Sequence[Mailbox] = ()

    def bad_account(self, path: Path, why: str) -> Account | None:
        """See `Trouble`."""
        self._stop(f"{path} is damaged: {why}")

    def bad_invitation(self, path: Path, why: str) -> None:
        """See `Trouble`."""
        self._stop(f"{path} is damaged: {why}")

    def bad_message(self, path: Path, why: str) -> None:
        """See `Trouble`."""
        self._stop(f"{path} is damaged: {why}")

    def bad_removals(self, path: Path, why: str) -> list[Stub]:
        """See `Trouble`."""
        self._stop(f"{path} is damaged: {why}")

    def unknown_name(self, name: str) -> Account:
        """See `Trouble`."""
        self._stop(f"a message is from or to {name!r}, and there is no such account")

    def unknown_message(self, id_: str, where: str) -> None:  # noqa: ARG002
        """See `Trouble`."""
        self._stop(where)

    def bad_line(self, path: Path, number: int, why: str) -> None:
        """See `Trouble`."""
        self._stop(f"{path} line {number}: {why}")

    def _stop(self, what: str) -> NoReturn:
        raise StorageFailure(
            f"{what}. `nimsg check --rebuild --var {self._root}` goes on without what "
            "cannot be used"
        )


class Lenient:
    """Takes aside what cannot be used, and goes on with the rest.

    `remarks` are lines for the operator about what is not in quarantine. A lost
    account is taken from `known`, the old index's accounts, or else gets a new file,
    without a password, under a number that is free. `ends` are of the old index too.
    """

    def __init__(
        self,
        disk: Disk,
        layout: Layout,
        now: int,
        known: Sequence[Account] = (),
        ends: Sequence[Mailbox] = (),
    ) -> None:
        self.ends = ends
        self._known = {layout.user(one.uid).stem: one for one in known}
        self._disk = disk
        self._layout = layout
        self._now = now
        self.quarantine = Quarantine(disk, layout)
        self.lost: set[str] = lost_messages(layout)
        self.remarks: list[str] = []
        files = (path.stem for path in layout.users.glob("*.json"))
        uids = [int(stem) for stem in files if stem.isdecimal()]
        self._last_uid = max([0, *uids, *(one.uid for one in known)])

    def bad_account(self, path: Path, why: str) -> Account | None:
        """See `Trouble`."""
        self.quarantine.move(path, why)
        account = self._known.get(path.stem)
        if account is not None:
            self._restore(account)
        return account

    def bad_invitation(self, path: Path, why: str) -> None:
        """See `Trouble`. It admits nobody any more."""
        self.quarantine.move(path, why)

    def restore_accounts(self) -> None:
        """Write the files of accounts that the old index has and nobody else.

        A file that can be read and is of another account goes to quarantine.
        """
        for account in self._known.values():
            path = self._layout.user(account.uid)
            try:
                found = decode_account(path.read_bytes())
                if (found.uid, found.name) != (account.uid, account.name):
                    self.bad_account(path, f"it is not of {account.name}")
            except FileNotFoundError:
                self._restore(account)
            except (OSError, StorageFailure):
                continue

    def _restore(self, account: Account) -> None:
        self._put(account)
        self.remarks.append(f"the file of {account.name} was taken from the index")

    def bad_message(self, path: Path, why: str) -> None:
        """See `Trouble`."""
        self.lost.add(path.stem)
        self.quarantine.move(path, why)

    def bad_removals(self, path: Path, why: str) -> list[Stub]:
        """See `Trouble`."""
        stubs = readable_stubs(path)
        self.quarantine.move(path, why)
        lines = b"".join(encode_stub(stub) + b"\n" for stub in stubs)
        put_file(self._disk, path, lines, durable=True)
        return stubs

    def unknown_name(self, name: str) -> Account:
        """See `Trouble`."""
        self._last_uid += 1
        account = Account(self._last_uid, name, "user", None, self._now)
        self._put(account)
        self.remarks.append(
            f"{name} had no account file and got a new one without a password: "
            "set it with nimsg user passwd"
        )
        return account

    def _put(self, account: Account) -> None:
        path = self._layout.user(account.uid)
        put_file(self._disk, path, encode_account(account), durable=True)

    def unknown_message(self, id_: str, where: str) -> None:  # noqa: ARG002
        """See `Trouble`."""
        self.lost.add(id_)
        self.quarantine.give_up(id_, "the ledger tells of it, and it has no file")

    def bad_line(self, path: Path, number: int, why: str) -> None:
        """See `Trouble`."""
        below = path.relative_to(self._layout.root)
        self.remarks.append(f"{below} line {number} was passed over: {why}")

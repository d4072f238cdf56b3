"""Fills the file system of a folder, and sees that only mail stops.

Run on one of about 24 MiB that nobody else uses: `python -m tests.support.fulldisk
FOLDER`. Every refusal to write is the kernel's.
"""

import sys
from pathlib import Path

from nimsg.core.commands import Act, Command, CreateAccount, MailAct, Outcome, SendMail
from nimsg.errors import StorageFailure
from nimsg.protocol.constants import Box, Device
from nimsg.store.base import ListQuery
from nimsg.store.local import LocalStore
from nimsg.store.reserve import RESERVE_BYTES
from tests.support.post import page_of


MIN_FREE = 2 * RESERVE_BYTES
LETTERS = 200


def kinds(store: LocalStore, *commands: Command) -> list[str]:
    """Commit, file and settle a batch; `done` or a refusal for each command."""
    batch = store.commit(commands, 1_795_305_480_000)
    store.file(batch)
    store.settle()
    return ["done" if isinstance(o, Outcome) else o.kind for o in batch.outcomes]


def fill(path: Path) -> None:
    """Take all the space there is."""
    with path.open("ab", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def live_on(folder: Path) -> None:
    """A life on a full disk."""
    root, filler = folder / "var", folder / "filler"
    store = LocalStore(root, min_free_bytes=MIN_FREE)
    kinds(store, CreateAccount("ann", "h"), CreateAccount("bob", "h"))
    letters = [
        SendMail(1, ["bob"], f"{n}", "", "x" * 999, None) for n in range(LETTERS)
    ]
    assert kinds(store, *letters) == ["done"] * LETTERS
    rows = page_of(store, ListQuery(2, Box.INBOX, limit=LETTERS)).inbox
    more = SendMail(1, ["bob"], "more", "", "x" * 999, None)

    # while it runs
    fill(filler)
    for row in rows:
        opening = MailAct(Act.OPENED, 2, [row.id], Device.TUI)
        assert kinds(store, opening, more) == ["done", "disk_full"]
    filler.unlink()
    assert kinds(store, more) == ["done"]
    store.close()

    # while it starts, with a reserve and without
    fill(filler)
    store = LocalStore(root, min_free_bytes=MIN_FREE)
    ack = MailAct(Act.ACKED, 2, [rows[-1].id], Device.TUI)
    again, new = letters[0], SendMail(1, ["bob"], "new", "", "x" * 999, None)
    assert kinds(store, ack, again, new) == ["done", "done", "disk_full"]
    store.close()
    fill(filler)
    try:
        LocalStore(root, min_free_bytes=MIN_FREE).close()
    except StorageFailure:
        filler.unlink()
    store = LocalStore(root, min_free_bytes=MIN_FREE)
    assert store.counts(2).new == 1
    store.close()


if __name__ == "__main__":
    live_on(Path(sys.argv[1]))

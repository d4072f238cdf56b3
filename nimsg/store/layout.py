"""Where everything lies below var/. No text of a user ever becomes a path."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from shlex import quote

from nimsg.core.ulid import ulid_time
from nimsg.errors import ConfigError
from nimsg.protocol.times import MS_PER_DAY


FORMAT = 1
# What `format` holds while a backup is not whole.
UNFINISHED = "unfinished backup"
REMOVALS = "removed.jsonl"
ENDS = ("", "-wal", "-shm")
ORDINAL_1970 = date(1970, 1, 1).toordinal()


# Making a `Path` costs a tenth of making the file.
StrPath = str | Path


class Layout:
    """The paths of one store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.messages = root / "messages"
        self._messages = str(self.messages)
        self.ledger = root / "ledger"
        self.users = root / "users"
        self.invitations = root / "invitations"
        self.rooms = root / "rooms"
        self.drafts = root / "drafts"
        self.index = root / "index.db"
        self.search = root / "search.db"
        self.quarantine = root / "quarantine"
        self.format = root / "format"
        self.lock = root / "lock"
        self.reserve = root / "reserve"
        self.admin_socket = root / "admin.sock"
        self.tls = root / "tls"

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders a store always has."""
        return (
            self.messages,
            self.ledger,
            self.users,
            self.invitations,
            self.rooms,
            self.drafts,
        )

    @property
    def new_index(self) -> Path:
        """An index that is being made, and has its name only when it is whole."""
        return self.index.with_name(f"{self.index.name}.new")

    @property
    def databases(self) -> tuple[Path, ...]:
        """The index, with what SQLite keeps beside it."""
        return tuple(self.root / f"{self.index.name}{end}" for end in ENDS)

    @property
    def parts(self) -> tuple[Path, ...]:
        """All that a store may have in it; beside some stand others of longer names."""
        files = (self.format, self.lock, self.reserve, self.index, self.search)
        others = (self.quarantine, self.admin_socket, self.tls)
        return (*self.folders, *files, *others)

    def message(self, id: str) -> Path:  # noqa: A002 - the wire's name
        """The file of a message: its folder is the day within its id."""
        return Path(self.message_path(id))

    def message_path(self, id: str) -> str:  # noqa: A002
        """The same as text, which is made in a third of the time."""
        day = day_name(ulid_time(id) // MS_PER_DAY)
        return f"{self._messages}/{day}/{id}.json"

    def removals(self, id: str) -> Path:  # noqa: A002
        """Where the removal of a message is noted."""
        return self.removals_of(self.message(id).parent)

    def removals_of(self, day: Path) -> Path:
        """The same for a whole day, by the folder of its messages."""
        return day / REMOVALS

    def day_folders(self) -> Iterator[Path]:
        """The folders of message files, oldest first."""
        for year in _folders(self.messages):
            for month in _folders(year):
                yield from _folders(month)

    def message_files(self) -> Iterator[Path]:
        """Every file below messages/ that has a message's name, oldest first."""
        for day in self.day_folders():
            yield from sorted(day.glob("*.json"))

    def ledger_day(self, day: str) -> Path:
        """The ledger of a day, `2026-11-20`."""
        return self.ledger / f"{day}.jsonl"

    def user(self, uid: int) -> Path:
        """The file of an account."""
        return self.users / f"{uid:08d}.json"

    def invitation(self, id: str) -> Path:  # noqa: A002
        """The file of an invitation."""
        return self.invitations / f"{id}.json"

    def room(self, id: str) -> Path:  # noqa: A002
        """The file of a room; #lobby has one only once it has a topic."""
        return self.rooms / f"{id}.json"

    def draft(self, id: str) -> Path:  # noqa: A002
        """The file of a draft."""
        return self.drafts / f"{id}.json"


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir())


@lru_cache
def day_name(day: int) -> str:
    """The folder `2026/11/20` of a day counted from 1970."""
    return f"{date.fromordinal(ORDINAL_1970 + day):%Y/%m/%d}"


def typed(words: str, root: Path) -> str:
    """A verb for the store at `root`, as it is typed in a shell."""
    return f"nimsg {words} --var {quote(str(root))}"


def made_anew(root: Path) -> str:
    """What makes the index of the store at `root` anew, as it is typed."""
    return typed("check --rebuild", root)


def require_found(layout: Layout) -> None:
    """Refuse a folder in which there is no store. Raises `ConfigError`."""
    if not is_marked(layout):
        raise not_found(layout.root)


def is_marked(layout: Layout) -> bool:
    """Whether there is a file `format`. Raises `ConfigError` where nobody can tell."""
    try:
        return layout.format.exists()
    except OSError as error:
        raise ConfigError(
            f"{layout.root} cannot be looked into: {error.strerror}; run this as the "
            "user who owns the store"
        ) from None


def not_found(root: Path) -> ConfigError:
    """There is no store at `root`."""
    if root.exists() and not root.is_dir():
        return ConfigError(f"{root} is a file; name the folder of a store with --var")
    return ConfigError(f"there is no store in {root}; name its folder with --var")

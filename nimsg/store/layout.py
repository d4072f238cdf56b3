"""Where everything lies below var/. No text of a user ever becomes a path."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path

from nimsg.core.ulid import ulid_time
from nimsg.protocol.times import MS_PER_DAY


FORMAT = 1
ORDINAL_1970 = date(1970, 1, 1).toordinal()


class Layout:
    """The paths of one store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.messages = root / "messages"
        self.ledger = root / "ledger"
        self.users = root / "users"
        self.index = root / "index.db"
        self.format = root / "format"
        self.lock = root / "lock"
        self.reserve = root / "reserve"
        self.admin_socket = root / "admin.sock"

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders a store always has."""
        return (self.messages, self.ledger, self.users)

    def message(self, id: str) -> Path:  # noqa: A002 - the wire's name
        """The file of a message: its folder is the day within its id."""
        day = day_name(ulid_time(id) // MS_PER_DAY)
        return Path(f"{self.messages}/{day}/{id}.json")

    def message_files(self) -> Iterator[Path]:
        """Every file below messages/ that has a message's name, oldest first."""
        for year in sorted(self.messages.iterdir()):
            for month in sorted(year.iterdir()):
                for day in sorted(month.iterdir()):
                    yield from sorted(day.glob("*.json"))

    def ledger_day(self, day: str) -> Path:
        """The ledger of a day, `2026-11-20`."""
        return self.ledger / f"{day}.jsonl"

    def user(self, uid: int) -> Path:
        """The file of an account."""
        return self.users / f"{uid:08d}.json"


@lru_cache
def day_name(day: int) -> str:
    """The folder `2026/11/20` of a day counted from 1970."""
    return f"{date.fromordinal(ORDINAL_1970 + day):%Y/%m/%d}"

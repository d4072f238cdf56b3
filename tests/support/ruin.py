"""A closed store to spoil by hand, one thing at a time."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from nimsg.protocol.constants import Device
from nimsg.store.accountfile import decode_account, encode_account
from nimsg.store.check import Problem, check_store
from nimsg.store.layout import Layout
from nimsg.store.ledger import ENCODER, LINE, Line, line_digest, read_lines
from nimsg.store.messagefile import decode_message, digest_of, encode_message
from tests.support.post import Busy


def named(problems: Sequence[Problem], *expected: str) -> bool:
    """Whether these are the problems, each told as `where: words of what`.

    After `...` at the end, more of them are no surprise.
    """
    told = [words.split(": ", 1) for words in expected if words != "..."]
    found = [(one.where.removeprefix("index.db: "), one.what) for one in problems]
    for where, words in told:
        assert any(where == at and words in what for at, what in found), found
    assert expected[-1:] == ("...",) or len(found) == len(told), found
    return True


class Ruin:
    """The store of `keep_busy` on a folder of its own."""

    def __init__(self, template: Path, root: Path, ids: Busy) -> None:
        shutil.copytree(template, root)
        self.root = root
        self.ids = ids
        self.layout = Layout(root)

    @property
    def problems(self) -> list[Problem]:
        """What the check finds."""
        return check_store(self.root).problems

    @property
    def days(self) -> list[Path]:
        """The files of the ledger."""
        return sorted(self.layout.ledger.iterdir())

    def name(self, path: Path) -> str:
        """A path as problems tell it."""
        return str(path.relative_to(self.root))

    def message(self, id_: str) -> Path:
        """The file of a message."""
        return self.layout.message(id_)

    def sql(self, statement: str, *values: str | int | bytes | None) -> None:
        """Change the index."""
        with closing(sqlite3.connect(self.layout.index)) as index, index:
            index.execute(statement, values)

    def add_journal_row(self, n: int, kind: int, name: str, data: bytes) -> None:
        """A row that waits to be filed."""
        self.sql("INSERT INTO journal VALUES (?, ?, ?, ?)", n, kind, name, data)

    def change_message(self, id_: str, **members: object) -> None:
        """Other members in a message file, with a digest that fits.

        With another id or number it is another file, here and below.
        """
        path = self.message(id_)
        changed = replace(decode_message(path.read_bytes()), **members)
        changed = replace(changed, digest=digest_of(changed))
        self.message(changed.id).write_bytes(encode_message(changed))

    def change_account(self, number: int, **members: object) -> None:
        """Other members in an account file."""
        path = self.layout.user(number)
        changed = replace(decode_account(path.read_bytes()), **members)
        self.layout.user(changed.uid).write_bytes(encode_account(changed))

    def edit_line(self, number: int, old: bytes, new: bytes) -> Path:
        """Other bytes in a line of the ledger, counted over all days; its file."""
        lines = self._lines()
        path, line = lines[number - 1]
        assert old in line
        lines[number - 1] = path, line.replace(old, new, 1)
        self._write(lines)
        return path

    def change_line(self, number: int, **members: object) -> Path:
        """Other members in a line, and digests that fit from there to the index."""
        lines = self._lines()
        path = lines[number - 1][0]
        for place, (day, data) in enumerate(lines):
            line = LINE.decode(data)
            if place == number - 1:
                line = replace(line, **members)
            if place >= number:
                line = replace(line, prev=line_digest(lines[place - 1][1]))
            lines[place] = day, ENCODER.encode(line)
        self._write(lines)
        head = line_digest(lines[-1][1])
        self.sql("UPDATE meta SET value = ? WHERE key = 'head'", head)
        return path

    def cut_line(self, number: int) -> None:
        """One line less."""
        lines = self._lines()
        del lines[number - 1]
        self._write(lines)

    def add_line(self, n: int, event: str, user: str, id_: str) -> None:
        """One line more at the end, with a digest that fits."""
        path, last = self._lines()[-1]
        time = LINE.decode(last).time
        line = Line(n, event, user, [id_], time, Device.TUI, line_digest(last))
        path.write_bytes(path.read_bytes() + ENCODER.encode(line) + b"\n")

    def _lines(self) -> list[tuple[Path, bytes]]:
        return [(path, line) for path, _, line in read_lines(self.layout)]

    def _write(self, lines: list[tuple[Path, bytes]]) -> None:
        for day in self.days:
            day.write_bytes(b"".join(line + b"\n" for at, line in lines if at == day))

"""An archive is written: it appears whole at the end, and nothing is replaced."""

import os
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from nimsg.archive.compose import compose
from nimsg.archive.jsonl import write_line
from nimsg.archive.mail import Mail, to_datetime
from nimsg.errors import ConfigError, StorageFailure


STDOUT = "-"
PRIVATE = 0o700
FLAGS = ":2,S"  # seen
MS_PER_SECOND = 1000
BOXES = ("tmp", "new", "cur")

ToBytes = Callable[[Mail], bytes]
Error = type[BaseException] | None


class Writer(ABC):
    """Takes mails, in `with`; what it writes stands when that ends well."""

    @abstractmethod
    def add(self, mail: Mail) -> None:
        """Write one mail. Raises `StorageFailure`."""

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self, kind: Error, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def create_archive(path: Path, form: str) -> Writer:
    """A new archive; the path `-` is the standard output.

    Raises `ConfigError` where something is there already or nothing can be made.
    """
    if form not in (*TO_BYTES, "maildir"):
        known = ", ".join([*TO_BYTES, "maildir"])
        raise ConfigError(f"no such format: {form}; there are {known}")
    if str(path) == STDOUT:
        if form == "maildir":
            raise ConfigError("a Maildir is a folder: give its path")
        return StreamWriter(TO_BYTES[form])
    _check_free(path)
    if form == "maildir":
        return MaildirWriter(path)
    return FileWriter(path, TO_BYTES[form])


class StreamWriter(Writer):
    """Writes to the standard output. A reader who leaves is the caller's matter."""

    def __init__(self, to_bytes: ToBytes) -> None:
        self._to_bytes = to_bytes

    def __enter__(self) -> Self:
        return self

    def add(self, mail: Mail) -> None:
        """Write one mail."""
        with _writing("standard output"):
            sys.stdout.buffer.write(self._to_bytes(mail))

    def __exit__(
        self, kind: Error, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            with _writing("standard output"):
                sys.stdout.buffer.flush()


class FileWriter(Writer):
    """Writes a file beside the path, which gets the name when it is whole."""

    def __init__(self, path: Path, to_bytes: ToBytes) -> None:
        self._path = path
        self._to_bytes = to_bytes

    def __enter__(self) -> Self:
        with _making(self._path):
            number, name = tempfile.mkstemp(
                prefix=f".{self._path.name[:64]}.", dir=self._path.parent
            )
        self._temporary = Path(name)
        self._file: BinaryIO = os.fdopen(number, "wb")
        return self

    def add(self, mail: Mail) -> None:
        """Write one mail."""
        with _writing(self._path):
            self._file.write(self._to_bytes(mail))

    def __exit__(
        self, kind: Error, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            with suppress(OSError):
                self._file.close()
            self._temporary.unlink(missing_ok=True)

    def _finish(self) -> None:
        with _writing(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            _check_free(self._path)
            self._temporary.rename(self._path)
            _sync_folder(self._path.parent)


class MaildirWriter(Writer):
    """Makes a Maildir; each file appears whole, and stays whatever comes after."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0

    def __enter__(self) -> Self:
        with _making(self._path):
            self._path.mkdir(PRIVATE)
            for box in BOXES:
                (self._path / box).mkdir(PRIVATE)
        return self

    def add(self, mail: Mail) -> None:
        """Write one mail, as its owner has read it."""
        self._written += 1
        name = f"{self._written:010}.M{os.getpid()}.nimsg"
        temporary = self._path / "tmp" / name
        with _writing(self._path):
            with temporary.open("xb") as file:
                file.write(compose(mail))
                file.flush()
                os.fsync(file.fileno())
            if mail.origin.date is not None:
                at = mail.origin.date // MS_PER_SECOND
                os.utime(temporary, (at, at))
            temporary.rename(self._path / "cur" / f"{name}{FLAGS}")

    def __exit__(
        self, kind: Error, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            with _writing(self._path):
                for folder in (self._path / "cur", self._path, self._path.parent):
                    _sync_folder(folder)


def _mbox_entry(mail: Mail) -> bytes:
    at = to_datetime(mail.origin.date or 0, None)
    start = f"From MAILER-DAEMON {time.asctime(at.timetuple())}\n"
    return start.encode("ascii") + compose(mail) + b"\n"


def _check_free(path: Path) -> None:
    if os.path.lexists(path):
        raise ConfigError(f"{path} is there already; nothing is replaced")


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _making(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path} cannot be made: {error.strerror}") from None


@contextmanager
def _writing(path: Path | str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StorageFailure(f"{path} cannot be written: {error.strerror}") from None


TO_BYTES: dict[str, ToBytes] = {"mbox": _mbox_entry, "jsonl": write_line}

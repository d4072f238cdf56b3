"""An mbox as a stream: one message in memory at a time (RFC 4155).

A line that begins with `From ` and follows an empty line, or nothing, starts a
message; quoted ones (`>From `) stay as they are.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from nimsg.archive.mail import Mail, Unusable
from nimsg.archive.message import content_length, read_message, unclosed_boundary
from nimsg.archive.scan import MESSAGE_BYTES, Item, item, readable


START = b"From "
EMPTY = (b"\n", b"\r\n")
PIECE_BYTES = 65_536
HEAD_ENDS = (b"\n\n", b"\r\n\r\n")


class Cut(NamedTuple):
    """What stands between one start and the next; the first has no `From ` line."""

    data: bytes
    size: int
    at: int
    ended: bool
    last: bool


def read_mbox(path: Path) -> Iterator[Item]:
    """Each message, in its order."""
    with readable(path), path.open("rb") as file:
        for number, cut in enumerate(_cuts(file)):
            if number:
                yield item(f"message {number}", cut.at, partial(_mail, cut))
            elif cut.data.strip() or cut.size > MESSAGE_BYTES:
                yield item("start", cut.at, partial(_stray, cut))


def _stray(cut: Cut) -> Mail:
    raise Unusable(f"{cut.size} bytes before the first line that begins with From")


def _mail(cut: Cut) -> Mail:
    """The message of a cut. Raises `Unusable`."""
    if cut.size > MESSAGE_BYTES:
        raise Unusable(f"has {cut.size} bytes; at most {MESSAGE_BYTES} are taken")
    if cut.last:
        _check_whole(cut)
    return read_message(cut.data)


def _check_whole(cut: Cut) -> None:
    """Raises `Unusable` where the last message of a file is not all there."""
    ends = [cut.data.find(end) + len(end) for end in HEAD_ENDS if end in cut.data]
    if not ends:
        raise _broken("its headers do not end", "add two empty lines at its end")
    head, body = cut.data[: min(ends)], cut.data[min(ends) :]
    length = content_length(head) or 0
    if length > len(body):
        raise _broken(
            f"its Content-Length says {length} bytes and {len(body)} are there",
            "remove that header",
        )
    boundary = unclosed_boundary(cut.data)
    if boundary is not None:
        raise _broken("its last part does not end", f"add the line --{boundary}--")
    if not cut.ended:
        raise _broken("no empty line follows it", "add one at the end of the file")


def _broken(sign: str, remedy: str) -> Unusable:
    return Unusable(f"broken off: {sign}; if it is whole, {remedy}")


def _cuts(file: BinaryIO) -> Iterator[Cut]:
    """The pieces of a file; what is too large for a message is only counted."""
    held, size, at = bytearray(), 0, 0
    at_start, empty, tail = True, True, b""
    while line := file.readline(PIECE_BYTES):
        starts = at_start and empty and line.startswith(START)
        if starts:
            yield Cut(bytes(held.removesuffix(tail)), size, at, ended=True, last=False)
            held, size = bytearray(), 0
        else:
            size += len(line)
            held += line
            if size > MESSAGE_BYTES:
                held.clear()
        at += len(line)
        empty = at_start and not starts and line in EMPTY
        tail = line if empty else b""
        at_start = line.endswith(b"\n")
    yield Cut(bytes(held.removesuffix(tail)), size, at, ended=empty, last=True)

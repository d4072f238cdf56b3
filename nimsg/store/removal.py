"""What is left of a message whose text was removed: a line in its day's folder.

The line keeps what must stay for ever, so that a retry under the old `client_id`
stores nothing and no position is given twice. The message file goes when the line
stands.
"""

from collections.abc import Iterator, Set as AbstractSet
from pathlib import Path

import msgspec
from msgspec import Struct, field

from nimsg.errors import StorageFailure
from nimsg.store.messagefile import MessageFile, Positions


class Stub(Struct, frozen=True):
    """The members of a line; `fingerprint` is that of the send."""

    id: str
    sender: str = field(name="from")
    to: list[str]
    time: str
    client_id: str
    fingerprint: str
    reply_to: str | None
    positions: Positions
    imported: bool

    def as_file(self) -> MessageFile:
        """The message without its texts."""
        return MessageFile(
            id=self.id,
            hash="",
            sender=self.sender,
            to=self.to,
            time=self.time,
            message="",
            subject="",
            digest="",
            client_id=self.client_id,
            reply_to=self.reply_to,
            positions=self.positions,
            refused=[],
        )


LF = 0x0A
ENCODER = msgspec.json.Encoder(order="sorted")
DECODER = msgspec.json.Decoder(Stub)


def encode_stub(stub: Stub) -> bytes:
    """The line without its newline."""
    return ENCODER.encode(stub)


def decode_stub(line: bytes, path: Path, number: int = 1) -> Stub:
    """Read a line by its number there. Raises `StorageFailure` naming both."""
    try:
        return DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise StorageFailure(f"{path} line {number} cannot be read") from None


def read_stubs(path: Path) -> Iterator[Stub]:
    """The stubs of a day, each once; what a crash left of a line is passed over.

    Raises `StorageFailure` for a line that is none.
    """
    if not path.exists():
        return
    seen: set[str] = set()
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            stub = decode_stub(line, path, number)
            if stub.id not in seen:
                seen.add(stub.id)
                yield stub


def readable_stubs(path: Path) -> list[Stub]:
    """What can be read of a day's stubs, each once."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    stubs = [stub for line in lines if (stub := _stub_in(line)) is not None]
    return list({stub.id: stub for stub in stubs}.values())


def stubs_end(data: bytes, ids: AbstractSet[str]) -> int:
    """Where a day's lines end without the last ones of these messages, or of none.

    They are written again: a crash or a failed sync may have left them in any shape,
    or in the cache only.
    """
    end = len(data)
    while end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        stub = _stub_in(data[start : end - 1]) if data[end - 1] == LF else None
        if stub is not None and stub.id not in ids:
            break
        end = start
    return end


def _stub_in(line: bytes) -> Stub | None:
    try:
        return decode_stub(line, Path())
    except StorageFailure:
        return None

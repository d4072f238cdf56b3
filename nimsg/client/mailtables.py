"""Mail in tables: the columns, and the cells of a row as texts that nobody cleaned."""

from collections.abc import Iterator, Mapping, Sequence

from nimsg.client.answers import Hit, InboxRow, Origin, OutboxRow, Receipt
from nimsg.client.references import (
    inbox_reference,
    outbox_reference,
    room_reference,
)
from nimsg.client.room_answers import RoomHit
from nimsg.client.tables import Column, device_words, short_time, table
from nimsg.protocol.constants import CopyState
from nimsg.text import clean_line, clip


Row = InboxRow | OutboxRow
Found = Hit | RoomHit
NEW = frozenset({CopyState.STORED, CopyState.FETCHED})
INBOX_COLUMNS = (
    Column("", 1),
    Column("No", 8),
    Column("From", 16),
    Column("Sent", 12, spare=True),
    Column("Read", 12, spare=True),
    Column("Subject", None),
)
OUTBOX_COLUMNS = (
    Column("No", 8),
    Column("To", 16),
    Column("Sent", 12, spare=True),
    Column("State", 10),
    Column("Read", 12, spare=True),
    Column("Subject", None),
)
HIT_COLUMNS = (
    Column("", 1),
    Column("No", 24),
    Column("Who", 18),
    Column("Sent", 12, spare=True),
    Column("Read", 12, spare=True),
    Column("Subject", None),
)
RECEIPT_COLUMNS = (
    Column("To", 24),
    Column("State", 10),
    Column("Fetched", 12),
    Column("Opened", 12),
    Column("Acked", 12),
    Column("By", 10),
)
BELOW = " " * 3
BRANCH = "└─> "
DEEPEST = 12


def inbox_cells(row: InboxRow, now: int) -> list[str]:
    """One line of the inbox."""
    mine = row.receipt
    subject = row.subject
    if mine.state == CopyState.RECALLED:
        subject = f"(recalled {short_time(mine.recalled_at, now)})"
    return [
        "N" if mine.state in NEW else "I" if row.origin else "",
        inbox_reference(row.position),
        author(row.origin) if row.origin else row.sender,
        short_time(written_at(row), now),
        short_time(mine.opened_at, now),
        subject,
    ]


def outbox_cells(row: OutboxRow, now: int) -> list[str]:
    """One line of the outbox."""
    return [
        outbox_reference(row.position),
        _readers(row),
        short_time(written_at(row), now),
        summary(row.receipts),
        short_time(last_read(row.receipts), now),
        row.subject,
    ]


def author(origin: Origin) -> str:
    """Who wrote an imported message: the name, or else the address."""
    name = origin.sender.partition("<")[0].strip().strip('"')
    return name or origin.sender.strip("<>")


def written_at(row: InboxRow | OutboxRow) -> int:
    """When a message was sent, here or where it was imported from."""
    date = row.origin.date if row.origin else None
    return row.sent_at if date is None else date


def summary(receipts: Sequence[Receipt]) -> str:
    """One word for one recipient; how many have read it for several."""
    if len(receipts) == 1:
        return receipts[0].state
    read = sum(receipt.opened_at is not None for receipt in receipts)
    return f"{read}/{len(receipts)} read"


def last_read(receipts: Sequence[Receipt]) -> int | None:
    """When the last of those who read it did so."""
    return max((r.opened_at for r in receipts if r.opened_at is not None), default=None)


def receipt_cells(receipt: Receipt, now: int) -> list[str]:
    """What one recipient has done, and when."""
    return [
        receipt.user,
        receipt.state,
        short_time(receipt.fetched_at, now),
        short_time(receipt.opened_at, now),
        short_time(receipt.acked_at, now),
        device_words(receipt.opened_by) if receipt.opened_by else "",
    ]


def hit_lines(hits: Sequence[Found], now: int, cells: int | None) -> list[str]:
    """A table of what was found, with a line of the text below each."""
    heading, *rows = table(HIT_COLUMNS, [_hit_cells(hit, now) for hit in hits], cells)
    lines = [heading]
    for row, hit in zip(rows, hits, strict=True):
        lines.append(row)
        if isinstance(hit, Hit) and hit.snippet:
            text = BELOW + clean_line(hit.snippet)
            lines.append(clip(text, cells) if cells else text)
    return lines


def _hit_cells(hit: Found, now: int) -> list[str]:
    """One line of what a search found."""
    if isinstance(hit, RoomHit):
        sent = short_time(hit.sent_at, now)
        number = room_reference(hit.room, hit.position)
        return ["", number, hit.sender, sent, "-", hit.snippet or ""]
    row = hit.row
    if isinstance(row, InboxRow):
        return inbox_cells(row, now)
    return [
        "",
        outbox_reference(row.position),
        f"to {_readers(row)}",
        short_time(written_at(row), now),
        short_time(last_read(row.receipts), now),
        row.subject,
    ]


def _readers(row: OutboxRow) -> str:
    return row.to[0] if len(row.to) == 1 else f"{row.to[0]} +{len(row.to) - 1}"


def tree(rows: Sequence[Row]) -> Iterator[tuple[Row, int]]:
    """Each message before its answers, with how deep it stands; ids in order."""
    ordered = sorted(rows, key=lambda row: row.id)
    known = {row.id for row in ordered}
    below: dict[str | None, list[Row]] = {}
    for row in ordered:
        above = row.reply_to if row.reply_to in known else None
        below.setdefault(above, []).append(row)
    seen: set[str] = set()
    yield from _branch(below, seen)
    # A server's answer that goes in circles has no first message.
    yield from ((row, 0) for row in ordered if row.id not in seen)


def _branch(
    below: Mapping[str | None, Sequence[Row]], seen: set[str]
) -> Iterator[tuple[Row, int]]:
    waiting = [(row, 0) for row in reversed(below.get(None, ()))]
    while waiting:
        row, depth = waiting.pop()
        if row.id not in seen:
            seen.add(row.id)
            yield row, depth
            waiting += [(one, depth + 1) for one in reversed(below.get(row.id, ()))]


def branch_cells(row: Row, depth: int, me: str, now: int) -> list[str]:
    """One line of a thread, under the columns of an inbox."""
    indent = " " * len(BRANCH) * (min(depth, DEEPEST) - 1) + BRANCH if depth else ""
    if isinstance(row, InboxRow):
        *front, subject = inbox_cells(row, now)
        return [*front, indent + subject]
    sent = short_time(written_at(row), now)
    read = short_time(last_read(row.receipts), now)
    number = outbox_reference(row.position)
    return ["", number, me, sent, read, indent + row.subject]

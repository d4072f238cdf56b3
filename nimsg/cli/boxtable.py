"""A table of a box, as `inbox`, `outbox` and a check show it."""

from collections.abc import Sequence

from nimsg.cli import show
from nimsg.client import answers
from nimsg.client.mailtables import (
    INBOX_COLUMNS,
    OUTBOX_COLUMNS,
    inbox_cells,
    outbox_cells,
)
from nimsg.protocol.answer import JsonObject
from nimsg.protocol.constants import Box


def print_box(box: Box, rows: Sequence[JsonObject]) -> None:
    """A table of a box; nothing for no rows."""
    if not rows:
        return
    now = show.now_ms()
    if box is Box.INBOX:
        cells = [inbox_cells(answers.inbox_row(row), now) for row in rows]
        show.print_table(INBOX_COLUMNS, cells)
    else:
        cells = [outbox_cells(answers.outbox_row(row), now) for row in rows]
        show.print_table(OUTBOX_COLUMNS, cells)

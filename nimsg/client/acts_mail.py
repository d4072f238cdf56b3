"""Mail: what the commands do. A text is shown when it is opened, and not before."""

from nimsg.client import answers
from nimsg.client.acts_person import Person
from nimsg.client.answers import InboxRow, OutboxRow
from nimsg.client.finding import finding
from nimsg.client.lines import indented
from nimsg.client.mailtables import (
    INBOX_COLUMNS,
    OUTBOX_COLUMNS,
    RECEIPT_COLUMNS,
    branch_cells,
    hit_lines,
    inbox_cells,
    outbox_cells,
    receipt_cells,
    tree,
)
from nimsg.client.mailwords import (
    new_client_id,
    not_sent,
    opening_told,
    recalled_from,
)
from nimsg.client.queries import answering, box_rows, resolve
from nimsg.client.references import (
    inbox_reference,
    outbox_reference,
)
from nimsg.client.registry import Invocation
from nimsg.client.room_answers import hit as room_hit
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box
from nimsg.protocol.rules import is_single
from nimsg.protocol.strict import JsonObject


LIST_ROWS = 20
ALONE = "; message writes to one person, nimsg send to several"


async def message(me: Person, typed: Invocation) -> None:
    """Send a message; it is kept until it is read."""
    user, body = typed.text("user"), typed.text("text")
    try:
        await _send(me, {"to": [user], "body": body})
    except Refusal as refusal:
        if refusal.kind != "all_refused" or is_single(user):
            raise
        raise Refusal(refusal.kind, f"{refusal}{ALONE}", refusal.data) from None


async def reply(me: Person, typed: Invocation) -> None:
    """Answer whoever wrote a message, or got it where it is one's own."""
    id_ = await me.run(resolve(typed.text("message")))
    answer = await me.run(answering(id_, me.user))
    await _send(me, {**answer, "body": typed.text("text")})


async def inbox(me: Person, typed: Invocation) -> None:
    """List received messages."""
    everything = typed.args["all"] is not None
    page = await _page(me, Box.INBOX, everything=everything)
    show_inbox(me, page, everything=everything)


async def outbox(me: Person, typed: Invocation) -> None:
    """List sent messages."""
    everything = typed.args["all"] is not None
    page = await _page(me, Box.OUTBOX, everything=everything)
    rows = answers.rows(page, "outbox", answers.outbox_row)
    what = "sent messages" if everything else "sent and not read by all"
    none = "nothing sent yet" if everything else "nothing you sent waits for a reader"
    me.note(_head(what, len(rows), page) if rows else none + _older(Box.OUTBOX, page))
    me.show(OUTBOX_COLUMNS, [outbox_cells(row, me.clock()) for row in rows])


def show_inbox(me: Person, page: JsonObject, *, everything: bool) -> None:
    """A page of an inbox, the newest first."""
    rows = answers.rows(page, "inbox", answers.inbox_row)
    what = "received messages" if everything else "new messages"
    none = "nothing received yet" if everything else "no new messages"
    me.note(_head(what, len(rows), page) if rows else none + _older(Box.INBOX, page))
    me.show(INBOX_COLUMNS, [inbox_cells(row, me.clock()) for row in rows])


async def open_(me: Person, typed: Invocation) -> None:
    """Show a message; without one the oldest that is new."""
    reference = typed.text("message")
    if not reference:
        new = await me.run(box_rows(Box.INBOX, everything=False))
        if not new:
            me.note("no new messages: open MESSAGE opens an older one")
            return
        reference = inbox_reference(answers.inbox_row(new[-1]).position)
    result = await me.call("mail.open", {"id": await me.run(resolve(reference))})
    letter = answers.letter(result)
    sender = letter.origin.sender if letter.origin else letter.sender
    subject = f": {letter.subject}" if letter.subject else ""
    me.note(f"{reference} from {sender} {me.time(letter.sent_at)}{subject}")
    if letter.to != [me.user]:
        me.say(indented("to " + ", ".join(letter.to)))
    me.say(indented(letter.body.removesuffix("\n")))
    if told := opening_told(letter, me.user):
        me.note(told)


async def ack(me: Person, typed: Invocation) -> None:
    """Acknowledge a message."""
    reference = typed.text("message")
    await me.call("mail.ack", {"id": await me.run(resolve(reference))})
    me.note(f"{reference} is acknowledged")


async def status(me: Person, typed: Invocation) -> None:
    """Show who has read a message."""
    reference = typed.text("message")
    id_ = await me.run(resolve(reference))
    found = answers.status(await me.call("mail.status", {"id": id_}))
    subject = f": {found.subject}" if found.subject else ""
    sent = f"sent {me.time(found.sent_at)}"
    me.note(f"{reference} from {found.sender}, {sent}{subject}")
    rows = [receipt_cells(one, me.clock()) for one in found.receipts]
    me.show(RECEIPT_COLUMNS, rows)
    for user, kind in found.refused:
        me.note(not_sent(user, kind))


async def recall(me: Person, typed: Invocation) -> None:
    """Withdraw a message from all who have not opened it."""
    reference = typed.text("message")
    result = await me.call("mail.recall", {"id": await me.run(resolve(reference))})
    complete = answers.flag(result, "complete")
    how = "recalled" if complete else "recalled, but not from all"
    me.note(f"{reference} is {how}")
    for receipt in answers.rows(result, "receipts", answers.receipt):
        me.note(recalled_from(receipt, me.time))


async def delete(me: Person, typed: Invocation) -> None:
    """Remove a message from the own view."""
    reference = typed.text("message")
    await me.call("mail.delete", {"id": await me.run(resolve(reference))})
    me.note(f"{reference} is gone from your view")


async def search(me: Person, typed: Invocation) -> None:
    """Find messages by words, and by whom they are with."""
    query: JsonObject = {"words": typed.text("words"), "limit": LIST_ROWS}
    result = await me.run(finding(query))
    found = [room_hit(row) or answers.hit(row) for row in result.hits]
    me.note(f"found: {len(found)}" if found else "nothing found")
    if found:
        me.show_lines(hit_lines(found, me.clock(), me.room))
    if result.more:
        me.note("there is more: nimsg search --limit")
    if unindexed := result.unindexed:
        me.note(f"the newest {unindexed} messages were not searched yet")


async def thread(me: Person, typed: Invocation) -> None:
    """Show a message with what it answers and what answers it."""
    id_ = await me.run(resolve(typed.text("message")))
    result = await me.call("mail.thread", {"id": id_})
    rows: list[InboxRow | OutboxRow] = [
        *answers.rows(result, "inbox", answers.inbox_row),
        *answers.rows(result, "outbox", answers.outbox_row),
    ]
    me.note("the thread, the oldest first:")
    now = me.clock()
    cells = [branch_cells(row, depth, me.user, now) for row, depth in tree(rows)]
    me.show(INBOX_COLUMNS, cells)
    if answers.flag(result, "more"):
        me.note("it is longer than is shown here")


async def _send(me: Person, message: JsonObject) -> None:
    """Send once, however often the connection is lost."""
    named = {**message, "client_id": new_client_id()}
    sent = await me.home.insist("mail.send", named)
    number = outbox_reference(answers.number(sent, "position"))
    me.note(f"sent to {', '.join(answers.texts(sent, 'to'))} as {number}")
    for user, kind in answers.rows(sent, "refused", answers.refused):
        me.note(not_sent(user, kind))


async def _page(me: Person, box: Box, *, everything: bool) -> JsonObject:
    query: JsonObject = {"box": box.value, "all": everything, "limit": LIST_ROWS}
    return await me.call("mail.list", query)


def _head(what: str, count: int, page: JsonObject) -> str:
    """What stands above a list."""
    more = answers.maybe_number(page, "next") is not None
    return f"{what}: the newest {count}" if more else f"{what}: {count}"


def _older(box: Box, page: JsonObject) -> str:
    """How to see what an empty list leaves out."""
    total = answers.number(page, "total")
    return f"; {total} older: {box} all" if total else ""

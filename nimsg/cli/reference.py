"""How a message is named on the command line: by its id, or as the tables show it.

`i12` is the twelfth message that ever came into the inbox, `o3` the third that
was sent: numbers that never change and are never given again.
"""

from nimsg.cli.session import Session
from nimsg.client import answers
from nimsg.errors import Refusal, UsageError
from nimsg.protocol.constants import Box
from nimsg.protocol.rules import is_id
from nimsg.protocol.strict import JsonObject


BOXES = {"i": Box.INBOX, "o": Box.OUTBOX}


def inbox_reference(position: int) -> str:
    """What a received message is called in a table."""
    return f"i{position}"


def outbox_reference(position: int) -> str:
    """What a sent message is called in a table."""
    return f"o{position}"


def resolve(session: Session, reference: str) -> str:
    """The id that a reference stands for.

    Raises `UsageError` for what is neither an id nor a number of a box, and
    `Refusal("not_found")` for a number that is not in view.
    """
    plain = reference.upper()
    if is_id(plain):
        return plain
    box, digits = BOXES.get(reference[:1].lower()), reference[1:]
    if box is None or not digits.isdecimal() or not 0 < int(digits) < 2**53:
        raise UsageError(
            f"{reference!r} names no message: give its id of 26 characters, or its "
            "number as the tables show it, i12 or o3"
        )
    position = int(digits)
    query: JsonObject = {
        "box": box.value,
        "all": True,
        "before": position + 1,
        "limit": 1,
    }
    page = session.call("mail.list", query)
    for row in answers.rows(page, box.value, dict):
        if answers.number(row, "position") == position:
            return answers.identifier(row)
    raise Refusal("not_found", f"there is no message {reference} in your {box}")

"""What the origin of an imported message may be."""

from nimsg.errors import Refusal
from nimsg.protocol.digest import Origin
from nimsg.protocol.rules import LINE_BREAK, LONE_SURROGATE


# The years that RFC 3339 can write, in ms since 1970.
FIRST_MS = -62_135_596_800_000
LAST_MS = 253_402_300_799_999


def check_origin(origin: Origin) -> None:
    """Refuse an origin whose texts are no single lines, or whose date has no year.

    Raises `Refusal`: `text_invalid`, `invalid_params`.
    """
    for text in (origin.sender, origin.message_id or "", *origin.to):
        if LONE_SURROGATE.search(text):
            raise Refusal("text_invalid")
        if LINE_BREAK.search(text):
            raise Refusal("invalid_params", "the origin's texts are one line each")
    if origin.date is not None and not FIRST_MS <= origin.date <= LAST_MS:
        raise Refusal(
            "invalid_params", "the origin's date is in no year from 1 to 9999"
        )

"""Where an imported message came from, as its own headers say."""

from typing import NamedTuple


class Origin(NamedTuple):
    """What an imported mail says of itself.

    `date` is ms UTC and `zone` the minutes east of it. `message_id` has its
    angle brackets.
    """

    sender: str
    to: list[str]
    date: int | None
    zone: int | None
    message_id: str | None

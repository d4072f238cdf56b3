"""People, their logins and rooms in tables, and the sentences about them."""

from nimsg.client import answers
from nimsg.client.people_answers import LoginRow, OnlineRow, RoomInfo, SeenRow
from nimsg.client.tables import DEVICE, Column, device_words, short_time
from nimsg.protocol.strict import JsonObject
from nimsg.text import many


ONLINE_COLUMNS = (Column("Name", 32), Column("Since", 12), Column("Client", DEVICE))
SEEN_COLUMNS = (Column("Name", 32), Column("Seen", 12))
LOGIN_COLUMNS = (
    Column("At", 12),
    Column("From", 39),
    Column("Client", DEVICE),
    Column("Until", 12),
    Column("End", None),
)
ROOM_COLUMNS = (
    Column("Room", 33),
    Column("New", 7),
    Column("Members", 7, spare=True),
    Column("Made by", 16, spare=True),
    Column("Topic", None),
)
NOW = "online"
BLOCKED = "{} can neither write to you nor see you now"
UNBLOCKED = "{} can write to you and see you again"
NOBODY = "nobody else is online"


def online_cells(row: OnlineRow, now: int) -> list[str]:
    """Somebody who is online."""
    return [row.user, short_time(row.since, now), device_words(row.device)]


def seen_cells(row: SeenRow, now: int) -> list[str]:
    """Somebody who was online."""
    return [row.user, NOW if row.online else short_time(row.seen_at, now)]


def login_cells(row: LoginRow, now: int) -> list[str]:
    """A login, or a try that failed."""
    return [
        short_time(row.at, now),
        row.address,
        device_words(row.device),
        short_time(row.ended_at, now),
        "refused" if row.refused else row.reason or "still there",
    ]


def room_cells(row: RoomInfo) -> list[str]:
    """A room; what is new in it stands only where one is a member."""
    return [
        f"#{row.room}",
        "-" if row.unread is None else str(row.unread),
        str(row.members),
        row.created_by or "",
        row.topic,
    ]


def last_seen(row: SeenRow, time: str) -> str:
    """When somebody was online, as a sentence; `time` is `seen_at` in words."""
    if row.online:
        return f"{row.user} is online"
    if row.seen_at is None:
        return f"when {row.user} was last online is not known"
    return f"{row.user} was last online {time}"


def reached(result: JsonObject) -> list[str]:
    """Whom a broadcast has reached, as sentences."""
    number = answers.number(result, "reached")
    said = f"said to {many(number, 'person', 'people')}"
    if answers.flag(result, "unreached"):
        return [said, "some recipients were not reached"]
    return [said if number else NOBODY]

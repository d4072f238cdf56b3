"""What a server says, decoded. No parser comes along with it."""

from typing import NamedTuple

from nimsg.errors import Refusal


JsonObject = dict[str, object]


class Answer(NamedTuple):
    """What came back for one request: a result, or the refusal."""

    id: int | None
    result: JsonObject
    refusal: Refusal | None


class ServerEvent(NamedTuple):
    """Something the server says unasked."""

    method: str
    params: JsonObject

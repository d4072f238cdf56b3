"""How what takes several questions is asked.

A query yields what the server is to be asked, is handed each result, and returns
what it found. Whoever runs it asks the server in its own way.
"""

from collections.abc import Awaitable, Callable, Generator
from typing import NamedTuple, TypeVar

from nimsg.errors import Refusal
from nimsg.protocol.answer import JsonObject


T = TypeVar("T")


class Request(NamedTuple):
    """What the server is asked."""

    method: str
    params: JsonObject

    def __repr__(self) -> str:
        return f"<Request {self.method}>"


class Call(NamedTuple):
    """A method to call; its answer has about so many bytes."""

    method: str
    params: JsonObject
    answer_bytes: int = 1024


Query = Generator[Request, JsonObject, T]


def run(query: Query[T], call: Callable[[str, JsonObject], JsonObject]) -> T:
    """What a query finds, asked by `call`. A refusal is raised inside the query."""
    try:
        request = next(query)
        while True:
            try:
                result = call(*request)
            except Refusal as refusal:
                request = query.throw(refusal)
            else:
                request = query.send(result)
    except StopIteration as done:
        found: T = done.value
        return found


async def run_async(
    query: Query[T], call: Callable[[str, JsonObject], Awaitable[JsonObject]]
) -> T:
    """Like `run`, for a `call` that is awaited."""
    try:
        request = next(query)
        while True:
            try:
                result = await call(*request)
            except Refusal as refusal:
                request = query.throw(refusal)
            else:
                request = query.send(result)
    except StopIteration as done:
        found: T = done.value
        return found

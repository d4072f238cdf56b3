"""Many calls under way at once, over connections that may be lost."""

from collections import deque
from collections.abc import Iterator

import pytest

from nimsg.cli.stream import TRIES, UNDER_WAY_MOST, UNREAD_MOST, stream
from nimsg.client.blocking import BlockingClient
from nimsg.client.query import Call
from nimsg.errors import Refusal, Unreachable
from nimsg.protocol.envelope import Answer
from nimsg.protocol.strict import JsonObject


class Line(BlockingClient):
    """A connection that answers what it is asked, and breaks when its time is up."""

    def __init__(self, office: "Office", answers: int) -> None:
        self._office = office
        self._left = answers
        self._asked: deque[JsonObject] = deque()

    def ask(self, method: str, params: JsonObject) -> int:  # noqa: ARG002
        self._asked.append(params)
        self._office.most = max(self._office.most, len(self._asked))
        return len(self._asked)

    def answer(self, id_: int) -> Answer:
        if self._left == 0:
            raise Unreachable("gone")
        self._left -= 1
        params = self._asked.popleft()
        kind = self._office.refusals.pop(str(params["n"]), "")
        return Answer(id_, params, Refusal(kind) if kind else None)


class Office:
    """Where lines come from: each answers so many calls."""

    def __init__(self, *lines: int, refusals: dict[str, str] | None = None) -> None:
        self._lines = iter(lines)
        self.refusals = refusals or {}
        self.most = 0
        self.come_back()

    def come_back(self) -> None:
        self.line = Line(self, next(self._lines, 0))

    def run(self, calls: Iterator[Call]) -> list[object]:
        outcomes = stream(lambda: self.line, self.come_back, calls)
        return [
            answer.refusal.kind if answer.refusal else answer.result["n"]
            for _, answer in outcomes
        ]


def calls(count: int, size: int = 1) -> Iterator[Call]:
    return (Call("m", {"n": n}, size) for n in range(count))


def test_answers_come_in_order_with_some_under_way() -> None:
    office = Office(100)
    assert office.run(calls(50)) == [*range(50)]
    assert office.most == UNDER_WAY_MOST


def test_no_more_is_asked_than_may_be_left_unread() -> None:
    office = Office(100)
    assert office.run(calls(9, UNREAD_MOST // 3)) == [*range(9)]
    assert office.most == 3
    office = Office(100)
    assert office.run(calls(4, UNREAD_MOST * 2)) == [*range(4)]
    assert office.most == 1


def test_a_lost_server_is_asked_again() -> None:
    assert Office(3, 0, 5, 100).run(calls(20)) == [*range(20)]


def test_what_passes_is_asked_again_and_a_refusal_is_an_answer() -> None:
    office = Office(9, 9, 9, refusals={"2": "busy", "5": "not_found"})
    assert office.run(calls(8)) == [0, 1, 2, 3, 4, "not_found", 6, 7]


def test_a_server_that_is_lost_time_and_again_is_given_up() -> None:
    office = Office(1, *[0] * TRIES)
    with pytest.raises(Unreachable):
        office.run(calls(3))


def test_nothing_to_ask_is_no_question() -> None:
    assert Office(0).run(calls(0)) == []

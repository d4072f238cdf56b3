"""Many calls over one connection, several of them under way at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from nimsg.client.blocking import BlockingClient
from nimsg.client.failures import passes
from nimsg.client.query import Call
from nimsg.errors import Refusal, Unreachable
from nimsg.protocol.answer import Answer
from nimsg.protocol.constants import limit


UNDER_WAY_MOST = limit("requests_in_flight") // 2
# A server cuts off who leaves more than its limit unread.
UNREAD_MOST = limit("unsent_bytes") // 2
TRIES = 5


def stream(
    client: Callable[[], BlockingClient],
    come_back: Callable[[], None],
    calls: Iterable[Call],
) -> Iterator[tuple[Call, Answer]]:
    """Each call with its answer, in order.

    `client` is the connection as it is now; `come_back` makes a new one when it is
    lost. What had no answer then is asked again. Raises `Unreachable` when that
    happens time and again.
    """
    asked: deque[tuple[Call, int]] = deque()
    to_ask: deque[Call] = deque()
    source = iter(calls)
    lost = 0
    while True:
        try:
            _ask(client(), source, to_ask, asked)
            if not asked:
                return
            call, id_ = asked[0]
            answer = client().answer(id_)
            if answer.refusal is not None and passes(answer.refusal):
                raise answer.refusal
        except (Unreachable, Refusal) as error:
            lost += 1
            if not passes(error) or lost > TRIES:
                raise
            to_ask.extendleft(call for call, _ in reversed(asked))
            asked.clear()
            come_back()
            continue
        lost = 0
        asked.popleft()
        yield call, answer


def _ask(
    client: BlockingClient,
    source: Iterator[Call],
    to_ask: deque[Call],
    asked: deque[tuple[Call, int]],
) -> None:
    """Send what may be under way; a call that is lost stays in `to_ask`."""
    while len(asked) < UNDER_WAY_MOST:
        if not to_ask:
            to_ask.extend([call for call in [next(source, None)] if call])
        if not to_ask:
            return
        unread = sum(call.answer_bytes for call, _ in asked)
        if asked and unread + to_ask[0].answer_bytes > UNREAD_MOST:
            return
        asked.append((to_ask[0], client.ask(to_ask[0].method, to_ask[0].params)))
        to_ask.popleft()

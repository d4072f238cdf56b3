"""Servers that answer with malice: nothing unsafe is shown, no shape is our fault."""

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from nimsg.protocol.constants import Box
from nimsg.protocol.digest import message_digest
from nimsg.protocol.strict import JsonObject
from tests.cli.conftest import Shell
from tests.support.fakeserver import (
    WELCOME,
    FakeServer,
    answering,
    event,
    hello,
    obliging,
    refusal,
    result,
    saying,
)
from tests.support.unsafe import HOSTILE, unsafe


ID = "01HF0000000000000000000000"
VERBS: dict[str, list[str]] = {
    "inbox": ["inbox", "--all"],
    "outbox": ["outbox", "--all"],
    "once": ["client", "--once"],
    "once-open": ["client", "--once", "--open"],
    "open": ["open", ID],
    "status": ["status", ID],
    "recall": ["recall", ID],
    "ack": ["ack", ID],
    "delete": ["delete", ID],
    "wait": ["wait", ID, "--for", "0"],
    "send": ["send", "ann", "-m", "text"],
    "send-wait": ["send", "ann", "-m", "text", "--wait", "acked", "--for", "0"],
    "token create": ["token", "create", "label"],
    "token list": ["token", "list"],
    "token revoke": ["token", "revoke", "x"],
    "by number": ["ack", "i1"],
}
every_verb = pytest.mark.parametrize("words", VERBS.values(), ids=VERBS)


def answers(evil: str) -> dict[str, JsonObject | str]:
    """Answers of the right shape with `evil` wherever there may be a text."""
    receipt: JsonObject = {"user": evil, "state": "opened", "opened_by": evil}
    row: JsonObject = {
        "position": 1,
        "id": ID,
        "from": evil,
        "to": [evil, evil],
        "subject": evil,
        "size": 1,
        "sent_at": 2,
        "receipt": {**receipt, "state": "fetched"},
        "receipts": [receipt, {**receipt, "state": "recalled", "recalled_at": 3}],
        "refused": [{"user": evil, "kind": evil}],
        "pending": True,
        "complete": False,
        "body": evil,
        "reply_to": None,
        "digest": message_digest(
            id=ID,
            sender=evil,
            to=[evil, evil],
            sent_at=2,
            subject=evil,
            body=evil,
            reply_to=None,
        ),
        "duplicate": False,
        "token": evil,
    }
    page: JsonObject = {
        "inbox": [row],
        "outbox": [row],
        "next": None,
        "total": 9,
        "cursor": evil,
    }
    token: JsonObject = {"id": evil, "label": evil, "created_at": 1}
    return {
        "auth.login": {**WELCOME, "user": evil, "role": evil},
        "mail.list": page,
        "mail.changes": page,
        "mail.send": row,
        "mail.open": row,
        "mail.status": row,
        "mail.recall": row,
        "mail.ack": row,
        "mail.delete": {},
        "token.create": row,
        "token.list": {"tokens": [token]},
        "token.revoke": {},
    }


# -- texts


@every_verb
@pytest.mark.parametrize("as_json", [False, True], ids=["plain", "json"])
def test_term_2_nothing_that_a_server_says_reaches_the_terminal_raw(
    shell: Shell, words: list[str], as_json: bool
) -> None:
    json_ = ["--json"] * as_json
    for evil in HOSTILE:
        with FakeServer(obliging(answers(evil))) as server:
            done = shell.types(*words, *json_, "--server", server.address)

        assert done.code != 70, done
        assert unsafe(done.out.encode()) == set(), (evil, done)
        assert unsafe(done.err.encode()) == set(), (evil, done)


@pytest.mark.parametrize("evil", HOSTILE)
def test_term_2_no_refusal_reaches_the_terminal_raw(shell: Shell, evil: str) -> None:
    for behave in (
        answering(lambda request: refusal(request["id"], "not_found", evil)),
        answering(lambda request: refusal(request["id"], evil, evil)),
        saying(refusal(None, "too_many_clients", evil)),
        saying(hello() + event("closing", {"reason": evil})),
        saying(hello(versions=[evil])),
    ):
        with FakeServer(behave) as server:
            wait = ("--connect-wait", "0")
            done = shell.types("inbox", "--server", server.address, *wait)

        assert done.code in (4, 69, 75, 76)
        assert done.out == ""
        assert unsafe(done.err.encode()) == set(), (evil, done)


# -- shapes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@every_verb
@given(data=st.data())
@settings(
    deadline=None,
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_term_4_no_shape_of_an_answer_is_a_fault_of_ours(
    shell: Shell, words: list[str], data: st.DataObject
) -> None:
    """One member, however deep, is replaced by any JSON value."""
    right = answers("x")
    method = data.draw(st.sampled_from(sorted(right)))
    wrong = right[method]
    assert isinstance(wrong, dict)
    right[method] = _with_one_changed(wrong, data)
    with FakeServer(obliging(right)) as server:
        done = shell.types(*words, "--server", server.address)

    assert done.code != 70, done


def _with_one_changed(row: JsonObject, data: st.DataObject) -> JsonObject:
    if not row:
        return row
    key = data.draw(st.sampled_from(sorted(row)))
    value = row[key]
    inner = value[0] if isinstance(value, list) and value else value
    if isinstance(inner, dict) and inner and data.draw(st.booleans()):
        changed: object = _with_one_changed(inner, data)
        return {**row, key: [changed] if isinstance(value, list) else changed}
    return {**row, key: data.draw(JSON)}


def test_term_4_a_listing_without_an_end_is_given_up(shell: Shell) -> None:
    row = answers("x")["mail.list"]
    assert isinstance(row, dict)
    endless: JsonObject = {**row, "next": 5}
    with FakeServer(obliging({**answers("x"), "mail.list": endless})) as server:
        done = shell.types("inbox", "-n", "0", "--server", server.address)

    assert done.code == 76
    assert done.err == "nimsg: the server's answer has no usable 'next'\n"


def test_term_4_a_listing_longer_than_was_asked_for_is_no_fault(shell: Shell) -> None:
    page = answers("x")["mail.list"]
    assert isinstance(page, dict)
    rows = page[Box.INBOX]
    assert isinstance(rows, list)
    many = obliging({**answers("x"), "mail.list": {**page, "inbox": rows * 700}})
    with FakeServer(many) as server:
        done = shell.types("inbox", "-n", "3", "--server", server.address)

    assert done.code == 0


def test_an_answer_to_another_verb_is_not_believed(shell: Shell) -> None:
    def reply(request: JsonObject) -> bytes:
        return result(request["id"], WELCOME)

    with FakeServer(answering(reply)) as server:
        done = shell.types("status", ID, "--server", server.address)

    assert (done.code, done.out) == (76, "")

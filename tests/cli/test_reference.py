"""How a message is named: by its id, or by its number in a table."""

import pytest

from nimsg.errors import KINDS
from nimsg.protocol.strict import JsonObject
from tests.cli.conftest import Shell
from tests.support.fakeserver import (
    WELCOME,
    Behaviour,
    FakeServer,
    answering,
    refusal,
    result,
)


ID = "01HF0000000000000000000000"
OTHER = "01HF0000000000000000000001"


def noting(calls: list[JsonObject], positions: list[int]) -> Behaviour:
    """A server whose boxes hold these positions; it writes down what is called."""

    def reply(request: JsonObject) -> bytes:
        method, params = request["method"], request["params"]
        assert isinstance(params, dict)
        if method == "auth.login":
            return result(request["id"], WELCOME)
        calls.append({"method": method, **params})
        if method != "mail.list":
            return refusal(request["id"], "not_found")
        below = [n for n in positions if n < params["before"]][-1:]
        rows = [{"id": ID if n == 12 else OTHER, "position": n} for n in below]
        return result(request["id"], {params["box"]: rows, "next": None})

    return answering(reply)


def acked(shell: Shell, reference: str, positions: list[int]) -> list[JsonObject]:
    """What is called to acknowledge a message of this name."""
    calls: list[JsonObject] = []
    with FakeServer(noting(calls, positions)) as server:
        done = shell.types("ack", reference, "--server", server.address)
    assert done.code == KINDS["not_found"].exit
    return calls


@pytest.mark.parametrize("reference", [ID, ID.lower()])
def test_an_id_is_taken_as_it_is(shell: Shell, reference: str) -> None:
    assert acked(shell, reference, []) == [{"method": "mail.ack", "id": ID}]


@pytest.mark.parametrize(
    ("reference", "box"),
    [("i12", "inbox"), ("I12", "inbox"), ("i012", "inbox"), ("o12", "outbox")],
)
def test_a_number_is_asked_for_in_its_box(
    shell: Shell, reference: str, box: str
) -> None:
    calls = acked(shell, reference, [3, 12, 15])

    assert calls == [
        {"method": "mail.list", "box": box, "all": True, "before": 13, "limit": 1},
        {"method": "mail.ack", "id": ID},
    ]


@pytest.mark.parametrize("positions", [[], [3], [15], [3, 15]])
def test_a_number_that_is_gone_is_never_another_message(
    shell: Shell, positions: list[int]
) -> None:
    with FakeServer(noting([], positions)) as server:
        done = shell.types("ack", "i12", "--server", server.address)

    assert done.code == 4
    assert done.err == "nimsg: there is no message i12 in your inbox\n"


@pytest.mark.parametrize(
    "reference",
    [
        *("", "x", "i", "o", "12", "i0", "i-1", "i1.5", "x12", "#12", "i²", "ii1"),
        *(f"i{2**53}", "i" + "9" * 400, ID[:-1], ID + "0", ID.replace("1", "I")),
        *("../../etc/passwd", "\x1b]0;gotcha\x07", "\udcff"),
    ],
)
def test_what_names_no_message_says_what_does(shell: Shell, reference: str) -> None:
    with FakeServer(noting([], [12])) as server:
        done = shell.types("ack", reference, "--server", server.address)

    assert done.code == 2
    assert "names no message" in done.err
    assert "i12 or o3" in done.err
    assert "\x1b" not in done.err

"""The file of a message: what `cat` shows, and what is not taken for one."""

import json

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from nimsg.protocol.digest import body_hash
from nimsg.protocol.results import Refused
from nimsg.store.messagefile import (
    MessageFile,
    Positions,
    decode_message,
    digest_of,
    encode_message,
)
from tests.support.examples import many
from tests.support.post import refused


def message(body: str = "wörter\n", subject: str = "Hi") -> MessageFile:
    """A whole message."""
    file = MessageFile(
        id="01M7Q5CYARTHSNWEH6BRBEXR1Z",
        hash=body_hash(body),
        sender="ann",
        to=["cyd", "bob"],
        time="2026-11-18T11:06:47.000Z",
        message=body,
        subject=subject,
        digest="",
        client_id="c1",
        reply_to=None,
        positions=Positions({"cyd": 1, "bob": 2}, 3),
        refused=[Refused("eve", "unknown_user")],
    )
    return replace(file, digest=digest_of(file))


def test_s0_20_s0_22_the_file_is_json_that_people_can_read() -> None:
    text = encode_message(message()).decode("utf-8")

    assert text == """\
{
  "client_id": "c1",
  "digest": "%s",
  "format": 1,
  "from": "ann",
  "hash": "f53b67adfae65a18ddaf188f473e6561",
  "id": "01M7Q5CYARTHSNWEH6BRBEXR1Z",
  "message": "wörter\\n",
  "positions": {
    "inbox": {
      "bob": 2,
      "cyd": 1
    },
    "outbox": 3
  },
  "refused": [
    {
      "kind": "unknown_user",
      "user": "eve"
    }
  ],
  "reply_to": null,
  "subject": "Hi",
  "time": "2026-11-18T11:06:47.000Z",
  "to": [
    "cyd",
    "bob"
  ]
}
""" % message().digest  # fmt: skip  # noqa: UP031 - braces stand in the text


def test_s0_22_the_oldest_sources_members_are_there() -> None:
    members = json.loads(encode_message(message()))

    assert members["hash"] == body_hash("wörter\n")
    assert members["from"] == "ann"
    assert members["to"] == ["cyd", "bob"]
    assert members["time"] == "2026-11-18T11:06:47.000Z"
    assert members["message"] == "wörter\n"


@many
@given(st.text(), st.text())
def test_s0_20_any_text_comes_back_as_it_was(body: str, subject: str) -> None:
    try:
        (body + subject).encode()
    except UnicodeEncodeError:
        return  # the server refuses lone surrogates
    file = message(body, subject)

    assert decode_message(encode_message(file)) == file
    assert encode_message(decode_message(encode_message(file))) == encode_message(file)


@pytest.mark.parametrize(
    "members",
    [
        {"message": "other"},
        {"subject": "other"},
        {"sender": "eve"},
        {"to": ["bob", "cyd"]},
        {"time": "2026-11-18T11:06:47.001Z"},
        {"reply_to": "01M7Q5CYARTHSNWEH6BRBEXR1Z"},
        {"id": "01M7Q5CYARTHSNWEH6BRBEXR1Y"},
        {"digest": "0" * 64},
        {"hash": "0" * 32},
        {"time": "yesterday"},
    ],
    ids="-".join,
)
def test_s0_21_what_is_not_what_was_written_is_damaged(
    members: dict[str, object],
) -> None:
    spoilt = encode_message(replace(message(), **members))

    with refused("damaged"):
        decode_message(spoilt)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", b"null", encode_message(message())[:-3]]
)
def test_what_is_no_message_is_damaged(data: bytes) -> None:
    with refused("damaged"):
        decode_message(data)


def test_a_text_that_is_no_utf_8_is_damaged() -> None:
    with refused("damaged"):
        decode_message(encode_message(message()).replace("ö".encode(), b"\xc3\x28"))

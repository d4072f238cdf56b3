"""The digest that proves a message, and the md5 that old sources find it by."""

import hashlib
import json
from typing import NamedTuple

import pytest
from hypothesis import assume, given, strategies as st

from nimsg.protocol.digest import body_hash, message_digest
from nimsg.protocol.origin import Origin
from tests.support.examples import many


class Fields(NamedTuple):
    """What the digest covers."""

    id: str = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    sender: str = "alice"
    to: tuple[str, ...] = ("bob", "/../etc")
    sent_at: int = 1_795_192_385_123
    subject: str = 'caf\u00e9 "now"'
    body: str = "one\ntwo \U0001f600"
    reply_to: str | None = None


VECTOR = Fields()
VECTOR_TEXT = (
    '{"body":"one\\ntwo \U0001f600","from":"alice",'
    '"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","reply_to":null,"sent_at":1795192385123,'
    '"subject":"caf\u00e9 \\"now\\"","to":["bob","/../etc"],"v":1}'
)
VECTOR_DIGEST = "45ccc8287529860fe882c53213728b6649395091a1c8607ba143b17e6a6edf1b"

text = st.text(st.characters(codec="utf-8"), max_size=8)
fields = st.builds(
    Fields,
    text,
    text,
    st.lists(text, max_size=3).map(tuple),
    st.integers(0, 2**53),
    text,
    text,
    st.none() | text,
)


def digest(of: Fields) -> str:
    return message_digest(
        id=of.id,
        sender=of.sender,
        to=of.to,
        sent_at=of.sent_at,
        subject=of.subject,
        body=of.body,
        reply_to=of.reply_to,
    )


def test_s0_21_the_digest_is_a_sha_256_over_sorted_compact_json() -> None:
    assert digest(VECTOR) == hashlib.sha256(VECTOR_TEXT.encode()).hexdigest()


def test_s0_21_the_digest_of_a_message_never_changes() -> None:
    assert digest(VECTOR) == VECTOR_DIGEST


@pytest.mark.parametrize(
    "changed",
    [
        VECTOR._replace(id="01ARZ3NDEKTSV4RRFFQ69G5FAW"),
        VECTOR._replace(sender="Alice"),
        VECTOR._replace(to=("bob",)),
        VECTOR._replace(to=("/../etc", "bob")),
        VECTOR._replace(to=("bob, /../etc",)),
        VECTOR._replace(sent_at=VECTOR.sent_at + 1),
        VECTOR._replace(subject=""),
        VECTOR._replace(body="one\r\ntwo \U0001f600"),
        VECTOR._replace(body=VECTOR.body + " "),
        VECTOR._replace(reply_to=""),
        VECTOR._replace(reply_to="01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        VECTOR._replace(subject=VECTOR.body, body=VECTOR.subject),
    ],
)
def test_s0_21_any_changed_field_changes_the_digest(changed: Fields) -> None:
    assert digest(changed) != digest(VECTOR)


@many
@given(fields, fields)
def test_s0_21_two_messages_share_a_digest_only_when_equal(
    a: Fields, b: Fields
) -> None:
    assert digest(a) == digest(Fields(*a))
    assume(a != b)

    assert digest(a) != digest(b)


def test_s0_21_text_is_taken_as_it_is_and_not_normalised() -> None:
    composed, parted = VECTOR._replace(body="\u00e9"), VECTOR._replace(body="e\u0301")

    assert digest(composed) != digest(parted)


def test_s0_21_a_list_of_names_is_any_sequence() -> None:
    as_list = message_digest(**{**VECTOR._asdict(), "to": list(VECTOR.to)})

    assert as_list == digest(VECTOR)


@pytest.mark.parametrize(
    ("body", "hash_"),
    [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("hello", "5d41402abc4b2a76b9719d911017c592"),
        ("caf\u00e9", "07117fe4a1ebd544965dc19573183da2"),
    ],
)
def test_x15_the_hash_is_the_md5_of_the_bodys_utf_8(body: str, hash_: str) -> None:
    assert body_hash(body) == hash_


# -- imported mail


origins = st.builds(
    Origin,
    text,
    st.lists(text, max_size=3),
    st.none() | st.integers(-(2**53), 2**53),
    st.none() | st.integers(-1439, 1439),
    st.none() | text,
)


@many
@given(fields, origins)
def test_x16_s0_21_version_2_covers_the_origin_too(of: Fields, origin: Origin) -> None:
    members = {
        "body": of.body,
        "from": of.sender,
        "id": of.id,
        "origin": {
            "date": origin.date,
            "from": origin.sender,
            "message_id": origin.message_id,
            "to": origin.to,
            "zone": origin.zone,
        },
        "reply_to": of.reply_to,
        "sent_at": of.sent_at,
        "subject": of.subject,
        "to": of.to,
        "v": 2,
    }
    expected = json.dumps(
        members, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )

    found = message_digest(**of._asdict(), origin=origin)

    assert found == hashlib.sha256(expected.encode()).hexdigest()
    assert found != digest(of)


# -- messages of a room


ROOM_TEXT = (
    '{"body":"one\\ntwo \U0001f600","from":"alice",'
    '"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","reply_to":null,"room":"0._-",'
    '"sent_at":1795192385123,"subject":"","to":[],"v":3}'
)
POST = VECTOR._replace(to=(), subject="")
ROOM_DIGEST = "e68efd55e7ba78d1a2825261847c410bb0f4d22a087ecc48e06abebff588d14c"


def digest_in(room: str, of: Fields) -> str:
    return message_digest(**of._asdict(), room=room)


def test_s0_21_the_digest_of_a_rooms_message_never_changes() -> None:
    assert digest_in("0._-", POST) == hashlib.sha256(ROOM_TEXT.encode()).hexdigest()
    assert digest_in("0._-", POST) == ROOM_DIGEST


@many
@given(fields, text)
def test_s0_21_version_3_covers_the_room_too(of: Fields, room: str) -> None:
    members = {
        "body": of.body,
        "from": of.sender,
        "id": of.id,
        "reply_to": of.reply_to,
        "room": room,
        "sent_at": of.sent_at,
        "subject": of.subject,
        "to": of.to,
        "v": 3,
    }
    expected = json.dumps(
        members, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )

    found = digest_in(room, of)

    assert found == hashlib.sha256(expected.encode()).hexdigest()
    assert found not in (digest(of), digest_in(f"{room}x", of))

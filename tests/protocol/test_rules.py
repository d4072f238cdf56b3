"""Names, recipients, texts and passwords: the edges of what is taken."""

import pytest
from msgspec.structs import replace

from nimsg.errors import Refusal
from nimsg.protocol import rules, rules_origin
from nimsg.protocol.results import Origin


PRINTABLE = [chr(code) for code in range(0x21, 0x7F)]
FOREIGN_NAMES = {
    "nothing": "",
    "33 characters": "x" * 33,
    "a space": "a b",
    "a tab": "a\tb",
    "a newline at the end": "a\n",
    "NUL": "a\x00",
    "DEL": "a\x7f",
    "an escape": "\x1b[31m",
    "a letter with an accent": "\u00e9",
    "a fullwidth letter": "\uff41",
    "a lone surrogate": "\ud800",
    "a digit of another script": "\u0661",
}


def kind_of(refusal: pytest.ExceptionInfo[Refusal]) -> str:
    return refusal.value.kind


def test_c3_every_printable_ascii_character_makes_a_name() -> None:
    for character in PRINTABLE:
        for name in (character, character * 32, f"a{character}b"):
            assert rules.check_name(name) == name
            if character not in ",;":
                assert rules.check_new_name(name) == name


@pytest.mark.parametrize(
    "name", ["..", "/", "../../etc/passwd", ".", "a/b", "~", "NUL"]
)
def test_x14_names_that_look_like_paths_are_names(name: str) -> None:
    assert rules.check_new_name(name) == name


@pytest.mark.parametrize("name", ["#room", "-option", "--to", "*", "?", "@all", "a:b"])
def test_x16_names_that_look_like_something_else_are_names(name: str) -> None:
    assert rules.check_new_name(name) == name


@pytest.mark.parametrize("name", FOREIGN_NAMES.values(), ids=FOREIGN_NAMES)
def test_sec_13_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        rules.check_new_name(name)

    assert kind_of(caught) == "name_invalid"
    assert caught.value.data == {"user": name}


def test_sec_13_a_refused_name_is_repeated_only_in_part() -> None:
    with pytest.raises(Refusal) as caught:
        rules.check_name("x" * 1000)

    assert caught.value.data == {"user": "x" * 64}


@pytest.mark.parametrize(
    "name",
    ["admin", "system", "server", "all", "Admin", "ALL", "a,b", "a;b", ",", "bob,"],
)
def test_sec_13_reserved_names_are_refused_to_new_accounts(name: str) -> None:
    assert rules.check_name(name) == name
    with pytest.raises(Refusal) as caught:
        rules.check_new_name(name)

    assert kind_of(caught) == "name_reserved"
    assert caught.value.data == {"user": name}


@pytest.mark.parametrize("name", ["admins", "al", "root", "server1"])
def test_sec_13_only_whole_names_are_reserved(name: str) -> None:
    assert rules.check_new_name(name) == name


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        ([], "invalid_params"),
        ([f"u{n}" for n in range(65)], "invalid_params"),
        (["bob", "bob"], "invalid_params"),
        (["bob", "a b"], "name_invalid"),
        (["alice"], "self_recipient"),
        (["bob", "alice"], "self_recipient"),
    ],
)
def test_c12_a_list_of_recipients_that_cannot_be(to: list[str], kind: str) -> None:
    with pytest.raises(Refusal) as caught:
        rules.check_recipients("alice", to)

    assert kind_of(caught) == kind


@pytest.mark.parametrize("to", [["bob"], ["Alice"], [f"u{n}" for n in range(64)]])
def test_c12_a_list_of_recipients_that_can_be(to: list[str]) -> None:
    rules.check_recipients("alice", to)


@pytest.mark.parametrize(
    ("subject", "body", "size"),
    [
        ("", "x", 1),
        ("s", "", 0),
        ("", " ", 1),
        ("", "\n", 1),
        ("", "\x00\x1b\x7f", 3),
        ("s" * 200, "\u20ac", 3),
        ("\U0001f600" * 200, "", 0),
        ("", "x" * 65_536, 65_536),
        ("", "\U0001f600" * 16_384, 65_536),
    ],
)
def test_s3_19_a_text_is_taken_as_it_is_up_to_the_limit(
    subject: str, body: str, size: int
) -> None:
    assert rules.check_message(subject, body) == size


@pytest.mark.parametrize(
    ("subject", "body", "kind"),
    [
        ("", "", "body_empty"),
        ("s" * 201, "x", "subject_invalid"),
        ("a\nb", "x", "subject_invalid"),
        ("a\r", "x", "subject_invalid"),
        ("", "x" * 65_537, "body_too_large"),
        ("", "\u20ac" * 21_846, "body_too_large"),
        ("\ud800", "x", "text_invalid"),
        ("s", "\udfff", "text_invalid"),
        ("\ud800" * 201, "\ud800" * 65_537, "text_invalid"),
    ],
)
def test_s0_18_a_text_that_cannot_be_sent_is_refused(
    subject: str, body: str, kind: str
) -> None:
    with pytest.raises(Refusal) as caught:
        rules.check_message(subject, body)

    assert kind_of(caught) == kind


@pytest.mark.parametrize(
    ("to", "subject", "body"),
    [
        ("", "", ""),
        ("bob, nobody yet\n", "s" * 200, "x" * 65_536),
        ("\U0001f600", "\U0001f600", "\x00\x1b"),
    ],
)
def test_x10_a_draft_is_taken_as_it_is(to: str, subject: str, body: str) -> None:
    rules.check_draft(to, subject, body)


@pytest.mark.parametrize(
    ("to", "subject", "body", "kind"),
    [
        ("bob", "s" * 201, "", "subject_invalid"),
        ("bob", "a\nb", "", "subject_invalid"),
        ("bob", "", "x" * 65_537, "body_too_large"),
        ("bob", "\ud800", "", "text_invalid"),
        ("bob", "", "\udfff", "text_invalid"),
        ("b\ud800b", "", "", "text_invalid"),
    ],
)
def test_s0_18_a_draft_that_no_message_could_hold_is_refused(
    to: str, subject: str, body: str, kind: str
) -> None:
    with pytest.raises(Refusal) as caught:
        rules.check_draft(to, subject, body)

    assert kind_of(caught) == kind


def test_s0_18_a_body_that_is_too_large_is_told_its_size() -> None:
    with pytest.raises(Refusal) as caught:
        rules.check_message("", "\u20ac" * 30_000)

    assert caught.value.data == {"bytes": 90_000, "limit": 65_536}
    assert "90000 bytes" in caught.value.detail


@pytest.mark.parametrize(
    "password", ["12345678", "x" * 1024, "\u20ac" * 341, " " * 8, "\ud800" * 8]
)
def test_sec_2_a_password_of_8_characters_to_1024_bytes_is_taken(password: str) -> None:
    rules.check_new_password(password)


@pytest.mark.parametrize(
    "password",
    ["", "1234567", "\U0001f600" * 7, "x" * 1025, "\u20ac" * 342, "nimsg_secret"],
)
def test_sec_2_a_password_that_cannot_be_used_is_refused(password: str) -> None:
    with pytest.raises(Refusal) as caught:
        rules.check_new_password(password)

    assert kind_of(caught) == "password_invalid"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", True),
        ("7" + "Z" * 25, True),
        ("8" + "Z" * 25, False),
        ("01arz3ndektsv4rrffq69g5fav", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV\n", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FA", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAU", False),
        ("../../../../../etc/passwd0", False),
        ("", False),
    ],
)
def test_sec_10_an_id_has_the_form_of_one(text: str, expected: bool) -> None:
    assert rules.is_id(text) is expected


@pytest.mark.parametrize(
    ("secret", "expected"),
    [("nimsg_", True), ("nimsg_abc", True), ("Nimsg_abc", False), (" nimsg_", False)],
)
def test_sec_3_a_token_shows_by_its_prefix(secret: str, expected: bool) -> None:
    assert rules.is_token(secret) is expected


# -- origins of imported mail


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"sender": "a\nb"}, "invalid_params"),
        ({"sender": "a\rb"}, "invalid_params"),
        ({"to": ["a", "b\n"]}, "invalid_params"),
        ({"message_id": "\n"}, "invalid_params"),
        ({"sender": "\ud800"}, "text_invalid"),
        ({"to": ["\udfff"]}, "text_invalid"),
        ({"message_id": "\ud800"}, "text_invalid"),
        ({"date": rules_origin.FIRST_MS - 1}, "invalid_params"),
        ({"date": rules_origin.LAST_MS + 1}, "invalid_params"),
    ],
)
def test_x16_what_is_no_origin_is_refused(
    members: dict[str, object], kind: str
) -> None:
    origin = replace(Origin("a", [], None, None, None), **members)

    with pytest.raises(Refusal) as caught:
        rules_origin.check_origin(origin)
    assert caught.value.kind == kind


@pytest.mark.parametrize("date", [None, 0, rules_origin.FIRST_MS, rules_origin.LAST_MS])
def test_x16_any_year_that_can_be_written_is_taken(date: int | None) -> None:
    rules_origin.check_origin(Origin("", ["\x00\x1b", ""], date, 0, "<\U0001f600>"))


# -- rooms


@pytest.mark.parametrize("name", ["lobby", "a", "0._-", ".", "..", "-", "x" * 32])
def test_s3_1_a_room_has_a_name_of_small_letters_digits_and_marks(name: str) -> None:
    assert rules.check_room(name) == name


@pytest.mark.parametrize(
    "name", ["", "Lobby", "#lobby", "a/b", "x" * 33, *FOREIGN_NAMES.values()]
)
def test_s3_1_no_other_room_can_be(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        rules.check_room(name)

    assert kind_of(caught) == "unknown_room"
    assert caught.value.data == {"room": name}


def test_s3_1_a_refused_room_is_repeated_only_in_part() -> None:
    with pytest.raises(Refusal) as caught:
        rules.check_room("x" * 1000)

    assert caught.value.data == {"room": "x" * 64}


@pytest.mark.parametrize("topic", ["", " ", "\x1b[31m", "\u2028", "\U0001f600" * 200])
def test_s3_1_a_topic_is_one_line(topic: str) -> None:
    rules.check_topic(topic)


@pytest.mark.parametrize("topic", ["a\nb", "\r", "a\n", "\ud800"])
def test_s3_1_what_is_no_line_is_no_topic(topic: str) -> None:
    with pytest.raises(Refusal) as caught:
        rules.check_topic(topic)

    assert kind_of(caught) == "topic_invalid"

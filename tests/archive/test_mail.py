"""A mail of an archive: its name in each run, and the limits of a message."""

import re

import pytest

from nimsg.archive.mail import (
    Mail,
    Origin,
    Unusable,
    client_id,
    fitted,
    reference_id,
    to_datetime,
)


ID = "<one@post.example>"
NOON = 1_258_471_717_000
PLAIN = Mail(Origin("ann@a", ["bob@b"], NOON, 360, ID), "s", "b", [], [])
NAMELESS = PLAIN._replace(origin=PLAIN.origin._replace(message_id=None))


def test_x16_the_import_id_is_the_same_for_the_same_message_id() -> None:
    assert client_id(PLAIN) == client_id(PLAIN._replace(body="c")) == reference_id(ID)
    assert client_id(PLAIN) != reference_id("<two@post.example>")


def test_x16_without_a_message_id_all_that_is_said_makes_the_import_id() -> None:
    origin = NAMELESS.origin
    others = [
        NAMELESS._replace(origin=origin._replace(sender="cho@c")),
        NAMELESS._replace(origin=origin._replace(to=[])),
        NAMELESS._replace(origin=origin._replace(date=None)),
        NAMELESS._replace(subject="t"),
        NAMELESS._replace(body="c"),
    ]

    assert client_id(NAMELESS) == client_id(NAMELESS._replace(remarks=["x"]))
    assert len({client_id(mail) for mail in [PLAIN, NAMELESS, *others]}) == 7


@pytest.mark.parametrize("mail", [PLAIN, NAMELESS, PLAIN._replace(body="\ud800")])
def test_x16_the_import_id_is_a_client_id(mail: Mail) -> None:
    assert re.fullmatch(r"[!-~]{1,64}", client_id(mail))


def test_x16_a_mail_within_the_limits_stays_as_it_is() -> None:
    assert fitted(PLAIN) == PLAIN


def test_x16_what_is_too_long_is_cut_with_a_remark() -> None:
    origin = Origin("s" * 600, ["t" * 600] * 300, NOON, 0, f"<{'i' * 600}>")
    found = fitted(Mail(origin, "x" * 201, "b", ["<r>", "y" * 600, "", "<r>"], ["r"]))

    assert found.subject == "x" * 200
    assert found.origin == Origin("s" * 512, ["t" * 512] * 64, NOON, 0, None)
    assert found.references == ["<r>"]
    assert found.remarks[:4] == [
        "r",
        "subject cut to 200 characters",
        "sender cut to 512 characters",
        "64 of 300 recipients kept",
    ]
    assert found.remarks[-1] == "Message-ID of 602 characters not taken"


def test_x16_at_most_20_references_are_kept() -> None:
    found = fitted(PLAIN._replace(references=[f"<{n}>" for n in range(30)]))

    assert found.references == [f"<{n}>" for n in range(20)]


def test_x16_no_line_break_and_no_lone_surrogate_comes_out() -> None:
    bad = "a\r\nb\nc\rd\ud800"
    found = fitted(Mail(Origin(bad, [bad], None, 60, bad), bad, bad, [bad], []))

    clean = "a b c d\ufffd"
    assert found.origin == Origin(clean, [clean], None, None, clean)
    assert (found.subject, found.references) == (clean, [clean])
    assert found.body == "a\r\nb\nc\rd\ufffd"


@pytest.mark.parametrize(
    ("mail", "why"),
    [
        (PLAIN._replace(subject="", body=""), "has neither text nor subject"),
        (
            PLAIN._replace(body="\u20ac" * 30_000),
            "its text has 90000 bytes; at most 65536 are taken",
        ),
    ],
)
def test_x16_a_mail_that_no_message_can_carry_is_refused(mail: Mail, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        fitted(mail)


@pytest.mark.parametrize(
    ("date", "year"), [(-(10**17), 1900), (10**17, 9999), (NOON, 2009)]
)
def test_x16_every_date_can_be_written(date: int, year: int) -> None:
    assert to_datetime(date, None).year == year

"""Section 9: every kind of refusal that a request alone can come to."""

from collections.abc import Iterator

from nimsg.protocol.constants import limit
from nimsg.protocol.framing import encode_frame
from tests.conformance.cases import Case, Start, World, ask, ask_with, case, numbered
from tests.conformance.refused_people import COMING, OWNER, PEOPLE, ROOMS, Asked, Row
from tests.support.plainwire import PlainWire
from tests.support.requests_table import ID, request
from tests.support.wire import said


USER, GREETED, LOCAL = Start.USER, Start.GREETED, Start.LOCAL

ANSWER: Asked = {"invitation": ID, "accept": False}
LETTER: Asked = {"to": ["ben"], "client_id": "r1", "body": "x"}
SURROGATE = encode_frame(
    request("mail.send", {**LETTER, "body": "?"}).replace(b'"?"', b'"\\ud800"')
)


def letter(**changes: object) -> Asked:
    """A message to ben, but for what is changed."""
    return {**LETTER, **changes}


def origin(**changes: object) -> Asked:
    """An import, but for what is changed of its origin."""
    return {
        "client_id": "i1",
        "body": "x",
        "origin": {"from": "a", "to": ["b"], **changes},
    }


# Method by method: what is asked, what it is refused with, and the facts beside.
SENDING: tuple[Row, ...] = (
    ("to nobody", "mail.send", letter(to=["nobody"]), "all_refused", {}),
    ("to several nobodies", "mail.send", letter(to=["x", "y"]), "all_refused", {}),
    ("to names in one", "mail.send", letter(to=["ben,ann"]), "all_refused", {}),
    ("to oneself", "mail.send", letter(to=["ann"]), "self_recipient", {}),
    ("to oneself too", "mail.send", letter(to=["ben", "ann"]), "self_recipient", {}),
    ("to one twice", "mail.send", letter(to=["ben", "ben"]), "invalid_params", {}),
    ("a blank in a name", "mail.send", letter(to=["b n"]), "name_invalid", {}),
    ("a newline in a name", "mail.send", letter(to=["b\n"]), "name_invalid", {}),
    ("a name beyond ASCII", "mail.send", letter(to=["b\u00e9n"]), "name_invalid", {}),
    ("no text at all", "mail.send", letter(body=""), "body_empty", {}),
    (
        "a text that is too long",
        "mail.send",
        letter(body="x" * (limit("body_bytes") + 1)),
        "body_too_large",
        {"bytes": limit("body_bytes") + 1, "limit": limit("body_bytes")},
    ),
    (
        "a text of too many bytes",
        "mail.send",
        letter(body="\u20ac" * 21_846),
        "body_too_large",
        {"bytes": 65_538},
    ),
    (
        "a subject that is too long",
        "mail.send",
        letter(subject="x" * 201),
        "subject_invalid",
        {"chars": 201},
    ),
    (
        "a subject of two lines",
        "mail.send",
        letter(subject="a\nb"),
        "subject_invalid",
        {},
    ),
    ("a subject with a CR", "mail.send", letter(subject="a\rb"), "subject_invalid", {}),
    ("a cursor of no index", "mail.send", letter(since="x:1"), "cursor_invalid", {}),
    (
        "another text under a client_id",
        "mail.send",
        letter(client_id="to_ben"),
        "client_id_conflict",
        {"client_id": "to_ben"},
    ),
    ("an answer to nothing", "mail.send", letter(reply_to=ID), "not_found", {}),
    (
        "an origin of two lines",
        "mail.import",
        origin(**{"from": "a\nb"}),
        "invalid_params",
        {},
    ),
    ("a date in no year", "mail.import", origin(date=2**53), "invalid_params", {}),
    (
        "a subject of two lines in an import",
        "mail.import",
        {**origin(), "subject": "a\nb"},
        "subject_invalid",
        {},
    ),
    (
        "a draft that is too long",
        "draft.save",
        {"client_id": "d", "body": "x" * 65_537},
        "body_too_large",
        {},
    ),
    (
        "a draft's subject of two lines",
        "draft.save",
        {"client_id": "d", "subject": "a\nb"},
        "subject_invalid",
        {},
    ),
)
READING: tuple[Row, ...] = (
    *(
        (f"{method} of nothing", method, {"id": ID}, "not_found", {})
        for method in (
            *("mail.open", "mail.ack", "mail.status", "mail.recall", "mail.delete"),
            "mail.thread",
        )
    ),
    *(
        (f"{method} of others'", method, {"id": "<<between_others>>"}, "not_found", {})
        for method in (
            *("mail.open", "mail.ack", "mail.status", "mail.recall", "mail.delete"),
            "mail.thread",
        )
    ),
    ("opening neither", "mail.open", {}, "invalid_params", {}),
    ("opening both", "mail.open", {"id": ID, "hash": "0" * 32}, "invalid_params", {}),
    ("a hash of nothing", "mail.open", {"hash": "0" * 32}, "not_found", {}),
    (
        "a peek at what is new",
        "mail.open",
        {"id": "<<to_ann>>", "peek": True},
        "not_permitted",
        {},
    ),
    ("opening what was recalled", "mail.open", {"id": "<<recalled>>"}, "recalled", {}),
    ("acknowledging one's own", "mail.ack", {"id": "<<to_ben>>"}, "not_recipient", {}),
    ("recalling another's", "mail.recall", {"id": "<<to_ann>>"}, "not_sender", {}),
    *(
        (f"the cursor {text!r}", "mail.changes", {"since": text}, "cursor_invalid", {})
        for text in ("", "x", ":", "1:2", "e:1:2:3", "<<cursor>>x", "-1", "\u0661")
    ),
    ("words without a word", "mail.search", {"words": "---"}, "invalid_params", {}),
    ("an open quote alone", "mail.search", {"words": '"'}, "invalid_params", {}),
    ("a search in no room", "mail.search", {"room": "nowhere"}, "unknown_room", {}),
    ("a search in others' room", "mail.search", {"room": "attic"}, "not_member", {}),
)


def _rows(start: Start, rows: tuple[Row, ...]) -> Iterator[Case]:
    for title, method, params, kind, facts in rows:
        data = ask_with(method, params)
        whole = f"{method}: {title}, {start}"
        yield case(whole, start, data, f"1 {kind}", facts=facts)


def _alone() -> Iterator[Case]:
    yield case("a lone surrogate in a text", USER, SURROGATE, "None parse_error")
    lasting = {"client_id": "twice", "to": ["ben"], "body": "x"}
    again = ask_with("mail.send", lasting) + ask_with("mail.send", lasting, 2)
    yield case(
        "a message sent again is no conflict",
        USER,
        again,
        "1 done",
        "2 done",
        ordered=False,
    )
    yield case(
        "somebody blocked twice",
        USER,
        (
            *(ask("block.add", user="ben"), 1),
            *(ask("block.add", 2, user="ben"), 1),
            ask("block.remove", 3, user="ben"),
        ),
        *("1 done", "2 already_blocked", "3 done"),
    )
    yield case(
        "three wrong passwords, and one more",
        GREETED,
        b"".join(
            ask("auth.login", n, user="ghost", password="x") for n in (1, 2, 3, 4)
        ),
        *("1 bad_credentials", "2 bad_credentials"),
        *("3 account_locked", "4 account_locked"),
    )
    for title, data, kind in (
        ("of who is not there", ask("private.invite", user="chief"), "user_offline"),
        ("of oneself", ask("private.invite", user="ben"), "self_target"),
        ("with nobody", ask("private.stop", user="chief"), "no_private"),
        ("never asked for", ask_with("private.answer", ANSWER), "no_private"),
    ):
        yield case(f"a private link {title}", Start.BEN, data, f"1 {kind}")
    yield case(
        "a shutdown that is announced and canceled",
        Start.CHIEF,
        (ask("server.shutdown", delay_s=3600), 1, ask("server.cancel", 2)),
        *("1 done", "2 done"),
    )
    yield case(
        "a client of one who sits at another",
        Start.SITTING,
        sit_down_too,
    )


def sit_down_too(world: World, _: PlainWire) -> None:
    """Ann tries to sit at another client too."""
    with PlainWire(world.port) as other:
        token = world.names["ann"]
        other.greeted().send(ask("auth.token", token=token, device="tui"))
        other.end()
        assert [said(frame) for frame in other.rest()] == ["1 duplicate_login"]


def refusals() -> Iterator[Case]:
    """All rows of the section."""
    parts = (
        (USER, SENDING),
        (USER, READING),
        (USER, PEOPLE),
        (USER, ROOMS),
        (GREETED, COMING),
        (LOCAL, OWNER),
    )
    for n, (start, rows) in enumerate(parts, 1):
        yield from numbered(f"9.{n}", _rows(start, rows))
    yield from numbered(f"9.{len(parts) + 1}", _alone())

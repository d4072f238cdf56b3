"""Mail is found again: by words, people, state and date, and with its answers."""

import json
from pathlib import Path

import pytest

from nimsg.client import answers
from tests.e2e.conftest import Town
from tests.support.people import Person, inner


@pytest.fixture(scope="module")
def ann(town: Town) -> Person:
    """Who writes."""
    return town.settler("find-ann")


@pytest.fixture(scope="module")
def bob(town: Town, ann: Person) -> Person:
    """Who has letters of hers, one of them opened."""
    person = town.settler("find-bob")
    ann.sends("find-bob", "-s", "Heating", "-m", "The café is cold; the boiler too.")
    ann.sends("find-bob", "-s", "Lunch", "-m", "A quiet café at noon?")
    person.gets("open", "i2")
    return person


def subjects(person: Person, *words: str) -> list[object]:
    """What a search finds, by subject."""
    found = person.types("search", "--json", *words)
    assert found.code == (0 if found.out else 1)
    return [
        inner(row, "inbox" if "inbox" in row else "outbox")["subject"]
        for row in found.objects
    ]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["CAFE"], ["Lunch", "Heating"]),
        (["cafe", "boil*"], ["Heating"]),
        (["café is"], ["Heating"]),
        (["is café"], []),
        (["--", "café", "-boiler"], ["Lunch"]),
        (["café", "--state", "new"], ["Heating"]),
        (["café", "--state", "opened"], ["Lunch"]),
        (["--from", "find-ann"], ["Lunch", "Heating"]),
        (["--to", "find-ann"], []),
        (["--with", "find-ann", "-n", "1"], ["Lunch"]),
        (["--box", "outbox", "café"], []),
        (["--since", "1d", "lunch"], ["Lunch"]),
        (["--until", "2020-01-01", "lunch"], []),
        (["nothing of this"], []),
    ],
)
def test_s2_16_a_search_finds_what_was_asked_for(
    bob: Person, words: list[str], found: list[str]
) -> None:
    assert subjects(bob, *words) == found


def test_s2_16_no_text_is_shown_that_was_not_opened(bob: Person) -> None:
    lines = bob.gets("search", "café").lines
    (lunch,) = [at for at, line in enumerate(lines) if line.endswith("Lunch")]
    assert "A quiet café at noon?" in lines[lunch + 1]
    assert "cold" not in "".join(lines)
    assert "fetched" in bob.gets("inbox", "--json").out


def test_s0_19_nobody_finds_the_mail_of_others(town: Town, bob: Person) -> None:  # noqa: ARG001
    assert subjects(town.settler("find-eve"), "café") == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "search for what?"),
        (["..."], 2, "no letter and no digit"),
        (["x", "--since", "yesterday"], 2, "'yesterday' is no time"),
        (["x", "--state", "lost"], 2, "invalid choice"),
        (["no such thing"], 1, "Nothing found."),
    ],
)
def test_a_search_that_cannot_be_says_why(
    bob: Person, words: list[str], code: int, said: str
) -> None:
    done = bob.types("search", *words)
    assert done.code == code
    assert said in done.err
    assert done.out == ""


def test_s2_16_a_thread_is_a_message_with_its_answers(ann: Person, bob: Person) -> None:
    first = ann.sends("find-bob", "-s", "Plan", "-m", "Shall we?")
    reply = bob.sends("--reply-to", first, "-m", "Yes.")
    last = ann.sends("--reply-to", reply, "-s", "Then", "-m", "Good.")
    bob.sends("find-ann", "--reply-to", first, "-m", "Where?")
    for id_ in (first, reply, last):
        lines = [line.partition("  ")[2] for line in bob.gets("thread", id_).lines]
        starts = [
            line.rstrip()[-len(text) :]
            for line, text in zip(lines[1:], TREE, strict=True)
        ]
        assert starts == TREE
    rows = [json.loads(line) for line in ann.gets("thread", first, "--json").lines]
    assert {row["schema"] for row in rows} == {"nimsg.inbox/1", "nimsg.outbox/1"}
    assert [answers.maybe_text(row, "reply_to") for row in rows].count(first) == 2


TREE = [
    "Plan",
    "└─> Re: Plan",
    "    └─> Then",
    "└─> Re: Plan",
]


def test_s0_19_a_thread_is_for_those_who_have_the_message(
    town: Town,
    ann: Person,
    bob: Person,  # noqa: ARG001
) -> None:
    id_ = ann.sends("find-bob", "-m", "between us")
    done = town.settler("find-mallory").types("thread", id_)
    assert (done.code, done.out) == (4, "")


def test_an_answer_to_an_own_import_needs_a_reader(town: Town, tmp_path: Path) -> None:
    person = town.settler("find-cyd")
    box = tmp_path / "x.jsonl"
    box.write_text('{"from": "a@b.example", "subject": "old", "message": "x"}\n')
    person.gets("import", str(box))
    done = person.types("send", "--reply-to", "i1", "-m", "y")
    assert done.code == 2
    assert "say who gets the answer" in done.err

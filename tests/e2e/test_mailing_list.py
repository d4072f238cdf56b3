"""A mailing list in nimsg: what its authors wrote is what its reader opens."""

import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import pytest

from nimsg.protocol.constants import limit
from tests.e2e.conftest import Town
from tests.e2e.mailing_list import Parcel, Posted, parcel, post, read_parcels
from tests.support.corpus import OWN, SHARED
from tests.support.people import ids, inners
from tests.support.process import HANG_S, TOP, ServerProcess, environment


FIXTURE = OWN / "mailing-list.mbox"
CORPUS = SHARED / "mailing-list.mbox"
COUNTS = {FIXTURE: 6, CORPUS: 53}
# What cannot be sent, by its name and with the reason; all others must arrive.
REFUSED = {FIXTURE: {"<ink-6@post.example>": "body_empty"}, CORPUS: {}}
READER = "reader"


class List(NamedTuple):
    """A list that was sent: from which file, what, and what became of it."""

    path: Path
    parcels: list[Parcel]
    posted: Posted
    town: Town

    @property
    def arrived(self) -> list[Parcel]:
        """What was sent, in its order."""
        return [one for one in self.parcels if one.name in self.posted.ids]

    def id_of(self, one: Parcel) -> str:
        """The id that a parcel was given."""
        return self.posted.ids[one.name]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(FIXTURE, id="own"),
        pytest.param(CORPUS, id="corpus", marks=pytest.mark.slow),
    ],
)
def posted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[List]:
    """A list, sent to its reader on a server of its own."""
    path: Path = request.param
    if not path.exists():
        pytest.skip(f"{path} is not here")
    folder = tmp_path_factory.mktemp("list")
    with ServerProcess(folder / "var", env=environment(folder)) as server:
        town = Town(folder, server)
        town.settler(READER)
        parcels = read_parcels(path)
        for author in {one.author for one in parcels}:
            town.settler(author)
        yield List(path, parcels, post(parcels, READER, town.client), town)
    assert server.complaints == ""


def test_t13_every_mail_is_sent_or_refused_by_name(posted: List) -> None:
    assert len(posted.parcels) == COUNTS[posted.path]
    assert posted.posted.refused == REFUSED[posted.path]
    assert len(posted.posted.ids) == COUNTS[posted.path] - len(REFUSED[posted.path])


def test_s0_5_once_lists_them_all_newest_first(posted: List) -> None:
    reader = posted.town.person(READER)
    rows = reader.gets("client", "--once", "--json").objects
    table = reader.gets("client", "--once").out

    assert ids(rows) == [posted.id_of(one) for one in reversed(posted.arrived)]
    assert [(row["from"], row["subject"]) for row in rows] == [
        (one.author, one.subject) for one in reversed(posted.arrived)
    ]
    assert len(table.splitlines()) == len(posted.arrived) + 1
    assert all(one.subject in table for one in posted.arrived)
    assert all(one.author in table for one in posted.arrived)


def test_s0_16_each_opens_with_the_same_body(posted: List) -> None:
    reader = posted.town.person(READER)
    opened = {
        str(letter["id"]): letter
        for letter in reader.types("client", "--once", "--open", "--json").objects
    }
    with posted.town.client(READER) as client:
        for one in posted.arrived:
            id_ = posted.id_of(one)
            letter = opened.get(id_) or client.call("mail.open", {"id": id_})
            assert letter["body"] == one.body
            assert letter["subject"] == one.subject

    for one in posted.arrived[:: len(posted.arrived) // 4]:
        raw = reader.gets("open", posted.id_of(one), "--raw")
        assert raw.out == one.body


def test_s0_7_each_authors_outbox_says_when_it_was_opened(posted: List) -> None:
    with posted.town.client(READER) as client:
        for one in posted.arrived:
            client.call("mail.open", {"id": posted.id_of(one)})
    for author in dict.fromkeys(one.author for one in posted.arrived):
        mine = [posted.id_of(one) for one in posted.arrived if one.author == author]
        rows = posted.town.person(author).gets("outbox", "--all", "--json").objects

        assert ids(rows) == mine[::-1]
        for row in rows:
            (receipt,) = inners(row, "receipts")
            assert receipt["user"] == READER
            assert str(receipt["opened_at"]) >= str(row["sent_at"])


# -- what a mail is made into


def mail(body: str = "text", **headers: str) -> bytes:
    made = EmailMessage()
    for name, value in {"message_id": "<x@y.example>", **headers}.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return made.as_bytes()


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("Ada <ada@post.example>", "ada@post.example"),
        ("ada@post.example", "ada@post.example"),
        ("Cho <cho@lighthouse-keepers-of-the-north.example>", "cho"),
        (f"{'l' * 40}@x.example", "l" * 32),
    ],
)
def test_an_author_is_a_name_of_at_most_32_characters(sender: str, name: str) -> None:
    assert parcel(mail(From=sender)).author == name


def test_a_subject_is_one_line_cut_to_what_is_allowed() -> None:
    made = parcel(mail(From="a@b.example", Subject="many words " * 40))

    assert len(made.subject) == limit("subject_chars")
    assert parcel(mail(From="a@b.example")).subject == ""


def test_the_fixture_has_what_mail_is_feared_for() -> None:
    found = read_parcels(FIXTURE)

    assert [one.subject for one in found][:3] == [
        "Which ink do you use?",
        "Tinte für Jahrhunderte, und für immer",
        "Re: Which ink do you use?",
    ]
    assert found[1].body.splitlines()[0] == "Eisengallus. Die hält länger als ich. "
    assert found[2].body == "墨だけ。 🖋\n\nSecond line.\n"
    assert found[5].body == found[5].subject == ""


@pytest.mark.parametrize(
    ("body", "kind"),
    [("x" * 65_536, ""), ("x" * 65_537, "body_too_large"), ("", "body_empty")],
)
def test_t13_what_is_empty_or_too_large_is_refused_by_name(
    town: Town, body: str, kind: str
) -> None:
    name = f"size{len(body)}"
    town.settler(name)
    town.settler(f"{name}-reader")
    one = Parcel("<x@y.example>", name, "" if kind == "body_empty" else "s", body)
    posted = post([one], f"{name}-reader", town.client)

    assert posted.refused == ({one.name: kind} if kind else {})


def test_the_script_runs_by_itself(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with ServerProcess(tmp_path / "var", "--auth", "open", env=env) as server:
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.mailing_list", FIXTURE, server.address],
            cwd=TOP,
            env=env,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )

    assert done.returncode == 4
    assert done.stdout == "5 sent to reader\n"
    assert done.stderr == "<ink-6@post.example>: body_empty\n"

"""S0-14: what the check says of removed texts: lines, files and index must agree."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from nimsg.core.commands import Act, PurgeMail
from nimsg.store.messagefile import Positions
from nimsg.store.plan import RowKind
from nimsg.store.removal import Stub, encode_stub, read_stubs, stubs_end
from tests.support.post import BACKENDS, Busy, Post
from tests.support.ruin import Ruin, named


@pytest.fixture
def purged(tmp_path: Path) -> tuple[Ruin, str]:
    """A closed store with a removed message, and its id."""
    post = Post(BACKENDS["local"], tmp_path / "template")
    ann, bob, _ = post.people("ann", "bob", "cyd")
    kept = post.send(ann, "bob").id
    id_ = post.send(ann, "bob").id
    for uid in (ann, bob):
        post.act(Act.DELETED, uid, id_)
    post.purge()
    post.store.close()
    return Ruin(post.root, tmp_path / "var", Busy(kept, id_, id_)), id_


def lines(ruin: Ruin, id_: str) -> Path:
    return ruin.layout.removals(id_)


def change(**members: object) -> Callable[[Ruin, str], None]:
    """Other members in the line."""

    def spoil(ruin: Ruin, id_: str) -> None:
        path = lines(ruin, id_)
        [stub] = read_stubs(path)
        path.write_bytes(encode_stub(replace(stub, **members)) + b"\n")

    return spoil


def cut(ruin: Ruin, id_: str) -> None:
    path = lines(ruin, id_)
    path.write_bytes(path.read_bytes()[:-5])


def sql(statement: str) -> Callable[[Ruin, str], None]:
    return lambda ruin, id_: ruin.sql(statement, id_)


def of_another_day(ruin: Ruin, id_: str) -> None:
    path = lines(ruin, id_)
    other = path.parent.with_name("01") / path.name
    other.parent.mkdir()
    path.rename(other)


def twin(ruin: Ruin, id_: str) -> None:
    """The line of a message that nobody knows."""
    path = lines(ruin, id_)
    [stub] = read_stubs(path)
    unknown = replace(stub, id=f"{stub.id[:-3]}000")
    path.write_bytes(path.read_bytes() + encode_stub(unknown) + b"\n")


SPOILS: dict[str, tuple[Callable[[Ruin, str], object], tuple[str, ...]]] = {
    "no line": (
        lambda ruin, id_: lines(ruin, id_).unlink(),
        ("message ID: has lost its text, and no line tells of that",),
    ),
    "torn line": (cut, ("message ID: has lost its text, and no line tells of that",)),
    "no readable line": (
        lambda ruin, id_: lines(ruin, id_).write_bytes(b"{}\n"),
        (
            "LINES: cannot be read",
            "message ID: has lost its text, and the line that tells of that cannot",
        ),
    ),
    "file": (
        lambda ruin, id_: ruin.message(id_).write_bytes(
            ruin.message(ruin.ids.shared).read_bytes()
        ),
        ("FILE: it holds the message", "FILE: stands, and its text was removed"),
    ),
    "client_id": (
        change(client_id="other"),
        ("message ID: has `client_id` 'c2', by its file 'other'",),
    ),
    "sender": (
        change(sender="bob"),
        ("message ID: has `sender` 1, by its file 2",),
    ),
    "sender unknown": (
        change(sender="eve"),
        ("message ID: has `sender` 1, by its file -1",),
    ),
    "fingerprint": (change(fingerprint="f"), ("message ID: has `fingerprint`",)),
    "outbox": (
        change(positions=Positions({"bob": 2}, 9)),
        ("message ID: has `position` 2, by its file 9",),
    ),
    "inbox": (
        change(positions=Positions({"bob": 9}, 2)),
        ("message ID: has copies at other positions than its removal tells",),
    ),
    "text in the index": (
        sql("UPDATE message SET subject = 'x' WHERE id = ?"),
        ("message ID: has another `subject` than its file",),
    ),
    "not removed": (
        sql("UPDATE message SET removed = 0 WHERE id = ?"),
        ("message ID: has its text, and by a line it has none",),
    ),
    "another day": (
        of_another_day,
        ("messages/2026/11/01/removed.jsonl: has the message ID of another day",),
    ),
    "unknown": (
        twin,
        ("message TWIN: is missing, and a line tells of its end",),
    ),
    "since when": (
        sql("UPDATE message SET gone_at = 1 WHERE id = ?"),
        ("message ID: differs from what the ledger tells: in nobody's view since",),
    ),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_s0_14_every_disagreement_about_a_removed_text_is_named(
    purged: tuple[Ruin, str], spoil: str
) -> None:
    ruin, id_ = purged
    assert ruin.problems == []
    SPOILS[spoil][0](ruin, id_)

    assert named(
        ruin.problems,
        *(
            words.replace("TWIN", f"{id_[:-3]}000")
            .replace("ID", id_)
            .replace("LINES", ruin.name(lines(ruin, id_)))
            .replace("FILE", ruin.name(ruin.message(id_)))
            for words in SPOILS[spoil][1]
        ),
    )


def test_s0_14_without_an_index_a_removed_text_is_no_problem(
    purged: tuple[Ruin, str],
) -> None:
    ruin, _ = purged
    ruin.layout.index.unlink()

    assert ruin.problems == []


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"{}", "cannot be filed"), (None, "cannot be filed: it holds another message")],
)
def test_s0_14_a_removal_in_the_journal_can_be_filed(
    purged: tuple[Ruin, str], data: bytes | None, words: str
) -> None:
    ruin, id_ = purged
    row = lines(ruin, id_).read_bytes().rstrip() if data is None else data
    name = ruin.ids.shared
    ruin.add_journal_row(90, RowKind.REMOVAL, name, row)

    assert named(ruin.problems, f"journal row 90: {words}")


def test_s0_14_n12_a_removal_under_way_is_no_disagreement(tmp_path: Path) -> None:
    post = Post(BACKENDS["local"], tmp_path / "var")
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id
    for uid in (ann, bob):
        post.act(Act.DELETED, uid, id_)
    batch = post.store.commit([PurgeMail(post.now + 1, 9)], post.now)
    assert post.check().problems == []
    post.store.file(batch)
    assert post.check().problems == []
    post.store.close()
    assert post.check().problems == []


def test_s0_14_a_line_says_what_must_stay(purged: tuple[Ruin, str]) -> None:
    ruin, id_ = purged

    [stub] = read_stubs(lines(ruin, id_))

    assert isinstance(stub, Stub)
    assert (stub.id, stub.sender, stub.to, stub.client_id) == (
        id_,
        "ann",
        ["bob"],
        "c2",
    )
    assert (stub.positions, stub.imported) == (Positions({"bob": 2}, 2), False)


def test_x16_what_an_import_refers_to_is_as_in_its_file(tmp_path: Path) -> None:
    post = Post(BACKENDS["local"], tmp_path / "template")
    [ann] = post.people("ann")
    id_ = post.import_(ann, "ann", references=["gone"]).id
    post.store.close()
    ruin = Ruin(post.root, tmp_path / "var", Busy(id_, id_, id_))
    assert ruin.problems == []

    ruin.sql("UPDATE reference SET client_id = 'other' WHERE client_id = ?", "gone")

    assert [problem.what for problem in ruin.problems] == [
        "has other references than its file"
    ]


def test_a_day_ends_behind_the_last_line_that_is_not_written_again() -> None:
    stub = Stub(
        "1", "ann", ["bob"], "", "c", "f", None, Positions({"bob": 1}, 1), False
    )
    one, two = (encode_stub(replace(stub, id=id_)) + b"\n" for id_ in "12")

    assert stubs_end(one + two + b"{torn", {"2"}) == len(one)
    assert stubs_end(one + two, {"1"}) == len(one + two)
    assert stubs_end(one + two, {"1", "2"}) == 0

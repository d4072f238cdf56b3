"""The check names every disagreement about drafts."""

from pathlib import Path

import pytest

from nimsg.store.check_drafts import check_drafts
from nimsg.store.findings import Findings
from nimsg.store.layout import Layout
from nimsg.store.plan import RowKind
from nimsg.store.snapshot import take_snapshot
from nimsg.store.survey import survey
from tests.support.papers import FIRST, SECOND, THIRD, draft, gone
from tests.support.post import BACKENDS, Busy, Post
from tests.support.ruin import Ruin, named
from tests.support.spoils import Cases, check_case, circle, move, put, remove, sql, text


FILE, OTHER = f"drafts/{FIRST}.json", f"drafts/{SECOND}.json"
MISSING = "is missing, and the index has the draft"
CHANGE = "UPDATE draft SET {} = ? WHERE client_id = '1Z'"


def fill(post: Post) -> None:
    """Two drafts of one account."""
    post.people("ann")
    post.do(draft(FIRST), draft(SECOND))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with drafts, closed."""
    root = tmp_path_factory.mktemp("kept") / "var"
    post = Post(BACKENDS["local"], root)
    fill(post)
    post.store.close()
    return root


@pytest.fixture
def ruin(kept: Path, tmp_path: Path) -> Ruin:
    """A copy of it, to be spoilt."""
    return Ruin(kept, tmp_path / "ruin", Busy("", "", ""))


def journal(kind: RowKind, name: str, why: str) -> Cases:
    """A row waits that cannot be filed; its draft is one that the index has not."""

    def spoil(ruin: Ruin) -> None:
        data = ruin.layout.draft(FIRST).read_bytes()
        other = data.replace(FIRST.encode(), THIRD.encode())
        ruin.add_journal_row(20, kind, name, other)

    said = f"journal row 20: cannot be filed: {why}"
    return {f"journal {kind} {name}": (spoil, (said,))}


CASES: Cases = {
    "file missing": (remove(FILE), (f"{FILE}: {MISSING}",)),
    "no JSON": (put(FILE, "{"), (f"{FILE}: a draft file cannot be read",)),
    "unreadable": (circle(FILE), (f"{FILE}: cannot be read: Too many levels",)),
    "spaces": (
        text(FILE, '"format": 1', '"format":  1'),
        (f"{FILE}: was changed by other means",),
    ),
    "under another's name": (
        move(FILE, OTHER),
        (f"{FILE}: {MISSING}", f"{OTHER}: holds the draft '{FIRST}'"),
    ),
    "row missing": (
        sql("DELETE FROM draft WHERE client_id = ?", "1Z"),
        (f"draft {FIRST}: is missing, and its file stands",),
    ),
    "another time": (
        sql(CHANGE.format("saved_at"), 5),
        (f"draft {FIRST}: has `saved_at` 1970-01-01T00:00:00.005Z, by its file 2026",),
    ),
    **{
        f"another {column}": (
            sql(CHANGE.format(column), "x"),
            (f"draft {FIRST}: has another `{member}` than its file",),
        )
        for column, member in (
            ("addressees", "to"),
            ("subject", "subject"),
            ("body", "body"),
        )
    },
    "of nobody": (
        sql(CHANGE.format("uid"), 9),
        (
            f"draft {FIRST}: is of no account, or of one that is closed",
            f"draft {FIRST}: has `uid` 9, by its file 1",
        ),
    ),
    "wrong type": (
        sql(CHANGE.format("saved_at"), "today"),
        ("the file: holds a value of a wrong type in the table draft",),
    ),
    "left behind": (put(f"{FILE}.tmp"), (f"{FILE}.tmp: left behind",)),
    "no folder": (
        remove("drafts"),
        (f"{FILE}: {MISSING}", f"{OTHER}: {MISSING}"),
    ),
    **journal(RowKind.DRAFT, THIRD, "the index has no such draft"),
    **journal(RowKind.DRAFT, FIRST, f"holds the draft '{THIRD}'"),
    **journal(RowKind.DRAFT_END, FIRST, "the index has the draft still"),
    **journal(RowKind.DRAFT_END, "../x", "'../x' is the id of no draft"),
    **{
        where: (put(where), (f"{where}: does not belong here",))
        for where in ("drafts/x.json", f"{FILE}.bak", f"drafts/more/{FIRST}.json")
    },
}


@pytest.mark.parametrize("case", CASES)
def test_a_draft_that_disagrees_is_named(ruin: Ruin, case: str) -> None:
    check_case(ruin, *CASES[case])


def test_drafts_are_looked_at_without_an_index(ruin: Ruin) -> None:
    ruin.layout.index.unlink()
    ruin.layout.draft(FIRST).write_text("{")

    assert named(ruin.problems, f"{FILE}: a draft file cannot be read")


def test_a_draft_that_waits_to_be_filed_is_no_disagreement(post: Post) -> None:
    fill(post)
    post.settle()
    batch = post.store.commit(
        [draft(SECOND, body="more"), draft(THIRD), gone(FIRST)], post.now
    )
    leftover = Layout(post.root).draft(THIRD).with_suffix(".json.tmp")
    leftover.write_bytes(b"")

    assert post.check().problems == []
    post.store.file(batch)
    assert post.check().problems == []


def test_a_draft_that_is_made_and_deleted_in_the_journal_is_no_disagreement(
    post: Post,
) -> None:
    fill(post)
    post.do(draft(THIRD), gone(THIRD))

    assert post.check().problems == []


def test_a_draft_that_is_deleted_while_it_is_looked_at_is_no_disagreement(
    post: Post,
) -> None:
    fill(post)
    findings = Findings(post.root)
    seen = survey(Layout(post.root), findings)
    post.do(gone(FIRST))
    post.settle()
    with take_snapshot(post.root / "index.db", findings) as index:
        post.do(gone(SECOND))
        check_drafts(Layout(post.root), seen, index, findings)

    assert seen.drafts == {FIRST, SECOND}
    assert findings.problems == []


def test_the_second_look_sees_which_draft_may_still_change(post: Post) -> None:
    fill(post)
    post.settle()
    with take_snapshot(post.root / "index.db", Findings(post.root)) as index:
        assert index is not None
        post.do(gone(SECOND))
        post.settle()
        assert index.unsettled(RowKind.DRAFT, SECOND)
        assert not index.unsettled(RowKind.DRAFT, FIRST)

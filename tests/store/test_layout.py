"""Where files lie: by ids and days, never by what people write."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from nimsg.core.ulid import ulid
from nimsg.errors import ConfigError
from nimsg.store.layout import Layout, require_found
from tests.support.examples import many


LAYOUT = Layout(Path("var"))
LAST_MS = 253_402_300_799_999


@pytest.mark.parametrize(
    ("at_ms", "day"),
    [
        (0, "1970/01/01"),
        (86_399_999, "1970/01/01"),
        (86_400_000, "1970/01/02"),
        (951_782_400_000, "2000/02/29"),
        (1_795_132_799_999, "2026/11/19"),
        (1_795_132_800_000, "2026/11/20"),
        (LAST_MS, "9999/12/31"),
    ],
)
def test_s0_4_a_message_lies_in_the_day_of_its_id(at_ms: int, day: str) -> None:
    id_ = ulid(at_ms, bytes(10))

    assert LAYOUT.message(id_) == Path(f"var/messages/{day}/{id_}.json")


@many
@given(st.integers(0, LAST_MS), st.binary(min_size=10, max_size=10))
def test_x14_every_id_has_a_place_four_folders_down(at_ms: int, chance: bytes) -> None:
    path = LAYOUT.message(ulid(at_ms, chance))

    assert path.relative_to(LAYOUT.messages).parent.as_posix().count("/") == 2
    assert ".." not in path.parts


def test_a_time_beyond_all_days_has_no_place() -> None:
    with pytest.raises(ValueError, match="out of range"):
        LAYOUT.message(ulid(LAST_MS + 1, bytes(10)))


def test_accounts_lie_by_number_and_ledgers_by_day() -> None:
    assert LAYOUT.user(7) == Path("var/users/00000007.json")
    assert LAYOUT.user(123_456_789) == Path("var/users/123456789.json")
    assert LAYOUT.ledger_day("2026-11-20") == Path("var/ledger/2026-11-20.jsonl")


def test_message_files_come_oldest_first(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    times = [1, 86_400_000 * 31, 86_400_000, 2, 86_400_000 * 400]
    paths = [layout.message(ulid(at_ms, bytes(10))) for at_ms in times]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        path.with_suffix(".json.tmp").touch()

    assert list(layout.message_files()) == sorted(paths)


def test_a_folder_that_cannot_be_looked_into_is_no_fault_of_nimsg(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match="cannot be looked into: File name too long"):
        require_found(Layout(tmp_path / ("x" * 300)))

"""Progress bars: on a terminal, after a second, and nowhere else."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from nimsg.cli.progress import Bars, bar_format
from nimsg.progress import Progress, Silent
from tests.support import terminal
from tests.support.process import HANG_S, environment
from tests.support.terminal import Terminal


# Arguments: seconds before a bar is drawn, steps of 20 ms, what, total, unit.
WORK = """
import sys, threading
from nimsg.cli import progress
delay, steps, what, total, unit = sys.argv[1:]
progress.DELAY_S = float(delay)
with progress.Bars() as bars:
    for step, part in enumerate(what.split("+")):
        bars.begin(part, int(total), unit)
        for at in range(int(steps)):
            bars.advance(int(total) // int(steps))
            if at == int(steps) // 2:
                bars.note(f"line {step}")
            threading.Event().wait(0.02)
tqdm = sys.modules.get("tqdm")
print("end", threading.active_count(), tqdm and tqdm.tqdm.monitor_interval)
"""
SOON = ("0.05", "20")
QUICK = ("1", "5")
LONG = ("1", "70")
MAIL = ("Check the messages", "20000", "messages")
ENDED = "end 1 0"


@pytest.fixture(autouse=True)
def _work_on_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "NIMSG", (sys.executable, "-c", WORK))


def sent(home: Path, *words: str, cells: int = 80, **more: str) -> str:
    """Everything that a terminal was sent."""
    env = environment(home, **{"TERM": "xterm", "PYTHONIOENCODING": "utf-8", **more})
    with Terminal(*words, env=env, cells=cells) as shown:
        assert shown.ends() == 0, shown.text
        return shown.text


def drawn(text: str) -> list[str]:
    """What was written from the begin of a line on, in order."""
    return [part for part in re.split(r"[\r\n]", text) if part.strip()]


def screen(text: str) -> list[str]:
    """The lines that can be seen in the end."""
    lines = []
    for line in text.removesuffix("\n").split("\n"):
        cells = ""
        for part in line.split("\r"):
            cells = part + cells[len(part) :]
        lines.append(cells.rstrip())
    return lines


@pytest.mark.parametrize("cells", [200, 80])
def test_a_bar_shows_how_far_and_how_fast(tmp_path: Path, cells: int) -> None:
    text = sent(tmp_path, *SOON, *MAIL, cells=cells)
    shape = (
        r"Check the messages: +\d+%\|.+\| \d+/20000 messages, 00:0\d left, *[\d.]+/s"
    )
    bars = [part for part in drawn(text) if "%" in part]

    assert len(bars) > 1
    assert [bar for bar in bars if not re.fullmatch(shape, bar)] == []
    assert {len(bar) for bar in bars} == {cells - 1}
    assert "\x1b" not in text


@pytest.mark.parametrize("cells", [40, 60])
def test_a_narrow_bar_says_it_shorter(tmp_path: Path, cells: int) -> None:
    text = sent(tmp_path, *SOON, *MAIL, cells=cells)
    bars = [part for part in drawn(text) if "%" in part]

    assert re.fullmatch(r"Check .*\S \d+% \d+/20000 message.*", bars[0])
    assert all(len(part) <= cells for part in drawn(text))
    assert screen(text) == ["line 0", ENDED]


def test_a_short_name_leaves_room_for_the_time_at_40_cells(tmp_path: Path) -> None:
    text = sent(tmp_path, *SOON, "Import", "2000", "files", cells=40)

    assert re.search(r"\rImport \d+% \d+/2000 files 00:00", text)


def test_bytes_are_scaled(tmp_path: Path) -> None:
    text = sent(tmp_path, *SOON, "Copy", "20000000", "B")

    assert re.search(r"\d\.?\dM/20\.0MB, 00:0\d left, *[\d.]+MB/s", text)


def test_no_half_line_is_left_and_lines_stand_alone(tmp_path: Path) -> None:
    text = sent(tmp_path, *SOON, "One+Two", *MAIL[1:])
    names = [part[:4] for part in drawn(text) if "%" in part]

    assert names == sorted(names)
    assert set(names) == {"One:", "Two:"}
    assert screen(text) == ["line 0", "line 1", ENDED]


def test_the_bar_comes_back_behind_a_line(tmp_path: Path) -> None:
    parts = drawn(sent(tmp_path, *SOON, *MAIL))

    assert [after[:6] for before, after in pairwise(parts) if before == "line 0"] == [
        "Check "
    ]


def test_a_bar_is_of_ascii_where_the_terminal_is(tmp_path: Path) -> None:
    name = ("Prüfe", *MAIL[1:])
    plain = sent(tmp_path, *SOON, *name, PYTHONIOENCODING="ascii")
    rich = sent(tmp_path, *SOON, *name)

    assert plain.isascii()
    assert re.search(r"100%\|#+\||\d%\|#*\d* *\|", plain)
    assert "█" in rich
    assert "Prüfe: " in rich


def test_what_others_named_is_cleaned(tmp_path: Path) -> None:
    text = sent(tmp_path, *SOON, "a\x1b[31mb\u202ec" + "x" * 300, *MAIL[1:])

    assert not set(text) & set("\x1b\u202e")
    assert all(len(part) <= 80 for part in drawn(text))


def test_work_of_less_than_a_second_is_not_shown(tmp_path: Path) -> None:
    assert sent(tmp_path, *QUICK, *MAIL) == f"line 0\n{ENDED}\n"


def test_work_of_more_than_a_second_is_shown(tmp_path: Path) -> None:
    text = sent(tmp_path, *LONG, *MAIL)

    assert "%|" in text
    assert screen(text) == ["line 0", ENDED]


def test_nothing_is_drawn_on_a_terminal_that_cannot(tmp_path: Path) -> None:
    text = sent(tmp_path, *SOON, *MAIL, TERM="dumb")

    assert text == "line 0\nend 1 None\n"


def test_nothing_is_drawn_without_a_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK, *SOON, *MAIL],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )

    assert (done.stdout, done.stderr) == ("end 1 None\n", "line 0\n")


def test_what_shows_nothing_takes_the_same_calls() -> None:
    for progress in told():
        progress.advance()
        progress.begin("x", 0, "y")
        progress.advance(7)
        progress.end()
        progress.end()


def told() -> list[Progress]:
    return [Silent(), Bars()]


def test_the_unit_of_bytes_is_written_once() -> None:
    assert "{total_fmt}B," in bar_format("B", 80)
    assert "{total_fmt} files," in bar_format("files", 80)

"""`nimsg demo`: the story for a pipe, and behind it a screen for a person."""

import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nimsg.cli.demostage import Stage
from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import connect
from nimsg.errors import Exit, NimsgError, Unreachable
from tests.support.process import HANG_S, NIMSG, environment, nimsg
from tests.support.sitting import Sitter


SLOW_S = 60.0
TURN = "Now it is your turn"
DOOR = "Enter opens the screen"
ADDRESS = re.compile(r"nimsg server on (\S+)")


class Demo(Sitter):
    """The demo on a terminal; its files are in `folder` while it goes on."""

    def __init__(self, home: Path, *words: str) -> None:
        # Paths of sockets are short, so this is not in the folder of the test.
        self._tmp = tempfile.TemporaryDirectory(prefix="nimsg-test-")
        self.folder = Path(self._tmp.name)
        super().__init__(
            [*NIMSG, "demo", *words],
            env=environment(home, TMPDIR=str(self.folder)),
        )

    def __exit__(self, *args: object) -> None:
        super().__exit__(*args)
        self._tmp.cleanup()

    @property
    def address(self) -> str:
        """Where the server was last."""
        return str(ADDRESS.findall(self.raw.decode())[-1])

    def opens_the_screen(self) -> None:
        """Wait for the end of the story, and go on."""
        self.wait_for(DOOR, SLOW_S)
        self.key("enter")
        self.is_in()

    def left(self) -> list[str]:
        """What is there still: nothing, if all is well."""
        files = [path.name for path in self.folder.iterdir()]
        try:
            connect(parse_address(self.address), Security(), timeout_s=HANG_S).close()
        except Unreachable:
            return files
        return [*files, "the server"]


@contextmanager
def demo(home: Path, *words: str) -> Iterator[Demo]:
    with Demo(home, *words) as on:
        yield on


def test_without_a_terminal_it_is_a_story_and_no_screen(tmp_path: Path) -> None:
    done = nimsg("demo", env=environment(tmp_path))
    told = done.stdout.decode()

    assert done.returncode == Exit.DONE
    assert done.stderr == b""
    assert "Files, ledger and index agree." in told
    assert TURN not in told
    assert "\x1b" not in told


def test_bob_reads_acknowledges_answers_and_talks(
    tmp_path: Path,
) -> None:
    with demo(tmp_path) as ann:
        ann.opens_the_screen()
        ann.wait_for("Welcome! Enter opens this")
        ann.writes("bob", "keys", "where are they?")
        ann.wait_for(lambda _: re.search(r"R +bob .*\d\d:\d\d.* keys", ann.text()))
        ann.wait_for(lambda _: re.search(r"A +bob .*\d\d:\d\d.* keys", ann.text()))
        ann.wait_for("Re: keys")
        ann.commands("say lobby is anybody here?")
        ann.commands("history lobby")
        ann.wait_for("<bob>       I hear you")
        ann.types("/startprivate bob")
        ann.wait_for("bob(p2p)")
        ann.key("meta a")
        ann.wait_for("This goes from your client to mine")
        ann.key("ctrl c")

        assert ann.exit_code() == Exit.DONE
        assert ann.restored() == []
        assert ann.left() == []
        assert "nimsg client --user YOU" in ann.text()


@pytest.mark.parametrize(
    ("when", "number"),
    [
        ("Bob asks what is new", signal.SIGINT),
        ("Beside the mail", signal.SIGTERM),
        (DOOR, signal.SIGHUP),
    ],
)
def test_a_signal_ends_the_story_and_leaves_nothing(
    tmp_path: Path, when: str, number: signal.Signals
) -> None:
    with demo(tmp_path) as ann:
        ann.wait_for(when, SLOW_S)
        ann.signal(number)

        assert ann.exit_code() == Exit.INTERRUPTED
        assert ann.restored() == []
        assert ann.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_screen_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    with demo(tmp_path) as ann:
        ann.opens_the_screen()
        ann.signal(number)

        assert ann.exit_code() == Exit.DONE
        assert ann.restored() == []
        assert ann.left() == []


def test_the_screen_opens_by_itself_and_the_store_is_kept_where_that_is_wanted(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "kept"
    with demo(tmp_path, "--keep", str(kept)) as ann:
        ann.wait_for(DOOR, SLOW_S)
        ann.is_in()
        ann.key("q")

        assert ann.exit_code() == Exit.DONE
        assert ann.left() == []
    checked = nimsg("check", "--var", str(kept), env=environment(tmp_path))
    assert checked.returncode == Exit.DONE


@pytest.mark.parametrize("below", [".", "note.txt", "note.txt/sub", "/proc/kept"])
def test_a_folder_that_is_not_for_the_demo_is_refused_and_left_as_it_is(
    tmp_path: Path, below: str
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "note.txt").write_text("mine")
    kept = foreign / below
    done = nimsg("demo", "--keep", str(kept), env=environment(tmp_path))
    told = done.stderr.decode()

    assert done.returncode == Exit.CONFIG
    assert done.stdout == b""
    assert told.startswith(f"nimsg: {kept} ")
    assert "give --keep a folder that is new or empty" in told
    assert [path.name for path in foreign.iterdir()] == ["note.txt"]


def test_a_server_that_does_not_start_ends_the_demo_with_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(NimsgError) as caught, Stage(tmp_path):
        pass

    assert caught.value.exit == Exit.CONFIG
    assert "'note.txt'" in capsys.readouterr().out


def test_its_help_says_what_follows(tmp_path: Path) -> None:
    told = nimsg("demo", "--help", env=environment(tmp_path)).stdout.decode()

    assert "--keep" in told
    assert "the full screen opens" in " ".join(told.split())

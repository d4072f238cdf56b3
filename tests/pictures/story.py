"""A day in a small laboratory: a real server, and what four people do on it.

Only the clock is the story's own (see `clock/sitecustomize.py`).
"""

import re
import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from nimsg.protocol.constants import DEFAULT_PORT
from tests.support.process import NIMSG, TOP, ServerProcess, environment, nimsg
from tests.support.screen import Screen


USUAL = (80, 24)
TOLD = {"enter": "sees that you opened", "a": "acknowledged"}
CLOCK = Path(__file__).parent / "clock"
DAY = "2026-11-20"
NOW = "16:40"
DISK = """\
/scratch on node7 was full at 16:20, so I have removed what nobody
had touched for a year. Please look whether your runs still find what
they need:

https://node7.lab.example/scratch/removed.txt

It comes back from the backup until Sunday, then it is gone for good.
"""
NODE7 = """\
Hello all,

node7 goes down at 17:00 for the new disks and is back at 18:00.
Whatever runs on it then is lost. Please acknowledge this when your
jobs are off it.

Ann
"""

# When (a clock time of the day, or a whole time), who, which verb, and the name under
# which a message is known from then on.
Step = tuple[str, str, Sequence[str], str]
STEPS: Sequence[Step] = (
    ("2026-11-19 17:30", "ann", ("client", "--once"), ""),
    ("2026-11-19 17:31", "bob", ("client", "--once"), ""),
    ("2026-11-19 17:32", "carol", ("client", "--once"), ""),
    ("2026-11-19 17:33", "dan", ("client", "--once"), ""),
    (
        "2026-11-19 17:40",
        "dan",
        (
            "send",
            "ann",
            "bob",
            "-s",
            "backup runs at 02:00 from now on",
            "-m",
            "As is.",
        ),
        "backup",
    ),
    ("2026-11-19 18:05", "ann", ("open", "{backup}"), ""),
    ("2026-11-19 18:05", "ann", ("ack", "{backup}"), ""),
    ("09:10", "dan", ("send", "ann", "-s", "lunch?", "-m", "At noon?"), "lunch"),
    ("09:12", "ann", ("open", "{lunch}"), ""),
    ("09:13", "ann", ("send", "--reply-to", "{lunch}", "-m", "Gladly."), "gladly"),
    ("09:20", "dan", ("open", "{gladly}"), ""),
    (
        "10:30",
        "ann",
        ("send", "bob", "carol", "dan", "-s", "node7 is down 17:00-18:00", "-m", NODE7),
        "node7",
    ),
    ("10:35", "dan", ("client", "--once"), ""),
    ("10:41", "bob", ("client", "enter", "a"), ""),
    ("11:58", "carol", ("client", "enter"), ""),
    ("12:04", "carol", ("send", "--reply-to", "{node7}", "-m", "All off."), "off"),
    ("12:10", "ann", ("open", "{off}"), ""),
    (
        "13:05",
        "ann",
        ("send", "carol", "-s", "demo on Friday", "-m", "Shall we show the pump?"),
        "",
    ),
    (
        "15:02",
        "carol",
        ("send", "ann", "bob", "-s", "lab meeting moved to Monday", "-m", "Same room."),
        "",
    ),
    (
        "15:58",
        "ann",
        ("send", "bob", "-s", "keys for the lab", "-m", "Third drawer."),
        "keys",
    ),
    (
        "16:12",
        "ann",
        ("send", "dan", "-s", "invoice 4711", "-m", "See there."),
        "wrong",
    ),
    ("16:13", "ann", ("recall", "{wrong}"), ""),
    ("16:20", "bob", ("client", "enter"), ""),
    ("16:36", "dan", ("client",), ""),
    ("16:33", "bob", ("send", "ann", "-s", "disk full on node7", "-m", DISK), "disk"),
    ("09:00", "bob", ("room", "create", "lab", "--topic", "what breaks"), ""),
    ("09:01", "ann", ("room", "join", "lab"), ""),
    ("09:02", "carol", ("room", "join", "lab"), ""),
    ("09:03", "dan", ("room", "join", "lab"), ""),
    ("15:31", "carol", ("room", "post", "lab", "-m", "the pump leaks again"), ""),
    ("15:32", "dan", ("room", "post", "lab", "-m", "the left one or the right?"), ""),
    (
        "15:34",
        "carol",
        ("room", "post", "lab", "-m", "The left one. I have put a bucket below it."),
        "",
    ),
    ("15:40", "bob", ("room", "post", "lab", "-m", "new seal is ordered"), ""),
    ("15:41", "ann", ("room", "post", "lab", "-m", "thank you both"), ""),
    ("15:41", "ann", ("room", "mark", "lab", "5"), ""),
    ("16:21", "bob", ("room", "post", "lab", "-m", "anyone near node7?"), ""),
    ("16:24", "dan", ("room", "post", "lab", "-m", "I am. What does it do?"), ""),
    (
        "16:25",
        "bob",
        ("room", "post", "lab", "-m", "It says that /scratch is full; I clean up."),
        "",
    ),
)


class Story:
    """The laboratory at the end of its day. Use in `with`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clock = folder / "clock"
        self.set("2026-11-19 17:00")
        self.server = ServerProcess(
            folder / "var", "--auth", "open", "--port", free(), env=self._env()
        )

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()

    def set(self, at: str) -> None:
        """Put all clocks at a time of the day, or at a whole time."""
        whole = at if "-" in at else f"{DAY} {at}"
        moment = datetime.strptime(whole, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        ns = int(moment.timestamp()) * 1_000_000_000
        new = self._clock.with_suffix(".new")
        new.write_text(f"{ns} {time.monotonic_ns()}", "ascii")
        new.replace(self._clock)

    def happens(self) -> None:
        """Let the day pass, until now."""
        ids: dict[str, str] = {}
        for at, who, words, name in sorted(STEPS, key=lambda one: _when(one[0])):
            self.set(at)
            if words[0] == "client" and "--once" not in words:
                self._looks(who, words[1:])
                continue
            named = [word.format(**ids) if word[:1] == "{" else word for word in words]
            done = nimsg(*named, "--user", who, env=self._env(who))
            if done.returncode > 1 or (name and done.returncode):
                raise RuntimeError(f"{who}: {named}: {done.stderr.decode()}")
            if name:
                ids[name] = done.stdout.decode().split()[0]
        self.set(NOW)

    def _looks(self, who: str, keys: Sequence[str]) -> None:
        """Somebody opens the screen, presses some keys at the newest row, and ends."""
        with self.sits(who, USUAL) as screen:
            screen.wait_for(lambda now: re.search("> [Nx ] |no mail yet", now.text()))
            for key in keys:
                screen.key(key)
                screen.wait_for(TOLD[key])
            screen.key("ctrl c")
            screen.exit_code()

    def sits(self, name: str, size: tuple[int, int], verb: str = "client") -> Screen:
        """Somebody at the full screen, or in line mode with `talk`."""
        cols, rows = size
        return Screen(
            [*NIMSG, verb, "--user", name],
            env=self._env(name),
            cols=cols,
            rows=rows,
            settings={"COLORTERM": "truecolor"},
        )

    def _env(self, name: str = "server") -> dict[str, str]:
        home = self._folder / name
        home.mkdir(exist_ok=True)
        known = {"NIMSG_SERVER": self.server.address} if name != "server" else {}
        return environment(
            home,
            PYTHONPATH=f"{CLOCK}:{TOP}",
            STORY_CLOCK=str(self._clock),
            TZ="UTC",
            **known,
        )


def _when(at: str) -> str:
    return at if "-" in at else f"{DAY} {at}"


def free() -> str:
    """The usual port where it is free, so that pictures tell of it; else any."""
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", DEFAULT_PORT))
        except OSError:
            return "0"
    return str(DEFAULT_PORT)

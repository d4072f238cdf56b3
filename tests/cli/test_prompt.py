"""The terminal around a line that is typed, at real terminals and pipes."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import pyte
import pytest

from nimsg.cli.lineeditor import EndOfInput, Interrupt, Line
from nimsg.cli.prompt import Given, Prompt, Terminated
from tests.support.process import HANG_S, environment
from tests.support.terminal import Terminal


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH)
PATIENCE_S = 20
QUESTION = "Private link from bob? [y/n] "


class Desk:
    """A terminal in this process, somebody who types, and what can be seen."""

    def __init__(self, rows: int = 10, columns: int = 40) -> None:
        self.seen = ""
        self._outer, self.inner = os.openpty()
        self.out = os.fdopen(os.dup(self.inner), "w", encoding="utf-8")
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._changed = asyncio.Event()
        self.before = termios.tcgetattr(self.inner)
        self.resize(columns, rows)

    def __enter__(self) -> "Desk":
        asyncio.get_running_loop().add_reader(self._outer, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        self.out.close()
        os.close(self.inner)
        self.hang_up()

    def hang_up(self) -> None:
        """Let the other side of the terminal go."""
        if self._outer >= 0:
            asyncio.get_running_loop().remove_reader(self._outer)
            os.close(self._outer)
            self._outer = -1

    def resize(self, columns: int, rows: int = 10) -> None:
        termios.tcsetwinsize(self._outer, (rows, columns))
        self._screen.resize(rows, columns)

    def types(self, keys: bytes) -> None:
        os.write(self._outer, keys)

    async def shows(self, *rows: str) -> None:
        """Wait until these rows stand there, and nothing else."""
        while self.rows != list(rows):
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), PATIENCE_S)
            except TimeoutError:
                pytest.fail(f"never seen: {rows}; there is {self.rows}")

    @property
    def rows(self) -> list[str]:
        """What stands there, without the empty rows below."""
        rows = "\n".join(row.rstrip() for row in self._screen.display)
        return rows.rstrip("\n").split("\n")

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was before."""
        return termios.tcgetattr(self.inner) == self.before

    def _read(self) -> None:
        text = os.read(self._outer, 65_536).decode()
        self.seen += text
        self._stream.feed(text)
        self._changed.set()


class Reader:
    """Takes what a prompt gives, one after the other."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt

    async def next(self) -> Given:
        async with asyncio.timeout(HANG_S):
            return await anext(self._prompt)

    async def ended(self) -> bool:
        """Whether nothing more comes."""
        async with asyncio.timeout(HANG_S):
            return [event async for event in self._prompt] == []


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("TERM", "xterm")
    with Desk() as desk:
        yield desk


def prompt_at(desk: Desk, *, quiet_s: float = 0) -> Prompt:
    return Prompt("> ", words, stdin=desk.inner, out=desk.out, quiet_s=quiet_s)


def words(head: str) -> list[str]:
    return [word for word in ("block", "blocks", "inbox") if word.startswith(head)]


# -- at a terminal


async def test_a_line_is_typed_and_stays_above(desk: Desk) -> None:
    with prompt_at(desk) as prompt:
        await desk.shows(">")
        desk.types(b"hello\rwor")

        assert (await Reader(prompt).next()) == Line("hello", "hello\n")
        await desk.shows("> hello", "> wor")
        assert not termios.tcgetattr(desk.inner)[3] & termios.ECHO


async def test_c24_a_line_from_others_never_garbles_what_is_typed(desk: Desk) -> None:
    with prompt_at(desk) as prompt:
        desk.types("message bob grü".encode())
        await desk.shows("> message bob grü")
        prompt.say("ann: hi\x1b[2J\nand more")
        desk.types(b"n\x1b[D\x1b[Dx")

        await desk.shows("ann: hi", "and more", "> message bob grxün")


async def test_an_unusual_key_rings_and_tab_shows_the_words(desk: Desk) -> None:
    with prompt_at(desk):
        desk.types(b"bl\t\t")
        await desk.shows("block  blocks", "> block")
        desk.types(b"x\t\x0c")
        await desk.shows("block  blocks", "> blockx")

    assert "\a" in desk.seen


async def test_s1_16_one_key_answers_a_question(desk: Desk) -> None:
    with prompt_at(desk) as prompt:
        desk.types(b"half")
        await desk.shows("> half")
        asking = asyncio.ensure_future(prompt.ask(QUESTION, "yn"))
        await desk.shows(QUESTION.strip())
        desk.types(b"y")

        assert await asking == "y"
        await desk.shows(f"{QUESTION}y", "> half")
        desk.types(b"!\r")
        event = await Reader(prompt).next()
        assert isinstance(event, Line)
        assert event.text == "half!"


async def test_s1_17_a_second_key_is_never_transmitted(desk: Desk) -> None:
    with prompt_at(desk) as prompt:
        asking = asyncio.ensure_future(prompt.ask(QUESTION, "yn"))
        await desk.shows(QUESTION.strip())
        desk.types(b"yy\r")
        assert await asking == "y"
        await desk.shows(f"{QUESTION}y", ">")
        desk.types(b"bye\r")

        event = await Reader(prompt).next()
        assert isinstance(event, Line)
        assert event.text == "bye"


async def test_s1_16_questions_come_one_after_the_other(desk: Desk) -> None:
    with prompt_at(desk) as prompt:
        both = asyncio.gather(prompt.ask("One? ", "yn"), prompt.ask("Two? ", "yn"))
        await desk.shows("One?")
        desk.types(b"y")
        await desk.shows("One? y", "Two?")
        desk.types(b"N")

        assert [*await both] == ["y", "n"]


async def test_s1_16_nobody_answers_a_question_while_typing(desk: Desk) -> None:
    with prompt_at(desk, quiet_s=HANG_S * 10) as prompt:
        desk.types(b"a")
        await desk.shows("> a")
        asking = asyncio.ensure_future(prompt.ask(QUESTION, "yn"))
        desk.types(b"y")
        await desk.shows("> ay")

        assert not asking.done()
        assert QUESTION not in desk.seen
        asking.cancel()


async def test_s1_16_no_word_consents_and_the_question_comes_back(desk: Desk) -> None:
    with prompt_at(desk, quiet_s=0.5) as prompt:
        asking = asyncio.ensure_future(prompt.ask(QUESTION, "yn"))
        await desk.shows(QUESTION.strip())
        for key in b"say lobby half ty":
            desk.types(bytes([key]))
            await asyncio.sleep(0.01)
        await desk.shows("> say lobby half ty")
        assert not asking.done()
        await desk.shows(QUESTION.strip())
        desk.types(b"y")

        assert await asking == "y"
        await desk.shows(f"{QUESTION}y", "> say lobby half ty")


async def test_a_question_that_is_withdrawn_gives_the_line_back(desk: Desk) -> None:
    with prompt_at(desk) as prompt:
        desk.types(b"half")
        await desk.shows("> half")
        asking = asyncio.ensure_future(prompt.ask(QUESTION, "yn"))
        await desk.shows(QUESTION.strip())
        asking.cancel()
        await desk.shows("> half")
        desk.types(b"y")

        await desk.shows("> halfy")


async def test_a_question_wider_than_the_terminal_is_said_whole(desk: Desk) -> None:
    desk.resize(20)
    with prompt_at(desk) as prompt:
        asking = asyncio.ensure_future(prompt.ask(QUESTION, "yn"))
        desk.types(b"n")

        assert await asking == "n"
        await desk.shows("Private link from bo", "b? [y/n]", "k from bob? [y/n] n", ">")


async def test_the_row_fits_a_terminal_that_was_resized(desk: Desk) -> None:
    with prompt_at(desk):
        desk.types(b"0123456789" * 3)
        await desk.shows("> " + "0123456789" * 3)
        desk.resize(20)
        os.kill(os.getpid(), signal.SIGWINCH)
        await desk.shows("> 23456789")


async def test_term_8_a_paste_is_one_line_and_enters_nothing(desk: Desk) -> None:
    with prompt_at(desk) as prompt:
        desk.types(b"\x1b[200~message bob a\rlogout\r\x1b[201~")
        await desk.shows("> message bob a logout")
        desk.types(b"\r")

        event = await Reader(prompt).next()
        assert isinstance(event, Line)
        assert event.text == "message bob a logout "


@pytest.mark.parametrize(("term", "marked"), [("xterm", 1), ("dumb", 0), ("", 0)])
async def test_term_8_pastes_are_marked_where_the_terminal_can(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, term: str, marked: int
) -> None:
    monkeypatch.setenv("TERM", term)
    with prompt_at(desk):
        desk.types(b"ab\x7f\x1b[D")
        await desk.shows("> a")
    await desk.shows("")

    assert desk.seen.count("\x1b[?2004h") == marked
    assert desk.seen.count("\x1b[?2004l") == marked
    assert desk.seen.count("\x1b") == 2 * marked


@pytest.mark.parametrize(
    ("keys", "event"), [(b"half\x03", Interrupt()), (b"\x04", EndOfInput())]
)
async def test_the_last_event_gives_the_terminal_back(
    desk: Desk, keys: bytes, event: Given
) -> None:
    with prompt_at(desk) as prompt:
        await desk.shows(">")
        desk.types(keys)

        assert await Reader(prompt).next() == event
        assert await Reader(prompt).ended()
        assert desk.restored
        prompt.say("bye")
        await desk.shows("bye")
        assert await prompt.ask(QUESTION, "yn") == ""


async def test_a_question_ends_with_the_input(desk: Desk) -> None:
    with prompt_at(desk) as prompt:
        asking = asyncio.ensure_future(prompt.ask(QUESTION, "yn"))
        await desk.shows(QUESTION.strip())
        desk.types(b"\x03")

        assert await asking == ""
        assert await Reader(prompt).next() == Interrupt()


async def test_the_input_blocks_again_afterwards(desk: Desk) -> None:
    """A loop may have made it non-blocking, for whoever else has it too."""
    with prompt_at(desk):
        os.set_blocking(desk.inner, False)
        desk.types(b"x")
        await desk.shows("> x")

    assert os.get_blocking(desk.inner)


async def test_term_6_a_fault_leaves_the_terminal_as_it_was(desk: Desk) -> None:
    handlers = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(ZeroDivisionError):
        await fails_at(desk)

    assert desk.restored
    assert [signal.getsignal(number) for number in SIGNALS] == handlers


async def fails_at(desk: Desk) -> None:
    with prompt_at(desk):
        await desk.shows(">")
        assert not desk.restored
        raise ZeroDivisionError


async def test_a_terminal_that_goes_away_ends_the_input(desk: Desk) -> None:
    with prompt_at(desk) as prompt:
        await desk.shows(">")
        desk.hang_up()

        assert await Reader(prompt).next() == EndOfInput()
        with pytest.raises(OSError, match="Input/output"):
            prompt.say("nobody sees this")


async def test_an_output_that_fails_is_told_where_events_are_read(desk: Desk) -> None:
    with Desk() as other, Prompt("> ", stdin=desk.inner, out=other.out) as prompt:
        await other.shows(">")
        other.hang_up()
        desk.types(b"x")

        with pytest.raises(OSError, match="Input/output"):
            await Reader(prompt).next()
        assert desk.restored


async def test_a_fault_in_completing_is_told_where_events_are_read(
    desk: Desk,
) -> None:
    def fails(_: str) -> list[str]:
        raise ZeroDivisionError

    with Prompt("> ", fails, stdin=desk.inner, out=desk.out) as prompt:
        await desk.shows(">")
        desk.types(b"\t")

        with pytest.raises(ZeroDivisionError):
            await Reader(prompt).next()
        assert desk.restored


async def test_term_6_a_terminal_that_cannot_be_drawn_on_is_left(desk: Desk) -> None:
    with Desk() as other:
        prompt = Prompt("> ", stdin=desk.inner, out=other.out)
        other.hang_up()
        with pytest.raises(OSError, match="Input/output"):
            prompt.__enter__()

    assert desk.restored


async def test_the_row_is_drawn_anew_after_a_stop(desk: Desk) -> None:
    with prompt_at(desk):
        desk.types(b"half")
        await desk.shows("> half")
        termios.tcsetattr(desk.inner, termios.TCSANOW, desk.before)
        desk.out.write("\r[1]+ Stopped\n")
        desk.out.flush()
        os.kill(os.getpid(), signal.SIGCONT)

        await desk.shows("[1]+ Stopped", "> half")
        assert not desk.restored
    assert desk.restored


# -- at pipes and files


@contextmanager
def piped(stdin: int) -> Iterator[tuple[Prompt, Callable[[], bytes]]]:
    """A prompt that reads from here, and what it has printed since."""
    read, write = os.pipe()
    os.set_blocking(read, False)

    def printed() -> bytes:
        with suppress(BlockingIOError):
            return os.read(read, 65_536)
        return b""

    with os.fdopen(write, "w", encoding="utf-8") as out:
        with Prompt("> ", stdin=stdin, out=out) as prompt:
            yield prompt, printed
        assert printed() == b""
    os.close(read)
    os.close(stdin)


def pipe(data: bytes) -> tuple[int, int]:
    read, write = os.pipe()
    os.write(write, data)
    return read, write


async def test_a_pipe_gives_lines_and_nothing_is_drawn() -> None:
    read, write = pipe(b"whoelse\r\nmessage bob h\xc3\xa9\x1b\xff\nlast")
    os.close(write)
    with piped(read) as (prompt, printed):
        events = [event async for event in prompt]
        prompt.say("a line")

        assert events == [
            Line("whoelse", ""),
            Line("message bob hé", ""),
            Line("last", ""),
            EndOfInput(),
        ]
        assert printed() == b"a line\n"


@pytest.mark.parametrize("name", ["lines", "null"])
async def test_a_file_gives_lines_too(tmp_path: Path, name: str) -> None:
    path = Path(os.devnull)
    if name == "lines":
        path = tmp_path / "lines"
        path.write_bytes(b"x\n" * 100_000)
    with piped(os.open(path, os.O_RDONLY)) as (prompt, _):
        async with asyncio.timeout(HANG_S):
            events = [event async for event in prompt]

    assert len(events) == (100_001 if name == "lines" else 1)
    assert events[-1] == EndOfInput()


@pytest.mark.parametrize(
    ("line", "answer", "left"),
    [
        (b"y\n", "y", []),
        (b" No, thanks\n", "n", []),
        (b"message bob yes\n", "", [Line("message bob yes", "")]),
        (b"\n", "", [Line("", "")]),
        (b"", "", []),
    ],
)
async def test_s1_17_the_next_line_of_a_pipe_answers_or_stays_a_line(
    line: bytes, answer: str, left: list[Line]
) -> None:
    read, write = pipe(line)
    os.close(write)
    with piped(read) as (prompt, printed):
        assert await prompt.ask(QUESTION, "yn") == answer
        assert [event async for event in prompt] == [*left, EndOfInput()]
        assert printed() == f"{QUESTION.rstrip()}\n".encode()


async def test_a_question_is_answered_before_the_next_line_is_given() -> None:
    read, write = pipe(b"")
    with piped(read) as (prompt, printed):
        reading = asyncio.ensure_future(anext(prompt))
        asking = asyncio.ensure_future(prompt.ask(QUESTION, "yn"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        os.write(write, b"y\nbye\n")

        assert await asking == "y"
        assert await reading == Line("bye", "")
        assert printed() == f"{QUESTION.rstrip()}\n".encode()
    os.close(write)


async def test_a_pipe_is_read_no_further_than_is_wanted() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    written = fill(write)
    with piped(read) as (prompt, _):
        assert await Reader(prompt).next() == Line("x", "")
        for _ in range(20):
            await asyncio.sleep(0)
            written += fill(write)

        assert written <= 3 * 65_536
    os.close(write)


def fill(fd: int) -> int:
    """Write lines until no more fit; their bytes."""
    written = 0
    with suppress(BlockingIOError):
        while True:
            written += os.write(fd, b"x\n" * 2048)
    return written


@pytest.mark.parametrize(
    ("number", "event"),
    [
        (signal.SIGINT, Interrupt()),
        (signal.SIGTERM, Terminated(signal.SIGTERM)),
        (signal.SIGHUP, Terminated(signal.SIGHUP)),
    ],
)
async def test_a_signal_is_the_last_event(number: int, event: Given) -> None:
    read, write = pipe(b"")
    with piped(read) as (prompt, _):
        reading = asyncio.ensure_future(anext(prompt))
        await asyncio.sleep(0)
        os.kill(os.getpid(), number)

        assert await reading == event
        assert await Reader(prompt).ended()
    os.close(write)


async def test_s4_9_behind_the_end_of_input_a_hang_up_does_nothing() -> None:
    """Who closes the window sends both; there is still a goodbye to say."""
    read, write = pipe(b"")
    os.close(write)
    with piped(read) as (prompt, _):
        assert await anext(prompt) == EndOfInput()
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


async def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    read, write = pipe(b"x\n")
    try:
        with piped(read) as (prompt, _):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGHUP)
            assert await Reader(prompt).next() == Line("x", "")
    finally:
        signal.signal(signal.SIGHUP, before)
        os.close(write)


async def test_a_full_output_is_waited_for() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    source, typing = pipe(b"")
    taken: list[bytes] = []

    def take() -> None:
        while data := os.read(read, 65_536):
            taken.append(data)

    taker = threading.Thread(target=take)
    with (
        os.fdopen(write, "w", encoding="ascii") as out,
        Prompt("> ", stdin=source, out=out) as prompt,
    ):
        fill(write)
        taker.start()
        prompt.say("é")
        prompt.say("x" * 5_000_000)
    taker.join(HANG_S)

    assert b"".join(taken).endswith(b"\n?\n" + b"x" * 5_000_000 + b"\n")
    for fd in (read, source, typing):
        os.close(fd)


async def test_an_output_that_broke_is_told_where_lines_are_read() -> None:
    read, write = os.pipe()
    source, typing = pipe(b"x\n")
    out = os.fdopen(write, "w", encoding="utf-8")
    with Prompt("> ", stdin=source, out=out) as prompt:
        os.close(read)
        assert await Reader(prompt).next() == Line("x", "")
        with pytest.raises(BrokenPipeError):
            prompt.say("y")
    out.close()
    os.close(typing)
    os.close(source)


# -- in a process of its own


TALK = """
import asyncio, sys
from nimsg.cli.prompt import Prompt

async def talk():
    with Prompt("> ", quiet_s=0) as prompt:
        async for event in prompt:
            prompt.say(f"got {event!r}")
            if getattr(event, "text", "") == "fail":
                raise SystemExit("failed")

asyncio.run(talk())
print("ended")
"""


class Talk(Terminal):
    """A program of its own on a terminal of its own."""

    def __init__(self, *words: str, env: Mapping[str, str], out: int | None) -> None:
        self.seen = b""
        self._read_to = 0
        self._fd, inside = os.openpty()
        termios.tcsetwinsize(self._fd, (24, 80))
        self._process = subprocess.Popen(
            words,
            env=dict(env),
            stdin=inside,
            stdout=inside if out is None else out,
            stderr=inside,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(inside)

    def __enter__(self) -> "Talk":
        return self


class Begin(Protocol):
    """Begins to talk on a terminal, or to run something else there."""

    def __call__(self, *words: str, out: int | None = None) -> Talk: ...


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begin to talk on a terminal; it has ended with the test."""
    begun: list[Talk] = []

    def begin_(*words: str, out: int | None = None) -> Talk:
        env = environment(tmp_path, TERM="xterm", PS1="$ ", ENV="", TALK=TALK)
        begun.append(Talk(*(words or (sys.executable, "-c", TALK)), env=env, out=out))
        return begun[-1]

    yield begin_
    for talk in begun:
        talk.__exit__()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_term_6_a_signal_leaves_the_terminal_as_it_was(
    begin: Begin, number: int
) -> None:
    talk = begin()
    talk.sees("\x1b[?2004h")
    talk.presses(b"half")
    talk.sees("half")
    assert not talk.echoes()
    talk.interrupts(number)
    talk.sees("\x1b[?2004l")
    talk.sees(f"got Terminated(number=<Signals.{signal.Signals(number).name}")

    assert talk.ends() == 0
    assert talk.echoes()


@pytest.mark.parametrize(
    ("keys", "event", "code"),
    [
        (b"\x03", "got Interrupt()", 0),
        (b"\x04", "got EndOfInput()", 0),
        (b"fail\r", "failed", 1),
    ],
)
def test_term_6_however_it_ends_the_terminal_is_as_it_was(
    begin: Begin, keys: bytes, event: str, code: int
) -> None:
    talk = begin()
    talk.sees("> ")
    assert not talk.echoes()
    talk.presses(keys)
    talk.sees(event)

    assert talk.ends() == code
    assert talk.echoes()
    assert "Traceback" not in talk.text


def test_term_8_a_paste_cannot_interrupt_or_stop(begin: Begin) -> None:
    talk = begin()
    talk.sees("> ")
    talk.presses(b"\x1b[200~a\x03b\x1ac\x04\x1b[201~")
    talk.sees("abc")
    talk.presses(b"\r\x04")
    talk.sees("got Line(text='abc'")

    assert talk.ends() == 0


def test_term_6_ctrl_z_stops_and_fg_comes_back_with_the_row(
    begin: Begin,
) -> None:
    shell = begin("sh", "-i")
    shell.sees("$ ")
    shell.types(f'{sys.executable} -c "$TALK"')
    shell.sees("> ")
    shell.presses(b"half")
    shell.sees("half")
    shell.presses(b"\x1a")
    shell.sees("\x1b[?2004l")
    shell.sees("$ ")
    assert shell.echoes()
    shell.types("fg")
    shell.sees("\x1b[?2004h")
    shell.sees("> half")
    assert not shell.echoes()
    shell.types("!")
    shell.sees("got Line(text='half!'")
    shell.presses(b"\x04")
    shell.sees("ended")
    shell.sees("$ ")
    shell.types("exit")

    assert shell.ends() == 0


def test_where_the_output_is_no_terminal_nothing_is_drawn(
    begin: Begin,
) -> None:
    read, write = os.pipe()
    talk = begin(out=write)
    os.close(write)
    assert talk.echoes()
    talk.presses(b"hello\n\x04")

    assert talk.ends() == 0
    assert os.read(read, 999).decode().split("\n") == [
        "got Line(text='hello', echo='')",
        "got EndOfInput()",
        "ended",
        "",
    ]
    assert talk.text == "hello\n"
    os.close(read)

"""The terminal around a line that is typed: keys come in, lines go out above it.

Where the standard input or the output is no terminal, lines are read as they come
and nothing is drawn.
"""

import asyncio
import os
import select
import signal
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import NamedTuple, Self, TextIO

from nimsg.cli.keys import LineCutter
from nimsg.cli.lineeditor import (
    Bell,
    Choices,
    Complete,
    EndOfInput,
    Event,
    Interrupt,
    Key,
    Line,
    LineEditor,
    PutOff,
    Redraw,
    Suspend,
)
from nimsg.cli.terminal import Modes, Signals, is_stream
from nimsg.text import clean_body, clean_line, printable, width


READ_BYTES = 65_536
USUAL_COLUMNS = 80
QUIET_S = 1.0  # without a key before a question comes: nobody answers it unseen
PASTES_MARKED, PASTES_UNMARKED = "\x1b[?2004h", "\x1b[?2004l"
NO_ANSWER = ""


class Terminated(NamedTuple):
    """SIGTERM or SIGHUP came; the terminal is given back, and the next one kills."""

    number: int


Given = Line | EndOfInput | Interrupt | Terminated


class _Question(NamedTuple):
    keys: str
    answer: asyncio.Future[str | None]  # None: to be asked again


class Prompt:
    """Reads what a person or a pipe says, and prints lines above what is typed.

    Use in `with` inside a running loop of the main thread, and read with
    `async for`: a `Line` each, and last an `EndOfInput`, `Interrupt` or
    `Terminated`. By then the terminal is as it was before, and `say` just prints.
    An `OSError` of the output comes out of `say`, `ask` or the iteration.
    """

    def __init__(
        self,
        prompt: str,
        complete: Complete | None = None,
        *,
        stdin: int = 0,
        out: TextIO | None = None,
        quiet_s: float = QUIET_S,
    ) -> None:
        self._in = stdin
        self._out = out or sys.stdout
        self._drawn = os.isatty(stdin) and self._out.isatty()
        self._polled = os.isatty(stdin) or is_stream(stdin)
        self._editor = LineEditor(self._columns(), prompt, complete)
        self._modes = Modes(stdin)
        self._cutter = LineCutter()
        self._lines: deque[str] = deque()
        self._no_more_lines = False
        self._given: deque[Given] = deque()
        self._arrived = asyncio.Event()
        self._wanted = self._listening = self._open = self._ended = False
        self._error: Exception | None = None
        self._question: _Question | None = None
        self._asking = asyncio.Lock()
        self._quiet_s = quiet_s
        self._last_key_s = -quiet_s

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._signals = Signals(self._loop, self._handlers())
        self._blocking = os.get_blocking(self._in)
        self._out.flush()
        self._open = True
        try:
            self._signals.take()
            if self._drawn:
                self._take_terminal()
                self._loop.add_reader(self._in, self._guarded, self._read_keys)
                self._draw()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Given:
        while not self._given:
            if self._error:
                raise self._error
            if self._ended:
                raise StopAsyncIteration
            self._wanted = True
            self._give_lines()
            if not self._given:
                self._arrived.clear()
                await self._arrived.wait()
        self._wanted = False
        return self._given.popleft()

    def say(self, line: str) -> None:
        """Print a line, or several; it is cleaned, and what is typed stays below."""
        text = f"{clean_body(line)}\n"
        if self._open and self._drawn:
            text = f"{self._editor.clear()}{text}{self._editor.draw()}"
        self._write(text)

    async def ask(self, question: str, keys: str) -> str:
        """The key that answers: one of `keys`, which are in lower case.

        Empty where nothing more is read, and where the next line of a pipe begins
        with none of them: that line is no answer and is given as a line. One
        question waits for another, and on a terminal for a pause in the typing: only
        the first key after it answers, and another one puts the question off.
        """
        async with self._asking:
            self._tell(question)
            while True:
                await self._quiet()
                if not self._open:
                    return NO_ANSWER
                key = await self._put(question, keys)
                if key is not None:
                    return key

    def close(self) -> None:
        """Take the row away and give the terminal back; a second time does nothing."""
        if not self._open:
            return
        self._open = False
        if self._drawn or self._polled:
            self._loop.remove_reader(self._in)
        # uvloop changes that, and who else has the terminal could not read any more.
        os.set_blocking(self._in, self._blocking)
        self._signals.give_back()
        if self._drawn:
            self._give_terminal_back()
        self._answer(NO_ANSWER)

    # -- a terminal

    def _read_keys(self) -> None:
        data = self._read()
        if data is None:
            return
        self._last_key_s = self._loop.time()
        for event in self._editor.feed(data) if data else [EndOfInput()]:
            if self._open:
                self._handle(event)
        self._draw()

    def _handle(self, event: Event) -> None:
        match event:
            case Line():
                self._write(event.echo)
                self._give(event)
            case Key() | PutOff():
                self._write(event.echo)
                self._answer(event.char)
            case Choices():
                self.say("  ".join(event.words))
            case Bell():
                self._write("\a")
            case Redraw():
                self._write(self._editor.redraw())
            case Suspend():
                self._suspend()
            case EndOfInput() | Interrupt():
                self._end(event)

    def _tell(self, question: str) -> None:
        """Say a question where it is not drawn, or is wider than the row."""
        wide = width(clean_line(question)) > self._editor.columns - 2
        if self._open and (wide or not self._drawn):
            self.say(question.rstrip())

    async def _put(self, question: str, keys: str) -> str | None:
        """Show a question until it is answered or put off."""
        waiting = self._question = _Question(keys, self._loop.create_future())
        try:
            if self._drawn:
                self._editor.question(question, keys)
                self._draw()
            else:
                self._give_lines()
            return await waiting.answer
        finally:
            self._question = None
            self._editor.withdraw()
            self._draw()

    async def _quiet(self) -> None:
        """Wait for a pause in the typing."""
        while self._drawn and self._open:
            left_s = self._last_key_s + self._quiet_s - self._loop.time()
            if left_s <= 0:
                return
            await asyncio.sleep(left_s)

    def _suspend(self) -> None:
        """Stop, as Ctrl-Z does, and come back with the row."""
        self._give_terminal_back()
        os.set_blocking(self._in, self._blocking)
        self._signals.give_back()
        os.kill(0, signal.SIGTSTP)
        self._signals.take()
        self._resume()

    def _resume(self) -> None:
        """Go on after a stop that others may have ended or even made."""
        self._take_terminal()
        self._editor.columns = self._columns()
        self._write(self._editor.redraw())

    def _resize(self) -> None:
        self._editor.columns = self._columns()
        self._write(f"{self._editor.clear()}{self._editor.draw()}")

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._out.fileno()).columns or USUAL_COLUMNS
        except (OSError, ValueError):
            return USUAL_COLUMNS

    def _take_terminal(self) -> None:
        self._modes.enter()
        if os.environ.get("TERM", "") not in ("", "dumb"):
            self._write(PASTES_MARKED)

    def _give_terminal_back(self) -> None:
        """Whatever cannot be written any more: the settings are what counts."""
        try:
            marked = os.environ.get("TERM", "") not in ("", "dumb")
            with suppress(OSError):
                self._write(self._editor.clear() + PASTES_UNMARKED * marked)
        finally:
            self._modes.leave()

    def _draw(self) -> None:
        if self._open and self._drawn:
            self._write(self._editor.draw())

    # -- a pipe or a file

    def _give_lines(self) -> None:
        """Give a line to who waits for one; read only for them."""
        if self._drawn:
            return
        while self._open and (self._question or (self._wanted and not self._given)):
            if self._lines:
                self._take_line(self._lines.popleft())
            elif self._no_more_lines:
                self._end(EndOfInput())
            else:
                self._listen(on=True)
                return
        self._listen(on=False)

    def _take_line(self, text: str) -> None:
        """Give a line, or let it answer a question."""
        if not self._question:
            self._give(Line(text, ""))
            return
        key = text.strip()[:1].lower()
        if not key or key not in self._question.keys:
            self._lines.appendleft(text)
            key = NO_ANSWER
        self._answer(key)

    def _listen(self, *, on: bool) -> None:
        """Read when there is something; a file, which cannot be polled, at once."""
        if on == self._listening:
            return
        self._listening = on
        if self._polled and on:
            self._loop.add_reader(self._in, self._guarded, self._read_lines)
        elif self._polled:
            self._loop.remove_reader(self._in)
        elif on:
            self._loop.call_soon(self._guarded, self._read_lines)

    def _read_lines(self) -> None:
        self._listening = self._listening and self._polled
        data = self._read()
        if data is None:
            return
        self._lines.extend(self._cutter.feed(data) if data else self._cutter.finish())
        self._no_more_lines = not data
        self._give_lines()

    # -- both

    def _read(self) -> bytes | None:
        """What is there to read; None for nothing yet, empty at the end."""
        try:
            return os.read(self._in, READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:  # EIO: nobody has the terminal any more
            return b""

    def _write(self, text: str) -> None:
        """Write now and whole, also where somebody has made the output non-blocking."""
        encoding = self._out.encoding or "ascii"
        fd = self._out.fileno()
        data = memoryview(printable(text, encoding).encode(encoding))
        while data:
            try:
                data = data[os.write(fd, data) :]
            except BlockingIOError:
                select.select([], [fd], [])

    def _give(self, given: Given) -> None:
        self._given.append(given)
        self._arrived.set()

    def _answer(self, key: str | None) -> None:
        """Answer the question that waits, if any does."""
        question, self._question = self._question, None
        if question and not question.answer.done():
            question.answer.set_result(key)

    def _end(self, given: Given) -> None:
        """Give the last event; nothing is read any more."""
        self._ended = True
        if isinstance(given, EndOfInput):
            # Who closes the window sends both an end of input and a hang-up.
            self._signals.ignore(signal.SIGHUP)
        self.close()
        self._give(given)

    def _guarded(self, act: Callable[[], None]) -> None:
        """Run what the loop calls; what fails there is raised where events are read."""
        if not self._open:
            return
        try:
            act()
        except Exception as error:  # noqa: BLE001 - the loop would only log it
            self._error = error
            self.close()
            self._arrived.set()

    def _handlers(self) -> dict[int, Callable[[], None]]:
        acts: dict[int, Callable[[], None]] = {
            signal.SIGINT: lambda: self._end(Interrupt()),
            signal.SIGTERM: lambda: self._end(Terminated(signal.SIGTERM)),
            signal.SIGHUP: lambda: self._end(Terminated(signal.SIGHUP)),
        }
        if self._drawn:
            acts |= {
                signal.SIGWINCH: self._resize,
                signal.SIGTSTP: self._suspend,
                signal.SIGCONT: self._resume,
            }
        return {number: partial(self._guarded, act) for number, act in acts.items()}

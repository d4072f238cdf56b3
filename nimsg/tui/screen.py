"""The terminal: urwid on an event loop of its own, and how it is given back."""

import asyncio
import base64
import signal
import sys
import termios
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TextIO, TypeVar

import urwid
from urwid.display.raw import Screen as RawScreen

from nimsg.tui.palette import entries


T = TypeVar("T")

FRAME_S = 1 / 30
ESC_S = 0.05  # that a lone Esc waits for what may follow it
COPY_MOST = 100_000  # bytes; terminals take no more of OSC 52
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Terminal(RawScreen):
    """The terminal as urwid has it, with Ctrl-S and Ctrl-Q as keys.

    Left to the terminal, the first would freeze the screen. What was before is given
    back by urwid, also when the program is stopped.
    """

    def _start(self, alternate_buffer: bool = True) -> None:  # noqa: FBT001, FBT002
        super()._start(alternate_buffer)
        with suppress(termios.error, ValueError, OSError):
            modes = termios.tcgetattr(sys.stdin.fileno())
            modes[0] &= ~termios.IXON
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, modes)


def buffered(out: TextIO) -> TextIO:
    """The same output, but one that writes all that it is given.

    Unbuffered as Python is asked for it to be (PYTHONUNBUFFERED), it forgets the rest
    of a frame whose writing a signal has cut.
    """
    return open(
        out.fileno(),
        "w",
        encoding=out.encoding,
        errors=out.errors,
        newline="",
        closefd=False,
    )


class Screen:
    """One full screen. `run` takes the terminal, and gives it back however it ends."""

    def __init__(self, root: urwid.Widget, theme: str, *, mouse: bool) -> None:
        self.loop = asyncio.new_event_loop()
        self._root = root
        self._raw = _Terminal(output=buffered(sys.stdout), bracketed_paste_mode=True)
        self._raw.set_input_timeouts(complete_wait=ESC_S)
        self._mouse = mouse
        self._main = urwid.MainLoop(
            root,
            entries(theme),
            screen=self._raw,
            handle_mouse=mouse,
            event_loop=urwid.AsyncioEventLoop(loop=self.loop),
        )
        self._due: asyncio.TimerHandle | None = None
        self._away = False

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        cols, rows = self._raw.get_cols_rows()
        return cols, rows

    def run(self, work: Coroutine[None, None, T], ended: Callable[[], None]) -> T:
        """Show the screen until the work is done; what that came to.

        `ended` is called for each signal that asks for the end. Raises what the work
        raises, behind the screen.
        """
        asyncio.set_event_loop(self.loop)
        task = self.loop.create_task(work)
        task.add_done_callback(lambda _: self.loop.stop())
        for number in ENDING:
            self.loop.add_signal_handler(number, ended)
        try:
            self._show(ended)
            return self.loop.run_until_complete(task)
        finally:
            self._finish()

    def _show(self, ended: Callable[[], None]) -> None:
        """Have urwid run the loop; a terminal that is gone asks for the end."""
        try:
            self._main.run()
        except OSError:
            self._away = True
            ended()

    def redraw(self) -> None:
        """Draw what has changed, soon; often asked for, it is done once."""
        if self._due is None and not self._away:
            self._due = self.loop.call_later(FRAME_S, self._draw)

    def clear(self) -> None:
        """Draw all of the screen anew."""
        self._raw.clear()

    def bell(self) -> None:
        """Ring the bell."""
        if self._raw.started and not self._away:
            self._raw.write("\a")
            self._raw.flush()

    def copy(self, text: str) -> bool:
        """Give a text to the terminal's clipboard (OSC 52); False for too much."""
        data = base64.b64encode(text.encode("utf-8", "replace"))
        if len(data) > COPY_MOST:
            return False
        self._raw.write(f"\x1b]52;c;{data.decode()}\x07")
        self._raw.flush()
        return True

    def set_mouse(self, *, on: bool) -> None:
        """Take the mouse, or leave it to the terminal."""
        self._raw.set_mouse_tracking(on)

    async def outside(self, words: Sequence[str]) -> int | None:
        """Let another program have the terminal; its exit code, None for no program."""
        self._away = True
        self._main.screen.stop()
        try:
            process = await asyncio.create_subprocess_exec(*words)
            return await process.wait()
        except OSError:
            return None
        finally:
            self._main.screen.start()
            self._away = False
            # It may have another size by now.
            self._main.screen_size = None
            self._raw.clear()
            self.redraw()

    def _draw(self) -> None:
        self._due = None
        if self._raw.started and not self._away:
            self._main.draw_screen()

    def _finish(self) -> None:
        for number in ENDING:
            self.loop.remove_signal_handler(number)
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        if left:
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        self.loop.close()

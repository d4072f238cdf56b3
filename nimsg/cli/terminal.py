"""A terminal taken for a while: its settings and the signals that come with it."""

import asyncio
import os
import signal
import stat
import termios
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType


INPUT_OFF = (
    termios.ICRNL | termios.INLCR | termios.IGNCR | termios.ISTRIP | termios.IXON
)
LOCAL_OFF = termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG
Handler = Callable[[int, FrameType | None], object] | int | None


class Modes:
    """The settings of a terminal: between `enter` and `leave` each key comes at once.

    Nothing is echoed then, and Ctrl-C and Ctrl-Z are keys like others, so that
    they come in their turn and a paste cannot hold them.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._saved: list[int | list[bytes | int]] | None = None

    def enter(self) -> None:
        """Raises OSError where the terminal is gone."""
        try:
            self._saved = self._saved or termios.tcgetattr(self._fd)
            modes = termios.tcgetattr(self._fd)
            modes[0] &= ~INPUT_OFF
            modes[3] &= ~LOCAL_OFF
            modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._fd, termios.TCSADRAIN, modes)
        except termios.error as error:
            raise OSError(*error.args) from None

    def leave(self) -> None:
        """As it was; keys that nobody has read are no keys for whoever comes next."""
        saved, self._saved = self._saved, None
        if saved:
            with suppress(termios.error):
                termios.tcflush(self._fd, termios.TCIFLUSH)
                termios.tcsetattr(self._fd, termios.TCSANOW, saved)


def drop_typed(fd: int) -> None:
    """Keys that nobody has read are no keys for whoever comes next.

    Nothing happens where this is no terminal, or somebody else is to read it.
    """
    with suppress(OSError, termios.error):
        if os.tcgetpgrp(fd) == os.getpgrp():
            termios.tcflush(fd, termios.TCIFLUSH)


class Signals:
    """Handlers of signals on the loop; one that is ignored stays ignored."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handlers: Mapping[int, Callable[[], None]],
    ) -> None:
        self._loop = loop
        self._handlers = handlers
        self._before: dict[int, Handler] = {}

    def take(self) -> None:
        """Set the handlers."""
        for number, handler in self._handlers.items():
            before = signal.getsignal(number)
            if before != signal.SIG_IGN:
                self._before[number] = before
                self._loop.add_signal_handler(number, handler)

    def ignore(self, number: int) -> None:
        """Let a signal do nothing, also when the handlers are given back."""
        self._before[number] = signal.SIG_IGN

    def give_back(self) -> None:
        """Set the handlers that were there before."""
        for number, before in self._before.items():
            self._loop.remove_signal_handler(number)
            signal.signal(number, before)
        self._before.clear()


def is_stream(fd: int) -> bool:
    """Whether a loop can tell when there is something to read."""
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)

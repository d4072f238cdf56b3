"""A file of lines that a thread writes: who logs waits for nobody who reads."""

import os
import select
import threading
from collections.abc import Callable


# Some megabytes at the most, and more than a reader who lives is ever behind.
LINES_MOST = 10_000


class LogFile:
    """Text for a descriptor, such as the standard error's.

    At most `most` pieces wait; what comes beyond is lost. When there is room again,
    `lost` is given how many that were, and makes the line that tells of it.
    """

    def __init__(
        self,
        fd: int,
        encoding: str,
        lost: Callable[[int], str],
        most: int = LINES_MOST,
    ) -> None:
        self._fd = fd
        self._encoding = encoding
        self._tell = lost
        self._most = most
        self._waiting: list[str] = []
        self._lost = 0
        self._writing = False
        self._changed = threading.Condition()
        # A daemon: where nobody reads, the process must end all the same.
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def write(self, text: str) -> None:
        """Let it be written. Never waits, and never fails."""
        with self._changed:
            if len(self._waiting) < self._most:
                self._waiting.append(text)
            else:
                self._lost += 1
            self._changed.notify_all()

    def flush(self) -> None:
        """Nothing: what waits is written as soon as it can be."""

    def drain(self, wait_s: float) -> bool:
        """Wait until all is written, for so many seconds at most; whether it is."""
        with self._changed:
            return self._changed.wait_for(self._is_empty, wait_s)

    def _is_empty(self) -> bool:
        return not (self._waiting or self._writing)

    def _run(self) -> None:
        while True:
            text = self._next()
            self._put(text.encode(self._encoding, "backslashreplace"))
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _next(self) -> str:
        """All that waits, once there is something, and how much was lost behind it."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting))
            self._writing = True
            lines, self._waiting = self._waiting, []
            lost, self._lost = self._lost, 0
        if lost:
            lines.append(self._tell(lost))
        return "".join(lines)

    def _put(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                try:
                    # Not by `sys.stderr`, whose lock others would wait for.
                    left = left[os.write(self._fd, left) :]
                except BlockingIOError:
                    select.select([], [self._fd], [])
        except OSError:
            return  # There is nobody to tell.

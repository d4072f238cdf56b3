"""What the machine takes without any server: the starts of programs, and the disk."""

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench import checks, proc
from tests.bench.peers.base import Peer


IMPORTS = {
    "python -I -S -c pass": ("-I", "-S", "-c", "pass"),
    "python -I -S -c 'import socket'": ("-I", "-S", "-c", "import socket"),
    "python -c pass": ("-c", "pass"),
    "python -c 'import asyncio'": ("-c", "import asyncio"),
    "python -c 'import asyncio, urwid'": ("-c", "import asyncio, urwid"),
}


class Floor(Peer):
    """No server at all."""

    can = frozenset({"headless", "disk"})
    note = "no server: programs that only start, and the disk"

    def version(self) -> str:
        """See `Peer`."""
        return f"Python {platform.python_version()}"

    def start(self, purpose: str) -> None:
        """See `Peer`: nothing is started."""

    async def fill(self, user: str, count: int) -> None:
        """See `Peer`."""

    def checks(self, _: str) -> dict[str, Sequence[str]]:
        """See `Peer`."""
        nothing = str(proc.program("true"))
        terminal = str(Path(checks.__file__).parent / "in_pty.py")
        return {
            "true": [nothing],
            "true, in a terminal of ours": [sys.executable, terminal, nothing],
            **{name: [sys.executable, *words] for name, words in IMPORTS.items()},
        }

"""Everybody logs in at once, from a process of their own.

    python -m tests.support.storm PORT COUNT

Who is told `busy` asks again, until all have been judged, or the time for a login is
over; their passwords are wrong. At the end it prints how often each answer was given.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter

from tests.support.process import HANG_S, TOP
from tests.support.wire import greeted, said


AGAIN_S = 0.5


class Storm:
    """The process, from here."""

    def __init__(self, port: int, count: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.storm", str(port), str(count)],
            cwd=TOP,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    @property
    def over(self) -> bool:
        """Whether all have been judged."""
        return self._process.poll() is not None

    def kinds(self) -> Counter[str]:
        """How often each answer was given, once it is over."""
        return Counter(json.loads(self._process.communicate(timeout=HANG_S)[0]))


async def judged(
    port: int, number: int, here: asyncio.Semaphore, go: asyncio.Event
) -> Counter[str]:
    """Log in until somebody says more than that they are busy."""
    kinds: Counter[str] = Counter()
    async with greeted(port) as wire:
        here.release()
        await go.wait()
        # Others than in the storm before: three wrong passwords lock a name.
        login = {"user": f"storm{os.getpid()}-{number}", "password": "wrong password"}
        while kinds.total() == kinds["busy"]:
            if kinds["busy"]:
                await asyncio.sleep(AGAIN_S)
            kinds[said(await wire.call("auth.login", login)).split()[1]] += 1
    return kinds


async def blow(port: int, count: int) -> None:
    """All of them, from when the last is connected."""
    here, go = asyncio.Semaphore(0), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        found = [tasks.create_task(judged(port, n, here, go)) for n in range(count)]
        for _ in range(count):
            await here.acquire()
        print("ready", flush=True)
        go.set()
    print(json.dumps(sum((one.result() for one in found), Counter[str]())))


if __name__ == "__main__":
    asyncio.run(blow(int(sys.argv[1]), int(sys.argv[2])))

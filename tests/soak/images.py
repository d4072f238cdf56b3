"""Power cuts and failing disks on a real file system: ext4 in a loop image.

Run as root in a mount namespace of its own: `unshare --mount python -m
tests.soak.images cut|fail|try FOLDER SEED ROUNDS`. Prints what it counted as JSON.
"""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from nimsg.errors import Exit, Refusal
from nimsg.store.check import check_store
from tests.support.fulldisk import fill
from tests.support.process import HANG_S, ServerProcess, environment
from tests.support.traffic import Answers, Traffic, inboxes


IMAGE_BYTES = 256 * 1024 * 1024
# Blocks of the image that nobody has written to yet have no place on this.
SMALL = "24m"
LARGE = "1g"
RATE = 100
SOONEST_S, LATEST_S = 0.05, 0.8
TRIES = 100
# In /sys/block/*/stat: writes, sectors written, requests in flight, discards.
WRITTEN = (4, 6, 8, 11)
IN_FLIGHT = 8


def run(*words: object) -> str:
    """A command that must succeed; what it printed."""
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def memory(at: Path, size: str) -> Iterator[Path]:
    """A file system of so much memory."""
    at.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", at)
    try:
        yield at
    finally:
        run("umount", at)


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """The file system in an image; what its journal holds is replayed by the kernel."""
    at.mkdir(exist_ok=True)
    run("mount", "-o", "loop", image, at)
    try:
        yield at
    finally:
        run("umount", at)


def make_image(path: Path) -> Path:
    """An empty ext4 that takes no more space than is written to."""
    with path.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1", path)
    return path


def snapshot(image: Path, at: Path, copy: Path) -> None:
    """Copy the image as it is at one instant: nothing is written while it is read.

    Whoever writes to it has been stopped. What the kernel has not written yet is lost,
    as by a power cut.
    """
    (device,) = (
        line.split()[0]
        for line in Path("/proc/self/mounts").read_text("utf-8").splitlines()
        if line.split()[1] == str(at)
    )
    for _ in range(TRIES):
        before = written(device)
        run("cp", "--sparse=auto", image, copy)
        if written(device) == before and before[WRITTEN.index(IN_FLIGHT)] == 0:
            return
    raise RuntimeError("the device never rests")


def written(device: str) -> list[int]:
    """How much was written to a block device so far."""
    stat = Path("/sys/block", Path(device).name, "stat").read_text("ascii").split()
    return [int(stat[place]) for place in WRITTEN]


def require_kept(image: Path, at: Path, promised: Answers) -> None:
    """A server starts by itself on what is left, and has all that was answered."""
    with mounted(image, at):
        var = at / "var"
        with ServerProcess(var, "--auth", "open", env=environment(at)) as server:
            rows = inboxes(server.port)
        assert server.complaints == "", server.complaints
        assert promised.missing(rows) == []
        assert check_store(var).problems == []
    image.unlink()


def all_of(traffic: Traffic) -> Answers:
    """What was answered by now."""
    return traffic.answers.before(time.monotonic())


def cut(folder: Path, chance: Random, rounds: int) -> Counter[str]:
    """T6: the power fails at random instants under load."""
    counts: Counter[str] = Counter()
    with memory(folder / "disk", LARGE) as disk:
        image, copy = make_image(disk / "image"), disk / "copy"
        with mounted(image, folder / "live") as live:
            options = ("--auth", "open")
            env = environment(folder)
            with (
                ServerProcess(live / "var", *options, env=env) as server,
                Traffic(server.port, RATE) as traffic,
            ):
                for _ in range(rounds):
                    traffic.go_on(chance.uniform(SOONEST_S, LATEST_S))
                    server.process.send_signal(signal.SIGSTOP)
                    snapshot(image, live, copy)
                    promised = all_of(traffic)
                    server.process.send_signal(signal.SIGCONT)
                    require_kept(copy, folder / "left", promised)
                    counts["power cuts"] += 1
                    counts["answers kept"] += sum(map(len, promised.all))
            assert server.complaints == "", server.complaints
    return counts


class Doomed(Traffic):
    """Traffic at a server that is about to die."""

    def __exit__(self, *_: object) -> None:
        """The clients were told that the storage failed, or lost the connection."""
        with suppress(RuntimeError):  # all of them have gone
            self._loop.call_soon_threadsafe(self._task.cancel)
        self.join(HANG_S)
        told = [one for one in leaves(self.trouble) if not is_loss(one)]
        assert told == []

    async def _run(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        await super()._run()


def leaves(error: BaseException | None) -> list[BaseException | None]:
    """The errors of a group of groups."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for one in error.exceptions for leaf in leaves(one)]
    return [error]


def is_loss(error: BaseException | None) -> bool:
    """Whether an error tells of a server whose disk has failed."""
    if isinstance(error, Refusal):
        return error.kind == "storage_failed"
    return isinstance(error, ConnectionError | asyncio.CancelledError)


def fail(folder: Path, chance: Random, rounds: int) -> Counter[str]:
    """T7: at some time the device below the file system fails every new block."""
    counts: Counter[str] = Counter()
    for _ in range(rounds):
        with memory(folder / "spare", LARGE) as spare:
            promised = fail_once(folder, chance, spare / "copy")
            require_kept(spare / "copy", folder / "left", promised)
        counts["failed disks"] += 1
        counts["answers kept"] += sum(map(len, promised.all))
    return counts


def fail_once(folder: Path, chance: Random, copy: Path) -> Answers:
    """Let a server meet a failing device; what it had answered.

    `copy` becomes what the device holds then.
    """
    env = environment(folder)
    with memory(folder / "disk", SMALL) as disk:
        image, live = make_image(disk / "image"), folder / "live"
        with mounted(image, live):
            server = ServerProcess(live / "var", "--auth", "open", env=env)
            with server, Doomed(server.port, RATE) as traffic:
                traffic.go_on(chance.uniform(SOONEST_S, LATEST_S))
                fill(disk / "filler")
                _, complaints = server.process.communicate(timeout=HANG_S)
            assert server.process.returncode == Exit.STORAGE, complaints
            assert "Traceback" not in complaints, complaints
            snapshot(image, live, copy)
            return all_of(traffic)


def attempt(folder: Path, _: Random, __: int) -> Counter[str]:
    """See whether any of it can be done here."""
    with memory(folder / "disk", LARGE) as disk:
        image = make_image(disk / "image")
        with mounted(image, folder / "live") as live:
            (live / "file").write_bytes(b"x")
            snapshot(image, live, disk / "copy")
        with mounted(disk / "copy", folder / "left"):
            pass
    return Counter(tries=1)


WAYS: dict[str, Callable[[Path, Random, int], Counter[str]]] = {
    "cut": cut,
    "fail": fail,
    "try": attempt,
}


if __name__ == "__main__":
    way, place, seed, often = sys.argv[1:]
    print(json.dumps(WAYS[way](Path(place), Random(int(seed)), int(often))))  # noqa: S311

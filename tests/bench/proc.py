"""Processes: starting, finding, accounting for and ending what the bench has started.

Everything is read from the kernel's process files. Only a process that was started
here, and its descendants, are ever signalled, and always by pid.
"""

import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.bench.stats import Row


HOST = "127.0.0.1"
PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")
SBIN = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/sbin"))
PATIENCE_S = 60.0
GRACE_S = 8.0
LIBC = ctypes.CDLL(None, use_errno=True)

Process = subprocess.Popen[bytes]


def raise_file_limit() -> None:
    """As many open files as the system lets this process and its children have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def sync_disk(folder: Path) -> None:
    """Write back all of a file system, so that nobody pays for others' pages."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        if LIBC.syncfs(fd):
            raise OSError(ctypes.get_errno(), "syncfs")
    finally:
        os.close(fd)


def program(name: str) -> str | None:
    """Where a program is: on the path, or in the system's folders."""
    return shutil.which(name) or shutil.which(name, path=SBIN)


def output(*command: str) -> str:
    """What a command prints, stripped; nothing where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


# -- ports


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def wait_port(port: int, ended: Callable[[], int | None]) -> None:
    """Come back once something listens."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        if ended() is not None:
            raise RuntimeError(f"the server ended with status {ended()}")
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.001)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")


# -- a tree of processes


def spawn(
    command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None
) -> Process:
    """Start a server whose output goes to a file of its folder."""
    with (folder / "server.out").open("ab") as out:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
        )


def tree(root: int) -> list[int]:
    """A process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = int(_stat(int(entry.name))[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], ())
    return found


def _stat(pid: int) -> list[str]:
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def cpu_s(root: int) -> float:
    """CPU seconds of a tree, with those of children that have ended."""
    ticks = 0
    for pid in tree(root):
        with suppress(OSError):
            ticks += sum(map(int, _stat(pid)[11:15]))
    return ticks / TICK


class Memory(NamedTuple):
    """KiB of a tree: resident, and with shared pages counted once."""

    rss: int
    pss: int


def memory(root: int) -> Memory:
    """What a tree takes now."""
    found = {"Rss:": 0, "Pss:": 0}
    for pid in tree(root):
        with suppress(OSError):
            for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                name, *rest = line.split()
                if name in found:
                    found[name] += int(rest[0])
    return Memory(found["Rss:"], found["Pss:"])


def stop(process: Process, *, traced: bool = False) -> None:
    """End a process in order, and by force whatever of its tree outlives it.

    `traced`: it is strace, which keeps the signal; its child ends, and it does then.
    """
    pids = tree(process.pid)
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.kill(pids[:2][-1] if traced else process.pid, signal.SIGTERM)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            pids = tree(process.pid)
            process.kill()
            process.wait()
    left = [pid for pid in pids if pid != process.pid]
    end_s = time.monotonic() + GRACE_S / 2
    while left and time.monotonic() < end_s:
        time.sleep(0.02)
        left = [pid for pid in left if (PROC / str(pid)).exists()]
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


# -- who else was there


class Noise:
    """How much of the machine a server, this process and others use from now on."""

    def __init__(self, root: int | None = None) -> None:
        self._root = root
        self._began_s = time.perf_counter()
        self._before = self._read()

    def row(self) -> Row:
        """What it was until now."""
        wall_s = max(time.perf_counter() - self._began_s, 1e-9)
        used = [
            now - then for now, then in zip(self._read(), self._before, strict=True)
        ]
        busy, stolen, ours, server = used
        return {
            "server_cpu_s": round(server, 3),
            "client_cpu_s": round(ours, 3),
            "other_cpu_share": round(max(0.0, busy - ours - server) / wall_s, 3),
            "steal_share": round(stolen / wall_s, 3),
        }

    def _read(self) -> tuple[float, float, float, float]:
        line = (PROC / "stat").read_text().splitlines()[0]
        user, nice, system, _, _, hard, soft, steal = map(int, line.split()[1:9])
        return (
            (user + nice + system + hard + soft) / TICK,
            steal / TICK,
            time.process_time(),
            cpu_s(self._root) if self._root else 0.0,
        )

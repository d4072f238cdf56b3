"""Commands that say whether there is mail, as whole processes."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence

from tests.bench.peers.base import Peer
from tests.bench.proc import PATIENCE_S, Noise
from tests.bench.sizes import Size
from tests.bench.stats import Row, latencies
from tests.bench.wire import run
from tests.support.process import environment


USER = "head"
MESSAGES = 100
WARM = 2


def headless(peer: Peer, size: Size) -> Iterator[Row]:
    """The commands of a peer, in turns, so that noise meets all alike."""
    peer.start("headless")
    try:
        run(peer.fill(USER, MESSAGES))
        commands = peer.checks(USER)
        env = environment(peer.folder)
        taken: dict[str, list[float]] = {name: [] for name in commands}
        failed: dict[str, str] = {}
        noise = Noise()
        for number in range(size.spawns + WARM):
            for name, command in commands.items():
                took_s, fault = _timed(command, env)
                if fault:
                    failed[name] = fault
                if number >= WARM:
                    taken[name].append(took_s)
        # what others used is the commands themselves
        stolen = noise.row()["steal_share"]
        for name, times in taken.items():
            head: Row = {"measure": "headless", "point": name, "peer": peer.name}
            more: Row = {"tries": len(times), "steal_share": stolen}
            fault_row: Row = {"status": failed[name]} if name in failed else {}
            yield {**head, **more, **latencies(times), **fault_row}
    finally:
        peer.stop()


def _timed(command: Sequence[str], env: Mapping[str, str]) -> tuple[float, str]:
    """How long a command took, and what was wrong with it."""
    began_s = time.perf_counter()
    done = subprocess.run(
        command,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=PATIENCE_S,
        check=False,
    )
    took_s = time.perf_counter() - began_s
    if not done.returncode:
        return took_s, ""
    said = done.stderr.decode(errors="replace")[-200:]
    return took_s, f"status {done.returncode}: {said}"

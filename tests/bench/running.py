"""A run: each measure with each peer that can take part, in turns."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.bench import peers as registry, results
from tests.bench.measures import MEASURES
from tests.bench.peers.base import Peer
from tests.bench.proc import raise_file_limit
from tests.bench.results import Results
from tests.bench.sizes import Size
from tests.bench.stats import Row


def installed(names: Iterable[str], work: Path) -> list[Peer]:
    """The peers that can run here; of each other one a line is said."""
    found: list[Peer] = []
    for name in names:
        peer = registry.make(name, work)
        if peer.available():
            found.append(peer)
        else:
            root = " (it needs root too)" if peer.as_root else ""
            tell(f"# {name} is not installed{root}: skipped")
    return found


def measured(
    size: Size, peers: Sequence[Peer], measures: Sequence[str], work: Path
) -> Iterator[Results]:
    """Run it all; the results so far, behind each peer of each measure."""
    raise_file_limit()
    began_s = time.monotonic()
    found = results.new(size, peers, work)
    for repeat in range(size.repeats):
        for name in measures:
            measure = MEASURES[name]
            if measure.once and repeat:
                continue
            for peer in _turned(peers, repeat):
                if measure.ability in peer.can:
                    for row in _rows(name, peer, size):
                        row["rep"] = repeat
                        found["rows"].append(row)
                        print(json.dumps(row), flush=True)
                    found["took_s"] = round(time.monotonic() - began_s)
                    yield found


def _turned(peers: Sequence[Peer], repeat: int) -> Sequence[Peer]:
    """Another peer goes first each time, so that none always has the same neighbour."""
    first = repeat % max(len(peers), 1)
    return [*peers[first:], *peers[:first]]


def _rows(name: str, peer: Peer, size: Size) -> Iterator[Row]:
    """What a measure gives; the failure of one peer is a row, and loses no others."""
    try:
        yield from MEASURES[name].rows(peer, size)
    except Exception as error:  # noqa: BLE001
        why = f"{type(error).__name__}: {error}"
        yield {"measure": name, "point": "", "peer": peer.name, "error": why}


def tell(text: str) -> None:
    """Say something to whoever watches."""
    print(text, file=sys.stderr, flush=True)

"""The results of one run, as a file."""

import datetime
import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from tests.bench.peers.base import Peer
from tests.bench.sizes import Size
from tests.bench.stats import Row
from tests.support.process import TOP


PLOTS = TOP / "docs" / "bench"
KEPT = PLOTS / "results.json"


class PeerNote(TypedDict):
    """What is known of a peer."""

    version: str
    note: str


class Results(TypedDict):
    """One run."""

    began: str
    took_s: float
    size: str
    repeats: int
    machine: Row
    peers: dict[str, PeerNote]
    rows: list[Row]


def new(size: Size, peers: Iterable[Peer], work: Path) -> Results:
    """Results without rows."""
    now = datetime.datetime.now(datetime.UTC)
    return Results(
        began=now.isoformat(timespec="minutes"),
        took_s=0,
        size=size.name,
        repeats=size.repeats,
        machine=machine(work),
        peers={
            one.name: PeerNote(version=one.version(), note=one.note) for one in peers
        },
        rows=[],
    )


def machine(work: Path) -> Row:
    """What it was measured on."""
    return {
        "cpus": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "file_system": file_system(work),
    }


def file_system(folder: Path) -> str:
    """What kind of file system a folder is on, and whether an ext4 has a journal."""
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2] == number:
            kind, source = after.split()[:2]
            if kind != "ext4":
                return kind
            return "ext4" if _journal(Path(source).name) else "ext4 without a journal"
    return ""


def _journal(name: str) -> bool:
    return any(Path("/proc/fs").glob(f"jbd2/{name}*"))


def save(results: Results, path: Path) -> None:
    """Write them, a row a line."""
    rows = ",\n".join(json.dumps(row) for row in results["rows"])
    head = json.dumps({**results, "rows": []}, indent=1).removesuffix("]\n}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{head}\n{rows}\n]\n}}\n")


def load(path: Path) -> Results:
    """Read them."""
    found: Results = json.loads(path.read_text())
    return found

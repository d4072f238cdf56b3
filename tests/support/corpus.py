"""Real input, where it lies beside the project, and our own where it does not."""

import json
from pathlib import Path

from tests.support.process import TOP


SHARED = TOP.parent / "shared" / "corpus"
OWN = TOP / "tests" / "data"


def corpus(shared: str, own: str) -> Path:
    """The file of the shared corpus, or the one of ours that stands in for it."""
    path = SHARED / shared
    return path if path.exists() else OWN / own


def naughty_strings() -> list[str]:
    """Strings that programs have stumbled over, each once."""
    path = corpus("blns.json", "naughty.json")
    return list(dict.fromkeys(json.loads(path.read_text(encoding="utf-8"))))

"""Real input, where it lies beside the project, and our own."""

import json

from tests.support.process import TOP


SHARED = TOP.parent / "shared" / "corpus"
OWN = TOP / "tests" / "data"


def naughty_strings() -> list[str]:
    """Strings that programs have stumbled over, each once: all that are here."""
    paths = (SHARED / "blns.json", OWN / "naughty.json")
    lists = [
        json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()
    ]
    return list(dict.fromkeys(text for texts in lists for text in texts))

"""A clock that a story sets, for the processes that have this folder in their path.

The file named by STORY_CLOCK holds the time (ns UTC) that it was set to, and the
monotonic clock (ns) of that moment. From there time passes as it does.
"""

import os
import time
from pathlib import Path


if named := os.environ.get("STORY_CLOCK"):

    def told(at: Path = Path(named)) -> int:
        """The time of the story, in ns UTC."""
        time_ns, set_at = map(int, at.read_text("ascii").split())
        return time_ns + time.monotonic_ns() - set_at

    time.time_ns = told
    time.time = lambda: told() / 1e9

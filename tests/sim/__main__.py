"""`python -m tests.sim SEED` plays one simulation again and prints all that happens."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.sim.world import make_world, play
from tests.support.folders import quick_folder


with TemporaryDirectory() as name, quick_folder(Path(name)) as folder:
    world = play(make_world(int(sys.argv[1]), folder))
print(*world.trace.lines, world.trace.digest, sep="\n")
sys.exit(repr(world.trouble) if world.trouble else 0)

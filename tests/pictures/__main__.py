"""Write the pictures: see the package."""

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.pictures.scenes import SCENES
from tests.pictures.story import Story
from tests.pictures.svg import svg, taken
from tests.support.process import TOP
from tests.support.screen import Screen


QUIET_S = 0.3
PICTURES = TOP / "docs/pictures"


def settle(screen: Screen) -> None:
    """Take all of a frame that is being drawn; frames are a second apart."""
    while screen._take(QUIET_S):
        pass


def main(words: Sequence[str]) -> None:
    """Write what is asked for; names of pictures write only these."""
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Story(Path(folder)) as story,
        ExitStack() as stack,
    ):
        story.happens()
        stack.enter_context(story.sits("carol", (80, 24), "talk")).wait_for("welcome")
        stack.enter_context(story.sits("bob", (80, 24), "talk")).wait_for("welcome")
        for scene in SCENES:
            if words and scene.name not in words:
                continue
            story.set("16:40")
            with story.sits("ann", scene.size) as screen:
                scene.play(screen)
                settle(screen)
                path = PICTURES / f"{scene.name}.svg"
                path.write_text(svg(taken(screen, scene.alt)), "utf-8")
                print(f"{path.relative_to(TOP)}  {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])

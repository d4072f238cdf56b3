"""Write the pictures: see the package."""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.pictures.scenes import SCENES
from tests.pictures.screenspage import page
from tests.pictures.story import NOW, USUAL, Story
from tests.pictures.svg import svg, taken
from tests.support.process import TOP
from tests.support.screen import Screen


QUIET_S = 0.3
PICTURES = TOP / "docs/pictures"
SCREENS = TOP / "docs/screens.md"


def write_screens() -> None:
    """Write the page of the mockups."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    SCREENS.write_text(page(), "utf-8")


def write_pictures(names: Sequence[str]) -> None:
    """Write the pictures with these names, or all."""
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Story(Path(folder)) as story,
        ExitStack() as stack,
    ):
        story.happens()
        for friend in ("carol", "bob"):
            friends = stack.enter_context(story.sits(friend, USUAL, "talk"))
            friends.wait_for(f"welcome, {friend}")
        for scene in SCENES:
            if names and scene.name not in names:
                continue
            story.set(NOW)
            with story.sits("ann", scene.size) as screen:
                scene.play(screen)
                settle(screen)
                path = PICTURES / f"{scene.name}.svg"
                path.write_text(svg(taken(screen, scene.alt)), "utf-8")
                print(f"{path.relative_to(TOP)}  {path.stat().st_size} bytes")


def settle(screen: Screen) -> None:
    """Take all of a frame that is being drawn; frames are a second apart."""
    while screen._take(QUIET_S):
        pass


if __name__ == "__main__":
    if sys.argv[1:] == ["--screens"]:
        write_screens()
    else:
        write_pictures(sys.argv[1:])

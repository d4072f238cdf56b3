"""What is pictured: a size, and what is pressed and waited for before."""

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from tests.pictures.story import USUAL
from tests.support.screen import Screen


class Scene(NamedTuple):
    """One picture of ann's screen. `alt` tells what is on it."""

    name: str
    size: tuple[int, int]
    alt: str
    play: Callable[[Screen], None]


def _mail(screen: Screen) -> None:
    screen.wait_for("disk full")


def _ladder(screen: Screen) -> None:
    screen.wait_for("disk full")
    screen.key("tab")
    screen.wait_for("recalled 16:13")
    _down_to(screen, "bob +2")
    screen.key("enter")
    screen.wait_for("Whatever runs on it")


def _message(screen: Screen) -> None:
    screen.wait_for("disk full")
    screen.key("enter")
    screen.wait_for("comes back from the backup")


def _room(screen: Screen) -> None:
    screen.wait_for("disk full")
    _command(screen, "history lab")
    screen.wait_for("anyone near node7")
    screen.wait_for("4 members, 3 online")


def _compose(screen: Screen) -> None:
    screen.wait_for("disk full")
    screen.key("m")
    screen.wait_for("To:")
    screen.send("bob, carol")
    screen.key("tab")
    screen.send("the pump on Monday")
    screen.key("tab")
    lines = ("Hello both,", "", "the seal comes on Monday at nine. Who has an hour?")
    for at, line in enumerate(lines):
        if at:
            screen.key("enter")
        screen.send(line)
    screen.wait_for("draft saved")


def _people(screen: Screen) -> None:
    screen.wait_for("disk full")
    screen.key("w")
    screen.wait_for("PEOPLE")
    screen.wait_for("carol")


def _help(screen: Screen) -> None:
    screen.wait_for("disk full")
    screen.key("?")
    screen.wait_for("reply to the sender")


def _down_to(screen: Screen, text: str) -> None:
    """Go down row by row, until the focus is on a row with this."""
    while not (row := _focused(screen)).count(text):
        screen.key("j")
        screen.wait_for(partial(_moved, row))


def _moved(before: str, screen: Screen) -> bool:
    return _focused(screen) not in {before, ""}


def _focused(screen: Screen) -> str:
    """What stands behind the sign of focus."""
    found = re.search("> .*", screen.text())
    return found[0] if found else ""


def _command(screen: Screen, line: str) -> None:
    screen.key(":")
    screen.wait_for(lambda now: now.line(-1).startswith(":"))
    screen.send(line)
    screen.key("enter")


LADDER = (
    "Inbox and outbox side by side; below them a sent message with what each of its"
    " three readers has done, and when"
)
ROOM = "A room with its members, and a line above what is new"
SCENES = (
    Scene("mail", USUAL, "Inbox and outbox in a terminal of 80 columns", _mail),
    Scene("overview", (120, 38), LADDER, _ladder),
    Scene("ladder", (160, 45), LADDER, _ladder),
    Scene("room", (120, 28), ROOM, _room),
    Scene("compose", USUAL, "A message being written, its draft saved", _compose),
    Scene("people", USUAL, "Who is online, and who was", _people),
    Scene("help", USUAL, "The keys of the place where one is", _help),
    Scene("message", USUAL, "A received message; its sender saw it opened", _message),
)

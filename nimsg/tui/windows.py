"""The windows of the screen: what is open, in which order, and which is looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from nimsg.text import clean_line, clip
from nimsg.tui.letterdraft import tidied


LABEL_MOST = 20  # cells
NEW = "new message"


class Kind(StrEnum):
    """What a window shows."""

    MAIL = "mail"
    COMPOSE = "compose"
    ROOM = "room"
    PRIVATE = "private"
    DRAFTS = "drafts"
    PEOPLE = "people"
    CONSOLE = "console"


@dataclass
class Window:
    """One window; `name` tells those of a kind apart. `unread` counts its news."""

    kind: Kind
    name: str = ""
    unread: int = 0

    @property
    def title(self) -> str:
        """What the header calls it."""
        return {
            Kind.ROOM: f"#{self.name}",
            Kind.PRIVATE: f"{self.name}(p2p)",
            Kind.COMPOSE: "writing",
        }.get(self.kind, self.kind.value)


def draft_label(to: str, subject: str, ellipsis: str = "…") -> str:
    """What the window of a draft is called: `to bob: soup`, as much as fits."""
    about, names = clean_line(subject).strip(), clean_line(tidied(to)).strip(" ,;")
    whole = f"to {names}: {about}" if about and names else about or f"to {names}"
    return clip(whole, LABEL_MOST, ellipsis) if about or names else NEW


class Written(Protocol):
    """A draft, as far as its window is called by it."""

    to: str
    subject: str


class Windows:
    """The open windows. The mailbox is the first and is never closed."""

    def __init__(self) -> None:
        self.all = [Window(Kind.MAIL)]
        self.current = self.all[0]
        self._before: list[Window] = []

    def titles(
        self, draft: Callable[[str], Written | None], ellipsis: str = "…"
    ) -> list[tuple[str, int, bool]]:
        """The windows but the first: title, news, whether it is looked at.

        `draft` is the one of a name, or None where there is none.
        """

        def title(window: Window) -> str:
            found = draft(window.name) if window.kind is Kind.COMPOSE else None
            if found is None:
                return window.title
            return draft_label(found.to, found.subject, ellipsis)

        return [(title(one), one.unread, one is self.current) for one in self.all[1:]]

    def find(self, kind: Kind, name: str = "") -> Window | None:
        """The window of a kind and name, if it is open."""
        return next(
            (one for one in self.all if (one.kind, one.name) == (kind, name)), None
        )

    def add(self, kind: Kind, name: str = "") -> Window:
        """A window that is open behind the current one; the one that is there."""
        window = self.find(kind, name)
        if window is None:
            window = Window(kind, name)
            self.all.append(window)
        return window

    def show(self, window: Window) -> None:
        """Look at a window; what is new in it is seen by that."""
        if window is not self.current:
            self._before = [one for one in self._before if one is not self.current]
            self._before.append(self.current)
        self.current = window
        window.unread = 0

    def close(self, window: Window, *, stays: bool = False) -> None:
        """Close a window, and go back to the one looked at before.

        One that `stays` is only not looked at any more.
        """
        if window is self.all[0]:
            return
        if not stays:
            self.all.remove(window)
        self._before = [one for one in self._before if one is not window]
        if window is self.current:
            self.current = self._before.pop() if self._before else self.all[0]
            self.current.unread = 0

    def numbered(self, number: int) -> Window | None:
        """The window that a number from 1 stands for."""
        return self.all[number - 1] if 0 < number <= len(self.all) else None

    def beside(self, step: int) -> Window:
        """The window so many further on, around the end."""
        return self.all[(self.all.index(self.current) + step) % len(self.all)]

    def next_unread(self) -> Window | None:
        """The next window with news behind the current one, around the end."""
        at = self.all.index(self.current)
        around = [*self.all[at + 1 :], *self.all[:at]]
        return next((one for one in around if one.unread), None)

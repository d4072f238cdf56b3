"""The colours by what they are for, as the themes have them.

A theme gives each name a form for 16 colours, for none, and for 256 and more. The
first two use the terminal's own colours, so that they are readable on any; the
themes `dark` and `light` bring their own background where there are more.
"""

from typing import NamedTuple


Entry = tuple[str, str, str, str, str, str]

FOCUS = " focus"
TWINS = ("text", "dim", "new", "time", "name", "subject", "good", "bad")
OWN = "default"


class Basic(NamedTuple):
    """How a name looks in 16 colours, and without any."""

    sixteen: str
    mono: str


_PLAIN = Basic(OWN, OWN)
_BOLD = Basic("default,bold", "bold")
_TURNED = Basic("default,standout", "standout")
_TURNED_BOLD = Basic("default,bold,standout", "bold,standout")

BASICS: dict[str, Basic] = {
    "text": _PLAIN,
    "dim": _PLAIN,
    "new": _BOLD,
    "time": _PLAIN,
    "name": Basic("dark cyan", OWN),
    "subject": _PLAIN,
    "good": Basic("dark green", OWN),
    "bad": Basic("light red", "bold"),
    "focus": _TURNED,
    "text focus": _TURNED,
    "dim focus": _TURNED,
    "new focus": _TURNED_BOLD,
    "time focus": _TURNED,
    "name focus": _TURNED,
    "subject focus": _TURNED,
    "good focus": _TURNED,
    "bad focus": _TURNED_BOLD,
    "header": _TURNED,
    "header good": _TURNED_BOLD,
    "header bad": _TURNED_BOLD,
    "status": _PLAIN,
    "status bad": Basic("light red", "bold"),
    "footer": _PLAIN,
    "footer key": _BOLD,
    "title": _BOLD,
    "title focus": Basic("dark cyan,bold,underline", "bold,underline"),
    "gutter": _PLAIN,
    "link": Basic("dark cyan,underline", "underline"),
    "quote": _PLAIN,
    "own": Basic("dark cyan", OWN),
    "system": _PLAIN,
    "unread": Basic("light red,bold", "bold"),
    "input": _PLAIN,
    "label": _PLAIN,
    "button": _BOLD,
    "button focus": _TURNED_BOLD,
    "banner": _TURNED_BOLD,
    "popup": _PLAIN,
    "popup title": _BOLD,
}

# Shades of the grey ramp and of the colour cube, which 256 colours have exactly.
_DARK_PAGE, _DARK_BAR, _DARK_ROW, _DARK_FIELD = "g7", "g15", "g19", "g11"
DARK: dict[str, tuple[str, str]] = {
    "text": ("g82", _DARK_PAGE),
    "dim": ("g58", _DARK_PAGE),
    "new": ("g100,bold", _DARK_PAGE),
    "time": ("g58", _DARK_PAGE),
    "name": ("#8ad", _DARK_PAGE),
    "subject": ("g82", _DARK_PAGE),
    "good": ("#8a8", _DARK_PAGE),
    "bad": ("#f88", _DARK_PAGE),
    "focus": ("g100", _DARK_ROW),
    "text focus": ("g100", _DARK_ROW),
    "dim focus": ("g70", _DARK_ROW),
    "new focus": ("g100,bold", _DARK_ROW),
    "time focus": ("g70", _DARK_ROW),
    "name focus": ("#8df", _DARK_ROW),
    "subject focus": ("g100", _DARK_ROW),
    "good focus": ("#8d8", _DARK_ROW),
    "bad focus": ("#faa", _DARK_ROW),
    "header": ("g78", _DARK_BAR),
    "header good": ("#8d8", _DARK_BAR),
    "header bad": ("#f88,bold", _DARK_BAR),
    "status": ("g58", _DARK_PAGE),
    "status bad": ("#f88", _DARK_PAGE),
    "footer": ("g58", _DARK_PAGE),
    "footer key": ("g82,bold", _DARK_PAGE),
    "title": ("g66,bold", _DARK_PAGE),
    "title focus": ("#8ad,bold", _DARK_PAGE),
    "gutter": ("g42", _DARK_PAGE),
    "link": ("#8ad,underline", _DARK_PAGE),
    "quote": ("#8a8", _DARK_PAGE),
    "own": ("#aad", _DARK_PAGE),
    "system": ("g58", _DARK_PAGE),
    "unread": ("#da6", _DARK_PAGE),
    "input": ("g93", _DARK_FIELD),
    "label": ("g62", _DARK_PAGE),
    "button": ("g82", _DARK_ROW),
    "button focus": ("g7,bold", "#8ad"),
    "banner": ("g7,bold", "#da6"),
    "popup": ("g58", _DARK_PAGE),
    "popup title": ("#8ad,bold", _DARK_PAGE),
}
_LIGHT_PAGE, _LIGHT_BAR, _LIGHT_ROW, _LIGHT_FIELD = "g100", "g89", "g89", "g93"
LIGHT: dict[str, tuple[str, str]] = {
    "text": ("g15", _LIGHT_PAGE),
    "dim": ("g42", _LIGHT_PAGE),
    "new": ("g0,bold", _LIGHT_PAGE),
    "time": ("g42", _LIGHT_PAGE),
    "name": ("#06a", _LIGHT_PAGE),
    "subject": ("g15", _LIGHT_PAGE),
    "good": ("#060", _LIGHT_PAGE),
    "bad": ("#a00", _LIGHT_PAGE),
    "focus": ("g0", _LIGHT_ROW),
    "text focus": ("g0", _LIGHT_ROW),
    "dim focus": ("g35", _LIGHT_ROW),
    "new focus": ("g0,bold", _LIGHT_ROW),
    "time focus": ("g35", _LIGHT_ROW),
    "name focus": ("#06a", _LIGHT_ROW),
    "subject focus": ("g0", _LIGHT_ROW),
    "good focus": ("#060", _LIGHT_ROW),
    "bad focus": ("#a00", _LIGHT_ROW),
    "header": ("g19", _LIGHT_BAR),
    "header good": ("#060", _LIGHT_BAR),
    "header bad": ("#a00,bold", _LIGHT_BAR),
    "status": ("g42", _LIGHT_PAGE),
    "status bad": ("#a00", _LIGHT_PAGE),
    "footer": ("g42", _LIGHT_PAGE),
    "footer key": ("g15,bold", _LIGHT_PAGE),
    "title": ("g35,bold", _LIGHT_PAGE),
    "title focus": ("#06a,bold", _LIGHT_PAGE),
    "gutter": ("g58", _LIGHT_PAGE),
    "link": ("#06a,underline", _LIGHT_PAGE),
    "quote": ("#060", _LIGHT_PAGE),
    "own": ("#608", _LIGHT_PAGE),
    "system": ("g42", _LIGHT_PAGE),
    "unread": ("#860", _LIGHT_PAGE),
    "input": ("g0", _LIGHT_FIELD),
    "label": ("g35", _LIGHT_PAGE),
    "button": ("g15", _LIGHT_ROW),
    "button focus": ("g100,bold", "#06a"),
    "banner": ("g0,bold", "#fd8"),
    "popup": ("g42", _LIGHT_PAGE),
    "popup title": ("#06a,bold", _LIGHT_PAGE),
}
THEMES = ("dark", "light", "16", "mono")
NAMES = tuple(BASICS)
_HIGH = {"dark": DARK, "light": LIGHT}


def entries(theme: str) -> list[Entry]:
    """The palette of a theme for urwid; an unknown theme raises KeyError."""
    return {
        "dark": _coloured,
        "light": _coloured,
        "16": _sixteen,
        "mono": _mono,
    }[theme](theme)


def focused(name: str) -> str:
    """What the name is called in the focused row."""
    return name + FOCUS if name in TWINS else "focus"


def _coloured(theme: str) -> list[Entry]:
    return [
        (name, basic.sixteen, OWN, basic.mono, *_HIGH[theme][name])
        for name, basic in BASICS.items()
    ]


def _sixteen(_: str) -> list[Entry]:
    return [
        (name, basic.sixteen, OWN, basic.mono, basic.sixteen, OWN)
        for name, basic in BASICS.items()
    ]


def _mono(_: str) -> list[Entry]:
    return [
        (name, basic.mono, OWN, basic.mono, basic.mono, OWN)
        for name, basic in BASICS.items()
    ]

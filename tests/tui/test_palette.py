"""The themes: complete, readable, and never the only sign."""

from typing import Literal

import pytest
from urwid import AttrSpec
from urwid.display.raw import Screen

from nimsg.tui.palette import NAMES, THEMES, TWINS, entries, focused


Depth = Literal[256, 16777216]
DEPTHS: tuple[Depth, ...] = (256, 16777216)
READABLE = 4.5  # WCAG 2.1, success criterion 1.4.3
LINES = 3.0  # 1.4.11: what is drawn and not read
COLOURS_ON_ANY_PAGE = {"default", "dark cyan", "dark green", "light red"}
STYLES = {"bold", "underline", "standout"}


def luminance(rgb: tuple[int | None, ...]) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in map(shade, rgb))
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def shade(channel: int | None) -> int:
    assert channel is not None
    return channel


def contrast(foreground: str, background: str, depth: Depth) -> float:
    values = AttrSpec(foreground, background, depth).get_rgb_values()
    one, other = luminance(values[:3]), luminance(values[3:])
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_has_every_name_in_every_form(theme: str) -> None:
    table = entries(theme)

    assert tuple(entry[0] for entry in table) == NAMES
    for _, *forms in table:
        assert all(forms)
    Screen().register_palette(table)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_is_readable_on_its_background(theme: str, depth: Depth) -> None:
    for name, _, _, _, foreground, background in entries(theme):
        least = LINES if name == "gutter" else READABLE
        assert contrast(foreground, background, depth) >= least, name


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_all_depths_of_many_colours_look_the_same(theme: str) -> None:
    for _, _, _, _, foreground, background in entries(theme):
        few, many = (AttrSpec(foreground, background, depth) for depth in DEPTHS)
        assert few.get_rgb_values() == many.get_rgb_values()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_focused_row_has_one_background_and_another_than_the_page(
    theme: str,
) -> None:
    pages = {entry[0]: entry[5] for entry in entries(theme)}
    focus = {pages[focused(name)] for name in TWINS}

    assert focus == {pages["focus"]}
    assert focus & {pages[name] for name in TWINS} == set()


@pytest.mark.parametrize("theme", THEMES)
def test_sixteen_colours_are_readable_on_any_page(theme: str) -> None:
    for name, foreground, background, _, _, _ in entries(theme):
        colour, *styles = foreground.split(",")
        assert background == "default", name
        assert {colour} <= COLOURS_ON_ANY_PAGE | STYLES, name
        assert set(styles) <= STYLES, name


@pytest.mark.parametrize("theme", ["16", "mono"])
def test_a_plain_theme_is_plain_at_every_depth(theme: str) -> None:
    for _, low, low_page, _, high, high_page in entries(theme):
        assert (high, high_page) == (low, low_page)


def test_without_colours_there_are_none_but_focus_news_and_errors_are_seen() -> None:
    table = {entry[0]: entry[1:] for entry in entries("mono")}

    for forms in table.values():
        assert set(",".join(forms).split(",")) <= STYLES | {"default"}
    for name in TWINS:
        assert "standout" in table[focused(name)][2]
    for name in ("new", "bad", "unread", "header bad", "status bad", "banner"):
        assert "bold" in table[name][2]


def test_a_name_without_a_twin_has_the_colour_of_focus() -> None:
    assert focused("new") == "new focus"
    assert focused("link") == "focus"


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(KeyError):
        entries("sepia")

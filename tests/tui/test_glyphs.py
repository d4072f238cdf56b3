"""The signs of the screen."""

import pytest

from nimsg.text import width
from nimsg.tui.glyphs import (
    ASCII,
    INBOX_STATES,
    OUTBOX_STATES,
    UNICODE,
    Glyphs,
    glyphs,
)


@pytest.mark.parametrize("signs", [UNICODE, ASCII])
def test_every_sign_takes_one_cell(signs: Glyphs) -> None:
    assert {width(sign) for sign in signs} == {1}


@pytest.mark.parametrize("signs", [UNICODE, ASCII])
@pytest.mark.parametrize("states", [INBOX_STATES, OUTBOX_STATES])
def test_states_are_told_apart_without_colours(
    signs: Glyphs, states: tuple[str, ...]
) -> None:
    table = signs._asdict()

    assert len({table[state] for state in states}) == len(states)


def test_the_plain_signs_are_ascii() -> None:
    assert "".join(ASCII).isascii()


@pytest.mark.parametrize(
    ("encoding", "signs"),
    [
        ("utf-8", UNICODE),
        ("UTF-8", UNICODE),
        ("ascii", ASCII),
        ("iso-8859-1", ASCII),
        ("no such encoding", ASCII),
    ],
)
def test_a_terminal_gets_signs_that_it_can_show(encoding: str, signs: Glyphs) -> None:
    assert glyphs(encoding) is signs


def test_a_person_may_ask_for_plain_signs() -> None:
    assert glyphs("utf-8", only_ascii=True) is ASCII

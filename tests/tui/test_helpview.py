"""Help is the tables of keys and commands, and nothing besides."""

import pytest
from urwid.testing import press, render_text

from nimsg.client.registry import COMMANDS, usage
from nimsg.tui.helpview import help_lines, help_popup
from nimsg.tui.keys import Context, KeyMap
from nimsg.tui.spans import line_width, plain


def nothing() -> None:
    pass


@pytest.mark.parametrize("context", list(Context))
@pytest.mark.parametrize("size", [(20, 5), (40, 10), (80, 24), (200, 50)])
def test_help_is_drawn_at_any_size(context: Context, size: tuple[int, int]) -> None:
    popup = help_popup(KeyMap(), context, nothing)

    assert len(render_text(popup, size)) == size[1]


def test_help_lists_the_keys_of_the_place_and_all_commands() -> None:
    popup = help_popup(KeyMap({"reply": ["ctrl g"]}), Context.LIST, nothing)
    drawn = "\n".join(render_text(popup, (100, 150)))

    for keys, what in KeyMap({"reply": ["ctrl g"]}).help(Context.LIST):
        assert f"{keys}  " in drawn
        assert what in drawn
    assert "Ctrl-G" in drawn
    for command in COMMANDS.values():
        assert f":{usage(command)}" in drawn
        assert command.help in drawn
    assert "Keys (list)" in drawn
    assert "Commands: Rooms" in drawn


@pytest.mark.parametrize("context", list(Context))
def test_help_tells_of_the_keys_of_a_field_where_one_types(context: Context) -> None:
    drawn = "\n".join(render_text(help_popup(KeyMap(), context, nothing), (100, 150)))

    types = context in {Context.COMPOSE, Context.TALK, Context.CONSOLE}
    assert ("Ctrl-U" in drawn and "delete to the start of this line" in drawn) is types
    assert ("Ctrl-W Alt-Backspace" in drawn) is types
    assert ("Alt-u" in drawn and "take back what was typed" in drawn) is types


def test_typing_leaves_what_has_the_words_under_its_heading() -> None:
    popup = help_popup(KeyMap(), Context.LIST, nothing)
    press(popup, (80, 24), *"whoelse sec")
    drawn = [row.strip("│ ") for row in render_text(popup, (80, 24))]

    assert drawn[1] == "Commands: People"
    assert drawn[2].startswith(":whoelsesince SECONDS  list who else was online")
    assert drawn[3] == ""


@pytest.mark.parametrize("cells", [8, 16, 36, 76, 196])
def test_no_line_of_help_is_too_long(cells: int) -> None:
    groups = [("Keys", KeyMap().help(Context.LIST))]

    lines = help_lines(groups, cells, "")
    assert all(line_width(line) <= cells for line in lines)


def test_explanations_stand_in_one_column() -> None:
    groups = [("Keys", [("j Down", "down"), ("G", "a long way " * 3 + "down")])]

    assert [plain(line) for line in help_lines(groups, 40, "")] == [
        "Keys",
        "  j Down  down",
        "  G       a long way a long way a long",
        "          way down",
    ]

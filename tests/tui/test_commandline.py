"""The line at the bottom: completed, remembered, and never lost."""

from collections.abc import Iterable

import pytest
from urwid.testing import check_flow_sizing, press, render_text

from nimsg.client.registry import COMMANDS, Kind
from nimsg.tui.commandline import MOST_KEPT, CommandLine, Memory
from nimsg.tui.completing import completed, completions
from nimsg.tui.keys import Context, KeyMap


SIZE = (40,)
PASTE = ("begin paste", "a", "tab", "b", "enter", "c", "end paste")


class Told:
    """What the line told, and what it knows."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.changed: list[str] = []
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def told() -> Told:
    return Told()


def known(kind: Kind) -> Iterable[str]:
    return {"name": ["Bob", "bobby", "carol"], "room": ["lobby", "lab"]}.get(kind, [])


def command(told: Told, memory: Memory | None = None) -> CommandLine:
    return CommandLine(
        ":",
        Memory() if memory is None else memory,
        told.taken.append,
        told.close,
        known=known,
        changed=told.changed.append,
    )


def drawn(line: CommandLine, size: tuple[int] = SIZE) -> list[str]:
    return render_text(line, size, focus=True, strip=True)


# -- its beginning


def test_a_key_for_a_command_begins_it_and_leaves_what_was_typed(told: Told) -> None:
    memory = Memory(left="join #l")
    line = command(told, memory)
    line.begin("startprivate ")
    assert line.text == "startprivate "
    assert line.act("close")
    assert memory.left == "join #l"
    press(line, SIZE, *"bob")
    assert line.act("submit")
    assert told.taken == ["startprivate bob"]


# -- completion


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("who", ["whoelse", "whoelsesince"]),
        ("/who", ["/whoelse", "/whoelsesince"]),
        ("zebra", []),
        ("message b", ["Bob", "bobby"]),
        ("msg c", ["carol"]),
        ("message bob ", []),
        ("join l", ["lab", "lobby"]),
        ("join #lo", ["#lobby"]),
        ("shutdown c", ["cancel"]),
        ("inbox ", ["all"]),
        ("help sto", ["stopprivate"]),
        ("zebra b", []),
        ("whoelse b", []),
        ("open 1", []),
    ],
)
def test_the_last_word_is_completed_by_the_table(text: str, found: list[str]) -> None:
    assert completions(text, known) == found


def test_an_empty_line_can_become_any_command() -> None:
    assert completions("", known) == sorted(COMMANDS)
    assert completions(" ", known) == sorted(COMMANDS)


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("wh", "whoelse"),
        ("blocks", "blocks "),
        ("start", "startprivate "),
        ("join lo", "join lobby "),
        ("join l", "join l"),
        ("message bo", "message bo"),
        ("zebra", "zebra"),
    ],
)
def test_a_word_is_completed_as_far_as_it_is_certain(text: str, becomes: str) -> None:
    assert completed(text, known)[0] == becomes


def test_tab_goes_round_what_a_word_can_become(told: Told) -> None:
    line = command(told)
    press(line, SIZE, *"join l")

    texts = []
    for _ in range(3):
        line.act("complete")
        texts.append(line.text)
    assert texts == ["join lab", "join lobby", "join lab"]
    assert drawn(line) == [f":join lab{' ' * 21}lab  lobby"]
    press(line, SIZE, "s")
    assert drawn(line) == [":join labs"]


def test_what_a_word_can_become_is_seen_before_one_is_taken(told: Told) -> None:
    line = command(told)
    press(line, SIZE, *"wh")
    line.act("complete")

    assert drawn(line) == [f":whoelse{' ' * 11}whoelse  whoelsesince"]
    assert line.get_cursor_coords(SIZE) == (8, 0)
    assert drawn(line, (20,)) == [":whoelse     whoelse"]
    assert drawn(line, (16,)) == [":whoelse"]


def test_the_word_that_is_taken_is_among_those_seen(told: Told) -> None:
    line = command(told)
    for _ in range(len(COMMANDS) + 1):
        line.act("complete")
        row = drawn(line, (40,))[0]
        assert row.startswith(f":{line.text} ")
        assert line.text in row[len(line.text) + 1 :]
        assert drawn(line, (len(line.text) + 3,)) == [f":{line.text}"]


def test_a_search_completes_nothing(told: Told) -> None:
    line = CommandLine("/", Memory(), told.taken.append, told.close)
    press(line, SIZE, *"wh")

    assert line.act("complete")
    assert drawn(line) == ["/wh"]


# -- what is kept


def test_enter_gives_the_line_and_keeps_it(told: Told) -> None:
    memory = Memory()
    line = command(told, memory)
    press(line, SIZE, *"who")

    assert KeyMap().action(Context.PROMPT, "enter") == "submit"
    line.act("submit")
    assert (told.taken, told.closed, memory.lines) == (["who"], 1, ["who"])
    assert command(told, memory).text == ""


def test_esc_keeps_the_text_for_the_next_time(told: Told) -> None:
    memory = Memory()
    line = command(told, memory)
    press(line, SIZE, *"message bob long text")
    line.act("close")

    assert (told.taken, told.closed) == ([], 1)
    assert command(told, memory).text == "message bob long text"


def test_backspace_on_an_empty_line_closes_it(told: Told) -> None:
    line = command(told)
    press(line, SIZE, "a", "backspace")
    assert told.closed == 0

    press(line, SIZE, "backspace")
    assert told.closed == 1


def test_up_and_down_walk_through_what_was_typed(told: Told) -> None:
    line = command(told, Memory(["one", "two"]))
    press(line, SIZE, *"three")

    texts = []
    for action in ("up", "up", "up", "down", "down", "down"):
        line.act(action)
        texts.append(line.text)
    assert texts == ["two", "one", "one", "two", "three", "three"]


def test_a_line_is_kept_once_and_only_so_many_are() -> None:
    memory = Memory()
    for at in range(MOST_KEPT + 5):
        memory.add(f"line {at}")
    memory.add("line 50")
    memory.add("  ")

    assert len(memory.lines) == MOST_KEPT
    assert memory.lines.count("line 50") == 1
    assert memory.lines[-1] == "line 50"


def test_a_paste_is_one_insert_and_does_nothing_by_itself(told: Told) -> None:
    line = command(told)

    for key in PASTE:
        assert line.keypress(SIZE, key) is None
        assert line.is_pasting == (key != PASTE[-1])
    assert line.text == "a b c"
    assert told.changed == ["a b c"]
    assert told.taken == []


def test_what_is_typed_is_told_at_once(told: Told) -> None:
    press(command(told), SIZE, "a", "b", "backspace")

    assert told.changed == ["a", "ab", "a"]


def test_what_lies_behind_gets_no_action(told: Told) -> None:
    line = command(told)

    assert not line.act("reply")
    assert line.keypress(SIZE, "meta 1") == "meta 1"
    assert line.keypress(SIZE, "esc") == "esc"


@pytest.mark.parametrize("cols", [1, 2, 5, 20, 80, 200])
def test_a_line_is_drawn_at_any_width_with_its_cursor(told: Told, cols: int) -> None:
    line = command(told)
    check_flow_sizing(line, cols=cols)
    press(line, (cols,), *"wh")
    line.act("complete")
    check_flow_sizing(line, cols=cols)
    press(line, (cols,), *"日本語 and a longer text than a screen has room for " * 4)
    check_flow_sizing(line, cols=cols)

    found = line.get_cursor_coords((cols,))
    assert found is not None
    assert found[0] < cols

"""The key table: what each key does where, and what a person may change."""

import pytest

from nimsg.errors import ConfigError
from nimsg.tui.keys import (
    ACTIONS,
    BINDINGS,
    TYPING,
    Context,
    KeyMap,
    is_text,
    key_text,
)
from nimsg.tui.keytable import FORBIDDEN, MODAL
from nimsg.tui.spans import line_width, plain


C = Context


@pytest.mark.parametrize(
    ("context", "key", "action"),
    [
        (C.LIST, "j", "down"),
        (C.LIST, "enter", "open"),
        (C.LIST, "q", "close"),
        (C.LIST, "c", "new"),
        (C.LIST, "w", "people"),
        (C.LIST, "p", "private"),
        (C.MESSAGE, "o", "link"),
        (C.MESSAGE, "K", "newer"),
        (C.COMPOSE, "ctrl d", "send"),
        (C.COMPOSE, "esc", "close"),
        (C.COMPOSE, "tab", "next-pane"),
        (C.TALK, "enter", "send"),
        (C.TALK, "meta 3", "window-3"),
        (C.TALK, "f1", "help"),
        (C.DRAFTS, "d", "delete"),
        (C.PEOPLE, "B", "unblock"),
        (C.POPUP, "esc", "close"),
        (C.LOGIN, "esc", "quit"),
        (C.LOGIN, "ctrl l", "redraw"),
        (C.LIST, "ctrl d", "half-down"),
        (C.PROMPT, "tab", "complete"),
        (C.LIST, "f9", None),
    ],
)
def test_a_key_does_in_each_context_what_the_table_says(
    context: Context, key: str, action: str | None
) -> None:
    assert KeyMap().action(context, key) == action


@pytest.mark.parametrize("context", sorted(TYPING))
def test_a_character_is_typed_where_there_is_a_field(context: Context) -> None:
    keys = KeyMap()

    assert {keys.action(context, key) for key in "jq?:wpDL#/ é日"} == {None}


@pytest.mark.parametrize("context", sorted(MODAL))
def test_nothing_behind_a_popup_or_the_login_is_reached(context: Context) -> None:
    assert KeyMap().action(context, "meta 1") is None


def test_every_context_has_help_and_a_footer() -> None:
    keys = KeyMap()

    for context in Context:
        assert plain(keys.footer(context, 80))
        shown = keys.help(context)
        assert len(shown) == len(dict(shown))
        assert all(key and what for key, what in shown)


def test_help_lists_all_that_a_key_reaches_and_nothing_else() -> None:
    keys = KeyMap()

    for context in Context:
        helped = {what for _, what in keys.help(context)}
        reached = {
            one.help
            for one in BINDINGS
            if any(
                keys.action(context, key) == one.action
                for key in one.keys
                if {context, C.GLOBAL} & set(one.contexts)
            )
        }
        assert helped <= reached


def test_no_key_that_the_terminal_keeps_is_bound() -> None:
    assert not {key for one in BINDINGS for key in one.keys} & FORBIDDEN


def test_the_footer_says_the_most_used_first() -> None:
    assert plain(KeyMap().footer(C.LIST, 120)).startswith(
        "j/k move  Enter open  r reply  R reply all  m new  / search"
    )


def test_the_footer_leaves_out_what_does_nothing_now() -> None:
    keys = KeyMap()
    whole = plain(keys.footer(C.MESSAGE, 120))

    assert "a ack  x recall  d delete" in whole
    assert plain(keys.footer(C.MESSAGE, 120, frozenset({"ack"}))) == whole.replace(
        "a ack  ", ""
    )
    assert plain(keys.footer(C.LIST, 80, frozenset({"up", "open"}))).startswith(
        "j move  r reply"
    )
    assert plain(keys.footer(C.MESSAGE, 120)) == whole


@pytest.mark.parametrize("cells", range(60))
def test_the_footer_is_cut_between_entries_and_help_stays_longest(cells: int) -> None:
    line = KeyMap().footer(C.LIST, cells)

    assert line_width(line) <= cells
    assert len(line) % 3 in {0, 2}
    assert ("? help" in plain(line)) == (cells >= len("? help  q quit"))


def test_the_footer_shows_no_key_that_would_be_typed() -> None:
    assert "F1 help" in plain(KeyMap().footer(C.COMPOSE, 120))
    assert "? help" not in plain(KeyMap().footer(C.COMPOSE, 120))


def test_a_person_may_give_an_action_other_keys() -> None:
    keys = KeyMap({"down": ["n", "down"], "search-next": ["ctrl n"]})

    assert keys.action(C.LIST, "n") == "down"
    assert keys.action(C.LIST, "j") is None
    assert keys.action(C.LIST, "ctrl n") == "search-next"
    assert ("n Down", "one row down") in keys.help(C.LIST)
    assert plain(keys.footer(C.LIST, 80)).startswith("n/k move")


def test_one_context_may_have_keys_of_its_own() -> None:
    keys = KeyMap({"send": ["ctrl g"], "talk.send": ["enter", "f5"]})

    assert keys.keys_of("send", C.COMPOSE) == ("ctrl g",)
    assert keys.keys_of("send", C.TALK) == ("enter", "f5")
    assert keys.keys_of("send") == ("ctrl g", "enter", "f5")


def test_an_action_keeps_its_keys_where_the_new_ones_would_be_typed() -> None:
    keys = KeyMap({"close": ["X"], "down": "n", "search-next": []})

    assert keys.action(C.LIST, "X") == "close"
    assert keys.action(C.POPUP, "esc") == "close"
    assert keys.action(C.POPUP, "down") == "down"
    assert keys.action(C.LIST, "n") == "down"


@pytest.mark.parametrize(
    ("written", "key"),
    [("alt x", "meta x"), ("space", " "), ("alt space", "meta  "), ("f5", "f5")],
)
def test_a_key_may_be_written_as_people_say_it(written: str, key: str) -> None:
    keys = KeyMap({"page-down": [written]})

    assert keys.action(C.LIST, key) == "page-down"


@pytest.mark.parametrize("key", sorted(FORBIDDEN))
def test_a_key_that_the_terminal_keeps_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match=f"reply cannot be '{key}'"):
        KeyMap({"reply": [key]})


def test_an_unknown_action_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        ConfigError, match=r"no action 'fly'.*down, up, page-down"
    ) as it:
        KeyMap({"fly": ["f"]})

    assert all(action in str(it.value) for action in ACTIONS)


@pytest.mark.parametrize(
    ("remapped", "text"),
    [
        ({"moon.send": ["f5"]}, "no action 'moon.send'"),
        ({"drafts.send": ["f5"]}, "no action 'send' in drafts"),
        ({"reply": ["f"]}, "f is both reply and forward in list"),
        ({"people": ["r"]}, "r is people everywhere, and reply in (list|message)"),
        ({"send": ["s"]}, "send cannot be 's': that is typed as text in compose"),
        ({"reply": ["page sideways"]}, "'page sideways' is no key; write it as"),
        ({"reply": [""]}, "'' is no key"),
        ({"close": []}, "close needs a key"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(
    remapped: dict[str, list[str]], text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        KeyMap(remapped)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("ctrl d", "Ctrl-D"),
        ("meta enter", "Alt-Enter"),
        ("shift tab", "Shift-Tab"),
        ("page up", "PgUp"),
        (" ", "Space"),
        ("meta 1", "Alt-1"),
        ("R", "R"),
        ("f1", "F1"),
        ("meta  ", "Alt-Space"),
    ],
)
def test_a_key_is_shown_as_it_stands_on_the_keyboard(key: str, shown: str) -> None:
    assert key_text(key) == shown


def test_a_named_key_is_no_text() -> None:
    assert not is_text("enter")
    assert not is_text("\x01")
    assert is_text("日")


@pytest.mark.parametrize("key", ["meta left", "meta right"])
def test_alt_and_an_arrow_goes_by_words_where_text_is_typed(key: str) -> None:
    keys = KeyMap()
    typing = (Context.COMPOSE, Context.TALK, Context.CONSOLE)
    assert [keys.action(where, key) for where in typing] == [None] * 3
    assert keys.action(Context.LIST, key) in {"next-window", "previous-window"}
    assert keys.action(Context.TALK, "ctrl page up") == "previous-window"


@pytest.mark.parametrize("context", [Context.MESSAGE, Context.DRAFTS, Context.PEOPLE])
def test_the_footer_says_that_q_goes_back_where_it_does(context: Context) -> None:
    shown = "".join(text for _, text in KeyMap().footer(context, 80))
    assert "q back" in shown
    assert "quit" not in shown
    mail = "".join(text for _, text in KeyMap().footer(Context.LIST, 80))
    assert mail.endswith("q quit")


def test_escape_never_ends_nimsg_once_somebody_is_in() -> None:
    keys = KeyMap()
    assert keys.action(Context.LIST, "esc") == "back"
    assert keys.action(Context.LIST, "q") == "close"

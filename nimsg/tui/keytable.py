"""The one table of keys: what each does where, and how help and footer say it."""

from enum import StrEnum
from typing import NamedTuple


class Context(StrEnum):
    """Where a key is pressed."""

    GLOBAL = "global"
    LIST = "list"
    MESSAGE = "message"
    COMPOSE = "compose"
    TALK = "talk"
    DRAFTS = "drafts"
    PEOPLE = "people"
    CONSOLE = "console"
    POPUP = "popup"
    LOGIN = "login"
    PROMPT = "prompt"


class Binding(NamedTuple):
    """An action, the keys (urwid's names) that do it, and where.

    The same action may do another thing elsewhere by other keys: it has a binding
    for each. A `footer` puts it there; neighbours of the same footer share it.
    """

    action: str
    keys: tuple[str, ...]
    contexts: tuple[Context, ...]
    help: str
    footer: str = ""


C = Context
# Plain characters are typed there, and do nothing else.
TYPING = frozenset({C.COMPOSE, C.TALK, C.CONSOLE, C.LOGIN, C.POPUP, C.PROMPT})
# Nothing behind these is reached from them.
MODAL = frozenset({C.POPUP, C.LOGIN, C.PROMPT})
# Flow control, suspending, tmux and screen, backspace, Tab and Enter are not ours.
FORBIDDEN = frozenset(f"ctrl {char}" for char in "sqzbahimj")

_ALL = (C.GLOBAL,)
_ROWS = (C.LIST, C.DRAFTS, C.PEOPLE)
_READ = (C.LIST, C.MESSAGE)
_SCROLLED = (*_ROWS, C.MESSAGE)
_CLOSED = (C.MESSAGE, C.DRAFTS, C.PEOPLE)
_TALKS = (C.TALK, C.CONSOLE)

BINDINGS: tuple[Binding, ...] = (
    # rows and pages
    Binding("down", ("j", "down"), _ROWS, "one row down", "move"),
    Binding("up", ("k", "up"), _ROWS, "one row up", "move"),
    Binding("down", ("j", "down"), (C.MESSAGE,), "one line down", "scroll"),
    Binding("up", ("k", "up"), (C.MESSAGE,), "one line up", "scroll"),
    Binding("page-down", ("page down", " "), _SCROLLED, "one page down"),
    Binding("page-up", ("page up",), _SCROLLED, "one page up"),
    Binding("half-down", ("ctrl d",), _SCROLLED, "half a page down"),
    Binding("half-up", ("ctrl u",), _SCROLLED, "half a page up"),
    Binding("top", ("g", "home"), _SCROLLED, "to the top"),
    Binding("bottom", ("G", "end"), _SCROLLED, "to the bottom"),
    # mail
    Binding("open", ("enter",), (C.LIST,), "open; its sender sees that", "open"),
    Binding("open", ("enter",), (C.DRAFTS,), "go on writing", "open"),
    Binding("open", ("enter",), (C.PEOPLE,), "write a message to them", "write"),
    Binding("close", ("q", "esc"), _CLOSED, "back to where you were", "back"),
    Binding("back", ("esc",), (C.LIST,), "all rows again, without marks"),
    Binding("reply", ("r",), _READ, "reply to the sender", "reply"),
    Binding("reply-all", ("R",), _READ, "reply to all", "reply all"),
    Binding("new", ("m", "c"), (*_READ, C.DRAFTS), "write a new message", "new"),
    Binding("search", ("/",), (C.LIST,), "search for words or people", "search"),
    Binding("forward", ("f",), _READ, "forward it"),
    Binding("quote", (">",), _READ, "reply with the text quoted"),
    Binding("older", ("J",), (C.MESSAGE,), "the next older message"),
    Binding("newer", ("K",), (C.MESSAGE,), "the next newer message"),
    Binding("next-unread", ("]",), _READ, "the next message that is not opened"),
    Binding("ack", ("a",), _READ, "acknowledge it; its sender sees that", "ack"),
    Binding(
        "recall",
        ("x",),
        _READ,
        "recall it from who has not opened it; asks first",
        "recall",
    ),
    Binding("delete", ("d",), _READ, "remove it from your own view", "delete"),
    Binding("undelete", ("u",), (C.LIST,), "bring back what was just removed"),
    Binding("search-next", ("n",), (C.LIST,), "the next one found"),
    Binding("search-previous", ("N",), (C.LIST,), "the one found before"),
    Binding("filter", ("\\", "l"), (C.LIST,), "show only what has a word, or a person"),
    Binding("mark", ("v", "t"), (C.LIST,), "mark the row, or unmark it"),
    Binding("marked", (";",), (C.LIST,), "do the next key to all marked rows"),
    Binding(
        "keep-unread",
        ("U",),
        (C.LIST,),
        "show it as unread here; the time its sender sees stays",
    ),
    Binding("retry", ("e",), (C.LIST,), "send again what failed"),
    Binding("link", ("o",), (C.MESSAGE,), "open a link by its number", "link"),
    Binding("headers", ("H",), (C.MESSAGE,), "show all headers and the raw text"),
    Binding("thread", ("T",), (C.MESSAGE,), "show it with its answers", "thread"),
    Binding("copy-body", ("y",), _READ, "copy its text"),
    Binding("copy-id", ("Y",), _READ, "copy its id"),
    # drafts
    Binding("delete", ("d",), (C.DRAFTS,), "throw the draft away", "delete"),
    Binding("undelete", ("u",), (C.DRAFTS,), "bring back the last one thrown away"),
    # people
    Binding("private", ("p",), (C.PEOPLE,), "ask for a private link", "private"),
    Binding("block", ("b",), (C.PEOPLE,), "keep them away from you", "block"),
    Binding("unblock", ("B",), (C.PEOPLE,), "let them come back", "unblock"),
    # writing
    Binding("send", ("meta enter", "ctrl d"), (C.COMPOSE,), "send it", "send"),
    Binding("editor", ("ctrl o",), (C.COMPOSE,), "write in your own editor", "editor"),
    Binding("keep", ("meta s",), (C.COMPOSE,), "save the draft now", "save"),
    Binding("close", ("esc",), (C.COMPOSE,), "close; the draft is kept", "close"),
    Binding("discard", ("ctrl x",), (C.COMPOSE,), "throw the draft away"),
    # talking
    Binding("send", ("enter",), _TALKS, "say it; a line with / is a command", "send"),
    Binding("newline", ("meta enter",), _TALKS, "start a new line", "new line"),
    Binding("page-up", ("page up",), _TALKS, "read back", "back"),
    Binding("page-down", ("page down",), _TALKS, "read on", "back"),
    Binding("bottom", ("end",), _TALKS, "to the newest, where the line is empty"),
    Binding("close", ("esc",), _TALKS, "close the window", "close"),
    # where no text is typed, in which they go by words
    Binding("next-window", ("meta right",), _SCROLLED, "to the next window"),
    Binding("previous-window", ("meta left",), _SCROLLED, "to the window before"),
    # what lies on top
    Binding("down", ("down",), (C.POPUP,), "one row down", "move"),
    Binding("up", ("up",), (C.POPUP,), "one row up", "move"),
    Binding("page-down", ("page down",), (C.POPUP,), "one page down"),
    Binding("page-up", ("page up",), (C.POPUP,), "one page up"),
    Binding("top", ("home",), (C.POPUP,), "to the top"),
    Binding("bottom", ("end",), (C.POPUP,), "to the bottom"),
    Binding("open", ("enter",), (C.POPUP,), "choose, or close", "choose"),
    Binding("close", ("esc",), (C.POPUP,), "close", "close"),
    Binding("submit", ("enter",), (C.PROMPT,), "do it", "do it"),
    Binding("complete", ("tab",), (C.PROMPT,), "complete the word", "complete"),
    Binding("up", ("up",), (C.PROMPT,), "the line before", "history"),
    Binding("down", ("down",), (C.PROMPT,), "the line after", "history"),
    Binding("close", ("esc",), (C.PROMPT,), "close; the text is kept", "close"),
    Binding("submit", ("enter",), (C.LOGIN,), "go on", "go on"),
    Binding("next-pane", ("tab", "down"), (C.LOGIN,), "the next field", "field"),
    Binding("previous-pane", ("shift tab", "up"), (C.LOGIN,), "the field before"),
    Binding("quit", ("esc", "ctrl c"), (C.LOGIN,), "end nimsg", "quit"),
    # everywhere
    Binding("next-pane", ("tab",), _ALL, "the next pane or field", "pane"),
    Binding("previous-pane", ("shift tab",), _ALL, "the pane or field before"),
    Binding("help", ("?", "f1"), (C.GLOBAL, C.LOGIN), "show the keys", "help"),
    Binding("close", ("q",), _ALL, "close; at the top: end nimsg", "quit"),
    Binding("command", (":", "meta :"), _ALL, "type a command"),
    Binding("people", ("w", "meta w"), _ALL, "who is here, and who was"),
    Binding("rooms", ("#", "meta #"), _ALL, "the rooms"),
    Binding("drafts", ("D", "meta D"), _ALL, "the drafts"),
    Binding("console", ("L", "meta L"), _ALL, "what was said and done so far"),
    Binding("private", ("p", "meta p"), _ALL, "ask somebody for a private link"),
    *(
        Binding(f"window-{n}", (f"meta {n}",), _ALL, f"go to window {n}")
        for n in range(1, 10)
    ),
    Binding("next-unread-window", ("meta a",), _ALL, "to a window with news"),
    Binding("next-window", ("ctrl page down",), _ALL, "the next window"),
    Binding("previous-window", ("ctrl page up",), _ALL, "the window before"),
    Binding("retry-now", ("ctrl r",), _ALL, "try to connect now"),
    Binding("redraw", ("ctrl l",), (C.GLOBAL, *MODAL), "draw the screen anew"),
    Binding("mouse-toggle", ("meta m",), _ALL, "use the mouse, or leave it alone"),
    Binding("bell-toggle", ("meta b",), _ALL, "ring the bell, or be silent"),
    Binding("quit", ("Q", "ctrl c"), _ALL, "end nimsg"),
)

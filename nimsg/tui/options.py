"""What the full screen is started with."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from nimsg.client.acts_session import Way
from nimsg.client.login import Dialog
from nimsg.errors import Refusal


class Login(NamedTuple):
    """How to log in: the dialog to walk, and what a refusal that ends it means."""

    dialog: Dialog
    explained: Callable[[Refusal], Refusal]
    check_holder: Callable[[str], None]


class Options(NamedTuple):
    """What a person has chosen; times are in seconds.

    `begin` makes the login for a server's way of proving names and a user; it may
    look for a password only the `first` time. `poll_s` is how often the server is
    asked, `wait` whether it may hold a question, `dwell_s` how long a message is
    looked at before it is opened (0: only by a key). `keys` are other keys for actions.
    """

    way: Way
    user: str | None
    begin: Callable[[str, str | None, bool], Login]
    peer_port: int = 0
    poll_s: float = 2.0
    wait: bool = True
    dwell_s: float = 2.0
    theme: str = "dark"
    only_ascii: bool = False
    mouse: bool = False
    bell: bool = True
    keys: Mapping[str, Sequence[str]] = {}
    editor: Sequence[str] = ("vi",)
    browser: Sequence[str] = ()

"""`nimsg client`: the full screen, from the arguments to the exit code."""

import locale
import os
import shlex
import shutil
import sys
from argparse import Namespace
from collections.abc import Sequence

from nimsg.cli.login import Login
from nimsg.cli.settings import read_settings
from nimsg.cli.sources import Config, Settings, config_path, read_config
from nimsg.client.acts_session import Way
from nimsg.errors import ConfigError, Exit, UsageError
from nimsg.protocol.constants import Device
from nimsg.text import clean_body
from nimsg.tui.app import App
from nimsg.tui.keys import KeyMap
from nimsg.tui.letterdraft import Draft
from nimsg.tui.options import Login as ScreenLogin, Options
from nimsg.tui.palette import THEMES


LEAST_POLL_S = 0.5
USUAL_POLL_S = 2.0
USUAL_DWELL_S = 2.0
BROWSERS = ("xdg-open", "open")
EDITORS = ("VISUAL", "EDITOR")


def run_screen(args: Namespace, peer_port: int) -> int:
    """Show the full screen until the person leaves it; the exit code.

    What could not be saved is printed behind it. Raises what ends it too early.
    """
    settings = read_settings(args)
    options = _options(args, settings, read_config(config_path()), peer_port)
    app = App(options, locale.getencoding())
    try:
        app.run()
    finally:
        for draft in app.unsaved:
            _print_unsaved(draft)
    return Exit.DONE


def _options(
    args: Namespace, settings: Settings, config: Config, peer_port: int
) -> Options:
    """Put together what was asked for; raises `UsageError` or `ConfigError`."""
    poll_s = _chosen(args.poll, config.number("poll"), USUAL_POLL_S)
    if poll_s < LEAST_POLL_S:
        raise UsageError(f"--poll is {LEAST_POLL_S} seconds or more, not {poll_s:g}")
    theme = args.theme or config.text("theme") or THEMES[0]
    if theme not in THEMES:
        known = ", ".join(THEMES)
        raise UsageError(f"there is no theme {theme!r}; the themes are {known}")
    way = Way(settings.address, settings.security, settings.timeout_s, None)
    return Options(
        way=way,
        user=settings.user,
        begin=lambda auth, user, first: _begin(settings, auth, user, first=first),
        peer_port=peer_port,
        poll_s=poll_s,
        wait=not args.no_wait,
        dwell_s=_chosen(args.dwell, config.number("dwell"), USUAL_DWELL_S),
        theme=theme,
        only_ascii=args.ascii or config.flag("ascii"),
        mouse=args.mouse or config.flag("mouse"),
        bell=config.flag("bell", otherwise=True),
        keys=screen_keys(config),
        editor=_editor(),
        browser=_browser(),
    )


def screen_keys(config: Config) -> dict[str, list[str]]:
    """Other keys for actions. Raises `ConfigError` with the place of what is wrong."""
    table = config.table("keys")
    fault = _fault_of(table)
    if not fault:
        return table
    part: dict[str, list[str]] = {}
    for name, keys in table.items():
        part[name] = keys
        # With this entry it fails as the whole table does.
        if _fault_of(part) == fault:
            break
    raise ConfigError(f"{config.place('keys', [*part][-1])}: {fault}")


def _fault_of(keys: dict[str, list[str]]) -> str:
    try:
        KeyMap(keys)
    except ConfigError as error:
        return str(error)
    return ""


def _chosen(given: float | None, configured: float | None, usual: float) -> float:
    if given is not None:
        return given
    return usual if configured is None else configured


def _begin(
    settings: Settings, auth: str, user: str | None, *, first: bool
) -> ScreenLogin:
    """A login; a password that was refused once is asked for from then on."""
    asked = settings._replace(user=user, may_ask=True)
    if not first:
        asked = asked._replace(password_file=None, password_command=[])
    login = Login(asked, auth, Device.TUI, look=first)
    return ScreenLogin(login.dialog, login.explained, login.check_holder)


def _editor() -> Sequence[str]:
    """The person's editor as words. Raises `ConfigError` where it is misquoted."""
    for name in EDITORS:
        text = os.environ.get(name, "")
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise ConfigError(f"{name} is misquoted: {error}") from None
        if words:
            return words
    return ["vi"]


def _browser() -> Sequence[str]:
    """What opens a link, as words; empty where nothing is known to."""
    named = os.environ.get("BROWSER", "").split(os.pathsep)[0]
    if named:
        return shlex.split(named)
    return next(([name] for name in BROWSERS if shutil.which(name)), [])


def _print_unsaved(draft: Draft) -> None:
    """Give back a text that the server has not."""
    subject = f" about {draft.subject}" if draft.subject else ""
    head = f"nimsg: not saved, to {draft.to or 'nobody yet'}{subject}:"
    sys.stderr.write(f"{clean_body(head)}\n{clean_body(draft.body)}\n")

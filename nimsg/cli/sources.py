"""A client's settings: arguments, environment, config file, in this order.

The config file is read and never written. Paths are texts here: pathlib would
cost the headless check a tenth of its time.
"""

import os
from typing import NamedTuple

from nimsg.client.address import Address, Security, parse_address
from nimsg.errors import ConfigError, unreadable


CONFIG_KEYS = {
    "server": str,
    "user": str,
    "password_file": str,
    "password_command": list,
    "ca": str,
    "fingerprint": str,
    "tls": bool,
    "poll": float,
    "dwell": float,
    "theme": str,
    "ascii": bool,
    "mouse": bool,
    "bell": bool,
    "keys": dict,
}
TYPE_NAMES: dict[type, str] = {
    str: "a text",
    list: "a list of texts",
    bool: "true or false",
    float: "a number",
    dict: "a table of lists of texts",
}
TIMEOUT_S = 10.0


AnyPath = str | os.PathLike[str]


class Given(NamedTuple):
    """What a command line says of the server and of who asks it."""

    server: str | None = None
    user: str | None = None
    password_file: str | None = None
    tls: bool = False
    ca: str | None = None
    fingerprint: str | None = None
    timeout_s: float = TIMEOUT_S
    patience_s: float | None = None
    may_ask: bool = True


class Settings(NamedTuple):
    """What a verb needs to reach a server and log in."""

    address: Address
    security: Security
    user: str | None
    password_file: str | None
    password_command: list[str]
    may_ask: bool
    timeout_s: float
    patience_s: float


def find_settings(given: Given, default_patience_s: float = 2.0) -> Settings:
    """Put the sources together. Raises `UsageError` or `ConfigError`."""
    config = read_config(config_path())
    server = given.server or os.environ.get("NIMSG_SERVER") or config.text("server")
    user = given.user or os.environ.get("NIMSG_USER") or config.text("user")
    file = given.password_file or config.text("password_file")
    patience_s = given.patience_s
    return Settings(
        address=parse_address(server or "127.0.0.1"),
        security=Security(
            tls=given.tls or config.flag("tls"),
            ca=given.ca or config.text("ca"),
            fingerprint=given.fingerprint or config.text("fingerprint"),
        ),
        user=user,
        password_file=os.path.expanduser(file) if file else None,
        # A file that was asked for by hand comes before the config's command.
        password_command=(
            [] if given.password_file else config.texts("password_command")
        ),
        may_ask=given.may_ask and os.isatty(0) and os.isatty(2),
        timeout_s=given.timeout_s,
        patience_s=default_patience_s if patience_s is None else patience_s,
    )


class Config:
    """The values of a config file, each of the type that its key has."""

    def __init__(
        self, values: dict[str, object], path: AnyPath = "", content: str = ""
    ) -> None:
        self._values = values
        self._path = path
        self._content = content

    def place(self, key: str, entry: str) -> str:
        """Where an entry of a table stands: the file and the line."""
        return _place(self._path, self._content, key, entry)

    def text(self, key: str) -> str | None:
        """A text, or None where the file has none."""
        value = self._values.get(key)
        return value if isinstance(value, str) else None

    def flag(self, key: str, *, otherwise: bool = False) -> bool:
        """A switch; as given where the file has none."""
        value = self._values.get(key)
        return value if isinstance(value, bool) else otherwise

    def number(self, key: str) -> float | None:
        """A number, or None where the file has none."""
        value = self._values.get(key)
        return float(value) if isinstance(value, int | float) else None

    def table(self, key: str) -> dict[str, list[str]]:
        """A table of lists of texts, empty where the file has none."""
        value = self._values.get(key)
        return dict(value) if isinstance(value, dict) else {}

    def texts(self, key: str) -> list[str]:
        """A list of texts, empty where the file has none."""
        value = self._values.get(key)
        return [str(item) for item in value] if isinstance(value, list) else []


def config_path() -> str:
    """The config file's place by the XDG base directory specification."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return f"{base}/nimsg/config.toml"


def read_config(path: AnyPath) -> Config:
    """Read a config file; one that is not there holds nothing.

    Raises `ConfigError` naming the line of what is wrong.
    """
    try:
        with open(path, encoding="utf-8") as file:
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return Config({})
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {number}: not UTF-8") from None
    import tomllib

    try:
        values = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    _check(path, content, values)
    return Config(values, path, content)


def _check(path: AnyPath, content: str, values: dict[str, object]) -> None:
    for key, value in values.items():
        wanted = CONFIG_KEYS.get(key)
        if wanted is None:
            known = ", ".join(CONFIG_KEYS)
            raise _bad(path, content, key, f"unknown; the keys are {known}")
        if not _is(value, wanted) or (wanted is list and not _is_texts(value)):
            raise _bad(path, content, key, f"must be {TYPE_NAMES[wanted]}")
        if isinstance(value, dict):
            _check_table(path, content, key, value)


def _is(value: object, wanted: type) -> bool:
    """Whether a value is of a type; a whole number is a number, a switch is none."""
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, wanted)


def _is_texts(value: object) -> bool:
    """Whether a value is a list of some texts."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, str) for item in value)


def _check_table(
    path: AnyPath, content: str, key: str, table: dict[str, object]
) -> None:
    for entry, value in table.items():
        if not _is_texts(value):
            why = f"{entry} must be {TYPE_NAMES[list]}"
            raise ConfigError(f"{_place(path, content, key, entry)}: {key}: {why}")


def _bad(path: AnyPath, content: str, key: str, why: str) -> ConfigError:
    return ConfigError(f"{_place(path, content, key)}: {key}: {why}")


def _place(path: AnyPath, content: str, key: str, entry: str = "") -> str:
    """The file and the line of a key, or of an entry of its table."""
    lines = content.split("\n")
    number = _line_of(lines, key) or 1
    if entry:
        number = _line_of(lines, entry, number, rf"(?:{key}\.)?") or number
    return f"{path}, line {number}"


def _line_of(lines: list[str], key: str, first: int = 1, before: str = "") -> int:
    """The line that begins with a key, from the `first` one on; 0 for none."""
    import re

    begins = re.compile(rf"[ \t\[\"']*{before}{re.escape(key)}(?![\w-])")
    found = (n for n, line in enumerate(lines, 1) if n >= first and begins.match(line))
    return next(found, 0)

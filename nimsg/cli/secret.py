"""Where a password or token comes from: command, file, environment, prompt.

Never from an argument: arguments are seen by everybody on the machine.
"""

import os
from typing import NamedTuple

from nimsg.cli.sources import AnyPath, Settings
from nimsg.errors import ConfigError, Refusal, unreadable


OTHERS = 0o077


class Secret(NamedTuple):
    """A password or token, and where it was found."""

    value: str
    source: str


def find_secret(settings: Settings) -> Secret | None:
    """The first secret that a source gives, None where only a person could know.

    Raises `ConfigError` naming the source that fails.
    """
    if settings.password_command:
        return Secret(_from_command(settings.password_command), "password_command")
    if settings.password_file:
        value = read_secret_file(settings.password_file)
        return Secret(value, settings.password_file)
    value = os.environ.get("NIMSG_PASSWORD", "")
    return Secret(value, "NIMSG_PASSWORD") if value else None


def read_secret_file(path: AnyPath) -> str:
    """A file's first line. Raises `ConfigError` unless only its owner can read it."""
    try:
        if os.stat(path).st_mode & OTHERS:
            raise ConfigError(
                f"{path} can be read by others; chmod 600 it and try again"
            )
        with open(path, encoding="utf-8", newline="\n") as file:
            line = file.readline().removesuffix("\n")
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 at byte {error.start}") from None
    if not line:
        raise ConfigError(f"{path} has an empty first line")
    return line


def ask(prompt: str, what: str = "password") -> str:
    """Ask on the terminal without echo."""
    import getpass

    try:
        return getpass.getpass(prompt)
    except EOFError:
        raise Refusal("password_invalid", f"no {what} was given") from None


def ask_new(name: str) -> str:
    """Ask for a new password twice, until both are the same and can be used."""
    from nimsg.cli.show import note
    from nimsg.client.login import (
        AGAIN,
        DIFFERENT,
        new_password_question,
        try_again,
    )
    from nimsg.protocol.rules import check_new_password

    while True:
        first = ask(new_password_question(name))
        try:
            check_new_password(first)
        except Refusal as refusal:
            note(try_again(refusal))
            continue
        if ask(AGAIN) == first:
            return first
        note(DIFFERENT)


def new_secret(settings: Settings, name: str) -> str:
    """A new password from a source, or asked for twice.

    Raises `ConfigError` where there is neither a source nor a person.
    """
    secret = find_secret(settings)
    if secret is not None:
        return secret.value
    if not settings.may_ask:
        raise no_secret()
    return ask_new(name)


def no_secret() -> ConfigError:
    """The error of finding no secret where nobody can be asked."""
    return ConfigError(
        "no password: give --password-file FILE or NIMSG_PASSWORD, or use a terminal"
    )


def _from_command(command: list[str]) -> str:
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603 - the user's own config names it
            command, stdout=subprocess.PIPE, check=False
        )
        line = done.stdout.split(b"\n", 1)[0].decode("utf-8")
    except OSError as error:
        why = f"{command[0]}: {error.strerror}"
        raise ConfigError(f"password_command cannot be run: {why}") from None
    except UnicodeDecodeError:
        raise ConfigError("password_command printed no UTF-8") from None
    if done.returncode != 0:
        raise ConfigError(f"password_command failed with exit code {done.returncode}")
    if not line:
        raise ConfigError("password_command printed nothing")
    return line

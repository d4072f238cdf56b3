"""An empty value on a command line is a variable that was not set."""

from argparse import Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator

import pytest

from nimsg.cli.verbs import VERBS, parser_of
from tests.cli.conftest import Shell


PLACES = ("FILE", "FOLDER", "DIR", "HOST:PORT", "SHA256")


def actions(parser: ArgumentParser) -> Iterator[Action]:
    """All that a parser takes, those of its acts too."""
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for act in action.choices.values():
                yield from actions(act)
        else:
            yield action


def converted(parser: ArgumentParser, action: Action) -> object:
    """What an empty value comes to."""
    found: object = getattr(parser, "_get_value")(action, "")  # noqa: B009 - not typed
    return found


@pytest.mark.parametrize("name", VERBS)
def test_no_verb_takes_an_empty_file_folder_or_address(name: str) -> None:
    parser, _ = parser_of(name)
    for action in actions(parser):
        if action.metavar in PLACES:
            with pytest.raises(Exception, match="the value is empty"):
                converted(parser, action)


@pytest.mark.parametrize(
    "words",
    [
        ("server", "--var", ""),
        ("server", "--tls-cert", "", "--tls-key", ""),
        ("check", "--var="),
        ("user", "list", "--var", ""),
        ("export", ""),
        ("inbox", "--ca", ""),
        ("client", "--once", "--password-file", ""),
        ("client", "--once", "--server", ""),
        ("send", "ann", "-f", ""),
    ],
)
def test_an_empty_value_is_a_usage_error(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell.types(*words)

    assert (done.code, done.out) == (2, "")
    assert "the value is empty; leave the option out, or fill it" in done.err
    assert list(shell.home.iterdir()) == []

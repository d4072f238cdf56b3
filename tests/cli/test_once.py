"""A plain check for mail is read without argparse, and means the same."""

import pytest
from hypothesis import given, strategies as st

from nimsg.cli.once import SWITCHES, VALUES, Check, plain
from nimsg.cli.settings import given_by
from nimsg.cli.verbs import parser_of


WORDS = [*SWITCHES, *VALUES, "ann", "localhost:7000", "a b", "", "-", "--", "-1", "-qq"]
MORE = ["--on", "--user=ann", "--tls", "--timeout", "5", "--help", "7000"]


def as_argparse_has_it(words: list[str]) -> Check:
    parser, _ = parser_of("client")
    args = parser.parse_args(words)
    assert args.once
    assert args.address == []
    return Check(given_by(args), args.open, args.quiet, args.json)


@given(st.lists(st.sampled_from([*WORDS, *MORE]), max_size=8))
def test_a_plain_line_means_what_argparse_makes_of_it(words: list[str]) -> None:
    asked = plain(["--once", *words])

    assert asked is None or asked == as_argparse_has_it(["--once", *words])


@pytest.mark.parametrize(
    "line",
    [
        "--once",
        "--once -q",
        "--json --once --no-input",
        "--open --user ann --once",
        "--once --user ann --password-file secret --server localhost:7000",
        "--once --user ann --user bob",
    ],
)
def test_what_scripts_write_is_plain(line: str) -> None:
    assert plain(line.split()) == as_argparse_has_it(line.split())


@pytest.mark.parametrize(
    "line",
    ["", "-q", "--once 7000", "--once --user", "--once --help", "--once --user --json"],
)
def test_what_is_not_plain_is_left_to_argparse(line: str) -> None:
    assert plain(line.split()) is None

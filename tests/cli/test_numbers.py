"""Whole numbers as they are typed."""

from argparse import ArgumentParser

import pytest

from nimsg.cli.people import whoelsesince_arguments


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("60", 60),
        ("1000000000", 10**9),
        ("1000000001", 10**9),
        ("9" * 10_000, 10**9),
        ("0" * 10_000 + "7", 7),
        ("0", 0),
    ],
)
def test_c16_more_than_can_be_asked_is_since_the_start(word: str, seconds: int) -> None:
    parser = ArgumentParser()
    whoelsesince_arguments(parser)

    assert parser.parse_args([word]).seconds == seconds

"""How `talk` and `client` find their server, and what ends a session (S1-11, S2-2)."""

import asyncio
from argparse import ArgumentParser
from pathlib import Path

import pytest

from nimsg.cli.client import client_arguments, place, talk_arguments
from nimsg.client.acts import ACTS, DONE
from nimsg.client.acts_people import WENT
from nimsg.client.acts_private import ENDED, TOLD
from nimsg.client.acts_session import FINAL
from nimsg.client.failures import first_of
from nimsg.client.peerlink import Ending
from nimsg.client.registry import COMMANDS, usage
from nimsg.errors import Exit, Refusal, Unavailable, Unreachable, UsageError
from nimsg.protocol.constants import Departure, LinkEnd
from tests.support.pages import code, table


TOP = Path(__file__).parents[2]


def placed(line: str) -> tuple[str | None, int]:
    parser = ArgumentParser()
    talk_arguments(parser)
    return place(parser.parse_args(line.split()))


@pytest.mark.parametrize(
    ("line", "server", "peer_port"),
    [
        ("", None, 0),
        ("4000", "4000", 0),
        ("4000 5000", "4000", 5000),
        ("4000 0", "4000", 0),
        ("example.org", "example.org", 0),
        ("example.org 4000", "example.org:4000", 0),
        ("example.org:4000", "example.org:4000", 0),
        ("example.org 4000 5000", "example.org:4000", 5000),
        ("example.org:4000 5000", "example.org:4000", 5000),
        ("::1 4000", "[::1]:4000", 0),
        ("::1 4000 5000", "[::1]:4000", 5000),
        ("[::1]:4000 5000", "[::1]:4000", 5000),
        ("4000 --peer-port 5000", "4000", 5000),
        ("--peer-port 5000", None, 5000),
        ("--peer-port 0", None, 0),
    ],
)
def test_s1_11_a_server_and_a_peer_port(
    line: str, server: str | None, peer_port: int
) -> None:
    assert placed(line) == (server, peer_port)


@pytest.mark.parametrize(
    "line",
    [
        "4000 x",
        "4000 70000",
        "4000 5000 6000",
        "a b c d",
        "example.org x",
        "example.org 4000 x",
        "4000 5000 --peer-port 6000",
        "--peer-port -1",
        "--peer-port 65536",
    ],
)
def test_c20_what_is_no_place_is_refused(line: str) -> None:
    with pytest.raises((UsageError, SystemExit)):
        placed(line)


def test_both_verbs_take_the_same_places() -> None:
    taken = []
    for fill in (client_arguments, talk_arguments):
        parser = ArgumentParser()
        fill(parser)
        taken.append(place(parser.parse_args(["h", "1", "2", "--user", "ann"])))
    assert taken == [("h:1", 2), ("h:1", 2)]


# -- tables without holes


def test_every_command_has_an_act() -> None:
    assert {*ACTS, DONE} == set(COMMANDS)


def test_every_departure_and_every_end_of_a_link_has_its_words() -> None:
    assert set(WENT) == set(Departure)
    assert set(TOLD) == set(LinkEnd)
    assert set(ENDED) == set(Ending)


def test_who_is_sent_away_is_not_sent_back_with_success() -> None:
    assert {why().exit for why in FINAL.values()} == {Exit.TRY_LATER, Exit.LOGIN}


def test_s2_8_the_page_lists_every_command() -> None:
    text = (TOP / "docs" / "cli.md").read_text("utf-8")
    told = [(code(row["command"]), row["does"]) for row in table(text, "Commands")]

    assert told == [(usage(command), command.help) for command in COMMANDS.values()]


# -- what ended it


def test_the_fault_of_ours_is_told_before_what_it_broke() -> None:
    fault = ValueError("ours")
    group = BaseExceptionGroup(
        "", [Unreachable("lost"), ExceptionGroup("", [Refusal("busy"), fault])]
    )
    assert first_of(group) is fault


def test_what_ended_a_session_is_told() -> None:
    why = Unavailable("logged out")
    group = BaseExceptionGroup("", [why, ExceptionGroup("", [why])])
    assert first_of(group) is why
    assert isinstance(
        first_of(BaseExceptionGroup("", [asyncio.CancelledError()])),
        asyncio.CancelledError,
    )

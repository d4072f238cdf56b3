"""T13: strings that programs stumble over, as bodies and as subjects.

Each is stored and given back exactly, or refused by name; all are shown safely.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimsg.client import answers
from nimsg.errors import Refusal
from nimsg.protocol.constants import limit
from nimsg.protocol.rules import check_message
from nimsg.protocol.strict import JsonObject
from tests.support.aioclient import AioClient, connected
from tests.support.corpus import naughty_strings
from tests.support.people import Person, ids
from tests.support.process import ServerProcess, environment, nimsg
from tests.support.terminal import Terminal
from tests.support.unsafe import HOSTILE, unsafe


STRINGS = list(dict.fromkeys([*naughty_strings(), *HOSTILE]))
IN_FLIGHT = 24
Sent = dict[str, str]


def refused_as(subject: str, body: str) -> str:
    """The kind by which such a message is refused, or nothing."""
    try:
        check_message(subject, body)
    except Refusal as refusal:
        return refusal.kind
    return ""


BODIES = [text for text in STRINGS if not refused_as("", text)]
SUBJECTS = [text for text in STRINGS if text and not refused_as(text, "")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("naughty")
    env = environment(folder)
    with ServerProcess(folder / "var", "--auth", "open", env=env) as server:
        yield server
    assert server.complaints == ""


async def send_all(port: int, to: str, member: str, texts: list[str]) -> Sent:
    """Send each text as a body or subject; which id each got."""
    async with connected(port) as client:
        await client.call("auth.login", user="sender")

        async def send(text: str) -> str:
            other = "body" if member == "subject" else "subject"
            name = f"{to}-{STRINGS.index(text)}"
            message: JsonObject = {member: text, other: ""}
            sent = await client.call("mail.send", to=[to], client_id=name, **message)
            return answers.text(sent, "id")

        sent: Sent = {}
        for at in range(0, len(texts), IN_FLIGHT):
            some = texts[at : at + IN_FLIGHT]
            sent.update(zip(some, await asyncio.gather(*map(send, some)), strict=True))
    return sent


@pytest.fixture(scope="module")
def bodies(server: ServerProcess) -> Sent:
    """All that may be a body, sent to `bodies`."""
    return asyncio.run(send_all(server.port, "bodies", "body", BODIES))


@pytest.fixture(scope="module")
def subjects(server: ServerProcess) -> Sent:
    """All that may be a subject, sent to `subjects`."""
    return asyncio.run(send_all(server.port, "subjects", "subject", SUBJECTS))


async def open_all(client: AioClient, sent: Sent) -> dict[str, JsonObject]:
    """Each text's message as its reader gets it."""
    found: dict[str, JsonObject] = {}
    texts = list(sent)
    for at in range(0, len(texts), IN_FLIGHT):
        some = texts[at : at + IN_FLIGHT]
        opened = [client.call("mail.open", id=sent[text]) for text in some]
        found.update(zip(some, await asyncio.gather(*opened), strict=True))
    return found


def reader(server: ServerProcess, name: str) -> Person:
    """Who the strings were sent to, or a copy who only lists."""
    return Person(name, server.var.parent, server.address)


def test_t13_there_are_enough_of_them() -> None:
    assert len(STRINGS) > 80
    assert len(BODIES) == len(STRINGS) - ("" in STRINGS)
    assert len(SUBJECTS) > len(STRINGS) / 2


async def test_t13_every_body_comes_back_exactly(
    server: ServerProcess, bodies: Sent
) -> None:
    async with connected(server.port) as client:
        await client.call("auth.login", user="bodies")
        opened = await open_all(client, bodies)

    assert {text: letter["body"] for text, letter in opened.items()} == {
        text: text for text in BODIES
    }
    assert all(answers.letter(letter) for letter in opened.values())


async def test_t13_every_subject_comes_back_exactly(
    server: ServerProcess, subjects: Sent
) -> None:
    async with connected(server.port) as client:
        await client.call("auth.login", user="subjects")
        page = await client.call("mail.list", limit=500, all=True)
        opened = await open_all(client, subjects)

    rows = {row["id"]: row["subject"] for row in answers.rows(page, "inbox", dict)}
    assert all(rows.get(id_, text) == text for text, id_ in subjects.items())
    assert len(rows) > 80
    assert {text: letter["subject"] for text, letter in opened.items()} == {
        text: text for text in SUBJECTS
    }


async def test_t13_what_can_be_no_subject_is_refused_by_name(
    server: ServerProcess,
) -> None:
    others = [text for text in STRINGS if text not in SUBJECTS]
    async with connected(server.port) as client:
        await client.call("auth.login", user="sender")
        for text in [*others, "two\nlines", "two\rlines", "x" * 201]:
            with pytest.raises(Refusal) as caught:
                await client.call(
                    "mail.send", to=["nobody"], client_id="x", subject=text
                )
            assert caught.value.kind == refused_as(text, "")
            assert caught.value.kind in ("subject_invalid", "body_empty")


async def test_t13_an_empty_message_is_refused_by_name(server: ServerProcess) -> None:
    async with connected(server.port) as client:
        await client.call("auth.login", user="sender")
        with pytest.raises(Refusal) as caught:
            await client.call("mail.send", to=["nobody"], client_id="x", body="")

    assert caught.value.kind == "body_empty"


@pytest.mark.parametrize("member", ["to", "client_id", "reply_to", "id"])
async def test_t13_no_string_is_taken_for_a_name_or_an_id(
    server: ServerProcess, member: str
) -> None:
    """Nor do fewer of them than are allowed end a connection."""
    kinds: set[str] = set()
    few = limit("protocol_faults") - 1

    async def use(client: AioClient, text: str) -> None:
        mail: JsonObject = {"to": ["bodies"], "client_id": "c", "body": "x"}
        mail[member] = [text] if member == "to" else text
        try:
            if member == "id":
                await client.call("mail.open", id=text)
            else:
                await client.call("mail.send", **mail)
        except Refusal as refusal:
            kinds.add(refusal.kind)

    for at in range(0, len(STRINGS), few):
        async with connected(server.port) as client:
            await client.call("auth.login", user="sender")
            some = STRINGS[at : at + few]
            await asyncio.gather(*(use(client, text) for text in some))
            await client.call("session.ping")

    assert kinds
    assert kinds <= {
        *("invalid_params", "name_invalid", "client_id_conflict", "not_found"),
    }


# -- as people see them


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("subjects", ("inbox", "--all", "-n", "0")),
        ("subjects", ("client", "--once")),
        ("sender", ("outbox", "--all", "-n", "0")),
        ("bodies", ("inbox", "--all", "-n", "0")),
        ("bodies", ("client", "--once")),
    ],
)
@pytest.mark.usefixtures("bodies", "subjects")
def test_term_2_nothing_unsafe_is_listed(
    server: ServerProcess, name: str, words: tuple[str, ...]
) -> None:
    person = reader(server, name)
    piped = nimsg(*words, env=person.env)
    assert piped.returncode in (0, 1)
    assert unsafe(piped.stdout) == set()
    assert piped.stderr == b""

    with Terminal(*words, env=person.env) as terminal:
        assert terminal.ends() in (0, 1)
        assert unsafe(terminal.seen.replace(b"\r\n", b"\n")) == set()


@pytest.mark.usefixtures("bodies", "subjects")
def test_term_2_nothing_unsafe_is_in_a_greeting(server: ServerProcess) -> None:
    greeted = nimsg("client", env=reader(server, "subjects").env)

    assert greeted.returncode == 0
    assert unsafe(greeted.stdout) == set()


@pytest.mark.usefixtures("bodies", "subjects")
def test_term_2_every_row_is_one_line(server: ServerProcess) -> None:
    listed = reader(server, "subjects").gets("inbox", "--all", "-n", "0")

    assert len(listed.out.split("\n")) == len(SUBJECTS) + 2


@pytest.mark.parametrize("on", ["pipe", "terminal"])
def test_term_2_nothing_unsafe_is_printed_when_all_are_opened(
    server: ServerProcess, on: str
) -> None:
    """All of them again, to somebody who opens them at once."""
    asyncio.run(send_all(server.port, f"on-{on}", "body", BODIES))
    person = reader(server, f"on-{on}")
    words = ("client", "--once", "--open")
    if on == "pipe":
        done = nimsg(*words, env=person.env)
        code, seen = done.returncode, done.stdout + done.stderr
    else:
        with Terminal(*words, env=person.env) as terminal:
            code = terminal.ends()
            seen = terminal.seen.replace(b"\r\n", b"\n")

    assert code == 0
    assert unsafe(seen) == set()
    assert seen.count(b"From:     sender\n") == len(BODIES)
    assert person.types("client", "--once").code == 1


def test_term_2_json_is_ascii_and_exact(server: ServerProcess, bodies: Sent) -> None:
    done = nimsg(
        "inbox", "--all", "-n", "0", "--json", env=reader(server, "bodies").env
    )
    printed = done.stdout.replace(b"\n", b"")

    assert printed.isascii()
    assert printed.decode().isprintable()
    listed = reader(server, "bodies").gets("inbox", "--all", "-n", "0", "--json")
    assert set(bodies.values()) <= set(ids(listed.objects))


@pytest.mark.parametrize("at", range(0, len(HOSTILE), 6))
def test_t13_some_go_all_the_way_through_the_command_line(
    server: ServerProcess, tmp_path: Path, at: int
) -> None:
    text = HOSTILE[at]
    sender, person = reader(server, "sender"), reader(server, f"cli-{at}")
    file = tmp_path / "text"
    file.write_bytes(text.encode())
    id_ = sender.sends(person.name, "-f", str(file), "-s", "one line")

    assert person.gets("open", id_, "--raw").out.encode() == text.encode()
    assert person.gets("open", id_, "--json").object["body"] == text
    shown = nimsg("open", id_, env=person.env)
    assert shown.returncode == 0
    assert unsafe(shown.stdout + shown.stderr) == set()

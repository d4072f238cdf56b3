"""A server that stops and starts again: nothing is lost, and little is left over."""

import json
import signal
import sqlite3
from pathlib import Path

import pytest

from nimsg.client.blocking import BlockingClient
from nimsg.protocol.strict import JsonObject
from tests.e2e.conftest import NewTown, Town
from tests.support.people import PASSWORD, Person, inner, inners
from tests.support.process import ServerProcess, environment


def lively(town: Town) -> list[Person]:
    """People with messages at every rung and end of the ladder."""
    people = [town.settler(name) for name in ("ann", "bob", "cyd")]
    with (
        town.client("ann") as ann,
        town.client("bob") as bob,
        town.client("cyd") as cyd,
    ):
        both: JsonObject = {"to": ["bob", "cyd"], "body": "text"}
        sent = [
            ann.call("mail.send", {**both, "subject": f"s{n}", "client_id": f"{n}"})
            for n in range(6)
        ]
        ids: list[JsonObject] = [{"id": row["id"]} for row in sent]
        reply: JsonObject = {"to": ["ann"], "body": "!", "reply_to": sent[0]["id"]}
        bob.call("mail.send", {**reply, "client_id": "reply"})
        bob.call("mail.open", ids[1])
        bob.call("mail.ack", ids[2])
        bob.call("mail.delete", ids[3])
        ann.call("mail.recall", ids[4])
        cyd.call("mail.open", ids[5])
        ann.call("mail.delete", ids[5])
        for client in (ann, bob, cyd):
            list_to_the_end(client)
    return people


def list_to_the_end(client: BlockingClient) -> None:
    """List an inbox until it is written down for all of it that it was listed."""
    rows: list[JsonObject] = [{"receipt": {"state": "stored"}}]
    while any(inner(row, "receipt")["state"] == "stored" for row in rows):
        rows = inners(client.call("mail.list", {"all": True, "limit": 500}), "inbox")


def boxes(people: list[Person]) -> list[list[JsonObject]]:
    """Everything that these see in their boxes."""
    return [
        person.gets(word, "--all", "--json").objects
        for person in people
        for word in ("inbox", "outbox")
    ]


def moved(people: list[Person], town: Town) -> list[Person]:
    """The same people, at the town that is there now."""
    return [town.person(person.name, person.env["NIMSG_PASSWORD"]) for person in people]


def journal_rows(var: Path) -> int:
    """How many rows the journal of a stopped server holds."""
    index = sqlite3.connect(f"file:{var / 'index.db'}?mode=ro", uri=True)
    try:
        count: int = index.execute("SELECT count(*) FROM journal").fetchone()[0]
    finally:
        index.close()
    return count


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)],
)
def test_s0_11_a_stop_is_clean_and_a_restart_loses_nothing(
    new_town: NewTown, number: signal.Signals
) -> None:
    town = new_town()
    people = lively(town)
    before = boxes(people)
    assert town.server.stop(number) == 0
    assert town.server.complaints == ""
    assert not (town.server.var / "index.db-wal").exists()
    assert journal_rows(town.server.var) == 0

    town = new_town()
    assert boxes(moved(people, town)) == before


def test_s1_18_a_server_that_was_killed_loses_nothing(new_town: NewTown) -> None:
    town = new_town()
    people = lively(town)
    before = boxes(people)
    town.server.kill()
    town = new_town()

    assert boxes(moved(people, town)) == before


def test_s0_20_the_index_is_made_anew_from_the_files(new_town: NewTown) -> None:
    """Rows and times are the same; who deleted or recalled did so before."""
    town = new_town()
    people = lively(town)
    before = boxes(people)
    assert town.server.stop() == 0
    for path in town.server.var.glob("index.db*"):
        path.unlink()

    town = new_town()
    assert any("index.db was missing" in line for line in town.server.lines)
    assert boxes(moved(people, town)) == before
    ann, _, _ = moved(people, town)
    again = ann.gets("send", "bob", "-m", "after", "--json").object
    assert again["position"] == 7


def test_s0_22_a_message_file_has_the_members_of_the_oldest_source(
    new_town: NewTown,
) -> None:
    town = new_town()
    ann, _ = town.settler("ann"), town.settler("bob")
    sent = ann.gets("send", "bob", "-m", "Grüße", "--json").object
    (path,) = (town.server.var / "messages").rglob("*.json")
    file: JsonObject = json.loads(path.read_text(encoding="utf-8"))

    assert path.stem == sent["id"]
    assert (file["from"], file["to"], file["message"]) == ("ann", ["bob"], "Grüße")
    assert (file["hash"], file["time"]) == (sent["hash"], sent["sent_at"])
    assert "Grüße" in path.read_text(encoding="utf-8")


def test_sec_16_no_password_or_token_is_in_the_store(new_town: NewTown) -> None:
    town = new_town("--log", "debug")
    ann = town.settler("ann")
    token = ann.gets("token", "create", "x").out.strip()
    ann.gets("inbox", NIMSG_PASSWORD=token)
    ann.types("inbox", NIMSG_PASSWORD="wrong password")
    assert town.server.stop() == 0

    kept = [path for path in town.server.var.rglob("*") if path.is_file()]
    texts = [path.read_bytes() for path in kept]
    texts += [town.server.complaints.encode(), "".join(town.server.lines).encode()]
    for secret in (PASSWORD, token, token.removeprefix("nimsg_"), "wrong password"):
        assert not any(secret.encode() in text for text in texts)
    for path in (town.server.var, *town.server.var.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_n12_a_check_agrees_while_the_server_runs_and_after(new_town: NewTown) -> None:
    town = new_town()
    ann, bob = town.settler("ann"), town.settler("bob")
    id_ = ann.sends("bob", "-m", "x")
    bob.gets("open", id_)
    owner = town.stranger("owner")
    owner.env["NIMSG_VAR"] = str(town.server.var)
    assert owner.gets("check").lines[-1] == "Files, ledger and index agree."
    assert town.server.stop() == 0
    sums = owner.gets("check", "--json").object
    assert (sums["accounts"], sums["messages"], sums["problems"]) == (2, 1, 0)
    assert inner(sums, "copies")["opened"] == 1
    (file,) = (town.server.var / "messages").rglob("*.json")
    file.write_bytes(file.read_bytes().replace(b'"x"', b'"y"'))
    broken = owner.types("check")
    assert broken.code == 74
    assert id_ in broken.out


def test_s0_10_an_empty_folder_is_no_store_to_check(tmp_path: Path) -> None:
    home = environment(tmp_path)
    (tmp_path / "empty").mkdir()
    done = Person("x", tmp_path, "1").types("check", "--var", str(tmp_path / "empty"))

    assert done.code != 0
    assert home["HOME"] == str(tmp_path)
    assert "no store" in done.out + done.err


def test_s0_11_the_server_says_where_it_is_and_then_nothing(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "var", env=environment(tmp_path)) as server:
        first = server.lines
    assert first[0] == f"nimsg server on 127.0.0.1:{server.port}"
    assert str(tmp_path / "var") in first[1]
    assert "auth      password, registration open" in first[2]
    assert first[3].endswith(f"nimsg client --server {server.address} --user NAME")
    assert PASSWORD not in str(first)
    assert server.complaints == ""

"""Floods: what they cost is bounded, and who floods is told why and until when."""

import pytest

from nimsg.client.blocking import BlockingClient
from nimsg.errors import Refusal
from tests.e2e.conftest import NewTown, Town
from tests.support.people import inners


MIB = 1_048_576
BODY = "x" * 60_000
SENDERS = 10


def flood(client: BlockingClient, to: str, times: int) -> list[str]:
    """What each of so many messages comes to."""
    found = []
    for number in range(times):
        try:
            client.call(
                "mail.send", {"to": [to], "client_id": f"{number}", "body": BODY}
            )
            found.append("done")
        except Refusal as refusal:
            found.append(refusal.kind)
    return found


def kept(town: Town) -> int:
    """Bytes of messages on the disk."""
    files = (town.server.var / "messages").rglob("*.json")
    return sum(path.stat().st_size for path in files)


def test_sec_11_an_offline_flood_costs_the_quota_and_no_more(
    new_town: NewTown,
) -> None:
    town = new_town("--auth", "open", "--quota", "1")
    town.client("bob").close()
    found = []
    for number in range(SENDERS):
        with town.client(f"flooder{number}") as client:
            found += flood(client, "bob", 4)
    with town.client("dan") as client, town.client("cyd"):
        others = flood(client, "cyd", 1)
    on_disk = kept(town)
    done = town.person("ann").types("send", "bob", "-m", BODY)
    with town.client("bob") as bob:
        page = bob.call("mail.list", {"box": "inbox", "all": True})
        for row in inners(page, "inbox"):
            bob.call("mail.delete", {"id": row["id"]})
    again = town.person("ann").types("send", "bob", "-m", BODY)

    assert set(found) == {"done", "mailbox_full"}
    assert found.count("done") * len(BODY) <= MIB
    assert others == ["done"]
    assert on_disk <= 1.2 * MIB
    assert done.code == 75
    assert "mailbox full: bob; it keeps 1 MiB" in done.err
    assert again.code == 0


@pytest.mark.parametrize("limit", ["sends_per_minute", "sends_to_one_per_minute"])
def test_sec_11_a_command_that_sends_too_often_is_to_try_later(
    new_town: NewTown, limit: str
) -> None:
    town = new_town("--auth", "open", "--limit", f"{limit}=2")
    town.client("bob").close()
    ann = town.person("ann")
    codes = [ann.types("send", "bob", "-m", "hi").code for _ in range(2)]
    done = ann.types("send", "bob", "-m", "hi")
    with town.client("cyd") as cyd:
        found = cyd.call("mail.send", {"to": ["bob"], "client_id": "1", "body": "hi"})

    assert codes == [0, 0]
    assert done.code == 75
    assert "; try again in " in done.err
    assert found["to"] == ["bob"]


def test_sec_11_hello_says_the_limits_that_were_set(new_town: NewTown) -> None:
    town = new_town("--quota", "7", "--limit", "clients_per_address=9")
    with town.client("ann", "auth.register") as client:
        limits = client.hello["limits"]

    assert isinstance(limits, dict)
    assert limits["quota_bytes"] == 7 * MIB
    assert limits["clients_per_address"] == 9

"""SEC-17: what admins do is in the log, each act one line that nobody can forge."""

import os
from pathlib import Path

import pytest

from nimsg.errors import Refusal
from nimsg.logs import AUDIT, LOGGER, audit, one_line
from nimsg.protocol.methods import METHODS
from nimsg.server.audit import ADMINS, TOLD, UNTOLD
from nimsg.server.bounded import WINDOW_S
from tests.support.aioclient import PASSWORD, connected_locally
from tests.support.logged import logged
from tests.support.office import office, people
from tests.support.post import refused
from tests.support.requests_table import ORIGIN
from tests.support.virtualtime import VirtualTime
from tests.support.wire import greeted, said


OWNER = f"who=uid:{os.getuid()} from=local"
EVIL = "\n2026-11-21 12:00:00 AUDIT who=root\x1b[2J\u202e\u2028\nTraceback (most recent"


def audited(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.message for line in caplog.records if line.levelno == AUDIT]


def test_sec_17_every_method_of_admins_is_told_or_looks_at_nothing() -> None:
    theirs = {name for name, row in METHODS.items() if row.needs in ADMINS}

    assert theirs == (TOLD.keys() | UNTOLD) - {"room.topic"}
    assert not TOLD.keys() & UNTOLD
    operating = Path(__file__).parents[2] / "docs/operating.md"
    assert all(f"`{name}`" in operating.read_text("utf-8") for name in UNTOLD)
    for name, told in TOLD.items():
        assert set(told) <= set(METHODS[name].params.__struct_fields__)
        assert not {"password", "body", "subject"} & set(told)


async def test_sec_17_each_act_is_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "ann", "chief") as (ann, chief),
    ):
        await ann.client.call("room.create", room="lab")
        async with connected_locally(server.config.var) as local:
            await local.call("users.role", user="chief", role="admin")
            await local.call("users.passwd", user="ann", password="another one")
            with refused("unknown_user"):
                await local.call("users.kick", user="nobody")
            await local.call("users.sessions")
            await local.call("server.stats")
        await chief.client.call("room.join", room="lab")
        await chief.client.call("room.topic", room="lab", topic="all mine")
        await chief.client.call("server.shutdown", delay_s=60)
        with refused("not_permitted"):
            await chief.client.call("users.list")

    over = "who=chief from=127.0.0.1"
    assert audited(caplog) == [
        f"{OWNER} method=users.role user=chief role=admin outcome=done",
        f"{OWNER} method=users.passwd user=ann outcome=done",
        f"{OWNER} method=users.kick user=nobody outcome=unknown_user",
        f"{over} method=room.topic room=lab outcome=done",
        f"{over} method=server.shutdown delay_s=60 outcome=done",
    ]


async def test_sec_17_who_is_no_admin_leaves_one_line_for_what_was_tried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as server, people(server, "ann") as (ann,):
        await ann.client.call("room.create", room="hers")
        await ann.client.call("room.topic", room="hers", topic="mine")
        for delay_s in (1, 2, 3):
            with refused("not_permitted"):
                await ann.client.call("server.shutdown", delay_s=delay_s)
        async with greeted(server.port) as nobody:
            answer = await nobody.call("server.shutdown", {"delay_s": 1})

    assert said(answer) == "1 login_required"
    assert audited(caplog) == [
        "who=ann from=127.0.0.1 method=server.shutdown delay_s=1 outcome=not_permitted",
        "from=127.0.0.1 outcome=not_permitted more=2",
    ]


async def test_sec_17_coming_again_to_try_leaves_a_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    time = VirtualTime()
    async with office(tmp_path, clock=time, timers=time) as server:
        for _ in range(3):
            async with people(server, "ann") as (ann,):
                with refused("not_permitted"):
                    await ann.client.call("server.cancel")
        time.advance(WINDOW_S)

    over = "from=127.0.0.1"
    assert audited(caplog) == [
        f"who=ann {over} method=server.cancel outcome=not_permitted",
        f"{over} outcome=not_permitted more=2",
    ]


async def test_every_refused_request_is_logged_at_debug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "nimsg")
    async with office(tmp_path) as server, people(server, "ann") as (ann,):
        with refused("not_permitted"):
            await ann.client.call("users.list")
        with refused("not_found"):
            await ann.client.call("mail.open", id="0" * 26)
        async with greeted(server.port) as nobody:
            await nobody.call("mail.list", {"box": "inbox"})

    assert [line for line in caplog.messages if "refused" in line] == [
        "users.list refused: not_permitted",
        "mail.open refused: not_found",
        "mail.list refused: login_required",
    ]


async def test_sec_17_moving_mail_is_one_act(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "ann", "bob"),
        connected_locally(server.config.var) as local,
    ):
        for user in ("ann", "bob"):
            for number in range(3):
                await local.call(
                    "users.import",
                    user=user,
                    to=[user],
                    client_id=str(number),
                    origin=ORIGIN,
                    body="hello",
                )
                await local.call("users.mail", user=user)

    assert audited(caplog) == [
        f"{OWNER} method={method} outcome=done"
        for user in ("ann", "bob")
        for method in (f"users.import user={user}", f"users.mail user={user} box=inbox")
    ]


@pytest.mark.parametrize("name", ['a"b', "x=y", "outcome=done", "\\n", "'", "a|b"])
async def test_sec_17_a_hostile_name_is_one_quoted_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    async with (
        office(tmp_path) as server,
        connected_locally(server.config.var) as local,
    ):
        await local.call("users.add", user=name, password=PASSWORD)

    [line] = audited(caplog)
    before, word, after = line.partition(f" user={quoted(name)} ")
    assert (before, after) == (f"{OWNER} method=users.add", "role=user outcome=done")
    assert word


def quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_sec_10_no_line_of_the_log_can_be_forged(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with logged("warning"):
        audit(who=EVIL, room=EVIL)
        LOGGER.warning("%s", EVIL)
    out = capfd.readouterr().err

    assert len(out.splitlines()) == out.count("\n") == 2
    assert all(char.isprintable() or char == "\n" for char in out)
    assert [line.split()[2] for line in out.splitlines()] == ["AUDIT", "WARNING"]


def raise_both() -> None:
    try:
        int(f"secret{EVIL}")
    except ValueError as error:
        raise Refusal("busy", "secret") from error


def test_sec_16_a_fault_is_told_by_where_and_never_by_its_words(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with logged("warning"):
        try:
            raise_both()
        except Refusal:
            LOGGER.exception("a fault of ours")
    head, *trace = capfd.readouterr().err.splitlines()

    assert head.endswith("ERROR a fault of ours")
    assert all(line.startswith("  | ") for line in trace)
    assert trace[-1] == "  | Refusal"
    assert any("test_audit.py" in line for line in trace)
    assert f"secret{EVIL[:4]}" not in "\n".join(trace)


def test_one_line_keeps_what_can_be_read() -> None:
    assert one_line("Größe\t1\x00") == "Größe\\t1\\x00"

"""What a server tells of itself, to its owner and to a monitor."""

import asyncio
import os
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from nimsg.cli.stats import lines as shown
from nimsg.errors import ConfigError
from nimsg.protocol.results_stats import Connections, Queues, Stats
from nimsg.server.app import Server
from nimsg.server.exposition import (
    METRICS,
    exposition,
    require_place,
    write_exposition,
)
from nimsg.server.stats import MonitorFile, stats
from nimsg.store.local import LocalStore
from tests.support.aioclient import connected, connected_locally
from tests.support.certificates import make_certificate
from tests.support.guests import guest
from tests.support.office import office, people
from tests.support.post import refused
from tests.support.results_table import RESULTS
from tests.support.wire import wired


FULL = max(
    (one for one in RESULTS if isinstance(one, Stats)), key=lambda one: one.uptime_s
)
# The exposition format 0.0.4, as its page has it.
SAMPLE = re.compile(
    r'nimsg_[a-z_]+(\{[a-z]+="[a-z0-9._-]+"\})? -?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?'
)
NOON = 1_795_262_400_000  # 2026-11-21, UTC
DAY_MS = 86_400_000
COMMENT = re.compile(r"# (HELP nimsg_[a-z_]+ .+|TYPE nimsg_[a-z_]+ (gauge|counter))")


async def until(seen: Callable[[], bool]) -> None:
    """Wait for what another process would see."""
    while not seen():  # noqa: ASYNC110 - a file tells nobody
        await asyncio.sleep(0)


async def asked(server: Server) -> Stats:
    async with connected_locally(server.config.var) as local:
        return msgspec.convert(await local.call("server.stats"), Stats)


async def test_n8_the_owner_is_told_all_figures(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "ann", "bob") as (ann, _),
        guest(server, "eve"),
        connected(server.port),
    ):
        await ann.send("bob")
        await ann.client.call("room.create", room="lab")
        with refused("unknown_room"):
            await ann.client.call("room.join", room="nowhere")
        found = await asked(server)

    assert found.connections == Connections(anonymous=1, headless=2, interactive=1)
    assert found.connections_most == server.config.max_clients
    assert (found.accounts, found.messages, found.rooms) == (3, 1, 2)
    assert (found.sent, found.sent_minute) == (1, 1)
    assert found.refusals == {"unknown_room": 1}
    assert found.commits.count >= 5
    assert 0 < found.commits.p50_us <= found.commits.p99_us
    assert found.rss_bytes > 2**20
    assert 10 < found.open_files < found.open_files_most
    assert found.free_bytes > 0
    assert found.min_free_bytes == server.config.min_free_bytes
    assert found.mail_refused == (found.free_bytes < found.min_free_bytes)
    assert found.queues.commit == 0
    assert found.tls_ends_at is None


async def test_n8_who_is_in_the_handshake_is_counted(tmp_path: Path) -> None:
    """They hold the places of all others."""
    made = make_certificate(tmp_path / "tls", "127.0.0.1")
    async with (
        office(tmp_path, tls_cert=made.cert, tls_key=made.key, max_clients=6) as server,
        AsyncExitStack() as stack,
    ):
        wires = [await stack.enter_async_context(wired(server.port)) for _ in range(8)]
        while (found := await asked(server)).connections.handshaking < len(wires):
            pass
        for wire in wires:
            wire.writer.close()
        while (after := await asked(server)).connections.handshaking:
            pass

    assert found.connections == Connections(0, 0, 0, len(wires))
    assert after.connections == Connections(0, 0, 0)
    assert 'nimsg_connections{kind="handshaking"} 8' in exposition(found)
    assert dict(shown(found))["Connections"] == (
        "0 interactive, 0 headless, 0 anonymous, 8 in the handshake, of 6"
    )


async def test_n8_whether_mail_is_refused_is_told(tmp_path: Path) -> None:
    async with office(tmp_path, min_free_bytes=2**52) as server:
        found = await asked(server)
    text = exposition(found).splitlines()

    assert (found.min_free_bytes, found.mail_refused) == (2**52, True)
    assert "nimsg_mail_refused 1" in text
    space = dict(shown(found))["Free space"]
    assert space.endswith(" GiB, mail needs 4194304 GiB: mail is refused")


async def test_n8_a_retry_is_no_second_message(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "ann", "bob") as (ann, _):
        for _try in range(2):
            await ann.send("bob", client_id="same")
        found = await asked(server)

    assert found.sent == 1


async def test_n8_what_the_server_says_itself_is_not_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as server, guest(server, "eve") as eve:
        await eve.post()
        async with guest(server, "bob"):
            pass
        # That bob is gone is a notice, for which nobody waits.
        while (found := await asked(server)).messages < 2:
            pass

    assert (found.messages, found.sent) == (2, 1)


async def test_n8_the_end_of_the_certificate_is_told(tmp_path: Path) -> None:
    made = make_certificate(tmp_path / "tls", "127.0.0.1")
    async with office(tmp_path, tls_cert=made.cert, tls_key=made.key) as server:
        found = await asked(server)

    assert server.services.tls is not None
    assert found.tls_ends_at == server.services.tls.certificate.until


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOON - DAY_MS, "not good before 2026-11-21"),
        (NOON, "good until 2028-01-01"),
        (NOON + 3 * 365 * DAY_MS, "expired 2028-01-01"),
    ],
)
def test_n8_whether_the_certificate_is_good_is_told(at: int, words: str) -> None:
    until = 1_830_297_600_000
    found = msgspec.structs.replace(FULL, at=at, tls_begins_at=NOON, tls_ends_at=until)

    told = dict(shown(found))["Certificate"]
    assert told.replace("Nov 21", "2026-11-21").startswith(words)


def test_n8_the_text_is_what_prometheus_reads() -> None:
    lines = exposition(FULL).splitlines()

    known = [
        line for line in lines if SAMPLE.fullmatch(line) or COMMENT.fullmatch(line)
    ]
    assert lines == known
    assert 'nimsg_connections{kind="interactive"} 3' in lines
    assert "nimsg_connections_most 8" in lines
    assert 'nimsg_queue_length{queue="indexer"} 10' in lines
    assert 'nimsg_refusals_total{kind="busy"} 16' in lines
    assert 'nimsg_commit_seconds{quantile="0.99"} 1.5e-05' in lines
    assert "nimsg_sent_per_second 0.2" in lines
    assert "nimsg_min_free_bytes 20" in lines
    assert "nimsg_mail_refused 0" in lines
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_n8_what_has_no_sample_is_left_out() -> None:
    bare = msgspec.structs.replace(FULL, refusals={}, tls_ends_at=None)
    text = exposition(bare)

    assert "nimsg_refusals_total" not in text
    assert "nimsg_certificate_end_seconds" not in text


def test_n8_the_file_is_whole_and_anybody_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "nimsg.prom"
    for text in ("first\n", "second\n"):
        write_exposition(path, text)

    assert path.read_text() == "second\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError, match="No such file"):
        write_exposition(tmp_path / "missing" / "x.prom", "text")


async def test_n8_the_server_keeps_the_file_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "nimsg.prom"
    async with office(tmp_path, prometheus=path, prometheus_interval_s=0.01):
        await until(path.exists)
        path.unlink()
        path.mkdir()
        await until(lambda: "cannot be written" in caplog.text)
        path.rmdir()
        await until(path.exists)

    assert "nimsg_uptime_seconds" in path.read_text()


def test_n8_a_place_where_no_file_can_be_kept_is_a_setting(tmp_path: Path) -> None:
    missing = tmp_path / "later"
    require_place(tmp_path / "nimsg.prom")

    for path, why in (
        (missing / "x.prom", f"there is no folder {missing}; make it"),
        (tmp_path, "this is a folder; name a file in it"),
    ):
        with pytest.raises(ConfigError) as caught:
            require_place(path)
        assert str(caught.value).startswith(f"--prometheus {path}: {why}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_n8_a_folder_of_others_is_a_setting(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match=f"may not write into {tmp_path}; let it"):
        require_place(tmp_path / "x.prom")
    tmp_path.chmod(0o700)


def test_n8_a_file_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "later" / "nimsg.prom"
    file = MonitorFile(path)
    for _try in range(3):
        file.put("text")
    path.parent.mkdir()
    for _try in range(3):
        file.put("text")

    assert [one.getMessage() for one in caplog.records] == [
        f"{path} cannot be written: No such file or directory",
        f"{path} is written again",
    ]
    assert path.read_text() == "text"


def test_n8_what_is_not_indexed_yet_is_counted(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "var")
    try:
        assert store.sizes().unindexed == 0
        assert store.sizes().rooms == 1
    finally:
        store.close()


async def test_n8_queues_tell_of_what_the_indexer_has_left(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "ann", "bob") as (ann, _):
        await ann.send("bob")
        await server.services.indexing.caught_up(10)
        after = await stats(server.services)

    assert after.queues == Queues(0, after.queues.journal, 0)

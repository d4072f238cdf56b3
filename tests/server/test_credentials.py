"""`credentials.txt`: every line taken or named, and no password left behind (C3)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimsg.errors import ConfigError
from nimsg.server.credentials import (
    BYTES_MOST,
    Credential,
    Imported,
    import_credentials,
    read_credentials,
    shred,
)
from nimsg.server.passwords import Passwords
from nimsg.store.local import LocalStore
from tests.support.aioclient import PASSWORD, connected
from tests.support.office import office, people
from tests.support.post import refused


NOW = 1_795_192_385_123


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(8, 1)
    yield made
    made.close()


def written(folder: Path, content: bytes) -> Path:
    path = folder / "credentials.txt"
    path.write_bytes(content)
    return path


# What stands in a file, and what is read from it.
GOOD: dict[str, tuple[bytes, list[Credential]]] = {
    "two lines": (
        b"hans falcon*solo\nyoda wise@!man\n",
        [Credential("hans", "falcon*solo"), Credential("yoda", "wise@!man")],
    ),
    "no newline at the end": (b"a b", [Credential("a", "b")]),
    "CRLF": (b"a b\r\nc d\r\n", [Credential("a", "b"), Credential("c", "d")]),
    "empty lines": (b"\n\na b\n\r\n\nc d\n\n", [*map(Credential, "ac", "bd")]),
    "nothing": (b"", []),
    "all punctuation": (
        b"!\"#$%&'()*+,-./:;<=>?@ [\\]^_`{|}~!\"#$%&'()*+,-./\n",
        [Credential("!\"#$%&'()*+,-./:;<=>?@", "[\\]^_`{|}~!\"#$%&'()*+,-./")],
    ),
    "names that look like paths": (
        b"../../etc/passwd .\n. ..\n-rf #room\n",
        [
            Credential("../../etc/passwd", "."),
            Credential(".", ".."),
            Credential("-rf", "#room"),
        ],
    ),
    "comments": (b"# who comes\n#a b\na b\n#\r\n", [Credential("a", "b")]),
    "names alike but for their case": (
        b"Bob one\nbob two\n",
        [Credential("Bob", "one"), Credential("bob", "two")],
    ),
    "a reserved name and a short password": (b"admin x\n", [Credential("admin", "x")]),
    "32 characters": (b"x" * 32 + b" y\n", [Credential("x" * 32, "y")]),
    "1,024 bytes": (b"x " + b"y" * 1024, [Credential("x", "y" * 1024)]),
}

# What cannot be taken, and the line that is named.
BAD: dict[str, tuple[bytes, int]] = {
    "no password": (b"a b\nbob\n", 2),
    "an empty password": (b"bob \n", 1),
    "no name": (b"a b\n\n secret\n", 3),
    "two spaces": (b"a b\nbob  secret\n", 2),
    "a space at the end": (b"bob secret \n", 1),
    "three words": (b"bob my secret\n", 1),
    "a tab between": (b"bob\tsecret\n", 1),
    "a tab within": (b"bob se\tcret\n", 1),
    "only a space": (b"a b\n \n", 2),
    "a NUL": (b"bob se\x00cret\n", 1),
    "DEL in a name": (b"b\x7fb secret\n", 1),
    "a lone CR": (b"a b\rc d\n", 1),
    "CR CR LF": (b"a b\nc d\r\r\n", 2),
    "33 characters": (b"a b\n" + b"x" * 33 + b" y\n", 2),
    "1,025 bytes": (b"x " + b"y" * 1025, 1),
    "a name twice": (b"a b\nc d\na b\n", 3),
    "UTF-8": ("a b\nc d\nj\u00f6rg x\n".encode(), 3),
    "Latin-1": (b"a caf\xe9\n", 1),
    "a byte order mark": (b"\xef\xbb\xbfa b\n", 1),
}


@pytest.mark.parametrize("case", GOOD)
def test_c3_lines_that_are_taken(tmp_path: Path, case: str) -> None:
    content, found = GOOD[case]

    assert read_credentials(written(tmp_path, content)) == found


@pytest.mark.parametrize("case", BAD)
def test_c3_a_malformed_line_is_named_by_its_number(tmp_path: Path, case: str) -> None:
    content, line = BAD[case]
    path = written(tmp_path, content)

    with pytest.raises(ConfigError) as caught:
        read_credentials(path)

    assert f"{path}, line {line}: " in str(caught.value)
    assert "nothing was imported" in str(caught.value)


def test_c3_no_password_is_in_the_words_of_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, b"bob top secret\n")

    with pytest.raises(ConfigError) as caught:
        read_credentials(path)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_c3_a_file_that_others_can_read_is_told_of_in_the_log(
    tmp_path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, b"bob secret\n")
    path.chmod(0o600)
    read_credentials(path)
    assert caplog.messages == []

    path.chmod(mode)
    assert read_credentials(path) == [Credential("bob", "secret")]

    [line] = caplog.records
    assert line.levelname == "WARNING"
    assert line.message == (
        f"others can read the passwords in {path}: chmod 600 {path}"
    )


def test_c3_a_file_that_is_removed_is_not_to_be_kept_from_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, b"bob secret\n")
    path.chmod(0o644)
    read_credentials(path, shred=True)

    assert caplog.messages == [
        f"others can read the passwords in {path}: it is removed now"
    ]


def test_c3_a_pipe_is_read_and_cannot_be_shredded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reading, writing = os.pipe()
    path = Path(f"/dev/fd/{reading}")
    with pytest.raises(ConfigError, match="this is a pipe; leave it out"):
        read_credentials(path, shred=True)
    os.write(writing, b"bob secret\n")
    os.close(writing)

    assert read_credentials(path) == [Credential("bob", "secret")]
    os.close(reading)
    assert caplog.messages == []


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_c3_what_has_no_end_is_not_read(path: str) -> None:
    with pytest.raises(ConfigError, match=f"{path} is neither a file nor a pipe"):
        read_credentials(Path(path))


def test_c3_a_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, b"")
    with path.open("r+b") as file:
        file.truncate(BYTES_MOST + 1)

    with pytest.raises(ConfigError, match="more than 16777216 bytes"):
        read_credentials(path)


def test_c3_a_link_and_what_it_leads_to_are_shredded(tmp_path: Path) -> None:
    path, link = written(tmp_path, b"bob secret\n"), tmp_path / "link"
    other = tmp_path / "other"
    os.link(path, other)
    link.symlink_to(path)
    shred(link)

    assert list(tmp_path.iterdir()) == [other]
    assert set(other.read_bytes()) == {0}


def test_c3_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.txt cannot be read: No such"):
        read_credentials(tmp_path / "missing.txt")


async def test_c3_s2_4_x12_imported_people_log_in_and_are_hashed(
    tmp_path: Path, passwords: Passwords
) -> None:
    path = written(tmp_path, b"hans falcon*solo\n../. /./.#\nHans x\nyoda wise@!man\n")
    store = LocalStore(tmp_path / "var")
    imported = import_credentials(store, passwords, read_credentials(path), NOW)
    hashes = [account.password_hash for account in store.accounts()]
    async with office(tmp_path, store=store) as server:
        for user, password in (
            ("hans", "falcon*solo"),
            ("../.", "/./.#"),
            ("Hans", "x"),
        ):
            async with connected(server.port) as client:
                await client.call("auth.login", user=user, password=password)
        async with connected(server.port) as client:
            with refused("bad_credentials"):
                await client.call("auth.login", user="hans", password="x")
        kept = [p.read_bytes() for p in (tmp_path / "var").rglob("*") if p.is_file()]

    assert imported == Imported(4, 0)
    assert len(set(hashes)) == 4
    assert all(made is not None and made.startswith("$argon2id$") for made in hashes)
    assert not any(b"falcon*solo" in content for content in kept)


async def test_c3_an_account_that_is_there_keeps_its_password(
    tmp_path: Path, passwords: Passwords
) -> None:
    async with office(tmp_path) as server, people(server, "bob"):
        pass
    store = LocalStore(tmp_path / "var")
    lines = [Credential("bob", "another-one"), Credential("eve", "eves-password")]
    first = import_credentials(store, passwords, lines, NOW)
    again = import_credentials(store, passwords, lines, NOW)
    async with (
        office(tmp_path, store=store) as server,
        connected(server.port) as client,
    ):
        with refused("bad_credentials"):
            await client.call("auth.login", user="bob", password="another-one")
        await client.call("auth.login", user="bob", password=PASSWORD)

    assert (first, again) == (Imported(1, 1), Imported(0, 2))


def test_c3_an_import_that_the_disk_refuses_is_not_called_done(
    tmp_path: Path, passwords: Passwords
) -> None:
    store = LocalStore(tmp_path / "var")
    [pages] = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    lines = [Credential(f"user{n}", "secret") for n in range(500)]

    with refused("disk_full"):
        import_credentials(store, passwords, lines, NOW)

    store._connection.execute("PRAGMA max_page_count = 1000000")
    assert store.accounts() == []
    store.close()


def test_c3_a_shredded_file_is_overwritten_and_gone(tmp_path: Path) -> None:
    path = written(tmp_path, b"bob secret\n")
    with path.open("rb") as still_open:
        shred(path)
        left = still_open.read()

    assert left == bytes(len(b"bob secret\n"))
    assert not path.exists()


def test_c3_a_file_that_cannot_be_shredded_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.txt cannot be shredded"):
        shred(tmp_path / "missing.txt")

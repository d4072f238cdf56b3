"""TLS from the first byte, and no password in the clear beyond this machine."""

import asyncio
import datetime
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from nimsg.client import blocking
from nimsg.client.address import Address, Security
from nimsg.client.aio import connect
from nimsg.client.tls import make_context, not_secured
from nimsg.config import ServerConfig, check_server
from nimsg.errors import ConfigError, Exit, Refusal, Unreachable, Untrusted
from nimsg.logs import LOGGER
from nimsg.server.certificate import BEGIN, END, MS_PER_DAY, read_certificate
from nimsg.server.listener import REFUSED_AT_ONCE
from nimsg.server.owncert import Pair, names_for
from nimsg.server.services import wall_clock_ms
from nimsg.server.tls import Tls, fingerprint, server_context
from tests.support.aioclient import PASSWORD
from tests.support.certificates import Certificate, make_certificate
from tests.support.office import office
from tests.support.requests_table import request
from tests.support.wire import Wire, said, wired


NOW = 1_795_192_385_000


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


def trusting(tls: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=tls.cert)


def rsa_key(folder: Path) -> Path:
    """A key of another kind."""
    path = folder / "rsa.pem"
    path.write_bytes(
        rsa.generate_private_key(65_537, 2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def with_passphrase(key: Path) -> bytes:
    """The same key, locked."""
    found = serialization.load_pem_private_key(key.read_bytes(), None)
    return found.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


async def test_sec_6_all_is_said_over_tls(tmp_path: Path, tls: Certificate) -> None:
    async with office(tmp_path, tls_cert=tls.cert, tls_key=tls.key) as server:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.port, ssl=trusting(tls)
        )
        wire = Wire(reader, writer)
        hello = said(await wire.frame())
        register = {"user": "bob", "password": PASSWORD}
        answer = said(await wire.call("auth.register", register))
        version = writer.get_extra_info("ssl_object").version()
        wire.send("auth.logout", {}, 7)
        rest = await wire.rest()
        writer.close()

    assert (hello, answer, rest) == ("hello", "1 done", ["7 done", "closing logout"])
    assert version == "TLSv1.3"


def test_sec_6_tls_is_1_2_at_least(tls: Certificate) -> None:
    context = server_context(tls.cert, tls.key)

    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


async def test_sec_6_who_speaks_in_the_clear_gets_no_hello_and_is_dropped(
    tmp_path: Path, tls: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", LOGGER.name)
    async with (
        office(tmp_path, tls_cert=tls.cert, tls_key=tls.key) as server,
        wired(server.port) as wire,
    ):
        wire.send_payload(request("auth.begin", {"user": "bob"}))
        heard = b""
        with suppress(ConnectionResetError):
            heard = await wire.reader.read()

    assert b"hello" not in heard
    [line] = [one for one in caplog.messages if "TLS" in one]
    assert line.startswith("127.0.0.1 spoke no TLS: ")
    assert "_ssl.c" not in line


async def blocking_connect(at: Address, security: Security) -> object:
    return await asyncio.to_thread(blocking.connect, at, security, timeout_s=10)


async def aio_connect(at: Address, security: Security) -> object:
    return await connect(at, security, 10)


@pytest.mark.parametrize("shell", [blocking_connect, aio_connect])
async def test_sec_6_a_client_that_does_not_trust_the_certificate_is_told_of(
    tmp_path: Path,
    tls: Certificate,
    caplog: pytest.LogCaptureFixture,
    shell: Callable[[Address, Security], Awaitable[object]],
) -> None:
    caplog.set_level("INFO", LOGGER.name)
    other = make_certificate(tmp_path / "other", "127.0.0.1")
    async with office(tmp_path, tls_cert=tls.cert, tls_key=tls.key) as server:
        at = Address("127.0.0.1", server.port)
        with pytest.raises(Untrusted):
            await shell(at, Security(ca=str(other.cert)))
        while not caplog.messages:  # noqa: ASYNC110
            await asyncio.sleep(0)

    assert caplog.messages == [
        "127.0.0.1 did not trust the certificate: nobody whom the client trusts has "
        "signed it"
    ]


def certificates(folder: Path) -> list[Path]:
    return list(folder.rglob("*.pem"))


async def test_sec_6_a_host_that_is_none_gets_no_certificate(tmp_path: Path) -> None:
    """It would name a host that was a slip of the pen, for ten years."""
    with pytest.raises(ExceptionGroup) as caught:
        async with office(tmp_path, host="192.0.2.1"):
            pass

    assert caught.group_contains(ConfigError, match="no such address")
    assert not certificates(tmp_path)


async def test_sec_7_who_makes_no_handshake_in_time_is_dropped(
    tmp_path: Path, tls: Certificate
) -> None:
    async with (
        office(
            tmp_path, tls_cert=tls.cert, tls_key=tls.key, tls_deadline_s=0.1
        ) as server,
        wired(server.port) as wire,
    ):
        heard = b""
        with suppress(ConnectionResetError):
            heard = await wire.reader.read()

    assert heard == b""


@pytest.mark.parametrize(
    ("limit", "kind"),
    [
        ("connections_per_minute", "rate_limited"),
        ("clients_per_address", "too_many_clients"),
    ],
)
async def test_sec_11_a_refusal_at_the_door_is_read_over_tls(
    tmp_path: Path, tls: Certificate, limit: str, kind: str
) -> None:
    trusted = Security(ca=str(tls.cert))
    async with office(
        tmp_path, tls_cert=tls.cert, tls_key=tls.key, limits={limit: 1}
    ) as server:
        at = Address("127.0.0.1", server.port)
        first = await connect(at, trusted, 10)
        for _ in range(REFUSED_AT_ONCE + 2):
            with pytest.raises(Refusal) as caught:
                await connect(at, trusted, 10)
            assert (caught.value.kind, caught.value.exit) == (kind, Exit.TRY_LATER)
        await first.close()


async def test_sec_11_a_bounded_few_are_refused_over_tls_at_once(
    tmp_path: Path, tls: Certificate
) -> None:
    """Who makes no handshake holds a place for a refusal, and there are few."""
    trusted = Security(ca=str(tls.cert))
    async with (
        office(
            tmp_path,
            tls_cert=tls.cert,
            tls_key=tls.key,
            limits={"connections_per_minute": 1},
        ) as server,
        AsyncExitStack() as stack,
    ):
        at = Address("127.0.0.1", server.port)
        first = await connect(at, trusted, 10)
        held = [
            await stack.enter_async_context(wired(server.port))
            for _ in range(REFUSED_AT_ONCE)
        ]
        with pytest.raises(Unreachable, match="it may be full: try again later"):
            await connect(at, trusted, 10)
        for wire in held:
            wire.writer.close()
            with suppress(ConnectionError):
                await wire.reader.read()
        listener = server._listener
        assert listener is not None
        while listener.taken > 1:  # noqa: ASYNC110
            await asyncio.sleep(0)
        with pytest.raises(Refusal, match="too many connections from this address"):
            await connect(at, trusted, 10)
        await first.close()


# Hosts: True where nothing but this machine reaches them.
HOSTS = {
    "127.0.0.1": True,
    "127.8.9.1": True,
    "localhost": True,
    "::1": True,
    "0.0.0.0": False,  # noqa: S104 - this is what is refused
    "": False,
    "::": False,
    "192.168.1.2": False,
    "128.0.0.1": False,
    "chat.example.org": False,
    "localhost.example.org": False,
    "127.example.org": False,
    "127.0.0.1.example.org": False,
}


@pytest.mark.parametrize("host", HOSTS)
def test_sec_6_no_password_in_the_clear_beyond_the_loopback(host: str) -> None:
    plain = ServerConfig(Path("var"), host=host)

    assert plain.secured is not HOSTS[host]
    assert plain._replace(tls=True).secured
    assert plain._replace(tls_cert=Path("cert.pem")).secured


def test_sec_6_a_certificate_and_its_key_go_together(tls: Certificate) -> None:
    for half in (
        ServerConfig(Path("var"), tls_cert=tls.cert),
        ServerConfig(Path("var"), tls_key=tls.key),
    ):
        with pytest.raises(ConfigError, match="together"):
            check_server(half)


def test_sec_6_a_certificate_that_is_none_is_named(
    tmp_path: Path, tls: Certificate
) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    other = make_certificate(tmp_path, "other.example.org")
    locked = tmp_path / "locked.pem"
    locked.write_bytes(with_passphrase(tls.key))
    none = "one of them is no PEM file, or the key has a passphrase"
    pairs = [
        (wrong, tls.key, none),
        (tls.cert, wrong, none),
        (tls.cert, locked, none),
        (tls.cert, other.key, "the key is not that of the certificate"),
        (tls.cert, rsa_key(tmp_path), "the key is not that of the certificate"),
    ]

    for cert, key, why in pairs:
        with pytest.raises(ConfigError) as caught:
            server_context(cert, key)
        assert str(caught.value) == f"{cert} with {key} cannot be used for TLS: {why}"


def test_sec_6_the_file_that_is_missing_is_the_one_named(
    tmp_path: Path, tls: Certificate
) -> None:
    missing = tmp_path / "missing.pem"
    for cert, key in ((missing, tls.key), (tls.cert, missing)):
        with pytest.raises(ConfigError, match="No such file") as caught:
            server_context(cert, key)
        assert str(caught.value).startswith(f"{missing} cannot be used for TLS")


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True)])
def test_sec_6_a_key_that_others_can_read_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, *, warned: bool
) -> None:
    pair = Pair(tmp_path / "tls")
    pair.ensure("127.0.0.1", NOW)
    pair.key.chmod(mode)
    shown = Tls(pair.cert, pair.key, lambda: NOW)

    shown.warn()
    assert (f"others can read the key {pair.key}" in caplog.text) is warned
    pair.key.unlink()
    shown.warn()


def test_term_5_the_fingerprint_is_of_the_certificate_as_it_travels(
    tls: Certificate,
) -> None:
    assert fingerprint(tls.cert) == tls.fingerprint


def test_sec_6_nothing_is_compressed(tls: Certificate) -> None:
    options = server_context(tls.cert, tls.key).options

    assert options & ssl.OP_NO_COMPRESSION
    assert options & ssl.OP_NO_RENEGOTIATION


def test_sec_7_a_handshake_has_ten_seconds() -> None:
    assert ServerConfig(Path("var")).tls_deadline_s == 10.0


def test_sec_6_the_own_certificate_is_what_was_agreed(tmp_path: Path) -> None:
    pair = Pair(tmp_path / "tls")

    assert pair.ensure("192.0.2.7", NOW)
    made = pair.cert.read_bytes()
    assert not pair.ensure("192.0.2.7", NOW)
    assert pair.cert.read_bytes() == made
    certificate = x509.load_pem_x509_certificate(made)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    found = [str(name.value) for name in names.value]
    assert found[:2] == [socket.gethostname(), "localhost"]
    assert {"127.0.0.1", "::1", "192.0.2.7"} <= set(found)
    assert read_certificate(pair.cert).days_left(NOW) == 3650
    pair.key.unlink()
    pair.cert.unlink()
    assert pair.ensure("192.0.2.7", NOW)
    assert pair.cert.read_bytes() != made


@pytest.mark.parametrize("missing", ["cert.pem", "key.pem"])
def test_sec_6_half_of_the_own_certificate_is_never_written_over(
    tmp_path: Path, missing: str
) -> None:
    folder = tmp_path / "tls"
    Pair(folder).ensure("::", NOW)
    (folder / missing).unlink()
    [left] = folder.iterdir()
    before = left.read_bytes()

    with pytest.raises(ConfigError, match=f"{missing} is missing: .* {left},"):
        Pair(folder).ensure("::", NOW)
    assert list(folder.iterdir()) == [left]
    assert left.read_bytes() == before


def test_sec_6_an_own_certificate_is_completed_after_a_crash(tmp_path: Path) -> None:
    """What is written last is its name: until then it waits under another."""
    pair = Pair(tmp_path / "tls")
    pair.ensure("::", NOW)
    made = pair.cert.read_bytes()
    pair.cert.rename(pair.folder / "cert.new")

    assert pair.ensure("::", NOW)
    assert pair.cert.read_bytes() == made
    server_context(pair.cert, pair.key)
    assert {path.name for path in pair.folder.iterdir()} == {"cert.pem", "key.pem"}


def test_sec_6_the_own_certificate_names_where_everywhere_is() -> None:
    assert {"localhost", "127.0.0.1", "::1"} <= set(names_for("::"))
    assert "::" not in names_for("::")
    assert names_for("post.example")[-1] == "post.example"


def test_sec_6_a_certificate_that_cannot_be_kept_is_a_setting(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("in the way")

    with pytest.raises(ConfigError, match="tls"):
        Pair(tmp_path / "tls").ensure("::", NOW)


@pytest.mark.parametrize("year", [2026, 2049, 2050, 2999])
def test_sec_6_the_end_of_a_certificate_is_read(tmp_path: Path, year: int) -> None:
    until = datetime.datetime(year, 12, 24, 18, 30, 5, tzinfo=datetime.UTC)
    since = until - datetime.timedelta(days=400)
    made = make_certificate(tmp_path, "post.example", since=since, until=until)

    found = read_certificate(made.cert)

    moments = [int(at.timestamp()) * 1000 for at in (since, until)]
    assert found == (made.fingerprint, *moments)


@pytest.mark.parametrize(("early_ms", "warned"), [(1, True), (0, False)])
def test_sec_6_a_certificate_that_is_not_good_yet_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, early_ms: int, *, warned: bool
) -> None:
    since = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    until = datetime.datetime(2031, 1, 2, tzinfo=datetime.UTC)
    made = make_certificate(tmp_path, "post.example", since=since, until=until)
    tls = Tls(made.cert, made.key, lambda: tls_since(made) - early_ms)

    tls.warn()

    begin = f"certificate {made.cert} is not valid before 2030-01-02 03:04:05 UTC"
    assert (begin in caplog.text) is warned
    assert bool(caplog.messages) is warned


def tls_since(made: Certificate) -> int:
    return read_certificate(made.cert).since


@pytest.mark.parametrize("text", ["", f"{BEGIN}\nMAA=\n{END}", f"{BEGIN}\nMIIB\n{END}"])
def test_sec_6_what_is_no_certificate_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cert.pem"
    path.write_text(text)

    with pytest.raises(ConfigError, match="holds no certificate"):
        read_certificate(path)


@pytest.mark.parametrize("end", [-1, 20])
@pytest.mark.parametrize(
    ("own", "remedy"),
    [(True, "start the server again: it makes another one"), (False, "SIGHUP")],
)
def test_sec_6_what_to_do_about_the_end_is_told(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    remedy: str,
    end: int,
    *,
    own: bool,
) -> None:
    made = make_certificate(tmp_path, "post.example")
    until = read_certificate(made.cert).until
    Tls(made.cert, made.key, lambda: until - end * MS_PER_DAY, own=own).warn()

    [line] = caplog.messages
    assert remedy in line
    assert (f"remove {tmp_path} and" in line) is own


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (-9, -1, "has expired: whoever runs the server has to renew it"),
        (2, 9, "is not good yet: look at the clocks"),
    ],
)
async def test_term_5_who_has_to_mend_a_date_is_told(
    tmp_path: Path, since: int, until: int, words: str
) -> None:
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    made = make_certificate(
        tmp_path / "tls", "127.0.0.1", since=now + since * day, until=now + until * day
    )
    async with office(tmp_path, tls_cert=made.cert, tls_key=made.key) as server:
        at = Address("127.0.0.1", server.port)
        with pytest.raises(Untrusted) as caught:
            await connect(at, Security(ca=str(made.cert)), 10)

    assert str(caught.value).startswith(f"the certificate of {at} {words}")
    assert "--ca" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "own", "remedy"),
    [
        ("127.0.0.1", False, "give --ca FILE, or --fingerprint"),
        ("127.0.0.1", True, "did not sign it: give the file that did, or --"),
        ("post.example", True, "connect to a name that it is for, or give --fing"),
    ],
    ids=["no CA", "another CA", "another host"],
)
async def test_term_5_what_helps_to_trust_a_certificate_is_told(
    tmp_path: Path, host: str, remedy: str, *, own: bool
) -> None:
    made = make_certificate(tmp_path / "tls", host)
    other = make_certificate(tmp_path / "other", "127.0.0.1")
    ca = made.cert if host == "post.example" else other.cert
    async with office(tmp_path, tls_cert=made.cert, tls_key=made.key) as server:
        at = Address("127.0.0.1", server.port)
        with pytest.raises(Untrusted) as caught:
            await connect(at, Security(tls=True, ca=str(ca) if own else None), 10)

    told = str(caught.value)
    assert told.startswith(f"the certificate of {at} is not trusted: ")
    assert remedy in told
    assert (str(ca) in told) is ("did not sign" in remedy)


def test_term_5_of_a_certificate_that_is_faulty_itself_no_ca_file_is_blamed() -> None:
    weak = ssl.SSLCertVerificationError()
    weak.verify_code, weak.verify_message = 66, "EE certificate key too weak"
    told = str(not_secured(Address("post.example", 1), weak, Security(ca="ca.pem")))

    assert told.endswith("key too weak; give --fingerprint as the server prints it")


def test_term_5_a_ca_file_that_is_none_is_told_in_plain_words(
    tmp_path: Path, tls: Certificate
) -> None:
    damaged = tmp_path / "damaged.pem"
    damaged.write_text(f"{BEGIN}\nQUJD\n{END}\n")
    for path, why in (
        (tls.key, "it holds no certificate"),
        (damaged, "it is no PEM file, or a damaged one"),
    ):
        with pytest.raises(ConfigError) as caught:
            make_context(Security(ca=str(path)))
        assert str(caught.value) == f"{path} cannot be used as a CA file: {why}"


@pytest.mark.parametrize(
    ("days", "word"),
    [(31, ""), (29, "expires in 28 days"), (1, "in 0 days"), (-1, "has expired")],
)
async def test_sec_6_an_end_that_is_near_is_logged_every_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, days: int, word: str
) -> None:
    made = make_certificate(tmp_path, "post.example")
    until = read_certificate(made.cert).until
    tls = Tls(made.cert, made.key, lambda: until - days * MS_PER_DAY + 1)
    with suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await tls.watch(0.001)

    lines = [line for line in caplog.messages if str(made.cert) in line]
    assert (len(lines) > 1) is bool(word)
    assert all(word in line for line in lines)


def test_sec_6_a_broken_new_certificate_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = make_certificate(tmp_path / "old", "post.example")
    new = make_certificate(tmp_path / "new", "post.example")
    tls = Tls(old.cert, old.key, wall_clock_ms)
    before = tls.context
    for broken in (b"", b"no certificate", new.cert.read_bytes()):
        old.cert.write_bytes(broken)
        tls.reload()
        assert (tls.context, tls.certificate.fingerprint) == (before, old.fingerprint)
    old.key.write_bytes(new.key.read_bytes())
    tls.reload()

    assert tls.context is not before
    assert tls.certificate.fingerprint == new.fingerprint
    levels = [record.levelname for record in caplog.records]
    assert levels == ["ERROR", "ERROR", "ERROR", "AUDIT"]
    start = "SIGHUP: the certificate stays as it was: "
    assert all(line.startswith(start) for line in caplog.messages[:3])
    assert not any("_ssl.c" in line for line in caplog.messages)

"""TLS from the first byte, and no password in the clear beyond this machine."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from nimsg.config import ServerConfig, check_server
from nimsg.errors import ConfigError
from nimsg.server.tls import fingerprint, server_context
from tests.support.aioclient import PASSWORD
from tests.support.certificates import Certificate, make_certificate
from tests.support.office import office
from tests.support.requests_table import request
from tests.support.wire import Wire, said, wired


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


def trusting(tls: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=tls.cert)


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
    tmp_path: Path, tls: Certificate
) -> None:
    async with (
        office(tmp_path, tls_cert=tls.cert, tls_key=tls.key) as server,
        wired(server.port) as wire,
    ):
        wire.send_payload(request("auth.begin", {"user": "bob"}))
        heard = b""
        with suppress(ConnectionResetError):
            heard = await wire.reader.read()

    assert b"hello" not in heard


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


# Hosts without a certificate: True where they may be listened on.
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
def test_sec_6_no_password_in_the_clear_beyond_the_loopback(
    host: str, tls: Certificate
) -> None:
    plain = ServerConfig(Path("var"), host=host)
    secured = plain._replace(tls_cert=tls.cert, tls_key=tls.key)
    if HOSTS[host]:
        assert check_server(plain) == plain
    else:
        with pytest.raises(ConfigError, match="--tls-cert"):
            check_server(plain)
    assert check_server(secured) == secured


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
    pairs = [
        (wrong, tls.key),
        (tls.cert, wrong),
        (tls.cert, other.key),
        (tmp_path / "missing.pem", tls.key),
    ]

    for cert, key in pairs:
        with pytest.raises(ConfigError, match=str(cert)):
            server_context(cert, key)


def test_term_5_the_fingerprint_is_of_the_certificate_as_it_travels(
    tls: Certificate,
) -> None:
    assert fingerprint(tls.cert) == tls.fingerprint

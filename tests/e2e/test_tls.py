"""TERM-5: TLS is verified or not spoken, and plain passwords never leave a machine."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Town
from tests.support.certificates import Certificate, make_certificate
from tests.support.fakeserver import FakeServer, hello
from tests.support.people import PASSWORD, Person, Typed, typed
from tests.support.process import ServerProcess, environment


ELSEWHERE = "0.0.0.0"  # noqa: S104 - reaches this machine, and does not say so


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("cert"), "127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def secure(
    tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("secure")
    env = environment(folder)
    with ServerProcess(folder / "var", *certificate.options, env=env) as server:
        yield server
    assert "Traceback" not in server.complaints


@pytest.fixture
def ann(secure: ServerProcess, tmp_path: Path) -> Person:
    return Person("ann", tmp_path, secure.address, NIMSG_PASSWORD=PASSWORD)


def refused(done: Typed, code: int, *words: str) -> None:
    """A verb said no, in words on the standard error."""
    assert (done.code, done.out) == (code, ""), done
    for word in words:
        assert word in done.err, done
    assert PASSWORD not in done.err
    assert "Errno" not in done.err
    assert "_ssl.c" not in done.err


def quickly(person: Person, *words: str) -> Typed:
    """A verb that tries once."""
    return person.types(words[0], "--connect-wait", "0", *words[1:])


def test_sec_6_the_server_prints_what_a_client_needs_to_know(
    secure: ServerProcess, certificate: Certificate, ann: Person
) -> None:
    assert secure.lines[0] == f"nimsg server on {secure.address} with TLS"
    assert f"sha256 {certificate.fingerprint}" in secure.lines[3]
    connect = secure.lines[4].split()
    options = connect[connect.index("client") + 1 : connect.index("--user")]

    assert ann.types("register", "ann", *options).code in (0, 4)
    assert ann.gets("client", *options).lines[0].startswith("-- welcome, ann")


def test_term_5_a_certificate_is_known_by_its_authority(
    secure: ServerProcess, certificate: Certificate, ann: Person
) -> None:
    ca = ("--ca", str(certificate.cert))
    assert ann.types("register", *ca).code in (0, 4)
    assert ann.gets("inbox", *ca).code == 0
    assert ann.gets("inbox", "--server", f"localhost:{secure.port}", *ca).code == 0


def test_term_5_a_wrong_fingerprint_ends_it_before_a_word_is_said(ann: Person) -> None:
    done = quickly(ann, "inbox", "--fingerprint", "0" * 64)

    refused(done, 76, "is not the server that was meant", "fingerprint")


def test_term_5_a_certificate_that_nobody_vouches_for_is_refused(ann: Person) -> None:
    done = quickly(ann, "inbox", "--tls")

    refused(done, 76, "is not trusted", "--ca FILE", "--fingerprint")


def test_term_5_a_certificate_of_another_authority_is_refused(
    ann: Person, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path / "other", "127.0.0.1")

    refused(quickly(ann, "inbox", "--ca", str(other.cert)), 76, "is not trusted")


def test_term_5_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    other = make_certificate(tmp_path / "other", "post.example")
    env = environment(tmp_path)
    with ServerProcess(tmp_path / "var", *other.options, env=env) as server:
        ann = Person("ann", tmp_path, server.address, NIMSG_PASSWORD=PASSWORD)
        done = quickly(ann, "inbox", "--ca", str(other.cert))

    refused(done, 76, "is not trusted", "IP address mismatch")


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("--fingerprint", "beef"), "64 hex digits"),
        (("--ca", "/no/such/file"), "/no/such/file"),
        (("--ca", __file__), __file__),
    ],
)
def test_term_5_what_cannot_vouch_for_anybody_is_a_setting(
    ann: Person, words: tuple[str, ...], word: str
) -> None:
    refused(quickly(ann, "inbox", *words), 78, word)


def test_s3_15_a_plain_client_at_a_tls_port_is_told_of_tls(ann: Person) -> None:
    refused(quickly(ann, "inbox", "--timeout", "0.5"), 69, "says nothing", "--tls")


def test_s3_15_a_tls_client_at_a_plain_port_is_told_so(town: Town) -> None:
    person = town.person("ann")

    for option in (("--tls",), ("--fingerprint", "0" * 64)):
        done = quickly(person, "inbox", *option)
        refused(done, 76, f"{town.server.address} does not speak TLS")


def test_term_5_no_plain_word_is_said_to_another_machine(tmp_path: Path) -> None:
    """The server there is plain and greets; the client speaks TLS or nothing."""
    heard: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        connection.sendall(hello(auth="password"))
        while data := connection.recv(65_536):
            heard.append(data)

    with FakeServer(behave) as server:
        address = f"{ELSEWHERE}:{server.port}"
        ann = Person("ann", tmp_path, address, NIMSG_PASSWORD=PASSWORD)
        for words in (("inbox",), ("register",), ("send", "bob", "-m", "x")):
            refused(quickly(ann, *words, "--no-input"), 76, "does not speak TLS")

    assert heard
    assert PASSWORD.encode() not in b"".join(heard)
    assert all(data[0] in (0x15, 0x16) for data in heard)


def test_term_5_a_server_for_other_machines_needs_a_certificate(tmp_path: Path) -> None:
    done = typed(
        "server", "--host", ELSEWHERE, "--var", str(tmp_path), env=environment(tmp_path)
    )

    refused(done, 78, ELSEWHERE, "--tls-cert", "--host 127.0.0.1")


@pytest.mark.parametrize("missing", ["cert", "key", "both"])
def test_sec_6_a_certificate_that_cannot_be_used_is_named(
    tmp_path: Path, certificate: Certificate, missing: str
) -> None:
    cert = tmp_path / "none.pem" if missing != "key" else certificate.cert
    key = tmp_path / "none.pem" if missing != "cert" else certificate.key
    words = ("--tls-cert", str(cert), "--tls-key", str(key))
    var = ("--port", "0", "--var", str(tmp_path / "var"))

    refused(typed("server", *var, *words, env=environment(tmp_path)), 78, "none.pem")


def test_sec_6_a_key_of_another_certificate_is_refused(
    tmp_path: Path, certificate: Certificate
) -> None:
    other = make_certificate(tmp_path / "other", "127.0.0.1")
    words = ("--tls-cert", str(certificate.cert), "--tls-key", str(other.key))
    var = ("--port", "0", "--var", str(tmp_path / "var"))
    done = typed("server", *var, *words, env=environment(tmp_path))

    assert (done.code, done.out) == (78, "")
    assert str(certificate.cert) in done.err

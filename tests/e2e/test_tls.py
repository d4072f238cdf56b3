"""TERM-5: TLS is verified or not spoken, and plain passwords never leave a machine."""

import hashlib
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import connect
from tests.e2e.conftest import Town
from tests.support.certificates import Certificate, make_certificate
from tests.support.fakeserver import FakeServer, hello
from tests.support.people import PASSWORD, Person, Typed, typed
from tests.support.process import HANG_S, ServerProcess, environment


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

    done = quickly(ann, "inbox", "--ca", str(other.cert))

    refused(
        done, 76, "is not trusted", f"{other.cert} did not sign it", "--fingerprint"
    )


def test_term_5_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    other = make_certificate(tmp_path / "other", "post.example")
    env = environment(tmp_path)
    with ServerProcess(tmp_path / "var", *other.options, env=env) as server:
        ann = Person("ann", tmp_path, server.address, NIMSG_PASSWORD=PASSWORD)
        done = quickly(ann, "inbox", "--ca", str(other.cert))

    refused(
        done, 76, "is not trusted", "IP address mismatch", "'127.0.0.1'; connect to"
    )


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


def test_sec_6_a_server_for_other_machines_makes_a_certificate(tmp_path: Path) -> None:
    """It is kept, and known again by everybody after a restart."""
    env = environment(tmp_path)
    seen, told = [], []
    for _ in range(2):
        with ServerProcess(tmp_path / "var", "--host", ELSEWHERE, env=env) as server:
            connect = server.lines[-1].split()
            begin, end = connect.index("--fingerprint"), connect.index("--user")
            options = connect[begin:end]
            address = f"127.0.0.1:{server.port}"
            ann = Person("ann", tmp_path, address, NIMSG_PASSWORD=PASSWORD)
            assert ann.types("register", *options).code in (0, 4)
            assert ann.gets("inbox", *options).code == 0
            own = str(tmp_path / "var" / "tls" / "cert.pem")
            assert ann.gets("inbox", "--ca", own).code == 0
            refused(quickly(ann, "inbox", "--tls"), 76, "is not trusted")
        seen.append(options)
        notices = [line for line in server.lines if line.startswith("nimsg: made")]
        told.append(notices)
        assert server.complaints == ""

    assert seen[0] == seen[1]
    made = f"nimsg: made a new certificate, sha256 {seen[0][1]}"
    assert told == [[made], []]
    folder = tmp_path / "var" / "tls"
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"cert.pem": 0o600, "key.pem": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_sec_6_no_certificate_is_made_where_none_is_needed(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with ServerProcess(tmp_path / "var", env=env) as server:
        maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert not (tmp_path / "var" / "tls").exists()
    assert "cryptography" not in maps

    with ServerProcess(tmp_path / "var", "--tls", env=env) as server:
        assert server.lines[1].endswith(" with TLS")
    assert (tmp_path / "var" / "tls" / "cert.pem").exists()


def test_sec_6_a_certificate_without_its_key_is_not_replaced(tmp_path: Path) -> None:
    env = environment(tmp_path)
    var = tmp_path / "var"
    with ServerProcess(var, "--tls", env=env):
        pass
    key = var / "tls" / "key.pem"
    key.unlink()
    words = ("server", "--tls", "--port", "0", "--var", str(var))

    refused(typed(*words, env=env), 78, f"{key} is missing: put it back")


def handshake(port: int) -> str:
    """The fingerprint that a new connection is shown."""
    context = ssl._create_unverified_context()  # noqa: S323 - it is compared by hand
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain) as tls,
    ):
        return hashlib.sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()


def test_sec_6_sighup_takes_a_new_certificate_and_drops_nobody(tmp_path: Path) -> None:
    live = make_certificate(tmp_path / "live", "127.0.0.1")
    new = make_certificate(tmp_path / "new", "127.0.0.1")
    env = environment(tmp_path)
    with ServerProcess(tmp_path / "var", *live.options, env=env) as server:
        address = parse_address(server.address)
        before = Security(fingerprint=live.fingerprint)
        with connect(address, before, timeout_s=10) as client:
            client.call("auth.register", {"user": "ann", "password": PASSWORD})
            live.key.write_bytes(b"broken")
            server.process.send_signal(signal.SIGHUP)
            complaint = server.complains()
            assert "ERROR SIGHUP: the certificate stays as it was" in complaint
            assert handshake(server.port) == live.fingerprint
            live.key.write_bytes(new.key.read_bytes())
            live.cert.write_bytes(new.cert.read_bytes())
            server.process.send_signal(signal.SIGHUP)
            assert f"AUDIT who=signal method=tls.reload sha256={new.fingerprint}" in (
                server.complains()
            )
            assert handshake(server.port) == new.fingerprint
            client.call("session.ping", {})


def test_sec_6_sighup_ends_no_server_without_tls(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with ServerProcess(tmp_path / "var", env=env) as server:
        server.process.send_signal(signal.SIGHUP)
        complaint = server.complains()
        with connect(parse_address(server.address), Security(), timeout_s=10) as client:
            client.call("auth.begin", {"user": "ann"})
        assert server.stop() == 0

    assert "WARNING SIGHUP: there is no certificate to read again" in complaint


@pytest.mark.slow
def test_sec_7_who_never_ends_the_handshake_is_hung_up_on(
    secure: ServerProcess,
) -> None:
    """Who says nothing, and who begins; ten seconds, far less than the guard here."""
    at = ("127.0.0.1", secure.port)
    with (
        socket.create_connection(at, HANG_S) as silent,
        socket.create_connection(at, HANG_S) as begun,
    ):
        begun.sendall(b"\x16\x03\x01\x02\x00")
        for one in (silent, begun):
            with suppress(ConnectionResetError):
                assert one.recv(1) == b""


@pytest.mark.slow
def test_s3_15_a_patient_plain_client_is_told_of_tls_too(ann: Person) -> None:
    refused(quickly(ann, "inbox", "--timeout", "30"), 69, "--tls")


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

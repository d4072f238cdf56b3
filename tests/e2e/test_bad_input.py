"""What people and programs get wrong: said clearly, and nothing is lost by it."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimsg import errors
from nimsg.client.blocking import BlockingClient
from nimsg.errors import ProtocolFault
from nimsg.protocol.envelope import Answer, ServerEvent, decode_from_server
from nimsg.protocol.framing import FrameDecoder
from tests.e2e.conftest import NewTown, Town
from tests.support.fakeserver import frame
from tests.support.people import (
    PASSWORD,
    Person,
    Typed,
    inners,
    secret_file,
    typed,
)
from tests.support.process import HANG_S, environment


KEPT = "what was sent before"
TOO_LARGE = b"x" * 65_537


@pytest.fixture(scope="module")
def bob(town: Town) -> Person:
    return town.settler("bob")


@pytest.fixture(scope="module")
def ann(town: Town) -> Person:
    return town.resident("ann")


@pytest.fixture(scope="module")
def kept(town: Town, ann: Person, bob: Person) -> Iterator[BlockingClient]:
    """A connection of Ann's, who has sent Bob a message."""
    with town.client(ann.name) as client:
        client.call("mail.send", {"to": [bob.name], "client_id": "kept", "body": KEPT})
        yield client


@pytest.fixture(autouse=True)
def _nothing_is_lost(kept: BlockingClient) -> Iterator[None]:
    """Behind each test there is what was sent before, and nothing else."""
    yield
    page = kept.call("mail.list", {"box": "outbox", "all": True})
    (row,) = inners(page, "outbox")
    assert kept.call("mail.open", {"id": row["id"]})["body"] == KEPT


def refused(done: Typed, code: int, *words: str) -> None:
    """A verb said no: in words, on the standard error, by its exit code."""
    assert done.code == code, done
    assert done.out == ""
    for word in words:
        assert word in done.err, done
    assert "Errno" not in done.err


def starts(tmp_path: Path, *words: str) -> Typed:
    """What a server comes to that cannot start."""
    return typed("server", *words, env=environment(tmp_path))


# -- who is there


def test_c4_a_wrong_password_says_where_it_was_taken_from(
    ann: Person, tmp_path: Path
) -> None:
    wrong = "the name or the password is wrong (taken from "
    done = ann.types("inbox", NIMSG_PASSWORD="not the password")
    refused(done, 77, f"{wrong}NIMSG_PASSWORD)")
    file = str(secret_file(tmp_path / "pw", "not the password"))
    refused(ann.types("inbox", "--password-file", file), 77, f"{wrong}{file})")
    assert "not the password" not in done.err
    refused(ann.types("inbox", NIMSG_PASSWORD="nimsg_wrong"), 77, "token", "revoked")


def test_c5_an_unknown_user_is_told_the_same_as_a_known_one(
    town: Town,
) -> None:
    known = town.resident("known-c5").types("inbox", NIMSG_PASSWORD="not the password")
    unknown = town.person("nobody-c5").types("inbox")

    assert (unknown.code, unknown.err) == (known.code, known.err)


def test_term_6_a_password_file_that_others_may_read_is_refused(
    ann: Person, tmp_path: Path
) -> None:
    file = secret_file(tmp_path / "pw", mode=0o644)

    refused(
        ann.types("inbox", "--password-file", str(file)), 78, str(file), "chmod 600"
    )


def test_s1_2_no_password_says_how_to_give_one(town: Town) -> None:
    done = town.stranger("ann").types("inbox")

    refused(done, 78, "--password-file FILE", "NIMSG_PASSWORD", "terminal")


def test_s0_15_an_unknown_config_key_is_named_with_its_line(
    ann: Person,
) -> None:
    config = Path(ann.env["XDG_CONFIG_HOME"]) / "nimsg" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('user = "ann"\npasword_file = "x"\n', encoding="utf-8")
    done = ann.types("inbox")
    config.unlink()

    refused(done, 78, f"{config}, line 2: pasword_file: unknown", "password_file")


# -- where the server is


def test_s1_1_no_server_is_said_with_what_to_do(ann: Person) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    for wait in ("0", "0.3"):
        done = ann.types("inbox", "--server", address, "--connect-wait", wait)
        refused(done, 69, f"no server listens at {address}", "nimsg server", "--server")


@pytest.mark.parametrize(
    ("server", "code", "word"),
    [
        ("no.such.host.invalid", 69, "cannot reach no.such.host.invalid:6969"),
        ("a..b", 69, "no host's name"),
        ("host:port", 2, "1 to 65535"),
        ("host:0", 2, "1 to 65535"),
        ("host:99999", 2, "1 to 65535"),
        ("[::1", 2, "[IPV6]:PORT"),
        ("/no/such/socket", 69, "cannot reach /no/such/socket"),
    ],
)
def test_c2_a_server_that_cannot_be_is_said(
    ann: Person, server: str, code: int, word: str
) -> None:
    refused(ann.types("inbox", "--server", server, "--connect-wait", "0"), code, word)


def test_s3_5_a_server_that_is_full_says_so(new_town: NewTown) -> None:
    full = new_town("--auth", "open", "--max-clients", "1")
    with full.client("ann"):
        done = full.person("bob").types("inbox", "--connect-wait", "0")

    refused(done, 75, "the server is full")


# -- what is sent


def test_s1_5_a_body_that_is_too_large_is_refused(ann: Person, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(TOO_LARGE)

    for done in (
        ann.types("send", "bob", "-f", str(file)),
        ann.types("send", "bob", stdin=TOO_LARGE),
        ann.types("send", "bob", "-m", TOO_LARGE.decode()),
        ann.types("send", "bob", stdin="ä".encode() * 32_769),
    ):
        refused(done, 4, "65536")


def test_an_empty_message_is_refused(ann: Person, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    for done in (
        ann.types("send", "bob", "-m", ""),
        ann.types("send", "bob"),
        ann.types("send", "bob", "-f", str(tmp_path / "empty")),
    ):
        refused(done, 4, "needs a body, or at least a subject")


def test_a_file_that_is_no_utf_8_is_refused_with_the_place(
    ann: Person, tmp_path: Path
) -> None:
    file = tmp_path / "latin-1"
    file.write_bytes("Grüße".encode("latin-1"))

    done = ann.types("send", "bob", "-f", str(file))
    refused(done, 4, f"{file} is not UTF-8: byte 2")
    done = ann.types("send", "bob", stdin=b"\xff")
    refused(done, 4, "standard input is not UTF-8: byte 0")


def test_a_file_that_cannot_be_read_is_named(ann: Person, tmp_path: Path) -> None:
    for path, why in (
        (tmp_path / "none", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        done = ann.types("send", "bob", "-f", str(path))
        refused(done, 78, f"{path} cannot be read: {why}")


# -- starting a server


def test_s0_11_a_port_in_use_is_said(town: Town, tmp_path: Path) -> None:
    port = str(town.server.port)
    done = starts(tmp_path, "--port", port, "--var", str(tmp_path / "var"))

    refused(done, 75, f"127.0.0.1 port {port}", "in use", "--port")


def test_a_second_server_on_one_store_names_the_first(
    town: Town, tmp_path: Path
) -> None:
    done = starts(tmp_path, "--port", "0", "--var", str(town.server.var))

    refused(
        done, 75, str(town.server.var), f"process {town.server.process.pid}", "--var"
    )


def test_c3_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    for var in (file, file / "below"):
        refused(
            starts(tmp_path, "--port", "0", "--var", str(var)), 78, str(var), "--var"
        )
        done = typed("user", "list", "--var", str(var), env=environment(tmp_path))
        refused(done, 78, str(var), "--var")

    assert file.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    var = Path("/proc/nimsg")  # where not even root may make a folder
    if os.geteuid() != 0:
        (tmp_path / "locked").mkdir(0o500)
        var = tmp_path / "locked" / "var"

    refused(starts(tmp_path, "--port", "0", "--var", str(var)), 78, str(var), "--var")


def test_a_store_of_another_format_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "format").write_text("999\n", encoding="ascii")
    done = starts(tmp_path, "--port", "0", "--var", str(tmp_path / "var"))

    refused(done, 78, "format 999", "format 1")


def test_c3_a_broken_line_of_credentials_is_named(tmp_path: Path) -> None:
    file, var = tmp_path / "credentials.txt", tmp_path / "var"
    file.write_text("ann secret\nbob two words\n", encoding="ascii")
    words = ("--port", "0", "--var", str(var), "--credentials", str(file))

    refused(starts(tmp_path, *words), 78, f"{file}, line 2: ", "nothing was imported")
    assert not var.exists()


def test_c1_a_port_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    refused(starts(tmp_path, "70000"), 2, "0 to 65535")


# -- who comes to the port with something else


def conversation(town: Town, said: bytes) -> list[Answer | ServerEvent]:
    """What the server says to these bytes, up to the end, behind its hello."""
    decoder, heard = FrameDecoder(1_048_576), list[Answer | ServerEvent]()
    address = ("127.0.0.1", town.server.port)
    with socket.create_connection(address, HANG_S) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(65_536):
            heard += [decode_from_server(payload) for payload in decoder.feed(data)]
    decoder.end()
    hello, *rest = heard
    assert isinstance(hello, ServerEvent)
    assert hello.method == "hello"
    return rest


FOREIGN = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "SSH": b"SSH-2.0-client\r\n",
    "SMTP": b"EHLO there\r\n",
    "text": b"hello?\n",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_s3_15_another_protocol_on_the_port_is_told_its_name(
    town: Town, name: str
) -> None:
    fault, *rest = conversation(town, FOREIGN[name])

    assert isinstance(fault, Answer)
    assert fault.refusal is not None
    assert fault.refusal.kind == "foreign_protocol"
    assert fault.refusal.data == {"looks_like": name}
    assert f"looks like {name}" in str(fault.refusal)
    assert rest == [ServerEvent("closing", {"reason": "faults"})]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"\x00", "truncated_frame"),
        (b"\x00\x00\x00", "truncated_frame"),
        (b"\x00\x00\x00\x10", "truncated_frame"),
        (frame({"jsonrpc": "2.0"})[:-1], "truncated_frame"),
        (b"\x7f\xff\xff\xff", "frame_too_large"),
        (b"\xff\xff\xff\xff", "frame_too_large"),
        (b"\x00\x00\x10\x01", "frame_too_large"),
        (b"\x00\x00\x00\x00", "invalid_request"),
    ],
)
def test_sec_1_a_frame_that_is_none_is_told_its_kind(
    town: Town, said: bytes, kind: str
) -> None:
    fault, *_ = conversation(town, said)

    assert isinstance(fault, Answer)
    assert fault.refusal is not None
    assert fault.refusal.kind == kind


def test_sec_1_two_gibibytes_that_are_announced_cost_no_memory(town: Town) -> None:
    before = resident_kib(town)
    for _ in range(20):
        conversation(town, (2**31 - 1).to_bytes(4, "big") + bytes(65_536))

    assert resident_kib(town) - before < 1024


def resident_kib(town: Town) -> int:
    """How much memory the server has."""
    status = Path(f"/proc/{town.server.process.pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1])


def test_ten_faults_end_the_connection(town: Town) -> None:
    heard = conversation(town, frame([]) * 12)

    assert [type(one) for one in heard] == [Answer] * 10 + [ServerEvent]
    assert heard[-1] == ServerEvent("closing", {"reason": "faults"})


def test_c20_nine_faults_do_not(town: Town) -> None:
    login = {"jsonrpc": "2.0", "id": 7, "method": "auth.login"}
    said = frame([]) * 9 + frame(
        {**login, "params": {"user": "bob", "password": PASSWORD}}
    )
    *faults, answer = conversation(town, said)

    assert len(faults) == 9
    assert isinstance(answer, Answer)
    assert (answer.id, answer.refusal) == (7, None)


def test_a_connection_that_says_nothing_is_no_fault(town: Town) -> None:
    assert conversation(town, b"") == []


# -- what the words are


def test_every_kind_of_fault_is_told_without_a_class_name() -> None:
    names = [name for name in vars(errors) if name.endswith(("Error", "Fault"))]

    for kind, row in errors.KINDS.items():
        assert row.text
        assert not any(name in row.text for name in names), kind
        assert str(ProtocolFault(kind, fatal=True)) == row.text

"""Verbs that find, move and keep mail, run within this process on a real store."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimsg.cli.main import main
from nimsg.config import ServerConfig
from nimsg.server.app import Server
from nimsg.server.offline import Serving
from nimsg.store.local import LocalStore
from tests.support.process import TOP


MBOX = (
    "From x Thu Jan  1 00:00:00 2009\nFrom: Zoe <zoe@old.example>\n"
    "To: ann@old.example\nSubject: {0}\nMessage-ID: <{0}@old.example>\n"
    "In-Reply-To: <first@old.example>\nDate: Tue, 17 Nov 2009 21:28:37 +0600\n\n"
    "text of {0}\n\n"
)


class Captured:
    """What verbs print within this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, list[str], list[str]]:
        code = main(words)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in err
        return code, out.splitlines(), err.splitlines()


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def types(
    var: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Captured]:
    """Types verbs as Ann, to a server in a thread."""
    server = Server(ServerConfig(var, port=0, auth="open"), LocalStore(var))
    serving = Serving(server)
    serving.start()
    monkeypatch.setenv("NIMSG_SERVER", f"127.0.0.1:{server.port}")
    monkeypatch.setenv("NIMSG_USER", "ann")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(var))
    yield Captured(capsys)
    serving.stop()


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "old.mbox"
    path.write_text("".join(MBOX.format(name) for name in ("first", "second", "first")))
    return path


def test_x16_mail_comes_in_is_found_and_goes_out(
    types: Captured, box: Path, tmp_path: Path
) -> None:
    code, out, _ = types("import", str(box))
    assert (code, out) == (
        0,
        [
            "message 3: is a duplicate of message 1 <first@old.example>",
            "3 read: 2 stored, 0 there before, 1 duplicate, 0 not taken",
        ],
    )
    code, out, _ = types("search", "text", "--from", "zoe", "--until", "2010-01-01")
    assert code == 0
    assert [line.strip() for line in out[2::2]] == ["text of second", "text of first"]
    code, out, err = types("search", "text", "-n", "1")
    assert (len(out), err) == (3, ["(there is more: --limit)"])
    _, out, _ = types("search", "text", "-n", "0", "--json")
    assert len(out) == 2
    assert types("search", "nowhere") == (1, [], ["Nothing found."])
    _, out, _ = types("thread", "i1")
    assert out[1].endswith("first")
    assert out[2].endswith("└─> second")
    _, out, _ = types("thread", "i2", "--json")
    assert {json.loads(line)["schema"] for line in out} == {"nimsg.inbox/1"}
    code, _, err = types("export", str(tmp_path / "out.jsonl"))
    assert (code, err) == (0, ["2 exported."])
    rows = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(row)["message"] for row in rows] == [
        "text of first\n",
        "text of second\n",
    ]
    _, out, _ = types("export", str(tmp_path / "out.mbox"), "--box", "inbox", "--json")
    assert json.loads(out[0])["written"] == 2


def test_x16_what_was_not_opened_is_left_out(types: Captured, tmp_path: Path) -> None:
    types("send", "bob", "-m", "to Bob")
    types("send", "ann", "--user", "bob", "-m", "to Ann", "-s", "s")
    _, out, err = types("export", "-", "--format", "jsonl")
    assert [json.loads(line)["message"] for line in out] == ["to Bob"]
    assert err[0] == "1 exported."
    assert err[1].startswith("(1 not opened yet left out")
    assert f"\n{err[1]}\n" in (TOP / "docs" / "cli.md").read_text("utf-8")
    _, out, _ = types("export", "-", "--format", "jsonl", "--open", "--domain", "x.org")
    assert json.loads(out[0])["from"] == "bob@x.org"
    _, out, _ = types("status", "o1", "--user", "bob", "--json")
    assert "opened_at" in out[0]
    code, _, err = types("export", str(tmp_path / "what"))
    assert (code, "--format" in err[0]) == (2, True)


def test_x16_the_owner_of_the_store_moves_mail_of_accounts(
    types: Captured, var: Path, box: Path, tmp_path: Path
) -> None:
    types("register", "ann")
    names = tmp_path / "map"
    names.write_text("ann@old.example ann\n")
    words = ("import", str(box), "--var", str(var))
    assert types(*words)[0] == 2
    code, out, _ = types(*words, "--map", str(names), "--json")
    assert code == 0
    assert json.loads(out[-1])["stored"] == 2
    out_file = tmp_path / "ann.jsonl"
    words = ("export", str(out_file), "--var", str(var))
    assert types(*words)[0] == 2
    assert types(*words, "--of", "ann")[0] == 0
    assert len(out_file.read_text("utf-8").splitlines()) == 2


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_x16_a_name_on_the_map_that_is_no_account_is_named_first(
    types: Captured, var: Path, box: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    for name in ("ann", "gone"):
        types("register", name, "--user", name)
    names = tmp_path / "map"
    words = ("import", str(box), "--var", str(var), "--map", str(names), *more)
    names.write_text("ann@old.example ann\n\nx@old.example nobody\n")
    code, out, err = types(*words)
    assert (code, out) == (78, [])
    assert err == [
        f"nimsg: {names}, line 3: there is no account nobody; make it with "
        f"nimsg user add nobody --var {var}"
    ]
    types("user", "remove", "gone", "--var", str(var))
    names.write_text("ann@old.example ann\ny@old.example gone\n")
    code, _, err = types(*words)
    assert (code, "line 2: there is no account gone" in err[0]) == (78, True)
    names.write_text("ann@old.example ann\n")
    assert types(*words)[0] == 0


def test_x16_another_mail_under_the_same_id_is_no_failure(
    types: Captured, box: Path
) -> None:
    types("import", str(box))
    box.write_text(MBOX.format("first").replace("text of", "another text of"))
    code, out, _ = types("import", str(box))
    assert (code, out[-1]) == (
        0,
        "1 read: 0 stored, 1 there before, 0 duplicate, 0 not taken",
    )
    assert "with another text or other headers" in out[0]


def test_s2_18_a_store_is_checked_backed_up_and_made_anew(
    types: Captured, var: Path, tmp_path: Path
) -> None:
    types("send", "bob", "-m", "one")
    code, out, _ = types("backup", str(tmp_path / "copy"), "--var", str(var))
    assert code == 0, out
    code, out, _ = types("check", "--var", str(tmp_path / "copy"))
    assert (code, out) == (
        0,
        [
            "2 accounts, 1 message, 0 ledger lines",
            "There is no index; the next start makes it anew from the files.",
            "The files and the ledger's chain are sound.",
        ],
    )
    _, out, _ = types("check", "--var", str(tmp_path / "copy"), "--json")
    assert json.loads(out[0])["indexed"] is False
    code, out, _ = types("check", "--rebuild", "--var", str(tmp_path / "copy"))
    assert code == 0
    assert out == ["The index was made anew: 2 accounts, 1 message, 0 ledger lines."]
    (path,) = (tmp_path / "copy").glob("messages/*/*/*/*.json")
    path.write_text("{")
    code, out, _ = types("check", "--rebuild", "--var", str(tmp_path / "copy"))
    assert code == 74
    assert "is in quarantine" in out[1]
    assert out[-1] == "The old index was kept in quarantine/index-1."
    words = ("check", "--rebuild", "--var", str(tmp_path / "copy"), "--json")
    code, out, _ = types(*words)
    assert (code, json.loads(out[-1])["schema"]) == (0, "nimsg.rebuild/1")
    code, out, _ = types("check", "--var", str(tmp_path / "copy"))
    assert code == 0
    assert out[-2:] == [
        "1 loss of earlier: see quarantine/lost.jsonl",
        "Files, ledger and index agree.",
    ]
    _, out, _ = types("check", "--var", str(var), "--json")
    assert json.loads(out[-1])["problems"] == 0
    assert types("check", "--rebuild", "--var", str(var))[0] == 75
    assert types("check", "--rebuild", "--var", str(tmp_path))[0] == 78


def test_s2_18_what_was_given_up_without_a_file_is_printed_and_no_failure(
    types: Captured, var: Path, tmp_path: Path
) -> None:
    for text in ("one", "two"):
        types("send", "ann", "-m", text, "--user", "bob")
    types("open", "i1")
    types("open", "i2")
    copy = tmp_path / "copy"
    types("backup", str(copy), "--var", str(var))
    next(copy.glob("messages/*/*/*/*.json")).unlink()
    (day,) = copy.glob("ledger/*")
    day.write_bytes(day.read_bytes()[:-9])
    code, out, _ = types("check", "--rebuild", "--var", str(copy))
    assert code == 0, out
    assert [line for line in out if "given up" in line]
    assert [line for line in out if "ledger" in line][1:]

"""Mail of other systems comes in, is found, and goes out again as it came."""

import json
import mailbox
import os
import re
import signal
from contextlib import closing
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from nimsg.client import answers
from nimsg.protocol.constants import limit
from nimsg.store.check import check_store
from tests.e2e.conftest import NewTown, Town
from tests.support.corpus import OWN, SHARED
from tests.support.people import Person, ended, inner
from tests.support.process import ServerProcess, environment


CORPUS = SHARED / "mailing-list.mbox"
FIXTURE = OWN / "mailing-list.mbox"
# A file of one mail, well-formed by RFC 4155.
ONE = (
    "From x Thu Jan  1 00:00:00 2009\n"
    "From: Ann <ann@old.example>\nTo: bob@old.example\nSubject: {subject}\n"
    "Date: Tue, 17 Nov 2009 21:28:37 +0600\nMessage-ID: <{id}@old.example>\n\n"
    "{text}\n\n"
)


def mails(*texts: str) -> str:
    """An mbox of so many mails."""
    return "".join(
        ONE.format(subject=f"subject {text}", id=text, text=f"text of {text}")
        for text in texts
    )


def sums(person: Person, *words: str) -> list[int]:
    """Read, stored, there before, duplicate, not taken."""
    row = person.types("import", "--json", *words).objects[-1]
    names = ("read", "stored", "known", "duplicate", "refused")
    return [answers.number(row, name) for name in names]


def first_text(mail: Message) -> str:
    """The first text part, as the importer is to take it."""
    for part in mail.walk():
        if part.get_content_type() == "text/plain" and not part.is_multipart():
            data = part.get_payload(decode=True)
            assert isinstance(data, bytes)
            try:
                text = data.decode(part.get_content_charset() or "ascii")
            except (LookupError, UnicodeDecodeError):
                text = _by_force(data)
            return text.replace("\r\n", "\n")
    return ""


def _by_force(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


class Shown(NamedTuple):
    """Subject, date and text of a mail as Python's mailbox gives them."""

    subject: str
    at: float | None
    text: str


def shown(mail: Message) -> Shown:
    """What is to be the same before and after."""
    subject = str(make_header(decode_header(mail["subject"] or "")))
    at = parsedate_to_datetime(mail["date"]).timestamp() if mail["date"] else None
    subject = " ".join(subject.split())[: limit("subject_chars")]
    return Shown(subject.rstrip(), at, first_text(mail))


def read_box(path: Path, form: str = "mbox") -> dict[str, Shown]:
    """Every mail of a box by its Message-ID."""
    if form == "maildir":
        with closing(mailbox.Maildir(path, create=False)) as folder:
            return {id_of(mail): shown(mail) for mail in folder}
    with closing(mailbox.mbox(path, create=False)) as box:
        return {id_of(mail): shown(mail) for mail in box}


def id_of(mail: Message) -> str:
    """The Message-ID, empty where there is none."""
    return str(mail["message-id"] or "")


@pytest.fixture(scope="module")
def importer(town: Town) -> Person:
    """Somebody with an account in the module's town."""
    return town.settler("importer")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("own", FIXTURE, [6, 5, 0, 0, 1]), id="own"),
        pytest.param(
            ("corpus", CORPUS, [53, 52, 0, 1, 0]), id="corpus", marks=pytest.mark.slow
        ),
    ],
)
def imported(
    request: pytest.FixtureRequest, town: Town
) -> tuple[Path, list[int], Person]:
    """A mailing list, imported by somebody of its own."""
    name, path, expected = request.param
    if not path.exists():
        pytest.skip(f"{path} is not here")
    person = town.settler(f"reader-{name}")
    assert sums(person, str(path)) == expected
    return path, expected, person


Imported = tuple[Path, list[int], Person]


def test_x16_a_second_import_adds_nothing(imported: Imported) -> None:
    path, (read, stored, _, duplicate, refused), person = imported
    assert sums(person, str(path)) == [read, 0, stored, duplicate, refused]


def test_x16_what_was_imported_is_no_new_mail(imported: Imported) -> None:
    _, (_, stored, *_), person = imported
    assert person.types("client", "--once").code == 1
    assert len(person.gets("inbox", "--all", "-n", "0", "--json").objects) == stored
    assert person.gets("outbox", "--all", "--json").objects == []


def test_s2_16_each_imported_message_is_found_by_search(imported: Imported) -> None:
    path, (_, stored, *_), person = imported
    wanted = read_box(path)
    found = person.gets("search", "--state", "imported", "-n", "0", "--json").objects
    origins = [inner(inner(row, "inbox"), "origin") for row in found]
    assert len(origins) == stored
    for origin in origins:
        mail = wanted[answers.text(origin, "message_id")]
        text = f"{mail.subject} {mail.text}"
        words = [word for word in text.split() if word.isalnum()][:9]
        rows = person.gets("search", *words, "-n", "0", "--json").objects
        hits = [inner(inner(row, "inbox"), "origin")["message_id"] for row in rows]
        assert origin["message_id"] in hits


@pytest.mark.parametrize("form", ["mbox", "maildir", "jsonl"])
def test_x16_an_export_is_read_back_as_it_was(
    imported: Imported, form: str, tmp_path: Path
) -> None:
    path, (_, stored, *_), person = imported
    out = tmp_path / f"out.{form}"
    person.gets("export", str(out), "--format", form)
    wanted = read_box(path)
    if form == "jsonl":
        rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        texts = {row["message_id"]: row["message"] for row in rows}
        assert len(rows) == stored
        assert texts == {id_: wanted[id_].text for id_ in texts}
        return
    found = read_box(out, form)
    assert len(found) == stored
    assert found == {id_: wanted[id_] for id_ in found}


def test_x16_answers_are_threads(importer: Person, tmp_path: Path) -> None:
    box = tmp_path / "list.mbox"
    answer = mails("child").replace("Date:", "In-Reply-To: <parent@old.example>\nDate:")
    box.write_text(mails("parent") + answer)
    assert sums(importer, str(box))[:2] == [2, 2]
    (row,) = importer.gets("search", "child", "--json").objects
    id_ = answers.text(inner(row, "inbox"), "id")
    lines = importer.gets("thread", id_).lines
    assert ["subject parent" in lines[1], "└─> subject child" in lines[2]] == [True] * 2


def test_x16_a_truncated_mbox_is_completed_by_a_second_run(
    importer: Person, tmp_path: Path
) -> None:
    box = tmp_path / "cut.mbox"
    whole = mails("cut-1", "cut-2", "cut-3")
    box.write_text(whole[:-9])
    first = importer.types("import", str(box))
    assert first.code == 4
    assert "message 3: not taken:" in first.out
    assert "3 read: 2 stored, 0 there before, 0 duplicate, 1 not taken" in first.out
    box.write_text(whole)
    assert sums(importer, str(box)) == [3, 1, 2, 0, 0]


def test_x16_unreadable_files_of_a_maildir_are_named(
    importer: Person, tmp_path: Path
) -> None:
    box = tmp_path / "Mail"
    for folder in ("new", "cur", "tmp"):
        (box / folder).mkdir(parents=True)
    for name in ("md-1", "md-2"):
        text = mails(name).partition("\n")[2]
        (box / "cur" / f"{name}:2,S").write_text(text)
    (box / "new" / "gone").symlink_to(tmp_path / "nowhere")
    (box / "new" / "folder").mkdir()
    first = importer.types("import", str(box))
    assert first.code == 4
    assert "new/gone: not taken:" in first.out
    assert "new/folder: not taken:" in first.out
    assert "4 read: 2 stored" in first.out
    (box / "new" / "gone").unlink()
    (box / "new" / "folder").rmdir()
    (box / "new" / "gone").write_text(mails("md-3").partition("\n")[2])
    assert sums(importer, str(box)) == [3, 1, 2, 0, 0]


def test_x16_a_broken_line_of_jsonl_is_named(importer: Person, tmp_path: Path) -> None:
    lines = [
        json.dumps({"from": "a@b.example", "subject": f"line {n}", "message": "x"})
        for n in range(1, 11)
    ]
    box = tmp_path / "some.jsonl"
    box.write_text("\n".join([*lines[:6], lines[6][:-5], *lines[7:]]) + "\n")
    first = importer.types("import", str(box))
    assert first.code == 4
    assert [line for line in first.lines if line.startswith("line 7: not taken:")]
    assert "10 read: 9 stored" in first.out
    box.write_text("\n".join(lines) + "\n")
    assert sums(importer, str(box)) == [10, 1, 9, 0, 0]


def test_x16_a_dry_run_stores_nothing(importer: Person, tmp_path: Path) -> None:
    box = tmp_path / "dry.mbox"
    box.write_text(mails("dry"))
    assert importer.gets("import", "-n", str(box)).out.startswith("1 read: 1 could")
    assert importer.types("search", "dry").code == 1


def test_x16_unopened_mail_is_left_out_of_an_export(town: Town, tmp_path: Path) -> None:
    ann, bob = town.settler("exp-ann"), town.settler("exp-bob")
    id_ = ann.sends("exp-bob", "-s", "secret", "-m", "From here\nto there")
    done = bob.gets("export", str(tmp_path / "one.mbox"))
    assert "0 exported." in done.err
    assert "1 not opened yet" in done.err
    assert "opened_at" not in ann.gets("status", id_, "--json").out
    bob.gets("export", str(tmp_path / "two.mbox"), "--open")
    assert "opened_at" in ann.gets("status", id_, "--json").out
    with closing(mailbox.mbox(tmp_path / "two.mbox", create=False)) as box:
        (mail,) = box
        assert (mail["from"], mail["subject"]) == ("exp-ann@nimsg.invalid", "secret")
        assert first_text(mail) == "From here\nto there"


def test_x16_the_admin_imports_for_accounts_with_and_without_a_server(
    new_town: NewTown, tmp_path: Path
) -> None:
    town = new_town()
    ann, bob = town.settler("ann"), town.settler("bob")
    box, names = tmp_path / "old.mbox", tmp_path / "map"
    box.write_text(mails("mapped-1") + mails("mapped-2").replace("bob@", "eve@"))
    names.write_text("# who is who\nann@old.example ann\nBob@old.example bob\n")
    words = ("import", str(box), "--var", str(town.server.var), "--map", str(names))
    assert ann.gets(*words).out.endswith(
        "2 read: 2 stored, 0 there before, 0 duplicate, 0 not taken\n"
    )
    (row,) = bob.gets("inbox", "--all", "--json").objects
    assert (row["from"], row["subject"]) == ("ann", "subject mapped-1")
    assert len(ann.gets("outbox", "--all", "--json").objects) == 1
    assert bob.types("client", "--once").code == 1
    town.server.stop()
    assert ", 2 there before," in ann.gets(*words).out
    out = tmp_path / "bob.mbox"
    ann.gets("export", str(out), "--var", str(town.server.var), "--of", "bob")
    with closing(mailbox.mbox(out, create=False)) as found:
        (mail,) = found
        assert mail["from"] == "Ann <ann@old.example>"
        assert mail["date"] == "Tue, 17 Nov 2009 21:28:37 +0600"
    assert check_store(town.server.var).problems == []


@pytest.mark.slow
def test_x16_a_full_disk_breaks_an_import_off_and_a_second_run_completes_it(
    tmp_path: Path,
) -> None:
    env = environment(tmp_path)
    box = tmp_path / "many.mbox"
    box.write_text(mails(*(f"full-{number}" for number in range(300))))
    free = os.statvfs(tmp_path)
    most = free.f_bavail * free.f_frsize // 2**20 + 2**20
    var = tmp_path / "var"
    with ServerProcess(var, "--auth", "open", "--min-free", str(most), env=env) as full:
        ann = Person("ann", tmp_path, full.address)
        done = ann.types("import", str(box))
    assert done.code == 75
    assert "0 stored" in done.out
    assert "import it again" in done.err
    with ServerProcess(var, "--auth", "open", env=env) as server:
        ann = Person("ann", tmp_path, server.address)
        assert sums(ann, str(box)) == [300, 300, 0, 0, 0]
    assert check_store(var).problems == []


@pytest.mark.slow
def test_s1_18_an_import_goes_on_when_the_server_was_killed(tmp_path: Path) -> None:
    env = environment(tmp_path)
    box, var = tmp_path / "many.mbox", tmp_path / "var"
    box.write_text(mails(*(f"kill-{number}" for number in range(3000))))
    with ServerProcess(var, "--auth", "open", env=env) as first:
        ann = Person("ann", tmp_path, first.address)
        typing = ann.begins("import", str(box), "--connect-wait", "30")
        while sum(1 for _ in var.glob("messages/*/*/*/*.json")) < 100:
            assert typing.poll() is None
        first.kill()
        port = str(first.port)
    with ServerProcess(var, "--auth", "open", "--port", port, env=env):
        done = ended(typing)
        assert done.code == 0
        assert "3000 read:" in done.out
        assert len(ann.gets("inbox", "-a", "-n", "0", "--json").lines) == 3000
    assert check_store(var).problems == []


@pytest.mark.parametrize(("lost", "code"), [(True, 69), (False, 130)])
def test_s1_18_an_import_that_breaks_off_tells_how_far_it_came(
    tmp_path: Path, *, lost: bool, code: int
) -> None:
    env = environment(tmp_path)
    box, var = tmp_path / "many.mbox", tmp_path / "var"
    box.write_text(mails(*(f"cut-{number}" for number in range(3000))))
    with ServerProcess(var, "--auth", "open", env=env) as server:
        ann = Person("ann", tmp_path, server.address)
        typing = ann.begins("import", str(box), "--connect-wait", "0")
        while sum(1 for _ in var.glob("messages/*/*/*/*.json")) < 100:
            assert typing.poll() is None
        if lost:
            server.kill()
        else:
            typing.send_signal(signal.SIGINT)
        done = ended(typing)
    assert done.code == code, done
    read, stored = (
        int(word) for word in re.findall(r"(\d+) (?:read|stored)", done.out)
    )
    assert 0 < stored <= read < 3000
    assert "Import it again to go on: nothing is stored twice." in done.err


def test_x16_an_archive_may_come_from_the_standard_input(importer: Person) -> None:
    assert importer.types("import", "-").code == 2
    done = importer.gets("import", "-", "--format", "mbox", stdin=mails("in").encode())
    assert "1 read: 1 stored" in done.out

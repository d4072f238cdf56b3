"""What people do from one end to the other, as they would type it."""

import hashlib

import pytest

from tests.e2e.conftest import Town
from tests.support.people import (
    Person,
    ids,
    inner,
    inners,
)


BODIES = {
    "plain": b"Please have a look before noon.",
    "lines": b"one\ntwo\n\nfour\n",
    "windows": b"one\r\ntwo\r\n",
    "unicode": "Grüße — 東京 👩‍👩‍👧‍👦 e\u0301".encode(),
    "controls": b"\x00\x1b[31mred\x1b[0m\x07\x08\x7f \xc2\x9b31m",
    "spaces": b"  \t \n ",
    "largest": b"x" * 65_536,
}


@pytest.fixture(scope="module")
def ann(town: Town) -> Person:
    return town.settler("ann")


@pytest.fixture(scope="module")
def bob(town: Town) -> Person:
    return town.settler("bob")


# -- sending and reading


@pytest.mark.parametrize("name", BODIES)
def test_s0_16_a_body_comes_back_byte_by_byte(
    town: Town, ann: Person, bob: Person, name: str
) -> None:
    body = BODIES[name]
    file = town.folder / name
    file.write_bytes(body)
    sent = [ann.sends("bob", "-f", str(file)), ann.sends("bob", stdin=body)]
    if name in ("plain", "unicode", "lines"):
        sent.append(ann.sends("bob", "-m", body.decode()))
    if name == "largest":
        sent.append(ann.sends("bob", "-f", "-", stdin=body))

    for id_ in sent:
        assert bob.gets("open", id_, "--raw").out.encode() == body


def test_s0_7_the_sender_sees_when_it_was_read(ann: Person, bob: Person) -> None:
    id_ = ann.sends("bob", "-s", "node7", "-m", "full")
    (before,) = [
        row for row in ann.gets("outbox", "--json").objects if row["id"] == id_
    ]
    assert inners(before, "receipts")[0]["state"] == "stored"

    opened = bob.gets("open", id_)
    receipt = inner(bob.gets("open", id_, "--json").object, "receipt")

    assert opened.lines[0] == "From:     ann"
    assert opened.lines[2] == "Subject:  node7"
    assert opened.lines[-1] == "full"
    assert opened.err == "(ann sees that you opened this)\n"
    rows = ann.gets("outbox", "--all", "--json").objects
    (after,) = [row for row in rows if row["id"] == id_]
    assert inners(after, "receipts")[0]["opened_at"] == receipt["opened_at"]
    assert id_ not in ids(ann.gets("outbox", "--json").objects)
    assert receipt["opened_by"] == "headless"


def test_s0_13_boxes_name_people_subjects_and_times(town: Town) -> None:
    cyd, dan = town.settler("cyd"), town.settler("dan")
    assert cyd.gets("inbox").err == "No mail yet.\n"
    assert cyd.gets("outbox").err == "Nothing sent yet.\n"
    dan.sends("cyd", "-s", "first", "-m", "1")
    dan.sends("cyd", "ann", "-s", "second", "-m", "2")

    inbox, outbox = cyd.gets("inbox").lines, dan.gets("outbox").lines
    assert [line.split()[:3] for line in inbox] == [
        ["No", "From", "Sent"],
        ["N", "i2", "dan"],
        ["N", "i1", "dan"],
    ]
    assert [line.split()[-1] for line in inbox] == ["Subject", "second", "first"]
    assert [line.split()[0] for line in outbox] == ["No", "o2", "o1"]
    assert "cyd +1" in outbox[1]
    assert "0/2 read" in outbox[1]

    cyd.gets("open", "i1")
    cyd.gets("open", "i2")
    assert cyd.gets("inbox").err == "No new mail; 2 older: nimsg inbox --all\n"
    assert len(cyd.gets("inbox", "--all").lines) == 3
    assert "1/2 read" in dan.gets("outbox").lines[1]
    assert (
        cyd.gets("inbox", "--all", "-n", "1").err == "1 of 2; see more with --limit\n"
    )


def test_s0_21_a_message_is_found_by_the_md5_of_its_body(
    ann: Person, bob: Person
) -> None:
    body = "look me up"
    md5 = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    ann.sends("bob", "-s", "old", "-m", body)
    newest = ann.sends("bob", "-s", "new", "-m", body)

    found = bob.gets("open", "--md5", md5.upper(), "--json").object
    assert (found["id"], found["hash"], found["body"]) == (newest, md5, body)

    missing = bob.types("open", "--md5", "0" * 32)
    assert (missing.code, missing.out) == (4, "")
    assert "no message of yours has a body with this md5" in missing.err
    for wrong in ("", "x", md5[:-1], md5 + "0", "g" * 32):
        refused = bob.types("open", "--md5", wrong)
        assert (refused.code, refused.out) == (2, "")
        assert "32 hex digits" in refused.err


def test_s0_19_others_neither_see_nor_touch_a_message(
    town: Town, ann: Person, bob: Person
) -> None:
    eve = town.settler("eve")
    id_ = ann.sends("bob", "-m", "between us")

    assert eve.gets("inbox", "--all", "--json").objects == []
    for verb in ("open", "status", "ack", "recall", "delete", "wait"):
        done = eve.types(verb, id_)
        assert (done.code, done.out) == (4, "")
        assert done.err == "nimsg: no message of yours has this id\n"
    assert eve.types("open", "01HF0000000000000000000000").code == 4
    assert bob.gets("open", id_, "--raw").out == "between us"


def test_n1_the_ladder_is_climbed_rung_by_rung(ann: Person, bob: Person) -> None:
    id_ = ann.sends("bob", "-m", "climb")

    def state() -> object:
        (receipt,) = inners(ann.gets("status", id_, "--json").object, "receipts")
        return receipt["state"]

    assert state() == "stored"
    bob.gets("inbox")
    assert state() == "fetched"
    bob.gets("open", id_)
    assert state() == "opened"
    bob.gets("ack", id_)
    assert state() == "acked"

    shown = ann.gets("status", id_).lines
    assert shown[0] == id_
    assert shown[1].startswith("from ann, sent 20")
    assert shown[-1].split()[:2] == ["bob", "acked"]
    assert bob.gets("ack", id_, "--json").object["id"] == id_


def test_n7_a_recall_before_opening_is_certain(ann: Person, bob: Person) -> None:
    id_ = ann.sends("bob", "-s", "oops", "-m", "secret")
    done = ann.gets("recall", id_)

    assert done.out.startswith("bob: recalled 20")
    opened = bob.types("open", id_)
    assert (opened.code, opened.out) == (5, "")
    assert "recalled" in opened.err
    (row,) = [r for r in bob.gets("inbox", "--all", "--json").objects if r["id"] == id_]
    assert row["subject"] == ""
    assert inner(row, "receipt")["state"] == "recalled"
    assert "(recalled " in bob.gets("inbox", "--all").out
    assert ann.gets("open", id_, "--raw").out == "secret"
    assert ann.gets("recall", id_, "--json").object["complete"] is True


def test_n7_a_recall_after_opening_comes_too_late_and_says_when(
    ann: Person, bob: Person
) -> None:
    id_ = ann.sends("bob", "-m", "seen")
    bob.gets("open", id_)
    done = ann.types("recall", id_)

    assert done.code == 4
    assert done.out.startswith("bob: too late, opened 20")
    assert bob.gets("open", id_, "--raw").out == "seen"


def test_n7_a_recall_from_several_says_what_it_came_to_for_each(
    town: Town, ann: Person, bob: Person
) -> None:
    fay = town.settler("fay")
    id_ = ann.sends("bob", "fay", "-m", "all of you")
    fay.gets("open", id_)
    done = ann.types("recall", id_)

    assert done.code == 4
    assert [line.split(":")[0] for line in done.lines] == ["bob", "fay"]
    assert "recalled" in done.lines[0]
    assert "too late" in done.lines[1]
    assert bob.types("open", id_).code == 5


def test_what_is_deleted_is_gone_for_who_deleted_it(ann: Person, bob: Person) -> None:
    one, two = ann.sends("bob", "-m", "one"), ann.sends("bob", "-m", "two")
    bob.gets("open", one)
    assert bob.gets("delete", one, two).out == ""

    assert not {one, two} & set(ids(bob.gets("inbox", "--all", "--json").objects))
    for verb in ("open", "status", "ack", "delete"):
        assert bob.types(verb, one).code == 4
    assert ann.gets("open", one, "--raw").out == "one"
    assert {one, two} <= set(ids(ann.gets("outbox", "--all", "--json").objects))
    ann.gets("delete", one)
    assert ann.types("open", one).code == 4


def test_a_reply_names_what_it_answers(ann: Person, bob: Person) -> None:
    id_ = ann.sends("bob", "-s", "question", "-m", "?")
    (row,) = [r for r in bob.gets("inbox", "--json").objects if r["id"] == id_]
    reply = bob.sends("ann", "--reply-to", f"i{row['position']}", "-m", "!")
    found = ann.gets("open", reply)

    assert f"Answers:  {id_}" in found.lines
    refused = bob.types("send", "ann", "--reply-to", "i99999", "-m", "!")
    assert (refused.code, refused.out) == (4, "")
    assert "there is no message i99999 in your inbox" in refused.err


def test_s1_5_who_is_unknown_is_told_and_the_others_get_it(
    ann: Person, bob: Person
) -> None:
    done = ann.gets("send", "bob", "nobody", "-m", "to two")

    assert bob.gets("open", done.out.strip(), "--raw").out == "to two"
    assert done.err == "nimsg: not sent to nobody: there is no such user\n"
    for to in (["nobody"], ["nobody", "noone"]):
        refused = ann.types("send", *to, "-m", "to none")
        assert (refused.code, refused.out) == (4, "")
        assert f"there is no such user: {', '.join(to)}; nothing was" in refused.err
    itself = ann.types("send", "ann", "-m", "to me")
    assert (itself.code, itself.err) == (4, "nimsg: you cannot send to yourself\n")


def test_a_message_sent_again_under_its_name_is_stored_once(
    ann: Person, bob: Person
) -> None:
    words = ("send", "bob", "--client-id", "nightly-7", "--json")
    first = ann.gets(*words, "-m", "done").object
    again = ann.gets(*words, "-m", "done").object
    other = ann.types(*words, "-m", "failed")

    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert again["id"] == first["id"]
    assert (other.code, other.out) == (4, "")
    assert "another message was sent under this client_id" in other.err
    assert ids(bob.gets("inbox", "--json").objects).count(str(first["id"])) == 1


# -- the check for prompts and scripts


def test_s0_5_once_says_whether_there_is_new_mail_until_it_is_opened(
    town: Town, ann: Person
) -> None:
    gus = town.settler("gus")
    nothing = gus.types("client", "--once")
    assert (nothing.code, nothing.out, nothing.err) == (1, "", "")
    assert gus.types("client", "--once", "-q").code == 1

    id_ = ann.sends("gus", "-s", "news", "-m", "text")
    for _ in range(2):
        listed = gus.gets("client", "--once")
        assert listed.lines[1].split()[:3] == ["N", "i1", "ann"]
        assert "text" not in listed.out
        quiet = gus.gets("client", "--once", "-q")
        assert (quiet.out, quiet.err) == ("", "")

    gus.gets("open", id_)
    assert gus.types("client", "--once").code == 1
    assert gus.types("client", "--once", "-q").code == 1


@pytest.mark.parametrize("end", ["ack", "delete"])
def test_n1_mail_that_was_acked_or_deleted_is_not_new(
    town: Town, ann: Person, end: str
) -> None:
    reader = town.settler(f"reader-{end}")
    id_ = ann.sends(reader.name, "-m", "text")
    assert reader.types("client", "--once").code == 0
    reader.gets(end, id_)

    assert reader.types("client", "--once").code == 1


def test_n1_the_quiet_check_marks_nothing(town: Town, ann: Person) -> None:
    hal = town.settler("hal")
    id_ = ann.sends("hal", "-m", "text")
    hal.gets("client", "--once", "-q")

    (receipt,) = inners(ann.gets("status", id_, "--json").object, "receipts")
    assert receipt["state"] == "stored"


def test_n1_only_open_marks_as_opened(town: Town, ann: Person) -> None:
    ida = town.settler("ida")
    sent = [ann.sends("ida", "-s", f"s{n}", "-m", f"body {n}") for n in range(3)]
    rows = ida.gets("client", "--once", "--json").objects
    assert ids(rows) == sent[::-1]
    opened = ida.gets("client", "--once", "--open")

    assert [line for line in opened.lines if line.startswith("body")] == [
        "body 0",
        "body 1",
        "body 2",
    ]
    assert ida.types("client", "--once", "--open").code == 1
    ann.sends("ida", "-m", "last")
    assert ida.gets("client", "--once", "--open", "--json").object["body"] == "last"


@pytest.mark.parametrize(
    "words",
    [("--open",), ("-q",), ("--once", "--open", "-q"), ("1", "0x"), ("a", "b", "c")],
)
def test_c20_a_check_that_makes_no_sense_is_a_usage_error(
    ann: Person, words: tuple[str, ...]
) -> None:
    done = ann.types("client", *words)

    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("form", ["{host}:{port}", "{host} {port}", "{port}"])
def test_s1_11_the_server_is_named_in_three_ways(
    town: Town, ann: Person, form: str
) -> None:
    words = form.format(host="localhost", port=town.server.port).split()
    done = ann.types("client", *words, "--once", NIMSG_SERVER="127.0.0.1:1")

    assert done.code in (0, 1), done


def test_s0_7_each_box_says_so_when_nothing_is_in_it(town: Town, ann: Person) -> None:
    joe = town.settler("joe")
    assert joe.gets("inbox").err == "No mail yet.\n"
    assert joe.gets("outbox").err == "Nothing sent yet.\n"
    ann.sends("joe", "-s", "hello", "-m", "x")
    joe.sends("ann", "-s", "goodbye", "-m", "x")
    received, sent = joe.gets("inbox").out, joe.gets("outbox").out

    assert "hello" in received
    assert "goodbye" not in received
    assert "goodbye" in sent
    assert "hello" not in sent

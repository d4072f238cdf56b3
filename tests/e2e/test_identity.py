"""Who somebody is: passwords, tokens, names, and accounts by the folder's owner."""

import re
from pathlib import Path

import pytest

from nimsg.errors import Exit
from tests.e2e.conftest import NewTown, Town
from tests.support.people import (
    PASSWORD,
    Person,
    Typed,
    ended,
    secret_file,
    typed,
)
from tests.support.process import environment
from tests.support.terminal import Terminal


@pytest.fixture(scope="module")
def ann(town: Town) -> Person:
    return town.resident("ann")


# -- who somebody is


def test_s1_2_an_account_is_made_with_a_password_from_the_environment(
    town: Town,
) -> None:
    kim = town.person("kim")
    assert kim.types("inbox").code == 77
    done = kim.gets("register", "kim")

    assert done.out == ""
    assert done.err == f"kim has an account at {town.server.address} now.\n"
    assert kim.gets("inbox").code == 0


def test_s4_4_a_name_is_given_once_and_to_nobody_alike(town: Town) -> None:
    town.resident("lea")
    for name in ("lea", "LEA", "Lea"):
        done = town.person(name).types("register")
        assert (done.code, done.out) == (4, "")
        assert "is taken" in done.err
    for name, code in (("admin", 4), ("Server", 4), ("a b", 2), ("ü", 2), ("", 2)):
        done = town.person("lea").types("register", name, NIMSG_USER="")
        assert (done.code, done.out) == (code, "")
        assert done.err.startswith("nimsg: ")


def test_c4_the_case_of_a_name_counts_at_login(town: Town) -> None:
    town.resident("max")

    assert town.person("Max").types("inbox").code == 77


def test_s1_3_a_password_of_seven_characters_is_too_short(town: Town) -> None:
    done = town.person("ned").types("register", NIMSG_PASSWORD="1234567")

    assert (done.code, done.out) == (2, "")
    assert "at least 8 characters" in done.err


def test_a_token_stands_for_the_password(town: Town, ann: Person) -> None:
    ole = town.resident("ole")
    ended = ole.gets("token", "create", "x", "--expires", "400d")
    assert re.search(r"0600; it is good until \d{4}-\d\d-\d\d\)", ended.err)
    ole.gets("token", "revoke", str(ole.gets("token", "list", "--json").object["id"]))
    made = ole.gets("token", "create", "cron job")
    token = made.out.strip()
    assert token.startswith("nimsg_")
    assert "like a password" in made.err
    assert "it is good for ever" in made.err
    other = town.stranger("somebody-else").types("inbox", NIMSG_PASSWORD=token)
    assert (other.code, other.out) == (77, "")
    assert "the token is of ole, not of somebody-else" in other.err
    script = town.stranger("ole")
    del script.env["NIMSG_USER"]
    file = secret_file(town.folder / "token", token)

    sent = script.gets("send", ann.name, "-m", "x", "--json", NIMSG_PASSWORD=token)
    assert sent.object["to"] == [ann.name]
    shown = script.gets("client", "--password-file", str(file))
    assert shown.lines[0].startswith("-- welcome, ole")

    (row,) = ole.gets("token", "list", "--json").objects
    assert (row["label"], row["expires_at"]) == ("cron job", None)
    assert token not in str(row)
    assert "cron job" in ole.gets("token", "list").out
    ole.gets("token", "revoke", str(row["id"]))
    gone = script.types("inbox", NIMSG_PASSWORD=token)
    assert (gone.code, gone.out) == (77, "")
    assert "taken from NIMSG_PASSWORD" in gone.err
    assert ole.gets("token", "list").err == "No tokens.\n"
    assert ole.types("token", "revoke", "nonsense").code == 2
    assert ole.types("token", "revoke", "01HF0000000000000000000000").code == 4


@pytest.mark.parametrize("time", ["0", "-1h", "nan", "soon", "999999999d"])
def test_a_token_cannot_have_ended_before_it_begins(ann: Person, time: str) -> None:
    done = ann.types("token", "create", "x", f"--expires={time}")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("nimsg: ")


def test_sec_3_a_new_password_ends_the_old_one_and_all_tokens(town: Town) -> None:
    pia = town.resident("pia")
    token = pia.gets("token", "create", "x").out.strip()
    new = secret_file(town.folder / "new", "another password")
    done = pia.gets("passwd", "--new-password-file", str(new))

    assert done.out == ""
    assert "all tokens and other sessions have ended" in done.err
    assert pia.types("inbox").code == 77
    assert pia.types("inbox", NIMSG_PASSWORD=token).code == 77
    assert pia.gets("inbox", NIMSG_PASSWORD="another password").code == 0
    short = secret_file(town.folder / "short", "short")
    refused = pia.types(
        "passwd", "--new-password-file", str(short), NIMSG_PASSWORD="another password"
    )
    assert (refused.code, refused.out) == (2, "")


# -- S0-10


def test_s0_10_knowing_the_name_is_enough_where_the_server_says_so(
    new_town: NewTown, tmp_path: Path
) -> None:
    """The two lines of the README, and a message between them."""
    town = new_town("--auth", "open")
    env = environment(tmp_path, NIMSG_SERVER=town.server.address)
    people = [Person(name, tmp_path, town.server.address) for name in ("ann", "bob")]
    for person in people:
        del person.env["NIMSG_USER"]
        assert person.env == env
    ann, bob = people

    assert ann.gets("send", "bob", "-m", "hi", "--user", "ann").code == 0
    assert "-- new messages: 1" in bob.gets("client", "--user", "bob").lines
    assert bob.gets("open", "i1", "--raw", "--user", "bob").out == "hi"
    nobody = bob.types("client")
    assert (nobody.code, nobody.out) == (2, "")
    assert "--user NAME or NIMSG_USER" in nobody.err
    assert town.server.stop() == 0
    assert any("WARNING   whoever knows" in line for line in town.server.lines)


# -- accounts by who owns the folder


@pytest.mark.parametrize(
    "running",
    [
        pytest.param(True, id="running"),
        pytest.param(False, id="stopped", marks=pytest.mark.slow),
    ],
)
def test_s2_13_the_owner_of_the_folder_makes_and_closes_accounts(
    new_town: NewTown, tmp_path: Path, running: bool
) -> None:
    town = new_town("--registration", "closed")
    if not running:
        assert town.server.stop() == 0
    owner = town.stranger("owner")
    owner.env["NIMSG_VAR"] = str(tmp_path / "var")
    password = str(secret_file(tmp_path / "pw"))

    def user(*words: str) -> list[dict[str, object]]:
        done = owner.gets("user", *words)
        return [] if words[0] != "list" else done.objects

    assert owner.gets("user", "list").err == "No accounts yet: nimsg user add NAME\n"
    user("add", "rob", "--password-file", password)
    user("add", "sue", "--admin", "--password-file", password)
    user("role", "rob", "admin")
    user("role", "sue", "user")
    assert [(row["user"], row["role"]) for row in user("list", "--json")] == [
        ("rob", "admin"),
        ("sue", "user"),
    ]
    other = str(secret_file(tmp_path / "other", "another password"))
    user("passwd", "rob", "--password-file", other)
    user("remove", "sue")
    removed = user("list", "--json")[1]["removed_at"]
    assert str(removed).endswith("Z")
    assert "removed" in owner.gets("user", "list").lines[2]

    town = town if running else new_town("--registration", "closed")
    rob, sue = town.person("rob"), town.person("sue")
    assert rob.types("inbox").code == 77
    assert rob.gets("inbox", NIMSG_PASSWORD="another password").code == 0
    assert sue.types("inbox").code == 77
    closed = town.person("tom").types("register")
    assert (closed.code, closed.out) == (77, "")
    assert "nimsg user add" in closed.err


def test_s4_4_what_the_owner_of_the_folder_cannot_do_is_said(new_town: NewTown) -> None:
    town = new_town()
    town.resident("rob")
    town.resident("sue")
    owner = town.stranger("owner")
    owner.env["NIMSG_VAR"] = str(town.server.var)
    password = str(secret_file(town.folder / "pw"))
    owner.gets("user", "remove", "sue")
    for words, code, text in (
        (("add", "rob"), 4, "is taken"),
        (("add", "SUE"), 4, "is taken"),
        (("add", "a b"), 2, "printable ASCII"),
        (("passwd", "sue"), 4, "no such user"),
    ):
        done = owner.types("user", *words, "--password-file", password)
        assert (done.code, done.out) == (code, ""), done
        assert text in done.err
    assert owner.types("user", "role", "sue", "admin").code == 4
    assert owner.types("user", "remove", "nobody").code == 4
    unasked = owner.types("user", "add", "tom")
    assert (unasked.code, unasked.out) == (78, "")
    assert "--password-file FILE" in unasked.err


def test_s4_4_what_the_owner_of_the_folder_has_done_is_said(tmp_path: Path) -> None:
    env = environment(tmp_path, NIMSG_VAR=str(tmp_path / "var"))
    file = ("--password-file", str(secret_file(tmp_path / "pw")))

    assert [
        typed("user", *words, env=env)
        for words in (
            ("add", "deploy", "--admin", *file),
            ("passwd", "deploy", *file),
            ("role", "deploy", "user"),
            ("remove", "deploy"),
        )
    ] == [
        Typed(0, "", "deploy has an account now.\n"),
        Typed(
            0, "", "deploy has another password; all sessions and tokens have ended.\n"
        ),
        Typed(0, "", "deploy has the role user now.\n"),
        Typed(0, "", "deploy has no account any more; the name stays taken.\n"),
    ]


def test_what_a_person_is_told_fits_the_terminal(tmp_path: Path) -> None:
    env = environment(tmp_path, NIMSG_VAR=str(tmp_path / "var"))
    told = {
        "uninvite": ("user", "invite", "--expires", "7d"),
        "deleted; 0 refused": ("check",),
    }
    for end, words in told.items():
        with Terminal(*words, env=env, cells=60) as terminal:
            assert terminal.ends() == Exit.DONE
        assert end in " ".join(terminal.text.split())
        assert max(map(len, terminal.text.splitlines())) < 60
    piped = typed("user", "invite", "--expires", "7d", env=env)
    assert len(piped.err.splitlines()) == 1


def test_sec_9_a_new_password_ends_a_session_that_waits(new_town: NewTown) -> None:
    town = new_town()
    una, vic = town.resident("una"), town.resident("vic")
    id_ = una.sends("vic", "-m", "x")
    waiting = una.begins("wait", id_)
    owner = town.stranger("owner")
    var = str(town.server.var)
    file = str(secret_file(town.folder / "pw", "another password"))
    owner.gets("user", "passwd", "una", "--password-file", file, "--var", var)
    done = ended(waiting)

    assert done.code == 77
    assert "the name or the password is wrong" in done.err
    assert vic.gets("inbox").code == 0


# -- asked at a terminal


def test_s1_3_a_new_password_is_asked_twice_and_never_shown(town: Town) -> None:
    wil = town.stranger("wil")
    with Terminal("register", "wil", env=wil.env) as terminal:
        terminal.sees("New password for wil: ")
        assert not terminal.echoes()
        terminal.types("short")
        terminal.sees("A password has at least 8 characters; again.")
        terminal.sees("New password for wil: ")
        terminal.types("first password")
        terminal.sees("The same again: ")
        assert not terminal.echoes()
        terminal.types("other password")
        terminal.sees("The two are not the same; again.")
        terminal.sees("New password for wil: ")
        terminal.types("third password")
        terminal.sees("The same again: ")
        terminal.types("third password")

        assert terminal.ends() == 0
        assert terminal.text.endswith(
            f"wil has an account at {town.server.address} now.\n"
        )
        assert "first" not in terminal.text
        assert "third" not in terminal.text
    assert wil.types("inbox", NIMSG_PASSWORD="first password").code == 77
    assert wil.gets("inbox", NIMSG_PASSWORD="third password").code == 0


def test_c4_the_name_comes_first_and_a_wrong_password_asks_again(town: Town) -> None:
    xia = town.resident("xia")
    del xia.env["NIMSG_USER"], xia.env["NIMSG_PASSWORD"]
    with Terminal("inbox", env=xia.env) as terminal:
        terminal.sees("User: ")
        assert terminal.echoes()
        terminal.types("xia")
        terminal.sees("Password of xia: ")
        assert not terminal.echoes()
        terminal.types("wrong password")
        terminal.sees("That is not the password; 2 tries left.")
        terminal.sees("Password of xia: ")
        terminal.types(PASSWORD)
        terminal.sees("No mail yet.")

        assert terminal.ends() == 0
        assert PASSWORD not in terminal.text


def test_s2_10_three_wrong_passwords_end_the_client(town: Town) -> None:
    town.resident("yan")
    with Terminal("inbox", env=town.stranger("yan").env) as terminal:
        for _ in range(3):
            terminal.sees("Password of yan: ")
            terminal.types("wrong password")

        assert terminal.ends() == 77
        assert "too many wrong passwords; the name is locked" in terminal.text


def test_c5_an_unknown_name_is_offered_an_account(town: Town) -> None:
    zoe = town.stranger("zoe")
    with Terminal("inbox", env=zoe.env) as terminal:
        terminal.sees("zoe has no account here yet; a new password makes it.")
        for prompt in ("New password for zoe: ", "The same again: "):
            terminal.sees(prompt)
            terminal.types("a new password")
        terminal.sees("No mail yet.")
        assert terminal.ends() == 0

    assert zoe.gets("inbox", NIMSG_PASSWORD="a new password").code == 0


def test_c5_with_closed_registration_an_unknown_name_is_like_a_known_one(
    new_town: NewTown,
) -> None:
    town = new_town("--registration", "closed")
    with Terminal("inbox", env=town.stranger("zoe").env) as terminal:
        for _ in range(3):
            terminal.sees("Password of zoe: ")
            terminal.types("any password")

        assert terminal.ends() == 77


@pytest.mark.parametrize("name", ["", "a b", "ü", "x" * 33])
def test_c4_what_can_be_no_name_is_said_at_once(town: Town, name: str) -> None:
    env = town.stranger("x").env
    del env["NIMSG_USER"]
    with Terminal("inbox", env=env) as terminal:
        terminal.sees("User: ")
        terminal.types(name)
        terminal.sees("A name has 1 to 32 printable ASCII characters")
        terminal.sees("User: ")
        terminal.presses(b"\x04")

        assert terminal.ends() == 77
        assert "no name was given" in terminal.text


def test_s1_2_nobody_is_asked_under_no_input(town: Town) -> None:
    with Terminal("inbox", "--no-input", env=town.stranger("ann").env) as terminal:
        assert terminal.ends() == 78
        assert terminal.text == (
            "nimsg: no password: give --password-file FILE or NIMSG_PASSWORD, or use "
            "a\n   terminal\n"
        )


@pytest.mark.parametrize(("keys", "code"), [(b"\x03", 130), (b"\x04", 2)])
def test_term_6_giving_up_at_a_prompt_leaves_the_terminal_as_it_was(
    town: Town, ann: Person, keys: bytes, code: int
) -> None:
    with Terminal("inbox", env=town.stranger(ann.name).env) as terminal:
        terminal.sees("Password of ann: ")
        assert not terminal.echoes()
        terminal.presses(keys)

        assert terminal.ends() == code
        assert terminal.echoes()
        assert "Traceback" not in terminal.text


def test_sec_3_a_password_is_changed_at_the_terminal(town: Town) -> None:
    abe = town.resident("abe")
    with Terminal("passwd", env=town.stranger("abe").env) as terminal:
        terminal.sees("Password of abe: ")
        terminal.types(PASSWORD)
        for prompt in ("New password for abe: ", "The same again: "):
            terminal.sees(prompt)
            terminal.types("another password")

        assert terminal.ends() == 0
        assert "The password is changed" in terminal.text
    assert abe.types("inbox").code == 77
    assert abe.gets("inbox", NIMSG_PASSWORD="another password").code == 0


def test_s0_16_a_message_is_typed_at_the_terminal(town: Town, ann: Person) -> None:
    bea = town.resident("bea")
    with Terminal("send", "bea", env=ann.env) as terminal:
        terminal.sees("Write the message; Ctrl-D on an empty line ends it.")
        terminal.types("Dear Bea,")
        terminal.types("bye")
        terminal.presses(b"\x04")
        terminal.sees("(o")

        assert terminal.ends() == 0
        assert ", sent to bea)" in terminal.text
    assert bea.gets("open", "i1", "--raw").out == "Dear Bea,\nbye\n"

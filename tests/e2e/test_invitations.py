"""`--registration invite`, from the owner's shell to the new person's."""

from pathlib import Path

import pytest

from tests.e2e.conftest import NewTown, Town
from tests.support.people import Person, ended, secret_file
from tests.support.terminal import Terminal


HINT = "ask who runs the server: nimsg user invite"


def owner_of(town: Town) -> Person:
    """Who owns the folder."""
    owner = town.stranger("owner")
    owner.env["NIMSG_VAR"] = str(town.folder / "var")
    return owner


def code_of(owner: Person, *words: str) -> str:
    """A new code: all that is printed."""
    done = owner.gets("user", "invite", *words)
    (code,) = done.lines
    assert code.startswith("nimsg-invite_")
    assert code not in done.err
    assert "nimsg user uninvite " in done.err
    return code


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_s1_3_the_owner_of_the_folder_invites_and_uninvites(
    new_town: NewTown, running: bool
) -> None:
    town = new_town("--registration", "invite")
    if not running:
        assert town.server.stop() == 0
    owner = owner_of(town)
    assert owner.gets("user", "invitations").err == (
        "No invitations yet: nimsg user invite\n"
    )
    assert owner.gets("user", "invitations", "--json").out == ""
    ended_code = code_of(owner)
    bobs = code_of(owner, "--expires", "7d", "--label", "for bob")
    rows = owner.gets("user", "invitations", "--json").objects
    first = str(rows[0]["id"])
    owner.gets("user", "uninvite", first)

    assert [row["label"] for row in rows] == ["", "for bob"]
    assert {str(row["schema"]) for row in rows} == {"nimsg.invitation/1"}
    assert rows[0]["expires_at"] is None
    assert str(rows[1]["expires_at"]).endswith("Z")

    town = town if running else new_town("--registration", "invite")
    refused = town.person("bob").types("register", NIMSG_INVITATION=ended_code)
    made = town.person("bob").gets("register", NIMSG_INVITATION=bobs)
    again = town.person("eve").types("register", NIMSG_INVITATION=bobs)
    if not running:
        assert town.server.stop() == 0
    table = owner.gets("user", "invitations").lines
    second = str(rows[1]["id"])
    late = owner.types("user", "uninvite", second)

    assert (refused.code, again.code) == (77, 77)
    assert refused.out == again.out == ""
    assert HINT in refused.err
    assert again.err == refused.err
    assert made.err == f"bob has an account at {town.server.address} now.\n"
    assert table[0].split() == ["Id", "Made", "Expires", "State", "Label"]
    assert "  revoked " in table[1]
    assert " by bob" in table[2]
    assert table[2].endswith("  for bob")
    assert (late.code, late.out) == (4, "")
    assert "bob has used this invitation already" in late.err


def test_s1_3_a_code_comes_from_a_file_or_the_environment(new_town: NewTown) -> None:
    town = new_town("--registration", "invite")
    owner = owner_of(town)
    codes = [code_of(owner) for _ in range(2)]
    bob, eve = town.person("bob"), town.person("eve")
    without = bob.types("register")
    open_to_all = secret_file(town.folder / "open", codes[0], mode=0o644)
    readable = bob.types("register", "--invitation-file", str(open_to_all))
    file = str(secret_file(town.folder / "code", codes[0] + " "))

    bob.gets("register", "--invitation-file", file, NIMSG_INVITATION="not this one")
    eve.gets("register", NIMSG_INVITATION=codes[1])

    assert (without.code, without.out) == (78, "")
    assert "--invitation-file FILE or NIMSG_INVITATION" in without.err
    assert readable.code == 78
    assert "chmod 600" in readable.err
    assert eve.gets("send", "bob", "-m", "hi").code == 0


def test_s1_3_a_code_is_asked_for_and_never_shown(new_town: NewTown) -> None:
    town = new_town("--registration", "invite")
    code = code_of(owner_of(town))
    wil = town.stranger("wil")
    with Terminal("register", "wil", env=wil.env) as terminal:
        terminal.sees("Invitation: ")
        assert not terminal.echoes()
        terminal.types(code)
        for prompt in ("New password for wil: ", "The same again: "):
            terminal.sees(prompt)
            terminal.types("a new password")

        assert terminal.ends() == 0
        assert code not in terminal.text
    assert wil.gets("inbox", NIMSG_PASSWORD="a new password").code == 0


def test_s1_3_giving_up_at_the_question_for_a_code(new_town: NewTown) -> None:
    town = new_town("--registration", "invite")
    with Terminal("register", "wil", env=town.stranger("wil").env) as terminal:
        terminal.sees("Invitation: ")
        terminal.presses(b"\x04")

        assert terminal.ends() == 2
        assert "no invitation was given" in terminal.text


def test_c5_where_invitations_are_wanted_an_unknown_name_is_like_a_known_one(
    new_town: NewTown,
) -> None:
    town = new_town("--registration", "invite")
    with Terminal("inbox", env=town.stranger("zoe").env) as terminal:
        for _ in range(3):
            terminal.sees("Password of zoe: ")
            terminal.types("any password")

        assert terminal.ends() == 77


def test_s1_3_under_auth_open_a_code_is_all_that_is_asked(new_town: NewTown) -> None:
    town = new_town("--registration", "invite", "--auth", "open")
    code = code_of(owner_of(town))
    bob = town.stranger("bob")
    unknown = bob.types("inbox")
    bob.gets("register", NIMSG_INVITATION=code)

    assert (unknown.code, unknown.out) == (4, "")
    assert "nimsg register" in unknown.err
    assert bob.gets("inbox").code == 0


def test_s1_3_of_two_people_with_one_code_one_gets_in(new_town: NewTown) -> None:
    town = new_town("--registration", "invite")
    owner = owner_of(town)
    code = code_of(owner)
    both = [
        town.person(name).begins("register", NIMSG_INVITATION=code)
        for name in ("ann", "bob")
    ]
    codes = sorted(ended(one).code for one in both)

    assert codes == [0, 77]
    assert len(owner.gets("user", "list", "--json").objects) == 1


def test_s1_18_a_used_code_stays_used_when_the_server_is_killed(
    new_town: NewTown,
) -> None:
    town = new_town("--registration", "invite")
    owner = owner_of(town)
    used, left = code_of(owner), code_of(owner)
    town.person("bob").gets("register", NIMSG_INVITATION=used)
    town.server.kill()
    town = new_town("--registration", "invite")

    assert town.person("eve").types("register", NIMSG_INVITATION=used).code == 77
    assert town.person("eve").gets("register", NIMSG_INVITATION=left).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("invite", "--expires", "soon"),
        ("invite", "--expires", "0"),
        ("invite", "--label", "x" * 65),
        ("uninvite", "bob"),
    ],
)
def test_what_the_owner_cannot_ask_for_is_said(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    owner = Person("owner", tmp_path, "127.0.0.1:1", NIMSG_VAR=str(tmp_path / "var"))
    done = owner.types("user", *words)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("nimsg: ")


def test_invitations_are_of_a_store_that_is_there(tmp_path: Path) -> None:
    owner = Person("owner", tmp_path, "127.0.0.1:1", NIMSG_VAR=str(tmp_path / "var"))
    done = owner.types("user", "invitations")

    assert (done.code, done.out) == (78, "")
    assert "there is no store" in done.err

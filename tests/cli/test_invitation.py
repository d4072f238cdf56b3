"""How invitations are listed."""

from argparse import Namespace
from pathlib import Path

import pytest

from nimsg.cli import invitation, show
from nimsg.client import answers
from nimsg.client.tables import short_time
from nimsg.errors import UsageError
from nimsg.protocol.strict import JsonObject


ID = "01M7Q5CYARTHSNWEH6BRBEXR{}Z"
LONG_AGO, FAR = 129_600_000, 4_000_000_000_000


def row(number: int, **members: object) -> JsonObject:
    return {
        "id": ID.format(number),
        "label": f"label {number}",
        "created_at": LONG_AGO,
        "expires_at": None,
        "used_at": None,
        "used_by": None,
        "revoked_at": None,
        **members,
    }


ROWS = [
    row(1),
    row(2, expires_at=FAR),
    row(3, expires_at=LONG_AGO),
    row(4, expires_at=LONG_AGO, used_at=LONG_AGO, used_by="bob"),
    row(5, expires_at=LONG_AGO, revoked_at=LONG_AGO),
]


def test_s1_3_each_page_is_asked_for_and_each_state_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = []

    def call(method: str, params: JsonObject) -> JsonObject:
        asked.append((method, params))
        first = len(asked) == 1
        return {
            "invitations": ROWS[:2] if first else ROWS[2:],
            "next": ID.format(2) if first else None,
        }

    assert invitation.run_invitations(call, Namespace(json=False)) == 0
    lines = capsys.readouterr().out.splitlines()

    method = "users.invitations"
    assert asked == [(method, {}), (method, {"after": ID.format(2)})]
    assert [" ".join(line.split()[3:-2]) for line in lines[1:]] == [
        "open",
        "open",
        "expired",
        "used 1970-01-02 by bob",
        "revoked 1970-01-02",
    ]


def test_a_label_is_not_too_long() -> None:
    with pytest.raises(UsageError, match="at most 64"):
        invitation.run_invite(lambda _, __: {}, Namespace(label="x" * 65))


@pytest.mark.parametrize(
    ("var", "named"),
    [(None, f"uninvite {ID.format(1)} ends"), (Path("my var"), " --var 'my var' ends")],
)
def test_s1_3_the_hint_names_the_folder_that_was_named(
    capsys: pytest.CaptureFixture[str], var: Path | None, named: str
) -> None:
    made: JsonObject = {"invitation": "nimsg-invite_x", "id": ID.format(1)}
    args = Namespace(label="", expires=None, var=var)
    assert invitation.run_invite(lambda _, __: made, args) == 0
    assert named in capsys.readouterr().err


def test_s1_3_it_is_said_that_an_invitation_has_ended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = Namespace(invitation=ID.format(1))
    assert invitation.run_uninvite(lambda _, __: {}, args) == 0
    assert capsys.readouterr() == ("", "The invitation has ended.\n")


def test_s1_3_it_is_said_until_when_an_invitation_is_good(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[JsonObject] = []

    def call(_: str, params: JsonObject) -> JsonObject:
        asked.append(params)
        return {"invitation": "nimsg-invite_x", "id": ID.format(1)}

    with pytest.raises(UsageError, match="'7' has no unit"):
        invitation.run_invite(call, Namespace(label="", expires="7", var=None))
    assert asked == []
    args = Namespace(label="", expires="400d", var=None)
    assert invitation.run_invite(call, args) == 0
    (params,) = asked
    until = short_time(answers.number(params, "expires_at"), show.now_ms())
    assert f"makes one account until {until}: nimsg reg" in capsys.readouterr().err

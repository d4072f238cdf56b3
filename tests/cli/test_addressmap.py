"""Whose mail an imported mail is."""

from pathlib import Path

import pytest

from nimsg.archive.mail import Mail, Origin
from nimsg.cli.addressmap import AddressMap, Parcel, read_map
from nimsg.errors import ConfigError


KNOWN = AddressMap(
    {
        "ann@a.example": "ann",
        "ann@b.example": "ann",
        "bob@a.example": "bob",
        "c@c": "cyd",
    }
)


def mail(sender: str, *to: str) -> Mail:
    return Mail(Origin(sender, list(to), None, None, None), "s", "b", [], [])


@pytest.mark.parametrize(
    ("found", "parcels"),
    [
        (mail("Ann <ANN@a.example>", "bob@a.example"), [("ann", ["bob"])]),
        (
            mail("ann@b.example", "bob@a.example", "x@y", "c@c"),
            [("ann", ["bob", "cyd"])],
        ),
        (mail("ann@b.example", "ann@a.example"), [("ann", ["ann"])]),
        (mail("x@y", "bob@a.example", "c@c"), [("bob", ["bob"]), ("cyd", ["cyd"])]),
        (mail("ann@a.example", "x@y"), [("ann", ["ann"])]),
        (mail("x@y", "z@y"), []),
        (mail("", ""), []),
    ],
)
def test_x16_a_mail_is_kept_for_whom_the_map_knows(
    found: Mail, parcels: list[tuple[str, list[str]]]
) -> None:
    assert KNOWN.parcels(found) == [Parcel(user, to) for user, to in parcels]


def test_an_account_has_its_first_address() -> None:
    assert KNOWN.address("ann") == "ann@a.example"
    assert KNOWN.address("dee") is None


def test_x16_a_map_is_read(tmp_path: Path) -> None:
    path = tmp_path / "map"
    path.write_text("# people\n\n Ann@A.example   ann \nann@a.example ann\n")
    assert read_map(path).parcels(mail("ann@a.example")) == [Parcel("ann", ["ann"])]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"ann@a.example\n", "line 1: a line is `address name`"),
        (b"\nann@a.example two words\n", "line 2: a line is"),
        (b"ann ann\n", "line 1: 'ann' is no address"),
        (b"a@b ann\na@b bob\n", "line 2: a@b stands twice"),
        (b"\xff\n", "is not UTF-8"),
    ],
)
def test_x16_a_bad_line_of_a_map_is_named(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "map"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        read_map(path)


def test_a_map_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_map(tmp_path / "none")

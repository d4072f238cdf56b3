"""Which address of other systems belongs to which account: `address name` lines."""

from collections.abc import Container, Mapping
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from nimsg.archive.addresses import addresses
from nimsg.archive.mail import Mail
from nimsg.errors import ConfigError, Refusal, unreadable
from nimsg.protocol.rules import check_name
from nimsg.store.layout import typed


class Parcel(NamedTuple):
    """From and to whom a mail is imported."""

    user: str
    to: list[str]


class AddressMap:
    """Names by address, addresses in small letters; and back, the first one given.

    `places` tells where each name stands.
    """

    def __init__(
        self, names: dict[str, str], places: Mapping[str, str] | None = None
    ) -> None:
        self._names = names
        self._places = places or {}
        self._addresses: dict[str, str] = {}
        for address, name in names.items():
            self._addresses.setdefault(name, address)

    def address(self, name: str) -> str | None:
        """The address of an account."""
        return self._addresses.get(name)

    def check(self, accounts: Container[str], root: Path) -> None:
        """Raise `ConfigError` for the first name that is no account of a store."""
        for name, place in self._places.items():
            if name not in accounts:
                remedy = typed(f"user add {quote(name)}", root)
                raise ConfigError(
                    f"{place}: there is no account {name}; make it with {remedy}"
                )

    def parcels(self, mail: Mail) -> list[Parcel]:
        """For whom a mail is kept; nobody where it names no known address.

        Written by a stranger, each who got it keeps one of the own; so does its
        author where nobody else is known.
        """
        authors = self._known([mail.origin.sender])
        readers = self._known(mail.origin.to)
        if authors and readers:
            return [Parcel(authors[0], readers)]
        return [Parcel(name, [name]) for name in readers or authors[:1]]

    def _known(self, texts: list[str]) -> list[str]:
        found = [self._names.get(one) for text in texts for one in addresses(text)]
        return list(dict.fromkeys(name for name in found if name))


def read_map(path: Path) -> AddressMap:
    """Read a map; empty lines and those that begin with # are passed over.

    Raises `ConfigError` naming the line that is none.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8") from None
    names: dict[str, str] = {}
    places: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        address, _, name = line.strip().partition(" ")
        try:
            check_name(name.strip())
        except Refusal:
            raise _bad(path, number, "a line is `address name`") from None
        if "@" not in address:
            raise _bad(path, number, f"{address!r} is no address")
        if names.setdefault(address.lower(), name.strip()) != name.strip():
            raise _bad(path, number, f"{address} stands twice")
        places.setdefault(name.strip(), _place(path, number))
    return AddressMap(names, places)


def _bad(path: Path, number: int, why: str) -> ConfigError:
    return ConfigError(f"{_place(path, number)}: {why}")


def _place(path: Path, number: int) -> str:
    return f"{path}, line {number}"

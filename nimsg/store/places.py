"""Which folder may become a store, and from where to where a backup may go."""

from collections.abc import Iterator

from nimsg.errors import ConfigError, StorageFailure
from nimsg.store.accountfile import decode_account
from nimsg.store.atomic import TEMPORARY
from nimsg.store.failure import disk_failure
from nimsg.store.layout import (
    FORMAT,
    UNFINISHED,
    Layout,
    not_found,
)
from nimsg.store.moment import Moment, made_by
from nimsg.store.storeformat import KNOWN, other_format, read_format


BEGUN = f"{UNFINISHED}\n".encode()
WHOLE = f"{FORMAT}\n".encode()
# What file systems, repositories and owners put into a folder that is to be a store.
BEFOREHAND = frozenset({"lost+found", ".gitignore", "README.md", "credentials.txt"})
BESIDE = (".", "-")


def require_free(layout: Layout) -> None:
    """Refuse a folder that has somebody else's files in it. Raises `ConfigError`.

    What an interrupted making of a store has left is no such folder, nor is a copy.
    """
    root = layout.root
    if not root.exists():
        return
    if not root.is_dir():
        raise not_found(root)
    names = {path.name for path in root.iterdir()}
    copied = {layout.messages.name, layout.users.name}
    if layout.format.name in names or names >= copied:
        return
    # Beside index.db stands index.db-wal, beside format for a moment format.tmp.
    own = tuple(f"{part.name}{end}" for part in layout.parts for end in BESIDE)
    foreign = sorted(
        name for name in names - BEFOREHAND if not f"{name}.".startswith(own)
    )
    if foreign:
        raise ConfigError(
            f"{root} is no store and has {foreign[0]!r} in it; give a folder that is "
            "new or empty, or a store, with --var"
        )


def require_store(source: Layout) -> None:
    """Refuse a folder that nothing can be taken from. Raises `ConfigError`."""
    found = read_format(source)
    if found is None:
        raise not_found(source.root)
    if found != KNOWN:
        raise other_format(source, found)
    try:
        source.index.open("rb").close()
    except FileNotFoundError:
        missing = f"{source.index} is missing; {made_by(source)}"
        raise ConfigError(missing) from None
    except OSError as error:
        raise disk_failure(error, source.index) from error


def require_target(source: Layout, target: Layout) -> bool:
    """Refuse a folder that is no backup; whether it holds a whole one."""
    here, there = source.root.resolve(), target.root.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise ConfigError(f"{target.root} and {source.root} lie one within the other")
    if target.root.exists() and not target.root.is_dir():
        raise ConfigError(f"{target.root} is not a folder")
    names = {path.name for path in target.root.glob("*")}
    if target.index.name in names:
        raise ConfigError(
            f"{target.root} is a store of its own: a server, or nimsg check --rebuild, "
            f"has made {target.index.name} in it; give another folder"
        )
    found = read_format(target)
    marked = found is not None
    foreign = sorted(names - set(_ours(target, marked=marked)))
    if foreign:
        raise ConfigError(
            f"{target.root} has {foreign[0]!r} in it; give a folder that is new, "
            "empty, or an earlier backup of the same store"
        )
    if found not in (None, KNOWN, UNFINISHED):
        raise other_format(target, found)
    return found == KNOWN


def _ours(target: Layout, *, marked: bool) -> Iterator[str]:
    """What a backup has in it, once it is `marked` as one."""
    yield f"{target.format.name}{TEMPORARY}"
    if marked:
        # A server that was refused leaves its lock.
        parts = (target.format, target.lock, target.quarantine, target.tls)
        yield from (part.name for part in (*parts, *target.folders))


def require_same(moment: Moment, source: Layout, target: Layout) -> None:
    """Refuse the backup of another store, or of a later state of this one."""
    for what in _strangers(moment, source, target):
        raise ConfigError(
            f"{target.root} has the {what}, and {source.root} has not: it is a backup "
            "of another store, or of what this one has lost; give another folder"
        )


def _strangers(moment: Moment, source: Layout, target: Layout) -> Iterator[str]:
    if target.messages.exists():
        for path in target.message_files():
            if path.stem not in moment.messages:
                yield f"message {path.stem}"
    for path in target.users.glob("*.json"):
        try:
            name = decode_account(path.read_bytes()).name
        except StorageFailure:  # it is written again
            continue
        if name != moment.names.get(source.users / path.name):
            yield f"account {name}"
    strangers = {path.stem for path in target.rooms.glob("*.json")} - moment.rooms
    yield from (f"room {id_}" for id_ in sorted(strangers))

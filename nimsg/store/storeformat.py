"""The file `format`, which says what a folder is: read here, and told of here."""

from shlex import quote

from nimsg.errors import ConfigError
from nimsg.store.failure import LOOK, REMEDIES, disk_failure, words
from nimsg.store.layout import FORMAT, UNFINISHED, Layout, is_marked, made_anew
from nimsg.store.schema import INDEX_FORMAT


KNOWN = str(FORMAT)


def format_text(layout: Layout) -> str:
    """What the file says, without the end of its line. Raises `OSError`."""
    return layout.format.read_bytes().decode("utf-8", "replace").strip()


def read_format(layout: Layout) -> str | None:
    """The same, None where there is no such file.

    Raises `ConfigError` where the folder cannot be looked into, `StorageFailure`
    where the file cannot be read.
    """
    if not is_marked(layout):
        return None
    try:
        return format_text(layout)
    except OSError as error:
        raise disk_failure(error, layout.format) from error


def is_spoilt(found: str) -> bool:
    """Whether the file holds what no version writes."""
    return found != UNFINISHED and not any(one.isdecimal() for one in found)


def unread_format(layout: Layout, error: OSError) -> str:
    """What is wrong with a file that cannot be read, and what to do."""
    remedy = REMEDIES.get(error.errno or 0, LOOK)
    if isinstance(error, FileNotFoundError):
        remedy = _to_write(layout)
    return f"cannot be read: {words(error)}; {remedy}"


def _to_write(layout: Layout) -> str:
    anew = made_anew(layout.root)
    return f"where this version has made the store, {anew} writes it again"


def wrong_format(layout: Layout, found: str) -> str:
    """What is wrong with a format that is not `KNOWN`, and what to do."""
    if is_spoilt(found):
        return (
            "holds no number, and has to hold that of the store's format; "
            f"{_to_write(layout)}"
        )
    if found == UNFINISHED:
        return (
            "is that of a backup that was not finished; where the store is there, run "
            f"nimsg backup {quote(str(layout.root))} once more, with its --var; else "
            'see "Restoring" in docs/operating.md'
        )
    return (
        f"has store format {found[:40]}, and this nimsg reads format {FORMAT}; use the "
        "version that made the store, or a newer one"
    )


def other_format(layout: Layout, found: str) -> ConfigError:
    """The refusal of a folder for its format."""
    return ConfigError(f"{layout.format} {wrong_format(layout, found)}")


def other_index_format(layout: Layout, found: str) -> ConfigError:
    """The refusal of an index that another version has made."""
    return ConfigError(
        f"{layout.index} has format {found[:40]}, and this nimsg has {INDEX_FORMAT}: "
        f"make it anew with {made_anew(layout.root)}"
    )

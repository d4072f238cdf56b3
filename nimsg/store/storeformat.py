"""The file `format`, which says what a folder is: read here, and told of here."""

from shlex import quote

from nimsg.errors import ConfigError
from nimsg.store.failure import disk_failure
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


def wrong_format(layout: Layout, found: str) -> str:
    """What is wrong with a format that is not `KNOWN`, and what to do."""
    if not found:
        return (
            "is empty, and has to hold the number of the store's format; where this "
            f"version has made the store, {made_anew(layout.root)} writes it again"
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

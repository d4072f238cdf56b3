"""Pages of a box past everything that a store remembers."""

from contextlib import closing
from pathlib import Path

from nimsg.store import reader
from nimsg.store.base import Listing, ListQuery
from nimsg.store.schema import connect_reader


def made_anew(root: Path, query: ListQuery) -> Listing:
    """The page as the index has it now."""
    with closing(connect_reader(root / "index.db")) as index:
        return reader.page(index, query)

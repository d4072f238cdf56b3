"""Drafts of the tests: saved, deleted and listed, whatever kind of store it is."""

from nimsg.core.commands import DeleteDraft, SaveDraft
from nimsg.protocol.drafts import DraftRow
from nimsg.store.base import Store
from nimsg.store.layout import Layout
from tests.support.post import Post


FIRST, SECOND, THIRD = (f"01M7Q5CYARTHSNWEH6BRBEXR{n}Z" for n in (1, 2, 3))


def draft(id_: str, uid: int = 1, client_id: str = "", body: str = "text") -> SaveDraft:
    """A draft whose client_id, unless it is given, is the end of its id."""
    return SaveDraft(id_, uid, client_id or id_[-2:], "bob, ", "Hi", body, None)


def gone(id_: str, uid: int = 1) -> DeleteDraft:
    """The end of such a draft."""
    return DeleteDraft(uid, id_[-2:])


def drafts(store: Store, uid: int = 1) -> list[DraftRow]:
    """All drafts of an account."""
    page = store.drafts(uid, None, 500)
    assert page.next is None
    return page.drafts


def bodies(post: Post, uid: int = 1) -> dict[str, str]:
    """Their texts by their client_ids."""
    return {row.client_id: row.body for row in drafts(post.store, uid)}


def files(post: Post) -> list[str]:
    """The names of all draft files."""
    return sorted(path.stem for path in Layout(post.root).drafts.iterdir())

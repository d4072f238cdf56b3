"""Whom Tab knows: also those whose mail is here."""

from nimsg.client.answers import InboxRow, OutboxRow, Receipt
from nimsg.client.mailtables import Row
from nimsg.tui.completion import complete, correspondents
from nimsg.tui.mailpages import Page, Pages


MINE = Receipt("ann", "stored", None, None, None, None, None, None)


def received(sender: str, *to: str) -> Row:
    return InboxRow(1, "i1", sender, list(to), "s", 1, 0, MINE, None, None)


def sent(*to: str) -> Row:
    return OutboxRow(1, "o1", list(to), "s", 1, 0, [], False, None, None)


def test_senders_and_recipients_are_known() -> None:
    found = correspondents([received("bob", "ann", "carol"), sent("dan")])
    assert found == {"ann", "bob", "carol", "dan"}
    done = complete("da", 2, found)
    assert done is not None
    assert done.text == "dan, "


def test_all_pages_that_are_held_are_looked_through() -> None:
    pages = Pages(block=1, most=5)
    pages.put(Page(3, 4, {3: sent("dan")}))
    pages.put(Page(1, 2, {1: received("bob", "ann")}))
    assert correspondents(pages.rows()) == {"ann", "bob", "dan"}

"""One or more values of every result and event, with each field set and unset."""

from nimsg.protocol.constants import Box, CloseReason, CopyState, Device
from nimsg.protocol.results import (
    Acked,
    Began,
    ChangePage,
    Closing,
    CreatedToken,
    Done,
    Hello,
    Hit,
    Hits,
    InboxRow,
    InvitationRow,
    Invitations,
    Invited,
    Letters,
    Opened,
    Origin,
    OutboxRow,
    Page,
    Recalled,
    Receipt,
    Refused,
    Result,
    Sent,
    Status,
    Thread,
    TokenRow,
    Tokens,
    UserRow,
    Users,
    Welcome,
)
from tests.support.requests_table import ID


AT = 1_795_192_385_123
TEXT = 'a "quote", a \\, a newline\n, \x00, \x7f, \x1b[31m, caf\u00e9, \U0001f600'
DIGEST, HASH = "d" * 64, "0123456789abcdef" * 2

STORED = Receipt("bob", CopyState.STORED)
FULL = Receipt(
    "/../etc",
    CopyState.ACKED,
    AT,
    Device.HEADLESS,
    AT + 1,
    Device.TUI,
    AT + 2,
    Device.LINE,
    None,
    AT + 3,
)
GONE = Receipt("~", CopyState.RECALLED, AT, Device.TUI, recalled_at=AT + 1)

INBOX = InboxRow(1, ID, "alice", ["bob"], "", 0, AT, STORED)
ORIGIN = Origin("", [], None, None, None)
ORIGIN_FULL = Origin("Ann <ann@example.org>", [TEXT, "~"], -1, -720, "<1@example.org>")
INBOX_FULL = InboxRow(
    2**53, ID, "#", ["a"] * 64, TEXT, 65_536, AT, FULL, ID, ORIGIN_FULL
)
OUTBOX = OutboxRow(1, ID, ["bob"], "", 0, AT, [STORED], True)
OUTBOX_FULL = OutboxRow(
    2,
    ID,
    ["b", "~"],
    TEXT,
    9,
    AT,
    [FULL, GONE],
    False,
    [Refused("x", "k")],
    ID,
    AT,
    ORIGIN,
)
OPENED = Opened(
    ID, "alice", ["bob"], TEXT, TEXT * 100, AT, ID, DIGEST, HASH, FULL, ORIGIN_FULL, ID
)
CHANGES = ChangePage("e1:2:3", True, [INBOX, INBOX_FULL], [OUTBOX, OUTBOX_FULL])

EVENTS: dict[str, tuple[Result, ...]] = {
    "hello": (
        Hello("nimsg 0.1.0", [1], "password", "open", ["mail"], {"frame_bytes": 1}, AT),
    ),
    "closing": tuple(Closing(reason) for reason in CloseReason),
}

RESULTS: tuple[Result, ...] = (
    Done(),
    Began("password"),
    Welcome("bob", "user", 3, 0, AT),
    Page(Box.INBOX, 0, 0, 0, [], [], None, ""),
    Page(Box.OUTBOX, 1, 2, 3, [INBOX], [OUTBOX], 7, "c"),
    ChangePage("c", False, [], []),
    CHANGES,
    Sent(ID, AT, 1, ["bob"], [], DIGEST, HASH, False),
    Sent(
        ID,
        AT,
        2,
        ["bob"],
        [Refused("eve", "unknown_user")],
        DIGEST,
        HASH,
        True,
        CHANGES,
    ),
    Opened(ID, "alice", ["bob"], "", "", AT, None, DIGEST, HASH, None, None, None),
    OPENED,
    Status(ID, "alice", ["b"], TEXT, 1, AT, None, [STORED, GONE], [], True, None),
    Status(ID, "alice", ["b"], "", 1, AT, ID, [], [Refused("x", "k")], False, ORIGIN),
    Hits([], None, 0, None),
    Hits([Hit(INBOX, None, TEXT), Hit(None, OUTBOX_FULL)], ID, 3, AT),
    Thread([], [], False),
    Thread([INBOX, INBOX_FULL], [OUTBOX], True),
    Letters([], [], None),
    Letters([OPENED], [ID], 7),
    Acked(ID, FULL),
    Recalled(ID, False, [GONE, FULL]),
    CreatedToken("t1", "nimsg_secret"),
    Tokens([]),
    Tokens(
        [
            TokenRow("t1", "cron", AT, None, None),
            TokenRow("t2", TEXT, AT, AT + 1, AT + 2),
        ]
    ),
    Users(
        [UserRow("bob", "user", AT, None, True), UserRow("x", "admin", 0, AT, False)],
        next="x",
    ),
    Invited(ID, "nimsg-invite_code"),
    Invitations(
        [
            InvitationRow(ID, "", AT, None, None, None, None),
            InvitationRow(ID, TEXT, AT, AT + 1, AT + 2, "bob", AT + 3),
        ],
        next=ID,
    ),
)

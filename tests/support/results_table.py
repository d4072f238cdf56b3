"""One or more values of every result and event, with each field set and unset."""

from nimsg.protocol.constants import (
    Box,
    CloseReason,
    CopyState,
    Departure,
    Device,
    LinkEnd,
    Notice,
)
from nimsg.protocol.drafts import DraftRow, Drafts, DraftSaved
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
    LoginRow,
    Opened,
    Origin,
    OutboxRow,
    Page,
    Recalled,
    Receipt,
    Refused,
    Result,
    RoomHit,
    Sent,
    Status,
    Thread,
    TokenRow,
    Tokens,
    UserRow,
    Users,
    Welcome,
)
from nimsg.protocol.results_people import (
    Blocks,
    Broadcasted,
    BroadcastText,
    Kicked,
    Logins,
    Online,
    OnlineRow,
    Presence,
    PrivateEnded,
    PrivateInvited,
    PrivateOffer,
    PrivateTaken,
    Seen,
    SeenRow,
    SeenSince,
    SessionRow,
    Sessions,
    ShuttingDown,
    Unlocked,
)
from nimsg.protocol.results_rooms import (
    Joined,
    Members,
    Posted,
    RoomInfo,
    RoomMessage,
    RoomPage,
    Rooms,
)
from nimsg.protocol.results_stats import Commits, Connections, Queues, Stats
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

LOGIN = LoginRow(1, AT, "127.0.0.1", Device.TUI, False)
LOGINS = [
    *(LoginRow(2, AT, "::1", Device.LINE, False, AT, reason) for reason in Departure),
    LoginRow(2**53, AT, "local", None, True),
]
LOBBY = RoomInfo("lobby", "", None, None, 0, 0, None, None)
ROOM = RoomInfo("0._-", TEXT, AT, "/../etc", 1000, 2**53, 7, 1000)
POST = RoomMessage("dev", 1, ID, "#", TEXT, AT, DIGEST)
NOTICES = tuple(
    RoomMessage("lobby", 2**53, ID, "", TEXT, AT, DIGEST, notice, about)
    for notice in Notice
    for about in (None, "~")
)
HISTORY = RoomPage("dev", [POST, *NOTICES], 9, 7, True, [3, 2**53])
EMPTY = RoomPage("dev", [], 0, 0, False, [])

EVENTS: dict[str, tuple[Result, ...]] = {
    "hello": (
        Hello("nimsg 0.1.0", [1], "password", "open", ["mail"], {"frame_bytes": 1}, AT),
    ),
    "closing": tuple(Closing(reason) for reason in CloseReason),
    "presence": (
        Presence("bob", True, None, AT),
        *(Presence("#", False, reason, AT) for reason in Departure),
    ),
    "broadcast": (BroadcastText("bob", TEXT, AT),),
    "room.message": (POST, *NOTICES),
    "private.invited": (PrivateInvited(ID, "bob", AT),),
    "private.ended": tuple(PrivateEnded("bob", reason) for reason in LinkEnd),
    "shutdown": (ShuttingDown(60, AT), ShuttingDown(None, AT)),
}

RESULTS: tuple[Result, ...] = (
    Done(),
    Began("password"),
    Welcome("bob", "user", 3, 0, AT),
    Welcome("bob", "admin", 0, 0, AT, "nimsg-resume_x", LOGIN, 3, 600),
    Logins([], None),
    Logins([LOGIN, *LOGINS], 2**53),
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
    Hits([Hit(INBOX, snippet=TEXT), Hit(outbox=OUTBOX_FULL)], ID, 3, AT),
    Hits([Hit(room=RoomHit("dev", 2**53, ID, "bob", 9, AT), snippet=TEXT)], ID, 0, AT),
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
        [
            UserRow("bob", "user", AT, None, True, AT),
            UserRow("x", "admin", 0, AT, False, None),
        ],
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
    DraftSaved("c1", AT),
    Drafts([], None),
    Drafts(
        [DraftRow("!", "", "", "", None, 0), DraftRow("~", TEXT, TEXT, TEXT, ID, AT)],
        next=ID,
    ),
    Online([]),
    Online([OnlineRow("bob", AT, device) for device in Device]),
    SeenSince([], 0),
    SeenSince([SeenRow("bob", True, AT), SeenRow("~", False, 0)], AT),
    Seen("bob", True, AT),
    Seen("bob", False, None),
    Broadcasted(0, False),
    Broadcasted(2, True),
    Blocks([]),
    Blocks(["#", "bob"]),
    Rooms([], None),
    Rooms([LOBBY, ROOM], "lobby"),
    Members("dev", [], None),
    Members("dev", ["#", "bob"], "bob"),
    EMPTY,
    HISTORY,
    Joined(ROOM, HISTORY),
    Posted("dev", ID, 1, AT, DIGEST, HASH, False),
    Posted("dev", ID, 2**53, AT, DIGEST, HASH, True, EMPTY),
    PrivateOffer(ID, "bob", "::1", 65_535, DIGEST, "a" * 64, "b" * 64),
    PrivateTaken("bob"),
    PrivateTaken("bob", "a" * 64, "b" * 64),
    ShuttingDown(0, AT),
    Stats(
        server="nimsg 1",
        at=AT,
        uptime_s=0,
        connections=Connections(0, 0, 0),
        connections_most=1,
        accounts=0,
        messages=0,
        rooms=1,
        queues=Queues(0, 0, 0),
        sent=0,
        sent_minute=0,
        commits=Commits(0, 0, 0),
        refusals={},
        rss_bytes=0,
        open_files=20,
        open_files_most=256,
        free_bytes=0,
        min_free_bytes=1,
        mail_refused=True,
        tls_ends_at=None,
    ),
    Stats(
        server="nimsg 1",
        at=AT,
        uptime_s=61,
        connections=Connections(1, 2, 3, 4),
        connections_most=8,
        accounts=4,
        messages=5,
        rooms=6,
        queues=Queues(7, 9, 10),
        sent=11,
        sent_minute=12,
        commits=Commits(13, 14, 15),
        refusals={"busy": 16},
        rss_bytes=17,
        open_files=18,
        open_files_most=19,
        free_bytes=20,
        min_free_bytes=20,
        mail_refused=False,
        tls_ends_at=AT,
        tls_begins_at=AT,
    ),
    Sessions([]),
    Sessions(
        [
            SessionRow(None, None, "::1", AT, AT, None),
            SessionRow("bob", Device.TUI, "127.0.0.1", AT, AT + 1, "room.post"),
        ]
    ),
    Kicked(0),
    Unlocked(0, locked=False),
)

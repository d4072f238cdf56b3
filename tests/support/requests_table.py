"""A valid request for each method, and the edges of each parameter."""

import json
from typing import NamedTuple


ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ORIGIN = {"from": "Ann <ann@example.org>", "to": ["bob@example.org"]}

# The fewest parameters each method can be called with.
MINIMAL: dict[str, dict[str, object]] = {
    "auth.begin": {"user": "bob"},
    "auth.login": {"user": "bob"},
    "auth.nick": {"nick": "bob"},
    "auth.resume": {"token": "nimsg-resume_x", "device": "tui"},
    "auth.token": {"token": "nimsg_x"},
    "auth.register": {"user": "bob"},
    "auth.logout": {},
    "auth.passwd": {"old": "12345678", "new": "87654321"},
    "auth.logins": {},
    "session.touch": {},
    "session.ping": {},
    "mail.send": {"to": ["bob"], "client_id": "c1"},
    "mail.list": {},
    "mail.changes": {},
    "mail.open": {},
    "mail.ack": {"id": ID},
    "mail.status": {"id": ID},
    "mail.recall": {"id": ID},
    "mail.delete": {"id": ID},
    "mail.search": {},
    "mail.thread": {"id": ID},
    "mail.import": {"client_id": "c1", "origin": ORIGIN},
    "draft.save": {"client_id": "c1"},
    "draft.list": {},
    "draft.delete": {"client_id": "c1"},
    "presence.list": {},
    "presence.since": {"seconds": 60},
    "presence.seen": {"user": "bob"},
    "block.add": {"user": "bob"},
    "block.remove": {"user": "bob"},
    "block.list": {},
    "broadcast.send": {"body": "hi"},
    "room.create": {"room": "dev"},
    "room.join": {"room": "dev"},
    "room.leave": {"room": "dev"},
    "room.list": {},
    "room.members": {"room": "dev"},
    "room.topic": {"room": "dev", "topic": "hi"},
    "room.post": {"room": "dev", "client_id": "c1", "body": "hi"},
    "room.history": {"room": "dev"},
    "room.mark": {"room": "dev", "position": 1},
    "private.invite": {"user": "bob"},
    "private.answer": {"invitation": ID, "accept": False},
    "private.stop": {"user": "bob"},
    "server.shutdown": {},
    "server.cancel": {},
    "server.stats": {},
    "token.create": {"label": "cron"},
    "token.list": {},
    "token.revoke": {"id": "t1"},
    "users.add": {"user": "bob"},
    "users.list": {},
    "users.import": {"user": "bob", "to": ["bob"], "client_id": "c1", "origin": ORIGIN},
    "users.mail": {"user": "bob"},
    "users.passwd": {"user": "bob", "password": "12345678"},
    "users.role": {"user": "bob", "role": "admin"},
    "users.unlock": {"user": "bob"},
    "users.sessions": {},
    "users.kick": {"user": "bob"},
    "users.remove": {"user": "bob"},
    "users.invite": {},
    "users.invitations": {},
    "users.uninvite": {"id": ID},
}


class Field(NamedTuple):
    """What a parameter takes: its types in JSON, values at its edge, and beyond."""

    types: frozenset[str]
    taken: tuple[object, ...]
    refused: tuple[object, ...] = ()


TEXT = frozenset({"string"})
TEXT_OR_NULL = frozenset({"string", "null"})
INTEGER = frozenset({"integer"})
INTEGER_OR_NULL = frozenset({"integer", "null"})
FLAG = frozenset({"boolean"})

_NAME = Field(TEXT, ("a", "x" * 32), ("", "x" * 33))
_PASSWORD = Field(TEXT, ("x", "x" * 1024), ("", "x" * 1025))
_MESSAGE_ID = Field(
    TEXT,
    (ID, "0" * 26, "7" + "Z" * 25),
    ("", ID[:-1], ID + "0", ID.lower(), "8" + "Z" * 25, ID[:-1] + "U", ID + "\n"),
)

_ROOM = Field(
    TEXT,
    ("a", "0._-", "..", "x" * 32),
    ("", "x" * 33, "A", "#dev", "a b", "a/b", "dev\n", "\u00e9", "\u0661"),
)
_FROM_0 = Field(INTEGER_OR_NULL, (0, 2**53), (-1, 2**53 + 1))
_LIST = frozenset({"list"})
_ORIGIN_TEXT = Field(TEXT_OR_NULL, ("", "x" * 512, "\U0001f600" * 512), ("x" * 513,))
_SIGNED = Field(INTEGER_OR_NULL, (0, -(2**53), 2**53), (2**53 + 1, -(2**53) - 1))
_WRONG_ORIGINS: tuple[dict[str, object], ...] = (
    {},
    {"from": "a"},
    {"to": []},
    {"from": None, "to": []},
    {"from": "x" * 513, "to": []},
    {"from": "a", "to": ["a"] * 65},
    {"from": "a", "to": ["x" * 513]},
    {"from": "a", "to": [None]},
    {"from": "a", "to": [], "date": 2**53 + 1},
    {"from": "a", "to": [], "date": 1.5},
    {"from": "a", "to": [], "zone": 1440},
    {"from": "a", "to": [], "zone": -1440},
    {"from": "a", "to": [], "message_id": "x" * 513},
    {"from": "a", "to": [], "bcc": "b"},
)

# By the parameter's name; a method's own row, "method.parameter", goes before.
FIELDS: dict[str, Field] = {
    "user": _NAME,
    "nick": _NAME,
    "password": _PASSWORD._replace(types=TEXT_OR_NULL),
    "users.passwd.password": _PASSWORD,
    "old": _PASSWORD,
    "new": _PASSWORD,
    "device": Field(TEXT, ("tui", "line", "headless"), ("", "TUI", "web")),
    "token": Field(TEXT, ("", "x" * 128), ("x" * 129,)),
    "to": Field(
        frozenset({"list"}),
        (["a"], ["x" * 32] * 64),
        ([], ["a"] * 65, [""], ["x" * 33], ["a", 1], ["a", None], [["a"]]),
    ),
    "client_id": Field(
        TEXT, ("!", "~" * 64), ("", "x" * 65, "a b", "a\n", "\u00e9", "a\x7f")
    ),
    "subject": Field(TEXT, ("", "\U0001f600" * 200, "a\nb")),
    "body": Field(TEXT, ("", "\u20ac" * 22_000)),
    "reply_to": _MESSAGE_ID._replace(types=TEXT_OR_NULL),
    "since": Field(TEXT_OR_NULL, ("", "x" * 128), ("x" * 129,)),
    "draft.save.to": Field(
        TEXT, ("", "bob, nobody yet", "\U0001f600" * 2200, "a\nb"), ("x" * 2201,)
    ),
    "draft.list.after": _MESSAGE_ID._replace(types=TEXT_OR_NULL),
    "box": Field(TEXT, ("inbox", "outbox"), ("", "Inbox", "trash")),
    "all": Field(FLAG, (True, False)),
    "peek": Field(FLAG, (True, False)),
    "before": Field(INTEGER_OR_NULL, (1, 2**53), (0, -1, 2**53 + 1, 10**4000)),
    "after": _NAME._replace(types=TEXT_OR_NULL),
    "limit": Field(INTEGER, (1, 500), (0, -1, 501, 10**4000)),
    "id": _MESSAGE_ID,
    "mail.open.id": _MESSAGE_ID._replace(types=TEXT_OR_NULL),
    "invitation": Field(TEXT_OR_NULL, ("", "x" * 128), ("x" * 129,)),
    "users.invite.label": Field(TEXT, ("", "l" * 64), ("l" * 65,)),
    "users.invitations.after": _MESSAGE_ID._replace(types=TEXT_OR_NULL),
    "token.revoke.id": Field(TEXT, ("t", "t" * 32), ("", "t" * 33)),
    "hash": Field(
        TEXT_OR_NULL,
        ("0123456789abcdef" * 2,),
        ("", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "a" * 32 + "\n"),
    ),
    "origin": Field(
        frozenset({"object"}),
        (
            ORIGIN,
            {"from": "", "to": []},
            {
                "from": "x" * 512,
                "to": ["x" * 512] * 64,
                "date": -(2**53),
                "zone": -1439,
                "message_id": "x" * 512,
            },
            {"from": "a", "to": [], "date": None, "zone": 1439, "message_id": None},
        ),
        _WRONG_ORIGINS,
    ),
    "references": Field(
        _LIST, ([], ["!", "~" * 64], ["a"] * 20), (["a"] * 21, [""], ["a b"], [1])
    ),
    "words": Field(TEXT, ("", "x" * 500), ("x" * 501,)),
    "from": _ORIGIN_TEXT,
    "person": _ORIGIN_TEXT,
    "mail.search.to": _ORIGIN_TEXT,
    "mail.search.box": Field(TEXT_OR_NULL, ("inbox", "outbox"), ("", "Inbox")),
    "show": Field(
        TEXT_OR_NULL,
        ("new", "opened", "acked", "pending", "recalled", "imported"),
        ("", "stored", "New"),
    ),
    "mail.search.since": _SIGNED,
    "until": _SIGNED,
    "mail.search.before": _MESSAGE_ID._replace(types=TEXT_OR_NULL),
    "mail.search.limit": Field(INTEGER, (1, 100), (0, -1, 101)),
    "users.mail.after": Field(INTEGER, (0, 2**53), (-1, 2**53 + 1)),
    "auth.logins.limit": Field(INTEGER, (1, 100), (0, -1, 101)),
    "seconds": Field(INTEGER, (0, 10**9), (-1, 10**9 + 1)),
    "room": _ROOM,
    "mail.search.room": _ROOM._replace(types=TEXT_OR_NULL),
    "topic": Field(TEXT, ("", "\U0001f600" * 200, "a\nb"), ("x" * 201,)),
    "joined": Field(FLAG, (True, False)),
    "room.list.after": _ROOM._replace(types=TEXT_OR_NULL),
    "room.post.since": _FROM_0,
    "room.history.after": _FROM_0,
    "room.history.limit": Field(INTEGER, (1, 100), (0, -1, 101)),
    "mine": Field(FLAG, (True, False)),
    "position": Field(INTEGER, (1, 2**53), (0, -1, 2**53 + 1)),
    "private.answer.invitation": _MESSAGE_ID,
    "accept": Field(FLAG, (True, False)),
    "port": Field(INTEGER_OR_NULL, (1, 65_535), (0, -1, 65_536)),
    "fingerprint": Field(
        TEXT_OR_NULL,
        ("0123456789abcdef" * 4,),
        ("", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 64 + "\n"),
    ),
    "delay_s": Field(INTEGER, (0, 86_400), (-1, 86_401)),
    "wait_ms": Field(INTEGER, (0, 60_000), (-1, 60_001)),
    "label": Field(TEXT, ("l", "l" * 64), ("", "l" * 65)),
    "expires_at": Field(INTEGER_OR_NULL, (0, 2**53), (-1, 2**53 + 1)),
    "role": Field(TEXT, ("user", "admin"), ("", "Admin", "root", "admin\n", "xadmin")),
}


def field_of(method: str, parameter: str) -> Field:
    return FIELDS.get(f"{method}.{parameter}") or FIELDS[parameter]


def request(method: str, params: object, id_: object = 1) -> bytes:
    """The payload of a request."""
    return request_with(method, json.dumps(params).encode(), id_)


def request_with(method: str, params: bytes, id_: object = 1) -> bytes:
    """The payload of a request whose parameters are this text."""
    head = json.dumps({"jsonrpc": "2.0", "id": id_, "method": method})
    return head[:-1].encode() + b',"params":' + params + b"}"

"""Refusals of what has to do with people, rooms and accounts; rows of section 9."""

from collections.abc import Mapping

from tests.support.requests_table import ID


Asked = Mapping[str, object]
Row = tuple[str, str, Asked, str, Asked]  # title, method, params, reply, facts

PEOPLE: tuple[Row, ...] = (
    (
        "seeing nobody",
        "presence.seen",
        {"user": "nobody"},
        "unknown_user",
        {"user": "nobody"},
    ),
    ("blocking nobody", "block.add", {"user": "nobody"}, "unknown_user", {}),
    ("blocking oneself", "block.add", {"user": "ann"}, "self_target", {}),
    ("unblocking oneself", "block.remove", {"user": "ann"}, "self_target", {}),
    ("unblocking nobody", "block.remove", {"user": "nobody"}, "unknown_user", {}),
    ("unblocking who is not", "block.remove", {"user": "ben"}, "not_blocked", {}),
    ("a broadcast of nothing", "broadcast.send", {"body": ""}, "body_empty", {}),
    (
        "a broadcast that is too long",
        "broadcast.send",
        {"body": "x" * 65_537},
        "body_too_large",
        {},
    ),
    (
        "another's token",
        "token.revoke",
        {"id": "<<token_of_ben>>"},
        "unknown_token",
        {},
    ),
    ("no token", "token.revoke", {"id": "none"}, "unknown_token", {"id": "none"}),
    (
        "a token that has ended",
        "token.create",
        {"label": "x", "expires_at": 1},
        "invalid_params",
        {},
    ),
    (
        "a wrong old password",
        "auth.passwd",
        {"old": "wrong one", "new": "another one"},
        "bad_credentials",
        {},
    ),
)
ROOMS: tuple[Row, ...] = (
    (
        "a room that is there",
        "room.create",
        {"room": "attic"},
        "room_exists",
        {"room": "attic"},
    ),
    ("the lobby again", "room.create", {"room": "lobby"}, "room_exists", {}),
    (
        "a topic of two lines",
        "room.create",
        {"room": "new", "topic": "a\nb"},
        "topic_invalid",
        {},
    ),
    ("a room joined again", "room.join", {"room": "quiet"}, "already_member", {}),
    *(
        (f"{method} of no room", method, params, "unknown_room", {"room": "nowhere"})
        for method, params in (
            ("room.join", {"room": "nowhere"}),
            ("room.leave", {"room": "nowhere"}),
            ("room.members", {"room": "nowhere"}),
            ("room.topic", {"room": "nowhere", "topic": "x"}),
            ("room.post", {"room": "nowhere", "client_id": "p", "body": "x"}),
            ("room.history", {"room": "nowhere"}),
            ("room.mark", {"room": "nowhere", "position": 1}),
        )
    ),
    *(
        (f"{method} of others' room", method, params, "not_member", {"room": "attic"})
        for method, params in (
            ("room.leave", {"room": "attic"}),
            ("room.members", {"room": "attic"}),
            ("room.topic", {"room": "attic", "topic": "x"}),
            ("room.post", {"room": "attic", "client_id": "p", "body": "x"}),
            ("room.history", {"room": "attic"}),
            ("room.mark", {"room": "attic", "position": 1}),
        )
    ),
    (
        "a post of nothing",
        "room.post",
        {"room": "quiet", "client_id": "p", "body": ""},
        "body_empty",
        {},
    ),
    (
        "a post under a letter's client_id",
        "room.post",
        {"room": "quiet", "client_id": "to_ben", "body": "x"},
        "client_id_conflict",
        {},
    ),
    (
        "history from both sides",
        "room.history",
        {"room": "quiet", "before": 2, "after": 1},
        "invalid_params",
        {},
    ),
    (
        "history before mine",
        "room.history",
        {"room": "quiet", "before": 2, "mine": True},
        "invalid_params",
        {},
    ),
    (
        "history that waits for nothing said",
        "room.history",
        {"room": "quiet", "wait_ms": 10},
        "invalid_params",
        {},
    ),
)
COMING: tuple[Row, ...] = (
    (
        "a wrong password",
        "auth.login",
        {"user": "chief", "password": "x"},
        "bad_credentials",
        {"attempts_left": 2},
    ),
    (
        "a name without an account",
        "auth.login",
        {"user": "zoe", "password": "x"},
        "bad_credentials",
        {"attempts_left": 2},
    ),
    ("a nickname", "auth.nick", {"nick": "zoe"}, "not_permitted", {}),
    ("a token of nobody", "auth.token", {"token": "nimsg_x"}, "bad_token", {}),
    ("no token at all", "auth.token", {"token": ""}, "bad_token", {}),
    (
        "a resume without a session",
        "auth.resume",
        {"token": "x", "device": "line"},
        "bad_resume",
        {},
    ),
    (
        "a script that resumes",
        "auth.resume",
        {"token": "x", "device": "headless"},
        "interactive_only",
        {},
    ),
    (
        "a name that is taken",
        "auth.register",
        {"user": "ann", "password": "12345678"},
        "name_taken",
        {"user": "ann"},
    ),
    (
        "a name like another",
        "auth.register",
        {"user": "ANN", "password": "12345678"},
        "name_taken",
        {},
    ),
    *(
        (
            f"the name {name}",
            "auth.register",
            {"user": name, "password": "12345678"},
            "name_reserved",
            {"user": name},
        )
        for name in ("admin", "System", "SERVER", "all", "a,b", "a;b")
    ),
    *(
        (
            f"the name {name!r}",
            "auth.register",
            {"user": name, "password": "12345678"},
            "name_invalid",
            {},
        )
        for name in ("a b", " ", "a\n", "a\x00", "\u00e9", "a\x7f", "\u202e")
    ),
    (
        "a short password",
        "auth.register",
        {"user": "zoe", "password": "1234567"},
        "password_invalid",
        {},
    ),
    ("no password", "auth.register", {"user": "zoe"}, "password_invalid", {}),
    (
        "a password like a token",
        "auth.register",
        {"user": "zoe", "password": "nimsg_12345"},
        "password_invalid",
        {},
    ),
    (
        "a password of too many bytes",
        "auth.register",
        {"user": "zoe", "password": "\u20ac" * 400},
        "password_invalid",
        {},
    ),
)
OWNER: tuple[Row, ...] = (
    ("a name that is taken", "users.add", {"user": "ann"}, "name_taken", {}),
    ("a reserved name", "users.add", {"user": "admin"}, "name_reserved", {}),
    ("a comma in a name", "users.add", {"user": "a,b"}, "name_reserved", {}),
    ("no name", "users.add", {"user": "a b"}, "name_invalid", {}),
    (
        "a short password",
        "users.add",
        {"user": "zoe", "password": "x"},
        "password_invalid",
        {},
    ),
    *(
        (
            f"{method} of nobody",
            method,
            {"user": "nobody", **params},
            "unknown_user",
            {"user": "nobody"},
        )
        for method, params in (
            ("users.passwd", {"password": "12345678"}),
            ("users.role", {"role": "admin"}),
            ("users.kick", {}),
            ("users.remove", {}),
            ("users.mail", {}),
        )
    ),
    (
        "an invitation of nothing",
        "users.uninvite",
        {"id": ID},
        "unknown_invitation",
        {"id": ID},
    ),
    (
        "an invitation that has ended",
        "users.invite",
        {"expires_at": 1},
        "invalid_params",
        {},
    ),
    ("no shutdown", "server.cancel", {}, "no_shutdown", {}),
)

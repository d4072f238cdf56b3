"""What is called before the power goes: one of each kind, at each of three moments."""

from itertools import product

from nimsg.core.commands import Act
from nimsg.protocol.constants import LOBBY
from tests.support.driven import (
    ANN,
    BOB,
    CYD,
    NAMES,
    Step,
    act,
    create,
    import_,
    invite,
    join,
    purge,
    send,
    settle,
    sync,
    together,
)
from tests.support.talk import (
    announce,
    at_once,
    block,
    come,
    discard,
    enter,
    fail,
    found,
    go,
    jot,
    leave,
    mark,
    say,
    topic,
    unblock,
)


# What can be called at each of three moments.
SETUP = (
    create(*NAMES[:3]),
    together(
        send("old", "bob", "cyd"),
        send("gone", "bob"),
        send("gone too", "bob"),
        *(act(Act.DELETED, uid, "gone") for uid in (ANN, BOB)),
        *(act(Act.DELETED, uid, "gone too") for uid in (ANN, BOB)),
        at_once(
            found("den", topic="a topic"),
            enter(BOB, "den"),
            say(ANN, "old", "den"),
            block(CYD, BOB),
            come(ANN),
            jot(ANN, "old", "old"),
            jot(BOB, "old", "old"),
        ),
    ),
    settle,
)
SENDS = (send("one", "bob"), send("two", "bob", "cyd"), send("three", "cyd"))
ACTS = (
    act(Act.OPENED, BOB, "old"),
    act(Act.ACKED, BOB, "old"),
    act(Act.OPENED, CYD, "old"),
)
CREATES = (create("eve"), create("fay"), create("gus"))
IMPORTS = (import_("old 1", "ann"), import_("old 2", "bob"), import_("old 3", "ann"))
PURGES = (purge(1), purge(1), purge())
TALKS = (
    at_once(say(BOB, "one", "den"), enter(CYD, "den"), come(BOB)),
    at_once(topic(ANN, LOBBY, "new"), mark(BOB, "den", 2), announce("left", CYD)),
    at_once(say(CYD, "two"), leave(BOB, "den"), block(ANN, BOB), go(ANN)),
)
KINDS = (SENDS, ACTS, CREATES, IMPORTS, PURGES, TALKS, (sync,) * 3)
SEQUENCES = [
    tuple(kind[number] for number, kind in enumerate(kinds))
    for length in (1, 2, 3)
    for kinds in product(KINDS, repeat=length)
]
TELLING = [
    (SENDS[0], sync, CREATES[2]),
    (ACTS[0], sync, SENDS[2]),
    (CREATES[0], SENDS[1], sync, SENDS[2]),
    (PURGES[0], sync, PURGES[1], SENDS[2]),
    (IMPORTS[0], act(Act.DELETED, ANN, "old 1"), PURGES[2], sync, IMPORTS[1]),
    (PURGES[0], PURGES[1], IMPORTS[2]),
    (invite, sync, join("hal"), SENDS[0]),
    (TALKS[0], sync, at_once(found("attic"), fail(CYD)), TALKS[1], TALKS[2]),
    (
        at_once(jot(ANN, "old", "more"), jot(BOB, "new", "new")),
        sync,
        at_once(discard(ANN, "old"), discard(BOB, "new"), jot(BOB, "new", "again")),
        SENDS[0],
    ),
    (at_once(discard(ANN, "old")), sync, SENDS[1]),
    (at_once(come(BOB)), sync, at_once(go(BOB), unblock(CYD, BOB)), sync, TALKS[0]),
]

# The same, one change each: what is enumerated and not drawn.
CALLS: dict[str, tuple[Step, Step, Step]] = {
    "send": SENDS,
    "import": IMPORTS,
    "purge": PURGES,
    "account": CREATES,
    "act": (
        act(Act.OPENED, BOB, "old"),
        act(Act.DELETED, CYD, "old"),
        act(Act.RECALLED, ANN, "old"),
    ),
    "login": (at_once(come(BOB)), at_once(fail(CYD)), at_once(go(ANN))),
    "block": (
        at_once(block(ANN, BOB)),
        at_once(unblock(CYD, BOB)),
        at_once(block(ANN, CYD)),
    ),
    "room": (
        at_once(enter(CYD, "den")),
        at_once(leave(BOB, "den")),
        at_once(found("attic")),
    ),
    "say": (
        at_once(say(BOB, "one", "den")),
        at_once(say(ANN, "two")),
        at_once(say(BOB, "three")),
    ),
    "draft": (
        at_once(jot(ANN, "old", "more")),
        at_once(jot(BOB, "new", "new")),
        at_once(jot(ANN, "old", "again")),
    ),
    "end of a draft": (
        at_once(discard(BOB, "old")),
        at_once(discard(ANN, "old")),
        at_once(discard(BOB, "new")),
    ),
    "sync": (sync,) * 3,
}

"""What the commands about people do: who is there, blocks, logins, the shutdown."""

from nimsg.client import answers, people_answers
from nimsg.client.acts_person import Person
from nimsg.client.peopletables import (
    BLOCKED,
    LOGIN_COLUMNS,
    NOBODY,
    ONLINE_COLUMNS,
    SEEN_COLUMNS,
    UNBLOCKED,
    last_seen,
    login_cells,
    online_cells,
    reached,
    seen_cells,
)
from nimsg.client.queries import logins as own_logins
from nimsg.client.registry import Invocation


LOGINS_SHOWN = 10
WENT = {
    "logout": "logged out",
    "timeout": "was logged out: nothing was done there",
    "lost": "was lost: the connection broke",
    "replaced": "went on at another client",
    "kicked": "was logged out by an admin",
    "shutdown": "left as the server ended",
}


async def broadcast(me: Person, typed: Invocation) -> None:
    """Say something to all who are online."""
    result = await me.call("broadcast.send", {"body": typed.text("text")})
    me.note("; ".join(reached(result)))


async def whoelse(me: Person, _: Invocation) -> None:
    """List who else is online."""
    result = await me.call("presence.list", {})
    found = answers.rows(result, "users", people_answers.online_row)
    me.note(f"online now: {len(found)}" if found else NOBODY)
    me.show(ONLINE_COLUMNS, [online_cells(one, me.clock()) for one in found])


async def whoelsesince(me: Person, typed: Invocation) -> None:
    """List who else was online in the last seconds."""
    seconds = typed.number("seconds")
    result = await me.call("presence.since", {"seconds": seconds})
    found = answers.rows(result, "users", people_answers.seen_row)
    who = f"online in the last {seconds} s"
    me.note(f"{who}: {len(found)}" if found else f"nobody else was {who}")
    me.show(SEEN_COLUMNS, [seen_cells(one, me.clock()) for one in found])


async def seen(me: Person, typed: Invocation) -> None:
    """Tell when somebody was last online."""
    row = await me.call("presence.seen", {"user": typed.text("user")})
    found = people_answers.seen_row(row)
    me.note(last_seen(found, me.time(found.seen_at)))


async def block(me: Person, typed: Invocation) -> None:
    """Keep somebody away."""
    user = typed.text("user")
    await me.call("block.add", {"user": user})
    me.note(BLOCKED.format(user))


async def unblock(me: Person, typed: Invocation) -> None:
    """Let somebody come back."""
    user = typed.text("user")
    await me.call("block.remove", {"user": user})
    me.note(UNBLOCKED.format(user))


async def blocks(me: Person, _: Invocation) -> None:
    """List whom the person blocks."""
    names = answers.texts(await me.call("block.list", {}), "users")
    me.note(f"you block: {', '.join(names)}" if names else "you block nobody")


async def logins(me: Person, _: Invocation) -> None:
    """List the last logins and failed tries."""
    rows = await me.run(own_logins(LOGINS_SHOWN))
    found = [people_answers.login_row(row) for row in rows]
    me.note("your last logins, the newest first:" if found else "no logins yet")
    me.show(LOGIN_COLUMNS, [login_cells(one, me.clock()) for one in found])


async def shutdown(me: Person, typed: Invocation) -> None:
    """Stop the server, or cancel that; its own event tells everybody."""
    if typed.args["seconds"] == "cancel":
        await me.call("server.cancel", {})
        return
    seconds = typed.number("seconds")
    params = {} if seconds is None else {"delay_s": seconds}
    await me.call("server.shutdown", {**params})

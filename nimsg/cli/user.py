"""`nimsg user`: accounts, by whoever owns the folder they lie in."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

from nimsg.cli import invitation, show
from nimsg.cli.localstore import all_users, local_client
from nimsg.cli.secret import ask_new, read_secret_file
from nimsg.cli.settings import add_json_argument
from nimsg.cli.store import add_var_argument, some_path, var_folder, var_words
from nimsg.client import answers, people_answers
from nimsg.client.tables import DEVICE, Column, device_words, short_time
from nimsg.errors import ConfigError, Exit
from nimsg.protocol.rules import check_name
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line, many


# What may come first, and makes the store.
MAKERS = ("users.add", "users.invite")
COLUMNS = (
    Column("Name", 32),
    Column("Role", 6),
    Column("Since", 12),
    Column("Notes", None),
)
SESSION_COLUMNS = (
    Column("Name", 32),
    Column("Client", DEVICE),
    Column("From", 39),
    Column("Since", 12),
    Column("Idle", 7),
    Column("Last command", None),
)
DONE = {
    "add": "has an account now",
    "passwd": "has another password; all sessions and tokens have ended",
    "role": "has the role {role} now",
    "remove": "has no account any more; the name stays taken",
}
IDLE_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def user_arguments(parser: ArgumentParser) -> None:
    """Options of `user`."""
    acts = parser.add_subparsers(
        dest="act",
        required=True,
        metavar="add|list|passwd|role|remove|...",
    )
    add = acts.add_parser("add", help="make an account")
    add.add_argument("--admin", action="store_true", help="with the role of an admin")
    passwd = acts.add_parser("passwd", help="set a password; ends sessions and tokens")
    role = acts.add_parser("role", help="make somebody a user or an admin")
    remove = acts.add_parser("remove", help="close an account; its name stays taken")
    list_ = acts.add_parser("list", help="list all accounts")
    unlock = acts.add_parser(
        "unlock", help="free a name that wrong passwords have locked"
    )
    sessions = acts.add_parser("sessions", help="list who is connected")
    kick = acts.add_parser("kick", help="end all sessions of an account")
    invite = acts.add_parser("invite", help="print a code that makes one account")
    invitations = acts.add_parser("invitations", help="list all invitations")
    uninvite = acts.add_parser("uninvite", help="end an invitation that is not used")
    invitation.invite_arguments(invite)
    invitation.uninvite_arguments(uninvite)
    for act in (add, passwd, role, remove, unlock, kick):
        act.add_argument("name", metavar="NAME")
    role.add_argument("role", choices=("user", "admin"))
    for act in (add, passwd):
        act.add_argument(
            "--password-file",
            metavar="FILE",
            type=some_path,
            help="a file of mode 0600 with the password; else a prompt",
        )
    for act in acts.choices.values():
        add_var_argument(act)
    for act in (list_, sessions, kick, invitations):
        add_json_argument(act)


def run_user(args: Namespace) -> int:
    """Do one act, through the running server or on the folder itself."""
    if "name" in args:
        check_name(args.name)
    var = var_folder(args)
    if args.act == "list":
        return _list(var, args)
    if args.act in ACTS:
        return ACTS[args.act](partial(call_store, var), args)
    params: JsonObject = {"user": args.name}
    if args.act in ("add", "passwd"):
        params["password"] = _password(args)
    if args.act == "add":
        params["role"] = "admin" if args.admin else "user"
    if args.act == "role":
        params["role"] = args.role
    call_store(var, f"users.{args.act}", params)
    show.note(clean_line(f"{args.name} {DONE[args.act].format(**params)}."))
    return Exit.DONE


def call_store(var: Path, method: str, params: JsonObject) -> JsonObject:
    """Call a local method: of the server that has the folder, else without one.

    Raises `Silent` where its server does not answer, `Unavailable` where somebody
    else has it.
    """
    with local_client(var, "nimsg user", make=method in MAKERS) as client:
        return client.call(method, params)


def _list(var: Path, args: Namespace) -> int:
    with local_client(var, "nimsg user") as client:
        rows = list(all_users(client))
    if args.json:
        for row in rows:
            show.say(show.json_line("user", row))
        return Exit.DONE
    if not rows:
        show.note(f"No accounts yet: nimsg user add NAME{var_words(args)}")
        return Exit.DONE
    now = show.now_ms()
    cells = [
        [
            answers.text(row, "user"),
            answers.text(row, "role"),
            short_time(answers.number(row, "created_at"), now),
            _notes(row, now),
        ]
        for row in rows
    ]
    show.print_table(COLUMNS, cells)
    return Exit.DONE


def _notes(row: JsonObject, now: int) -> str:
    removed_at = answers.maybe_number(row, "removed_at")
    if removed_at is not None:
        return f"removed {short_time(removed_at, now)}"
    notes = [] if answers.flag(row, "has_password") else ["no password"]
    locked_until = answers.maybe_number(row, "locked_until")
    if locked_until is not None:
        notes.append(f"locked until {short_time(locked_until, now)}")
    return ", ".join(notes)


def _sessions(call: invitation.Call, args: Namespace) -> int:
    rows = answers.rows(call("users.sessions", {}), "sessions", dict)
    found = [people_answers.session_row(row) for row in rows]
    if args.json:
        for row in rows:
            show.say(show.json_line("session", row))
        return Exit.DONE
    if not found:
        show.note("Nobody is connected.")
        return Exit.DONE
    now = show.now_ms()
    cells = [
        [
            one.user or "-",
            device_words(one.device),
            one.address,
            short_time(one.since, now),
            idle_time(now - one.active_at),
            one.command or "-",
        ]
        for one in found
    ]
    show.print_table(SESSION_COLUMNS, cells)
    return Exit.DONE


def idle_time(idle_ms: int) -> str:
    """For how long nothing was done: `12 s`, `3 min`, `5 h`, `2 d`."""
    seconds = max(0, idle_ms) // 1000
    for unit, size in IDLE_UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "0 s"


def _kick(call: invitation.Call, args: Namespace) -> int:
    ended = answers.number(call("users.kick", {"user": args.name}), "sessions")
    if args.json:
        show.say(show.json_line("kick", {"user": args.name, "sessions": ended}))
    else:
        sessions = many(ended, "session")
        show.note(clean_line(f"{sessions} of {args.name} ended."))
    return Exit.DONE


def _unlock(call: invitation.Call, args: Namespace) -> int:
    freed = call("users.unlock", {"user": args.name})
    failures = answers.number(freed, "failures")
    if answers.flag(freed, "locked"):
        told = "can log in again"
    elif failures:
        told = "was not locked; the wrong passwords are forgotten"
    else:
        told = "was not locked"
    show.note(clean_line(f"{args.name} {told}."))
    return Exit.DONE


def _password(args: Namespace) -> str:
    import os

    if args.password_file:
        return read_secret_file(args.password_file)
    if not (os.isatty(0) and os.isatty(2)):
        raise ConfigError("no password: give --password-file FILE, or use a terminal")
    return ask_new(args.name)


ACTS: dict[str, Callable[[invitation.Call, Namespace], int]] = {
    "sessions": _sessions,
    "kick": _kick,
    "unlock": _unlock,
    **invitation.ACTS,
}

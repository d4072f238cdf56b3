"""`nimsg register`, `passwd` and `token`: who you are, and how you prove it."""

import time
from argparse import ArgumentParser, Namespace

from nimsg.cli import show
from nimsg.cli.filled import filled
from nimsg.cli.invitation import find_invitation, until
from nimsg.cli.secret import ask, ask_new, find_secret, new_secret, read_secret_file
from nimsg.cli.session import Session, reach
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.cli.store import some_path
from nimsg.cli.when import ending_ms
from nimsg.client import answers
from nimsg.client.tables import Column, short_time
from nimsg.errors import ConfigError, Exit, UsageError
from nimsg.protocol.constants import AuthMode, Device, Registration, limit
from nimsg.protocol.rules import check_new_name, check_new_password, is_id
from nimsg.protocol.strict import JsonObject


TOKEN_COLUMNS = (
    Column("Id", 26),
    Column("Made", 12),
    Column("Expires", 12),
    Column("Used", 12),
    Column("Label", None),
)


def register_arguments(parser: ArgumentParser) -> None:
    """Options of `register`."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="else --user")
    parser.add_argument(
        "--invitation-file",
        metavar="FILE",
        type=filled,
        help="a file of mode 0600 with the invitation in its first line; else "
        "NIMSG_INVITATION, else a prompt, where the server wants one",
    )
    add_connection_arguments(parser)


def run_register(args: Namespace) -> int:
    """Make an account; a password is asked for twice."""
    args.user = args.name or args.user
    settings = read_settings(args)
    if not settings.user:
        raise UsageError("which name? nimsg register NAME")
    name = check_new_name(settings.user)
    with reach(settings) as client:
        account: JsonObject = {"user": name, "device": Device.HEADLESS.value}
        if client.hello.get("registration") == Registration.INVITE:
            account["invitation"] = find_invitation(settings, args.invitation_file)
        if client.hello.get("auth") == AuthMode.PASSWORD:
            account["password"] = new_secret(settings, name)
            check_new_password(str(account["password"]))
        client.call("auth.register", account, settings.timeout_s)
    show.note(f"{name} has an account at {settings.address} now.")
    return Exit.DONE


def passwd_arguments(parser: ArgumentParser) -> None:
    """Options of `passwd`."""
    parser.add_argument(
        "--new-password-file",
        metavar="FILE",
        type=some_path,
        help="a file of mode 0600 with the new password; else a prompt",
    )
    add_connection_arguments(parser)


def run_passwd(args: Namespace) -> int:
    """Change the password; all tokens and other sessions end."""
    settings = read_settings(args)
    old = find_secret(settings)
    if (old is None or args.new_password_file is None) and not settings.may_ask:
        raise ConfigError(
            "no passwords: give the old one by NIMSG_PASSWORD or --password-file and "
            "the new one by --new-password-file, or use a terminal"
        )
    with Session(settings) as session:
        before = session.secret or ask("Password so far: ")
        after = (
            read_secret_file(args.new_password_file)
            if args.new_password_file
            else ask_new(session.user)
        )
        check_new_password(after)
        session.call("auth.passwd", {"old": before, "new": after})
    show.note("The password is changed; all tokens and other sessions have ended.")
    return Exit.DONE


def token_arguments(parser: ArgumentParser) -> None:
    """Options of `token`."""
    acts = parser.add_subparsers(
        dest="act", required=True, metavar="create|list|revoke"
    )
    create = acts.add_parser("create", help="make a token and print it, this once")
    create.add_argument("label", metavar="LABEL", help="what it is for")
    create.add_argument(
        "--expires", metavar="TIME", help="ends after so long: 12h, 30d (else never)"
    )
    list_ = acts.add_parser("list", help="list your tokens")
    revoke = acts.add_parser("revoke", help="end a token")
    revoke.add_argument("token", metavar="ID", help="as `nimsg token list` shows it")
    for act in (create, list_, revoke):
        add_json_argument(act)
        add_connection_arguments(act)


def run_token(args: Namespace) -> int:
    """Make, list or revoke script tokens."""
    most = limit("label_chars")
    if args.act == "create" and not 0 < len(args.label) <= most:
        raise UsageError(f"a label has 1 to {most} characters")
    if args.act == "revoke" and not is_id(args.token):
        raise UsageError(f"{args.token!r} names no token: see nimsg token list")
    acts = {"create": _create, "list": _list, "revoke": _revoke}
    with Session(read_settings(args)) as session:
        acts[args.act](session, args)
    return Exit.DONE


def _create(session: Session, args: Namespace) -> None:
    params: JsonObject = {"label": args.label}
    now = answers.number(session.welcome, "time")
    if args.expires:
        params["expires_at"] = ending_ms(args.expires, now)
    result = session.call("token.create", params)
    if args.json:
        show.say(show.json_line("token", result))
        return
    show.say(answers.text(result, "token"))
    show.note(
        "(keep it like a password: NIMSG_PASSWORD or a file of mode 0600; "
        f"it is good{until(params, now) or ' for ever'})"
    )


def _list(session: Session, args: Namespace) -> None:
    rows = answers.rows(session.call("token.list", {}), "tokens", dict)
    if args.json:
        for row in rows:
            show.say(show.json_line("token", row))
        return
    if not rows:
        show.note("No tokens.")
        return
    now = time.time_ns() // 1_000_000
    cells = [
        [
            answers.text(row, "id"),
            short_time(answers.number(row, "created_at"), now),
            short_time(answers.maybe_number(row, "expires_at"), now),
            short_time(answers.maybe_number(row, "used_at"), now),
            answers.text(row, "label"),
        ]
        for row in rows
    ]
    show.print_table(TOKEN_COLUMNS, cells)


def _revoke(session: Session, args: Namespace) -> None:
    session.call("token.revoke", {"id": args.token})
    if args.json:
        show.say(show.json_line("token", {"id": args.token}))
    else:
        show.note("The token has ended.")

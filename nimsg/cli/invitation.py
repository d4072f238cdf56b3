"""`nimsg user invite`, `invitations` and `uninvite`, and where a code comes from."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from nimsg.cli import show
from nimsg.cli.secret import ask, read_secret_file
from nimsg.cli.sources import Settings
from nimsg.cli.store import var_words
from nimsg.cli.when import ending_ms
from nimsg.client import answers
from nimsg.client.tables import Column, short_time
from nimsg.errors import ConfigError, Exit, UsageError
from nimsg.protocol.constants import limit
from nimsg.protocol.rules import is_id
from nimsg.protocol.strict import JsonObject


Call = Callable[[str, JsonObject], JsonObject]
COLUMNS = (
    Column("Id", 26),
    Column("Made", 12),
    Column("Expires", 12),
    Column("State", 32),
    Column("Label", None),
)


def invite_arguments(parser: ArgumentParser) -> None:
    """Options of `user invite`."""
    parser.add_argument(
        "--expires", metavar="TIME", help="ends after so long: 12h, 7d (else never)"
    )
    parser.add_argument("--label", metavar="TEXT", default="", help="what it is for")


def uninvite_arguments(parser: ArgumentParser) -> None:
    """Options of `user uninvite`."""
    parser.add_argument(
        "invitation", metavar="ID", help="as `nimsg user invitations` shows it"
    )


def run_invite(call: Call, args: Namespace) -> int:
    """Make an invitation and print its code, this once."""
    most = limit("label_chars")
    if len(args.label) > most:
        raise UsageError(f"a label has at most {most} characters")
    now = show.now_ms()
    params: JsonObject = {"label": args.label}
    if args.expires:
        params["expires_at"] = ending_ms(args.expires, now)
    result = call("users.invite", params)
    show.say(answers.text(result, "invitation"))
    show.note(
        f"(makes one account{until(params, now)}: nimsg register NAME asks for it; "
        f"nimsg user uninvite {answers.text(result, 'id')}{var_words(args)} ends it)"
    )
    return Exit.DONE


def until(params: JsonObject, now: int) -> str:
    """When what was asked for ends, in words; empty where it never does."""
    ends = answers.maybe_number(params, "expires_at")
    return "" if ends is None else f" until {short_time(ends, now)}"


def run_invitations(call: Call, args: Namespace) -> int:
    """List invitations, oldest first."""
    rows = list(_all_invitations(call))
    if args.json:
        for row in rows:
            show.say(show.json_line("invitation", row))
        return Exit.DONE
    if not rows:
        show.note(f"No invitations yet: nimsg user invite{var_words(args)}")
        return Exit.DONE
    now = show.now_ms()
    cells = [
        [
            answers.text(row, "id"),
            short_time(answers.number(row, "created_at"), now),
            short_time(answers.maybe_number(row, "expires_at"), now),
            _state(row, now),
            answers.text(row, "label"),
        ]
        for row in rows
    ]
    show.print_table(COLUMNS, cells)
    return Exit.DONE


def run_uninvite(call: Call, args: Namespace) -> int:
    """End an invitation."""
    if not is_id(args.invitation):
        raise UsageError(
            f"{args.invitation!r} names no invitation: see nimsg user invitations"
        )
    call("users.uninvite", {"id": args.invitation})
    show.note("The invitation has ended.")
    return Exit.DONE


def find_invitation(settings: Settings, file: str | None) -> str:
    """The code to register with: from a file, the environment or the prompt.

    Raises `ConfigError` where there is neither a source nor a person.
    """
    if file:
        return read_secret_file(file).strip()
    code = os.environ.get("NIMSG_INVITATION", "").strip()
    if code:
        return code
    if not settings.may_ask:
        raise ConfigError(
            "an account here needs an invitation: give --invitation-file FILE or "
            "NIMSG_INVITATION, or use a terminal"
        )
    return ask("Invitation: ", "invitation").strip()


def _all_invitations(call: Call) -> Iterator[JsonObject]:
    params: JsonObject = {}
    while True:
        page = call("users.invitations", params)
        yield from answers.rows(page, "invitations", dict)
        after = answers.maybe_text(page, "next")
        if after is None:
            return
        params = {"after": after}


def _state(row: JsonObject, now: int) -> str:
    used_at = answers.maybe_number(row, "used_at")
    if used_at is not None:
        by = answers.maybe_text(row, "used_by")
        return f"used {short_time(used_at, now)} by {by}"
    revoked_at = answers.maybe_number(row, "revoked_at")
    if revoked_at is not None:
        return f"revoked {short_time(revoked_at, now)}"
    expires_at = answers.maybe_number(row, "expires_at")
    return "expired" if expires_at is not None and expires_at <= now else "open"


ACTS: dict[str, Callable[[Call, Namespace], int]] = {
    "invite": run_invite,
    "invitations": run_invitations,
    "uninvite": run_uninvite,
}

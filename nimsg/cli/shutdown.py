"""`nimsg shutdown`: announces the end of a server, or cancels it."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from nimsg.cli import show
from nimsg.cli.localstore import running_server
from nimsg.cli.numbers import whole
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    check_only_var,
    read_settings,
    wired,
)
from nimsg.cli.sources import config_path, read_config
from nimsg.cli.store import add_var_argument, var_folder
from nimsg.client import answers
from nimsg.errors import KINDS, Exit, Refusal
from nimsg.protocol.constants import limit
from nimsg.protocol.strict import JsonObject
from nimsg.store.layout import Layout


DELAY_S = 60
ADMINS = "only an admin may, and who owns the server's folder"
ON_THE_MACHINE = "nimsg shutdown --var FOLDER"


def shutdown_arguments(parser: ArgumentParser) -> None:
    """Options of `shutdown`."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "delay_s",
        metavar="SECONDS",
        nargs="?",
        type=whole(0, limit("shutdown_s")),
        help=f"when; everybody is told ({DELAY_S})",
    )
    which.add_argument(
        "--cancel", action="store_true", help="cancel what was announced"
    )
    add_var_argument(parser)
    add_json_argument(parser)
    add_connection_arguments(parser)


def run_shutdown(args: Namespace) -> int:
    """Announce or cancel, over the wire or on the server's machine."""
    method, params = "server.cancel", JsonObject()
    if not args.cancel:
        delay = DELAY_S if args.delay_s is None else args.delay_s
        method, params = "server.shutdown", {"delay_s": delay}
    var = local_folder(args)
    result = _call(method, params, args) if var is None else _local(method, params, var)
    _report(result, args)
    return Exit.DONE


def local_folder(args: Namespace) -> Path | None:
    """The folder whose server is meant; None where it is one over the wire.

    An argument goes before the environment, and that before what is just there. Who
    says who they are means to be asked for it, which the folder's owner is not.
    Raises `UsageError`.
    """
    if args.var:
        check_only_var(args)
        return var_folder(args)
    if wired(args):
        return None
    if os.environ.get("NIMSG_VAR"):
        return var_folder(args)
    if os.environ.get("NIMSG_SERVER") or read_config(config_path()).text("server"):
        return None
    here = var_folder(args)
    return here if Layout(here).admin_socket.exists() else None


def _local(method: str, params: JsonObject, var: Path) -> JsonObject:
    """Ask the server that has a folder; without one there is nothing to end."""
    with running_server(var) as client:
        return client.call(method, params)


def _call(method: str, params: JsonObject, args: Namespace) -> JsonObject:
    with Session(read_settings(args)) as session:
        try:
            return session.call(method, params)
        except Refusal as refusal:
            if refusal.kind != "not_permitted":
                raise
            general = str(refusal) == KINDS[refusal.kind].text
            why = f"{ADMINS if general else refusal}: {ON_THE_MACHINE}"
            raise Refusal(refusal.kind, why, refusal.data) from None


def _report(result: JsonObject, args: Namespace) -> None:
    left_s = None if args.cancel else answers.maybe_number(result, "left_s")
    if args.json:
        show.say(show.json_line("shutdown", {"left_s": left_s}))
    elif left_s is None:
        show.note("The shutdown is canceled.")
    elif left_s == 0:
        show.note("The server ends now.")
    else:
        show.note(f"The server ends in {left_s} s; --cancel cancels that.")

"""`nimsg server`: says where it listens and how to connect, and is then silent."""

import asyncio
import os
import signal
import socket
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from nimsg.cli import show
from nimsg.cli.serveroptions import add_options, config_of
from nimsg.client.address import Address
from nimsg.config import check_server
from nimsg.core.quota import Quota
from nimsg.errors import Exit, StorageFailure
from nimsg.logs import LOGGER, finish, set_up
from nimsg.protocol.constants import AuthMode
from nimsg.server.app import Server
from nimsg.server.credentials import (
    Credential,
    import_credentials,
    read_credentials,
    shred,
)
from nimsg.server.descriptors import (
    allow_many_files,
    forbid_core_dumps,
    most_files,
    require_files,
)
from nimsg.server.exposition import require_place
from nimsg.server.memory import keep_little
from nimsg.server.services import wall_clock_ms
from nimsg.store.local import LocalStore
from nimsg.text import many


PRIVATE = 0o077
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what is told apart, not bound


def server_arguments(parser: ArgumentParser) -> None:
    """Options of `server`."""
    add_options(parser)


def run_server(args: Namespace) -> int:
    """Serve until a signal says stop."""
    os.umask(PRIVATE)
    forbid_core_dumps()
    keep_little()
    set_up(args.log)
    try:
        return _run(args)
    finally:
        # Before what the command itself complains of.
        finish()


def _run(args: Namespace) -> int:
    config = check_server(config_of(args))
    allow_many_files()
    require_files(most_files())
    if config.prometheus is not None:
        require_place(config.prometheus)
    credentials = None
    if args.credentials is not None:
        shredded = args.shred_credentials
        credentials = read_credentials(args.credentials, shred=shredded)
    store = LocalStore(
        config.var,
        min_free_bytes=config.min_free_bytes,
        holder=f"nimsg server, process {os.getpid()}"
        + (f", port {config.port}" if config.port else ""),
        quota=Quota(config.limits["quota_bytes"], config.limits["quota_messages"]),
    )
    server = Server(config, store)
    for notice in store.notices:
        show.say(f"nimsg: {notice}")
    try:
        _work(server, args, credentials)
    except StorageFailure as failure:
        LOGGER.error("%s", failure)
        return Exit.STORAGE
    return Exit.DONE


def _work(
    server: Server, args: Namespace, credentials: list[Credential] | None
) -> None:
    """Make the accounts that were given, and serve. Raises `StorageFailure`."""
    if credentials is not None:
        imported = import_credentials(
            server.services.store,
            server.services.passwords,
            credentials,
            wall_clock_ms(),
        )
        show.say(
            f"nimsg: {args.credentials}: {many(imported.made, 'account')} made, "
            f"{imported.known} were there and keep their passwords"
        )
        if args.shred_credentials:
            shred(args.credentials)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(server))


async def serve(server: Server) -> None:
    """Serve until a signal or an admin says stop (see `nimsg.core.countdown`)."""
    loop = asyncio.get_running_loop()
    countdown = server.services.countdown
    # Safe at any instant: what was answered stands, the rest was not.
    countdown.abort = _abort
    loop.add_signal_handler(signal.SIGTERM, countdown.terminate)
    loop.add_signal_handler(signal.SIGINT, countdown.interrupt)
    # Before it listens: a reload must not end a server that is about to.
    loop.add_signal_handler(signal.SIGHUP, server.reload)
    await server.serve(asyncio.Event(), lambda: announce(server))


def _abort() -> None:
    finish()
    os._exit(Exit.INTERRUPTED)


def announce(server: Server) -> None:
    """Where it listens, where it stores, how names are proven, how to connect."""
    config = server.config
    tls = server.services.tls
    at = Address(config.host, server.port)
    lines = [
        f"nimsg server on {at}" + (" with TLS" if tls else ""),
        f"  store     {config.var.absolute()}",
        f"  auth      {config.auth}, registration {config.registration}",
    ]
    host = socket.gethostname() if config.host in EVERYWHERE else config.host
    options = f"--server {Address(host, server.port)}"
    if tls is not None:
        print_ = tls.certificate.fingerprint
        own = " (its own)" if tls.own else ""
        lines.append(f"  tls       certificate sha256 {print_}{own}")
        options += f" --fingerprint {print_}"
        if tls.made:
            lines.insert(0, f"nimsg: made a new certificate, sha256 {print_}")
    if config.auth != AuthMode.PASSWORD:
        lines.append("  WARNING   whoever knows a name reads and writes its mail")
    lines.append(f"  connect   nimsg client {options} --user NAME")
    for line in lines:
        show.say(line)
    sys.stdout.flush()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The uvloop's loop where it is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop

"""Local methods on a folder: of the server that has it, or without one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nimsg.client import answers
from nimsg.client.address import Address, Security
from nimsg.client.blocking import BlockingClient, connect
from nimsg.errors import Silent, Unreachable
from nimsg.protocol.strict import JsonObject
from nimsg.store.layout import Layout, require_found


# A server that lives says hello at once; what it is asked may take the disk's time.
HELLO_S = 5.0
TIMEOUT_S = 30.0


@contextmanager
def local_client(
    var: Path, holder: str, *, make: bool = False
) -> Iterator[BlockingClient]:
    """A connection over which local methods are called.

    `holder` is what others are told who find the folder in use; `make` lets a new
    store be made. Raises `ConfigError` where there is none, `Silent` where its server
    does not answer, `Unavailable` where somebody else has it.
    """
    if not make:
        require_found(Layout(var))
    try:
        client = _connect(var)
    except Silent:
        raise
    except Unreachable:
        from nimsg.server.offline import serving_offline

        with serving_offline(var, holder), _connect(var) as client:
            yield client
        return
    with client:
        yield client


def running_server(var: Path) -> BlockingClient:
    """A connection to the server that has the folder.

    Raises `ConfigError` where there is no store, `Unreachable` where none runs,
    `Silent` where one does not answer.
    """
    require_found(Layout(var))
    try:
        return _connect(var)
    except Silent:
        raise
    except Unreachable:
        raise Unreachable(f"no server runs on the store in {var}") from None


def all_users(client: BlockingClient) -> Iterator[JsonObject]:
    """Every account, removed ones too, page by page."""
    params: JsonObject = {}
    while True:
        page = client.call("users.list", params)
        yield from answers.rows(page, "users", dict)
        after = answers.maybe_text(page, "next")
        if after is None:
            return
        params = {"after": after}


def _connect(var: Path) -> BlockingClient:
    path = Layout(var.absolute()).admin_socket
    try:
        client = connect(Address(str(path), 0), Security(), timeout_s=HELLO_S)
    except Silent:
        raise Silent(
            f"the server on the store in {var} does not answer; it may be stopped, or "
            "its disk hang"
        ) from None
    client.timeout_s = TIMEOUT_S
    return client

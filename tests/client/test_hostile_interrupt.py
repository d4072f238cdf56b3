"""TERM-4: Ctrl-C ends a client that waits, however early it comes."""

import subprocess
import sys

from tests.support.process import HANG_S


# The resolver works in a thread. Where that imports anything it may wait for ever for
# an import of the main thread that Ctrl-C has broken off.
RESOLVES = """
import asyncio, sys
from nimsg.client import aio
from nimsg.client.address import Address, Security
from nimsg.errors import Unreachable

async def connect(host):
    try:
        await aio.connect(Address(host, 1), Security(), 10)
    except Unreachable as error:
        print(error)

asyncio.run(connect("127.0.0.1"))
print("encodings.idna" in sys.modules)
"""


def test_term_4_resolving_a_host_imports_nothing_in_its_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RESOLVES],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )

    refused, imported = done.stdout.splitlines()
    assert refused.startswith("no server listens at 127.0.0.1:1")
    assert imported == "False"

"""What a connection reserves and does not use is none of the server's memory."""

import ctypes
import subprocess
import sys

import pytest


BLOCKS = 16
PROGRAM = """
import ctypes, sys
from nimsg.server.memory import keep_little

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    ).split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
if sys.argv[1] == "told":
    keep_little()
libc.free(libc.malloc(1 << 20))
before = libc.mallinfo2().hblks
for _ in range(int(sys.argv[2])):
    libc.malloc(256 * 1024)
print(libc.mallinfo2().hblks - before)
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="another C library"
)
@pytest.mark.parametrize(("how", "mapped"), [("told", BLOCKS), ("as it is", 0)])
def test_a_large_block_is_mapped_whatever_was_freed(how: str, mapped: int) -> None:
    words = [sys.executable, "-c", PROGRAM, how, str(BLOCKS)]

    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout

    assert int(found) == mapped

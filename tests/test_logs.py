"""The log's file: who logs waits for nobody who reads, and what is lost is counted."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import pytest

from nimsg.logfile import LogFile


WAIT_S = 30.0
MOST = 3
FILL = b"." * 65_536


class Pipe(NamedTuple):
    """Two ends, and a log that is written to one of them."""

    reads: int
    writes: int
    log: LogFile


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reads, writes = os.pipe()
    log = LogFile(writes, "ascii", "{} are lost\n".format, MOST)
    yield Pipe(reads, writes, log)
    for end in (reads, writes):
        with suppress(OSError):
            os.close(end)


def fill(pipe: Pipe) -> int:
    """Leave no room in it; how much that took."""
    os.set_blocking(pipe.writes, False)
    count = 0
    with suppress(BlockingIOError):
        while True:
            count += os.write(pipe.writes, FILL)
    os.set_blocking(pipe.writes, True)
    return count


def read(fd: int, count: int) -> bytes:
    """Exactly so many bytes."""
    found = b""
    while len(found) < count:
        found += os.read(fd, count - len(found))
    return found


def test_what_is_logged_is_written_in_its_order(pipe: Pipe) -> None:
    for word in ("one\n", "tw\u00f6\n"):
        pipe.log.write(word)

    assert pipe.log.drain(WAIT_S)
    assert os.read(pipe.reads, 100) == b"one\ntw\\xf6\n"


def test_a_pipe_that_nobody_reads_stops_nobody_and_what_is_lost_is_told(
    pipe: Pipe,
) -> None:
    filled = fill(pipe)
    pipe.log.write("taken\n")
    while pipe.log._waiting:  # the thread has it, and waits for the pipe
        os.sched_yield()
    for number in range(MOST + 4):
        pipe.log.write(f"{number}\n")
    assert not pipe.log.drain(0)

    expected = b"taken\n0\n1\n2\n4 are lost\n"
    found = read(pipe.reads, filled + len(expected))[filled:]
    assert found == expected
    assert pipe.log.drain(WAIT_S)
    pipe.log.write("again\n")
    assert read(pipe.reads, 6) == b"again\n"


def test_a_pipe_that_never_waits_loses_nothing(pipe: Pipe) -> None:
    filled = fill(pipe)
    os.set_blocking(pipe.writes, False)
    pipe.log.write("one\n")

    assert read(pipe.reads, filled + 4)[filled:] == b"one\n"


def test_where_nobody_can_read_any_more_nothing_fails(pipe: Pipe) -> None:
    os.close(pipe.reads)
    pipe.log.write("one\n")
    assert pipe.log.drain(WAIT_S)
    pipe.log.write("two\n")

    assert pipe.log.drain(WAIT_S)

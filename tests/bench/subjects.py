"""What is measured: server processes that are started, sent to and stopped alike."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


BODY = ("The quick brown fox jumps over the lazy dog, and once more.\n" * 18)[:1024]
RECIPIENTS = [f"u{number}" for number in range(100)]
HEADER = struct.Struct(">I")


class Subject(NamedTuple):
    """A running server; how to log in on a connection, and a frame to send on it."""

    name: str
    process: "subprocess.Popen[str]"
    port: int
    folder: Path
    login: Callable[[int], bytes]
    frame: Callable[[int, int], bytes]
    answers_are_frames: bool

    def stop(self) -> None:
        """End the process in order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def rss_kib(self) -> int:
        """The process's resident memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def cpu_s(self) -> float:
        """CPU seconds the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().split(") ")[1]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def request(id_: int, method: str, params: dict[str, object]) -> bytes:
    """One frame of nimsg's protocol."""
    message = {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}
    payload = json.dumps(message).encode()
    return HEADER.pack(len(payload)) + payload


def start_nimsg(folder: Path, auth: str = "open") -> Subject:
    """`nimsg server` on a free port, over a store in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "nimsg", "server", "--port", "0"),
            *("--auth", auth, "--var", str(folder / "var")),
            *("--quota", "0", "--quota-messages", "0"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    port = 0
    for line in process.stdout or ():
        if line.startswith("nimsg server on "):
            port = int(line.split()[3].rpartition(":")[2])
        if line.startswith("  connect"):
            break
    return Subject(
        "nimsg",
        process,
        port,
        folder,
        lambda i: request(1, "auth.login", {"user": f"sender{i}"}),
        lambda i, k: request(
            k + 10,
            "mail.send",
            {
                "to": [RECIPIENTS[k % len(RECIPIENTS)]],
                "client_id": f"{i:04d}-{k:010d}",
                "subject": "a subject of ordinary length",
                "body": BODY,
            },
        ),
        answers_are_frames=True,
    )


def start_bound(mode: str, folder: Path) -> Subject:
    """A bare bound (see `bounds`) on a free port."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bounds", mode, str(port), str(folder)],
        text=True,
    )
    wait_for(port, process)
    frame = HEADER.pack(len(BODY)) + BODY.encode()
    return Subject(
        f"bound {mode}",
        process,
        port,
        folder,
        lambda _: b"",
        lambda _, __: frame,
        answers_are_frames=False,
    )


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    """Come back once something listens."""
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            continue
        return
    raise RuntimeError("a bound did not start")

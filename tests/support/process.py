"""`nimsg` as people start it: processes, ended with the test."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


NIMSG = (sys.executable, "-m", "nimsg")
TOP = Path(__file__).parents[2]
HANG_S = 60
# A shell that becomes what follows, with no more descriptors than the first says.
LIMITED = ("sh", "-c", 'ulimit -n "$1"; shift; exec "$@"', "sh")


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment of its own, without what this one says about nimsg.

    `python -m nimsg` finds this very code in it, wherever it is started.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NIMSG", "XDG_"))
    }
    own = {"HOME": home, "XDG_CONFIG_HOME": home / ".config", "PYTHONPATH": TOP}
    return {**kept, **{name: str(path) for name, path in own.items()}, **more}


def nimsg(
    *words: str, env: Mapping[str, str], stdin: bytes = b"", cwd: Path | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run a verb to its end."""
    return subprocess.run(
        [*NIMSG, *words],
        env=dict(env),
        input=stdin,
        capture_output=True,
        timeout=HANG_S,
        check=False,
        cwd=cwd,
    )


# That somebody comes and goes is told however soon it is.
AT_ONCE = ("--limit", "presence_ms=0")
STOPPED = "AUDIT who=signal method=server.stop "


class ServerProcess:
    """`nimsg server` on a free port. Use in `with`; ended by SIGTERM.

    `files` is how many descriptors it may have; 0 leaves that as it is.
    `lines` is what it printed when it was ready, and all of it once it has ended;
    `complaints` then is what it wrote to its standard error, but for the line that
    tells which signal has ended it.
    """

    def __init__(
        self, var: Path, *options: str, env: Mapping[str, str], files: int = 0
    ) -> None:
        self.var = var
        self.address = ""
        self.lines: list[str] = []
        self.complaints = ""
        self.process = subprocess.Popen(
            [
                *(LIMITED if files else ()),
                *([str(files)] if files else ()),
                *NIMSG,
                *("server", "--port", "0", "--var", str(var), *options),
            ],
            env=dict(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "ServerProcess":
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip("\n"))
            if line.startswith("nimsg server on "):
                self.address = line.split()[3]
            if line.startswith("  connect"):
                return self
        raise RuntimeError(f"no server: {self.process.communicate()[1]}")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.address.rpartition(":")[2])

    def complains(self) -> str:
        """The next line on its standard error, waited for."""
        return self.process.stderr.readline() if self.process.stderr else ""

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end of one that was asked; the exit code."""
        rest, told = self.process.communicate(timeout=HANG_S)
        self.lines += rest.splitlines()
        lines = told.splitlines(keepends=True)
        self.complaints = "".join(line for line in lines if STOPPED not in line)
        return self.process.returncode

    def kill(self) -> None:
        """kill -9."""
        self.stop(signal.SIGKILL)

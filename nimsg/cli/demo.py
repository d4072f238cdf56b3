"""`nimsg demo`: a real server, real files, two people, and what each of them sees."""

import os
import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from nimsg.cli import show
from nimsg.cli.check import print_report
from nimsg.errors import Exit, NimsgError
from nimsg.store.check import check_store
from nimsg.store.layout import Layout


ANN, BOB = "ann", "bob"
NIMSG = (sys.executable, "-m", "nimsg")


def demo_arguments(parser: ArgumentParser) -> None:
    """Options of `demo`."""
    parser.add_argument(
        "--keep", metavar="FOLDER", type=Path, help="keep the store in this new folder"
    )


def run_demo(args: Namespace) -> int:
    """Tell the story."""
    with tempfile.TemporaryDirectory(prefix="nimsg-demo-") as folder:
        var = args.keep or Path(folder) / "var"
        with Stage(var) as stage:
            id_ = tell(stage)
            show_files(Layout(var), id_)
        show.say("The server was asked to stop, and everything is in the files:")
        print_report(check_store(var))
        if args.keep:
            show.say(f"The store was kept in {var}.")
    return Exit.DONE


class Stage:
    """A server process on a free port, and people who type verbs. Use in `with`."""

    def __init__(self, var: Path) -> None:
        self._address = ""
        self._server = subprocess.Popen(  # noqa: S603 - this very program
            [*NIMSG, "server", "--port", "0", "--auth", "open", "--var", str(var)],
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Stage":
        for line in self._server.stdout or ():
            show.say(f"    {line.rstrip()}")
            if line.startswith("nimsg server on "):
                self._address = line.split()[3]
            if line.startswith("  connect"):
                show.say()
                return self
        raise NimsgError("the demo's server did not start")

    def __exit__(self, *_: object) -> None:
        self._server.send_signal(signal.SIGTERM)
        self._server.communicate()

    def type(self, user: str, *words: str) -> str:
        """Type a verb as somebody and show what it prints; its output."""
        return self.watch(self.begin(user, *words))

    def begin(self, user: str, *words: str) -> "subprocess.Popen[str]":
        """Type a verb that may take a while."""
        shown = " ".join(f"'{word}'" if " " in word else word for word in words)
        show.say(f"  {user}$ nimsg {shown}")
        return subprocess.Popen(  # noqa: S603 - this very program
            [*NIMSG, *words],
            env={**os.environ, "NIMSG_SERVER": self._address, "NIMSG_USER": user},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def watch(self, typed: "subprocess.Popen[str]") -> str:
        """Show what a verb prints until it ends; its output."""
        output, _ = typed.communicate()
        for line in output.splitlines():
            show.say(f"    {line}".rstrip())
        if typed.returncode != Exit.DONE:
            raise NimsgError(f"the demo's verb ended with {typed.returncode}")
        if not output:
            show.say("    (exit 0)")
        show.say()
        return output.strip()


def tell(stage: Stage) -> str:
    """Two people write to each other; the id of the first message."""
    show.say("Ann leaves Bob a message. Bob is not there; the server keeps it.")
    subject = "disk full on node7"
    text = "Cleaned up /scratch. Please have a look before noon."
    id_ = stage.type(ANN, "send", BOB, "-s", subject, "-m", text)
    stage.type(ANN, "outbox")
    show.say(
        "Bob asks what is new. Ann can see that it was listed, not that it was read."
    )
    stage.type(BOB, "client", "--once")
    stage.type(ANN, "status", "o1")
    show.say("A script of Ann's waits until a human has read it...")
    waiting = stage.begin(ANN, "wait", id_, "--until", "opened", "--for", "1m")
    show.say("... Bob opens it and answers ...")
    stage.type(BOB, "open", "i1")
    stage.type(BOB, "send", ANN, "--reply-to", "i1", "-m", "On it. Thanks!")
    show.say("... and the script goes on.")
    stage.watch(waiting)
    show.say("What each of them has now, with the times of sending and reading:")
    stage.type(ANN, "outbox", "--all")
    stage.type(ANN, "inbox")
    stage.type(ANN, "open", "i1")
    stage.type(BOB, "client")
    show.say(
        "A message nobody has opened can be taken back, and the answer is certain."
    )
    stage.type(ANN, "send", BOB, "-m", "Never mind, wrong window.")
    stage.type(ANN, "recall", "o2")
    show.say("When mail has gathered it is found again, with what answered it.")
    stage.type(ANN, "search", "scratch")
    stage.type(ANN, "thread", "o1")
    return id_


def show_files(layout: Layout, id_: str) -> None:
    """Where the first message lies, and what the ledger says of it."""
    path = layout.message(id_)
    show.say(f"The message is a file: {path.relative_to(layout.root.parent)}")
    for line in path.read_text(encoding="utf-8").splitlines():
        show.say(f"    {line}")
    show.say()
    for day in sorted(layout.ledger.glob("*.jsonl")):
        name = day.relative_to(layout.root.parent)
        show.say(f"What happened to it is a line each: {name}")
        for line in day.read_text(encoding="utf-8").splitlines():
            if id_ in line:
                show.say(f"    {line}")
    show.say()

"""`nimsg demo`: a real server, real files, people, and what each of them sees.

On a terminal the person sees it, too: the full screen opens, and somebody answers.
"""

import select
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from nimsg.cli import show
from nimsg.cli.check import print_report
from nimsg.cli.client import client_arguments, has_screen, run_client
from nimsg.cli.demofriend import Company
from nimsg.cli.demoseats import Seat, Seats
from nimsg.cli.demostage import OnlyOnce, Stage
from nimsg.cli.store import some_path
from nimsg.cli.terminal import drop_typed
from nimsg.client.acts_session import Way
from nimsg.client.address import Security, parse_address
from nimsg.errors import ConfigError, Exit
from nimsg.store.check import check_store
from nimsg.store.disk import FOLDER_MODE
from nimsg.store.layout import Layout


ANN, BOB = "ann", "bob"
LOOK_S = 10.0
ANSWER_S = 10.0
EPILOG = """\
It takes less than ten seconds. On a terminal the full screen opens behind it: you are
Ann, and Bob reads and answers what you write, until you end it with q.
"""


def demo_arguments(parser: ArgumentParser) -> None:
    """Options of `demo`."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--keep",
        metavar="FOLDER",
        type=some_path,
        help="keep the store in this folder, which is new or empty",
    )


def run_demo(args: Namespace) -> int:
    """Tell the story; where there is a screen, let the person go on with it."""
    with (
        OnlyOnce() as signals,
        tempfile.TemporaryDirectory(prefix="nimsg-demo-") as folder,
    ):
        if args.keep:
            take_empty(args.keep)
        var = args.keep or Path(folder) / "var"
        with Stage(var) as stage:
            id_ = tell(stage)
            show_files(Layout(var), id_)
            meet(stage)
        show.say("The server has ended, and everything is in the files:")
        print_report(check_store(var))
        if has_screen():
            sit_down(var, signals)
        if args.keep:
            show.say(f"The store was kept in {var}.")
    if has_screen():
        say_goodbye(kept=bool(args.keep))
    return Exit.DONE


def take_empty(folder: Path) -> None:
    """Make the folder, where it is missing. Raises `ConfigError` for one in use."""
    remedy = "give --keep a folder that is new or empty"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = sorted(path.name for path in folder.iterdir())
        if not names:
            folder.chmod(FOLDER_MODE)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be used: {error.strerror}; {remedy}, and yours"
        ) from None
    if names:
        raise ConfigError(f"{folder} has {names[0]!r} in it; {remedy}")


def sit_down(var: Path, signals: OnlyOnce) -> None:
    """The person is Ann at the full screen, and Bob is there."""
    show.say()
    show.say("Now it is your turn. The server starts again on the same files:")
    with Stage(var) as stage:
        way = Way(parse_address(stage.address), Security(), ANSWER_S, None)
        with Company(way, BOB, ANN):
            show.say(f"You are {ANN}. {BOB} is there, and answers what you write.")
            show.say(f"  {ANN}$ nimsg client --server {stage.address} --user {ANN}")
            show.say(f"Enter opens the screen; it opens by itself in {LOOK_S:.0f} s.")
            sys.stdout.flush()
            select.select([sys.stdin], [], [], LOOK_S)
            drop_typed(sys.stdin.fileno())
            parser = ArgumentParser()
            client_arguments(parser)
            try:
                run_client(
                    parser.parse_args(["--server", stage.address, "--user", ANN])
                )
            finally:
                signals.take()


def say_goodbye(*, kept: bool) -> None:
    """What is left, and how to go on."""
    gone = "the server has ended" if kept else "server and files are gone"
    name = sys.argv[0]
    if Path(name).name != "nimsg" or shutil.which("nimsg"):
        name = "nimsg"
    show.say(f"That was the demo; {gone}. For real, in two terminals:")
    show.say(f"  {name} server          {name} client --user YOU")


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
    stage.type(BOB, "inbox", "--all")
    stage.type(BOB, "outbox", "--all")
    show.say(
        "A message nobody has opened can be taken back, and the answer is certain."
    )
    stage.type(ANN, "send", BOB, "-m", "Never mind, wrong window.")
    stage.type(ANN, "recall", "o2")
    show.say("When mail has gathered it is found again, with what answered it.")
    stage.type(ANN, "search", "scratch")
    stage.type(ANN, "thread", "o1")
    return id_


def meet(stage: Stage) -> None:
    """Three people are there at the same time, until the server ends."""
    show.say("Beside the mail there are the people who are online, in line mode:")
    with Seats(stage.address) as seats:
        ann = seats.sit(ANN, "nobody else")
        bob = seats.sit(BOB, ANN)
        ann.hear("bob logged in")
        show.say()
        say_in_room(seats)
        ann.type("whoelse")
        ann.hear("cy")
        show.say()
        block(seats)
        speak_privately(ann, bob)
        show.say("The owner of the machine ends the server; everybody is told before.")
        stage.type("root", "shutdown", "3", "--var", str(stage.var))
        for seat in seats:
            seat.hear("shuts down in 3 s")
            seat.leave()
        stage.ends()
    show.say()


def say_in_room(seats: Seats) -> None:
    """A third one comes, and finds what was said before."""
    ann, bob = seats
    show.say("What is said in a room comes at once, and is kept for who comes later.")
    bob.type("say lobby node7 is back, and empty")
    for seat in (bob, ann):
        seat.hear("node7 is back")
    seats.sit("cy", "node7 is back")
    for seat in (ann, bob):
        seat.hear("cy logged in")


def block(seats: Seats) -> None:
    """One blocks another, who is not told."""
    ann, bob, cy = seats
    show.say(
        "Who is blocked is not heard, does not see who blocks, and is told no name."
    )
    ann.type("block cy")
    ann.hear("cy")
    cy.type("broadcast anybody for lunch?")
    bob.hear("anybody for lunch?")
    cy.hear("reached")
    cy.type("whoelse")
    cy.hear("bob")
    show.say()


def speak_privately(ann: Seat, bob: Seat) -> None:
    """Two clients talk past the server."""
    show.say("A private link goes past the server, if the other one agrees.")
    ann.type("startprivate bob")
    bob.hear("[y/n]")
    bob.type("y")
    for seat in (ann, bob):
        seat.hear("private link to")
    ann.type("private bob this is in no file and in no log")
    for seat in (ann, bob):
        seat.hear("in no file and in no log")
    ann.type("stopprivate bob")
    for seat in (ann, bob):
        seat.hear("ended")
    show.say()


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

"""`nimsg check`: whether files, ledger and index say the same; and a new index."""

import os
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from nimsg.cli import show
from nimsg.cli.problems import print_problem_objects, print_problems
from nimsg.cli.progress import Bars
from nimsg.cli.settings import add_json_argument
from nimsg.cli.store import add_var_argument, var_folder
from nimsg.errors import Exit
from nimsg.protocol.strict import JsonObject
from nimsg.store.check import Report, check_store
from nimsg.store.disk import RealDisk
from nimsg.store.layout import Layout, made_anew, require_found
from nimsg.store.rebuild import Rebuilt
from nimsg.store.salvage import Salvaged, salvage_store
from nimsg.text import clean_line, many


AGREE = "Files, ledger and index agree."
INDEX = "index.db"
MAKE_ANEW = "The index is made anew from the files by {}, while no server runs."
SOUND = "The files and the ledger's chain are sound."


def check_arguments(parser: ArgumentParser) -> None:
    """Options of `check`."""
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help="make the index anew from the files, while no server runs",
    )
    add_var_argument(parser)
    add_json_argument(parser)


def run_check(args: Namespace) -> int:
    """Name every disagreement; 74 when there is one. A server may be running."""
    var = var_folder(args)
    if args.rebuild:
        return rebuild(var, args)
    require_found(Layout(var))
    with Bars() as bars:
        report = check_store(var, bars)
    if args.json:
        _print_json(report)
    else:
        print_report(report)
        if any(one.where.startswith(INDEX) for one in report.problems):
            show.say(MAKE_ANEW.format(made_anew(var)))
    return Exit.STORAGE if report.problems else Exit.DONE


def rebuild(var: Path, args: Namespace) -> int:
    """Make the index anew; 74 when something had to go to quarantine."""
    now = time.time_ns() // 1_000_000
    with Bars() as bars:
        done = salvage_store(
            RealDisk(), Layout(var), entropy=os.urandom, now=now, progress=bars
        )
    if args.json:
        for loss in done.losses:
            members: JsonObject = {"what": loss.what, "why": loss.why}
            show.say(show.json_line("loss", members))
        show.say(
            show.json_line(
                "rebuild",
                {
                    "accounts": done.rebuilt.accounts,
                    "rooms": done.rebuilt.rooms,
                    "messages": done.rebuilt.messages,
                    "posts": done.rebuilt.posts,
                    "lines": done.rebuilt.lines,
                    "filed": done.filed,
                    "lost_positions": done.rebuilt.lost,
                    "losses": len(done.losses),
                    "remarks": done.remarks,
                    "aside": done.aside,
                },
            )
        )
    else:
        print_rebuilt(done)
    return Exit.STORAGE if any(loss.moved for loss in done.losses) else Exit.DONE


def print_rebuilt(done: Salvaged) -> None:
    """What went into the new index, and what did not."""
    made = done.rebuilt
    amounts = _amounts(made)
    show.say(f"The index was made anew: {amounts}.")
    if done.filed:
        rows = many(done.filed, "row")
        show.say(f"Before that, {rows} of the old journal got a file.")
    moved = [loss for loss in done.losses if loss.moved]
    for loss in moved:
        show.say(clean_line(f"{loss.what} is in quarantine: {loss.why}"))
    if given_up := len(done.losses) - len(moved):
        ids = many(given_up, "message")
        show.say(
            f"{ids} given up that the ledger tells of and that have no file: see "
            "quarantine/lost.jsonl"
        )
    for remark in done.remarks:
        show.say(clean_line(remark))
    if made.lost:
        lost = many(made.lost, "position")
        show.say(f"{lost} in mailboxes and rooms without a message.")
    if done.aside:
        show.say(f"The old index was kept in {done.aside}.")


def _amounts(found: Report | Rebuilt) -> str:
    messages = many(found.messages, "message")
    if found.posts:
        messages += f" ({found.posts} in rooms)"
    return ", ".join(
        [
            many(found.accounts, "account"),
            messages,
            many(found.lines, "ledger line"),
        ]
    )


def print_report(report: Report) -> None:
    """The sums, and a line for each disagreement; of what was not read, its lines."""
    if not report.looked:
        print_problems(report.problems)
        return
    copies = ", ".join(f"{count} {state}" for state, count in report.copies.items())
    show.say(_amounts(report))
    total = sum(report.copies.values())
    if total or (report.indexed and not report.problems):
        count = many(total, "copy", "copies")
        show.tell(f"{count}: {copies}; {report.refused} refused")
    if report.lost:
        lost = many(report.lost, "loss", "losses")
        show.say(f"{lost} of earlier: see quarantine/lost.jsonl")
    print_problems(report.problems)
    if not report.indexed:
        show.say("There is no index; the next start makes it anew from the files.")
    if not report.problems:
        show.say(AGREE if report.indexed else SOUND)


def _print_json(report: Report) -> None:
    print_problem_objects(report.problems)
    members: JsonObject = {
        "accounts": report.accounts,
        "rooms": report.rooms,
        "messages": report.messages,
        "posts": report.posts,
        "lines": report.lines,
        "copies": report.copies,
        "refused": report.refused,
        "lost": report.lost,
        "indexed": report.indexed,
        "problems": len(report.problems),
    }
    show.say(show.json_line("check", members))

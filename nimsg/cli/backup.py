"""`nimsg backup`: a copy that is a store, while a server runs or not."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from nimsg.cli import show
from nimsg.cli.problems import print_problem_objects, print_problems
from nimsg.cli.progress import Bars
from nimsg.cli.settings import add_json_argument
from nimsg.cli.store import add_var_argument, some_path, var_folder
from nimsg.client.tables import amount
from nimsg.errors import Exit
from nimsg.protocol.strict import JsonObject
from nimsg.store.backup import Report, backup_store
from nimsg.store.disk import RealDisk
from nimsg.store.layout import Layout
from nimsg.text import clean_line, many


def backup_arguments(parser: ArgumentParser) -> None:
    """Options of `backup`."""
    parser.add_argument(
        "folder", metavar="DIR", type=some_path, help="new, empty, or an earlier backup"
    )
    add_var_argument(parser)
    add_json_argument(parser)


def run_backup(args: Namespace) -> int:
    """Copy what was answered by now; 74 when some of it is damaged."""
    with Bars() as bars:
        report = backup_store(
            RealDisk(), Layout(var_folder(args)), Layout(args.folder), bars
        )
    if args.json:
        _print_json(report)
    else:
        print_report(report, args.folder)
    return Exit.STORAGE if report.problems else Exit.DONE


def print_report(report: Report, folder: Path) -> None:
    """What there is now, what of it is new, and a line for each damage."""
    show.say(
        clean_line(
            f"{many(report.accounts, 'account')}, "
            f"{many(report.messages, 'message')} and "
            f"{many(report.lines, 'ledger line')} are in {folder}"
        )
    )
    show.say(
        f"{many(report.copied, 'message file')} copied, "
        f"{report.kept} there before; "
        f"{amount(report.bytes)} written"
    )
    print_problems(report.problems)


def _print_json(report: Report) -> None:
    print_problem_objects(report.problems)
    members: JsonObject = {
        "accounts": report.accounts,
        "messages": report.messages,
        "lines": report.lines,
        "copied": report.copied,
        "kept": report.kept,
        "removed": report.removed,
        "bytes": report.bytes,
        "problems": len(report.problems),
    }
    show.say(show.json_line("backup", members))

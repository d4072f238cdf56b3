"""`nimsg check`: whether files, ledger and index say the same."""

from argparse import ArgumentParser, Namespace

from nimsg.cli import show
from nimsg.cli.settings import add_json_argument
from nimsg.cli.store import add_var_argument, var_folder
from nimsg.errors import ConfigError, Exit
from nimsg.protocol.strict import JsonObject
from nimsg.store.check import Report, check_store
from nimsg.store.layout import Layout


def check_arguments(parser: ArgumentParser) -> None:
    """Options of `check`."""
    add_var_argument(parser)
    add_json_argument(parser)


def run_check(args: Namespace) -> int:
    """Name every disagreement; 74 when there is one. A server may be running."""
    var = var_folder(args)
    if not Layout(var).format.exists():
        raise ConfigError(f"there is no store in {var}; name its folder with --var")
    report = check_store(var)
    if args.json:
        _print_json(report)
    else:
        print_report(report)
    return Exit.STORAGE if report.problems else Exit.DONE


def print_report(report: Report) -> None:
    """The sums, and a line for each disagreement."""
    copies = ", ".join(f"{count} {state}" for state, count in report.copies.items())
    show.say(
        f"{report.accounts} accounts, {report.messages} messages, "
        f"{report.lines} ledger lines"
    )
    show.say(
        f"{sum(report.copies.values())} copies: {copies}; {report.refused} refused"
    )
    for problem in report.problems:
        show.say(show.clean_line(f"{problem.where}: {problem.what}"))
    if not report.problems:
        show.say("Files, ledger and index agree.")


def _print_json(report: Report) -> None:
    for problem in report.problems:
        members: JsonObject = {"where": problem.where, "what": problem.what}
        show.say(show.json_line("problem", members))
    show.say(
        show.json_line(
            "check",
            {
                "accounts": report.accounts,
                "messages": report.messages,
                "lines": report.lines,
                "copies": report.copies,
                "refused": report.refused,
                "problems": len(report.problems),
            },
        )
    )

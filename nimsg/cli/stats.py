"""`nimsg stats`: what the server of a folder is at, by whoever owns the folder."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import msgspec

from nimsg.cli import show
from nimsg.cli.filled import filled
from nimsg.cli.localstore import running_server
from nimsg.cli.store import add_var_argument, var_folder
from nimsg.client.tables import amount, short_time
from nimsg.errors import Exit, StorageFailure
from nimsg.protocol.results_stats import Stats
from nimsg.server.exposition import exposition, write_exposition
from nimsg.text import many


STANDARD_OUTPUT = "-"
# Who asks wants to know whether the server lives.
ANSWER_S = 5.0
US_PER_MS = 1000
NAME_CELLS = 13
UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def stats_arguments(parser: ArgumentParser) -> None:
    """Options of `stats`."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument(
        "--prometheus",
        metavar="FILE",
        type=filled,
        help="as text for Prometheus, into a file; -: print it",
    )
    add_var_argument(parser)


def run_stats(args: Namespace) -> int:
    """Ask the server, and show what it says."""
    with running_server(var_folder(args)) as client:
        answer = client.call("server.stats", {}, timeout_s=ANSWER_S)
    if args.json:
        show.say(show.json_line("stats", answer))
        return Exit.DONE
    stats = msgspec.convert(answer, Stats)
    if args.prometheus is None:
        for name, value in lines(stats):
            show.say(f"{name:<{NAME_CELLS}}{value}")
    elif args.prometheus == STANDARD_OUTPUT:
        show.say(exposition(stats).rstrip("\n"))
    else:
        _write(Path(args.prometheus), stats)
    return Exit.DONE


def _write(path: Path, stats: Stats) -> None:
    try:
        write_exposition(path, exposition(stats))
    except OSError as error:
        raise StorageFailure(f"{path} cannot be written: {error.strerror}") from None


def lines(stats: Stats) -> list[tuple[str, str]]:
    """What a person is shown: names and values."""
    people, queues, commits = stats.connections, stats.queues, stats.commits
    refusals = [f"{kind} {count}" for kind, count in sorted(stats.refusals.items())]
    found = [
        ("Server", f"{stats.server}, up for {_duration(stats.uptime_s)}"),
        (
            "Connections",
            f"{people.interactive} interactive, {people.headless} headless, "
            f"{people.anonymous} anonymous, {people.handshaking} in the handshake, "
            f"of {stats.connections_most}",
        ),
        ("Accounts", str(stats.accounts)),
        ("Messages", str(stats.messages)),
        ("Rooms", str(stats.rooms)),
        ("Sent", f"{stats.sent}, {stats.sent_minute} in the last minute"),
        (
            "Commits",
            f"half of the last {commits.count} took {_ms(commits.p50_us)} ms at most, "
            f"99 in 100 {_ms(commits.p99_us)} ms",
        ),
        (
            "Waiting",
            f"{many(queues.commit, 'command')}, "
            f"{many(queues.journal, 'journal row')}, "
            f"{many(queues.indexer, 'message')} to index",
        ),
        ("Refusals", ", ".join(refusals) or "none"),
        ("Memory", amount(stats.rss_bytes)),
        ("Open files", f"{stats.open_files} of {stats.open_files_most}"),
        ("Free space", _space(stats)),
    ]
    if stats.tls_ends_at is not None:
        found.append(("Certificate", _goodness(stats, stats.tls_ends_at)))
    return found


def _goodness(stats: Stats, until: int) -> str:
    begin = stats.tls_begins_at
    if begin is not None and stats.at < begin:
        return f"not good before {short_time(begin, stats.at)}"
    told = "expired" if until < stats.at else "good until"
    return f"{told} {short_time(until, stats.at)}"


def _space(stats: Stats) -> str:
    refused = ": mail is refused" if stats.mail_refused else ""
    least = amount(stats.min_free_bytes)
    return f"{amount(stats.free_bytes)}, mail needs {least}{refused}"


def _ms(us: int) -> str:
    return f"{us / US_PER_MS:.1f}"


def _duration(seconds: int) -> str:
    """A time in its largest whole unit."""
    name, size = next(unit for unit in UNITS if seconds >= unit[1] or unit[1] == 1)
    return many(seconds // size, name)

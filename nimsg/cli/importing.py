"""`nimsg import`: mail of other systems becomes one's own, or an account's."""

from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from nimsg.archive.mail import Mail, client_id, reference_id
from nimsg.archive.reading import FORMATS, Archive, open_archive
from nimsg.cli import show
from nimsg.cli.addressmap import AddressMap, Parcel, read_map
from nimsg.cli.localstore import all_users, local_client
from nimsg.cli.progress import Bars
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    check_only_var,
    read_settings,
)
from nimsg.cli.store import some_path
from nimsg.cli.stream import stream
from nimsg.client import answers
from nimsg.client.blocking import BlockingClient
from nimsg.client.query import Call
from nimsg.errors import (
    Exit,
    NimsgError,
    Refusal,
    Unavailable,
    Unreachable,
    UsageError,
)
from nimsg.protocol.digest import body_hash
from nimsg.protocol.envelope import Answer
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line


STDIN = "-"
# After these nothing more would be taken.
ENDS = ("disk_full", "storage_failed", "internal_error", "login_required")
# What may become of a mail; of its parcels the first of these counts.
OUTCOMES = ("stored", "known", "refused")
OTHER = "is there before, with another text or other headers; what is there stays"
AGAIN = "import it again then, and what is stored is not stored twice"
FULL = (
    "the server's disk is full, and the rest of the archive was not looked at; when "
    "space has been made, import it again: what is stored is not stored twice"
)
Answers = Iterator[tuple[Call, Answer]]
Asking = Callable[[Iterable[Call]], Answers]


def import_arguments(parser: ArgumentParser) -> None:
    """Options of `import`."""
    parser.add_argument(
        "file",
        metavar="FILE",
        type=some_path,
        help="a file, or a Maildir (-: the input)",
    )
    parser.add_argument(
        "--format", choices=FORMATS, help="what it is (else it is looked at)"
    )
    parser.add_argument(
        "-n", "--dry-run", action="store_true", help="only tell what could be taken"
    )
    parser.add_argument(
        "--var",
        metavar="FOLDER",
        type=some_path,
        help="for the accounts of this store, by its owner; needs --map",
    )
    parser.add_argument(
        "--map",
        metavar="FILE",
        type=some_path,
        help="lines of `address name`: whose mail it is",
    )
    add_json_argument(parser)
    add_connection_arguments(parser)


def run_import(args: Namespace) -> int:
    """Import an archive; 4 when something could not be taken."""
    if (args.var is None) != (args.map is None):
        raise UsageError("--var and --map go together: whose mail is it?")
    if args.var is not None:
        check_only_var(args)
    archive = open_input(args)
    known = read_map(args.map) if args.map else None
    with Bars() as bars:
        report = Report(bars, json=args.json, dry=args.dry_run)
        transfer = Import(archive, known, report)
        if args.var is not None and known is not None:
            with local_client(args.var, "nimsg import") as client:
                known.check(accounts(client), args.var)
                local: Asking = partial(stream, lambda: client, _give_up)
                transfer.run(pretend if args.dry_run else local)
        elif args.dry_run:
            transfer.run(pretend)
        else:
            with Session(read_settings(args)) as session:
                transfer.run(session.stream)
    return transfer.end()


def open_input(args: Namespace) -> Archive:
    """The archive; `-` is the standard input, whose format must be said."""
    if str(args.file) != STDIN:
        return open_archive(args.file, args.format)
    if args.format is None:
        raise UsageError("what comes from the standard input? give --format")
    return open_archive(Path("/dev/stdin"), args.format)


def accounts(client: BlockingClient) -> set[str]:
    """The names of all accounts that are not removed."""
    return {
        answers.text(row, "user")
        for row in all_users(client)
        if answers.maybe_number(row, "removed_at") is None
    }


def pretend(calls: Iterable[Call]) -> Answers:
    """The answers of a store that takes everything, and asks nobody."""
    return ((call, Answer(None, {"duplicate": False}, None)) for call in calls)


class Waiting:
    """A mail with `left` parcels that answers are awaited for.

    `told` has what is said of it, by the words for it.
    """

    def __init__(self, where: str, mail: Mail, left: int) -> None:
        self.where = where
        self.mail = mail
        self.left = left
        self.outcomes: set[str] = set()
        self.told: dict[str, str] = {}


class Report:
    """What is told of single mails, and the sums."""

    def __init__(self, bars: Bars, *, json: bool, dry: bool) -> None:
        self.bars = bars
        self._stored = "could be stored" if dry else "stored"
        self._json = json
        self.refused = False
        self.sums = dict.fromkeys(
            ("read", "stored", "known", "duplicate", "refused"), 0
        )

    def count(self, what: str) -> None:
        """One more."""
        self.sums[what] += 1

    def tell(self, where: str, what: str, why: str, mail: Mail | None) -> None:
        """A line about one mail."""
        self.refused = self.refused or what == "refused"
        id_ = mail.origin.message_id if mail else None
        if self._json:
            members: JsonObject = {
                "where": where,
                "what": what,
                "why": why,
                "message_id": id_,
            }
            line = show.json_line("import-item", members)
        else:
            line = clean_line(f"{where}: {why}{f' {id_}' if id_ else ''}")
        with self.bars.aside():
            show.say(line)

    def total(self) -> str:
        """The sums as a line."""
        if self._json:
            return show.json_line("import", {**self.sums})
        sums = self.sums
        return (
            f"{sums['read']} read: {sums['stored']} {self._stored}, "
            f"{sums['known']} there before, {sums['duplicate']} duplicate, "
            f"{sums['refused']} not taken"
        )


class Import:
    """One archive on its way. Without `known` addresses it is the asker's own mail."""

    def __init__(
        self, archive: Archive, known: AddressMap | None, report: Report
    ) -> None:
        self._archive = archive
        self._known = known
        self._report = report
        self._waiting: deque[Waiting] = deque()
        self._seen: dict[str, tuple[str, str]] = {}
        self._end: Refusal | None = None

    def run(self, ask: Asking) -> None:
        """Take every mail; `ask` answers calls in their order.

        Where that breaks off, the sums so far are said.
        """
        try:
            for _, answer in ask(self._calls()):
                self._take(self._waiting[0], answer)
        except (NimsgError, KeyboardInterrupt):
            self._break_off(again=ask is not pretend)
            raise

    def end(self) -> int:
        """Say what came of it; the exit code. Raises `Refusal` where it broke off."""
        show.say(self._report.total())
        if self._end is not None and self._end.kind == "disk_full":
            raise Unavailable(FULL)
        if self._end is not None:
            raise Refusal(self._end.kind, f"{self._end}; {AGAIN}", self._end.data)
        return Exit.REFUSED if self._report.refused else Exit.DONE

    def _break_off(self, *, again: bool) -> None:
        self._report.bars.end()
        if self._waiting and self._waiting[0].outcomes:
            self._settle(self._waiting[0])
        show.say(self._report.total())
        if again:
            show.note("Import it again to go on: nothing is stored twice.")

    def _calls(self) -> Iterator[Call]:
        bars, done = self._report.bars, 0
        bars.begin("import", self._archive.total, self._archive.unit)
        for item in self._archive:
            bars.advance(item.done - done)
            done = item.done
            self._report.count("read")
            if item.mail is None:
                self._refuse(item.where, item.why, None)
            elif not self._is_duplicate(item.where, item.mail):
                yield from self._calls_for(item.where, item.mail)
            if self._end is not None:
                return

    def _calls_for(self, where: str, mail: Mail) -> Iterator[Call]:
        parcels = self._known.parcels(mail) if self._known else [None]
        if not parcels:
            self._refuse(where, "no address in it is on the map", mail)
            return
        self._waiting.append(Waiting(where, mail, len(parcels)))
        for parcel in parcels:
            yield call_of(mail, parcel)

    def _is_duplicate(self, where: str, mail: Mail) -> bool:
        id_, text = client_id(mail), body_hash(mail.body)
        first, same = self._seen.setdefault(id_, (where, text))
        if first == where:
            return False
        self._report.count("duplicate")
        why = f"is a duplicate of {first}"
        if same != text:
            why = f"has the Message-ID of {first}, and another text"
        self._report.tell(where, "duplicate", why, mail)
        return True

    def _take(self, waiting: Waiting, answer: Answer) -> None:
        refusal = answer.refusal
        if refusal is None:
            before = answer.result.get("duplicate") is True
            waiting.outcomes.add("known" if before else "stored")
            for user, kind in answers.rows(answer.result, "refused", answers.refused):
                waiting.told[f"not kept for {user}: {Refusal(kind).detail}"] = "remark"
        elif refusal.kind == "client_id_conflict":
            waiting.outcomes.add("known")
            waiting.told[OTHER] = "remark"
        else:
            waiting.outcomes.add("refused")
            waiting.told[f"not taken: {refusal}"] = "refused"
            if refusal.kind in ENDS:
                self._end = self._end or refusal
        waiting.left -= 1
        if not waiting.left:
            self._waiting.popleft()
            self._settle(waiting)

    def _settle(self, waiting: Waiting) -> None:
        """Count a mail once, whatever it has of parcels, and say what is to be said."""
        outcome = next(one for one in OUTCOMES if one in waiting.outcomes)
        self._report.count(outcome)
        if outcome == "stored" and waiting.mail.remarks:
            why = "; ".join(waiting.mail.remarks)
            self._report.tell(waiting.where, "remark", why, None)
        for why, what in waiting.told.items():
            self._report.tell(waiting.where, what, why, waiting.mail)

    def _refuse(self, where: str, why: str, mail: Mail | None) -> None:
        self._report.count("refused")
        self._report.tell(where, "refused", f"not taken: {why}", mail)


def call_of(mail: Mail, parcel: Parcel | None) -> Call:
    """What a mail is sent as: one's own, or an account's."""
    origin = mail.origin
    message: JsonObject = {
        "client_id": client_id(mail),
        "subject": mail.subject,
        "body": mail.body,
        "references": [reference_id(one) for one in mail.references],
        "origin": {
            "from": origin.sender,
            "to": origin.to,
            "date": origin.date,
            "zone": origin.zone,
            "message_id": origin.message_id,
        },
    }
    if parcel is None:
        return Call("mail.import", message)
    return Call("users.import", {**message, "user": parcel.user, "to": parcel.to})


def _give_up() -> None:
    raise Unreachable("the server was lost")

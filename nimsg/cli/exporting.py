"""`nimsg export`: one's own mail, or an account's, as an archive that mutt opens."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import NamedTuple

from nimsg.archive.addresses import address_of
from nimsg.archive.mail import Mail, Origin
from nimsg.archive.reading import FORMATS
from nimsg.archive.writing import Writer, create_archive
from nimsg.cli import show
from nimsg.cli.addressmap import AddressMap, read_map
from nimsg.cli.localstore import local_client
from nimsg.cli.progress import Bars
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    check_only_var,
    read_settings,
)
from nimsg.cli.store import some_path
from nimsg.client import answers
from nimsg.client.answers import Letter
from nimsg.client.blocking import BlockingClient
from nimsg.client.queries import box_rows
from nimsg.client.query import Call
from nimsg.errors import Exit, Refusal, UsageError
from nimsg.protocol.constants import Box, CopyState
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line


# RFC 2606: an address under it reaches nobody by accident.
DOMAIN = "nimsg.invalid"
SUFFIXES = {".mbox": "mbox", ".jsonl": "jsonl"}
JSON_BYTES = 6  # of a character, at most
BOXES = (Box.INBOX, Box.OUTBOX)


class Sums(NamedTuple):
    """What was written, and what was not: unopened, and damaged by their ids."""

    written: int
    unopened: int
    damaged: list[str]


class Wanted(NamedTuple):
    """A message to be asked for."""

    id: str
    size: int


def export_arguments(parser: ArgumentParser) -> None:
    """Options of `export`."""
    parser.add_argument(
        "file",
        metavar="FILE",
        type=some_path,
        help="a new file or folder (-: the output)",
    )
    parser.add_argument(
        "--format", choices=FORMATS, help="by default as FILE ends: .mbox, .jsonl"
    )
    parser.add_argument(
        "--box", choices=[box.value for box in Box], help="only received, or only sent"
    )
    parser.add_argument(
        "--open",
        action="store_true",
        help="also what you have not opened; its senders see that",
    )
    parser.add_argument(
        "--domain",
        default=DOMAIN,
        help=f"what the addresses of accounts end in ({DOMAIN})",
    )
    parser.add_argument(
        "--map",
        metavar="FILE",
        type=some_path,
        help="addresses: lines of `address name`",
    )
    parser.add_argument(
        "--var",
        metavar="FOLDER",
        type=some_path,
        help="from this store, by its owner; needs --of",
    )
    parser.add_argument("--of", metavar="NAME", help="with --var: whose mail")
    add_json_argument(parser)
    add_connection_arguments(parser)


def run_export(args: Namespace) -> int:
    """Export; nothing changes but what --open opens."""
    if (args.var is None) != (args.of is None):
        raise UsageError("--var and --of go together: whose mail?")
    if args.var is not None:
        check_only_var(args)
    compose = Composer(args.domain, read_map(args.map) if args.map else None)
    boxes = [Box(args.box)] if args.box else BOXES
    with Bars() as bars:
        if args.var is not None:
            with local_client(args.var, "nimsg export") as client:
                source = StoreMail(client, args.of, boxes)
                sums = write(args, source.letters(), compose, bars, source)
        else:
            with Session(read_settings(args)) as session:
                own = OwnMail(session, boxes, bars, unopened=args.open)
                sums = write(args, own.letters(), compose, bars, own)
    report(sums, args)
    return Exit.STORAGE if sums.damaged else Exit.DONE


def write(
    args: Namespace,
    letters: Iterator[Letter],
    compose: "Composer",
    bars: Bars,
    source: "OwnMail | StoreMail",
) -> Sums:
    """Write all letters, each once; what was left out is known by the source."""
    seen: set[str] = set()
    writer: Writer
    with create_archive(args.file, format_of(args)) as writer:
        for letter in letters:
            bars.advance()
            if letter.id not in seen:
                seen.add(letter.id)
                writer.add(compose.mail(letter))
    return Sums(len(seen), source.unopened, source.damaged)


def format_of(args: Namespace) -> str:
    """The format by option or by the end of the name. Raises `UsageError`."""
    found = args.format or SUFFIXES.get(args.file.suffix.lower())
    if found is None:
        raise UsageError(
            f"as what? {args.file} ends neither in .mbox nor in .jsonl: give --format"
        )
    text: str = found
    return text


class Composer:
    """Makes mails of messages; accounts get addresses."""

    def __init__(self, domain: str, known: AddressMap | None) -> None:
        self._domain = domain
        self._known = known
        # What imported messages were called where they came from.
        self._message_ids: dict[str, str] = {}

    def mail(self, letter: Letter) -> Mail:
        """The mail of a message: as it was sent here, or where it came from."""
        origin = letter.origin or Origin(
            self._address(letter.sender),
            [self._address(name) for name in letter.to],
            letter.sent_at,
            None,
            self._message_id(letter.id),
        )
        if origin.message_id:
            self._message_ids[letter.id] = origin.message_id
        answered = [self._message_id(letter.answers)] if letter.answers else []
        return Mail(origin, letter.subject, letter.body, answered, [])

    def _address(self, name: str) -> str:
        known = self._known.address(name) if self._known else None
        return known or address_of(name, self._domain)

    def _message_id(self, id_: str) -> str:
        return self._message_ids.get(id_, f"<{id_}@{self._domain}>")


class OwnMail:
    """The asker's own mail, over the wire."""

    def __init__(
        self,
        session: Session,
        boxes: tuple[Box, ...] | list[Box],
        bars: Bars,
        *,
        unopened: bool,
    ) -> None:
        self._session = session
        self._boxes = boxes
        self._bars = bars
        self._open = unopened
        self.unopened = 0
        self.damaged: list[str] = []

    def letters(self) -> Iterator[Letter]:
        """Oldest first, box by box. Raises `Refusal`."""
        wanted = [one for box in self._boxes for one in self._wanted(box)]
        self._bars.begin("export", len(wanted), "messages")
        calls = (
            Call(
                "mail.open",
                {"id": one.id, "peek": not self._open},
                JSON_BYTES * one.size,
            )
            for one in wanted
        )
        for call, answer in self._session.stream(calls):
            if answer.refusal is None:
                yield answers.letter(answer.result)
            elif answer.refusal.kind == "damaged":
                self.damaged.append(answers.identifier(call.params))
            elif answer.refusal.kind != "recalled":
                raise answer.refusal

    def _wanted(self, box: Box) -> list[Wanted]:
        rows = self._session.run(box_rows(box, everything=True))
        if box is Box.OUTBOX:
            sent = [answers.outbox_row(row) for row in rows]
            return [Wanted(row.id, row.size) for row in reversed(sent)]
        wanted: list[Wanted] = []
        for row in map(answers.inbox_row, rows):
            state = row.receipt.state
            own = row.sender == self._session.user
            if state in UNREAD and not own and not self._open:
                self.unopened += 1
            elif state != CopyState.RECALLED:
                wanted.append(Wanted(row.id, row.size))
        return wanted[::-1]


UNREAD = (CopyState.STORED, CopyState.FETCHED, CopyState.IMPORTED)


class StoreMail:
    """An account's mail, read by the owner of the store; no receipt is set."""

    unopened = 0

    def __init__(
        self, client: BlockingClient, user: str, boxes: tuple[Box, ...] | list[Box]
    ) -> None:
        self._client = client
        self._user = user
        self._boxes = boxes
        self.damaged: list[str] = []

    def letters(self) -> Iterator[Letter]:
        """Oldest first, box by box. Raises `Refusal`."""
        for box in self._boxes:
            after: int | None = 0
            while after is not None:
                query: JsonObject = {"user": self._user, "box": box, "after": after}
                page = self._client.call("users.mail", query)
                yield from answers.rows(page, "letters", answers.letter)
                self.damaged += answers.texts(page, "damaged")
                after = answers.maybe_number(page, "next")


def report(sums: Sums, args: Namespace) -> None:
    """The sums for a person or a program; the output itself may be the archive."""
    if args.json and str(args.file) != "-":
        members: JsonObject = {
            "written": sums.written,
            "unopened": sums.unopened,
            "damaged": sums.damaged,
        }
        show.say(show.json_line("export", members))
        return
    show.note(f"{sums.written} exported.")
    if sums.unopened:
        show.note(
            f"({sums.unopened} not opened yet left out; --open takes such mail too, "
            "and its senders see that)"
        )
    for id_ in sums.damaged:
        show.note(clean_line(f"{id_} was left out: {Refusal('damaged')}"))

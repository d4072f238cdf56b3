"""Sends a mailing list's mbox to one reader, each message from its author's account.

    python -m tests.e2e.mailing_list FILE [HOST:PORT] [READER]

The server must run with --auth open. The subject is the decoded one on one line,
cut to what is allowed; the body is the first text/plain part, decoded, with plain
newlines. What cannot be sent is told by its Message-ID and the kind of the refusal.
"""

import argparse
import email.policy
import mailbox
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from email.parser import BytesParser
from email.utils import parseaddr
from pathlib import Path
from typing import NamedTuple

from nimsg.client import answers
from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import BlockingClient, connect
from nimsg.errors import Refusal
from nimsg.protocol.constants import limit
from nimsg.protocol.rules import NAME
from nimsg.protocol.strict import JsonObject


TIMEOUT_S = 30.0
Login = Callable[[str], BlockingClient]


class Parcel(NamedTuple):
    """One mail as nimsg can carry it."""

    name: str
    author: str
    subject: str
    body: str


class Posted(NamedTuple):
    """What became of the mails: ids by Message-ID, and kinds of refusals."""

    ids: dict[str, str]
    refused: dict[str, str]


def read_parcels(path: Path) -> list[Parcel]:
    """All mails of an mbox, in its order. A Message-ID seen before gets a number."""
    box = mailbox.mbox(path, create=False)
    try:
        found = [parcel(box.get_bytes(key)) for key in box.iterkeys()]
    finally:
        box.close()
    names = [one.name for one in found]
    earlier = [names[:at].count(name) for at, name in enumerate(names)]
    return [
        one._replace(name=f"{one.name} ({count + 1})") if count else one
        for one, count in zip(found, earlier, strict=True)
    ]


def parcel(data: bytes) -> Parcel:
    """One mail, read by the modern policy of the standard library."""
    mail = BytesParser(policy=email.policy.default).parsebytes(data)
    texts = (
        str(part.get_content())
        for part in mail.walk()
        if part.get_content_type() == "text/plain" and not part.is_multipart()
    )
    return Parcel(
        name=str(mail["message-id"]).strip(),
        author=account_name(str(mail["from"])),
        subject=one_line(str(mail["subject"] or "")),
        body=next(texts, "").replace("\r\n", "\n"),
    )


def account_name(sender: str) -> str:
    """The address where it can be a name, else its part before the @."""
    _, address = parseaddr(sender)
    short = address if NAME.match(address) else address.split("@")[0]
    return short[: limit("name_chars")]


def one_line(subject: str) -> str:
    """A subject without breaks, cut to what is allowed."""
    return " ".join(subject.split())[: limit("subject_chars")].rstrip()


def post(parcels: Iterable[Parcel], reader: str, login: Login) -> Posted:
    """Send all over one connection for each author."""
    posted = Posted({}, {})
    with ExitStack() as stack:
        authors: dict[str, BlockingClient] = {}
        for one in parcels:
            if one.author not in authors:
                authors[one.author] = stack.enter_context(login(one.author))
            message: JsonObject = {
                "to": [reader],
                "client_id": f"{len(posted.ids) + len(posted.refused)}",
                "subject": one.subject,
                "body": one.body,
            }
            try:
                sent = authors[one.author].call("mail.send", message)
                posted.ids[one.name] = answers.identifier(sent)
            except Refusal as refusal:
                posted.refused[one.name] = refusal.kind
    return posted


def main(words: list[str]) -> int:
    """Send a file; 4 where something of it was refused."""
    parser = argparse.ArgumentParser("mailing_list", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("server", nargs="?", default="127.0.0.1:6969")
    parser.add_argument("reader", nargs="?", default="reader")
    args = parser.parse_args(words)
    address = parse_address(args.server)

    def login(author: str) -> BlockingClient:
        client = connect(address, Security(), timeout_s=TIMEOUT_S)
        client.call("auth.login", {"user": author})
        return client

    posted = post(read_parcels(args.file), args.reader, login)
    print(f"{len(posted.ids)} sent to {args.reader}")
    for name, kind in posted.refused.items():
        print(f"{name}: {kind}", file=sys.stderr)
    return 4 if posted.refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

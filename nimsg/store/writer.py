"""The one writer: a batch of commands in one transaction on one thread."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from msgspec import UNSET
from msgspec.structs import replace

from nimsg.core import mail
from nimsg.core.commands import (
    AccountChange,
    Act,
    AddBlock,
    Command,
    Copies,
    CreateAccount,
    DraftAct,
    InvitationChange,
    LoginNote,
    MailAct,
    Outcome,
    PurgeMail,
    RemoveAccount,
    RemoveBlock,
    RoomAct,
    SendMail,
    SentMail,
    Value,
)
from nimsg.core.invitations import Invitation, decide_use
from nimsg.core.mail import Change, Delivery, SendFacts
from nimsg.core.quota import Quota, payers
from nimsg.core.ulid import RANDOM_BYTES, ulid
from nimsg.errors import Refusal
from nimsg.protocol.digest import body_hash
from nimsg.protocol.rules import check_single
from nimsg.protocol.times import rfc3339
from nimsg.store import accountbook, invitationbook
from nimsg.store.accountfile import encode_account
from nimsg.store.base import Batch, JournalRow
from nimsg.store.directory import Directory
from nimsg.store.draftwriter import DraftWriter
from nimsg.store.fetching import fetch
from nimsg.store.filer import Filed
from nimsg.store.invitationfile import encode_invitation
from nimsg.store.ledger import encode_event
from nimsg.store.loginwriter import LoginWriter
from nimsg.store.mailbook import Known, Mailbook
from nimsg.store.manyrows import ManyRows
from nimsg.store.messagefile import (
    MessageFile,
    Positions,
    digest_of,
    encode_message,
    origin_entry,
)
from nimsg.store.messagerow import Entry
from nimsg.store.plan import RowKind
from nimsg.store.removal import encode_stub
from nimsg.store.roomwriter import RoomWriter
from nimsg.store.schema import set_meta


JOURNAL = ManyRows("INSERT INTO journal {}", columns=4)
# What changes a name, or who may write to whom.
NAMING = CreateAccount | RemoveAccount | AddBlock | RemoveBlock
# What wakes nobody's polls.
Quiet = (
    PurgeMail
    | CreateAccount
    | AccountChange
    | InvitationChange
    | DraftAct
    | RoomAct
    | LoginNote
)


class Writer:
    """Decides and journals commands.

    `entropy` gives so many random bytes; `written` is told whose mailboxes were, or may
    have been, written.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        n: int,
        entropy: Callable[[int], bytes],
        quota: Quota,
        written: Callable[[Iterable[int]], None],
    ) -> None:
        self._connection = connection
        self._written = written
        self._entropy = entropy
        self._n = n
        self._book = Mailbook(connection, quota)
        self._directory = Directory(connection)
        self._rows: list[JournalRow] = []
        self._rooms = RoomWriter(
            connection,
            self._book,
            self._directory,
            self._add_row,
            self._change_account,
            entropy,
        )
        self._logins = LoginWriter(connection, self._add_row)
        self._drafts = DraftWriter(connection, self._add_row)

    def write(
        self,
        commands: Sequence[Command],
        now: int,
        forget: Filed | None,
        *,
        full: bool,
    ) -> Batch:
        """Commit a batch, and forget the journal rows that `forget` covers.

        While the disk is `full`, mail is refused with `disk_full`. Raises
        `sqlite3.Error` with everything rolled back, or in doubt: see the caller.
        """
        self._rows = []
        n = self._n
        touched: list[int] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._book.new.expect(
                (command.sender, command.client_id)
                for command in commands
                if isinstance(command, SendMail)
            )
            outcomes = [self._decide(command, now, full=full) for command in commands]
            touched = self._book.mailboxes.touched
            self._book.flush()
            self._journal(forget)
            self._connection.execute("COMMIT")
        except BaseException:
            self._n = n
            self._book.forget()
            self._directory.forget()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._written(touched)
        return Batch(outcomes, self._rows)

    def _journal(self, forget: Filed | None) -> None:
        JOURNAL.write(self._connection, self._rows)
        if forget:
            self._connection.execute("DELETE FROM journal WHERE n <= ?", (forget.n,))
            set_meta(self._connection, "n", str(self._n))
            set_meta(self._connection, "head", forget.head)

    def _add_row(self, kind: RowKind, name: str, data: bytes) -> int:
        self._n += 1
        self._rows.append(JournalRow(self._n, kind, name, data))
        return self._n

    def _decide(self, command: Command, now: int, *, full: bool) -> Outcome | Refusal:
        try:
            if isinstance(command, SendMail):
                return self._send(command, now, full=full)
            if isinstance(command, MailAct):
                return self._act(command, now)
            return Outcome(self._value(command, now, full=full))
        except Refusal as refusal:
            return refusal

    def _value(self, command: Quiet, now: int, *, full: bool) -> Value:
        if isinstance(command, PurgeMail):
            return self._purge(command)
        if isinstance(command, InvitationChange):
            return self._change_invitation(command, now)
        if isinstance(command, DraftAct):
            return self._drafts.write(command, now, full=full)
        if isinstance(command, RoomAct):
            return self._rooms.write(command, now, full=full)
        if isinstance(command, LoginNote):
            return self._logins.write(command, now)
        return self._change_account(command, now)

    def _change_account(self, command: CreateAccount | AccountChange, now: int) -> int:
        # First of all: who has no invitation does not learn which names are taken.
        used = self._use_invitation(command, now)
        account, before = accountbook.decide(self._connection, command, now)
        if account != before:
            accountbook.put(self._connection, account, before)
            if isinstance(command, NAMING):
                self._directory.forget()
            self._add_row(RowKind.ACCOUNT, str(account.uid), encode_account(account))
            if used is not None:
                self._put_invitation(used)
            if isinstance(command, RemoveAccount):
                self._drafts.remove_all(account.uid)
        return account.uid

    def _use_invitation(
        self, command: CreateAccount | AccountChange, now: int
    ) -> Invitation | None:
        if not isinstance(command, CreateAccount) or command.invitation is None:
            return None
        invitation = invitationbook.by_secret(self._connection, command.invitation)
        return decide_use(invitation, command.name, now)

    def _change_invitation(self, command: InvitationChange, now: int) -> int:
        invitation, changed = invitationbook.decide(self._connection, command, now)
        if changed:
            self._put_invitation(invitation)
        return int(changed)

    def _put_invitation(self, invitation: Invitation) -> None:
        invitationbook.put(self._connection, invitation)
        data = encode_invitation(invitation)
        self._add_row(RowKind.INVITATION, invitation.id, data)

    def _send(self, command: SendMail, now: int, *, full: bool) -> Outcome:
        print_ = mail.fingerprint(
            command.to, command.subject, command.body, command.reply_to, command.origin
        )
        earlier = self._book.new.earlier(command.sender, command.client_id)
        if full and earlier is None:
            raise Refusal("disk_full")
        reply_known = command.reply_to is None or self._book.visible(
            command.sender, command.reply_to
        )
        # Only a message that can be stored makes mailboxes.
        make = command.make_mailboxes and reply_known and earlier is None
        recipients = self._recipients(command.to, now, make=make)
        imported = command.origin is not None
        blockers = frozenset() if imported else self._directory.blockers(command.sender)
        size = len(command.body.encode())
        no_room = self._full(command, recipients, size, earlier)
        facts = SendFacts(
            recipients, earlier, reply_known, blockers, no_room, self._book.usages.quota
        )
        delivery = mail.decide_send(facts, command, print_)
        if delivery is None:
            return Outcome(self._book.sent(command.sender, command.client_id))
        file = self._message(command, delivery, now)
        entry = Entry(file, command.sender, delivery.to, print_, imported)
        if imported:
            self._book.add(entry)
        else:
            self._book.send(entry)
        self._book.usages.charge({command.sender, *delivery.to.values()}, size)
        self._add_row(RowKind.MESSAGE, file.id, encode_message(file))
        return Outcome(
            SentMail(
                file.id,
                now,
                file.positions.outbox,
                file.to,
                file.refused,
                file.digest,
                file.hash,
                duplicate=False,
            ),
            frozenset(() if imported else {command.sender, *delivery.to.values()}),
        )

    def _full(
        self,
        command: SendMail,
        recipients: Mapping[str, int | None],
        size: int,
        earlier: str | None,
    ) -> frozenset[int]:
        """Who has no room for it."""
        usages = self._book.usages
        if command.beyond_quota or earlier is not None or not usages.quota.is_set:
            return frozenset()
        concerned = {command.sender, *recipients.values()} - {None}
        return frozenset(
            uid for uid in concerned if uid and not usages.has_room(uid, size)
        )

    def _recipients(
        self, to: Sequence[str], now: int, *, make: bool
    ) -> dict[str, int | None]:
        found = {name: self._directory.uid(name) for name in to}
        if make:
            for name in [name for name, uid in found.items() if uid is None]:
                # The name of a removed account stays unknown, as does a list of names.
                with suppress(Refusal):
                    check_single(name)
                    new = CreateAccount(name, None, look_alike=True, existing=True)
                    found[name] = self._change_account(new, now)
        return found

    def _message(self, command: SendMail, delivery: Delivery, now: int) -> MessageFile:
        mailboxes = self._book.mailboxes
        file = MessageFile(
            id=ulid(now, self._entropy(RANDOM_BYTES)),
            hash=body_hash(command.body),
            sender=self._directory.name(command.sender),
            to=list(delivery.to),
            time=rfc3339(now),
            message=command.body,
            subject=command.subject,
            digest="",
            client_id=command.client_id,
            reply_to=command.reply_to,
            positions=Positions(
                {n: mailboxes[uid].last_in + 1 for n, uid in delivery.to.items()},
                mailboxes[command.sender].last_out + 1,
            ),
            refused=delivery.refused,
            origin_entry=origin_entry(command.origin),
            references=list(dict.fromkeys(command.references)) or UNSET,
        )
        return replace(file, digest=digest_of(file))

    def _act(self, command: MailAct, now: int) -> Outcome:
        if command.act is Act.FETCHED:
            return self._fetch(command, now)
        decided = [
            (id_, *self._decide_act(id_, command, now))
            for id_ in dict.fromkeys(command.ids)
        ]
        done: list[str] = []
        wakes: set[int] = set()
        copies = Copies("", {})
        for id_, known, change in decided:
            before = payers_of(known)
            touched = self._book.apply(known, change, now)
            after = payers_of(known, deletes=change.sender_deletes)
            self._book.usages.charge(after - before, known.size)
            self._book.usages.charge(before - after, known.size, times=-1)
            copies = Copies(id_, known.named_copies())
            if touched:
                done.append(id_)
                wakes |= touched
        self._note(command, done, now)
        return Outcome(copies, frozenset(wakes))

    def _fetch(self, command: MailAct, now: int) -> Outcome:
        self._book.new.flush()
        senders = fetch(self._connection, self._book.mailboxes, command, now)
        self._note(command, list(senders), now)
        last = self._require(command.ids[-1])
        return Outcome(
            Copies(command.ids[-1], last.named_copies()),
            frozenset({command.actor, *senders.values()} if senders else ()),
        )

    def _note(self, command: MailAct, done: list[str], now: int) -> None:
        """What an act has changed becomes a line of the ledger."""
        if done:
            actor = self._directory.name(command.actor)
            event = encode_event(command.act, actor, done, now, command.device)
            self._add_row(RowKind.EVENT, "", event)

    def _purge(self, command: PurgeMail) -> int:
        """Forget texts; what is left of each goes the way of a file."""
        stubs = self._book.purgeable(command.before, command.most)
        for stub in stubs:
            known = self._require(stub.id)
            self._book.usages.charge(payers_of(known), known.size, times=-1)
            self._book.remove(stub.id)
            self._add_row(RowKind.REMOVAL, stub.id, encode_stub(stub))
        return len(stubs)

    def _require(self, id_: str) -> Known:
        """A message to people. Raises `Refusal("not_found")`."""
        known = self._book.find(id_)
        if known is None:
            raise Refusal("not_found")
        return known

    def _decide_act(self, id_: str, command: MailAct, now: int) -> tuple[Known, Change]:
        known = self._require(id_)
        return known, mail.DECISIONS[command.act](known.facts, command, now)


def payers_of(known: Known, *, deletes: bool = False) -> frozenset[int]:
    """Who pays for a message as it stands; `deletes` that its sender just did."""
    facts = known.facts
    gone = facts.sender_deleted or deletes
    return payers(facts.sender, known.copies, sender_deleted=gone)

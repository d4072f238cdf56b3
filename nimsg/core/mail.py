"""Decisions about mail: facts in, what to write out. No input, no output, no clock."""

import hashlib
from collections.abc import Callable, Mapping, Sequence, Set as AbstractSet

from msgspec import Struct
from msgspec.json import encode

from nimsg.core import ladder
from nimsg.core.commands import Act, MailAct, SendMail
from nimsg.core.ladder import Copy
from nimsg.core.quota import NO_QUOTA, Quota, others_full, own_full
from nimsg.errors import Refusal
from nimsg.protocol.constants import CopyState, Device
from nimsg.protocol.results import Origin, Refused


class SendFacts(Struct, frozen=True):
    """What is known when a message is to be stored.

    `recipients` maps each name of `to` to its account, or to None where there is
    none. `blockers` are accounts that block the sender. `earlier` is the
    fingerprint of the message already sent under the client_id. `reply_known` says
    that `reply_to` is in the sender's own view. `full` are accounts that have no room
    for it under the `quota`.
    """

    recipients: Mapping[str, int | None]
    earlier: str | None
    reply_known: bool
    blockers: AbstractSet[int] = frozenset()
    full: AbstractSet[int] = frozenset()
    quota: Quota = NO_QUOTA


class Delivery(Struct, frozen=True):
    """Who gets a copy, by name and account, and who does not and why."""

    to: dict[str, int]
    refused: list[Refused]


class MailFacts(Struct, frozen=True):
    """A message's sender and copies, by account."""

    sender: int
    sent_at: int
    copies: Mapping[int, Copy]
    sender_deleted: bool

    @property
    def gone_at(self) -> int | None:
        """Since when it is in nobody's view, given that its sender has deleted it."""
        times = [copy.deleted_at for copy in self.copies.values()]
        return None if None in times else max(at for at in times if at is not None)

    def at(self, now: int) -> int:
        """The time a rung gets at `now`: never before the message was sent."""
        return max(now, self.sent_at)


class Change(Struct, frozen=True):
    """Copies that change, and whether the sender's own view ends."""

    copies: dict[int, Copy]
    sender_deletes: bool = False


NOTHING = Change({})
WHY = {
    "unknown_user": "there is no such user",
    "blocked_by_recipient": "blocked by",
    "mailbox_full": "mailbox full",
}


def fingerprint(
    to: Sequence[str],
    subject: str,
    body: str,
    reply_to: str | None,
    origin: Origin | None = None,
) -> str:
    """What makes two sends under one client_id the same: sha-256 in hex.

    What an import answers depends on what is there already, and does not count.
    """
    fields = [sorted(to), subject, body, origin or reply_to]
    return hashlib.sha256(encode(fields)).hexdigest()


def post_fingerprint(room: str, body: str) -> str:
    """What makes two posts under one client_id the same: sha-256 in hex."""
    return hashlib.sha256(encode({"room": room, "body": body})).hexdigest()


def decide_send(facts: SendFacts, command: SendMail, print_: str) -> Delivery | None:
    """Who gets the message; None for a retry of one that is stored already.

    Raises `Refusal`: `client_id_conflict`, `not_found` for a reply to a message the
    sender cannot see, `all_refused` where nobody can be reached, `mailbox_full` where
    the sender or everybody who can be reached has no room.
    """
    if facts.earlier is not None:
        if facts.earlier != print_:
            raise Refusal("client_id_conflict", data={"client_id": command.client_id})
        return None
    if command.reply_to is not None and not facts.reply_known:
        raise Refusal("not_found", data={"id": command.reply_to})
    if command.sender in facts.full:
        raise own_full(facts.quota)
    delivery = _delivery(facts)
    if delivery.to:
        return delivery
    refused = delivery.refused
    if all(row.kind == "mailbox_full" for row in refused):
        raise others_full([row.user for row in refused], facts.quota)
    raise Refusal(
        "all_refused",
        _who_refused(refused),
        {"refused": [{"user": row.user, "kind": row.kind} for row in refused]},
    )


def _delivery(facts: SendFacts) -> Delivery:
    to: dict[str, int] = {}
    refused: list[Refused] = []
    for name, uid in facts.recipients.items():
        if uid is None:
            refused.append(Refused(name, "unknown_user"))
        elif uid in facts.blockers:
            refused.append(Refused(name, "blocked_by_recipient"))
        elif uid in facts.full:
            refused.append(Refused(name, "mailbox_full"))
        else:
            to[name] = uid
    return Delivery(to, refused)


def _who_refused(refused: Sequence[Refused]) -> str:
    kinds = dict.fromkeys(row.kind for row in refused)
    parts = [
        f"{WHY[kind]}: {', '.join(row.user for row in refused if row.kind == kind)}"
        for kind in kinds
    ]
    return f"{'; '.join(parts)}; nothing was stored"


def decide_fetch(facts: MailFacts, command: MailAct, now: int) -> Change:
    """A listing reached the actor's device; what was no copy of it stays."""
    copy = facts.copies.get(command.actor)
    if copy is None:
        return NOTHING
    return _climb(ladder.fetched, facts, command, copy, now)


def decide_open(facts: MailFacts, command: MailAct, now: int) -> Change:
    """The body may leave; a sender opening the own message changes nothing.

    Raises `Refusal`: `not_found`, or `recalled` with its time.
    """
    copy = visible_copy(facts, command.actor)
    if copy is None:
        return NOTHING
    return _climb(ladder.opened, facts, command, copy, now)


def decide_ack(facts: MailFacts, command: MailAct, now: int) -> Change:
    """Raise the copy to acked.

    Raises `Refusal`: `not_found`, `recalled`, or `not_recipient` for the sender.
    """
    copy = visible_copy(facts, command.actor)
    if copy is None:
        raise Refusal("not_recipient")
    return _climb(ladder.acked, facts, command, copy, now)


def decide_recall(facts: MailFacts, command: MailAct, now: int) -> Change:
    """Withdraw every copy that was not opened.

    Raises `Refusal`: `not_found`, `not_sender` for a recipient, or `not_permitted`
    for an imported message.
    """
    if facts.sender != command.actor:
        raise Refusal("not_sender" if command.actor in facts.copies else "not_found")
    if any(copy.imported for copy in facts.copies.values()):
        raise Refusal("not_permitted", "an imported message cannot be recalled")
    at = facts.at(now)
    after = {uid: ladder.recalled(copy, at) for uid, copy in facts.copies.items()}
    return Change(
        {uid: copy for uid, copy in after.items() if copy is not facts.copies[uid]}
    )


def decide_delete(facts: MailFacts, command: MailAct, now: int) -> Change:
    """Remove the message from the actor's view. Raises `Refusal("not_found")`."""
    copy = facts.copies.get(command.actor)
    received = copy is not None and copy.deleted_at is None
    sent = facts.sender == command.actor and not facts.sender_deleted
    if not received and not sent:
        raise Refusal("not_found")
    if copy is None:
        return Change({}, sender_deletes=True)
    after = ladder.deleted(copy, facts.at(now))
    return Change({command.actor: after}, sender_deletes=sent)


DECISIONS: dict[Act, Callable[[MailFacts, MailAct, int], Change]] = {
    Act.FETCHED: decide_fetch,
    Act.OPENED: decide_open,
    Act.ACKED: decide_ack,
    Act.RECALLED: decide_recall,
    Act.DELETED: decide_delete,
}


def visible_copy(facts: MailFacts, asker: int) -> Copy | None:
    """The asker's copy, or None for the sender, where the asker may see the text.

    Raises `Refusal`: `not_found` for strangers and for who deleted it, `recalled`.
    """
    copy = facts.copies.get(asker)
    if copy is None:
        if facts.sender == asker and not facts.sender_deleted:
            return None
        raise Refusal("not_found")
    if copy.recalled_at is not None:
        raise Refusal("recalled", data={"recalled_at": copy.recalled_at})
    if copy.deleted_at is not None:
        raise Refusal("not_found")
    return copy


Rung = Callable[[Copy, int, Device], Copy]


def _climb(
    rung: Rung, facts: MailFacts, command: MailAct, before: Copy, now: int
) -> Change:
    after = rung(before, facts.at(now), command.device or Device.HEADLESS)
    return NOTHING if after is before else Change({command.actor: after})


def recall_complete(copies: Mapping[str, Copy]) -> bool:
    """Whether nobody has opened the message, and nobody can any more."""
    ends = (CopyState.RECALLED, CopyState.DELETED)
    return all(copy.state in ends for copy in copies.values())

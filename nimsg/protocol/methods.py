"""Every method in one table: who may call it, with what, and what comes back."""

from enum import StrEnum
from typing import Final, NamedTuple

from nimsg.protocol import requests as q, results as r


class Needs(StrEnum):
    """What a connection must be to call a method."""

    ANONYMOUS = "anonymous"
    USER = "user"
    LOCAL = "local"


class Activity(StrEnum):
    """Whether a call shows that a person is there."""

    ACTIVE = "active"
    PASSIVE = "passive"


class Method(NamedTuple):
    """One row.

    `ACTIVE` methods are a person's acts; `PASSIVE` ones (polls, pings) never keep
    an idle session alive and change nothing that is asked for. `LOCAL` methods
    exist on var/admin.sock only.
    """

    name: str
    needs: Needs
    activity: Activity
    params: type[q.Params]
    result: type[r.Result]
    text: str


ACTIVE, PASSIVE = Activity
ANONYMOUS, USER, LOCAL = Needs

# fmt: off
_ROWS = (
    Method("auth.begin", ANONYMOUS, ACTIVE, q.Begin, r.Began,
           "say a name, learn what is asked of it"),
    Method("auth.login", ANONYMOUS, ACTIVE, q.Login, r.Welcome,
           "log in with a password, or with a name alone under auth `open`"),
    Method("auth.token", ANONYMOUS, ACTIVE, q.TokenLogin, r.Welcome,
           "log in with a script token"),
    Method("auth.register", ANONYMOUS, ACTIVE, q.Register, r.Welcome,
           "make an account and log in"),
    Method("auth.logout", USER, ACTIVE, q.Nothing, r.Done,
           "end the session; the server closes the connection"),
    Method("auth.passwd", USER, ACTIVE, q.ChangePassword, r.Done,
           "change the password; ends other sessions and all tokens"),
    Method("session.ping", USER, PASSIVE, q.Nothing, r.Done,
           "ask whether the server is there"),
    Method("mail.send", USER, ACTIVE, q.Send, r.Sent,
           "store a message for 1 to 64 people"),
    Method("mail.list", USER, PASSIVE, q.ListMail, r.Page,
           "list one box, newest first; an inbox listing sets fetched"),
    Method("mail.changes", USER, PASSIVE, q.Changes, r.ChangePage,
           "what is new or changed since a cursor; may wait"),
    Method("mail.open", USER, ACTIVE, q.OpenMail, r.Opened,
           "get a message with its text; sets opened for a recipient"),
    Method("mail.ack", USER, ACTIVE, q.OneMail, r.Acked,
           "acknowledge a received message"),
    Method("mail.status", USER, PASSIVE, q.OneMail, r.Status,
           "one message's receipts"),
    Method("mail.recall", USER, ACTIVE, q.OneMail, r.Recalled,
           "withdraw a sent message from all who have not opened it"),
    Method("mail.delete", USER, ACTIVE, q.OneMail, r.Done,
           "remove a message from the asker's own view"),
    Method("mail.search", USER, PASSIVE, q.Search, r.Hits,
           "find messages in the asker's view; found inbox rows become fetched"),
    Method("mail.thread", USER, PASSIVE, q.OneMail, r.Thread,
           "a message with what it answers and what answers it"),
    Method("mail.import", USER, ACTIVE, q.Import, r.Sent,
           "take over a mail of another system"),
    Method("token.create", USER, ACTIVE, q.CreateToken, r.CreatedToken,
           "make a script token"),
    Method("token.list", USER, PASSIVE, q.Nothing, r.Tokens,
           "list the account's script tokens"),
    Method("token.revoke", USER, ACTIVE, q.RevokeToken, r.Done,
           "end a script token and the sessions that use it"),
    Method("users.add", LOCAL, ACTIVE, q.AddUser, r.Done,
           "make an account"),
    Method("users.list", LOCAL, PASSIVE, q.ListUsers, r.Users,
           "list all accounts"),
    Method("users.import", LOCAL, ACTIVE, q.ImportFor, r.Sent,
           "take over a mail of another system for accounts"),
    Method("users.mail", LOCAL, PASSIVE, q.ReadMail, r.Letters,
           "read a mailbox for a copy; no receipt is set"),
    Method("users.passwd", LOCAL, ACTIVE, q.SetPassword, r.Done,
           "set an account's password; ends its sessions and tokens"),
    Method("users.role", LOCAL, ACTIVE, q.SetRole, r.Done,
           "make an account a user or an admin"),
    Method("users.remove", LOCAL, ACTIVE, q.OneUser, r.Done,
           "close an account; its name is never given again"),
    Method("users.invite", LOCAL, ACTIVE, q.Invite, r.Invited,
           "make an invitation, the code for one new account"),
    Method("users.invitations", LOCAL, PASSIVE, q.ListInvitations, r.Invitations,
           "list all invitations"),
    Method("users.uninvite", LOCAL, ACTIVE, q.OneInvitation, r.Done,
           "end an invitation that nobody has used"),
)
# fmt: on

METHODS: Final[dict[str, Method]] = {row.name: row for row in _ROWS}

EVENTS: Final[dict[str, tuple[type[r.Result], str]]] = {
    "hello": (r.Hello, "the first frame of every connection"),
    "closing": (r.Closing, "the last frame, where the server ends it"),
}

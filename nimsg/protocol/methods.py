"""Every method in one table: who may call it, with what, and what comes back."""

from enum import StrEnum
from typing import Final, NamedTuple

from nimsg.protocol import (
    drafts as d,
    requests as q,
    results as r,
    results_people as p,
    results_rooms as m,
    results_stats as s,
)


class Needs(StrEnum):
    """What a connection must be to call a method."""

    ANONYMOUS = "anonymous"
    USER = "user"
    INTERACTIVE = "interactive"
    ADMIN = "admin"
    LOCAL = "local"


class Activity(StrEnum):
    """Whether a call shows that a person is there."""

    ACTIVE = "active"
    PASSIVE = "passive"


class Method(NamedTuple):
    """One row.

    `ACTIVE` methods are a person's acts; `PASSIVE` ones (polls, pings) never keep
    an idle session alive and change nothing that is asked for. `INTERACTIVE` ones
    are for a client that a person sits at, `ADMIN` ones for admins and the owner of
    var/admin.sock; `LOCAL` ones exist on var/admin.sock only.
    """

    name: str
    needs: Needs
    activity: Activity
    params: type[q.Params]
    result: type[r.Result]
    text: str


ACTIVE, PASSIVE = Activity
ANONYMOUS, USER, INTERACTIVE, ADMIN, LOCAL = Needs

# fmt: off
_ROWS = (
    Method("auth.begin", ANONYMOUS, ACTIVE, q.Begin, r.Began,
           "say a name, learn what is asked of it"),
    Method("auth.login", ANONYMOUS, ACTIVE, q.Login, r.Welcome,
           "log in with a password, or with a name alone under auth `open`"),
    Method("auth.nick", ANONYMOUS, ACTIVE, q.Nick, r.Welcome,
           "take a nickname under auth `nick`; it is free again after the session"),
    Method("auth.resume", ANONYMOUS, ACTIVE, q.Resume, r.Welcome,
           "come back by a resume token, in place of the session it is of"),
    Method("auth.token", ANONYMOUS, ACTIVE, q.TokenLogin, r.Welcome,
           "log in with a script token"),
    Method("auth.register", ANONYMOUS, ACTIVE, q.Register, r.Welcome,
           "make an account and log in"),
    Method("auth.logout", USER, ACTIVE, q.Nothing, r.Done,
           "end the session; the server closes the connection"),
    Method("auth.passwd", USER, ACTIVE, q.ChangePassword, r.Done,
           "change the password; ends other sessions and all tokens"),
    Method("auth.logins", USER, PASSIVE, q.ListLogins, p.Logins,
           "list the asker's own interactive logins and the tries that failed"),
    Method("session.touch", INTERACTIVE, ACTIVE, q.Nothing, r.Done,
           "say that a person acted, where no active method tells"),
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
    Method("draft.save", USER, ACTIVE, d.SaveDraft, d.DraftSaved,
           "keep a draft, in place of its earlier version"),
    Method("draft.list", USER, PASSIVE, d.ListDrafts, d.Drafts,
           "list the asker's drafts with their texts, oldest first"),
    Method("draft.delete", USER, ACTIVE, d.OneDraft, r.Done,
           "delete a draft; done too where there is none"),
    Method("presence.list", USER, ACTIVE, q.Nothing, p.Online,
           "who else is online"),
    Method("presence.since", USER, ACTIVE, q.OnlineSince, p.SeenSince,
           "who else was online at any time in the last seconds"),
    Method("presence.seen", USER, ACTIVE, q.OneUser, p.Seen,
           "whether somebody is online, and when they were last"),
    Method("block.add", USER, ACTIVE, q.OneUser, r.Done,
           "keep somebody from writing to the asker and seeing them"),
    Method("block.remove", USER, ACTIVE, q.OneUser, r.Done,
           "take a block back"),
    Method("block.list", USER, PASSIVE, q.Nothing, p.Blocks,
           "whom the asker blocks"),
    Method("broadcast.send", USER, ACTIVE, q.Broadcast, p.Broadcasted,
           "a text for all who are online; kept nowhere"),
    Method("room.create", USER, ACTIVE, q.CreateRoom, m.Joined,
           "make a room and be in it"),
    Method("room.join", USER, ACTIVE, q.OneRoom, m.Joined,
           "become a member; answered with the newest page of history"),
    Method("room.leave", USER, ACTIVE, q.OneRoom, r.Done,
           "be no member any more"),
    Method("room.list", USER, PASSIVE, q.ListRooms, m.Rooms,
           "list rooms"),
    Method("room.members", USER, PASSIVE, q.ListMembers, m.Members,
           "list the members of a room the asker is in"),
    Method("room.topic", USER, ACTIVE, q.SetTopic, r.Done,
           "set the topic of a room the asker made, or as an admin of any"),
    Method("room.post", USER, ACTIVE, q.Post, m.Posted,
           "store a message for a room the asker is in"),
    Method("room.history", USER, PASSIVE, q.History, m.RoomPage,
           "a page of a room's messages with their texts; may wait"),
    Method("room.mark", USER, PASSIVE, q.Mark, r.Done,
           "note how far the asker has read in a room"),
    Method("private.invite", INTERACTIVE, ACTIVE, q.OneUser, p.PrivateOffer,
           "ask somebody online for a private link; answered when they have"),
    Method("private.answer", INTERACTIVE, ACTIVE, q.PrivateAnswer, p.PrivateTaken,
           "accept or decline an invitation to a private link"),
    Method("private.stop", INTERACTIVE, ACTIVE, q.OneUser, r.Done,
           "end a private link, or take an invitation back"),
    Method("server.shutdown", ADMIN, ACTIVE, q.Shutdown, p.ShuttingDown,
           "announce the end of the server; replaces an earlier announcement"),
    Method("server.cancel", ADMIN, ACTIVE, q.Nothing, r.Done,
           "cancel an announced shutdown"),
    Method("server.stats", LOCAL, PASSIVE, q.Nothing, s.Stats,
           "count and measure what the server is at"),
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
    Method("users.unlock", LOCAL, ACTIVE, q.OneUser, p.Unlocked,
           "let a name log in again that wrong passwords have locked"),
    Method("users.sessions", LOCAL, PASSIVE, q.Nothing, p.Sessions,
           "list all connections with their last commands"),
    Method("users.kick", LOCAL, ACTIVE, q.OneUser, p.Kicked,
           "end all sessions of an account"),
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
    "presence": (p.Presence, "somebody came or went"),
    "broadcast": (p.BroadcastText, "a text for all who are online"),
    "room.message": (m.RoomMessage, "a message in a room the account is in"),
    "private.invited": (p.PrivateInvited, "somebody asks for a private link"),
    "private.ended": (p.PrivateEnded, "a private link or invitation is over"),
    "shutdown": (p.ShuttingDown, "the server is about to end, or no more"),
}

"""What a server says of itself: counts and measures, nothing of anybody's."""

from msgspec import Struct

from nimsg.protocol.results import Result


class Connections(Struct, frozen=True):
    """Open connections: not logged in, scripts and verbs, people at their clients.

    `handshaking` are those that TLS has not begun on yet.
    """

    anonymous: int
    headless: int
    interactive: int
    handshaking: int = 0


class Queues(Struct, frozen=True):
    """What waits: commands, journal rows, messages to index."""

    commit: int
    journal: int
    indexer: int


class Commits(Struct, frozen=True):
    """How long the last `count` commands took until they were answered, in µs."""

    count: int
    p50_us: int
    p99_us: int


class Stats(Result, frozen=True):
    """The state of a server, and its counts since it was started.

    `sent_minute` are the messages of the last minute; `mail_refused` is whether the
    disk has less than `min_free_bytes`; `tls_begins_at` and `tls_ends_at` are the
    certificate's first and last moment, null without TLS.
    """

    server: str
    at: int
    uptime_s: int
    connections: Connections
    connections_most: int
    accounts: int
    messages: int
    rooms: int
    queues: Queues
    sent: int
    sent_minute: int
    commits: Commits
    refusals: dict[str, int]
    rss_bytes: int
    open_files: int
    open_files_most: int
    free_bytes: int
    min_free_bytes: int
    mail_refused: bool
    tls_ends_at: int | None
    tls_begins_at: int | None = None

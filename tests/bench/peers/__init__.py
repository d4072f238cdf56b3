"""One module for each peer; to add one, write a `Peer` and name it here."""

from pathlib import Path

from tests.bench.peers.aiosmtpd_mailbox import Aiosmtpd
from tests.bench.peers.base import Peer
from tests.bench.peers.bounds import (
    BoundFsync,
    BoundLog,
    BoundLogFile,
    BoundNone,
    BoundSyncfs,
    Relay,
    RelayJoined,
)
from tests.bench.peers.dovecot import Dovecot
from tests.bench.peers.floor import Floor
from tests.bench.peers.nats import Nats
from tests.bench.peers.ngircd import Ngircd
from tests.bench.peers.nimsg import Nimsg, NimsgPolling, NimsgTls
from tests.bench.peers.postfix import Postfix
from tests.bench.peers.prosody import Prosody


PEERS: dict[str, type[Peer]] = {
    "nimsg": Nimsg,
    "nimsg-polling": NimsgPolling,
    "nimsg-tls": NimsgTls,
    "dovecot": Dovecot,
    "postfix": Postfix,
    "aiosmtpd": Aiosmtpd,
    "prosody": Prosody,
    "ngircd": Ngircd,
    "nats": Nats,
    "bound-none": BoundNone,
    "bound-log": BoundLog,
    "bound-log-file": BoundLogFile,
    "bound-syncfs": BoundSyncfs,
    "bound-fsync": BoundFsync,
    "relay": Relay,
    "relay-joined": RelayJoined,
    "floor": Floor,
}


def make(name: str, work: Path) -> Peer:
    """A peer whose servers keep what they write in a folder."""
    return PEERS[name](name, work)

"""Postfix: SMTP in, a queue, virtual(8) into Maildirs. Its answer means: queued."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.bench import proc
from tests.bench.peers import smtp
from tests.bench.peers.base import RECIPIENTS


MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = {programs}
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = host.example.org
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_base = {folder}/home
virtual_mailbox_maps = hash:{folder}/boxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
disable_dns_lookups = yes
in_flow_delay = 0
smtpd_tls_security_level = none
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


class Postfix(smtp.MailServer):
    """See `Peer`."""

    note = (
        "answers when the queue file is synced; in_flow_delay=0 (no pause when mail "
        "comes faster than it leaves)"
    )
    program = "postfix"
    as_root = True
    earlier_name_is_enough = True  # incoming/ and active/ are both read at a start

    def version(self) -> str:
        """See `Peer`."""
        return proc.output(str(proc.program("postconf")), "-dh", "mail_version")

    def configure(self, _: str) -> Sequence[str]:
        """See `Peer`."""
        self.port = proc.free_port()
        conf, home, data = (self.folder / name for name in ("conf", "home", "data"))
        for folder in (conf, home, data, self.folder / "spool"):
            folder.mkdir()
        own(data, "postfix")
        own(home, "mail")
        for user in RECIPIENTS:
            (home / user).mkdir()
            own(home / user, "mail")
        boxes = self.folder / "boxes"
        boxes.write_text(
            "".join(f"{user}@example.test {user}/Maildir/\n" for user in RECIPIENTS)
        )
        daemons = proc.output(str(proc.program("postconf")), "-dh", "daemon_directory")
        (conf / "main.cf").write_text(self._main(daemons))
        (conf / "master.cf").write_text(MASTER.format(port=self.port))
        run(("postmap", "-c", str(conf), f"hash:{boxes}"))
        run(("postfix", "-c", str(conf), "check"))  # makes the folders of the queue
        # -d: it stays in the foreground
        return [f"{daemons}/master", "-d", "-c", str(conf)]

    def _main(self, daemons: str) -> str:
        owner = pwd.getpwnam("mail")
        return MAIN.format(
            folder=self.folder,
            programs=Path(self.found()).parent,
            daemons=daemons,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
        )

    def stored(self) -> int:
        """See `Peer`."""
        boxes = (self.folder / "home").glob("*/Maildir/new")
        return sum(1 for box in boxes for _ in box.iterdir())


def own(path: Path, user: str) -> None:
    """Give a folder to a user of the system."""
    owner = pwd.getpwnam(user)
    os.chown(path, owner.pw_uid, owner.pw_gid)


def run(command: Sequence[str]) -> None:
    """Run one of its programs, which say much."""
    path = proc.program(command[0])
    subprocess.run([str(path), *command[1:]], check=False, capture_output=True)

"""Dovecot: LMTP in, Maildir on disk, IMAP out. Runs as root with the user `mail`."""

import os
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench import checks, proc
from tests.bench.peers import smtp
from tests.bench.peers.base import PASSWORD, Peer
from tests.bench.wire import Wire, dial


CHECKS = Path(checks.__file__).parent
CONF = """\
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = bench-{port}
log_path = {folder}/dovecot.log
info_log_path = {folder}/dovecot-info.log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:~/Maildir
mail_fsync = optimized
first_valid_uid = 1
mail_max_userip_connections = 0
default_process_limit = 2000
default_client_limit = 4000
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%n allow_all_users=yes
}}
service lmtp {{
  process_min_avail = 2
  process_limit = 100
  inet_listener lmtp {{
    port = {port}
  }}
}}
# the documented high-performance settings: processes are used again
service imap-login {{
  service_count = 0
  process_min_avail = 2
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  service_count = 256
  process_min_avail = 2
  process_limit = 2000
}}
protocol lmtp {{
  postmaster_address = postmaster@example.test
}}
"""
MAIL = (
    "From: Sender {number} <s{number}@example.test>\nTo: <{user}@example.test>\n"
    "Subject: message number {number}\nDate: Fri, 20 Nov 2026 12:00:00 +0000\n"
    "Message-ID: <{number}.{user}@example.test>\n\n{body}\n"
)
LINE = "x" * 63 + "\n"
FIRST_S = 1_790_000_000
MUTTRC = """\
set folder="{box}"
set spoolfile="{box}"
mailboxes "{box}"
set imap_pass={password}
set ssl_starttls=no
set ssl_force_tls=no
set sleep_time=0
unset mail_check_recent
set mark_old=no
"""


class Dovecot(Peer):
    """See `Peer`."""

    can = frozenset({"deliver", "inbox", "headless", "idle"})
    note = (
        "LMTP, Maildir, IMAP; mail_fsync=optimized (the default), processes used again"
    )
    program = "dovecot"
    as_root = True
    idle_most = 200  # a process for each connection
    _imap = 0

    def version(self) -> str:
        """See `Peer`."""
        return proc.output(self.found(), "--version").split()[0]

    def configure(self, _: str) -> Sequence[str]:
        """See `Peer`."""
        self.port, self._imap = proc.free_port(), proc.free_port()
        home, conf = self.folder / "home", self.folder / "dovecot.conf"
        home.mkdir()
        self._own(home)
        owner = pwd.getpwnam("mail")
        text = CONF.format(
            folder=self.folder,
            port=self.port,
            imap=self._imap,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            password=PASSWORD,
        )
        conf.write_text(text)
        return [self.found(), "-F", "-c", str(conf)]

    def _own(self, path: Path) -> None:
        owner = pwd.getpwnam("mail")
        os.chown(path, owner.pw_uid, owner.pw_gid)

    def _box(self, user: str) -> Path:
        return self.folder / "home" / user / "Maildir"

    # -- deliver

    async def connect(self, number: int) -> Wire:
        """See `Peer`."""
        return await smtp.connect(self.port, b"LHLO", number)

    async def deliver(self, wire: Wire, to: str, body: bytes) -> None:
        """See `Peer`."""
        await smtp.deliver(wire, to, body)

    async def hang_up(self, wire: Wire) -> None:
        """See `Peer`."""
        wire.close()

    def stored(self) -> int:
        """See `Peer`."""
        home = self.folder / "home"
        boxes = (*home.glob("*/Maildir/new"), *home.glob("*/Maildir/cur"))
        return sum(1 for box in boxes for _ in box.iterdir())

    # -- inbox

    async def fill(self, user: str, count: int) -> None:
        """See `Peer`."""
        self._fill(user, count)

    def _fill(self, user: str, count: int) -> None:
        box = self._box(user)
        folders = [box.parent, box, *(box / name for name in ("tmp", "new", "cur"))]
        for folder in folders:
            folder.mkdir(exist_ok=True)
            self._own(folder)
        for number in range(count):
            path = box / "new" / f"{FIRST_S + number}.M{number}P1.bench"
            path.write_text(MAIL.format(number=number, user=user, body=LINE * 16))
            self._own(path)

    async def open(self, user: str) -> Wire:
        """See `Peer`."""
        wire = await dial(self._imap)
        await wire.until(b"\r\n")
        wire.write(f"b LOGIN {user} {PASSWORD}\r\n".encode())
        while not (line := await wire.until(b"\r\n")).startswith(b"b "):
            pass
        if not line.startswith(b"b OK"):
            raise RuntimeError(f"IMAP login: {line!r}")
        return wire

    async def _ask(self, wire: Wire, text: bytes) -> bytes:
        wire.write(b"a " + text + b"\r\n")
        found = await wire.until(b"\r\na ")
        line = await wire.until(b"\r\n")
        if not line.startswith(b"OK"):
            raise RuntimeError(f"IMAP refused {text!r}: {line!r}")
        return found

    async def list_newest(self, wire: Wire, count: int) -> int:
        """See `Peer`."""
        await self._ask(wire, b"SELECT INBOX")
        found = await self._ask(wire, b"UID SEARCH UNSEEN")
        line = found[found.index(b"* SEARCH") :].split(b"\r\n", 1)[0]
        wanted = b",".join(line.split()[2:][-count:])
        rows = await self._ask(wire, b"UID FETCH " + wanted + b" (FLAGS ENVELOPE)")
        return rows.count(b"ENVELOPE (")

    async def list_all(self, wire: Wire) -> int:
        """See `Peer`."""
        await self._ask(wire, b"SELECT INBOX")
        rows = await self._ask(wire, b"UID FETCH 1:* (FLAGS ENVELOPE)")
        return rows.count(b"ENVELOPE (")

    # -- headless

    def checks(self, user: str) -> dict[str, Sequence[str]]:
        """See `Peer`. What is not installed is left out."""
        url = f"imap://{user}:{PASSWORD}@{proc.HOST}:{self._imap}/"
        imap = (str(CHECKS / "imap_status.py"), str(self._imap), user, PASSWORD)
        found: dict[str, Sequence[str]] = {"python imaplib": [sys.executable, *imap]}
        curl, mutt = proc.program("curl"), proc.program("neomutt")
        if curl is not None:
            status = ("-sS", "-X", "STATUS INBOX (UNSEEN)", url)
            found["curl, IMAP STATUS"] = [curl, *status]
        if mutt is not None:
            # -Z sees no new mail on IMAP; -f opens the box, and the key quits
            self._fill("local", 100)
            local = ("-Z",)
            found["neomutt -Z, a Maildir"] = self._mutt(mutt, self._box("local"), local)
            box = f"{url}INBOX"
            found["neomutt -f, IMAP"] = self._mutt(mutt, box, ("-f", box))
        return found

    def _mutt(self, mutt: str, box: Path | str, how: Sequence[str]) -> Sequence[str]:
        conf = self.folder / f"muttrc{how[0]}"
        conf.write_text(MUTTRC.format(box=box, password=PASSWORD))
        terminal = (sys.executable, str(CHECKS / "in_pty.py"))
        return [*terminal, mutt, "-n", "-F", str(conf), *how, "-e", "push <exit>"]

    # -- idle

    async def idle(self, number: int) -> Wire:
        """See `Peer`."""
        wire = await self.open(f"u{number % 100}")
        await self._ask(wire, b"SELECT INBOX")
        wire.write(b"c IDLE\r\n")
        await wire.until(b"+ idling\r\n")
        return wire

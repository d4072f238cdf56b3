"""aiosmtpd with the Mailbox handler that comes with it: one Maildir for everybody."""

from collections.abc import Sequence

from tests.bench import proc
from tests.bench.peers import smtp


class Aiosmtpd(smtp.MailServer):
    """See `Peer`."""

    note = (
        "one Maildir for all recipients; the fsync runs in the event loop; offers no "
        "PIPELINING, so four round trips a message"
    )
    program = "aiosmtpd"

    def version(self) -> str:
        """See `Peer`."""
        return proc.output(self.found(), "--version").rpartition(" ")[2]

    def configure(self, _: str) -> Sequence[str]:
        """See `Peer`."""
        self.port = proc.free_port()
        where = f"{proc.HOST}:{self.port}"
        handler = ("-c", "aiosmtpd.handlers.Mailbox", str(self.folder / "box"))
        return [self.found(), "-n", "-l", where, *handler]

    def stored(self) -> int:
        """See `Peer`."""
        return sum(1 for _ in (self.folder / "box" / "new").iterdir())

"""A file that holds space back, so that a full disk still takes a login or a block."""

from errno import EDQUOT, ENOSPC

from nimsg.store.atomic import TEMPORARY, put_file
from nimsg.store.disk import Disk
from nimsg.store.layout import Layout


RESERVE_BYTES = 4 * 1024 * 1024


class Reserve:
    """Space kept while the disk has some, given away when it has none."""

    def __init__(self, disk: Disk, layout: Layout) -> None:
        self._disk = disk
        self._path = layout.reserve

    def hold(self) -> None:
        """Take the space where it is not held; a disk without it is left alone."""
        if self._path.exists() and self._path.stat().st_size == RESERVE_BYTES:
            return
        if self._disk.free_bytes(self._path.parent) > 2 * RESERVE_BYTES:
            self._take()

    def _take(self) -> None:
        try:
            put_file(self._disk, self._path, bytes(RESERVE_BYTES))
        except OSError as error:
            # Somebody was faster: nothing is lost, and it is tried again.
            if error.errno not in {EDQUOT, ENOSPC}:
                raise
            begun = self._path.with_name(self._path.name + TEMPORARY)
            if begun.exists():
                self._disk.truncate(begun, 0)

    def give_below(self, free: int) -> None:
        """Give the space away where less than it is free."""
        if free < RESERVE_BYTES:
            self.give()

    def give(self) -> bool:
        """Give the space away; whether there was any."""
        if not self._path.exists() or self._path.stat().st_size == 0:
            return False
        self._disk.truncate(self._path, 0)
        return True

"""A file that holds space back, so that a full disk still takes a login or a block."""

from nimsg.store.atomic import put_file
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
            put_file(self._disk, self._path, bytes(RESERVE_BYTES))

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

"""Stores that are wrong in one thing each, for the judge to find."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import ClassVar

from msgspec.structs import replace

from nimsg.core.commands import AddBlock, Command, RemoveBlock, SendMail
from nimsg.store.base import Batch
from nimsg.store.local import LocalStore
from tests.sim.machine import committed


class Early(LocalStore):
    """It answers each batch before that is on the disk, which is with the next one."""

    synced: ClassVar[dict[Path, bytes]] = {}
    _left = Batch([], [])

    def commit(self, commands: Sequence[Command], now: int) -> Batch:
        self.synced[self.layout.root] = committed(self.layout.root)
        return super().commit(commands, now)

    def file(self, batch: Batch) -> None:
        super().file(self._left)
        self._left = batch


class Hasty(LocalStore):
    """It forgets journal rows before their files are on the disk."""

    def file(self, batch: Batch) -> None:
        super().file(batch)
        self._settled = self._filer.filed


class Twice(LocalStore):
    """It does not know what is sent again."""

    _numbers = count()

    def commit(self, commands: Sequence[Command], now: int) -> Batch:
        return super().commit([self._another(one) for one in commands], now)

    def _another(self, command: Command) -> Command:
        if isinstance(command, SendMail):
            return replace(command, client_id=f"{next(self._numbers)}")
        return command


class Porous(LocalStore):
    """It takes every block back at once."""

    def commit(self, commands: Sequence[Command], now: int) -> Batch:
        undone = [
            RemoveBlock(one.uid, one.other)
            for one in commands
            if isinstance(one, AddBlock)
        ]
        batch = super().commit([*commands, *undone], now)
        return Batch(batch.outcomes[: len(commands)], batch.rows)


class Forgetful(LocalStore):
    """It takes acknowledgements back after a while."""

    def settle(self) -> bool:
        self._connection.execute("UPDATE copy SET acked_at = NULL, acked_by = NULL")
        return super().settle()

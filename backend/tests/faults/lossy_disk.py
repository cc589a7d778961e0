"""A disk that forgets: what was written and not synced may be gone, torn or out of order after a power loss.

An APSW VFS records every write; ``Disk.after_power_loss`` gives the files as a machine could find them.
"""

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw

SECTOR = 512
"""What a disk writes whole or not at all."""


@dataclass(slots=True)
class _Write:
    offset: int
    data: bytes


@dataclass(slots=True)
class _Truncate:
    size: int


@dataclass(slots=True)
class _Image:
    """``synced``: what is on the platter for sure. ``pending``: what may be. ``named``: its name was synced too."""

    synced: bytearray = field(default_factory=bytearray)
    pending: "list[_Write | _Truncate]" = field(default_factory=list)
    named: bool = False


class Disk:
    """Every file under one directory. ``before_write`` is called before each operation that changes one."""

    def __init__(self, before_write: Callable[["Disk"], None]) -> None:
        self._files: dict[str, _Image] = {}
        self._before_write = before_write
        self.operations = 0
        self.syncs = 0

    def write(self, name: str, offset: int, data: bytes) -> None:
        self._note()
        self._image(name).pending.append(_Write(offset, data))

    def truncate(self, name: str, size: int) -> None:
        self._note()
        self._image(name).pending.append(_Truncate(size))

    def sync(self, name: str) -> None:
        self._note()
        self.syncs += 1
        image = self._image(name)
        for one in image.pending:
            _apply(image.synced, one)
        image.pending.clear()
        image.named = True

    def delete(self, name: str) -> None:
        self._note()
        self._files.pop(name, None)

    def picture(self) -> "Disk":
        """The disk as it is now, for later."""
        copied = Disk(lambda _: None)
        copied._files = copy.deepcopy(self._files)
        return copied

    def after_power_loss(self, rng: random.Random, directory: Path) -> None:
        """Write the files into ``directory`` as they may be found: any sector of any unsynced write, in any order."""
        directory.mkdir()
        for name, image in self._files.items():
            if not image.named and rng.random() < 0.5:
                continue
            found = bytearray(image.synced)
            parts = [part for one in image.pending for part in _sectors(one)]
            kept = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
            survivors = [part for part in parts if rng.random() < kept]
            if rng.random() < 0.5:
                rng.shuffle(survivors)
            for part in survivors:
                _apply(found, part)
            (directory / Path(name).name).write_bytes(found)

    def _image(self, name: str) -> _Image:
        return self._files.setdefault(name, _Image())

    def _note(self) -> None:
        self.operations += 1
        self._before_write(self)


def _apply(content: bytearray, one: "_Write | _Truncate") -> None:
    if isinstance(one, _Truncate):
        del content[one.size :]
        return
    end = one.offset + len(one.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[one.offset : end] = one.data


def _sectors(one: "_Write | _Truncate") -> "Iterator[_Write | _Truncate]":
    if isinstance(one, _Truncate):
        yield one
        return
    at = 0
    while at < len(one.data):
        size = SECTOR - (one.offset + at) % SECTOR
        yield _Write(one.offset + at, one.data[at : at + size])
        at += size


class _File(apsw.VFSFile):
    """The real file underneath serves reads and locks; what a power loss would leave of it is the disk's matter."""

    def __init__(self, base: str, name: str | apsw.URIFilename, flags: list[int], disk: Disk) -> None:
        super().__init__(base, name, flags)
        self._name = name if isinstance(name, str) else name.filename()
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.write(self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.truncate(self._name, newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._disk.sync(self._name)


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        # The default of before; "" would mean this one as soon as it is registered.
        self._base = apsw.vfs_names()[0]
        super().__init__("lossy", self._base, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        if name is None:
            return apsw.VFSFile(self._base, name, flags)
        if flags[0] & apsw.SQLITE_OPEN_READONLY:
            # A reader that closes last asks for a lock that a read-only file cannot give; SQLite takes no for an
            # answer there, apsw raises it.
            flags[0] = flags[0] & ~apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_READWRITE
            file = _File(self._base, name, flags, self._disk)
            # SQLite sees it read-only: otherwise BEGIN IMMEDIATE of the index would lock the jobs, which it only reads.
            flags[1] = flags[1] & ~apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_READONLY
            return file
        return _File(self._base, name, flags, self._disk)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._disk.delete(filename)
        super().xDelete(filename, syncdir)


@contextmanager
def lossy(disk: Disk) -> Iterator[None]:
    """Every database opened meanwhile is on this disk."""
    vfs = _Vfs(disk)
    try:
        yield
    finally:
        vfs.unregister()

"""The folder of a spool: who owns it, and what is to be read in it.

Each process has a folder of its own under the root, with a lock file that it holds for as long as
it lives (flock: the kernel lets go of it, however the process ends). A folder whose lock is free
belongs to a process that is dead, and to whoever takes the lock. The lock of the root makes that
one step.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.store.entries import Entry, read

LOCK: Final = "lock"
SUFFIX: Final = ".log"
PIECE_BYTES: Final = 1 << 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """Entries in order, and the place behind them. It may hold no entry and yet go on: then what
    was there could not be read."""

    entries: tuple[Entry, ...]
    segment: Path
    offset: int


class SpoolFolder:
    """Owned, until it is removed or let go. Files are named by the first entry in them."""

    def __init__(self, path: Path, lock: int, *, adopted: bool) -> None:
        self.path = path
        self.adopted = adopted
        self._lock = [lock]  # empty once it was closed: that may be asked for by two threads
        self._segment: Path | None = None
        self._offset = 0

    @property
    def name(self) -> str:
        return self.path.name

    def segments(self) -> list[Path]:
        return sorted(self.path.glob(f"*{SUFFIX}"))

    def segment(self, first_seq: int) -> Path:
        return self.path / f"{first_seq:016d}{SUFFIX}"

    def next(self, limit: int) -> Batch | None:
        """What follows what is ``done``, the same until that changes; None: nothing for now."""
        segments = self.segments()  # before the reading: only the last one still grows
        for segment in segments:
            offset = self._offset if segment == self._segment else 0
            if self._segment is not None and segment < self._segment:
                continue
            batch, rest = _next_in(segment, offset, limit)
            if batch.offset > offset:
                return batch
            if rest and (self.adopted or segment != segments[-1]):
                logger.warning("the last entry of %s was torn: it is dropped", segment)
        return None

    def done(self, batch: Batch) -> None:
        """Nobody asks for these any more; files that hold nothing else are deleted."""
        self._segment, self._offset = batch.segment, batch.offset
        for segment in self.segments():
            if segment < batch.segment:
                segment.unlink(missing_ok=True)

    def remove(self) -> None:
        """The folder, with all that is in it. Harmless when that is done already."""
        with _locked(self.path.parent):
            if self.path.exists():
                shutil.rmtree(self.path)
        self.let_go()

    def let_go(self) -> None:
        """Somebody else may adopt it."""
        with suppress(IndexError):
            os.close(self._lock.pop())


def _next_in(segment: Path, offset: int, limit: int) -> tuple[Batch, bool]:
    """And whether something is left that is no whole line."""
    with segment.open("rb") as file:
        file.seek(offset)
        data = file.read(PIECE_BYTES)
        while b"\n" not in data and (more := file.read(len(data) or 1)):
            data += more
    found = read(data, limit)
    if found.damaged:
        logger.error("%d entries of %s are damaged: they are lost", found.damaged, segment)
    return Batch(found.entries, segment, offset + found.consumed), len(data) > found.consumed


def claim(root: Path, name: str) -> SpoolFolder:
    """A new folder for this process. Raises OSError."""
    root.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # ``parents`` have no mode
    root.mkdir(exist_ok=True, mode=0o700)
    with _locked(root):
        path = root / name
        path.mkdir(mode=0o700)
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        sync(root)
    return SpoolFolder(path, lock, adopted=False)


def adopt(root: Path, unusable: set[str] | None = None) -> list[SpoolFolder]:
    """The folders of processes that are dead, the oldest first; they are ours from now on. One
    whose lock cannot be had is passed over, and said unless ``unusable`` names it already."""
    said = set() if unusable is None else unusable
    found = []
    with _locked(root):
        for path in root.iterdir():
            try:
                lock = _try_lock(path) if path.is_dir() else None
            except OSError as error:
                if path.name not in said:
                    logger.error("the spool %s cannot be adopted: %s", path, error)
                    said.add(path.name)
                continue
            if lock is not None:
                found.append(SpoolFolder(path, lock, adopted=True))
    return sorted(found, key=lambda folder: folder.path.stat().st_mtime)


def _try_lock(path: Path) -> int | None:
    lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return lock


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    lock = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def sync(folder: Path) -> None:
    """A new name in the folder is on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def used_bytes(root: Path) -> int:
    """Of all spools together."""
    total = 0
    for path in root.glob(f"*/*{SUFFIX}"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # somebody is done with it
            continue
    return total

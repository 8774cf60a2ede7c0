"""What calls have to say to the store, kept on disk until the store has it.

Everything goes this way, whether the store is up or not. ``append`` costs a call nothing but the
encoding: one thread writes, and syncs whatever has come meanwhile at once.
"""

import logging
import os
import threading
import uuid
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from bridge.store.entries import Entry, line
from bridge.store.spool_folder import SpoolFolder, claim, sync, used_bytes

Kind = Literal["call.started", "call.ended"]

SEGMENT_BYTES: Final = 4 << 20
HELD_BYTES: Final = 64 << 20  # in memory, while the disk takes nothing
RETRY_S: Final = 1.0
MEASURE_BYTES: Final = 1 << 20  # written between two looks at how much the spools hold

logger = logging.getLogger(__name__)


class Spool:
    """The spool of this process. Entries are in the order of ``append``; what is on the disk
    survives the process. While the disk is full, or the spools under the root hold ``max_bytes``,
    entries wait in memory; beyond ``HELD_BYTES`` the newest are lost, and counted."""

    def __init__(
        self,
        root: Path,
        max_bytes: int,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        retry_s: float = RETRY_S,
    ) -> None:
        """Raises OSError."""
        self.root = root
        self.folder: SpoolFolder = claim(root, uuid.uuid4().hex)
        self.appended = 0  # the seq of the newest entry
        self.lost = 0
        self.on_written: Callable[[], None] = lambda: None  # called by the thread
        self._max_bytes = max_bytes
        self._segment_bytes = min(segment_bytes, max_bytes // 4)
        self._retry_s = retry_s
        self._file: int | None = None
        self._size = 0
        self._used = 0
        self._measure_bytes = min(MEASURE_BYTES, max_bytes // 16)
        self._unmeasured = MEASURE_BYTES
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._waiting_bytes = 0
        self._failing = False
        self._closing = False
        self._over = False  # the thread takes nothing any more
        self._told_over = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    @property
    def process(self) -> str:
        """The name under which the store knows this process."""
        return self.folder.name

    def append(self, kind: Kind, payload: dict[str, Any]) -> None:
        """Never waits, and never fails for want of room."""
        encoded = msgspec.json.encode(payload)
        with self._changed:
            if self._over:
                self._too_late()
                return
            self.appended += 1
            if self._waiting_bytes + len(encoded) > HELD_BYTES:
                self.lost += 1
                logger.error("the spool cannot be written and memory is full: an entry is lost")
                return
            text = line(Entry(self.appended, kind, encoded))
            self._waiting.append((self.appended, text))
            self._waiting_bytes += len(text)
            self._changed.notify()

    def _too_late(self) -> None:
        """Said once, however many there are."""
        self.lost += 1
        if not self._told_over:
            self._told_over = True
            logger.error("the spool is closed: an entry is lost, and so is any after it")

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is left. The folder stays ours until ``folder.remove`` or ``let_go``."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)

    # --- the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        while (batch := self._take()) is not None:
            last_try = self._closing  # a try that began before is followed by one more
            try:
                self._write(batch)
            except OSError as error:
                self._failed(error)
                if last_try:
                    self._give_up(error)
                    return
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, self._retry_s)
            else:
                self._written(batch)
                self.on_written()
        if self._file is not None:
            os.close(self._file)

    def _give_up(self, error: OSError) -> None:
        with self._changed:
            self._over = True
            lost = len(self._waiting)
            self.lost += lost
        logger.error("%d entries are lost: %s", lost, error)

    def _take(self) -> list[tuple[int, bytes]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            batch: list[tuple[int, bytes]] = []
            size = 0
            for seq, text in self._waiting:
                size += len(text)
                if batch and size > self._segment_bytes:
                    break
                batch.append((seq, text))
            self._over = not batch
            return batch or None

    def _written(self, batch: list[tuple[int, bytes]]) -> None:
        size = sum(len(text) for _, text in batch)
        with self._changed:
            for _ in batch:
                self._waiting.popleft()
            self._waiting_bytes -= size
        self._used += size
        self._unmeasured += size
        if self._failing:
            self._failing = False
            logger.info("the spool can be written again")

    def _failed(self, error: OSError) -> None:
        """Said once, however long it lasts."""
        if not self._failing:
            self._failing = True
            logger.error("the spool cannot be written, records wait in memory: %s", error)

    def _write(self, batch: list[tuple[int, bytes]]) -> None:
        data = b"".join(text for _, text in batch)
        self._make_room(len(data))
        file = self._open(batch[0][0])
        try:
            done = 0
            while done < len(data):
                done += os.pwrite(file, data[done:], self._size + done)
            os.fsync(file)
        except OSError:
            os.ftruncate(file, self._size)
            raise
        self._size += len(data)

    def _make_room(self, n_bytes: int) -> None:
        if self._unmeasured >= self._measure_bytes or self._used + n_bytes > self._max_bytes:
            self._used, self._unmeasured = used_bytes(self.root), 0
        if self._used + n_bytes > self._max_bytes:
            raise OSError(f"its bound of {self._max_bytes} bytes is reached")

    def _open(self, first_seq: int) -> int:
        if self._file is not None and self._size < self._segment_bytes:
            return self._file
        if self._file is not None:
            os.close(self._file)
            self._file = None
        path = self.folder.segment(first_seq)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._size = os.fstat(self._file).st_size
        sync(self.folder.path)
        return self._file

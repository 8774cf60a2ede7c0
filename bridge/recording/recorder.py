"""Recordings of the calls that run, written by one thread.

The loop hands over reels of a second; making sound of them and writing is done here. Whatever goes
wrong with a file ends that recording and nothing else.
"""

import logging
import os
import threading
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from bridge.call.tape import Ended, Reel, Tape
from bridge.recording import wav
from bridge.recording.channels import Channels
from bridge.recording.part_lock import lock, locked

WAITING_MAX = 60  # reels of one call: its disk is a minute behind
HEADER_EVERY_BYTES = 160_000  # ten seconds: so much a crash leaves outside of the header's count
PART = ".part"
_BINARY = getattr(os, "O_BINARY", 0)  # Windows

logger = logging.getLogger(__name__)


class _Recording:
    """One file, from its first reel on. ``waiting`` is counted by both threads under a lock."""

    def __init__(self, folder: Path, call_sid: str) -> None:
        self.call_sid = call_sid
        self.path = folder / f"{call_sid}.wav"
        self.waiting = 0
        self.given_up = False
        self._part = self.path.with_name(self.path.name + PART)
        self._channels = Channels()
        self._file: BinaryIO | None = None
        self._sound_bytes = 0
        self._counted_bytes = 0

    def write(self, reel: Reel) -> bool:
        """True: that was the end, and the file is whole."""
        if self._file is None:
            self._part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = _opened(self._part)
        sound = b"".join(self._channels.feed(at, event) for at, event in reel)
        if sound:
            self._file.write(sound)
            self._sound_bytes += len(sound)
        over = isinstance(reel[-1][1], Ended)
        if self._sound_bytes - self._counted_bytes >= HEADER_EVERY_BYTES:
            self._count(self._file)
        if over:
            self.close()
        return over

    def _count(self, file: BinaryIO) -> None:
        file.seek(0)
        file.write(wav.header(self._sound_bytes))
        file.seek(0, 2)
        self._counted_bytes = self._sound_bytes

    def give_up(self) -> None:
        """What there is of it stays, playable."""
        self.given_up = True
        self.close()

    def close(self) -> None:
        """What was written has its name, which the call's record says."""
        if self._file is None or self._file.closed:
            return
        try:
            self._count(self._file)
        finally:  # where that fails, the header has an older count, and can be played
            self._file.close()
            self._part.replace(self.path)


def _opened(part: Path) -> BinaryIO:
    """Emptied only when it is ours: another stream of the same call may be writing it. Raises
    ``OSError``."""
    file = open(os.open(part, os.O_RDWR | os.O_CREAT | _BINARY, 0o600), "r+b", buffering=0)
    try:
        lock(file)
        file.truncate(0)
        file.write(wav.header(0))
    except OSError:
        file.close()
        raise
    return file


class Recorder:
    """``tape`` for each call that is to be recorded; ``close`` when no call runs any more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._reels: SimpleQueue[tuple[_Recording, Reel] | Callable[[], None] | None]
        self._reels = SimpleQueue()
        self._begun: set[_Recording] = set()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def tape(self, call_sid: str) -> Tape:
        """``call_sid`` becomes a file's name; it is one that the carrier's parser let through."""
        return Tape(partial(self._take, _Recording(self._folder, call_sid)))

    def close(self) -> None:
        """All that was handed over is written. A recording without an end is as long as what
        there was of it."""
        self._reels.put(None)
        self._thread.join()

    def written(self, then: Callable[[], None]) -> None:
        """Calls ``then``, in the recorder's thread, when all handed over by now is written."""
        self._reels.put(then)

    def _take(self, recording: _Recording, reel: Reel) -> None:
        if recording.given_up:
            return
        with self._lock:
            recording.waiting += 1
            too_many = recording.waiting > WAITING_MAX
        if too_many:
            logger.error("recording of %s given up: the disk is behind", recording.call_sid)
            recording.given_up = True
            return
        self._reels.put((recording, reel))

    def _work(self) -> None:
        while (job := self._reels.get()) is not None:
            if isinstance(job, tuple):
                self._write(*job)
            else:
                job()
        for recording in [*self._begun]:
            self._fail(recording)

    def _write(self, recording: _Recording, reel: Reel) -> None:
        with self._lock:
            recording.waiting -= 1
        try:
            if recording.given_up:
                self._fail(recording)
            else:
                self._begun.add(recording)
                if recording.write(reel):
                    self._begun.discard(recording)
        except Exception as error:  # of one file; the others go on
            logger.error("recording of %s given up: %r", recording.call_sid, error)
            self._fail(recording)

    def _fail(self, recording: _Recording) -> None:
        self._begun.discard(recording)
        try:
            recording.give_up()
        except OSError:  # it is the disk that fails: there is nothing left to do
            logger.debug("recording of %s cannot be closed", recording.call_sid)


def recover(folder: Path, call_sids: Collection[str] | None = None) -> list[Path]:
    """Finishes what a process that is gone left behind; answers with the files. ``call_sids`` None:
    of whatever call."""
    found = []
    for part in sorted(folder.glob(f"*.wav{PART}")):
        whole = part.with_name(part.name.removesuffix(PART))
        if call_sids is not None and whole.stem not in call_sids:
            continue
        try:
            if locked(part):
                continue  # another process is at it
            wav.repair(part)
            part.replace(whole)
        except OSError as error:
            logger.error("recording %s cannot be finished: %s", part.name, error)
        else:
            found.append(whole)
    return found

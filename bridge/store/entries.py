"""Entries of a spool: a line each, with a checksum, so that a torn one shows."""

from dataclasses import dataclass
from zlib import crc32


@dataclass(frozen=True)
class Entry:
    """``seq`` grows by one in each spool; ``payload`` is JSON on one line."""

    seq: int
    kind: str
    payload: bytes


@dataclass(frozen=True)
class Found:
    """What a piece of a file holds. ``consumed`` bytes are whole lines, of which ``damaged`` ones
    could not be read; what follows is the beginning of a line, torn or not yet written."""

    entries: tuple[Entry, ...]
    consumed: int
    damaged: int


def line(entry: Entry) -> bytes:
    body = b"%d %s %s" % (entry.seq, entry.kind.encode(), entry.payload)
    return b"%08x %s\n" % (crc32(body), body)


def read(data: bytes, limit: int) -> Found:
    """At most ``limit`` lines."""
    entries = []
    at = damaged = lines = 0
    while lines < limit and (end := data.find(b"\n", at)) >= 0:
        lines += 1
        if entry := _entry(data[at:end]):
            entries.append(entry)
        else:
            damaged += 1
        at = end + 1
    return Found(tuple(entries), at, damaged)


def _entry(text: bytes) -> Entry | None:
    checksum, _, body = text.partition(b" ")
    if checksum != b"%08x" % crc32(body):
        return None
    match body.split(b" ", 2):
        case [seq, kind, payload] if seq.isdigit():
            return Entry(int(seq), kind.decode(errors="replace"), payload)
    return None

"""What a server on this machine takes: processor time and memory, from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path


class NoSuchProcess(Exception):
    """Nobody by this number, or nothing is told of it here."""


@dataclass(frozen=True)
class Usage:
    cpu_s: float
    rss_bytes: int


def usage(pid: int) -> Usage:
    """Of the process with all its threads (proc(5): fields 14, 15 and 24 of stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        raise NoSuchProcess(f"process {pid} is not there, or this system has no /proc") from None
    ticks = int(fields[11]) + int(fields[12])
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))

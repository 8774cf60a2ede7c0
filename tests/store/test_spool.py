"""What was appended is there, in order, whatever happens to the process and its disk."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bridge.store.spool import Spool
from bridge.store.spool_folder import LOCK, SpoolFolder, adopt, used_bytes

PLENTY = 1 << 30
HERE = Path(__file__).parents[2]


def numbers(folder: SpoolFolder, limit: int = 7) -> Iterator[int]:
    """What the payloads say, read in batches, each one done with."""
    while batch := folder.next(limit):
        folder.done(batch)
        yield from (msgspec.json.decode(entry.payload)["n"] for entry in batch.entries)


def written(spool: Spool, seq: int) -> None:
    """Wait until so many are on the disk."""
    wait_for(lambda: seqs(spool.folder.path)[-1:] == [seq])


def seqs(path: Path) -> list[int]:
    lines = b"".join(file.read_bytes() for file in sorted(path.glob("*.log"))).splitlines()
    return [int(line.split(b" ", 2)[1]) for line in lines]


def wait_for(true: Callable[[], bool], timeout_s: float = 10.0) -> None:
    until = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until
        os.sched_yield()


@pytest.fixture
def spools(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    made: list[Spool] = []

    def make(max_bytes: int = PLENTY, **options: Any) -> Spool:
        made.append(Spool(tmp_path / "spool", max_bytes, **options))
        return made[-1]

    yield make
    for spool in made:
        spool.close()


def append(spool: Spool, *values: int) -> None:
    for n in values:
        spool.append("call.ended", {"n": n, "fills": "x" * 50})


def test_entries_are_read_in_order_while_more_are_written(spools: Callable[..., Spool]) -> None:
    spool = spools(segment_bytes=500)
    append(spool, *range(50))
    spool.close()
    assert [*numbers(spool.folder)] == [*range(50)]
    assert spool.folder.next(10) is None


def test_what_is_not_done_is_read_again(spools: Callable[..., Spool]) -> None:
    spool = spools()
    append(spool, 1, 2, 3)
    spool.close()
    first = spool.folder.next(2)
    assert first is not None and first == spool.folder.next(2)
    spool.folder.done(first)
    assert [*numbers(spool.folder)] == [3]


def test_what_comes_after_the_end_is_lost_and_said_once(
    spools: Callable[..., Spool], caplog: pytest.LogCaptureFixture
) -> None:
    spool = spools()
    append(spool, 1)
    spool.close()
    append(spool, 2, 3)
    assert caplog.text.count("the spool is closed") == 1
    assert spool.lost == 2
    assert spool.appended == 1


def test_an_entry_as_large_as_many_pieces_is_read(spools: Callable[..., Spool]) -> None:
    spool = spools()
    spool.append("call.ended", {"n": 1, "words": "long " * 1_000_000})
    append(spool, 2)
    spool.close()
    assert [*numbers(spool.folder)] == [1, 2]


def test_files_are_deleted_once_the_store_has_them(spools: Callable[..., Spool]) -> None:
    spool = spools(segment_bytes=500)
    for n in range(50):
        append(spool, n)
        written(spool, n + 1)
    files = len(spool.folder.segments())
    assert files > 5
    assert [*numbers(spool.folder)] == [*range(50)]
    assert len(spool.folder.segments()) == 1


def test_a_living_process_keeps_its_folder_and_a_dead_one_loses_it(
    spools: Callable[..., Spool],
) -> None:
    living, dead = spools(), spools()
    append(dead, 1, 2)
    dead.close()
    assert adopt(living.root) == []
    dead.folder.let_go()
    (adopted,) = adopt(living.root)
    assert adopted.name == dead.process
    assert adopt(living.root) == []  # it has an owner again
    assert [*numbers(adopted)] == [1, 2]
    adopted.remove()
    assert adopt(living.root) == []
    assert [path.name for path in living.root.iterdir() if path.name != LOCK] == [living.process]


def test_a_folder_whose_lock_cannot_be_had_is_said_once_and_keeps_no_other(
    spools: Callable[..., Spool], caplog: pytest.LogCaptureFixture
) -> None:
    living, dead = spools(), spools()
    (living.root / "broken" / LOCK).mkdir(parents=True)
    dead.folder.let_go()
    unusable: set[str] = set()
    (adopted,) = adopt(living.root, unusable)
    assert adopted.name == dead.process
    assert adopt(living.root, unusable) == []
    assert caplog.text.count("broken cannot be adopted") == 1
    adopted.let_go()


def test_a_torn_last_entry_is_dropped_and_everything_before_is_kept(
    spools: Callable[..., Spool],
) -> None:
    spool = spools()
    append(spool, *range(10))
    spool.close()
    spool.folder.let_go()
    (segment,) = spool.folder.segments()
    whole = segment.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    for cut in range(1, last + 1):
        segment.write_bytes(whole[: len(whole) - cut])
        (adopted,) = adopt(spool.root)
        assert [*numbers(adopted)] == [*range(9)]
        adopted.let_go()


def test_at_its_bound_entries_wait_in_memory_until_there_is_room(
    spools: Callable[..., Spool], caplog: pytest.LogCaptureFixture
) -> None:
    spool = spools(2000, segment_bytes=400, retry_s=0.01)
    for n in range(60):
        append(spool, n)
    wait_for(lambda: "cannot be written" in caplog.text)
    assert used_bytes(spool.root) <= 2000
    seen: list[int] = []

    def all_seen() -> bool:
        seen.extend(numbers(spool.folder))
        return len(seen) >= 60

    wait_for(all_seen)
    assert seen == [*range(60)]
    assert spool.lost == 0
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) < 60 / 4


def test_two_spools_share_one_bound(spools: Callable[..., Spool]) -> None:
    first, second = spools(1000), spools(1000, retry_s=0.01)
    append(first, *range(8))
    written(first, 8)
    append(second, *range(8))
    wait_for(lambda: bool(second.folder.segments()) or used_bytes(first.root) <= 1000)
    first.close()
    assert used_bytes(first.root) <= 1000
    first.folder.remove()
    wait_for(lambda: seqs(second.folder.path)[-1:] == [8])


FILLS_THE_DISK = """
import logging, resource, sys
from pathlib import Path
from bridge.store.spool import Spool

logging.basicConfig(level="INFO", stream=sys.stdout)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, resource.RLIM_INFINITY))  # room for no entry
spool = Spool(Path(sys.argv[1]), 1 << 30, retry_s=0.01)
for n in range(100):
    spool.append("call.ended", {"n": n})
sys.stdin.readline()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
spool.close()
"""
APPENDS_FOR_EVER = """
import sys
from pathlib import Path
from bridge.store.spool import Spool

spool = Spool(Path(sys.argv[1]), 1 << 30, segment_bytes=20_000)
for n in range(10**9):
    spool.append("call.ended", {"n": n, "fills": "x" * (n % 700)})
    if n == 300:
        print("begun", flush=True)
"""


def python(code: str, root: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )


def test_a_full_disk_is_said_once_and_loses_nothing_when_it_has_room_again(tmp_path: Path) -> None:
    program = python(FILLS_THE_DISK, tmp_path)
    assert program.stdout is not None
    assert "cannot be written" in program.stdout.readline()
    said = program.communicate("room\n")[0]
    assert said.count("cannot be written") == 0
    assert said.count("can be written again") == 1
    (adopted,) = adopt(tmp_path)
    assert [*numbers(adopted)] == [*range(100)]


def test_a_try_that_began_before_the_end_is_followed_by_one_more(
    spools: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk gets room, and the spool is closed, while a write is about to fail."""
    spool = spools(1000)
    closing = threading.Thread(target=spool.close)
    tries = []

    def full_at_first(root: Path) -> int:
        tries.append(root)
        if len(tries) > 1:
            return 0
        closing.start()
        wait_for(lambda: spool._closing)
        return 1000

    monkeypatch.setattr("bridge.store.spool.used_bytes", full_at_first)
    append(spool, 1)
    spool._thread.join()
    closing.join()
    assert [*numbers(spool.folder)] == [1]
    assert spool.lost == 0


def test_what_a_disk_that_stays_full_cannot_take_at_the_end_is_counted(
    spools: Callable[..., Spool], caplog: pytest.LogCaptureFixture
) -> None:
    spool = spools(10)
    append(spool, *range(5))
    spool.close()
    assert spool.lost == 5
    assert "5 entries are lost" in caplog.text


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5])
def test_a_process_that_is_killed_leaves_all_it_had_written_in_order(
    tmp_path: Path, after: int
) -> None:
    program = python(APPENDS_FOR_EVER, tmp_path)
    assert program.stdout is not None
    assert program.stdout.readline() == "begun\n"
    wait_for(lambda: used_bytes(tmp_path) > 3000 * after)
    program.send_signal(signal.SIGKILL)
    program.communicate()
    (adopted,) = adopt(tmp_path)
    whole = sum(file.read_bytes().count(b"\n") for file in adopted.segments())
    assert [*numbers(adopted)] == [*range(whole)]


def test_its_folder_and_what_holds_it_are_for_their_owner_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "state" / "spool", 1 << 20)
    spool.close()
    found = [tmp_path / "state", *(tmp_path / "state").rglob("*")]
    assert [each.stat().st_mode & 0o077 for each in found if each.is_dir()] == [0, 0, 0]

import asyncio
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.agents.document import Agent
from bridge.agents.incoming import Incoming
from bridge.agents.routing import Refused, Route, Trial
from bridge.directory import Answering, Directory, Ready, SourceUnavailable
from bridge.directory_snapshot import Snapshot, SnapshotUnreadable, Text, decoded, encoded
from bridge.functions import Allowed

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CALL = Incoming("CA1", "+15550001", "+4930100")
FALLBACK = Ready(Agent("Plain", "Be brief."), {})


def text(agent: str, version: int, more: str = "") -> Text:
    return Text(agent, version, f"name: {agent}\ninstructions: Version {version}.\n{more}")


def snapshot(revision: int, version: int, more: str = "") -> Snapshot:
    texts = (text("shop", version, more),)
    return Snapshot(revision, {"shop": version}, texts, (Route("*", "shop"),))


class Store:
    """What a store says, and when it is away."""

    def __init__(self, said: Snapshot | None = None) -> None:
        self.said = said
        self.known = asyncio.Event()  # somebody asked who has the newest

    async def read(self, known: int | None) -> Snapshot | None:
        if self.said is None:
            raise SourceUnavailable("no route to host")
        if known != self.said.revision:
            return self.said
        self.known.set()
        return None


def directory(store: Store, folder: Path, *modules: str) -> Directory:
    kept = folder / "state" / "directory.json"
    allowed = Allowed(("no_such_module_here", *modules))
    return Directory(
        FALLBACK, store.read, kept, function_timeout_s=15, poll_s=0.001, allowed=allowed
    )


async def started(store: Store, folder: Path) -> Directory:
    made = directory(store, folder)
    await made.start()
    return made


def answered(made: Directory) -> tuple[str, int, str]:
    found = made.answer(CALL, NOW, {})
    assert isinstance(found, Answering)
    return found.agent_name, found.version, found.document.instructions


def test_a_published_agent_answers_with_its_version(tmp_path: Path) -> None:
    made = asyncio.run(started(Store(snapshot(1, 3)), tmp_path))
    assert answered(made) == ("shop", 3, "Version 3.")
    assert made.revision == 1


def test_without_any_route_the_agent_of_the_settings_answers(tmp_path: Path) -> None:
    made = asyncio.run(started(Store(Snapshot(1)), tmp_path))
    assert answered(made) == ("Plain", 0, "Be brief.")


def test_a_route_to_an_agent_that_is_not_published_has_no_agent(tmp_path: Path) -> None:
    said = Snapshot(1, {}, (), (Route("*", "shop"),))
    made = asyncio.run(started(Store(said), tmp_path))
    assert made.answer(CALL, NOW, {}) == Refused("no agent")


def test_a_blocked_caller_is_refused_and_so_is_one_too_many(tmp_path: Path) -> None:
    route = Route("*", "shop", max_calls=1)
    said = Snapshot(1, {"shop": 1}, (text("shop", 1),), (route,), ("+1555*",))
    made = asyncio.run(started(Store(said), tmp_path))
    assert made.answer(CALL, NOW, {}) == Refused("blocked")
    other = Incoming("CA2", "+4917", "+4930100")
    assert isinstance(made.answer(other, NOW, {}), Answering)
    assert made.answer(other, NOW, {"*": 1}) == Refused("full")


def test_a_blocked_caller_is_blocked_where_there_is_no_route_too(tmp_path: Path) -> None:
    made = asyncio.run(started(Store(Snapshot(1, blocked=("+15550001",))), tmp_path))
    assert made.answer(CALL, NOW, {}) == Refused("blocked")


def test_a_trial_gets_its_own_version(tmp_path: Path) -> None:
    route = Route("*", "shop", trial=Trial(2, 100))
    said = Snapshot(1, {"shop": 1}, (text("shop", 1), text("shop", 2)), (route,))
    made = asyncio.run(started(Store(said), tmp_path))
    found = made.answer(CALL, NOW, {})
    assert isinstance(found, Answering)
    assert (found.version, found.variant) == (2, "trial")


def test_a_trial_of_a_version_that_is_not_there_gets_the_published_one(tmp_path: Path) -> None:
    route = Route("*", "shop", trial=Trial(9, 100))
    said = Snapshot(1, {"shop": 1}, (text("shop", 1),), (route,))
    made = asyncio.run(started(Store(said), tmp_path))
    found = made.answer(CALL, NOW, {})
    assert isinstance(found, Answering)
    assert (found.version, found.variant) == (1, "published")


def test_a_change_reaches_the_next_call_and_not_one_that_runs(tmp_path: Path) -> None:
    async def scene() -> None:
        store = Store(snapshot(1, 1))
        made = await started(store, tmp_path)
        running = made.answer(CALL, NOW, {})
        store.said = snapshot(2, 2)
        follow = asyncio.create_task(made.run())
        async with asyncio.timeout(5):
            await store.known.wait()
        follow.cancel()
        assert made.revision == 2
        assert answered(made) == ("shop", 2, "Version 2.")
        assert isinstance(running, Answering)
        assert (running.version, running.document.instructions) == (1, "Version 1.")

    asyncio.run(scene())


def test_a_version_is_read_once_however_often_something_else_changes(tmp_path: Path) -> None:
    async def scene() -> None:
        store = Store(snapshot(1, 1))
        made = await started(store, tmp_path)
        before = made.answer(CALL, NOW, {})
        store.said = snapshot(2, 1)
        await made.refresh()
        after = made.answer(CALL, NOW, {})
        assert made.revision == 2
        assert isinstance(before, Answering)
        assert isinstance(after, Answering)
        assert before.document is after.document

    asyncio.run(scene())


BROKEN = "functions: [{name: f, entry_point: 'no_such_module_here:f'}]\n"


@pytest.mark.parametrize("more", [BROKEN, "colour: red\n"])
def test_a_version_that_cannot_be_used_leaves_the_one_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, more: str
) -> None:
    async def scene() -> None:
        store = Store(snapshot(1, 1))
        made = await started(store, tmp_path)
        for revision in (2, 3):
            store.said = snapshot(revision, 2, more)
            await made.refresh()
            assert answered(made) == ("shop", 1, "Version 1.")
        again = await started(Store(snapshot(3, 2, more)), tmp_path)
        assert answered(again) == ("shop", 1, "Version 1.")
        store.said = snapshot(4, 3)
        await made.refresh()
        assert answered(made) == ("shop", 3, "Version 3.")

    with caplog.at_level(logging.ERROR):
        asyncio.run(scene())
    told = [each.getMessage() for each in caplog.records]
    assert len(told) == 2  # once in each of two directories
    assert all("agent shop version 2 cannot be used" in each for each in told)


def test_functions_of_modules_that_nobody_allowed_are_neither_used_nor_imported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store may be changed by others than the owner of this machine."""
    (tmp_path / "offhook_test_desk.py").write_text(
        'def find() -> str:\n    """Find it."""\n    return "found"\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    desk = "functions: [{name: f, entry_point: 'offhook_test_desk:find'}]\n"

    async def scene() -> None:
        store = Store(snapshot(1, 1))
        made = await started(store, tmp_path)
        store.said = snapshot(2, 2, desk)
        await made.refresh()
        assert answered(made) == ("shop", 1, "Version 1.")
        assert "offhook_test_desk" not in sys.modules
        allowing = directory(store, tmp_path, "offhook_test_desk")
        await allowing.start()
        assert answered(allowing) == ("shop", 2, "Version 2.")

    asyncio.run(scene())
    (told,) = [each.getMessage() for each in caplog.records]
    assert told.startswith("agent shop version 2 cannot be used, the one before it stays: ")
    assert "add offhook_test_desk to OFFHOOK_FUNCTIONS" in told


def test_what_another_process_is_writing_is_left_to_it(tmp_path: Path) -> None:
    part = tmp_path / "state" / "directory.part"
    part.parent.mkdir()
    part.write_bytes(b"half of")
    asyncio.run(started(Store(snapshot(1, 1)), tmp_path))
    assert part.read_bytes() == b"half of"
    assert decoded((tmp_path / "state" / "directory.json").read_bytes()).revision == 1
    assert len(list(part.parent.iterdir())) == 2


def test_one_broken_agent_keeps_no_other_from_its_change(tmp_path: Path) -> None:
    async def scene() -> None:
        routes = (Route("*", "shop"), Route("+4930200", "desk"))
        texts = (text("shop", 2, BROKEN), text("desk", 5))
        said = Snapshot(2, {"shop": 2, "desk": 5}, texts, routes)
        made = await started(Store(said), tmp_path)
        desk = made.answer(Incoming("CA2", "+1", "+4930200"), NOW, {})
        assert isinstance(desk, Answering)
        assert made.answer(CALL, NOW, {}) == Refused("no agent")

    asyncio.run(scene())


def test_a_store_that_goes_away_and_comes_back_is_told_of_once_each(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        store = Store(snapshot(1, 1))
        made = await started(store, tmp_path)
        store.said = None
        for _ in range(3):
            await made.refresh()
            assert answered(made) == ("shop", 1, "Version 1.")
            assert not made.reachable
        store.said = snapshot(2, 2)
        await made.refresh()
        assert answered(made) == ("shop", 2, "Version 2.")
        assert made.reachable

    with caplog.at_level(logging.INFO):
        asyncio.run(scene())
    assert len(caplog.records) == 2


def test_a_start_without_a_store_has_what_was_last(tmp_path: Path) -> None:
    route = Route("*", "shop", trial=Trial(2, 50), max_calls=7)
    texts = (text("shop", 1), text("shop", 2))
    said = Snapshot(5, {"shop": 1}, texts, (route,), ("withheld",))
    asyncio.run(started(Store(said), tmp_path))
    made = asyncio.run(started(Store(None), tmp_path))
    assert made.revision is None  # so that the store is read whole once it is back
    assert isinstance(made.answer(CALL, NOW, {}), Answering)
    assert made.answer(CALL, NOW, {"*": 7}) == Refused("full")
    assert made.answer(Incoming("CA2", "anonymous", "+4930"), NOW, {}) == Refused("blocked")
    kept = tmp_path / "state" / "directory.json"
    assert decoded(kept.read_bytes()) == said
    assert kept.stat().st_mode & 0o077 == 0
    assert [each.name for each in kept.parent.iterdir()] == ["directory.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"revision": 1}', b"\xff\xfe"])
def test_a_spoilt_file_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    kept = tmp_path / "state" / "directory.json"
    kept.parent.mkdir()
    kept.write_bytes(content)
    with pytest.raises(SnapshotUnreadable):
        decoded(content)
    made = asyncio.run(started(Store(None), tmp_path))
    assert answered(made) == ("Plain", 0, "Be brief.")
    assert "not used" in caplog.text


def test_a_disk_that_takes_nothing_disturbs_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    made = asyncio.run(started(Store(snapshot(1, 1)), tmp_path))
    assert answered(made) == ("shop", 1, "Version 1.")
    assert "cannot be kept on disk" in caplog.text


def test_a_snapshot_comes_back_as_it_was() -> None:
    said = Snapshot(9, {"a": 1}, (Text("a", 1, "x: 'é\n'"),), (Route("*", "a"),), ("+1*",))
    assert decoded(encoded(said)) == said

"""Calls over the API: the list, one of them, its recording."""

from pathlib import Path

import pytest

from bridge.web.api.ranges import satisfiable
from tests.support.records import Putter, begun, call_sid, ended
from tests.web.api.desk import Desk, check

WAV = bytes(range(256)) * 4


async def kept(made: Desk) -> None:
    """Six calls; the first has a recording, the last runs in another process."""
    put = Putter(made.services.database, "p1")
    recording = f"{call_sid(0)}.wav"
    await put(ended(0, recording=recording), *(ended(number) for number in range(1, 5)))
    await put(begun(5), kind="call.started")
    folder = made.services.recordings
    folder.mkdir()
    (folder / recording).write_bytes(WAV)


def test_the_list_is_leafed_through_newest_first(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await kept(made)
        found, cursor = [], ""
        for size in (2, 2, 2):
            page = (await made.ask("GET", f"/calls?limit=2{cursor}", "viewer")).json()
            assert len(page["calls"]) == size
            found += [each["call_sid"] for each in page["calls"]]
            cursor = f"&cursor={page['next']}"
        assert found == [call_sid(number) for number in (5, 4, 3, 2, 1, 0)]
        assert page["next"] is None

    check(tmp_path, test)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("caller=%2B492", [2]),
        ("agent=other", []),
        ("since=2026-01-02T12:04:00Z", [5, 4]),
        ("until=2026-01-02T13:01:00%2B01:00", [0]),
        ("outcome=", [5]),
        ("min_seconds=1&outcome=completed&version=1&route=%2B1&variant=published&until="
         "2026-01-02T12:02:00Z", [1, 0]),
    ],
)  # fmt: skip
def test_filters(tmp_path: Path, query: str, numbers: list[int]) -> None:
    async def test(made: Desk) -> None:
        await kept(made)
        page = (await made.ask("GET", f"/calls?{query}")).json()
        assert [each["call_sid"] for each in page["calls"]] == [call_sid(n) for n in numbers]

    check(tmp_path, test)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("since=2026-01-02T12:00:00", "since"),  # whose clock?
        ("until=0001-01-01T00:00:00Z", "until"),
        ("min_seconds=nan", "min_seconds"),
        ("cursor=none", "cursor"),
        ("limit=201", "limit"),
        ("version=99999999999", "version"),
        ("outcome=typo", "outcome"),
        ("caller=+4989111", "caller"),  # a + there is a space
        ("called=+4989111", "called"),
        ("route=+4989111", "route"),
    ],
)
def test_filters_that_cannot_be_are_named(tmp_path: Path, query: str, field: str) -> None:
    async def test(made: Desk) -> None:
        answer = await made.ask("GET", f"/calls?{query}")
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert "=+" not in query or "write %2B for +" in error["message"]

    check(tmp_path, test)


def test_one_call_in_full_and_gone_when_it_is_deleted(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await kept(made)
        path = f"/calls/{call_sid(0)}"
        told = (await made.ask("GET", path, "viewer")).json()
        assert told["lines"][0]["heard"] == "words of 0"
        assert told["caller"] == "+490"
        assert (await made.ask("DELETE", path, "editor")).status_code == 403
        assert (await made.ask("DELETE", path)).status_code == 204
        assert (await made.ask("GET", path)).status_code == 404
        assert (await made.ask("GET", path + "/recording")).status_code == 404
        assert [*made.services.recordings.iterdir()] == []
        (entry,) = (await made.ask("GET", f"/audit?subject=call/{call_sid(0)}")).json()["entries"]
        assert (entry["action"], entry["who"]) == ("call.deleted", "token:a admin")
        assert "words" not in str(entry)

    check(tmp_path, test)


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        (None, 200, WAV),
        ("bytes=0-3", 206, WAV[:4]),
        ("bytes=1000-", 206, WAV[1000:]),
        ("bytes=-8", 206, WAV[-8:]),
        ("bytes=1020-9999", 206, WAV[1020:]),
        ("bytes=1024-", 416, None),
        ("bytes=9-3", 416, None),
        ("lines=1-2", 416, None),
        ("bytes=x", 416, None),
    ],
)
def test_a_recording_is_had_whole_or_in_parts(
    tmp_path: Path, wanted: str | None, status: int, part: bytes | None
) -> None:
    async def test(made: Desk) -> None:
        await kept(made)
        headers = {"range": wanted} if wanted else {}
        path = f"/calls/{call_sid(0)}/recording"
        answer = await made.ask("GET", path, "viewer", headers=headers)
        assert answer.status_code == status
        if part is None:
            assert answer.headers["content-range"] == "bytes */1024"
            assert answer.json()["type"] == "urn:offhook:problem:range"
        else:
            assert answer.content == part
            assert answer.headers["content-type"] == "audio/wav"

    check(tmp_path, test)


def test_of_a_call_that_runs_it_is_told_that_it_is_being_recorded(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        put = Putter(made.services.database)
        await put(begun(1, recording="CA1.wav"), begun(2), kind="call.started")
        told = [await made.ask("GET", f"/calls/{call_sid(n)}/recording") for n in (1, 2)]
        assert [each.status_code for each in told] == [404, 404]
        assert "being recorded" in told[0].json()["detail"]
        assert "it was off" in told[1].json()["detail"]

    check(tmp_path, test)


def test_a_recording_lies_in_its_folder_whatever_its_name_says(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        (tmp_path / "secret.wav").write_bytes(b"secret")
        put = Putter(made.services.database)
        await put(ended(1, recording="../secret.wav"))
        made.services.recordings.mkdir()
        answer = await made.ask("GET", f"/calls/{call_sid(1)}/recording")
        assert answer.status_code == 404

    check(tmp_path, test)


def test_many_parts_of_a_range_are_not_asked_for() -> None:
    assert satisfiable("bytes=0-1,2-3", 10)
    assert not satisfiable("bytes=" + ",".join(["0-1"] * 50), 10)


def test_figures_are_by_version(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await kept(made)
        await made.ask("POST", "/agents", json={"name": "shop", "text": "name: Shop\n"})
        (row,) = (await made.ask("GET", "/agents/shop/figures", "viewer")).json()["versions"]
        assert (row["version"], row["calls"], row["outcomes"]) == (1, 5, {"completed": 5})
        assert (await made.ask("GET", "/agents/other/figures")).status_code == 404

    check(tmp_path, test)


def test_a_call_of_another_process_can_be_seen_but_not_controlled(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await kept(made)
        (row,) = (await made.ask("GET", "/calls/live", "viewer")).json()["calls"]
        assert (row["call_sid"], row["here"], row["state"]) == (call_sid(5), False, None)
        answers = [
            await made.ask("POST", f"/calls/{call_sid(number)}/say", json={"text": "Hello."})
            for number in (5, 0, 9)
        ]
        assert [each.status_code for each in answers] == [409, 409, 404]
        assert answers[0].json()["process"] == "p1"
        assert "is over" in answers[1].json()["detail"]

    check(tmp_path, test)

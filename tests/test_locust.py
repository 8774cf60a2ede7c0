"""Locust telephones: alone and with workers, with the same figures."""

import asyncio
import csv
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.sim.load.plan import PlanError, scenarios_of
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import Reply, Spoken
from bridge.sim.model.scripted import ScriptedMind
from bridge.sim.model.server import serve
from bridge.sim.voice.scripted import ScriptedVoice
from tests.support.ends import ACCOUNT_SID
from tests.support.house import AUTH_TOKEN, environ
from tests.support.program import serving

LOCUSTFILE = Path(__file__).parents[1] / "deploy" / "locustfile.py"
USERS, SECONDS = 4, 10
ANSWER = "end of speech to first audio"
START = "stream start to first audio"
NOISE_MS = 60  # three frames, on a machine that is busy with all of this
Row = dict[str, str]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def rows(prefix: Path) -> dict[str, Row]:
    """Locust's table at the end of a run, by name."""
    with Path(f"{prefix}_stats.csv").open() as table:
        return {row["Name"]: row for row in csv.DictReader(table)}


class Locust:
    """Processes of Locust against one webhook; those that still run at the end are killed."""

    def __init__(self, voice_url: str, folder: Path) -> None:
        self.folder = folder
        self._voice_url = voice_url
        self._processes: list[asyncio.subprocess.Process] = []

    async def start(self, *options: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *options),
            cwd=self.folder,
            env={
                **os.environ,
                "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
                "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            },
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process

    async def run(self, name: str, *options: str, users: int = USERS) -> asyncio.subprocess.Process:
        """A process that says what is to be done, and writes the table."""
        return await self.start(
            *("--host", self._voice_url, "--users", str(users), "--spawn-rate", str(users)),
            *("--run-time", f"{SECONDS}s", "--stop-timeout", "12", "--csv", name),
            *("--phone-scenarios", "hang_up_mid_word", *options),
        )

    async def close(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


@asynccontextmanager
async def locust_against_a_bridge(folder: Path) -> AsyncIterator[Locust]:
    answer = ScriptedMind((Reply((Spoken("an answer", duration_ms=1000),)),))
    profile = ModelProfile(first_delta_ms=200)
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(
            serve(
                *("127.0.0.1", 0),
                voice=ScriptedVoice(),
                mind_factory=lambda: answer,
                profile=profile,
            )
        )
        program = await stack.enter_async_context(serving(environ(model.http_url, folder)))
        locust = Locust(program.voice_url, folder)
        stack.push_async_callback(locust.close)
        yield locust


async def web_page(port: int) -> tuple[str, dict[str, Any]]:
    """The page, and its figures once both workers have told of answers."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        while True:
            try:
                told = (await http.get("/stats/requests")).json()
            except httpx.TransportError:
                told = {}
            if ANSWER in {each["name"] for each in told.get("stats", ())}:
                return (await http.get("/")).text, told
            await asyncio.sleep(0.1)


async def alone_and_together(folder: Path) -> tuple[str, dict[str, Any]]:
    """At the same time, so that both meet the same bridge and the same machine."""
    web, bus = free_port(), free_port()
    async with asyncio.timeout(60), locust_against_a_bridge(folder) as locust:
        alone = await locust.run("alone", "--headless")
        master = await locust.run(
            *("together", "--master", "--expect-workers", "2", "--autostart", "--autoquit", "1"),
            *("--master-bind-port", str(bus), "--web-host", "127.0.0.1", "--web-port", str(web)),
        )
        worker = ("--worker", "--master-host", "127.0.0.1", "--master-port", str(bus))
        for _ in range(2):  # they go on waiting for the next test, until they are killed
            await locust.start(*worker)
        page = await web_page(web)
        assert [await each.wait() for each in (alone, master)] == [0, 0]
        return page


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("locust")
    return folder, *asyncio.run(alone_and_together(folder))


Ran = tuple[Path, str, dict[str, Any]]


def test_a_master_with_two_workers_tells_the_percentiles_of_a_single_process(ran: Ran) -> None:
    folder, *_ = ran
    alone, together = rows(folder / "alone"), rows(folder / "together")
    for name in (START, ANSWER):
        assert int(alone[name]["Request Count"]) >= USERS
        assert int(together[name]["Request Count"]) >= USERS
        for share in ("50%", "90%"):
            difference = float(alone[name][share]) - float(together[name][share])
            assert abs(difference) <= NOISE_MS, (name, share, alone[name], together[name])


def test_every_call_is_in_the_table_and_none_has_failed(ran: Ran) -> None:
    folder, *_ = ran
    for run in ("alone", "together"):
        table = rows(folder / run)
        assert {"call", "webhook", START, ANSWER} <= set(table)
        assert {row["Failure Count"] for row in table.values()} == {"0"}
        assert int(table["call"]["Request Count"]) == int(table[ANSWER]["Request Count"])


def test_the_web_page_shows_both_workers_and_their_calls(ran: Ran) -> None:
    _, page, told = ran
    assert "<html" in page
    assert told["worker_count"] == 2
    assert told["user_count"] == USERS


def test_calls_that_nobody_answers_are_failures_with_their_reason(tmp_path: Path) -> None:
    async def run() -> int:
        locust = Locust(f"http://127.0.0.1:{free_port()}/twilio/voice", tmp_path)
        try:
            process = await locust.run("lost", "--headless", "--run-time", "3s", users=1)
            return await process.wait()
        finally:
            await locust.close()

    assert asyncio.run(run()) == 1
    call = rows(tmp_path / "lost")["call"]
    assert 0 < int(call["Failure Count"]) == int(call["Request Count"])
    assert "the call ended as failed" in (tmp_path / "lost_failures.csv").read_text()


def test_calls_that_the_end_cuts_off_are_told_and_a_test_without_an_ended_call_fails(
    tmp_path: Path,
) -> None:
    async def run() -> int:
        listening = await asyncio.start_server(_never_answer, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        locust = Locust(f"http://127.0.0.1:{port}/twilio/voice", tmp_path)
        try:
            options = (
                "--headless",
                "--run-time",
                "4s",
                "--stop-timeout",
                "0",
                "--json-file",
                "cut",
            )
            process = await locust.run("cut", *options, users=2)
            return await process.wait()
        finally:
            await locust.close()
            listening.close()

    assert asyncio.run(run()) == 1
    (told,) = json.loads((tmp_path / "cut.json").read_text())
    assert told["name"] == "call cut off by the end of the test"
    assert (told["num_requests"], told["num_failures"]) == (2, 0)


async def _never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def test_scenarios_are_behaviours_with_weights() -> None:
    named = [(each.behaviour, each.weight) for each in scenarios_of("talk=3, barge_in")]
    assert named == [("talk", 3.0), ("barge_in", 1.0)]


@pytest.mark.parametrize(("text", "wrong"), [("shout", "'shout'"), ("talk=often", "'often'")])
def test_a_wrong_scenario_is_told_by_its_name(text: str, wrong: str) -> None:
    with pytest.raises(PlanError, match=wrong):
        scenarios_of(text)

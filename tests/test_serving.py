"""The whole server: calls over real sockets, and its end as a process."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bridge.cli.loop import run
from bridge.sim.carrier.caller import AfterAgent, At, Caller, HangUp, Say, ScriptedCaller
from bridge.sim.carrier.profile import INSTANT, PhoneProfile, StreamProfile
from bridge.sim.carrier.rest import RestFacade
from bridge.sim.carrier.result import CallResult
from bridge.sim.carrier.shell import place_call
from bridge.sim.carrier.webhook import Response as CarrierResponse
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import FunctionCall, Reply, Spoken
from bridge.sim.model.scripted import ScriptedMind
from bridge.sim.model.server import serve
from bridge.sim.voice import timecode
from bridge.sim.voice.scripted import ScriptedVoice
from telcodecs.g711 import ulaw_encode
from tests.support.ends import ACCOUNT_SID
from tests.support.house import AUTH_TOKEN, FROM, HELLO, QUICK, TO, environ, standing
from tests.support.program import Program, serving
from tests.support.stores import kept

WORDS = ulaw_encode(timecode.encode(15, 400, 8000))
STREAM = StreamProfile(start_delay_ms=20)
GOODBYE = Reply((Spoken("goodbye", 600), FunctionCall("end_call", "{}")))


async def dial(voice_url: str, caller: Caller, phone: PhoneProfile = INSTANT) -> CallResult:
    return await place_call(
        voice_url,
        caller=caller,
        account_sid=ACCOUNT_SID,
        auth_token=AUTH_TOKEN,
        from_number=FROM,
        to_number=TO,
        profile=phone,
        stream_profile=STREAM,
        time_limit_s=20.0,
    )


# --- in one process -------------------------------------------------------------------------


@pytest.mark.parametrize("failures", [(), (20500,), (21220,), (20404,)])
def test_after_the_goodbye_the_call_is_hung_up_over_rest_once(
    tmp_path: Path, failures: tuple[int, ...]
) -> None:
    async def main() -> tuple[CallResult, RestFacade]:
        async with RestFacade(ACCOUNT_SID, AUTH_TOKEN) as rest:
            rest.calls.fail_next.extend(failures)
            more = {"OFFHOOK_TWILIO_API_URL": rest.url}
            async with (
                asyncio.timeout(20),
                standing(tmp_path, more, script=(*HELLO, GOODBYE)) as house,
            ):
                caller = ScriptedCaller([Say(WORDS, AfterAgent(quiet_ms=200))])
                result = await house.call(caller, stream_profile=STREAM, rest=rest)
        return result, rest

    result, rest = run(main())
    assert len(rest.calls.requests) == (2 if failures == (20500,) else 1)
    assert result.outcome == "completed"
    # Where REST says the call is over though it is not, the closed stream ends it.
    assert result.ended_by == ("document" if failures in ((21220,), (20404,)) else "rest")
    assert not result.warnings
    heard = [slot.slot for slot in timecode.decode_all(result.heard) if slot]
    assert heard == [*range(20), *range(30)]  # greeting and goodbye, to the end
    assert not any(mark.flushed for mark in result.marks)


def test_without_rest_credentials_the_action_hangs_up(tmp_path: Path) -> None:
    async def main() -> CallResult:
        more = {"TWILIO_ACCOUNT_SID": ""}
        async with (
            asyncio.timeout(20),
            standing(tmp_path, more, script=(*HELLO, GOODBYE)) as house,
        ):
            caller = ScriptedCaller([Say(WORDS, AfterAgent(quiet_ms=200))])
            return await house.call(caller, stream_profile=STREAM)

    result = run(main())
    assert (result.outcome, result.ended_by) == ("completed", "document")
    assert len([each for each in result.exchanges if each.request.purpose == "action"]) == 1
    assert [slot.slot for slot in timecode.decode_all(result.heard) if slot] == [
        *range(20),
        *range(30),
    ]  # no apology in between


# --- as a process ---------------------------------------------------------------------------


@asynccontextmanager
async def program(
    state_dir: Path, profile: ModelProfile = QUICK, **more: str
) -> AsyncIterator[Program]:
    """``offhook serve`` with a model in the test's own process."""
    async with (
        asyncio.timeout(40),
        serve(
            "127.0.0.1",
            0,
            voice=ScriptedVoice(),
            mind_factory=lambda: ScriptedMind(HELLO),
            profile=profile,
        ) as model,
    ):
        settings = environ(model.http_url, state_dir) | {"OFFHOOK_DRAIN_TIMEOUT_S": "600"} | more
        async with serving(settings) as running:
            yield running


def test_a_process_answers_a_call_and_ends_when_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with program(tmp_path) as running:
            assert running.ready["ready"] is True
            caller = ScriptedCaller([HangUp(AfterAgent(quiet_ms=200))])
            result = await dial(running.voice_url, caller)
            assert result.ended_by == "caller"
            assert not result.warnings and not result.errors
            assert len([slot for slot in timecode.decode_all(result.heard) if slot]) == 20
            running.signal(signal.SIGINT)
            assert await running.ended(5) == 0
        assert [call.outcome for call in await kept(tmp_path)] == ["caller hung up"]

    run(main())


def test_a_call_goes_on_when_the_process_is_told_to_end(tmp_path: Path) -> None:
    async def main() -> None:
        async with program(tmp_path) as running:
            caller = ScriptedCaller([Say(WORDS, At(2.0)), HangUp(AfterAgent(quiet_ms=200))])
            call = asyncio.create_task(dial(running.voice_url, caller))
            await asyncio.sleep(1.5)
            running.signal(signal.SIGTERM)
            await asyncio.sleep(0.2)
            assert running.process.returncode is None
            busy = await dial(running.voice_url, ScriptedCaller([]))
            assert busy.streams == ()
            result = await call
            assert result.ended_by == "caller"
            assert not result.warnings and not result.errors
            heard = [slot.slot for slot in timecode.decode_all(result.heard) if slot]
            assert heard == [*range(20), *range(20)]  # the answer came during the drain
            assert await running.ended(5) == 0

    run(main())


def test_the_apology_of_the_last_call_is_given_before_the_process_ends(tmp_path: Path) -> None:
    async def main() -> CallResult:
        profile = replace(QUICK, session_expires_after_s=2.0)
        async with program(tmp_path, profile) as running:
            slow = replace(INSTANT, seam_after_s=0.7)  # as the carrier asks on a live call
            call = asyncio.create_task(dial(running.voice_url, ScriptedCaller([]), phone=slow))
            await asyncio.sleep(1.0)
            running.signal(signal.SIGTERM)
            result = await call
            assert await running.ended(5) == 0
            return result

    (asked,) = [each for each in run(main()).exchanges if each.request.purpose == "action"]
    assert isinstance(asked.answer, CarrierResponse)
    assert b"went wrong" in asked.answer.body


def test_told_twice_the_process_ends_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with program(tmp_path) as running:
            call = asyncio.create_task(dial(running.voice_url, ScriptedCaller([HangUp(At(15.0))])))
            await asyncio.sleep(1.5)
            running.signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            assert running.process.returncode is None
            running.signal(signal.SIGTERM)
            assert await running.ended(3) == 0
            assert (await call).streams[0].played

    run(main())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_server(tmp_path: Path, number: signal.Signals) -> None:
    async def main() -> None:
        settings = {
            "OFFHOOK_PORT": "0",
            "OFFHOOK_STATE_DIR": str(tmp_path),
            "OFFHOOK_MODEL_PROVIDER": "local",
        }
        async with serving(settings) as running:
            children = psutil.Process(running.process.pid).children(recursive=True)
            assert children
            running.signal(number)
            code = await running.ended(20)
            assert code == (0 if number is signal.SIGTERM else -signal.SIGKILL)
            _, alive = await asyncio.to_thread(psutil.wait_procs, children, 10)
            assert not alive

    run(main())

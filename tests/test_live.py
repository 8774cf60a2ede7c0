"""Live calls in virtual time, between simulated peers over sockets in memory."""

import asyncio
import json
import threading
from dataclasses import replace
from functools import partial

import pytest

from bridge.call.actions import Outcome
from bridge.call.playback import LATE_MARK_GRACE_S
from bridge.functions import Function, from_python
from bridge.rehearsal.scenario import caller_says
from bridge.sim.carrier.caller import AfterAgent, HangUp, OverAgent, Say
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import Context, FunctionCall, Reply, Spoken
from bridge.transport.model import ModelPeer, ModelUnavailable
from tests.support.ends import sid
from tests.support.stage import ASKS, GREETED, HELLO, Stage, spoken
from tests.support.virtual_time import run

GOODBYE = Reply((Spoken("goodbye", duration_ms=1500), FunctionCall("end_call", "{}")))
SLOTS = 50  # of a second


def test_a_call_from_greeting_to_hang_up() -> None:
    async def main() -> Stage:
        stage = Stage(ASKS, (HELLO, spoken(2000)))
        assert await stage.run() is Outcome.CALLER_HUNG_UP
        return stage

    stage = run(main())
    assert not stage.carrier.stream.warnings
    assert not stage.model.session.errors
    assert [slot.slot for slot in stage.heard] == [*range(50), *range(100)]
    said = [line.heard for line in stage.live.call.transcript.lines() if line.role == "assistant"]
    assert said == ["hello", "words"]
    assert all(socket.closed for socket in stage.sockets)
    assert stage.hung_up == []  # the caller did


@pytest.mark.parametrize(
    ("sends_stop", "closes", "outcome", "silent_s"),
    [
        (True, True, Outcome.CALLER_HUNG_UP, 0),
        (True, False, Outcome.CALLER_HUNG_UP, 0),
        (False, True, Outcome.CARRIER_LOST, 0),
        (False, False, Outcome.CARRIER_LOST, 30),
    ],
)
def test_the_call_ends_however_the_caller_hangs_up(
    sends_stop: bool, closes: bool, outcome: Outcome, silent_s: float
) -> None:
    async def main() -> Stage:
        stage = Stage(stream=StreamProfile(sends_stop=sends_stop))
        stage.carrier.closes = closes
        assert await stage.run() is outcome
        return stage

    stage = run(main())
    assert all(socket.closed for socket in stage.sockets)
    assert stage.live.ended_at is not None
    last_frame_at = 0.02 * len(stage.carrier.stream.sent_ulaw) / 160
    assert stage.live.ended_at - last_frame_at == pytest.approx(silent_s, abs=0.1)


# --- the model ------------------------------------------------------------------------------


def test_without_a_model_the_outcome_says_so_while_the_stream_is_still_open() -> None:
    async def refused() -> ModelPeer:
        raise ModelUnavailable("refused: 401")

    async def main() -> Stage:
        stage = Stage(open_model=refused)
        assert await stage.run() is Outcome.MODEL_LOST
        return stage

    stage = run(main())
    assert stage.concluded == [(Outcome.MODEL_LOST, True)]
    assert stage.hung_up == []  # the carrier asks what comes next, and says sorry
    assert stage.near.closed


def test_a_model_that_never_answers_is_given_up() -> None:
    async def silence() -> ModelPeer:
        await asyncio.Event().wait()
        raise AssertionError

    async def main() -> Stage:
        stage = Stage(open_model=silence)
        assert await stage.run() is Outcome.MODEL_LOST
        return stage

    assert run(main()).live.ended_at == pytest.approx(GREETED.ready_timeout_s, abs=0.01)


def test_a_model_that_refuses_the_session_ends_the_call_as_failed() -> None:
    async def main() -> Stage:
        stage = Stage(model=ModelProfile(server_errors=frozenset({1, 2})))
        assert await stage.run() is Outcome.MODEL_FAILED
        return stage

    assert run(main()).concluded == [(Outcome.MODEL_FAILED, True)]


def test_a_model_that_is_lost_is_heard_out() -> None:
    async def main() -> Stage:
        stage = Stage(script=(spoken(10_000),))

        async def cut() -> None:
            await asyncio.sleep(1.0)
            stage.model.socket.break_off("closed with 1011: internal error")

        cutting = asyncio.create_task(cut())
        assert await stage.run() is Outcome.MODEL_LOST
        await cutting
        return stage

    stage = run(main())
    # Delivered four times as fast as it is played: about four seconds were there.
    assert [slot.slot for slot in stage.heard] == [*range(len(stage.heard))]
    assert 3.5 * SLOTS < len(stage.heard) < 4.5 * SLOTS
    notes = {note.kind: note.detail for _, note in stage.live.notes}
    assert notes["model_lost"] == "closed with 1011: internal error"
    assert stage.concluded == [(Outcome.MODEL_LOST, True)]


# --- functions ------------------------------------------------------------------------------


def asks_look_up(context: Context, name: str = "look_up") -> Reply:
    """Greets; then says something long and asks the function; then tells its result."""
    last = context.turns[-1] if context.turns else None
    if last is None:
        return HELLO
    if last.role == "function_output":
        return spoken(1000, "found")
    if any(turn.role == "function_call" for turn in context.turns):
        return spoken(1000, "again")
    return Reply((Spoken("wait", duration_ms=4000), FunctionCall(name, "{}")))


async def never() -> str:
    """Looks something up."""
    await asyncio.Event().wait()
    return ""


def stuck_function(release: threading.Event) -> Function:
    def look_up() -> str:
        """Looks something up."""
        release.wait(20)
        return ""

    return from_python(look_up, name="look_up", timeout_s=5.0)


@pytest.mark.parametrize("blocking", [False, True])
def test_a_function_that_never_returns_leaves_audio_and_barge_in_untouched(blocking: bool) -> None:
    release = threading.Event()

    async def main() -> Stage:
        function = (
            stuck_function(release) if blocking else from_python(never, name="look_up", timeout_s=5)
        )
        interrupts = Say(caller_says(800), OverAgent(1000))
        stage = Stage(
            (ASKS[0], interrupts, HangUp(AfterAgent(quiet_ms=6000))),
            asks_look_up,
            offered={"look_up": function},
        )
        assert await stage.run() is Outcome.CALLER_HUNG_UP
        return stage

    try:
        stage = run(main())
    finally:
        release.set()
    call = stage.live.call
    assert len(call.barge_ins) == 1
    (ran,) = stage.live.functions
    assert "did not answer within 5 s" in json.loads(ran.output)["error"]
    outputs = [frame for frame in stage.model.received if "function_call_output" in str(frame)]
    assert len(outputs) == 1
    said = [line.heard for line in call.transcript.lines() if line.role == "assistant"]
    assert said[-1] == "found"  # the model was asked to tell the result
    sent = len(stage.carrier.stream.sent_ulaw) // 160
    # All but the six ticks before the first media message, and the one of the hang-up.
    assert call.hearing.frames == sent - 7
    assert not stage.model.session.errors


@pytest.mark.parametrize("name", ["look_up", 'look "up'])
def test_a_function_nobody_offers_is_answered_at_once(name: str) -> None:
    async def main() -> Stage:
        asks = partial(asks_look_up, name=name)
        stage = Stage((ASKS[0], HangUp(AfterAgent(quiet_ms=2000))), asks)
        await stage.run()
        return stage

    (ran,) = run(main()).live.functions
    assert json.loads(ran.output) == {"error": f"there is no function {name}"}


# --- the carrier ----------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["call", "account"])
def test_a_stream_of_somebody_else_is_refused(wrong: str) -> None:
    async def main() -> Stage:
        stage = Stage()
        if wrong == "call":
            stage.carrier.stream.call_sid = sid(77)
        else:
            stage.carrier.stream.account_sid = "AC" + "b" * 32
        assert await stage.run() is Outcome.CARRIER_LOST
        return stage

    stage = run(main())
    assert stage.near.closed
    assert stage.live.call.start is None
    assert stage.heard == []
    assert stage.hung_up == []  # it is not ours to hang up


def test_malformed_messages_of_either_side_are_passed_over() -> None:
    async def main() -> Stage:
        stage = Stage(ASKS, (HELLO, spoken(1000)))

        async def disturb() -> None:
            await asyncio.sleep(0.5)
            stage.carrier.socket.put(["{", b"\xff\xfe", '{"event":"media"}', '{"event":"new"}'])
            stage.model.socket.put(["[]", '{"type":"response.output_audio.delta"}'])

        disturbing = asyncio.create_task(disturb())
        assert await stage.run() is Outcome.CALLER_HUNG_UP
        await disturbing
        return stage

    stage = run(main())
    assert [slot.slot for slot in stage.heard] == [*range(50), *range(50)]
    assert dict(stage.live.call.counts.malformed) == {"carrier": 3, "model": 2}
    assert dict(stage.live.call.counts.unknown) == {"carrier new": 1}


def test_a_carrier_that_is_given_up_ends_the_call() -> None:
    async def main() -> Stage:
        stage = Stage(script=(spoken(60_000),))

        async def stick() -> None:
            await asyncio.sleep(1.0)
            stage.near.stuck = True

        sticking = asyncio.create_task(stick())
        assert await stage.run() is Outcome.CARRIER_LOST
        await sticking
        return stage

    stage = run(main())
    assert stage.live.ended_at == pytest.approx(1.0, abs=0.1)
    assert stage.hung_up == [sid(0)]


def test_a_model_that_is_given_up_ends_the_call() -> None:
    async def main() -> Stage:
        stage = Stage(script=(spoken(60_000),))

        async def stick() -> None:
            await asyncio.sleep(1.0)
            stage.sockets[1].stuck = True

        sticking = asyncio.create_task(stick())
        assert await stage.run() is Outcome.MODEL_LOST
        await sticking
        return stage

    assert run(main()).notes.count("model_lost") == 1


# --- ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rest", [True, False])
def test_the_goodbye_is_heard_to_its_end_and_then_the_call_is_hung_up_once(rest: bool) -> None:
    async def main() -> Stage:
        stage = Stage((ASKS[0], HangUp(AfterAgent(quiet_ms=20_000))), (HELLO, GOODBYE))
        stage.hang_up_works = rest
        assert await stage.run() is Outcome.COMPLETED
        return stage

    stage = run(main())
    assert [slot.slot for slot in stage.heard] == [*range(50), *range(75)]
    assert stage.hung_up == [sid(0)]
    assert stage.concluded == [(Outcome.COMPLETED, True)]
    assert stage.near.closed  # without REST that alone makes the carrier go on
    last = stage.carrier.stream.marks[-1]
    assert stage.live.ended_at == pytest.approx(last.at, abs=0.001)


def test_a_lost_last_mark_does_not_keep_the_caller() -> None:
    async def main() -> Stage:
        stage = Stage(
            (ASKS[0], HangUp(AfterAgent(quiet_ms=20_000))),
            (HELLO, GOODBYE),
            stream=StreamProfile(lost_marks=frozenset(range(10, 60))),
        )
        assert await stage.run() is Outcome.COMPLETED
        return stage

    stage = run(main())
    assert len(stage.heard) == 50 + 75
    quiet = stage.carrier.stream.heard.rstrip(b"\xff")
    assert stage.live.ended_at is not None
    assert 0 < stage.live.ended_at - len(quiet) / 8000 < LATE_MARK_GRACE_S + 0.1


def test_what_the_carrier_says_elsewhere_ends_the_call() -> None:
    async def main() -> Stage:
        stage = Stage(script=(spoken(60_000),))

        async def over() -> None:
            await asyncio.sleep(2.0)
            stage.live.carrier_over()

        ending = asyncio.create_task(over())
        assert await stage.run() is Outcome.CALLER_HUNG_UP
        await ending
        return stage

    assert run(main()).live.ended_at == pytest.approx(2.0, abs=0.01)


def test_a_call_is_ended_at_the_time_limit() -> None:
    async def main() -> Stage:
        stage = Stage(
            (HangUp(AfterAgent(quiet_ms=90_000), no_later_than_s=120),),
            config=replace(GREETED, max_call_s=60.0),
        )
        assert await stage.run() is Outcome.TIME_LIMIT
        return stage

    stage = run(main())
    assert stage.live.ended_at == pytest.approx(60.0, abs=0.01)
    assert stage.hung_up == [sid(0)]


def test_two_calls_at_once_keep_apart() -> None:
    async def main() -> list[Stage]:
        one = Stage(ASKS, (HELLO, spoken(1000, "one")), number=1)
        other = Stage(ASKS, (spoken(1500, "moin"), spoken(500, "other")), number=2)
        await asyncio.gather(one.run(), other.run())
        return [one, other]

    one, other = run(main())
    assert [slot.slot for slot in one.heard] == [*range(50), *range(50)]
    assert [slot.slot for slot in other.heard] == [*range(75), *range(25)]
    assert {slot.stream for slot in one.heard} == {0, 1}
    assert [line.heard for line in one.live.call.transcript.lines()][-1] == "one"


def test_a_bug_in_one_call_spares_the_others() -> None:
    async def broken() -> ModelPeer:
        raise RuntimeError("a bug")

    async def main() -> tuple[Stage, Stage, object, object]:
        bad, good = Stage(open_model=broken, number=1), Stage(ASKS, (HELLO, HELLO), number=2)
        results = await asyncio.gather(bad.run(), good.run(), return_exceptions=True)
        return bad, good, *results

    bad, good, failure, outcome = run(main())
    assert isinstance(failure, ExceptionGroup)
    assert bad.concluded == [(Outcome.MODEL_FAILED, True)]
    assert bad.near.closed
    assert outcome is Outcome.CALLER_HUNG_UP
    assert len(good.heard) == 100


def test_a_call_that_is_cancelled_closes_both_sockets() -> None:
    async def main() -> Stage:
        stage = Stage(script=(spoken(60_000),))
        running = asyncio.create_task(stage.run())
        await asyncio.sleep(2.0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return stage

    stage = run(main())
    assert all(socket.closed for socket in stage.sockets)
    assert stage.concluded == [(Outcome.MODEL_FAILED, True)]

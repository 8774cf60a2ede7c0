"""What is kept of a call, however it ended; in virtual time."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from bridge.call.latency import TurnTimes
from bridge.functions import from_python
from bridge.records.context import CallContext
from bridge.records.record import (
    FAILED,
    PROCESS_DIED,
    CallRecord,
    Cost,
    from_builtins,
    record,
    started,
)
from bridge.rehearsal.scenario import caller_says
from bridge.sim.carrier.caller import AfterAgent, HangUp, OverAgent, Say
from bridge.sim.model.reply import Context, FunctionCall, Reply, Spoken
from bridge.transport.model import ModelPeer, ModelUnavailable
from tests.support.ends import sid
from tests.support.stage import ASKS, HELLO, Stage, spoken
from tests.support.virtual_time import run

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
CONTEXT = CallContext(sid(0), "shop", 3, "+1", "trial", "+2", "+1", "voice-1", NOON)


def kept(make: Callable[[], Stage]) -> CallRecord:
    """The record of a call, as it comes out of a store; a call that fails has one too."""

    async def main() -> CallRecord:
        stage = make()
        failed = False
        try:
            await stage.run()
        except* RuntimeError:
            failed = True
        return record(stage.live, CONTEXT, process="p1", dialect="GA", failed=failed)

    made = run(main())
    assert from_builtins(json.loads(json.dumps(made.builtins()))) == made
    return made


def asks_look_up(context: Context) -> Reply:
    last = context.turns[-1] if context.turns else None
    if last is None:
        return HELLO
    if last.role == "function_output":
        return spoken(4000, "one two three four five six seven eight")
    return Reply((FunctionCall("look_up", '{"number":"4711"}'),))


async def look_up(number: str) -> str:
    """Looks something up."""
    return f"{number} is sent"


def test_a_call_is_kept_with_its_words_turns_cuts_and_functions() -> None:
    def make() -> Stage:
        return Stage(
            (ASKS[0], Say(caller_says(800), OverAgent(1000)), HangUp(AfterAgent(quiet_ms=500))),
            asks_look_up,
            offered={"look_up": from_python(look_up, name="look_up", timeout_s=5)},
        )

    made = kept(make)
    assert (made.call_sid, made.outcome, made.outcome_detail) == (sid(0), "caller hung up", "")
    assert (made.agent, made.version, made.route, made.variant) == ("shop", 3, "+1", "trial")
    assert (made.caller, made.called, made.model) == ("+2", "+1", "voice-1")
    assert (made.process, made.dialect, made.model_format) == ("p1", "GA", "pcm16")
    assert made.carrier_format == "audio/x-mulaw 8000"
    assert made.started_at == NOON
    assert made.ended_at == NOON + timedelta(seconds=made.seconds)
    cut = [line for line in made.lines if line.unheard]
    assert [f"{line.heard} {line.unheard}" for line in cut][:1] == [
        "one two three four five six seven eight"
    ]
    (barge_in,) = made.barge_ins
    (told,) = made.told
    assert barge_in.items[0].item_id == told.item_id == cut[0].item_id
    assert told.told_ms == pytest.approx(told.heard_ms, abs=1)
    first = made.functions[0]
    assert (first.name, json.loads(first.arguments)) == ("look_up", {"number": "4711"})
    assert "4711 is sent" in first.output
    assert 0 < first.began_at <= first.ended_at < made.seconds
    assert made.frames_in > 100
    assert made.errors == {}


def test_each_turn_tells_where_its_time_went() -> None:
    made = kept(lambda: Stage(ASKS, (HELLO, spoken(2000))))
    greeting, answer = made.turns
    assert greeting.first_sound_ms is greeting.first_answer_ms is None  # nobody spoke before
    stages = answer.stages_ms
    assert [*stages] == ["commit", "function", "response", "first_audio", "heard", "total"]
    assert stages["function"] is None
    assert (greeting.since, answer.since) == ("none", "speech")
    parts = [stages[name] or 0.0 for name in ("commit", "response", "first_audio", "heard")]
    assert sum(parts) == pytest.approx(stages["total"], abs=0.3)
    assert answer.first_byte_sent_ms == pytest.approx(sum(parts[:3]), abs=0.3)
    assert answer.first_answer_ms == stages["total"]
    assert answer.first_sound_ms == stages["total"]
    assert answer.at is not None and 0 < answer.at < made.seconds


def test_the_first_sound_and_the_answer_behind_a_function_are_apart() -> None:
    moment = Reply((Spoken("one moment", duration_ms=600), FunctionCall("look_up", "{}")))

    async def slow() -> str:
        """Takes its time."""
        await asyncio.sleep(2.0)
        return "sent"

    waits = HangUp(AfterAgent(quiet_ms=3000))
    made = kept(
        lambda: Stage(
            (ASKS[0], waits),
            (HELLO, moment, spoken(2000)),
            offered={"look_up": from_python(slow, name="look_up", timeout_s=5)},
        )
    )
    greeting, call, answer = made.turns
    assert (greeting.first_answer_ms, call.first_sound_ms, call.first_answer_ms) == (None,) * 3
    assert answer.first_sound_ms == call.stages_ms["total"]
    assert answer.first_answer_ms == answer.stages_ms["total"]
    assert (answer.first_answer_ms or 0.0) > (answer.first_sound_ms or 0.0) + 2000
    parts = [part or 0.0 for name, part in answer.stages_ms.items() if name != "total"]
    assert sum(parts) == pytest.approx(answer.stages_ms["total"], abs=0.3)


def test_a_call_that_failed_by_a_bug_of_ours_has_a_record() -> None:
    async def broken() -> ModelPeer:
        raise RuntimeError("a bug")

    made = kept(lambda: Stage(open_model=broken))
    assert made.outcome == FAILED
    assert made.agent == "shop"


def test_a_call_without_a_model_has_a_record_that_says_why() -> None:
    async def refused() -> ModelPeer:
        raise ModelUnavailable("refused: 401")

    made = kept(lambda: Stage(open_model=refused))
    assert (made.outcome, made.outcome_detail) == ("model lost", "model_lost: refused: 401")
    assert [note.kind for note in made.notes] == ["model_lost"]


def test_a_call_that_ended_well_gives_no_reason_though_there_was_an_error() -> None:
    made = kept(lambda: Stage(ASKS, (HELLO, Reply((Spoken("words", duration_ms=500),)))))
    assert made.outcome_detail == ""


def test_what_is_known_at_the_start_says_that_the_end_is_not() -> None:
    made = started(CONTEXT, "p1")
    assert (made.outcome, made.ended_at, made.process) == (PROCESS_DIED, None, "p1")
    assert from_builtins(made.builtins()) == made


def test_a_recorded_call_names_its_file_from_the_start() -> None:
    made = started(replace(CONTEXT, recorded=True, recording_days=7))
    assert (made.recording, made.recording_days) == (f"{CONTEXT.call_sid}.wav", 7)
    assert started(replace(CONTEXT, recording_days=7)).recording is None


def test_money_and_usage_survive_to_the_last_digit() -> None:
    made = msgspec.structs.replace(
        started(CONTEXT),
        usage={"input_audio": 1234, "transcription_seconds": 0.5},
        cost=Cost(Decimal("0.1234567890123456789"), {"carrier": Decimal("0.10")}),
        recording="CA1.wav",
    )
    again = from_builtins(json.loads(json.dumps(made.builtins())))
    assert again == made
    assert again.cost is not None and str(again.cost.parts["carrier"]) == "0.10"


def test_a_record_of_another_release_can_be_read() -> None:
    made = started(CONTEXT).builtins()
    del made["usage"], made["notes"]
    assert from_builtins({**made, "mood": "calm"}) == started(CONTEXT)
    old = {"at": 1.0, "stages_ms": {"commit": 0.4, "total": 300.0}, "first_sound_ms": 300.0}
    (turn,) = from_builtins({**made, "turns": [old]}).turns
    assert (turn.first_sound_ms, turn.since) == (300.0, "")


def test_a_turn_that_was_never_heard_has_no_figures() -> None:
    assert TurnTimes().stages_ms()["total"] is None
    asks = Reply((FunctionCall("nothing", "{}"),))
    made = kept(lambda: Stage(ASKS, (HELLO, asks, HELLO)))
    silent = [turn for turn in made.turns if turn.stages_ms["heard"] is None]
    assert silent and all(turn.first_answer_ms is None for turn in silent)

"""Whole calls in virtual time. Each test is a minute of call or more and takes a moment."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bridge.call.actions import Outcome
from bridge.call.config import CallConfig
from bridge.call.interruption import Interruption
from bridge.rehearsal.scenario import Network, Scenario, caller_says, session
from bridge.rehearsal.truth import Truth, truth
from bridge.rehearsal.world import World
from bridge.sim.carrier.caller import AfterAgent, At, HangUp, OverAgent, Say, Step
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import FunctionCall, Reply, Spoken

GREETED = CallConfig(session(), greeting="Greet the caller.")
HANGS_UP = HangUp(AfterAgent(quiet_ms=1500), no_later_than_s=40.0)


def spoken(name: str, ms: int, *, stall_after_ms: int | None = None, stall_ms: int = 0) -> Spoken:
    return Spoken(f"{name} and some more words", ms, stall_after_ms, stall_ms)


def scenario(steps: Sequence[Step], replies: Sequence[Reply], **changes: Any) -> Scenario:
    plain = Scenario(7, GREETED, (*steps, HANGS_UP), tuple(replies))
    return replace(plain, **changes)


def run(which: Scenario) -> tuple[World, Truth]:
    world = World(which).run()
    return world, truth(world)


def heard_names(world: World) -> list[str]:
    """First words of what the caller heard, in order, for items heard at all."""
    return [
        line.heard.split()[0]
        for line in world.call.transcript.lines()
        if line.role == "assistant" and line.heard
    ]


def test_a_call_without_faults_is_heard_to_the_end() -> None:
    world, found = run(
        scenario(
            [Say(caller_says(1000), AfterAgent())],
            [
                Reply((spoken("hello", 2000),)),
                Reply((spoken("first", 3000), spoken("second", 1500))),
            ],
        )
    )
    assert found.faults == ()
    assert heard_names(world) == ["hello", "first", "second"]
    assert world.call.outcome is Outcome.CALLER_HUNG_UP
    assert world.call.barge_ins == []


def test_a_barge_in_after_generation_ended_still_counts() -> None:
    """The usual case on the phone: the response is done, its audio plays for seconds yet."""
    world, found = run(
        scenario(
            [Say(caller_says(1000), OverAgent(heard_ms=2500))],
            [Reply((spoken("long", 9000),)), Reply((spoken("answer", 1000),))],
            model=ModelProfile(speed=0.0),
        )
    )
    assert found.faults == ()
    (cut,) = found.interrupted
    assert cut.item == "long"
    assert cut.told_ms is not None and abs(cut.error_ms) <= 20


def test_a_model_that_stalls_in_mid_reply_is_not_thought_heard() -> None:
    world, found = run(
        scenario(
            [Say(caller_says(1000), At(6.0))],
            [
                Reply((spoken("slow", 8000, stall_after_ms=1000, stall_ms=2500),)),
                Reply((spoken("answer", 1000),)),
            ],
            model=ModelProfile(speed=0.0, first_delta_ms=100),
        )
    )
    assert found.faults == ()
    cut = found.interrupted[0]
    assert cut.told_ms is not None and abs(cut.error_ms) <= 40


def test_unheard_items_of_an_answer_are_deleted() -> None:
    world, found = run(
        scenario(
            [Say(caller_says(1000), OverAgent(heard_ms=600))],
            [
                Reply((spoken("one", 2000), spoken("two", 2000), spoken("three", 2000))),
                Reply((spoken("answer", 1000),)),
            ],
            model=ModelProfile(speed=0.0),
        )
    )
    assert found.faults == ()
    assert found.skipped["unheard: deleted"] == 2
    kept = [line.heard.split()[0] for line in world.call.transcript.lines() if line.heard]
    assert kept[0] == "one"


@pytest.mark.parametrize("one_way_ms", [0.0, 40.0, 150.0])
def test_the_network_delay_cancels_out(one_way_ms: float) -> None:
    network = Network(to_carrier_ms=one_way_ms, from_carrier_ms=one_way_ms, model_ms=20)
    steps = [Say(caller_says(400), OverAgent(heard_ms=ms)) for ms in (700, 1900, 3100, 1500)]
    replies = [Reply((spoken(f"talk{n}", 8000),)) for n in range(5)]
    world, found = run(scenario(steps, replies, network=network))
    assert found.faults == ()
    assert len(found.interrupted) == 4
    assert max(abs(cut.error_ms) for cut in found.interrupted) <= 25


def test_with_interruption_off_the_assistant_speaks_on() -> None:
    config = CallConfig(
        session(server_interrupts=False, creates_response=False),
        greeting="Greet.",
        interruption=Interruption(enabled=False),
    )
    world, found = run(
        scenario(
            [Say(caller_says(1500), OverAgent(heard_ms=800))],
            [Reply((spoken("protected", 6000),)), Reply((spoken("answer", 1500),))],
            config=config,
        )
    )
    assert found.faults == ()
    assert world.carrier.clears == []
    assert heard_names(world) == ["protected", "answer"]
    assert world.call.counts.dismissed == 1


def test_where_the_server_does_not_interrupt_the_bridge_cancels() -> None:
    config = CallConfig(session(server_interrupts=False), greeting="Greet.")
    world, found = run(
        scenario(
            [Say(caller_says(1500), OverAgent(heard_ms=800))],
            [Reply((spoken("long", 20_000),)), Reply((spoken("answer", 1500),))],
            config=config,
            model=ModelProfile(speed=1.2),
        )
    )
    assert found.faults == ()
    assert [response.reason for response in world.session.responses][:1] == ["client_cancelled"]
    assert found.interrupted[0].item == "long"


def test_a_monologue_of_twelve_minutes_never_overfills_the_carrier() -> None:
    """Twilio holds ten minutes and warns with 31931: the rest waits with us."""
    # Thrice as fast as it is spoken: at the end eight minutes are not heard yet.
    items = tuple(spoken(f"part{n}", 60_000) for n in range(12))
    waits = HangUp(AfterAgent(quiet_ms=1500), no_later_than_s=780.0)
    world, found = run(
        scenario([waits], [Reply(items)], model=ModelProfile(speed=3.0), limit_s=800.0)
    )
    assert [fault for fault in found.faults if "slot" not in fault] == []
    assert len(heard_names(world)) == 12
    assert len(world.carrier.received) / 8000 == pytest.approx(720, abs=0.1)
    assert world.notes == []
    assert world.carrier.warnings == []


def test_a_function_is_run_and_its_result_answered_once() -> None:
    world, found = run(
        scenario(
            [Say(caller_says(1000), AfterAgent())],
            [
                Reply((spoken("hello", 1000),)),
                Reply((FunctionCall("look_up", "{}"),)),
                Reply((spoken("found", 1500),)),
            ],
        )
    )
    assert found.faults == ()
    assert heard_names(world) == ["hello", "found"]
    assert len(world.session.responses) == 3


def test_talking_while_a_function_runs_asks_for_no_second_response() -> None:
    world, found = run(
        scenario(
            [Say(caller_says(600), AfterAgent()), Say(caller_says(600), At(6.0))],
            [
                Reply((spoken("hello", 1000),)),
                Reply((FunctionCall("look_up", "{}"),)),
                Reply((spoken("meanwhile", 2500),)),
                Reply((spoken("found", 1500),)),
            ],
            function_s=3.0,
        )
    )
    assert [fault for fault in found.faults if fault.startswith("model error")] == []


def test_goodbye_is_heard_to_its_end_before_the_call_ends() -> None:
    world, found = run(
        scenario(
            [Say(caller_says(1000), AfterAgent())],
            [
                Reply((spoken("hello", 1000),)),
                Reply((spoken("goodbye", 2000), FunctionCall("end_call", "{}"))),
            ],
        )
    )
    assert found.faults == ()
    assert world.call.outcome is Outcome.COMPLETED
    assert heard_names(world) == ["hello", "goodbye"]


def test_goodbye_is_asked_for_where_the_model_hangs_up_without_a_word() -> None:
    world, _ = run(
        scenario(
            [Say(caller_says(1000), AfterAgent())],
            [
                Reply((spoken("hello", 1000),)),
                Reply((FunctionCall("end_call", "{}"),)),
                Reply((spoken("bye", 1000),)),
            ],
        )
    )
    assert world.call.outcome is Outcome.COMPLETED
    assert heard_names(world) == ["hello", "bye"]


def test_a_lost_last_mark_does_not_keep_the_call_open() -> None:
    lost = StreamProfile(lost_marks=frozenset(range(5, 200)))
    world, found = run(
        scenario(
            [Say(caller_says(1000), AfterAgent()), HangUp(At(25.0))],
            [
                Reply((spoken("hello", 1000),)),
                Reply((spoken("goodbye", 2000), FunctionCall("end_call", "{}"))),
            ],
            stream=lost,
        )
    )
    assert world.call.outcome is Outcome.COMPLETED
    assert "goodbye" in heard_names(world)
    assert len(world.carrier.heard) / 8000 < 15


def test_lost_caller_frames_become_silence_and_stalls_do_not() -> None:
    lost = StreamProfile(omit_frames=frozenset(range(100, 110)))
    world, found = run(
        scenario(
            [Say(caller_says(1000), AfterAgent())], [Reply((spoken("hello", 1000),))], stream=lost
        )
    )
    assert found.faults == ()
    assert world.call.hearing.leg.filled_ms == 200


def test_a_dropped_model_connection_lets_the_caller_hear_what_is_there() -> None:
    world, _ = run(
        scenario(
            [],
            [Reply((spoken("hello", 3000),))],
            model=ModelProfile(speed=0.0, drop_at_event=20),
        )
    )
    assert world.call.outcome is Outcome.MODEL_LOST


def test_a_failed_response_is_asked_for_again() -> None:
    code = "inference_rate_limit_exceeded"
    world, _ = run(
        scenario(
            [Say(caller_says(1000), AfterAgent())],
            [Reply((spoken("hello", 1000),)), Reply((spoken("again", 1000),))],
            model=ModelProfile(failed_responses={2: code}),
        )
    )
    assert heard_names(world) == ["hello", "again"]
    assert [note.detail for note in world.notes if note.kind == "response_failed"] == [code]


def test_a_model_that_fails_for_good_ends_the_call() -> None:
    failing = dict.fromkeys(range(1, 9), "inference_rate_limit_exceeded")
    world, _ = run(scenario([], [Reply(())], model=ModelProfile(failed_responses=failing)))
    assert world.call.outcome is Outcome.MODEL_FAILED

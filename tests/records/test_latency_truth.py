"""A turn's figures against the clock of the simulated carrier: what was said and heard when.

All that is known of the carrier comes after its way from there, the end of the speech as well as
the marks; the marks take longer by their echo. And the model hears in windows of 32 ms.
"""

from collections.abc import Sequence

import pytest

from bridge.call.config import CallConfig
from bridge.call.latency import Firsts, TurnTimes, firsts
from bridge.rehearsal.cast import Cast, scripted_cast
from bridge.rehearsal.scenario import Network, Scenario, caller_says, session
from bridge.rehearsal.world import World
from bridge.sim.carrier.caller import AfterAgent, HangUp, OverAgent, Say, ScriptedCaller, Step
from bridge.sim.carrier.delivery import Stall
from bridge.sim.model.reply import FunctionCall, Reply, Spoken

LATER_MS = (12.0, 44.0)  # an end of speech: 500 ms are 16 windows, and it is in the middle of one
FROM_CARRIER_MS = 30.0
ECHO_MS = 20.0
FRAME_MS = 20.0
FUNCTION_S = 2.0
NETWORK = Network(to_carrier_ms=25.0, from_carrier_ms=FROM_CARRIER_MS, model_ms=15.0)
HELLO = Reply((Spoken("hello", duration_ms=1000),))
ANSWER = Reply((Spoken("it is sent", duration_ms=2000),))
LOOK_UP = FunctionCall("look_up", "{}")
SILENT_CALL = Reply((LOOK_UP,))
SPOKEN_CALL = Reply((Spoken("one moment", duration_ms=600), LOOK_UP))
ASKS: tuple[Step, ...] = (
    Say(caller_says(1000), AfterAgent(quiet_ms=400)),
    HangUp(AfterAgent(quiet_ms=3500)),
)


class Told:
    """One call: what it claims of the last turn, and what the carrier knows."""

    def __init__(
        self, *replies: Reply, steps: Sequence[Step] = ASKS, network: Network = NETWORK
    ) -> None:
        scenario = Scenario(
            1,
            CallConfig(session(), greeting="Greet the caller."),
            tuple(steps),
            replies,
            network=network,
            function_s=FUNCTION_S,
        )
        usual = scripted_cast(scenario)
        caller = ScriptedCaller(scenario.steps)
        cast = Cast(caller, usual.mind, usual.voice, usual.run_function)
        self.world = World(scenario, cast).run()
        said = [each for each in caller.records if isinstance(each.step, Say)][-1]
        assert said.ended is not None
        self.speech_ended_at = said.ended
        opened_at = self.world.carrier.opened_at or 0.0
        starts = [opened_at + run.start_tick * 0.02 for run in self.world.carrier.played]
        self.sounds_ms = [(at - said.ended) * 1000 for at in starts if at > said.ended]

    def ends_late_ms(self, turn: TurnTimes) -> float:
        """A frame is sent when it begins here, and told of when it has come."""
        assert turn.since == "speech" and turn.speech_ended_at is not None
        return (turn.speech_ended_at - self.speech_ended_at) * 1000 - FROM_CARRIER_MS + FRAME_MS

    @property
    def turns(self) -> list[TurnTimes]:
        return self.world.call.latency.turns

    @property
    def firsts(self) -> list[Firsts]:
        return firsts(self.turns)


def off_ms(told_ms: float | None, true_ms: float) -> float:
    """How much too long a figure from speech to sound is, beyond what is known of it. A mark is
    reached when the next packet leaves."""
    assert told_ms is not None
    return told_ms - true_ms - ECHO_MS - FRAME_MS + sum(LATER_MS) / 2


NEAR_MS = (max(LATER_MS) - min(LATER_MS)) / 2 + FRAME_MS / 2


def test_first_sound_and_first_answer_are_those_that_the_caller_heard() -> None:
    told = Told(HELLO, SPOKEN_CALL, ANSWER)
    preamble_ms, answer_ms = told.sounds_ms
    assert answer_ms - preamble_ms > FUNCTION_S * 1000
    greeting, call, answer = told.firsts
    assert greeting == call == Firsts()
    assert abs(off_ms(answer.sound_ms, preamble_ms)) <= NEAR_MS
    assert abs(off_ms(answer.answer_ms, answer_ms)) <= NEAR_MS


def test_a_function_that_is_called_in_silence_is_waited_for_by_the_caller() -> None:
    told = Told(HELLO, SILENT_CALL, ANSWER)
    (answer_ms,) = told.sounds_ms
    assert answer_ms > FUNCTION_S * 1000
    assert told.firsts[-1].sound_ms == told.firsts[-1].answer_ms
    assert abs(off_ms(told.firsts[-1].answer_ms, answer_ms)) <= NEAR_MS


@pytest.mark.parametrize(
    "stall",
    [
        Stall(2.5, 1200.0),  # the end of the speech comes in a burst
        Stall(0.0, 1000.0),
    ],
)
def test_the_end_of_speech_is_the_caller_s_own_whatever_held_it_up(stall: Stall) -> None:
    network = Network(25.0, FROM_CARRIER_MS, 15.0, from_carrier_stalls=(stall,))
    told = Told(HELLO, ANSWER, network=network)
    assert LATER_MS[0] <= told.ends_late_ms(told.turns[-1]) <= LATER_MS[1]


def test_speech_that_is_held_while_the_greeting_is_asked_for_keeps_its_time() -> None:
    early: tuple[Step, ...] = (
        Say(caller_says(1000), AfterAgent(quiet_ms=0, spoke=False)),
        HangUp(AfterAgent(quiet_ms=2000)),
    )
    told = Told(HELLO, ANSWER, steps=early, network=Network(25.0, FROM_CARRIER_MS, 400.0))
    turn = next(each for each in told.turns if each.since)
    assert LATER_MS[0] <= told.ends_late_ms(turn) <= LATER_MS[1]


def test_an_answer_after_a_barge_in_counts_from_that_and_is_heard_by_its_own_marks() -> None:
    steps: tuple[Step, ...] = (
        ASKS[0],
        Say(caller_says(800), OverAgent(700)),
        HangUp(AfterAgent(quiet_ms=2000)),
    )
    told = Told(HELLO, ANSWER, ANSWER, steps=steps)
    (answer_ms,) = told.sounds_ms[-1:]
    assert abs(off_ms(told.firsts[-1].answer_ms, answer_ms)) <= NEAR_MS

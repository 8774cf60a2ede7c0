"""A stored call run again with another agent, in virtual time, against the local model.

The caller says the same, turn by turn (see ``caller_turns``), functions answer the same, by name
and order, and everything else is computed: run twice, it gives the same to the byte.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from bridge.call.actions import Outcome, RunFunction
from bridge.call.config import CallConfig
from bridge.call.latency import TurnTimes, firsts
from bridge.rehearsal.cast import AnsweringVoice, Cast
from bridge.rehearsal.scenario import Scenario
from bridge.rehearsal.world import World
from bridge.sim.model.patterns import PatternMind
from bridge.sim.model.rules import Patterns
from bridge.trials.caller_turns import PATIENCE_S, CallerTurn, caller_turns, steps
from bridge.trials.paced_caller import PacedCaller, PacedRecord
from bridge.trials.stored import (
    NO_RESULT,
    Course,
    FunctionRun,
    SpokenLine,
    StoredCall,
    StoredResults,
)
from bridge.wire.session import Transcription

TRANSCRIBE_S: Final = 0.2  # of virtual time, however long the engine takes
SPEAK_S: Final = 0.1
UNKNOWN_FUNCTION_S: Final = 0.2

OpenVoice = Callable[[], AnsweringVoice]


@dataclass(frozen=True)
class Replayed:
    """``turns`` are the caller's; ``records`` tell how each came again, and the hanging up."""

    stored: StoredCall
    now: Course
    turns: tuple[CallerTurn, ...]
    records: tuple[PacedRecord, ...]


def replay(
    stored: StoredCall, config: CallConfig, replies: Patterns | None, open_voice: OpenVoice
) -> Replayed:
    """``config`` is what the other agent means for a call. ``open_voice`` makes a voice that hears
    what is in the recording."""
    turns = caller_turns(stored.sound, open_voice())
    hung_up = stored.course.outcome == Outcome.CALLER_HUNG_UP.value
    caller = PacedCaller(steps(stored.sound, turns, caller_hung_up=hung_up))
    results = StoredResults(stored.course.functions)

    def run(asked: RunFunction) -> tuple[str, float]:
        then = results.next(asked.name)
        return (then.output, then.took_s) if then else (NO_RESULT, UNKNOWN_FUNCTION_S)

    scenario = Scenario(
        0,
        _transcribed(config),
        (),
        (),
        transcribe_s=TRANSCRIBE_S,
        speak_s=SPEAK_S,
        limit_s=_limit_s(stored, turns),
    )
    world = World(scenario, Cast(caller, PatternMind(replies), open_voice(), run))
    caller.watch(lambda: world.busy)
    world.run()
    return Replayed(stored, course_of(world), tuple(turns), tuple(caller.records))


def _transcribed(config: CallConfig) -> CallConfig:
    """The caller's words are to be shown, whether the agent asks for them or not."""
    session = config.session
    if session.transcription is not None:
        return config
    told = msgspec.structs.replace(session, transcription=Transcription("local"))
    return replace(config, session=told)


def _limit_s(stored: StoredCall, turns: list[CallerTurn]) -> float:
    return 2 * stored.course.seconds + (len(turns) + 2) * 2 * PATIENCE_S


def course_of(world: World) -> Course:
    call = world.call
    return Course(
        lines=tuple(
            SpokenLine(line.role, line.heard, line.unheard)
            for line in call.transcript.lines()
            if line.heard or line.unheard
        ),
        functions=tuple(
            FunctionRun(
                each.name, each.arguments, each.output, round(each.ended_at - each.began_at, 3)
            )
            for each in world.functions
        ),
        outcome=call.outcome.value if call.outcome else "not over",
        seconds=round(world.now, 3),
        latencies_ms=latencies_ms(call.latency.turns),
        barge_ins=len(call.barge_ins),
    )


def latencies_ms(turns: list[TurnTimes]) -> tuple[float, ...]:
    """From the end of the caller's speech to the first sound, for each turn that was answered."""
    return tuple(first.sound_ms for first in firsts(turns) if first.sound_ms is not None)

"""Who plays in a rehearsed call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bridge.call.actions import RunFunction
from bridge.rehearsal.scenario import Scenario
from bridge.sim.carrier.caller import Caller, ScriptedCaller
from bridge.sim.model.reply import Mind
from bridge.sim.model.scripted import ScriptedMind
from bridge.sim.voice.jobs import Job, Result
from bridge.sim.voice.scripted import ScriptedVoiceSession


class AnsweringVoice(Protocol):
    """A voice that does its jobs while one waits."""

    def answer(self, job: Job) -> list[Result]:
        """All results of the job, in order."""


@dataclass(frozen=True)
class FunctionDone:
    name: str
    arguments: str  # JSON text
    output: str
    began_at: float  # virtual seconds
    ended_at: float


# The output of a function, and the virtual seconds it takes.
RunsFunction = Callable[[RunFunction], tuple[str, float]]


@dataclass(frozen=True)
class Cast:
    caller: Caller
    mind: Mind
    voice: AnsweringVoice
    run_function: RunsFunction


def scripted_cast(scenario: Scenario) -> Cast:
    """Everybody does what the scenario says, and every function finds something."""
    return Cast(
        ScriptedCaller(scenario.steps),
        ScriptedMind(scenario.replies),
        ScriptedVoiceSession(),
        lambda asked: ('{"found":true}', scenario.function_s),
    )

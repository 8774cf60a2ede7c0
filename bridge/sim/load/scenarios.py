"""Who calls: the behaviours of a plan as callers, lines and networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bridge.sim.carrier.caller import (
    After,
    AfterAgent,
    Caller,
    EchoCaller,
    HangUp,
    OverAgent,
    Press,
    Say,
    ScriptedCaller,
    Step,
)
from bridge.sim.carrier.delivery import Link, Stall
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.load.plan import Behaviour, Scenario
from bridge.sim.load.voiceprint import said

NOISE_DBFS = -52.0  # under what a detector of speech takes for speech
ECHO_MS, ECHO_DB = 120.0, -40.0
GREETED_S, ANSWERED_S = 10.0, 15.0  # an agent that says nothing does not hold a caller longer


@dataclass(frozen=True)
class Visit:
    """One call to be placed. A network of its own makes times no matter of the bridge."""

    number: int
    scenario: Scenario
    caller: Caller
    profile: StreamProfile
    to_bridge: Link | None = None
    from_bridge: Link | None = None

    @property
    def has_network(self) -> bool:
        return self.to_bridge is not None or self.from_bridge is not None


class Mix:
    """Scenarios by weight, always in the same order."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self._scenarios = list(scenarios)
        self._dealt = dict.fromkeys(range(len(self._scenarios)), 0.0)

    def visit(self, number: int) -> Visit:
        """The scenario that is furthest behind its share, so that few calls are a fair mix too."""
        weights = [scenario.weight for scenario in self._scenarios]
        for index, weight in enumerate(weights):
            self._dealt[index] += weight / sum(weights)
        chosen = max(self._dealt, key=lambda index: (round(self._dealt[index], 6), -index))
        self._dealt[chosen] -= 1.0
        return visit(number, self._scenarios[chosen])


def visit(number: int, scenario: Scenario) -> Visit:
    behaviour = scenario.behaviour
    random = Random(f"visit {number}")
    caller: Caller = ScriptedCaller(_steps(behaviour, number))
    profile = StreamProfile(start_delay_ms=random.choice((100, 120, 160, 200, 240)), seed=number)
    match behaviour:
        case "noisy_line":
            profile = StreamProfile(silence="comfort", comfort_dbfs=NOISE_DBFS, seed=number)
        case "echo":
            caller = EchoCaller(caller, ECHO_MS, ECHO_DB)
        case "slow_network":
            there = Link(40.0, 30.0, (Stall(3.0, 300.0),), seed=number)
            back = Link(40.0, 30.0, (Stall(5.0, 300.0),), seed=number + 1)
            return Visit(number, scenario, caller, profile, there, back)
        case _:
            pass
    return Visit(number, scenario, caller, profile)


def _steps(behaviour: Behaviour, number: int) -> list[Step]:
    def say(ms: int, when: AfterAgent | OverAgent | After, until_s: float = ANSWERED_S) -> Say:
        noise = NOISE_DBFS if behaviour == "noisy_line" else None
        return Say(said(number, ms, noise), when, no_later_than_s=until_s)

    first = say(1000, AfterAgent(), GREETED_S)
    end = HangUp(AfterAgent(quiet_ms=800), no_later_than_s=ANSWERED_S)
    match behaviour:
        case "barge_in":
            return [first, say(800, OverAgent(700)), say(800, OverAgent(500)), end]
        case "long_silence":
            return [first, say(800, After(6000)), end]
        case "dtmf":
            keys = [Press(digit, After(300)) for digit in "2#"]
            word = say(1000, After(300))
            return [Press("1", AfterAgent(), no_later_than_s=GREETED_S), *keys, word, end]
        case "hang_up_mid_word":
            return [first, say(400, OverAgent(600)), HangUp(After(0))]
        case _:
            return [first, say(1200, AfterAgent()), end]

"""What is told of a call while it runs."""

from bridge.demo.narrator import Narrator
from bridge.sim.carrier.caller import AfterAgent, HangUp, OverAgent, Say, ScriptedCaller, Step
from bridge.sim.carrier.line import SILENT_FRAME

VOICE = b"\x10\x90" * 80


def told(steps: list[Step], heard: list[bytes]) -> list[str]:
    lines: list[str] = []
    narrator = Narrator(ScriptedCaller(steps), {"u1": "it was the best"}, lines.append)
    for tick, frame in enumerate(heard):
        narrator.frame(tick * 0.02, frame)
    return lines


def test_who_speaks_is_told_once_a_turn() -> None:
    heard = [VOICE] * 20 + [SILENT_FRAME] * 20 + [VOICE] * 20 + [SILENT_FRAME] * 70
    steps: list[Step] = [
        Say(SILENT_FRAME * 3, AfterAgent(quiet_ms=1200), "u1"),
        HangUp(AfterAgent()),
    ]
    assert told(steps, heard) == ["agent speaks", "caller says: it was the best"]


def test_an_interruption_is_told_with_what_was_audible_until_the_agent_stopped() -> None:
    heard = [VOICE] * 60 + [SILENT_FRAME] * 20
    assert told([Say(VOICE * 30, OverAgent(1000), "u1")], heard) == [
        "agent speaks",
        "caller interrupts: it was the best",
        "agent stops, interrupted after 1.2 s",
    ]


def test_the_caller_is_the_one_that_was_given() -> None:
    inner = ScriptedCaller([HangUp(AfterAgent(spoke=False, quiet_ms=20))])
    narrator = Narrator(inner, {}, lambda text: None)
    assert narrator.frame(0.0, SILENT_FRAME) == SILENT_FRAME
    assert narrator.hung_up and narrator.digits == []

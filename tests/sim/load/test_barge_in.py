from dataclasses import replace

import pytest

from bridge.sim.carrier.caller import After, Press, StepRecord
from bridge.sim.carrier.line import BYTES_PER_MS, FRAME_BYTES
from bridge.sim.carrier.stream import ClearRecord
from bridge.sim.load.findings import Findings
from bridge.sim.load.judge import judge
from tests.sim.load.scene import OPENED_AT, STARTED_AT, Scene, call

ANSWERED_AT = OPENED_AT + 2.92  # the answer begins to be heard; the caller is silent until 3.6


def judged(scene: Scene) -> Findings:
    return judge(scene.evidence())


def plays_all(scene: Scene) -> None:
    scene.clears = []
    scene.played[1:] = []
    scene.plays(146, 2000 * BYTES_PER_MS)


def cleared(scene: Scene, at: float) -> None:
    """At this time, and the answer was not heard from then on."""
    scene.clears, scene.played = [], scene.played[:1]
    scene.plays(146, round((at - ANSWERED_AT) / 0.02) * FRAME_BYTES)
    scene.clear(at)


def test_an_agent_that_goes_on_talking_over_the_caller_misses_a_clear() -> None:
    scene = call()
    plays_all(scene)
    found = judged(scene)
    assert found.clears_missing == 1
    assert (STARTED_AT, "the caller was talked over: no clear") in found.faults


def test_an_agent_that_was_about_to_end_needs_no_clear() -> None:
    scene = call()
    scene.clears, scene.session.truncations = [], []
    assert judged(scene).clears_missing == 0


def test_a_clear_that_comes_late_is_one_and_late() -> None:
    scene = call()
    cleared(scene, STARTED_AT + 0.4)
    found = judged(scene)
    assert found.barge_in_to_clear_ms == pytest.approx([400.0])
    assert (found.clears_missing, found.clears_unasked) == (0, 0)


def test_a_clear_of_the_next_words_is_not_that_of_these() -> None:
    scene = call()
    plays_all(scene)
    scene.speech_started(STARTED_AT + 0.6)
    scene.clear(STARTED_AT + 0.61)
    found = judged(scene)
    assert found.barge_in_to_clear_ms == pytest.approx([10.0])
    assert found.clears_missing == 1


def silence_is_sent(scene: Scene, from_tick: int, ticks: int) -> None:
    """In place of what was not played yet."""
    played = scene.played[-1].position_bytes + scene.played[-1].n_bytes
    scene.received[played:] = b"\xff" * ticks * FRAME_BYTES
    scene.arrivals = [(at, min(come, played)) for at, come in scene.arrivals]
    scene.arrivals.append((OPENED_AT + from_tick * 0.02, len(scene.received)))
    scene.plays(from_tick, ticks * FRAME_BYTES)


def test_silence_that_is_sent_is_nobody_talking() -> None:
    scene = call()
    scene.clears, scene.session.truncations = [], []
    silence_is_sent(scene, 186, 100)
    found = judged(scene)
    assert found.clears_missing == 0
    assert found.speech_to_audio_ms == pytest.approx([520.0])


def test_of_a_voice_that_is_not_known_what_can_be_heard_is_talk() -> None:
    scene = call()
    plays_all(scene)
    scene.received = bytearray(bytes([0x80, 0x00]) * (len(scene.received) // 2))
    found = judged(scene)
    assert found.clears_missing == 1
    assert found.speech_to_audio_ms == pytest.approx([520.0])


def test_a_clear_while_nobody_speaks_is_unasked() -> None:
    scene = call()
    cleared(scene, ANSWERED_AT + 0.4)
    found = judged(scene)
    assert found.clears_unasked == 1
    assert (ANSWERED_AT + 0.4, "1600 ms were cleared while nobody spoke") in found.faults


def test_a_clear_of_nothing_does_no_harm() -> None:
    scene = call()
    received = len(scene.received)
    scene.clears.insert(0, ClearRecord(OPENED_AT + 1.3, received - 16000, 0, ()))
    assert judged(scene).clears_unasked == 0


def test_a_key_that_is_pressed_asks_for_silence() -> None:
    scene = call()
    at = ANSWERED_AT + 0.4
    cleared(scene, at)
    scene.steps.append(StepRecord(2, Press("1", After(0)), at - 0.01, at - 0.01, timed_out=False))
    assert judged(scene).clears_unasked == 0


def test_a_caller_who_is_heard_speaking_asks_for_silence_whatever_the_model_told() -> None:
    scene = call()
    scene.session.speech_started = []
    assert judged(scene).clears_unasked == 0


@pytest.mark.parametrize(("network", "unasked"), [(True, 0), (False, 1)])
def test_a_network_of_its_own_makes_a_clear_later(network: bool, unasked: int) -> None:
    scene = call()
    scene.steps[1] = replace(scene.steps[1], began=STARTED_AT - 1.0, ended=STARTED_AT - 0.5)
    scene.session.speech_started = []
    assert judge(scene.evidence(has_network=network)).clears_unasked == unasked


def test_the_times_of_another_clock_accuse_nobody() -> None:
    scene = call()
    cleared(scene, ANSWERED_AT + 0.4)
    scene.session.opened_at = OPENED_AT - 3600
    assert judged(scene).clears_unasked == 0

import pytest

from bridge.sim.carrier.line import BYTES_PER_MS
from bridge.sim.load.findings import Findings
from bridge.sim.load.judge import judge
from tests.sim.load.scene import (
    CLEARED_AT,
    GREETING_AT,
    OPENED_AT,
    TICKS,
    Scene,
    call,
    item,
    tones,
)

GREETING_BYTES = 1000 * BYTES_PER_MS
LATER_AT = OPENED_AT + 3.9


def judged(scene: Scene) -> Findings:
    return judge(scene.evidence())


def greeting_is(scene: Scene, sound: bytes) -> None:
    """In place of what the model sent."""
    change = len(sound) - GREETING_BYTES
    scene.received[:GREETING_BYTES] = sound
    scene.arrivals = [
        (at, min(come, len(sound)) if come <= GREETING_BYTES else come + change)
        for at, come in scene.arrivals
    ]
    played, (clear,) = list(scene.played), scene.clears
    scene.played = []
    scene.plays(played[0].start_tick, len(sound))
    scene.plays(played[1].start_tick, played[1].n_bytes)
    scene.clears = []
    scene.clear(clear.at)


@pytest.mark.parametrize("heard_ms", [980, 500, 20])
def test_the_end_of_an_answer_that_never_came_is_lost(heard_ms: int) -> None:
    scene = call()
    greeting_is(scene, tones(0, heard_ms))
    found = judged(scene)
    lost = 50 - heard_ms // 20
    assert (found.agent_frames_lost, found.unrecognised) == (lost, 0)
    assert (GREETING_AT, f"{lost} of the 50 frames of an answer never came") in found.faults


def test_an_answer_of_which_nothing_came_is_lost() -> None:
    scene = call()
    greeting_is(scene, b"\xff" * GREETING_BYTES)
    assert (judged(scene).agent_frames_lost, judged(scene).unrecognised) == (50, 0)


def test_what_is_cut_need_not_come() -> None:
    scene = call()
    kept = GREETING_BYTES + 900 * BYTES_PER_MS  # 840 ms are heard
    del scene.received[kept:]
    scene.arrivals = [(at, min(come, kept)) for at, come in scene.arrivals]
    scene.clears = []
    scene.clear(CLEARED_AT)
    assert judged(scene).agent_frames_lost == 0


def test_what_is_cut_without_a_reason_is_lost() -> None:
    scene = call()
    greeting_is(scene, tones(0, 500))
    assert scene.clears
    scene.truncated("greeting", 500.0)
    scene.session.truncations[-1].at = GREETING_AT + 0.6
    assert judged(scene).agent_frames_lost == 25


def test_what_was_dropped_with_a_reason_and_told_is_not_lost() -> None:
    scene = call()
    greeting_is(scene, tones(0, 500))
    scene.truncated("greeting", 500.0)
    scene.session.truncations[-1].at = GREETING_AT + 0.6
    scene.speech_started(GREETING_AT + 0.6)
    scene.session.speech_started.sort()
    assert judged(scene).agent_frames_lost == 0
    scene.session.truncations.pop()
    scene.session.deleted = ["greeting"]
    assert judged(scene).agent_frames_lost == 0


def says_one_more(scene: Scene, ms: int, came_ms: int) -> None:
    """After the caller's last words, while the line is still open for two seconds."""
    later = item("later", 2, ms, LATER_AT)
    scene.session.items.append(later)
    scene.received += tones(2, came_ms)
    scene.arrivals.append((LATER_AT + 0.01, len(scene.received)))
    scene.plays(197, came_ms * BYTES_PER_MS)
    assert scene.sent_at[-1] == pytest.approx(OPENED_AT + (TICKS - 1) * 0.02)


@pytest.mark.parametrize(("ms", "lost"), [(1500, 25), (1900, 0)])
def test_what_there_was_no_time_for_is_not_lost(ms: int, lost: int) -> None:
    scene = call()
    says_one_more(scene, ms, came_ms=1000)
    assert judged(scene).agent_frames_lost == lost


def test_another_sound_in_place_of_an_answer_is_not_recognised() -> None:
    scene = call()
    greeting_is(scene, bytes([0x80, 0x00]) * (GREETING_BYTES // 2))
    found = judged(scene)
    assert (found.agent_frames_lost, found.unrecognised) == (0, 50)
    what = "50 frames of another sound in place of an answer of 50"
    assert (GREETING_AT, what) in found.faults


@pytest.mark.parametrize("chime_bytes", [480, 500])
def test_a_sound_of_the_bridges_own_before_an_answer_is_no_fault(chime_bytes: int) -> None:
    scene = call()
    chime = bytes([0x80, 0x00]) * (chime_bytes // 2)
    greeting_is(scene, chime + tones(0, 1000))
    assert judged(scene).faults == []


def test_the_level_is_held_against_the_models() -> None:
    assert judged(call()).agent_level_db == pytest.approx([0.0], abs=0.1)

import pytest

from bridge.sim.load.findings import Findings
from bridge.sim.load.inbound import judge_inbound
from bridge.sim.load.voiceprint import block_of
from tests.sim.load.scene import FIRST_FRAMES, FIRST_SAID, NUMBER, OPENED_AT, Scene, call

FIRST_MS = FIRST_SAID * 20
BLOCK = block_of(NUMBER)


def judged(scene: Scene) -> Findings:
    findings = Findings()
    judge_inbound(scene.evidence(), scene.session, findings)
    return findings


def heard_as(scene: Scene, *pieces: tuple[float, int, int]) -> None:
    """The model heard the first words so: first ms, place in the block, frames."""
    scene.session.caller[:1] = [
        (ms, BLOCK.stream, BLOCK.first_slot + place, frames) for ms, place, frames in pieces
    ]


def second_words_move_by(scene: Scene, ms: float) -> None:
    first_ms, *place = scene.session.caller.pop()
    scene.session.caller.append((first_ms + ms, place[0], place[1], place[2]))


def late_by(scene: Scene, ms: float, from_frame: int = 0) -> None:
    """From a frame on the model has all that much less of the caller."""
    scene.session.arrivals = [
        (at, through - ms if n >= from_frame else through)
        for n, (at, through) in enumerate(scene.session.arrivals)
    ]
    scene.session.appended_ms -= ms


def test_a_frame_that_was_left_out_is_lost() -> None:
    scene = call()
    heard_as(scene, (FIRST_MS, 0, 20), (FIRST_MS + 400, 21, FIRST_FRAMES - 21))
    second_words_move_by(scene, -20)
    late_by(scene, 20, FIRST_SAID + 20)
    found = judged(scene)
    assert (found.frames_lost, found.frames_doubled) == (1, 0)
    assert found.inbound_ms == pytest.approx([2.0] * 248)
    assert found.faults == [(None, "1 caller frames lost at 1800 ms of the model's audio")]


def test_a_frame_that_came_twice_is_doubled() -> None:
    scene = call()
    heard_as(scene, (FIRST_MS, 0, 20), (FIRST_MS + 400, 19, FIRST_FRAMES - 19))
    second_words_move_by(scene, 20)
    late_by(scene, -20, FIRST_SAID + 20)
    found = judged(scene)
    assert (found.frames_lost, found.frames_doubled) == (0, 1)


def test_silence_in_place_of_voice_is_lost_voice() -> None:
    scene = call()
    heard_as(scene, (FIRST_MS, 0, 20), (FIRST_MS + 460, 23, FIRST_FRAMES - 23))
    assert judged(scene).frames_lost == 3


def test_the_block_goes_round_without_a_loss() -> None:
    scene = call()
    heard_as(scene, (FIRST_MS, 0, 64), (FIRST_MS + 1280, 0, 6))
    assert judged(scene).faults == []


def test_the_voice_of_another_call_is_not_ours() -> None:
    scene = call()
    scene.session.caller.insert(1, (FIRST_MS + 400, BLOCK.stream, BLOCK.first_slot - 1, 1))
    assert judged(scene).frames_lost == 0


@pytest.mark.parametrize("frames", [1, 7])
def test_silence_that_never_reached_the_model_is_lost_too(frames: int) -> None:
    scene = call()
    scene.session.appended_ms -= 6 * 20 + frames * 20  # the last 100 ms may go with the end
    assert judged(scene).frames_lost in (frames, frames + 1)


def test_what_the_end_of_a_call_took_with_it_is_not_lost() -> None:
    scene = call()
    scene.session.appended_ms -= 5 * 20
    assert judged(scene).faults == []


def test_more_at_the_model_than_was_sent_is_doubled() -> None:
    scene = call()
    scene.session.appended_ms += 3 + 2 * 20
    assert judged(scene).frames_doubled == 2


def test_a_frame_has_arrived_when_all_of_it_but_the_filters_share_has() -> None:
    scene = call()
    late_by(scene, 1)  # 4 ms held: what a resampler may
    assert judged(scene).inbound_ms == pytest.approx([2.0] * 249)
    late_by(scene, 1)  # 5 ms held: the frame waits for the next one
    assert judged(scene).inbound_ms == pytest.approx([22.0] * 248)


def test_what_was_held_until_the_model_was_there_is_not_timed() -> None:
    scene = call()
    ready = OPENED_AT + 0.4
    scene.session.arrivals = [(max(at, ready), ms) for at, ms in scene.session.arrivals]
    found = judged(scene)
    assert max(found.inbound_ms) == pytest.approx(2.0)
    assert len(found.inbound_ms) < 249


def test_frames_lost_in_silence_are_told_by_the_next_words_and_are_not_late() -> None:
    scene = call()
    late_by(scene, 40, 100 + FIRST_FRAMES)  # between the first words and the second
    second_words_move_by(scene, -40)
    found = judged(scene)
    assert (found.frames_lost, found.frames_doubled) == (2, 0)
    assert max(found.inbound_ms) == pytest.approx(2.0)
    told = "2 caller frames lost before the words at 3560 ms of the model's audio"
    assert found.faults == [(None, told)]


def test_frames_lost_before_the_first_words_are_told_by_them() -> None:
    scene = call()
    late_by(scene, 20, 0)
    told = scene.session.caller
    scene.session.caller = [(ms - 20, stream, slot, n) for ms, stream, slot, n in told]
    found = judged(scene)
    assert (found.frames_lost, found.frames_doubled) == (1, 0)
    assert max(found.inbound_ms) == pytest.approx(2.0)


def test_frames_doubled_in_silence_are_told_by_the_next_words_and_are_not_early() -> None:
    scene = call()
    late_by(scene, -20, 140)
    second_words_move_by(scene, 20)
    found = judged(scene)
    assert (found.frames_lost, found.frames_doubled) == (0, 1)
    assert min(found.inbound_ms) == pytest.approx(2.0)


def test_a_doubled_frame_and_a_lost_one_are_told_by_what_was_there_too_early() -> None:
    scene = call()
    late_by(scene, -20, 3)
    late_by(scene, 20, 40)
    found = judged(scene)
    assert (found.frames_lost, found.frames_doubled) == (1, 1)
    assert found.inbound_ms == pytest.approx([2.0] * (300 - FIRST_SAID))


def starts_at_tick(scene: Scene, tick: int) -> None:
    """The carrier sends nothing before; the model has that much less."""
    scene.sent_at[:tick] = [float("nan")] * tick
    scene.session.arrivals = scene.session.arrivals[tick:]
    late_by(scene, tick * 20)
    told = scene.session.caller
    scene.session.caller = [(ms - tick * 20, stream, slot, n) for ms, stream, slot, n in told]


def test_a_line_that_starts_late_loses_nothing() -> None:
    scene = call()
    starts_at_tick(scene, 10)
    found = judged(scene)
    assert found.faults == []
    assert found.inbound_ms == pytest.approx([2.0] * 239)


# By the time it took to come, and by its timestamp of 118 ms.
@pytest.mark.parametrize("filled_ms", [200, 120, 100])
def test_silence_in_place_of_what_was_before_the_first_frame_is_right(filled_ms: int) -> None:
    scene = call()
    starts_at_tick(scene, 10)
    told = scene.session.caller
    scene.session.caller = [(ms + filled_ms, stream, slot, n) for ms, stream, slot, n in told]
    late_by(scene, -filled_ms)
    found = judged(scene)
    assert found.faults == []
    assert found.inbound_ms == pytest.approx([2.0] * 239)


def test_the_level_is_held_against_that_of_what_was_said() -> None:
    scene = call()
    assert judged(scene).caller_level_db == []
    scene.session.caller_levels_dbfs = [-32.0, -30.0]  # of 50 frames, and of 40
    assert judged(scene).caller_level_db == pytest.approx([-20.0], abs=0.1)


def test_an_echo_of_the_agent_has_a_level_of_its_own() -> None:
    scene = call()
    scene.session.caller.insert(0, (0.0, BLOCK.stream + 1, BLOCK.first_slot, 200))
    scene.session.caller_levels_dbfs = [-49.0, -12.0, -12.0]
    assert judged(scene).caller_level_db == pytest.approx([0.0], abs=0.1)

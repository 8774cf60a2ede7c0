import pytest

from bridge.sim.carrier.line import BYTES_PER_MS, FRAME_BYTES
from bridge.sim.carrier.playback import Run
from bridge.sim.carrier.stream import ClearRecord
from bridge.sim.load.findings import Findings
from bridge.sim.load.judge import judge
from tests.sim.load.scene import (
    ANSWER_AT,
    CLEARED_AT,
    HEARD_MS,
    OPENED_AT,
    Scene,
    call,
    item,
    tones,
)

GREETING_BYTES = 1000 * BYTES_PER_MS
GREETED_AT = OPENED_AT + 0.22  # its first frame leaves for the ear


def judged(scene: Scene) -> Findings:
    return judge(scene.evidence())


def silence_in_greeting(scene: Scene, at_ms: int, gap_ticks: int = 2) -> None:
    """So much of the greeting is played, then nothing for a while, then the rest."""
    before, n_bytes = scene.played[0], at_ms * BYTES_PER_MS
    after_tick = before.start_tick + at_ms // 20 + gap_ticks
    rest = Run(after_tick * FRAME_BYTES, n_bytes, GREETING_BYTES - n_bytes)
    scene.played[:1] = [Run(before.heard_bytes, 0, n_bytes), rest]


def sent(scene: Scene, through_ms: float, at: float) -> None:
    """The model had sent so much of the greeting early, and all of the rest at this time."""
    scene.session.items[0].deltas = [(GREETED_AT - 0.02, through_ms), (at, 1000.0)]


def test_silence_within_an_answer_that_the_model_had_sent_is_a_gap() -> None:
    scene = call()
    silence_in_greeting(scene, 400)
    found = judged(scene)
    assert (found.gaps, found.gap_ms) == (1, 40.0)
    # Of 100 ms deltas the fifth holds 420 ms and what the filter needs; it was sent at 0.3 s.
    ((at, what),) = found.faults
    assert at == pytest.approx(GREETED_AT + 0.4)
    assert what == "40 ms of silence at 400 ms of an item, sent by the model 320 ms before"


def test_silence_is_the_models_own_where_it_sent_the_next_too_late() -> None:
    scene = call()
    silence_in_greeting(scene, 400)
    sent(scene, 400.0, at=GREETED_AT + 0.4 - 0.059)
    assert judged(scene).gaps == 0
    sent(scene, 400.0, at=GREETED_AT + 0.4 - 0.061)
    assert judged(scene).gaps == 1


def test_a_frame_can_be_played_only_when_what_the_filter_needs_behind_it_was_sent() -> None:
    scene = call()
    silence_in_greeting(scene, 400)
    late = GREETED_AT + 0.39
    sent(scene, 423.0, at=late)  # the next frame, and not yet the 4 ms behind it
    assert judged(scene).gaps == 0
    sent(scene, 424.0, at=late)
    assert judged(scene).gaps == 1


def test_the_last_frame_of_an_item_needs_nothing_behind_it() -> None:
    scene = call()
    silence_in_greeting(scene, 980)
    assert judged(scene).gaps == 1


def test_silence_is_the_carriers_own_where_it_stood_still() -> None:
    scene = call()
    silence_in_greeting(scene, 400)
    empty_at = GREETED_AT + 0.4
    sent(scene, 400.0, at=empty_at - 0.08)
    assert judged(scene).gaps == 1
    tick = round((empty_at - OPENED_AT) / 0.02)
    for late in (tick - 1, tick):  # both at once, 50 ms after the first was due
        scene.sent_at[late] = scene.sent_at[tick - 1] + 0.05
    assert judged(scene).gaps == 0
    sent(scene, 400.0, at=empty_at - 0.11)  # it had been read long before
    assert judged(scene).gaps == 1


def test_silence_between_two_answers_is_no_gap() -> None:
    scene = call()
    scene.played = scene.played[:1]
    scene.clears, scene.session.speech_started, scene.session.truncations = [], [], []
    scene.plays(200, 2000 * BYTES_PER_MS)
    assert judged(scene).faults == []


@pytest.mark.parametrize(
    ("again_from_ms", "what"),
    [(420, "comes without what was before it"), (360, "comes a second time")],
)
def test_sound_left_out_or_doubled_is_a_skip(again_from_ms: int, what: str) -> None:
    scene = call()
    rest = tones(0, 1000, again_from_ms)
    scene.received[400 * BYTES_PER_MS : GREETING_BYTES] = rest[: 600 * BYTES_PER_MS].ljust(
        600 * BYTES_PER_MS, b"\xff"
    )
    found = judged(scene)
    assert found.skips == 1
    assert found.faults[0][1] == f"the agent's sound at {again_from_ms} ms {what}"


@pytest.mark.parametrize("at_ms", [400, 410])
def test_silence_put_into_an_answer_is_a_skip(at_ms: int) -> None:
    scene = call()
    at, sound = at_ms * BYTES_PER_MS, tones(0, 940)
    scene.received[:GREETING_BYTES] = sound[:at] + b"\xff" * 3 * FRAME_BYTES + sound[at:]
    found = judged(scene)
    assert found.skips == 1
    assert found.faults[0][1] == "the agent's sound at 400 ms comes after 60 ms that were put in"


def cut_speech_after_the_clear(scene: Scene, frames: int) -> None:
    start = GREETING_BYTES + 1000 * BYTES_PER_MS
    scene.received += scene.received[start : start + frames * FRAME_BYTES]
    scene.arrivals.append((CLEARED_AT + 0.05, len(scene.received)))


def test_cut_speech_that_comes_after_the_clear_is_stale() -> None:
    scene = call()
    cut_speech_after_the_clear(scene, 25)
    found = judged(scene)
    assert found.stale_frames == 25
    assert (CLEARED_AT, "25 frames of cut speech after the clear") in found.faults


def test_cut_speech_is_stale_without_records_too() -> None:
    scene = call()
    cut_speech_after_the_clear(scene, 25)
    assert judge(scene.evidence(has_records=False)).stale_frames == 25


def test_one_frame_may_be_misread() -> None:
    scene = call()
    cut_speech_after_the_clear(scene, 1)
    assert judged(scene).stale_frames == 0


@pytest.mark.parametrize("has_records", [True, False])
def test_a_new_answer_in_the_same_tones_is_not_stale(has_records: bool) -> None:
    scene = call()
    scene.hears(item("next", 1, 400, CLEARED_AT + 1.0))
    assert judge(scene.evidence(has_records=has_records)).stale_frames == 0


@pytest.mark.parametrize("error_ms", [-300.0, -40.0, 500.0])
def test_the_truncation_error_is_what_was_told_beyond_what_was_heard(error_ms: float) -> None:
    scene = call()
    scene.session.truncations = []
    scene.truncated("answer", HEARD_MS + error_ms)
    found = judged(scene)
    assert found.truncation_error_ms == [error_ms]
    assert len(found.faults) == (abs(error_ms) > 200)


def test_a_model_that_was_told_nothing_believes_all_was_heard() -> None:
    scene = call()
    scene.session.truncations = []
    assert judged(scene).truncation_error_ms == [2000.0 - HEARD_MS]


def test_a_truncation_that_was_refused_has_told_nothing() -> None:
    scene = call()
    scene.session.truncations[0].accepted = False
    assert judged(scene).truncation_error_ms == [2000.0 - HEARD_MS]


def test_an_item_that_was_deleted_counts_as_not_heard() -> None:
    scene = call()
    scene.session.truncations, scene.session.deleted = [], ["answer"]
    assert judged(scene).truncation_error_ms == [-HEARD_MS]


def test_an_answer_heard_to_its_end_needs_no_truncation() -> None:
    scene = call()
    scene.session.truncations = []
    scene.played[1:] = []
    scene.plays(146, 2000 * BYTES_PER_MS)
    scene.clears = [ClearRecord(CLEARED_AT, len(scene.received), 0, ())]
    assert judged(scene).truncations == 0


def test_the_first_audio_is_late_by_the_time_from_its_delta_to_its_first_frame() -> None:
    scene = call()
    answered = [at for at, _ in scene.arrivals if at > ANSWER_AT]
    first = scene.arrivals.index((answered[0], GREETING_BYTES + 4 * FRAME_BYTES))
    scene.arrivals[first] = (ANSWER_AT + 0.007, scene.arrivals[first][1])
    assert judged(scene).outbound_ms == pytest.approx([1.0, 7.0])

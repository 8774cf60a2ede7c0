"""Where the caller's turns are in a recording, and how each one came."""

from collections.abc import Sequence

import pytest

from bridge.sim.voice.scripted import ScriptedVoiceSession
from bridge.sim.voice.timecode import encode
from bridge.trials.caller_turns import CallerTurn, caller_turns, steps
from bridge.trials.paced_caller import Answered, Gap, Over
from bridge.trials.stereo import Stereo
from telcodecs.g711 import ulaw_encode

SILENCE = b"\xff"
Spans = Sequence[tuple[int, int]]  # begin and end, in ms


def line(spans: Spans, ms: int) -> bytes:
    sound = bytearray(SILENCE * ms * 8)
    for start, end in spans:
        sound[start * 8 : end * 8] = ulaw_encode(encode(0, end - start, 8000))
    return bytes(sound)


def turns(caller: Spans, agent: Spans = (), ms: int = 20_000) -> list[CallerTurn]:
    sound = Stereo(line(caller, ms), line(agent, ms))
    return caller_turns(sound, ScriptedVoiceSession())


def test_a_turn_is_a_stretch_of_speech_with_the_sound_around_it() -> None:
    (turn,) = turns([(3200, 4800)])
    assert 2880 <= turn.start_ms <= 2920
    assert 3168 <= turn.onset_ms <= 3232
    assert 4980 <= turn.end_ms <= 5040
    assert len(turn.ulaw) == (turn.end_ms - turn.start_ms) * 8


def test_a_breath_does_not_end_a_turn() -> None:
    assert len(turns([(3200, 4800), (5120, 6400)])) == 1
    assert len(turns([(3200, 4800), (5440, 6400)])) == 2


def test_speech_to_the_very_end_is_a_turn() -> None:
    (turn,) = turns([(18_000, 20_000)])
    assert turn.end_ms == 20_000


def test_nobody_who_speaks_has_no_turns() -> None:
    assert turns([]) == []


def test_a_turn_after_an_answer_keeps_its_pause() -> None:
    first, second = turns([(3200, 4800), (9600, 10_000)], [(5500, 8000)])
    assert isinstance(first.when, Gap) and first.when.ms == first.start_ms
    assert second.when == Answered(second.start_ms - 8000)


def test_a_pause_is_kept_within_bounds() -> None:
    _, late = turns([(1000, 2000), (15_000, 16_000)], [(2500, 4000)])
    assert late.when == Answered(5000)
    _, soon = turns([(1000, 2000), (4160, 5000)], [(2500, 4000)])
    assert soon.when == Answered(200)


def test_a_turn_over_the_agent_keeps_how_long_it_was_heard() -> None:
    _, over = turns([(1000, 2000), (6400, 7200)], [(3000, 6600)])
    assert over.when == Over(over.start_ms - 3000)


def test_a_turn_over_the_first_sound_of_the_agent_waits_for_that() -> None:
    _, over = turns([(1000, 2000), (6400, 7200)], [(6400, 6600)])
    assert over.when == Over(20)


def test_a_turn_after_ones_own_keeps_the_gap() -> None:
    first, second = turns([(1000, 2000), (3200, 4000)])
    assert second.when == Gap(second.start_ms - first.end_ms)


@pytest.mark.parametrize(
    ("agent", "kind"), [([(3000, 6000)], Answered), ([(3000, 10_000)], Over), ([], Gap)]
)
def test_hanging_up_comes_again_like_a_turn(agent: Spans, kind: type) -> None:
    sound = Stereo(line([(1000, 2000)], 10_000), line(agent, 10_000))
    found = caller_turns(sound, ScriptedVoiceSession())
    last = steps(sound, found, caller_hung_up=True)[-1]
    assert last.ulaw is None and isinstance(last.when, kind)


def test_a_caller_whom_the_agent_left_waits_for_a_goodbye() -> None:
    sound = Stereo(line([(1000, 2000)], 10_000), line([], 10_000))
    found = caller_turns(sound, ScriptedVoiceSession())
    assert steps(sound, found, caller_hung_up=False)[-1].when == Answered(3000)

"""When an item began to be heard, as far as the carrier's marks tell."""

import pytest

from bridge.call.playback import Playback
from tests.call.phone import marks, sound


def add(playback: Playback, item: str, ms: int, now: float = 0.0) -> list[str]:
    return marks(playback.add(item, 0, sound(ms), ms, now))


def begun(playback: Playback) -> dict[str, object]:
    return {item_id: pytest.approx(at) for item_id, at in playback.take_begun()}


def test_an_item_began_the_first_mark_s_audio_before_it_came_back() -> None:
    playback = Playback()
    first, second, _ = add(playback, "a", 300)
    assert begun(playback) == {}
    playback.mark(first, 0.16)
    assert begun(playback) == {"a": 0.06}
    playback.mark(second, 0.26)
    assert begun(playback) == {}  # it is told once


def test_an_item_behind_another_begins_behind_it() -> None:
    playback = Playback()
    names = add(playback, "a", 150)
    playback.close("a", 0.0)
    names += add(playback, "b", 150, 0.01)
    playback.mark(names[0], 0.15)
    assert begun(playback) == {"a": 0.05}
    playback.mark(names[1], 0.30)  # 250 ms, of which the last 100 are of the second item
    assert begun(playback) == {"b": 0.20}


def test_a_mark_that_was_lost_is_made_up_for_by_the_next() -> None:
    playback = Playback()
    playback.mark(add(playback, "a", 300)[-1], 0.36)
    assert begun(playback) == {"a": 0.06}


def test_what_was_cut_before_its_mark_came_has_not_begun() -> None:
    playback = Playback()
    (name,) = add(playback, "a", 100)
    playback.clear(0.05)
    playback.mark(name, 0.06)
    assert begun(playback) == {}


def test_an_item_without_sound_does_not_begin() -> None:
    playback = Playback()
    add(playback, "a", 0)
    playback.mark(add(playback, "b", 100)[0], 0.15)
    assert begun(playback) == {"b": 0.05}

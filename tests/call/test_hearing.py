"""The caller's side: held until the model listens, then passed on at once."""

from bridge.call.hearing import HELD_FRAMES, Hearing
from bridge.wire.dialect import Append
from bridge.wire.twilio import Media
from tests.call.phone import kinds, sound


def frame(number: int, ms: int = 20) -> Media:
    return Media(sound(ms, number % 256), number * 20)


def test_what_is_heard_before_the_model_listens_is_held_and_passed_on_in_order() -> None:
    hearing = Hearing("g711_ulaw")
    assert [hearing.push(frame(n), 0.0) for n in range(3)] == [[], [], []]
    assert hearing.let_go() == [Append(sound(20, n)) for n in range(3)]
    assert hearing.push(frame(3), 0.0) == [Append(sound(20, 3))]
    assert hearing.let_go() == []
    assert hearing.frames == 4


def test_the_newest_ten_seconds_are_held() -> None:
    hearing = Hearing("g711_ulaw")
    for n in range(HELD_FRAMES + 7):
        hearing.push(frame(n), 0.0)
    held = hearing.let_go()
    assert len(held) == HELD_FRAMES
    assert held[0] == Append(sound(20, 7))


def test_the_model_s_own_format_is_used_when_it_keeps_that() -> None:
    hearing = Hearing("pcm16")
    hearing.push(frame(1), 0.0)
    hearing.use("g711_ulaw")
    assert hearing.let_go() == [Append(sound(20, 1))]


def test_a_wrong_byte_rate_is_noted_beside_the_audio() -> None:
    hearing = Hearing("g711_ulaw")
    hearing.let_go()
    messages = [m for n in range(11) for m in hearing.push(frame(n, ms=40), 0.0)]
    assert kinds(messages).count("Append") == 11
    assert kinds(messages).count("Note") == 1


def test_the_guard_listens_while_audio_is_held() -> None:
    hearing = Hearing("g711_ulaw")
    assert kinds(m for n in range(11) for m in hearing.push(frame(n, ms=40), 0.0)) == ["Note"]

"""The audio of an item: deltas and words."""

import pytest

from bridge.sim.model.audio_format import ALAW, FORMATS, PCM16, ULAW, AudioFormat
from bridge.sim.model.delivery import Delivery, tokens_of
from bridge.sim.voice.jobs import Speech
from tests.sim.model.client import pcm


def drained(delivery: Delivery) -> tuple[list[float], bytes, bytes]:
    """Chunk sizes, wire bytes and PCM of all that can be had."""
    sizes, wire, sound = [], b"", b""
    while (chunk_ms := delivery.chunk_ms()) is not None:
        sizes.append(chunk_ms)
        taken = delivery.take(chunk_ms)
        wire, sound = wire + taken[0], sound + taken[1]
    return sizes, wire, sound


@pytest.mark.parametrize("audio_format", FORMATS, ids=lambda f: f.name)
def test_the_length_is_the_same_in_every_format(audio_format: AudioFormat) -> None:
    delivery = Delivery(audio_format, None)
    delivery.push(Speech("a", pcm(777), last=False))
    delivery.push(Speech("b", pcm(1_223), last=True))
    _, wire, sound = drained(delivery)
    assert len(wire) == 2_000 * audio_format.bytes_per_ms
    assert sound == pcm(2_000)
    assert (delivery.sent_ms, delivery.finished) == (2_000, True)


@pytest.mark.parametrize("audio_format", [ULAW, ALAW], ids=lambda f: f.name)
def test_the_cutting_of_speech_does_not_show_in_g711(audio_format: AudioFormat) -> None:
    speech = bytes(range(256)) * 300
    whole, cut = Delivery(audio_format, None), Delivery(audio_format, None)
    whole.push(Speech("a", speech, last=True))
    for at in range(0, len(speech), 4_802):
        cut.push(Speech("a", speech[at : at + 4_802], last=at + 4_802 >= len(speech)))
    assert drained(whole)[1] == drained(cut)[1]


@pytest.mark.parametrize(
    ("length_ms", "sizes"),
    [
        (40, [40]),
        (100, [100]),
        (250, [100, 150]),
        (700, [100, 150, 450]),
        (850, [100, 150, 600]),
        (851, [100, 150, 250, 351]),
    ],
)
def test_the_last_delta_is_the_longest(length_ms: int, sizes: list[float]) -> None:
    delivery = Delivery(PCM16, None)
    delivery.push(Speech("a", pcm(length_ms), last=True))
    assert drained(delivery)[0] == sizes


def test_a_delta_is_not_cut_short_while_more_is_to_come() -> None:
    delivery = Delivery(PCM16, None)
    assert delivery.chunk_ms() is None
    delivery.push(Speech("a", pcm(300), last=False))
    assert drained(delivery)[0] == [100, 150]
    assert not delivery.finished


def test_a_stall_falls_between_two_deltas() -> None:
    delivery = Delivery(PCM16, stall_after_ms=333)
    delivery.push(Speech("a", pcm(1_000), last=True))
    sizes = []
    while (chunk_ms := delivery.chunk_ms()) is not None:
        delivery.take(chunk_ms)
        sizes.append((chunk_ms, delivery.stalls_here))
    assert sizes == [(100, False), (150, False), (83, True), (250, False), (417, False)]


def test_words_are_told_once_and_all() -> None:
    delivery = Delivery(PCM16, None)
    delivery.push(Speech("One two.", pcm(1_000), last=False))
    delivery.push(Speech("Three, four!", pcm(1_000), last=True))
    told = []
    while (chunk_ms := delivery.chunk_ms()) is not None:
        told += delivery.take_words(chunk_ms)
        delivery.take(chunk_ms)
    assert [word.text for word in told] == ["One", " two", ".", " Three", ",", " four", "!"]
    assert [word.at_ms for word in told] == sorted(word.at_ms for word in told)
    assert told[3].at_ms == 1_000


@pytest.mark.parametrize("text", ["It's 5 o'clock; don't wait.", "Größe: 3,5 m – ja?", "a  b\nc"])
def test_tokens_add_up_to_the_text(text: str) -> None:
    assert "".join(tokens_of(text)) == text

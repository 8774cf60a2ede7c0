"""Speech detection on real recordings."""

from bridge.sim.recordings import Utterance, two_cities
from bridge.sim.voice.detector import Detector
from bridge.sim.voice.jobs import WINDOW_MS
from telcodecs.g711 import ulaw_decode
from telcodecs.resample import Upsampler


def recording() -> Utterance:
    return two_cities()[4]


def at_24_khz(pcm: bytes) -> bytes:
    up = Upsampler()
    return up.push(pcm) + up.flush()


def test_speech_is_told_from_silence() -> None:
    pcm = ulaw_decode(recording().ulaw)
    silence = bytes(2 * 8000)
    probabilities = Detector().push(silence + pcm + silence, 8000)
    quiet = 1000 // WINDOW_MS
    assert max(probabilities[: quiet - 1]) < 0.3
    assert max(probabilities[-quiet // 2 :]) < 0.3
    speech = probabilities[quiet + 8 : -quiet - 8]
    assert sum(each > 0.5 for each in speech) > 0.85 * len(speech)


def test_there_is_one_probability_a_window_however_the_audio_is_cut() -> None:
    pcm = at_24_khz(ulaw_decode(recording().ulaw))
    whole = Detector().push(pcm, 24000)
    detector = Detector()
    cut = [detector.push(pcm[at : at + 1234], 24000) for at in range(0, len(pcm), 1234)]
    assert tuple(each for piece in cut for each in piece) == whole
    assert len(whole) == (len(pcm) // 48 - 5) // WINDOW_MS


def test_both_rates_hear_the_same() -> None:
    narrow = ulaw_decode(recording().ulaw)
    low = Detector().push(narrow, 8000)
    high = Detector().push(at_24_khz(narrow), 24000)
    agreeing = sum((a > 0.5) == (b > 0.5) for a, b in zip(low, high, strict=False))
    assert agreeing >= 0.95 * len(high)


def test_detectors_keep_apart() -> None:
    pcm = ulaw_decode(recording().ulaw)
    one, other = Detector(), Detector()
    alone = Detector().push(pcm, 8000)
    mixed: list[float] = []
    for at in range(0, len(pcm), 3200):
        mixed += one.push(pcm[at : at + 3200], 8000)
        other.push(bytes(3200), 8000)
    assert tuple(mixed) == alone

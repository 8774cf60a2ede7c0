"""Human recordings from installed packages."""

import gzip
import wave
from pathlib import Path

import numpy as np
import pytest

from bridge.sim.recordings import (
    RecordingMissing,
    Utterance,
    asterisk_number,
    asterisk_prompts,
    speech_spans,
    two_cities,
    word_error_rate,
)
from bridge.sim.voice.samples import Samples, from_pcm, level_dbfs, to_pcm
from bridge.sim.voice.transcriber import Transcriber
from bridge.sim.word_errors import word_errors, words
from telcodecs.g711 import ulaw_decode
from telcodecs.resample import Upsampler


def samples(utterance: Utterance) -> Samples:
    return from_pcm(ulaw_decode(utterance.ulaw))


def tones(*lengths_ms: int, rate_hz: int = 8000, silence_first: bool = False) -> Samples:
    """Sound and silence by turns."""
    parts = [
        np.full(ms * rate_hz // 1000, 0.0 if number % 2 == int(not silence_first) else 0.3)
        for number, ms in enumerate(lengths_ms)
    ]
    sign = np.resize([1.0, -1.0], sum(part.size for part in parts))
    return np.asarray(np.concatenate(parts) * sign, np.float32)


def test_the_opening_falls_into_seven_utterances_of_the_published_text() -> None:
    utterances = two_cities()
    assert len(utterances) == 7
    assert len({utterance.name for utterance in utterances}) == 7
    text = " ".join(utterance.text for utterance in utterances)
    assert text.startswith("It was the best of times, it was the worst of times,")
    assert text.endswith("in the superlative degree of comparison only.")
    assert len(words(text)) == 119
    for utterance in utterances:
        # People read aloud at about 150 words a minute.
        assert 2.0 <= len(words(utterance.text)) / utterance.seconds <= 4.5
        assert utterance.seconds == len(utterance.ulaw) / 8000


def test_an_utterance_sounds_like_a_telephone() -> None:
    for utterance in two_cities():
        sound = samples(utterance)
        power = np.abs(np.fft.rfft(sound)) ** 2
        hz = np.fft.rfftfreq(sound.size, 1 / 8000)
        within = power[(hz > 250) & (hz < 3450)].sum() / power.sum()
        assert within > 0.99
        assert -28 < level_dbfs(sound) < -18
        assert 0.3 < np.abs(sound).max() < 0.95


def test_the_same_recording_is_cut_the_same_way_each_time() -> None:
    assert two_cities() == two_cities()


def test_the_words_are_understood_over_the_telephone() -> None:
    transcriber = Transcriber()
    errors = wanted = 0
    for utterance in two_cities():
        up = Upsampler()
        pcm = up.push(ulaw_decode(utterance.ulaw)) + up.flush()
        heard = words(transcriber.transcribe(pcm, 24000))
        errors += word_errors(words(utterance.text), heard)
        wanted += len(words(utterance.text))
    assert errors / wanted < 0.12


def test_a_sound_is_cut_at_its_longest_pauses() -> None:
    sound = tones(500, 400, 300, 600, 700, 300, 400)
    assert speech_spans(sound, 8000, 2) == [(0, 1300), (1700, 3200)]
    assert speech_spans(sound, 8000, 3) == [(0, 600), (800, 1300), (1700, 3200)]
    assert speech_spans(sound, 8000, 1) == [(0, 3200)]


def test_a_click_is_no_utterance() -> None:
    sound = tones(500, 50, 800, 1000, 900, 40, 300, silence_first=True)
    assert speech_spans(sound, 8000, 1) == [(1250, 2450)]


def test_too_few_pauses_are_an_error() -> None:
    with pytest.raises(ValueError, match="does not fall into 3 utterances"):
        speech_spans(tones(500, 500, 500), 8000, 3)


@pytest.fixture
def asterisk(tmp_path: Path) -> tuple[Path, Path]:
    """A folder as Debian lays it out, with tones for voices."""
    sounds, texts = tmp_path / "sounds", tmp_path / "core-sounds-en.txt.gz"
    (sounds / "digits").mkdir(parents=True)
    for name, ms in (("hello", 700), ("digits/4", 400), ("digits/7", 500), ("untold", 300)):
        with wave.open(str(sounds / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(to_pcm(tone(ms)))
    lines = "; Core Sounds\n\nhello: Hello.\ndigits/4: four\ndigits/7: seven\nlost: Lost: found.\n"
    texts.write_bytes(gzip.compress(lines.encode()))
    return sounds, texts


def tone(ms: int) -> Samples:
    times = np.arange(ms * 8) / 8000
    return np.asarray(0.2 * np.sin(2 * np.pi * 1000 * times), np.float32)


def test_prompts_come_with_their_texts(asterisk: tuple[Path, Path]) -> None:
    (hello,) = asterisk_prompts(["hello"], *asterisk)
    assert (hello.name, hello.text) == ("hello", "Hello.")
    assert hello.seconds == pytest.approx(0.7, abs=0.01)
    assert level_dbfs(samples(hello)) == pytest.approx(-20, abs=0.5)


def test_a_number_is_spoken_digit_by_digit(asterisk: tuple[Path, Path]) -> None:
    number = asterisk_number("474", 100, *asterisk)
    assert (number.name, number.text) == ("digits/474", "four seven four")
    assert number.seconds == pytest.approx(0.4 + 0.1 + 0.5 + 0.1 + 0.4, abs=0.03)
    assert word_error_rate("4 7 4", number.text) == 0


@pytest.mark.parametrize("name", ["nothing", "untold", "lost"])
def test_a_prompt_without_sound_or_text_is_refused(asterisk: tuple[Path, Path], name: str) -> None:
    with pytest.raises(RecordingMissing, match=f"{name}.*mend: apt-get install asterisk-core"):
        asterisk_prompts([name], *asterisk)


def test_without_the_packages_the_mend_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingMissing, match=r"mend: apt-get install asterisk-core-sounds-en "):
        asterisk_prompts(["hello"], tmp_path, tmp_path / "core-sounds-en.txt.gz")

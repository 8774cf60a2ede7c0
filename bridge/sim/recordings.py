"""Human speech for simulated callers, from recordings that installed packages bring."""

import gzip
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.sim.voice.parts import MEND, moonshine_assets
from bridge.sim.voice.samples import Samples, from_pcm, resample, to_pcm
from bridge.sim.word_errors import word_error_rate as word_error_rate
from telcodecs.g711 import ulaw_encode

RATE_HZ = 8000
BAND_HZ = (300.0, 3400.0)  # of a telephone
SPEECH_DBFS = -20.0
# Frames so far below the loudest one are pauses.
PAUSE_BELOW_DB = 25.0
FRAME_MS = 10
SHORTEST_PAUSE_MS = 200
SHORTEST_PHRASE_MS = 250  # what is shorter is a click
MARGIN_MS = 100  # kept around an utterance

# Charles Dickens, A Tale of Two Cities (1859), book 1, chapter 1, as published: one line for
# each utterance of the reader.
TWO_CITIES = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, "
    "it was the age of foolishness,",
    "it was the epoch of belief, it was the epoch of incredulity,",
    "it was the season of Light, it was the season of Darkness,",
    "it was the spring of hope, it was the winter of despair,",
    "we had everything before us, we had nothing before us,",
    "we were all going direct to Heaven, we were all going direct the other way\u2014",
    "in short, the period was so far like the present period, that some of its noisiest "
    "authorities insisted on its being received, for good or for evil, in the superlative "
    "degree of comparison only.",
)

ASTERISK_SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
ASTERISK_TEXTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
ASTERISK_MEND = "apt-get install asterisk-core-sounds-en asterisk-core-sounds-en-wav"


class RecordingMissing(Exception):
    """A recording is not on this machine; the text names the mend."""


@dataclass(frozen=True)
class Utterance:
    """Something said by a human: mu-law at 8 kHz, and the words in it."""

    name: str
    ulaw: bytes
    text: str

    @property
    def seconds(self) -> float:
        return len(self.ulaw) / RATE_HZ


def two_cities() -> tuple[Utterance, ...]:
    """The opening of A Tale of Two Cities, cut at the reader's six longest pauses.

    Raises ``VoiceMissing`` or ``RecordingMissing``.
    """
    path = moonshine_assets() / "two_cities.wav"
    if not path.is_file():
        raise RecordingMissing(f"{path} is absent; mend: {MEND}")
    sound, rate_hz = _read(path)
    spans = speech_spans(sound, rate_hz, len(TWO_CITIES))
    telephone = _telephone(sound, rate_hz)
    cut = [telephone[_samples(start_ms) : _samples(end_ms)] for start_ms, end_ms in spans]
    return tuple(
        Utterance(f"two_cities/{number}", _ulaw(piece), text)
        for number, (piece, text) in enumerate(zip(cut, TWO_CITIES, strict=True), start=1)
    )


def asterisk_prompts(
    names: Iterable[str], sounds: Path = ASTERISK_SOUNDS, texts: Path = ASTERISK_TEXTS
) -> list[Utterance]:
    """Prompts of Debian's Asterisk packages, such as "hello" or "digits/4".

    Raises ``RecordingMissing`` for one that is absent or has no text.
    """
    written = asterisk_texts(texts)
    return [_prompt(name, sounds, written) for name in names]


def asterisk_number(
    number: str,
    pause_ms: int = 120,
    sounds: Path = ASTERISK_SOUNDS,
    texts: Path = ASTERISK_TEXTS,
) -> Utterance:
    """A number spoken digit by digit, with pauses between; its text is the digits' words."""
    digits = asterisk_prompts([f"digits/{digit}" for digit in number], sounds, texts)
    pause = ulaw_encode(bytes(2 * _samples(pause_ms)))
    text = " ".join(digit.text for digit in digits)
    return Utterance(f"digits/{number}", pause.join(digit.ulaw for digit in digits), text)


def asterisk_texts(path: Path = ASTERISK_TEXTS) -> dict[str, str]:
    """What each Asterisk prompt says, by its name."""
    if not path.is_file():
        raise RecordingMissing(f"{path} is absent; mend: {ASTERISK_MEND}")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = (line.strip() for line in file)
        pairs = (line.split(": ", 1) for line in lines if ": " in line and line[0] != ";")
        return {name: text.strip() for name, text in pairs}


def speech_spans(sound: Samples, rate_hz: int, count: int) -> list[tuple[int, int]]:
    """Start and end in milliseconds of ``count`` utterances: the sound without its longest pauses.

    Raises ``ValueError`` when there are not so many pauses.
    """
    phrases = _phrases(_loud(sound, rate_hz))
    if len(phrases) < count:
        raise ValueError(f"the sound does not fall into {count} utterances")
    pauses = np.array([after[0] - before[1] for before, after in pairwise(phrases)], np.int64)
    cuts = sorted(np.argsort(-pauses, kind="stable")[: count - 1].tolist())
    starts = [phrases[0][0], *(phrases[cut + 1][0] for cut in cuts)]
    ends = [*(phrases[cut][1] for cut in cuts), phrases[-1][1]]
    whole_ms = sound.size * 1000 // rate_hz
    return [
        (max(0, start * FRAME_MS - MARGIN_MS), min(whole_ms, end * FRAME_MS + MARGIN_MS))
        for start, end in zip(starts, ends, strict=True)
    ]


def _loud(sound: Samples, rate_hz: int) -> NDArray[np.bool_]:
    frame = rate_hz * FRAME_MS // 1000
    frames = sound[: sound.size // frame * frame].reshape(-1, frame)
    power = np.mean(frames.astype(np.float64) ** 2, axis=1)
    return np.asarray(power > power.max(initial=0.0) * 10 ** (-PAUSE_BELOW_DB / 10))


def _phrases(loud: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First frame and frame after the last of each run of loud frames, clicks left out."""
    at = np.flatnonzero(loud)
    runs = np.split(at, np.flatnonzero(np.diff(at) > SHORTEST_PAUSE_MS // FRAME_MS) + 1)
    spans = [(int(run[0]), int(run[-1]) + 1) for run in runs if run.size]
    return [span for span in spans if (span[1] - span[0]) * FRAME_MS >= SHORTEST_PHRASE_MS]


def _prompt(name: str, sounds: Path, written: dict[str, str]) -> Utterance:
    path = sounds / f"{name}.wav"
    if not path.is_file() or name not in written:
        raise RecordingMissing(f"no Asterisk prompt {name!r} at {path}; mend: {ASTERISK_MEND}")
    sound, rate_hz = _read(path)
    ((start_ms, end_ms),) = speech_spans(sound, rate_hz, 1)
    telephone = _telephone(sound, rate_hz)[_samples(start_ms) : _samples(end_ms)]
    return Utterance(name, _ulaw(telephone), written[name])


def _telephone(sound: Samples, rate_hz: int) -> Samples:
    """At 8 kHz, in a telephone's band, its speech at ``SPEECH_DBFS``."""
    narrow = resample(sound, rate_hz, RATE_HZ, BAND_HZ)
    frame = RATE_HZ * FRAME_MS // 1000
    loud = np.repeat(_loud(narrow, RATE_HZ), frame)
    speech = narrow[: loud.size][loud].astype(np.float64)
    gain = 10 ** (SPEECH_DBFS / 20) / float(np.sqrt(np.mean(speech**2)))
    return (narrow * gain).astype(np.float32)


def _read(path: Path) -> tuple[Samples, int]:
    with wave.open(str(path), "rb") as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise RecordingMissing(f"{path} is not 16 bit mono")
        return from_pcm(file.readframes(file.getnframes())), file.getframerate()


def _ulaw(sound: Samples) -> bytes:
    return ulaw_encode(to_pcm(sound))


def _samples(ms: int) -> int:
    return ms * RATE_HZ // 1000

"""The voice without libraries."""

import asyncio

import numpy as np

from bridge.sim.voice.jobs import (
    Detect,
    Probabilities,
    Result,
    Speak,
    Speech,
    Transcribe,
    Transcript,
)
from bridge.sim.voice.scripted import ScriptedVoice, ScriptedVoiceSession
from bridge.sim.voice.timecode import Slot, decode_all
from telcodecs.g711 import ulaw_encode
from telcodecs.resample import Downsampler


def tone(level_dbfs: float, samples: int) -> bytes:
    amplitude = 32768 * 10 ** (level_dbfs / 20) * np.sqrt(2)
    pcm: bytes = (amplitude * np.sin(np.arange(samples) * 0.3)).astype("<i2").tobytes()
    return pcm


def detected(session: ScriptedVoiceSession, pcm: bytes, rate_hz: int) -> tuple[float, ...]:
    (result,) = session.answer(Detect(pcm, rate_hz))
    assert isinstance(result, Probabilities)
    return result.values


def spoken(session: ScriptedVoiceSession, job: Speak) -> Speech:
    (result,) = session.answer(job)
    assert isinstance(result, Speech)
    return result


def test_what_is_loud_is_speech() -> None:
    session = ScriptedVoiceSession()
    pcm = bytes(512) + tone(-39, 256) + tone(-41, 256) + tone(-10, 256)
    assert detected(session, pcm, 8000) == (0.02, 0.95, 0.02, 0.95)


def test_ragged_pushes_make_the_same_windows() -> None:
    pcm = (bytes(768 * 2) + tone(-20, 768)) * 5
    session = ScriptedVoiceSession()
    values: list[float] = []
    for at in range(0, len(pcm), 959):
        values += detected(session, pcm[at : at + 959], 24000)
    assert values == [0.02, 0.95] * 5


def test_sessions_keep_apart() -> None:
    voice = ScriptedVoice()
    one, other = voice.open(), voice.open()
    assert detected(one, bytes(256), 8000) == ()
    assert detected(other, tone(-20, 256), 8000) == (0.95,)
    spoken(one, Speak("a", "ada"))
    assert (
        spoken(other, Speak("a", "ada", 20)).pcm
        == spoken(ScriptedVoiceSession(), Speak("b", "ada", 20)).pcm
    )


def test_speech_is_a_time_code_of_its_own_stream() -> None:
    session = ScriptedVoiceSession()
    for stream in range(3):
        speech = spoken(session, Speak("Hello.", "ada", duration_ms=100))
        down = Downsampler()
        heard = decode_all(ulaw_encode(down.push(speech.pcm) + down.flush()))
        assert heard == [Slot(stream, slot) for slot in range(5)]
        assert (speech.text, speech.last) == ("Hello.", True)


def test_without_a_duration_the_text_makes_the_length() -> None:
    session = ScriptedVoiceSession()
    assert len(spoken(session, Speak("Hi.", "ada")).pcm) == 400 * 48
    assert len(spoken(session, Speak("Ten letters", "ada")).pcm) == 660 * 48


def test_a_transcript_is_tones_or_what_it_is_told() -> None:
    job = Transcribe(bytes(48000), 24000)
    assert ScriptedVoiceSession().answer(job) == [Transcript("(tones)")]
    session = ScriptedVoice(lambda job: f"{len(job.pcm) // 48} ms").open()
    assert session.answer(job) == [Transcript("1000 ms")]


def test_the_same_answers_come_through_the_port() -> None:
    async def asked() -> list[Result]:
        session = ScriptedVoice().open()
        results = [each async for each in session.ask(Speak("Hello.", "ada", 40))]
        results += [each async for each in session.ask(Transcribe(b"", 8000))]
        await session.close()
        return results

    speech, transcript = asyncio.run(asked())
    assert isinstance(speech, Speech)
    assert transcript == Transcript("(tones)")

"""The voice in its own process."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator

import psutil
import pytest

from bridge.sim.recordings import two_cities
from bridge.sim.voice.jobs import (
    Detect,
    Failed,
    Job,
    Probabilities,
    Result,
    Speak,
    Speech,
    Transcribe,
    Transcript,
)
from bridge.sim.voice.port import VoiceSession
from bridge.sim.voice.process import LocalVoice, VoiceError, local_voice
from bridge.sim.word_errors import word_error_rate
from telcodecs.g711 import ulaw_decode

UTTERANCE = two_cities()[4]
PCM = ulaw_decode(UTTERANCE.ulaw)


WithVoice = Callable[[Callable[[LocalVoice], Coroutine[None, None, None]]], None]


@pytest.fixture(scope="module")
def with_voice() -> Iterator[WithVoice]:
    """One worker for all tests that leave it alive."""
    with asyncio.Runner() as runner:
        opening = local_voice()
        voice = runner.run(opening.__aenter__())
        yield lambda use: runner.run(use(voice))
        runner.run(opening.__aexit__(None, None, None))


async def answer(session: VoiceSession, job: Job) -> list[Result]:
    return [result async for result in session.ask(job)]


def worker_that(does: str) -> tuple[str, ...]:
    """A worker of few words: it starts, does what it is told, and is gone."""
    head = (
        "import sys\n"
        "from bridge.sim.voice.frames import Frame, Ready, pack, read\n"
        "from bridge.sim.voice.jobs import Failed, Transcript\n"
        "def send(number, body):\n"
        "    sys.stdout.buffer.write(pack(Frame(0, number, body)))\n"
        "    sys.stdout.buffer.flush()\n"
    )
    return (sys.executable, "-c", head + does)


def test_it_detects_transcribes_and_speaks(with_voice: WithVoice) -> None:
    async def use(voice: LocalVoice) -> None:
        session = voice.open()
        detected, transcribed, spoken = await asyncio.gather(
            answer(session, Detect(PCM, 8000)),
            answer(session, Transcribe(PCM, 8000)),
            answer(session, Speak("Good day. How are you?", "ada")),
        )
        (probabilities,) = detected
        assert isinstance(probabilities, Probabilities)
        assert len(probabilities.values) == len(PCM) // 512
        assert max(probabilities.values) > 0.9
        (transcript,) = transcribed
        assert isinstance(transcript, Transcript)
        assert word_error_rate(UTTERANCE.text, transcript.text) <= 0.1
        assert [(each.text, each.last) for each in spoken if isinstance(each, Speech)] == [
            ("Good day. ", False),
            ("How are you?", True),
        ]

    with_voice(use)


def test_a_transcription_delays_neither_detection_nor_speech(with_voice: WithVoice) -> None:
    async def use(voice: LocalVoice) -> None:
        session, other = voice.open(), voice.open()
        long = asyncio.create_task(answer(session, Transcribe(PCM * 20, 8000)))
        await answer(other, Detect(PCM, 8000))
        await answer(other, Speak("Hello.", "ada"))
        assert not long.done()
        assert isinstance((await long)[0], Transcript)

    with_voice(use)


def test_jobs_are_on_their_way_in_the_order_asked(with_voice: WithVoice) -> None:
    async def use(voice: LocalVoice) -> None:
        one, other = voice.open(), voice.open()
        frames = [PCM[at : at + 320] for at in range(0, 16000, 320)]
        asked = [one.ask(Detect(frame, 8000)) for frame in frames]
        cut = [result for results in reversed(asked) async for result in results]
        (whole,) = await answer(other, Detect(PCM[:16000], 8000))
        assert isinstance(whole, Probabilities)
        assert whole.values == tuple(
            value
            for each in reversed(cut)
            if isinstance(each, Probabilities)
            for value in each.values
        )

    with_voice(use)


def test_an_engines_fault_is_told_and_the_voice_goes_on(with_voice: WithVoice) -> None:
    async def use(voice: LocalVoice) -> None:
        session = voice.open()
        (failed,) = await answer(session, Transcribe(b"\x00", 8000))
        assert isinstance(failed, Failed)
        assert failed.reason.startswith("transcription: ")
        assert isinstance((await answer(session, Transcribe(PCM, 8000)))[0], Transcript)

    with_voice(use)


def test_a_killed_worker_fails_its_jobs_and_is_replaced_once() -> None:
    async def run() -> None:
        async with local_voice() as voice:
            for restarts in (True, False):
                session = voice.open()
                pid = voice.pid
                assert pid is not None
                results = session.ask(Transcribe(PCM * 20, 8000))
                os.kill(pid, signal.SIGKILL)
                assert [result async for result in results] == [
                    Failed(f"the voice process ended with code {-signal.SIGKILL}")
                ]
                assert await voice.ready() is restarts
                (result,) = await answer(session, Detect(PCM, 8000))
                assert isinstance(result, Probabilities if restarts else Failed)

    asyncio.run(run())


def test_no_process_is_left_behind() -> None:
    async def run() -> psutil.Process:
        async with local_voice() as voice:
            voice.open().ask(Transcribe(PCM * 20, 8000))
            return psutil.Process(voice.pid)

    assert not asyncio.run(run()).is_running()


def test_a_worker_ends_when_its_owner_is_killed() -> None:
    owner = (
        "import asyncio, os, signal\n"
        "from bridge.sim.voice.process import local_voice\n"
        "async def main():\n"
        "    async with local_voice() as voice:\n"
        "        print(voice.pid, flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )

    async def run() -> psutil.Process | None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", owner, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        pid = int(await process.stdout.readline())
        await process.wait()
        try:
            return psutil.Process(pid)
        except psutil.NoSuchProcess:
            return None

    worker = asyncio.run(run())
    if worker is not None:
        worker.wait(timeout=5)


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("send(0, Failed('hibari-tts is not installed'))", "hibari-tts is not installed"),
        ("sys.exit(3)", "ended with code 3 before it was ready"),
        ("print('a library that prints instead of frames')", "before it was ready"),
    ],
)
def test_a_worker_that_cannot_start_is_an_error_with_its_reason(does: str, reason: str) -> None:
    async def run() -> None:
        async with local_voice(worker_that(does)):
            raise AssertionError("started")

    with pytest.raises(VoiceError, match=reason):
        asyncio.run(run())


def test_results_nobody_waits_for_are_passed_over() -> None:
    script = (
        "send(0, Ready())\n"
        "frame = read(sys.stdin.buffer)\n"
        "send(4711, Transcript('not asked for'))\n"
        "send(frame.number, Transcript('asked for'))\n"
        "send(frame.number, Transcript('again'))\n"
        "read(sys.stdin.buffer)\n"
    )

    async def run() -> list[Result]:
        async with local_voice(worker_that(script)) as voice:
            return await answer(voice.open(), Transcribe(b"", 8000))

    assert asyncio.run(run()) == [Transcript("asked for")]


def test_a_closed_session_asks_nothing_more() -> None:
    async def run() -> None:
        async with local_voice(worker_that("send(0, Ready())\nread(sys.stdin.buffer)")) as voice:
            session = voice.open()
            await session.close()
            await session.close()
            session.ask(Detect(b"", 8000))

    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(run())

"""Live calls with a caller of ours, in the time of a loop that jumps."""

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

from bridge.agents.document import load
from bridge.functions import from_python
from bridge.sim.model.reply import FunctionCall, Reply, Spoken
from bridge.sim.voice.timecode import encode
from bridge.transport.model import ModelPeer
from bridge.trials.paced_caller import Answered, Gap, Over, PacedCaller, PacedStep
from bridge.trials.phone_line import PhoneLine
from bridge.trials.replay_live import replay_live
from bridge.trials.spoken import converse, telephone, write_call
from bridge.trials.stereo import Stereo
from bridge.trials.stored import Course
from bridge.wire.dialect import GA
from tests.support.ends import ModelEnd
from tests.support.sockets import pulled_frames, socket_pair
from tests.support.stored import ORDERS, config_of, hold
from tests.support.virtual_time import left_over, run


class Model:
    """Opens one session of a model that says what it was told to say."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = replies
        self._runs: asyncio.Task[None] | None = None

    async def open(self) -> ModelPeer:
        near, far = socket_pair()
        self._runs = asyncio.create_task(ModelEnd(far, self._replies).run())
        return ModelPeer(near, GA)


def says(text: str) -> Reply:
    return Reply((Spoken(text),))


def speak(text: str) -> bytes:
    """PCM16 at 24 kHz: so many milliseconds as the text has letters, times sixty."""
    return encode(0, 60 * len(text), 24_000)


async def each(texts: list[str]) -> AsyncIterator[str]:
    for text in texts:
        yield text


def find_order(number: str) -> dict[str, str]:
    """Find an order."""
    return {"state": f"{number} is sent"}


FUNCTION = from_python(find_order, name="find_order")
CALLS = Reply((FunctionCall("find_order", '{"number": "4711"}'),))
ENDS = Reply((Spoken("Goodbye."), FunctionCall("end_call", "{}")))


def talk(texts: list[str], *replies: Reply) -> tuple[Course, Stereo, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []

    async def main() -> tuple[Course, Stereo]:
        found = await converse(
            config_of(load(ORDERS)),
            each(texts),
            speak,
            Model(*replies).open,
            {"find_order": FUNCTION},
            lambda who, what: told.append((who, what)),
        )
        assert await left_over() == set()
        return found

    course, sound = run(main())
    return course, sound, told


def test_what_is_typed_is_spoken_and_answered() -> None:
    course, sound, told = talk(["My order, please."], says("Hello."), CALLS, says("It is sent."))
    assert told == [
        ("agent", "Hello."),
        ("function", 'find_order {"number": "4711"} -> {"state":"4711 is sent"}'),
        ("caller", "(tones)"),
        ("agent", "It is sent."),
    ]
    assert course.outcome == "caller hung up"
    assert abs(len(sound.caller_ulaw) / 8000 - course.seconds) < 0.5
    assert any(byte != 0xFF for byte in sound.agent_ulaw)
    assert course.seconds < 8  # nobody waited for nothing


def test_an_agent_that_hangs_up_ends_the_conversation() -> None:
    course, _, told = talk(["Bye.", "Still there?"], says("Hello."), ENDS)
    assert course.outcome == "completed"
    assert [what for who, what in told if who == "caller"] == ["(tones)"]


def test_the_sound_of_a_conversation_is_a_file_that_every_player_reads(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    write_call(path, Stereo(telephone(speak("caller")), telephone(bytes(6 * 60 * 48))))
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        frames = file.readframes(file.getnframes())
    assert len(frames) == 4 * 8 * 60 * 6
    assert max(frames[0::4]) > 0 and set(frames[2::4]) == {0}


def test_a_line_nobody_answers_is_over_when_the_caller_hangs_up() -> None:
    async def main() -> str | None:
        line = PhoneLine(PacedCaller([PacedStep(None, Gap(1000))]))
        heard = pulled_frames(line)
        await line.run()
        while await heard.receive() is not None:
            pass
        return heard.why_closed

    assert run(main()) == "the call is over"


def test_a_stored_call_is_run_again_in_real_time() -> None:
    said = (("It is 4711.", Answered(900)), ("Wait, what?", Over(1200)), ("Ah.", Answered(600)))
    stored, words = hold(said, Answered(1000))
    order = says("Order 4711 is sent, and there is nothing more to it.")

    async def main() -> list[str]:
        replayed = await replay_live(
            stored,
            config_of(load(ORDERS)),
            {"find_order": FUNCTION},
            Model(says("Order line."), CALLS, order, says("As I said."), says("Yes.")).open,
            words.open,
        )
        assert await left_over() == set()
        (function,) = replayed.now.functions
        assert function.output == stored.course.functions[0].output
        assert abs(function.took_s - stored.course.functions[0].took_s) < 0.1
        assert replayed.now.outcome == "caller hung up"
        assert replayed.now.barge_ins == 1
        return [record.how for record in replayed.records]

    assert run(main()) == ["as planned"] * 4

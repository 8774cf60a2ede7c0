"""What each part of the hot path costs by itself.

    python -m tests.bench.micro [--json] [--rounds 40]

Processor time of this thread, microseconds for one of each, the parts taking turns within every
round; medians of the rounds. "Call, caller frame" is the whole way of a frame through what does no
input or output: parse, state machine with codec, serialize. "Call, delta" is that of 200 ms of
sound from the model.
"""

import argparse
import base64
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bridge.call.call import Call
from bridge.call.config import CallConfig
from bridge.call.playback import Playback
from bridge.sim.voice import timecode
from bridge.wire import dialect, realtime, twilio
from bridge.wire.session import AudioFormat, SessionConfig
from telcodecs.g711 import ulaw_decode, ulaw_encode
from telcodecs.resample import Downsampler, Upsampler

FRAMES = 50  # timed at a stretch: one second of a caller, ten of the assistant
DELTA_MS = 200
STREAM_SID = "MZ" + "0" * 32
FORMATS: tuple[AudioFormat, ...] = ("pcm16", "g711_ulaw")
GA_NAMES = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu"}

Timed = Callable[[], float]  # one stretch: microseconds for one


def each(do: Callable[[Any], object], inputs: Sequence[Any]) -> Timed:
    def stretch() -> float:
        began = time.thread_time_ns()
        for it in inputs:
            do(it)
        return (time.thread_time_ns() - began) / 1000 / len(inputs)

    return stretch


def cut(sound: bytes, size: int) -> list[bytes]:
    return [sound[at : at + size] for at in range(0, len(sound), size)]


NARROW = timecode.encode(1, FRAMES * 20, 8000)
ULAW_FRAMES = cut(ulaw_encode(NARROW), 160)
WIDE_FRAMES = cut(timecode.encode(1, FRAMES * 20, 24000), 960)


def media_text(number: int) -> bytes:
    media = {
        "track": "inbound",
        "chunk": str(number + 1),
        "timestamp": str(number * 20),
        "payload": base64.b64encode(ULAW_FRAMES[number % FRAMES]).decode(),
    }
    message = {"event": "media", "sequenceNumber": str(number + 2), "media": media}
    return json.dumps(message | {"streamSid": STREAM_SID}, separators=(",", ":")).encode()


def delta_text(sound: bytes) -> bytes:
    event = {
        "type": "response.output_audio.delta",
        "event_id": "event_1",
        "response_id": "resp_1",
        "item_id": "item_1",
        "output_index": 0,
        "content_index": 0,
        "delta": base64.b64encode(sound).decode(),
    }
    return json.dumps(event, separators=(",", ":")).encode()


def deltas(audio_format: AudioFormat) -> list[bytes]:
    """A second of sound, again and again."""
    pcm = timecode.encode(1, 1000, 24000)
    sound, per_ms = (pcm, 48) if audio_format == "pcm16" else (ulaw_encode(NARROW), 8)
    return [delta_text(piece) for piece in cut(sound, DELTA_MS * per_ms)] * (FRAMES // 5)


def codec() -> dict[str, Timed]:
    return {
        "codec: mu-law to PCM16, 20 ms": each(ulaw_decode, ULAW_FRAMES),
        "codec: PCM16 to mu-law, 20 ms": each(ulaw_encode, cut(NARROW, 320)),
        "codec: 8 to 24 kHz, 20 ms": each(Upsampler().push, cut(NARROW, 320)),
        "codec: 24 to 8 kHz, 20 ms": each(Downsampler().push, WIDE_FRAMES),
    }


def wire() -> dict[str, Timed]:
    found: dict[str, Timed] = {
        "wire: parse media": each(twilio.parse, [media_text(n) for n in range(FRAMES)]),
        "wire: serialize media": each(_to_carrier, [twilio.Media(it) for it in ULAW_FRAMES]),
        "wire: serialize mark": each(_to_carrier, [twilio.Mark(f"0.{n}") for n in range(FRAMES)]),
    }
    for audio_format, pieces in zip(FORMATS, (WIDE_FRAMES, ULAW_FRAMES), strict=True):
        appends = [dialect.Append(it) for it in pieces]
        found[f"wire: serialize append, {audio_format}"] = each(_to_model, appends)
        found[f"wire: parse delta of {DELTA_MS} ms, {audio_format}"] = each(
            realtime.parse, deltas(audio_format)
        )
    return found


def _to_carrier(message: twilio.CarrierMessage) -> str | bytes:
    return twilio.serialize(message, STREAM_SID)


def _to_model(message: dialect.ModelMessage) -> str | bytes:
    return dialect.serialize(message, dialect.GA)


class Ledger:
    """A playback account in the middle of a long answer, at the pace of a service."""

    def __init__(self) -> None:
        self.playback = Playback()
        self.now = 0.0
        self.marks: list[str] = []

    def add(self, frames: bytes) -> None:
        self.now += len(frames) / 8000
        out = self.playback.add("item_1", 0, frames, len(frames) / 8, self.now)
        self.marks += [it.name for it in out if isinstance(it, twilio.Mark)]

    def mark(self, _: object) -> None:
        self.playback.mark(self.marks.pop(0), self.now)

    def clear(self, _: object) -> None:
        self.playback.clear(self.now)


def ledger() -> dict[str, Timed]:
    book, cleared = Ledger(), Ledger()
    adds = [bytes(DELTA_MS * 8)] * FRAMES
    added = each(book.add, adds)

    def marks() -> float:
        while len(book.marks) < FRAMES:
            book.add(adds[0])
        taken = each(book.mark, adds)()
        book.playback.clear(book.now)
        book.marks.clear()
        return taken

    def clears() -> float:
        taken = 0.0
        for piece in adds:
            cleared.add(piece)
            taken += each(cleared.clear, [None])()
        cleared.marks.clear()
        return taken / FRAMES

    return {
        f"ledger: add {DELTA_MS} ms": added,
        "ledger: mark comes back": marks,
        "ledger: clear": clears,
    }


class Running:
    """A call that has been greeted, fed as the peers feed it."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self.now = 0.0
        self.n_frames = 0
        self.call = Call(CallConfig(SessionConfig("Keep time.", audio_format=audio_format)), 0.0)
        audio = {"format": {"type": GA_NAMES[audio_format]}}
        self._from_model({"type": "session.created", "session": {"id": "s"}})
        self._from_model(
            {
                "type": "session.updated",
                "session": {"id": "s", "audio": {"input": audio, "output": audio}},
            }
        )
        started = twilio.Start(STREAM_SID, "CA1", "AC1", twilio.ENCODING, twilio.RATE_HZ, 1, {})
        self.call.from_carrier(started, 0.0)
        self._from_model({"type": "response.created", "response": {"id": "resp_1"}})

    def _from_model(self, event: dict[str, Any]) -> None:
        self.call.from_model(realtime.parse(json.dumps(event)), self.now)

    def caller_frame(self, text: bytes) -> None:
        self.now += 0.02
        for message in self.call.from_carrier(twilio.parse(text), self.now):
            assert isinstance(message, dialect.Append)
            _to_model(message)
        self.call.deadline()

    def delta(self, text: bytes) -> list[str]:
        """Names of the marks that go with it."""
        self.now += DELTA_MS / 1000
        marks: list[str] = []
        for message in self.call.from_model(realtime.parse(text), self.now):
            assert isinstance(message, twilio.Media | twilio.Mark)
            _to_carrier(message)
            if isinstance(message, twilio.Mark):
                marks.append(message.name)
        self.call.deadline()
        return marks


def calls() -> dict[str, Timed]:
    found: dict[str, Timed] = {}
    for audio_format in FORMATS:
        found[f"Call, caller frame, {audio_format}"] = _caller_frames(Running(audio_format))
        found[f"Call, delta of {DELTA_MS} ms, {audio_format}"] = _deltas(
            Running(audio_format), deltas(audio_format)
        )
    return found


def _caller_frames(running: Running) -> Timed:
    def stretch() -> float:
        texts = [media_text(running.n_frames + n) for n in range(FRAMES)]
        running.n_frames += FRAMES
        return each(running.caller_frame, texts)()

    return stretch


def _deltas(running: Running, texts: list[bytes]) -> Timed:
    def stretch() -> float:
        taken, marks = 0, []
        for text in texts:
            began = time.thread_time_ns()
            marks = running.delta(text)
            taken += time.thread_time_ns() - began
            for name in marks:  # played at once, and not timed
                running.call.from_carrier(twilio.Mark(name), running.now)
        return taken / 1000 / len(texts)

    return stretch


def micro(rounds: int) -> dict[str, float]:
    parts: Mapping[str, Timed] = codec() | wire() | ledger() | calls()
    taken: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(rounds):
        for name, stretch in parts.items():
            taken[name].append(stretch())
    return {name: statistics.median(values) for name, values in taken.items()}


def text(rows: Mapping[str, float]) -> str:
    return "\n".join(f"{name:44}{us:>9.2f} us" for name, us in rows.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()
    rows = micro(asked.rounds)
    print(json.dumps(rows, indent=1) if asked.json else text(rows))


if __name__ == "__main__":
    main()

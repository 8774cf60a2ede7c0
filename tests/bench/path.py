"""What our own code costs a message, from the socket's callback to the write.

    python -m tests.bench.path [--rounds 40] [--json]

A call of a server in this process, on real sockets until it talks; then the sockets' transports
are replaced by one that swallows, and messages are put in where the event loop would: WebSocket
frames, parser, state machine, codec and serializer are measured, event loop and kernel are not.
Processor time of this thread, microseconds for one message, medians of the rounds.

"Caller frame" is 20 ms of the caller, to the model; "delta" is 250 ms of the assistant, with the
marks between, to the carrier; "mark" is one of those coming back.
"""

import argparse
import asyncio
import base64
import json
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.cli.loop import run
from bridge.serving import listen, server
from bridge.settings import Settings
from bridge.sim.voice import timecode
from bridge.wire.session import AudioFormat
from telcodecs.g711 import ulaw_encode
from tests.bench import frames
from tests.bench.load import Load, Sessions, model
from tests.bench.one_call import AGENT
from tests.support.ends import sid
from tests.support.house import environ

FORMATS: tuple[AudioFormat, ...] = ("pcm16", "g711_ulaw")
CALLER_FRAMES = 50  # timed at a stretch
DELTAS, DELTA_MS = 8, 250
MARK_NAME = re.compile(rb'"mark":\{"name":"([^"]+)"')


class Swallow(asyncio.Transport):
    """Where the writes end."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


@dataclass
class Line:
    """A call whose messages are put in by hand."""

    from_carrier: Callable[[bytes], None]
    from_model: Callable[[bytes], None]
    to_carrier: Swallow
    to_model: Swallow
    stream_sid: str
    n_frames: int
    n_answers: int = 0
    marks: list[bytes] = field(default_factory=list)

    def caller_frames(self) -> list[bytes]:
        cuts = _caller_ulaw()
        made = []
        for ulaw in cuts:
            body = {
                "track": "inbound",
                "chunk": str(self.n_frames + 1),
                "timestamp": str(self.n_frames * 20),
                "payload": base64.b64encode(ulaw).decode(),
            }
            made.append(self._carrier_frame("media", body))
            self.n_frames += 1
        return made

    def _carrier_frame(self, event: str, body: dict[str, str]) -> bytes:
        message = {"event": event, "sequenceNumber": "7", event: body, "streamSid": self.stream_sid}
        return frames.frame(json.dumps(message, separators=(",", ":")).encode(), mask=128)

    def begin_answer(self) -> None:
        self.n_answers += 1
        self._event("response.created", response={"id": f"path_{self.n_answers}"})

    def end_answer(self) -> None:
        item = {"id": f"item_{self.n_answers}", "type": "message", "role": "assistant"}
        self._event("response.output_item.done", response_id=f"path_{self.n_answers}", item=item)
        self._event(
            "response.done", response={"id": f"path_{self.n_answers}", "status": "completed"}
        )

    def _event(self, kind: str, **body: Any) -> None:
        self.from_model(frames.frame(json.dumps({"type": kind, **body}).encode()))

    def deltas(self, sound: bytes) -> list[bytes]:
        size = len(sound) // DELTAS
        head = {
            "type": "response.output_audio.delta",
            "event_id": "event_1",
            "response_id": f"path_{self.n_answers}",
            "item_id": f"item_{self.n_answers}",
            "output_index": 0,
            "content_index": 0,
        }
        pieces = [sound[at : at + size] for at in range(0, len(sound), size)]
        events = [head | {"delta": base64.b64encode(piece).decode()} for piece in pieces]
        return [frames.frame(json.dumps(event).encode()) for event in events]

    def returned_marks(self) -> list[bytes]:
        """Of all audio sent since this was last asked."""
        names = MARK_NAME.findall(b"".join(self.to_carrier.written))
        self.to_carrier.written.clear()
        return [self._carrier_frame("mark", {"name": name.decode()}) for name in names]


def _caller_ulaw() -> list[bytes]:
    ulaw = ulaw_encode(timecode.encode(1, CALLER_FRAMES * 20, 8000))
    return [ulaw[at : at + 160] for at in range(0, len(ulaw), 160)]


def _sound(audio_format: AudioFormat) -> bytes:
    hz = 24_000 if audio_format == "pcm16" else 8_000
    pcm = timecode.encode(2, DELTAS * DELTA_MS, hz)
    return pcm if audio_format == "pcm16" else ulaw_encode(pcm)


@asynccontextmanager
async def call(audio_format: AudioFormat, number: int, sessions: Sessions) -> AsyncIterator[Line]:
    """Between its answers: what the peers send by themselves is stopped."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        agent = folder / "agent.yaml"
        agent.write_text(AGENT.format(audio_format=audio_format))
        settings = environ(f"http{sessions.origin}", folder, OFFHOOK_AGENT=str(agent))
        parsed = Settings.from_env(settings)
        listening = listen(parsed.host, parsed.port)
        async with server(parsed, listening) as bound:
            ready = asyncio.Event()
            running = asyncio.create_task(bound.run_until_stopped(listening, lambda _: ready.set()))
            await ready.wait()
            load = Load(f"{bound.origin}/twilio/voice", sessions)
            await load.start(number, 1, settle_s=8.0)  # the greeting, to its end
            (live,) = bound.registry._running
            (end,) = load._calls
            assert end._timer is not None and live._model is not None
            end._timer.cancel()
            media: Any = live._carrier._socket
            connection: Any = live._model._socket
            to_carrier, to_model = Swallow(), Swallow()
            real = media._transport, connection._connection.transport
            media._transport, connection._connection.transport = to_carrier, to_model
            yield Line(
                media.data_received,
                connection._connection.data_received,
                to_carrier,
                to_model,
                sid(number, "MZ"),
                end._n_frames,
            )
            media._transport, connection._connection.transport = real
            await load.stop()
            bound.stop()
            await running


def taken_us(put: Callable[[bytes], None], messages: Sequence[bytes]) -> float:
    began = time.thread_time_ns()
    for message in messages:
        put(message)
    return (time.thread_time_ns() - began) / 1000 / len(messages)


def one_round(line: Line, sound: bytes) -> tuple[float, float, float]:
    inbound = taken_us(line.from_carrier, line.caller_frames())
    assert len(line.to_model.written) == CALLER_FRAMES
    line.to_model.written.clear()
    line.begin_answer()
    outbound = taken_us(line.from_model, line.deltas(sound))
    line.end_answer()
    marks = line.returned_marks()
    assert len(marks) >= DELTAS * DELTA_MS // 100
    back = taken_us(line.from_carrier, marks)
    line.to_model.written.clear()
    return inbound, outbound, back


async def path(rounds: int) -> dict[str, float]:
    found: dict[str, float] = {}
    async with AsyncExitStack() as stack:
        sessions = await stack.enter_async_context(model())
        for number, audio_format in enumerate(FORMATS):
            line = await stack.enter_async_context(call(audio_format, 7_000 + number, sessions))
            sound = _sound(audio_format)
            taken = [one_round(line, sound) for _ in range(rounds)]
            names = ("caller frame", f"delta of {DELTA_MS} ms", "mark back")
            for name, values in zip(names, zip(*taken, strict=True), strict=True):
                found[f"{name}, {audio_format}"] = statistics.median(values)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = run(path(asked.rounds))
    if asked.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n".join(f"{name:30}{us:>9.2f} us" for name, us in found.items()))


if __name__ == "__main__":
    main()

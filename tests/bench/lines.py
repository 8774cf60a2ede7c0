"""The two far ends of a call, as cheap as they can be, with the time of what passes between."""

import asyncio
import base64
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import numpy as np

from telcodecs.g711 import ulaw_encode
from tests.bench import frames
from tests.bench.fast_model import RATES, sound

FRAME_MS = 20
HALF_FRAME_MS = 10  # a filter holds back less than that
# What the service sends of an answer: sizes of its audio deltas, each as a span of sound.
DELTAS_MS = (100, 150, *(250,) * 15)
ANSWER_MS = sum(DELTAS_MS)
FASTER = 4  # than real time
CYCLE_S = 10.0  # the caller speaks, is answered, listens; every third answer is interrupted
SPOKEN_S, THOUGHT_S, INTERRUPTED_AFTER_S = 2.5, 0.3, 2.5
WORDS = " and so it goes on".split(" ")
ALLOWED_LATE_MS = 30  # whole frames go out, so the end of a delta may wait for the next


@dataclass
class Measure:
    """Seconds, of what was sent since ``since`` (monotonic seconds)."""

    since: float = float("inf")
    inbound: list[float] = field(default_factory=list)
    outbound: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)  # the generator's own
    from_carrier_bytes: int = 0  # of WebSocket frames, since the measure began
    to_carrier_bytes: int = 0
    from_model_bytes: int = 0
    to_model_bytes: int = 0


class Line:
    """One call: what was sent at either end and has not arrived at the other one."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self._frames: deque[float] = deque()
        self._heard_ms = 0.0
        self._deltas: deque[tuple[float, float]] = deque()
        self._said_ms = self._played_ms = 0.0

    def sent_frame(self, now: float, late_s: float) -> None:
        self._frames.append(now)
        if now >= self.measure.since:
            self.measure.late.append(late_s)

    def heard(self, ms: float, now: float) -> None:
        """At the model."""
        self._heard_ms += ms
        while self._frames and self._heard_ms > HALF_FRAME_MS:
            self._heard_ms -= FRAME_MS
            sent = self._frames.popleft()
            if sent >= self.measure.since:
                self.measure.inbound.append(now - sent)

    def answer_begins(self) -> None:
        """What was left of the last one has been dropped or padded by now."""
        self._deltas.clear()
        self._said_ms = self._played_ms = 0.0

    def said(self, ms: float, now: float) -> None:
        self._said_ms += ms
        self._deltas.append((self._said_ms, now))

    def played(self, ms: float, now: float) -> None:
        """At the carrier."""
        self._played_ms += ms
        while self._deltas and self._played_ms >= self._deltas[0][0] - ALLOWED_LATE_MS:
            _, sent = self._deltas.popleft()
            if sent >= self.measure.since:
                self.measure.outbound.append(now - sent)

    @property
    def unheard(self) -> int:
        return len(self._frames)


class CarrierEnd(asyncio.Protocol):
    """A caller's stream: a frame each 20 ms, marks back when their audio has been played."""

    def __init__(self, line: Line, request: bytes, sids: tuple[str, str, str]) -> None:
        self._line = line
        self._request = request
        self._account_sid, self._call_sid, self._stream_sid = sids
        self._loop = asyncio.get_running_loop()
        self._reader: frames.Reader | None = None
        self._head = b""
        self._n_frames = 0
        self._due = 0.0
        self._dry_at = 0.0
        self._marks: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.open = self._loop.create_future()
        self.closed = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._reader is None:
            self._head += data
            answer, ended, data = self._head.partition(b"\r\n\r\n")
            if not ended:
                return
            if not answer.startswith(b"HTTP/1.1 101"):
                self.open.set_exception(ConnectionError(answer.partition(b"\r\n")[0].decode()))
                return
            self._reader = frames.Reader()
            self._start()
        self._line.measure.to_carrier_bytes += len(data)
        now = time.monotonic()
        for opcode, payload in self._reader.push(data):
            if opcode == frames.TEXT:
                self._hear(payload, now)
            elif opcode == frames.PING:
                self._transport.write(frames.frame(payload, frames.PONG, 128))
            elif opcode == frames.CLOSE:
                self._transport.close()

    def _hear(self, payload: bytes, now: float) -> None:
        event = json.loads(payload)
        if event["event"] == "media":
            ms = len(base64.b64decode(event["media"]["payload"])) / 8
            self._dry_at = max(self._dry_at, now) + ms / 1000
            self._line.played(ms, now)
        elif event["event"] == "mark":
            self._marks.append((self._dry_at, self._mark(event["mark"]["name"])))
        elif event["event"] == "clear":
            self._dry_at = now
            self._return_marks(float("inf"))

    def _mark(self, name: str) -> bytes:
        return self._message("mark", f'{{"name":"{name}"}}')

    def _return_marks(self, now: float) -> None:
        while self._marks and self._marks[0][0] <= now:
            self._transport.write(self._marks.popleft()[1])

    def _start(self) -> None:
        connected = b'{"event":"connected","protocol":"Call","version":"1.0.0"}'
        body = {
            "accountSid": self._account_sid,
            "callSid": self._call_sid,
            "streamSid": self._stream_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {},
        }
        start = self._message("start", json.dumps(body))
        self._transport.write(frames.frame(connected, mask=128) + start)
        now = time.monotonic()
        self._due = now + FRAME_MS / 1000
        self._timer = self._loop.call_later(max(0.0, self._due - now), self._tick)
        self.open.set_result(None)

    def _tick(self) -> None:
        now = time.monotonic()
        body = (
            f'{{"track":"inbound","chunk":"{self._n_frames + 1}",'
            f'"timestamp":"{self._n_frames * FRAME_MS}",'
            f'"payload":"{_caller_payloads()[self._n_frames % 500]}"}}'
        )
        if self._marks and self._marks[0][0] <= now:
            self._return_marks(now)
        self._line.sent_frame(now, now - self._due)
        message = self._message("media", body)
        self._line.measure.from_carrier_bytes += len(message)
        self._transport.write(message)
        self._n_frames += 1
        self._due += FRAME_MS / 1000
        self._timer = self._loop.call_later(max(0.0, self._due - now), self._tick)

    def _message(self, event: str, body: str) -> bytes:
        text = (
            f'{{"event":"{event}","sequenceNumber":"{self._n_frames + 2}",'
            f'"streamSid":"{self._stream_sid}","{event}":{body}}}'
        )
        return frames.frame(text.encode(), mask=128)

    def hang_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._transport.is_closing():
            self._transport.write(self._message("stop", "{}"))
            self._transport.write(frames.frame(b"\x03\xe8", frames.CLOSE, 128))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.open.done():
            self.open.set_exception(ConnectionError("closed"))
        self.closed.set_result(None)


class ModelEnd(asyncio.Protocol):
    """A Realtime session: takes whatever comes, and talks in a rhythm of its own."""

    def __init__(self, arrived: Callable[["ModelEnd"], None]) -> None:
        self._arrived = arrived
        self._loop = asyncio.get_running_loop()
        self._reader: frames.Reader | None = None
        self._head = b""
        self._bytes_per_ms = 48
        self._format = "audio/pcm"
        self._answers = 0
        self._timer: asyncio.TimerHandle | None = None
        self.line = Line(Measure())
        self.phase_s = 0.0  # of the rhythm

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self._reader is None:
            self._head += data
            request, ended, data = self._head.partition(b"\r\n\r\n")
            if not ended:
                return
            self._reader = frames.Reader()
            self._transport.write(frames.accepted(request))
            self._arrived(self)
            self._send("session.created", session={"id": "sess_bench"})
        self.line.measure.to_model_bytes += len(data)
        now = time.monotonic()
        for opcode, payload in self._reader.push(data):
            if opcode == frames.TEXT:
                self._hear(payload, now)
            elif opcode == frames.PING:
                self._transport.write(frames.frame(payload, frames.PONG))
            elif opcode == frames.CLOSE:
                self._transport.write(frames.frame(payload[:2], frames.CLOSE))
                self._transport.close()

    def _hear(self, payload: bytes, now: float) -> None:
        if payload.find(b"input_audio_buffer.append", 0, 80) >= 0:
            start = payload.index(b'"', payload.index(b":", payload.index(b'"audio"'))) + 1
            n_base64 = payload.index(b'"', start) - start
            n_bytes = n_base64 // 4 * 3 - payload.count(b"=", start + n_base64 - 2)
            self.line.heard(n_bytes / self._bytes_per_ms, now)
            return
        event = json.loads(payload)
        if event["type"] == "session.update":
            audio = event["session"]["audio"]
            self._format = audio["output"]["format"]["type"]
            self._bytes_per_ms = RATES[self._format] // 1000 * (1 + (self._format == "audio/pcm"))
            self._send("session.updated", session={"id": "sess_bench", "audio": audio})
        elif event["type"] == "response.create" and self._timer is None:
            self._answer(then_s=self.phase_s)
        elif event["type"] == "conversation.item.truncate":
            self._send("conversation.item.truncated", **{**event, "type": None})

    # --- the rhythm: each step names the next -----------------------------------------------

    def _later(self, delay_s: float, step: Callable[[], None]) -> None:
        self._timer = self._loop.call_later(delay_s, step)

    def _caller_speaks(self) -> None:
        item = f"in_{self._answers}"
        self._send("input_audio_buffer.speech_started", item_id=item, audio_start_ms=0)
        self._later(SPOKEN_S, self._caller_stops)

    def _caller_stops(self) -> None:
        item = f"in_{self._answers}"
        self._send("input_audio_buffer.speech_stopped", item_id=item, audio_end_ms=0)
        self._send("input_audio_buffer.committed", item_id=item, previous_item_id=None)
        self._later(THOUGHT_S, self._answer)

    def _answer(self, then_s: float | None = None) -> None:
        self._answers += 1
        self.line.answer_begins()
        self._send("response.created", response={"id": self._response})
        self._send("response.output_item.added", response_id=self._response, item=self._item())
        self._delta(0, then_s)

    @property
    def _response(self) -> str:
        return f"resp_{self._answers}"

    def _item(self, status: str = "in_progress") -> dict[str, str]:
        item_id = f"item_{self._answers}"
        return {"id": item_id, "type": "message", "role": "assistant", "status": status}

    def _delta(self, number: int, then_s: float | None) -> None:
        if number == len(DELTAS_MS):
            self._answered(then_s)
            return
        part = self._part()
        ms = DELTAS_MS[number]
        self._send("response.output_audio_transcript.delta", **part, delta=WORDS[number % 5])
        delta = f'"delta":"{_answer_payloads(self._format)[number]}"}}'
        head = json.dumps({"type": "response.output_audio.delta", "event_id": "event_b", **part})
        self.line.said(ms, time.monotonic())
        self._write(frames.frame(f"{head[:-1]},{delta}".encode()))
        self._later(ms / 1000 / FASTER, lambda: self._delta(number + 1, then_s))

    def _part(self) -> dict[str, Any]:
        names = {"response_id": self._response, "item_id": f"item_{self._answers}"}
        return {**names, "output_index": 0, "content_index": 0}

    def _answered(self, then_s: float | None) -> None:
        done = self._item("completed")
        self._send("response.output_audio.done", **self._part())
        self._send("response.output_item.done", response_id=self._response, item=done)
        self._send("response.done", response={"id": self._response, "status": "completed"})
        if then_s is None:
            taken_s = SPOKEN_S + THOUGHT_S + ANSWER_MS / 1000 / FASTER
            interrupts = self._answers % 3 == 0
            then_s = INTERRUPTED_AFTER_S if interrupts else CYCLE_S - taken_s
        self._later(then_s, self._caller_speaks)

    def _send(self, kind: str, **body: Any) -> None:
        event = {"event_id": "event_bench", **body, "type": kind}
        self._write(frames.frame(json.dumps(event).encode()))

    def _write(self, message: bytes) -> None:
        self.line.measure.from_model_bytes += len(message)
        self._transport.write(message)


@cache
def _caller_payloads() -> list[str]:
    """Ten seconds of a caller: a voice's level for a quarter of the time, else a quiet line."""
    noise = np.random.default_rng(3)
    level = np.repeat([1500, 20, 20, 20], 125 * 160)
    ulaw = ulaw_encode((noise.normal(0, 1, 80_000) * level).astype("<i2").tobytes())
    return [base64.b64encode(ulaw[at : at + 160]).decode() for at in range(0, 80_000, 160)]


@cache
def _answer_payloads(wire_format: str) -> list[str]:
    said = sound(1, ANSWER_MS, wire_format)
    per_ms = len(said) // ANSWER_MS
    cuts, at = [], 0
    for ms in DELTAS_MS:
        cuts.append(base64.b64encode(said[at : at + ms * per_ms]).decode())
        at += ms * per_ms
    return cuts

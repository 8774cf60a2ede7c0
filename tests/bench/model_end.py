"""The model's end of a call under load, as cheap as it can be."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from tests.bench import frames
from tests.bench.fast_model import RATES, sound
from tests.bench.lines import Line, Measure

# What the service sends of an answer: sizes of its audio deltas, each as a span of sound.
DELTAS_MS = (100, 150, *(250,) * 15)
ANSWER_MS = sum(DELTAS_MS)
FASTER = 4  # than real time
CYCLE_S = 10.0  # the caller speaks, is answered, listens; every third answer is interrupted
SPOKEN_S, THOUGHT_S, INTERRUPTED_AFTER_S = 2.5, 0.3, 2.5
WORDS = " and so it goes on".split(" ")


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
def _answer_payloads(wire_format: str) -> list[str]:
    said = sound(1, ANSWER_MS, wire_format)
    per_ms = len(said) // ANSWER_MS
    cuts, at = [], 0
    for ms in DELTAS_MS:
        cuts.append(base64.b64encode(said[at : at + ms * per_ms]).decode())
        at += ms * per_ms
    return cuts

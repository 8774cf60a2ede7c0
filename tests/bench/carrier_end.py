"""The carrier's end of a call under load, as cheap as it can be."""

import asyncio
import base64
import json
import time
from collections import deque
from functools import cache
from typing import cast

import numpy as np

from telcodecs.g711 import ulaw_encode
from tests.bench import frames
from tests.bench.lines import FRAME_MS, Line


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


@cache
def _caller_payloads() -> list[str]:
    """Ten seconds of a caller: a voice's level for a quarter of the time, else a quiet line."""
    noise = np.random.default_rng(3)
    level = np.repeat([1500, 20, 20, 20], 125 * 160)
    ulaw = ulaw_encode((noise.normal(0, 1, 80_000) * level).astype("<i2").tobytes())
    return [base64.b64encode(ulaw[at : at + 160]).decode() for at in range(0, 80_000, 160)]

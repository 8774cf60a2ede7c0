"""A model that does nothing but keep time: what came when, and what was sent when.

It greets with time code when asked to, then (in ``rounds``) starts an answer and says a moment
later that the caller speaks. As a process it prints its port and writes a record of each session:

    python -m tests.bench.fast_model --records FOLDER [--rounds 100]
"""

import argparse
import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from bridge.sim.voice import timecode
from telcodecs.g711 import ulaw_encode

GREETING_MS = 8_000
ANSWER_MS = 1_000  # the caller interrupts when all of it is delivered and a quarter is heard
DELTA_MS = 100
FASTER = 4  # than real time
TALKED_FOR_S = ANSWER_MS / 1000 / FASTER
QUIET_S = 0.1
RATES = {"audio/pcm": 24_000, "audio/pcmu": 8_000}


@dataclass
class Record:
    """Monotonic seconds, which processes of one machine share (CLOCK_MONOTONIC)."""

    appended_at: list[float] = field(default_factory=list)
    appended: list[bytes] = field(default_factory=list)
    speech_started_at: list[float] = field(default_factory=list)
    said: bytes = b""  # the greeting, as sent
    errors: list[str] = field(default_factory=list)

    def write(self, path: Path) -> None:
        data = {
            "appended_at": self.appended_at,
            "speech_started_at": self.speech_started_at,
            "appended": [base64.b64encode(piece).decode() for piece in self.appended],
            "said": base64.b64encode(self.said).decode(),
            "errors": self.errors,
        }
        part = path.with_suffix(".part")
        part.write_text(json.dumps(data))
        part.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Record":
        data = json.loads(path.read_text())
        pieces = [base64.b64decode(piece) for piece in data["appended"]]
        said = base64.b64decode(data["said"])
        return cls(data["appended_at"], pieces, data["speech_started_at"], said, data["errors"])


class Session:
    def __init__(self, connection: ServerConnection, record: Record, rounds: int) -> None:
        self._connection = connection
        self._record = record
        self._rounds = rounds
        self._format = "audio/pcm"
        self._talking: asyncio.Task[None] | None = None

    async def run(self) -> None:
        await self._send("session.created", session={"id": "sess_bench"})
        try:
            while True:
                text = await self._connection.recv()
                now = time.monotonic()
                event = json.loads(text)
                if event["type"] == "input_audio_buffer.append":
                    self._record.appended_at.append(now)
                    self._record.appended.append(base64.b64decode(event["audio"]))
                else:
                    await self._other(event)
        except ConnectionClosed:
            pass
        finally:
            if self._talking:
                self._talking.cancel()

    async def _other(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "session.update":
                audio = event["session"]["audio"]
                self._format = audio["output"]["format"]["type"]
                await self._send("session.updated", session={"id": "s", "audio": audio})
            case "response.create":
                self._talking = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        try:
            await self._greet()
            for number in range(1, self._rounds + 1):
                await self._interrupted(number)
        except ConnectionClosed:
            pass

    async def _greet(self) -> None:
        began = time.monotonic()
        self._record.said = sound(0, GREETING_MS, self._format)
        await self._begin(0)
        await self._say(0, self._record.said)
        await self._send("response.output_audio.done", **_item(0))
        await self._end(0, "completed")
        await asyncio.sleep(max(0.0, began + GREETING_MS / 1000 + 1 - time.monotonic()))

    async def _interrupted(self, number: int) -> None:
        await self._begin(number)
        await self._say(number, sound(number % timecode.STREAMS, ANSWER_MS, self._format))
        text = _text("input_audio_buffer.speech_started", item_id=f"in_{number}", audio_start_ms=0)
        self._record.speech_started_at.append(time.monotonic())
        await self._connection.send(text)
        await self._end(number, "cancelled")
        await asyncio.sleep(QUIET_S)
        stopped = {"item_id": f"in_{number}", "audio_end_ms": 0}
        await self._send("input_audio_buffer.speech_stopped", **stopped)

    async def _say(self, number: int, said: bytes) -> None:
        """Faster than real time, as the services do it."""
        began = time.monotonic()
        for at_ms, piece in self._pieces(said):
            await self._send("response.output_audio.delta", **_item(number), delta=piece)
            ahead_s = at_ms / 1000 / FASTER - (time.monotonic() - began)
            await asyncio.sleep(max(0.0, ahead_s))

    def _pieces(self, said: bytes) -> list[tuple[int, str]]:
        """Deltas in base64, each with the milliseconds after which the next one is due."""
        size = DELTA_MS * (48 if self._format == "audio/pcm" else 8)
        cuts = range(0, len(said), size)
        return [
            ((n + 1) * DELTA_MS, base64.b64encode(said[at : at + size]).decode())
            for n, at in enumerate(cuts)
        ]

    async def _begin(self, number: int) -> None:
        await self._send("response.created", response={"id": f"resp_{number}"})
        item = {"id": f"item_{number}", "type": "message", "role": "assistant"}
        await self._send("response.output_item.added", response_id=f"resp_{number}", item=item)

    async def _end(self, number: int, status: str) -> None:
        item = {"id": f"item_{number}", "type": "message", "role": "assistant", "status": status}
        await self._send("response.output_item.done", response_id=f"resp_{number}", item=item)
        await self._send("response.done", response={"id": f"resp_{number}", "status": status})

    async def _send(self, kind: str, **body: Any) -> None:
        await self._connection.send(_text(kind, **body))


@cache
def sound(stream: int, duration_ms: int, wire_format: str) -> bytes:
    """Made once: while it is made nothing is heard."""
    pcm = timecode.encode(stream, duration_ms, RATES[wire_format])
    return pcm if wire_format == "audio/pcm" else ulaw_encode(pcm)


def _item(number: int) -> dict[str, Any]:
    names = {"response_id": f"resp_{number}", "item_id": f"item_{number}"}
    return {**names, "output_index": 0, "content_index": 0}


def _text(kind: str, **body: Any) -> str:
    return json.dumps({"type": kind, "event_id": "event_bench", **body})


@asynccontextmanager
async def fast_model(rounds: int, folder: Path) -> AsyncIterator[int]:
    """Its port. ``folder`` gets the record of each session when it has ended: 0.json, 1.json …"""
    numbers = count()

    async def on_connection(connection: ServerConnection) -> None:
        record, number = Record(), next(numbers)
        await Session(connection, record, rounds).run()
        record.write(folder / f"{number}.json")

    async with serve(on_connection, "127.0.0.1", 0, compression=None) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=100)
    asked = parser.parse_args()
    for wire_format in RATES:
        sound(0, GREETING_MS, wire_format)
        for stream in range(timecode.STREAMS):
            sound(stream, ANSWER_MS, wire_format)
    async with fast_model(asked.rounds, asked.records) as port:
        print(port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())

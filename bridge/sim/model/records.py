"""What a server remembers of its sessions, for a load test to ask afterwards.

All times are seconds of CLOCK_MONOTONIC (``time.monotonic``), which the processes of one machine
share.
"""

import asyncio
from array import array
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bridge.sim.model.caller_code import CallerCode
from bridge.sim.voice.timecode import STREAMS

CLOSED_SESSIONS = 5_000
ARRIVALS_OF_ONE = 180_000  # an hour of 20 ms frames
TOLD_BYTES = 200_000_000  # of closed sessions, as they are told

# What a session says is noted where it is sent: (name of the list, field that is kept).
_POSITIONS = {
    "input_audio_buffer.speech_started": ("speech_started", "audio_start_ms"),
    "input_audio_buffer.speech_stopped": ("speech_stopped", "audio_end_ms"),
}


@dataclass
class SpokenItem:
    """An item with audio, and how much of it had been sent at what time."""

    id: str
    stream: int  # of the time code, where the voice is scripted
    deltas: list[tuple[float, float]] = field(default_factory=list)


class SessionRecord:
    """One session. The core notes here what it takes in and sends out."""

    def __init__(self, number: int, model: str, opened_at: float) -> None:
        self.number = number
        self.opened_at = opened_at
        self.closed_at: float | None = None
        self.closing: int | None = None  # the how-manieth to be closed, from 1
        self.appended_ms = 0
        self.arrivals_at = array("d")
        self.arrivals_ms = array("I")
        self._model = model
        self._format = ""
        self._caller = CallerCode()
        self._positions: dict[str, list[tuple[float, int]]] = {
            name: [] for name, _ in _POSITIONS.values()
        }
        self._items: dict[str, SpokenItem] = {}
        self._spoken = 0
        self._truncations: list[dict[str, Any]] = []
        self._deleted: list[str] = []
        self._errors: list[dict[str, Any]] = []
        self._responses: dict[str, dict[str, Any]] = {}

    # --- notes of the core --------------------------------------------------------------------

    def appended(self, pcm: bytes, rate_hz: int, format_name: str, end_ms: int, now: float) -> None:
        """One append: PCM16 of it, and where the session's audio ends now."""
        self._format = format_name
        self.appended_ms = end_ms
        if len(self.arrivals_at) < ARRIVALS_OF_ONE:
            self.arrivals_at.append(now)
            self.arrivals_ms.append(end_ms)
        self._caller.push(pcm, rate_hz)

    def asked_to_speak(self) -> int:
        """A ``Speak`` job was handed out; the stream it will be spoken in."""
        self._spoken += 1
        return (self._spoken - 1) % STREAMS

    def delivered(self, item_id: str, stream: int, sent_ms: float, now: float) -> None:
        """A delta of this item was sent; ``sent_ms`` of it are sent in all."""
        item = self._items.setdefault(item_id, SpokenItem(item_id, stream))
        item.deltas.append((now, sent_ms))

    def truncated(self, item_id: str, audio_end_ms: int, accepted: bool, now: float) -> None:
        self._truncations.append(
            {"item_id": item_id, "audio_end_ms": audio_end_ms, "accepted": accepted, "at": now}
        )

    def sent(self, ga_name: str, fields: Mapping[str, Any], now: float) -> None:
        """Any server event, by its GA name."""
        match ga_name:
            case "input_audio_buffer.speech_started" | "input_audio_buffer.speech_stopped":
                name, position = _POSITIONS[ga_name]
                self._positions[name].append((now, fields[position]))
            case "conversation.item.deleted":
                self._deleted.append(fields["item_id"])
            case "error":
                error = fields["error"]
                self._errors.append({"code": error["code"], "message": error["message"], "at": now})
            case "response.created":
                response = fields["response"]
                self._responses[response["id"]] = _response(response) | {"created_at": now}
            case "response.done":
                response = fields["response"]
                self._responses[response["id"]] |= _response(response)

    def close(self, now: float, closing: int) -> None:
        self.closed_at, self.closing = now, closing
        self._caller.close()

    # --- told ---------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "opened_at": self.opened_at,
            "closed_at": self.closed_at,
            "closing": self.closing,
            "model": self._model,
            "format": self._format,
            "appended_ms": self.appended_ms,
            "arrivals": list(zip(self.arrivals_at, self.arrivals_ms, strict=True)),
            "caller": self._caller.runs(),
            "caller_levels_dbfs": self._caller.levels_dbfs(),
            **self._positions,
            "items": [
                {
                    "id": item.id,
                    "stream": item.stream,
                    "generated_ms": item.deltas[-1][1],
                    "deltas": item.deltas,
                }
                for item in self._items.values()
            ],
            "truncations": self._truncations,
            "deleted": self._deleted,
            "errors": self._errors,
            "responses": list(self._responses.values()),
        }


def _response(wire: Mapping[str, Any]) -> dict[str, Any]:
    details = wire["status_details"] or {}
    return {"id": wire["id"], "status": wire["status"], "reason": details.get("reason")}


class Records:
    """Of all sessions that are open, and of the latest that are closed.

    A closed one is kept as the text it is told in: thousands of small objects would be walked
    over by each garbage collection, which stops every session that still speaks.
    """

    def __init__(self) -> None:
        self._opened = 0
        self._closings = 0
        self._open: dict[int, SessionRecord] = {}
        self._closed: deque[tuple[int, bytes]] = deque()  # each with its closing
        self._closed_bytes = 0

    def open(self, model: str, now: float) -> SessionRecord:
        """Sessions are numbered from 1, in the order they were opened."""
        self._opened += 1
        record = self._open[self._opened] = SessionRecord(self._opened, model, now)
        return record

    def close(self, record: SessionRecord, now: float) -> None:
        self._closings += 1
        record.close(now, self._closings)
        del self._open[record.number]
        told = msgspec.json.encode(record.told())
        self._closed.append((self._closings, told))
        self._closed_bytes += len(told)
        while len(self._closed) > CLOSED_SESSIONS or self._closed_bytes > TOLD_BYTES:
            self._closed_bytes -= len(self._closed.popleft()[1])

    async def told(self, after: int | None, now: float) -> bytes:
        """JSON of all; with ``after`` only of what was closed after so many had been closed.

        ``closings`` is how many that are by now: the next ``after``. Between two sessions that
        are open the event loop gets its turn: the server goes on serving.
        """
        closings = self._closings
        sessions = [told for closing, told in self._closed if after is None or closing > after]
        for record in list(self._open.values()) if after is None else ():
            sessions.append(msgspec.json.encode(record.told()))
            await asyncio.sleep(0)
        head = f'{{"now":{now!r},"closings":{closings},"sessions":['.encode()
        return head + b",".join(sessions) + b"]}"

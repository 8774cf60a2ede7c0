"""Twilio's side of one bidirectional media stream (Media Streams, "WebSocket messages").

The order is ``connected``, ``start``, then ``media``, ``dtmf`` and ``mark`` as they come, ``stop``.
Tick k is due at the opening plus k times 20 ms, whatever became of the ticks before: late ones are
made up for in a burst. At each tick the marks whose audio is through are reached, one packet leaves
the buffer for the ear, and one frame of the caller is sent.
"""

import base64
import json
import math
from array import array
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bridge.sim.carrier.caller import Caller
from bridge.sim.carrier.idle import IdleLine
from bridge.sim.carrier.line import REMEMBERED, SILENT_FRAME, TICK_MS, TICK_S
from bridge.sim.carrier.playback import Playback, QueuedMark, Run
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.carrier.validation import Clear, Mark, Media, Refused, objections, read
from bridge.sim.carrier.warning import BUFFER_FULL, INVALID_MESSAGE, Warning_


@dataclass(frozen=True)
class MarkRecord:
    """A mark that came back, or would have (``lost``)."""

    name: str
    position_bytes: int  # bytes received before the mark
    reached_at: float  # when everything before it had left, or was dropped
    at: float  # when the echo was sent
    flushed: bool  # sent back because of a clear
    lost: bool = False


@dataclass(frozen=True)
class ClearRecord:
    at: float
    position_bytes: int  # index of the next byte that had not left: heard are those before it
    dropped_bytes: int
    flushed_marks: tuple[str, ...]


@dataclass(frozen=True)
class _Echo:
    mark: QueuedMark
    reached_at: float
    due: float


class MediaStream:
    """A core of (message, now) -> messages. Call ``open`` first, then ``tick`` at ``deadline``.

    Every call that returns messages first does what was due before it, so a frame that comes
    while a tick is late still meets the buffer as it was at ``now``.
    """

    def __init__(
        self,
        *,
        account_sid: str,
        call_sid: str,
        stream_sid: str,
        parameters: Mapping[str, str],
        caller: Caller,
        profile: StreamProfile | None = None,
    ) -> None:
        self.account_sid = account_sid
        self.call_sid = call_sid
        self.stream_sid = stream_sid
        self.ended = False
        self.opened_at: float | None = None
        self.warnings: list[Warning_] = []  # the first of each code, as Twilio logs them
        self.warning_counts: Counter[int] = Counter()
        self.clears: list[ClearRecord] = []
        self.marks: list[MarkRecord] = []
        self.arrivals: list[tuple[float, int]] = []  # media: when, and bytes received by then
        self.first_audio_at: float | None = None  # the first packet with the far end's audio
        self._sid_text = json.dumps(stream_sid)
        self._parameters = dict(parameters)
        self._caller = caller
        self._profile = profile or StreamProfile()
        self._playback = Playback(hold_partial=self._profile.partial_tail == "hold")
        self._idle = IdleLine(self._profile)
        self._echoes: deque[_Echo] = deque()
        self._sent = bytearray()
        self._sent_at = array("d")
        self._now = 0.0  # of the call that is being answered
        self._sequence = 0
        self._chunk = 0
        self._next_tick = 0
        self._first_media_tick = math.ceil(self._profile.start_delay_ms / TICK_MS)

    @property
    def heard(self) -> bytes:
        """160 bytes for each tick since the opening; silence where nothing was queued."""
        return self._playback.heard

    @property
    def sent_ulaw(self) -> bytes:
        """The caller as sent, 160 bytes a tick; silence where nothing was sent."""
        return bytes(self._sent)

    @property
    def sent_at(self) -> "array[float]":
        """When the frame of each tick went out, in monotonic seconds; NaN where none did."""
        return self._sent_at

    @property
    def received(self) -> bytes:
        """All audio of the far end, played or not; positions index it."""
        return self._playback.received

    @property
    def played(self) -> list[Run]:
        return self._playback.runs

    @property
    def received_bytes(self) -> int:
        return self._playback.received_bytes

    @property
    def played_bytes(self) -> int:
        return self._playback.played_bytes

    @property
    def queued_bytes(self) -> int:
        return self._playback.queued_bytes

    def open(self, now: float) -> list[str]:
        """``connected`` and ``start``; the tick clock begins."""
        self.opened_at = now
        start: dict[str, Any] = {
            "accountSid": self.account_sid,
            "callSid": self.call_sid,
            "streamSid": self.stream_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self._parameters,
        }
        if self._profile.parameters_absent and not self._parameters:
            del start["customParameters"]
        connected = _text({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        return [connected, self._message("start", start)]

    def receive(self, frame: str | bytes, now: float) -> list[str]:
        """A frame of the far end: what was due by now, then what it calls for at once."""
        messages = self.tick(now)
        if self.ended:
            return messages
        if self.opened_at is None:
            self._warn(INVALID_MESSAGE, "message before start", now)
            return messages
        try:
            command = read(frame, self.stream_sid)
        except Refused as refused:
            self._warn(refused.code, refused.text, now)
            return messages
        match command:
            case Media(ulaw):
                self._add(ulaw, now)
            case Mark(name):
                messages += self._mark(name, now)
            case Clear():
                messages += self._clear(now)
        return messages

    def tick(self, now: float) -> list[str]:
        """Everything due by now."""
        self._now = now
        messages: list[str] = []
        while not self.ended and (due := self._tick_due()) is not None and due <= now:
            if self._echoes:
                messages += self._due_echoes(due)
            messages += self._one_tick(due)
        if self._echoes and not self.ended:
            messages += self._due_echoes(now)
        return messages

    def deadline(self) -> float | None:
        """When ``tick`` must be called next; None before the opening and after the end."""
        due = self._tick_due()
        if due is not None and self._echoes:
            return min(due, self._echoes[0].due)
        return due

    def stop(self, now: float) -> list[str]:
        """The call ended, or went elsewhere: what was due, then ``stop``. Queued audio is lost."""
        messages = self.tick(now)
        return messages if self.ended else messages + self._end()

    def closed(self, now: float) -> list[str]:
        """The far end closed the socket: no ``stop``. What was due could no longer be sent."""
        messages = self.tick(now)
        self.ended = True
        return messages

    def _tick_due(self) -> float | None:
        if self.ended or self.opened_at is None:
            return None
        return self.opened_at + self._next_tick * TICK_S

    def _one_tick(self, at: float) -> list[str]:
        messages: list[str] = []
        for mark in self._playback.reached():
            messages += self._echo_later(mark, at)
        played = self._playback.played_bytes
        heard = self._playback.play()
        if self.first_audio_at is None and self._playback.played_bytes > played:
            self.first_audio_at = at
        index = self._next_tick - self._first_media_tick
        self._next_tick += 1
        if index < 0:
            self._sent_nothing()
            return messages
        frame = self._caller.frame(at, heard)
        if self._caller.hung_up:
            self._sent_nothing()
            return messages + self._end()
        return messages + self._media(frame, index) + self._dtmf()

    def _media(self, frame: bytes | None, index: int) -> list[str]:
        if frame is not None and index in self._profile.conceal_frames:
            frame = SILENT_FRAME
        if frame == SILENT_FRAME:
            frame = self._idle.frame(index)
        omitted = index in self._profile.omit_frames
        if frame is None or omitted:
            self._sent_nothing()
            self._chunk += omitted and self._profile.chunk_counts_omitted
            return []
        self._sent += frame
        self._sent_at.append(self._now)
        self._chunk += 1
        self._sequence += 1
        # By hand, as json.dumps would: this is all that most ticks do.
        return [
            f'{{"event":"media","sequenceNumber":"{self._sequence}",'
            f'"streamSid":{self._sid_text},"media":{{"track":"inbound","chunk":"{self._chunk}",'
            f'"timestamp":"{self._profile.first_timestamp_ms + index * TICK_MS}",'
            f'"payload":"{_base64(frame)}"}}}}'
        ]

    def _sent_nothing(self) -> None:
        self._sent += SILENT_FRAME
        self._sent_at.append(math.nan)

    def _dtmf(self) -> list[str]:
        messages = []
        while self._caller.digits:
            digit = self._caller.digits.pop(0)
            messages.append(self._message("dtmf", {"track": "inbound_track", "digit": digit}))
        return messages

    def _add(self, ulaw: bytes, now: float) -> None:
        for code, text in objections(ulaw):
            self._warn(code, text, now)
        if excess := self._playback.add(ulaw):
            self._warn(BUFFER_FULL, f"more than ten minutes queued, {excess} bytes dropped", now)
        self.arrivals.append((now, self.received_bytes))

    def _mark(self, name: str, now: float) -> list[str]:
        mark = self._playback.mark(name)
        if mark is None:
            return []
        if self._echoes:  # an earlier echo is on its way: marks come back in order
            self._echoes.append(_Echo(mark, now, self._echoes[-1].due))
            return self._due_echoes(now)
        return self._echo(_Echo(mark, now, now), now, flushed=False)

    def _clear(self, now: float) -> list[str]:
        position = self._playback.position_bytes
        dropped, marks = self._playback.clear()
        names = tuple(mark.name for mark in marks)
        self.clears.append(ClearRecord(now, position, dropped, names))
        messages = []
        while self._echoes:
            messages += self._echo(self._echoes.popleft(), now, flushed=False)
        for mark in marks:
            messages += self._echo(_Echo(mark, now, now), now, flushed=True)
        return messages

    def _echo_later(self, mark: QueuedMark, at: float) -> list[str]:
        due = at + self._profile.echo_delay_ms / 1000
        self._echoes.append(_Echo(mark, at, due))
        return self._due_echoes(at)

    def _due_echoes(self, now: float) -> list[str]:
        messages = []
        while self._echoes and self._echoes[0].due <= now:
            echo = self._echoes.popleft()
            messages += self._echo(echo, echo.due, flushed=False)
        return messages

    def _echo(self, echo: _Echo, at: float, *, flushed: bool) -> list[str]:
        mark = echo.mark
        lost = mark.index in self._profile.lost_marks
        record = MarkRecord(mark.name, mark.position_bytes, echo.reached_at, at, flushed, lost)
        self.marks.append(record)
        return [] if lost else [self._message("mark", {"name": mark.name})]

    def _end(self) -> list[str]:
        self.ended = True
        if not self._profile.sends_stop:
            return []
        return [self._message("stop", {"accountSid": self.account_sid, "callSid": self.call_sid})]

    def _message(self, event: str, body: dict[str, Any]) -> str:
        self._sequence += 1
        return _text(
            {
                "event": event,
                "sequenceNumber": str(self._sequence),
                "streamSid": self.stream_sid,
                event: body,
            }
        )

    def _warn(self, code: int, text: str, at: float) -> None:
        self.warning_counts[code] += 1
        if self.warning_counts[code] == 1:
            self.warnings.append(Warning_(code, text, at))


@lru_cache(maxsize=REMEMBERED)
def _base64(frame: bytes) -> str:
    return base64.b64encode(frame).decode()


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))

"""Status callbacks: late, out of order and twice where the profile says so (Voice, "callbacks").

They come from another part of the network than the call, so nothing waits for them.
"""

import heapq
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from bridge.sim.carrier.number import Line
from bridge.sim.carrier.profile import PhoneProfile
from bridge.sim.carrier.signing import Field
from bridge.sim.carrier.twiml import Stream
from bridge.sim.carrier.webhook import Identity, Purpose


@dataclass(frozen=True)
class Callback:
    purpose: Purpose
    method: str
    url: str
    fields: tuple[Field, ...]


class Callbacks:
    """Takes events as they happen and gives back what is to be posted when it is due."""

    def __init__(
        self, identity: Identity, line: Line, profile: PhoneProfile, epoch_s: float
    ) -> None:
        """``epoch_s`` is the wall clock, in seconds since 1970, where ``now`` is 0."""
        self._identity = identity
        self._line = line
        self._profile = profile
        self._epoch_s = epoch_s
        self._random = random.Random(f"callbacks {profile.seed}")
        self._sequence = 0
        self._posted = 0
        self._heap: list[tuple[float, int, Callback]] = []

    def call(self, event: str, status: str, now: float, duration_s: float | None = None) -> None:
        """A step of the call; with its duration, the last one."""
        url = self._line.status_callback
        if url is None or event not in self._line.status_events:
            return
        fields = [
            *self._identity.fields(status),
            ("Timestamp", format_datetime(self._wall(now))),
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", str(self._sequence)),
        ]
        if duration_s is not None:
            fields.append(("CallDuration", str(round(duration_s))))
            fields.append(("Duration", str(int(duration_s // 60) + 1)))  # begun minutes
        self._sequence += 1
        self._post(Callback("status", "POST", url, tuple(fields)), now)

    def stream(self, verb: Stream, event: str, stream_sid: str, now: float, error: str) -> None:
        """A step of the stream that ``verb`` asked for."""
        url = verb.status_callback
        if url is None:
            return
        fields = [
            ("AccountSid", self._identity.account_sid),
            ("CallSid", self._identity.call_sid),
            ("StreamSid", stream_sid),
            ("StreamName", verb.name or stream_sid),
            ("StreamEvent", event),
            ("Timestamp", self._wall(now).isoformat(timespec="milliseconds")),
        ]
        if error:
            fields.append(("StreamError", error))
        method = verb.status_callback_method
        self._post(Callback("stream-status", method, url, tuple(fields)), now)

    def deadline(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[Callback]:
        found = []
        while self._heap and self._heap[0][0] <= now:
            found.append(heapq.heappop(self._heap)[2])
        return found

    def _post(self, callback: Callback, now: float) -> None:
        for _ in range(2 if self._profile.callbacks_twice else 1):
            late = self._random.uniform(0.0, self._profile.callback_jitter_s)
            self._posted += 1
            due = now + self._profile.callback_delay_s + late
            heapq.heappush(self._heap, (due, self._posted, callback))

    def _wall(self, now: float) -> datetime:
        return datetime.fromtimestamp(self._epoch_s + now, tz=UTC)

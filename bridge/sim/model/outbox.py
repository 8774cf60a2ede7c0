"""What a session hands out: frames to send, jobs to do, an end."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.sim.model.dialect import Dialect
from bridge.sim.model.ids import Ids
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.records import SessionRecord
from bridge.sim.model.refusal import Refusal
from bridge.sim.voice.jobs import Job, Result


@dataclass(frozen=True)
class Send:
    """One text frame for the client."""

    text: str


@dataclass(frozen=True)
class Ask:
    """A job for the voice; its results come back by ``job_id``."""

    job_id: int
    job: Job


@dataclass(frozen=True)
class Close:
    """The end. 1006 means: the connection is lost, without a close frame."""

    code: int
    reason: str


Out = Send | Ask | Close
OnResult = Callable[[Result, float], None]


class Outbox:
    """Collects what one entry into the core brings about, in order."""

    def __init__(
        self,
        dialect: Dialect,
        profile: ModelProfile,
        ids: Ids,
        wall_s: float,
        record: SessionRecord | None = None,
    ) -> None:
        self._dialect = dialect
        self._record = record
        self._profile = profile
        self._ids = ids
        self._wall_s = wall_s
        self._out: list[Out] = []
        self._waiting: dict[int, OnResult] = {}
        self._next_job = 1
        self._sent = 0
        self.closed = False
        self.now = 0.0
        self.errors: list[Refusal] = []

    def new_id(self, prefix: str) -> str:
        return self._ids.new(prefix, self._wall_s + self.now)

    def wall_s(self) -> float:
        return self._wall_s + self.now

    def send(self, ga_name: str, **fields: Any) -> None:
        """One server event, named in the session's dialect."""
        if self.closed:
            return
        self._sent += 1
        if self._sent == self._profile.drop_at_event:
            self.close(1006, "")
            return
        if self._record is not None:
            self._record.sent(ga_name, fields, self.now)
        event = {"type": self._dialect.event(ga_name), "event_id": self.new_id("event"), **fields}
        self._out.append(Send(json.dumps(event, separators=(",", ":"))))

    def send_padded(self, ga_name: str, **fields: Any) -> None:
        """A text delta, padded where the dialect does so."""
        if self._dialect.obfuscation:
            fields["obfuscation"] = self._ids.padding()
        self.send(ga_name, **fields)

    def refuse(self, refusal: Refusal, event_id: str | None) -> None:
        self.errors.append(refusal)
        self.send(
            "error",
            error={
                "type": refusal.type,
                "code": refusal.code,
                "message": refusal.message,
                "param": refusal.param,
                "event_id": event_id if self._profile.error_event_ids else None,
            },
        )

    def ask(self, job: Job, on_result: OnResult) -> int:
        """Ask for a job; its number, by which it can be forgotten again."""
        job_id = self._next_job
        self._next_job += 1
        if not self.closed:
            self._waiting[job_id] = on_result
            self._out.append(Ask(job_id, job))
        return job_id

    def forget(self, job_id: int) -> None:
        """Nobody waits for this job any more."""
        self._waiting.pop(job_id, None)

    def waits_for(self, job_id: int) -> bool:
        return job_id in self._waiting and not self.closed

    def answered(self, job_id: int, result: Result, last: bool) -> None:
        """Hand a result to whoever asked; results nobody waits for are dropped."""
        on_result = self._waiting.get(job_id)
        if last:
            self._waiting.pop(job_id, None)
        if on_result is not None:
            on_result(result, self.now)

    def close(self, code: int, reason: str) -> None:
        if not self.closed:
            self._out.append(Close(code, reason))
            self.closed = True

    def take(self) -> list[Out]:
        """Frames before jobs: who answers a job at once overtakes no frame with that."""
        out, self._out = self._out, []
        if len(out) <= 1 and not self.closed:
            return out
        frames: list[Out] = [message for message in out if not isinstance(message, Ask)]
        jobs: list[Out] = [message for message in out if isinstance(message, Ask)]
        return frames if self.closed else frames + jobs

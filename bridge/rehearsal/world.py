"""One call in virtual time: every peer is a core, the network is a heap of arrivals."""

import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bridge.call.actions import EndCall, Note, RunFunction
from bridge.call.call import Call, Message
from bridge.call.tape import Tape
from bridge.call.turns import State
from bridge.rehearsal.cast import Cast, FunctionDone, scripted_cast
from bridge.rehearsal.scenario import Scenario
from bridge.rehearsal.trace import Trace
from bridge.sim.carrier.delivery import Link
from bridge.sim.carrier.stream import MediaStream
from bridge.sim.model import dialect as sim_dialect
from bridge.sim.model.session import Ask, Close, Out, RealtimeSession, Send
from bridge.sim.voice.jobs import Job, Result, Speak, Transcribe
from bridge.wire import dialect as wire_dialect
from bridge.wire import realtime, twilio
from bridge.wire.errors import WireError

SIDS = {"account_sid": "AC" + "0" * 32, "call_sid": "CA" + "0" * 32, "stream_sid": "MZ" + "0" * 32}
HANG_UP_S = 0.25  # from the bridge's wish to the end of the stream
SIM_DIALECTS = {
    "ga": sim_dialect.GA,
    "preview": sim_dialect.PREVIEW,
    "preview-2024-10": sim_dialect.PREVIEW_2024_10,
}


@dataclass
class Delivered:
    """What the model had sent of each assistant item, by the words it began with."""

    names: dict[str, str] = field(default_factory=dict)  # item id to first word
    audio_bytes: dict[str, int] = field(default_factory=dict)
    truncated: list[tuple[str, int, int]] = field(default_factory=list)  # id, told ms, bytes then
    deleted: set[str] = field(default_factory=set)

    def from_model(self, text: str) -> None:
        event = json.loads(text)
        kind = event["type"]
        if kind.endswith("audio_transcript.delta"):
            self.names.setdefault(event["item_id"], event["delta"].strip())
        elif kind.endswith("audio.delta"):
            n_bytes = len(event["delta"]) * 3 // 4 - event["delta"][-2:].count("=")
            item_id = event["item_id"]
            self.audio_bytes[item_id] = self.audio_bytes.get(item_id, 0) + n_bytes

    def from_bridge(self, text: str) -> None:
        if '"conversation.item.truncate"' in text:
            event = json.loads(text)
            told = event["audio_end_ms"]
            item_id = event["item_id"]
            self.truncated.append((item_id, told, self.audio_bytes.get(item_id, 0)))
        elif '"conversation.item.delete"' in text:
            self.deleted.add(json.loads(text)["item_id"])


class World:
    """Runs a scenario from the socket's opening to the end of the call. ``cast``: who plays in
    it; without, everybody does what the scenario says."""

    def __init__(
        self,
        scenario: Scenario,
        cast: Cast | None = None,
        *,
        trace: bool = False,
        tape: Tape | None = None,
    ) -> None:
        cast = cast or scripted_cast(scenario)
        self.scenario = scenario
        self.now = 0.0
        self.trace = Trace(trace)
        self.delivered = Delivered()
        self.notes: list[Note] = []
        self.spoken: list[tuple[float, str]] = []  # when asked for, first word; in stream order
        self.media_in = 0  # frames of the caller that reached the bridge while it listened
        self.appended_bytes = 0
        self.functions: list[FunctionDone] = []
        self.carrier = MediaStream(
            **SIDS, parameters={}, caller=cast.caller, profile=scenario.stream
        )
        self.call = Call(scenario.config, 0.0, tape)
        self.session = RealtimeSession(
            dialect=SIM_DIALECTS[scenario.dialect.name],
            model="rehearsal",
            mind=cast.mind,
            profile=scenario.model,
            seed=scenario.seed,
        )
        self._voice = cast.voice
        self._run_function = cast.run_function
        self._running = 0  # functions
        network, seed = scenario.network, scenario.seed
        self._links = {
            "carrier": Link(
                network.to_carrier_ms, network.jitter_ms, network.to_carrier_stalls, seed + 1, 0.0
            ),
            "bridge": Link(
                network.from_carrier_ms,
                network.jitter_ms,
                network.from_carrier_stalls,
                seed + 2,
                0.0,
            ),
            "model": Link(network.model_ms, network.jitter_ms, (), seed + 3, 0.0),
            "back": Link(network.model_ms, network.jitter_ms, network.model_stalls, seed + 4, 0.0),
        }
        self._arrivals: list[tuple[float, int, Callable[[], None]]] = []
        self._sent = 0

    def run(self) -> "World":
        """Until both ends are gone, or the scenario's limit."""
        self._from_model(self.session.open(0.0))
        self._from_carrier(self.carrier.open(0.0))
        while (at := self._next_at()) is not None and at <= self.scenario.limit_s:
            self.now = max(self.now, at)
            self._one_step()
        return self

    @property
    def busy(self) -> bool:
        """Something is being said to the caller, or soon will be without a word of theirs."""
        idle = self.call.state is State.LISTENING and not self._running
        return not idle or self.carrier.queued_bytes > 0

    def _next_at(self) -> float | None:
        if self.carrier.ended and self.call.outcome is not None:
            return None
        times = [self.carrier.deadline(), self.call.deadline(), self.session.deadline()]
        if self._arrivals:
            times.append(self._arrivals[0][0])
        return min((at for at in times if at is not None), default=None)

    def _one_step(self) -> None:
        """The earliest thing that is due; arrivals first, then carrier, bridge, model."""
        now = self.now
        if self._arrivals and self._arrivals[0][0] <= now:
            heapq.heappop(self._arrivals)[2]()
        elif (due := self.carrier.deadline()) is not None and due <= now:
            self._from_carrier(self.carrier.tick(now))
        elif (due := self.call.deadline()) is not None and due <= now:
            self._from_bridge(self.call.tick(now))
        else:
            self._from_model(self.session.tick(now))

    def _later(self, at: float, act: Callable[[], None]) -> None:
        self._sent += 1
        heapq.heappush(self._arrivals, (at, self._sent, act))

    # --- each peer's messages, onto the network -----------------------------------------------

    def _from_carrier(self, frames: list[str]) -> None:
        for frame in frames:
            self._later(self._links["bridge"].arrival(self.now), partial(self._carrier_says, frame))
        if self.carrier.ended:
            at = self._links["bridge"].arrival(self.now)
            self._later(at, self._carrier_gone)

    def _from_model(self, outs: list[Out]) -> None:
        pending = list(outs)
        while pending:
            match pending.pop(0):
                case Send(text):
                    self.delivered.from_model(text)
                    at = self._links["back"].arrival(self.now)
                    self._later(at, partial(self._model_says, text))
                case Ask(job_id, job):
                    pending += self._ask(job_id, job)
                case Close(_, reason):
                    at = self._links["back"].arrival(self.now)
                    self._later(at, partial(self._model_gone, reason))

    def _ask(self, job_id: int, job: Job) -> list[Out]:
        """Each result of a job takes its time, where the scenario gives it one."""
        took_s = 0.0
        if isinstance(job, Speak):
            self.spoken.append((self.now, next(iter(job.text.split()), "")))
            took_s = self.scenario.speak_s
        elif isinstance(job, Transcribe):
            took_s = self.scenario.transcribe_s
        outs: list[Out] = []
        for number, result in enumerate(self._voice.answer(job), start=1):
            if took_s:
                at = self.now + number * took_s
                self._later(at, partial(self._voice_done, job_id, result))
            else:
                outs += self.session.answer(job_id, result, self.now)
        return outs

    def _from_bridge(self, messages: list[Message]) -> None:
        for message in messages:
            match message:
                case twilio.Media() | twilio.Mark() | twilio.Clear():
                    text = twilio.serialize(message, SIDS["stream_sid"]).decode()
                    self.trace.message(self.now, "bridge > carrier", text)
                    at = self._links["carrier"].arrival(self.now)
                    self._later(at, partial(self._carrier_hears, text))
                case RunFunction():
                    self._begin_function(message)
                case EndCall(outcome):
                    self.trace.remark(self.now, "bridge", f"end: {outcome.value}")
                    self._later(self.now + HANG_UP_S, self._hang_up)
                case Note(kind, detail):
                    self.notes.append(message)
                    self.trace.remark(self.now, "bridge", f"note: {kind} {detail}")
                case _:
                    if isinstance(message, wire_dialect.Append):
                        self.appended_bytes += len(message.audio)
                    text = wire_dialect.serialize(message, self.scenario.dialect).decode()
                    self.trace.message(self.now, "bridge > model", text)
                    self.delivered.from_bridge(text)
                    at = self._links["model"].arrival(self.now)
                    self._later(at, partial(self._model_hears, text))

    def _begin_function(self, asked: RunFunction) -> None:
        output, took_s = self._run_function(asked)
        done_at = self.now + took_s
        self._running += 1
        self.functions.append(FunctionDone(asked.name, asked.arguments, output, self.now, done_at))
        self._later(done_at, partial(self._function_done, asked.call_id, output))

    # --- arrivals -----------------------------------------------------------------------------

    def _carrier_says(self, frame: str) -> None:
        self.trace.message(self.now, "carrier > bridge", frame)
        try:
            event = twilio.parse(frame)
            if isinstance(event, twilio.Media):
                self.media_in += self.call.state not in (State.CLOSING, State.ENDED)
            self._from_bridge(self.call.from_carrier(event, self.now))
        except WireError as error:
            self._from_bridge(self.call.malformed(error.peer, error.problem))

    def _model_says(self, text: str) -> None:
        self.trace.message(self.now, "model > bridge", text)
        try:
            self._from_bridge(self.call.from_model(realtime.parse(text), self.now))
        except WireError as error:
            self._from_bridge(self.call.malformed(error.peer, error.problem))

    def _carrier_gone(self) -> None:
        self._from_bridge(self.call.carrier_lost(self.now))

    def _model_gone(self, reason: str) -> None:
        self._from_bridge(self.call.model_lost(reason, self.now))

    def _carrier_hears(self, text: str) -> None:
        self._from_carrier(self.carrier.receive(text, self.now))

    def _model_hears(self, text: str) -> None:
        self._from_model(self.session.receive(text, self.now))

    def _voice_done(self, job_id: int, result: Result) -> None:
        self._from_model(self.session.answer(job_id, result, self.now))

    def _function_done(self, call_id: str, output: str) -> None:
        self._running -= 1
        self._from_bridge(self.call.from_function(call_id, output, self.now))

    def _hang_up(self) -> None:
        self._from_carrier(self.carrier.stop(self.now))

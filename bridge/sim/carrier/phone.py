"""A whole phone call as Twilio carries it out: webhook, document, verbs, streams, the end.

A core of (event, now) -> commands. ``begin`` first; then report what became of each command, and
``tick`` at ``deadline``. At any moment the call does one thing: it waits for the answer to one
request, or for one moment to come, or for one stream to open or to end.
"""

import random
from collections.abc import Callable, Sequence

from bridge.sim.carrier.caller import Caller
from bridge.sim.carrier.commands import CloseSocket, Command, OpenSocket, Over, Send
from bridge.sim.carrier.correspondence import Answered, Correspondence
from bridge.sim.carrier.documents import Documents, Next
from bridge.sim.carrier.number import Line
from bridge.sim.carrier.profile import PhoneProfile, StreamProfile
from bridge.sim.carrier.signing import Field, signature
from bridge.sim.carrier.stream import MediaStream
from bridge.sim.carrier.twiml import HandOver, Hangup, Reject, Speak, Stream
from bridge.sim.carrier.warning import Warning_
from bridge.sim.carrier.webhook import Exchange, Failure, Identity, Purpose, Response

CONNECTION_BROKE = 31903
CLOSED_BY_SERVER = 31921  # an error in the log even where the server meant it
PROTOCOL_VIOLATION = 31924
CONGESTION = 31930

Step = Callable[[float], list[Command]]


class NotInProgress(Exception):
    """REST asked something of a call that is over (21220)."""


class PhoneCall:
    def __init__(
        self,
        identity: Identity,
        line: Line,
        *,
        auth_token: str,
        caller: Caller,
        profile: PhoneProfile | None = None,
        stream_profile: StreamProfile | None = None,
        epoch_s: float = 0.0,
    ) -> None:
        """``epoch_s``: the wall clock, in seconds since 1970, where ``now`` is 0."""
        self.identity = identity
        self.status = "ringing"  # CallStatus
        self.over: Over | None = None
        self.streams: list[MediaStream] = []
        self._line = line
        self._auth_token = auth_token
        self._caller = caller
        self._profile = profile or PhoneProfile()
        self._stream_profile = stream_profile or StreamProfile()
        self._random = random.Random(f"sids {identity.call_sid} {self._profile.seed}")
        self._letters = Correspondence(identity, line, auth_token, self._profile, epoch_s)
        self._warnings: list[Warning_] = []
        self._began = 0.0
        self._documents = Documents(self._letters, line, allow_ws=self._profile.allow_ws)
        self._verb: Stream | HandOver | None = None  # the one that is being carried out
        self._stream_sid = ""  # of the stream that is open, or about to be
        self._stream: MediaStream | None = None
        self._later: tuple[float, Step] | None = None
        self._instead: Step | None = None  # follows an action whose document is not wanted

    @property
    def warnings(self) -> list[Warning_]:
        """The warnings of the error log, those of the streams included, by time."""
        of_streams = [warning for stream in self.streams for warning in stream.warnings]
        found = [*self._documents.warnings, *self._letters.warnings, *of_streams]
        return sorted([*found, *self._warnings], key=lambda warning: warning.at)

    @property
    def errors(self) -> list[Warning_]:
        """What ended a document, a stream or a handshake, in order."""
        return self._documents.errors

    @property
    def exchanges(self) -> list[Exchange]:
        return self._letters.exchanges

    # --- what happens to the call

    def begin(self, now: float) -> list[Command]:
        """The phone rings: the first webhook."""
        self._began = now
        self._progress("initiated", now)
        self._progress("ringing", now)
        commands = self.tick(now)
        commands += self._ask("voice", self._line.voice_method, self._line.voice_url, now)
        if self._profile.webhook_twice:
            commands += self._letters.repeat(now)
        return commands

    def answered(self, number: int, answer: Response | Failure, now: float) -> list[Command]:
        """What became of request ``number``; an answer that comes too late changes nothing."""
        commands = self.tick(now)
        asks, end = self._letters.answered(number, answer, now)
        commands += asks
        if end:
            commands += self._read(end, now)
        return commands + self.tick(now)

    def socket_opened(self, stream_sid: str, now: float) -> list[Command]:
        verb = self._verb
        if stream_sid != self._stream_sid or not isinstance(verb, Stream):
            return []
        self._stream = MediaStream(
            account_sid=self.identity.account_sid,
            call_sid=self.identity.call_sid,
            stream_sid=stream_sid,
            parameters=verb.parameters,
            caller=self._caller,
            profile=self._stream_profile,
        )
        self.streams.append(self._stream)
        self._stream_event("stream-started", now)
        return [Send(stream_sid, text) for text in self._stream.open(now)] + self.tick(now)

    def socket_refused(self, stream_sid: str, code: int, text: str, now: float) -> list[Command]:
        """The handshake failed, for the reason of ``code`` (319xx)."""
        if stream_sid != self._stream_sid or self._stream:
            return []
        return self._no_stream(code, text, now) + self.tick(now)

    def socket_message(self, stream_sid: str, frame: str | bytes, now: float) -> list[Command]:
        stream = self._stream
        if stream is None or stream_sid != self._stream_sid:
            return []
        return self._streamed(stream, stream.receive(frame, now), now) + self._letters.due(now)

    def socket_closed(self, stream_sid: str, code: int | None, now: float) -> list[Command]:
        """The far end is gone; ``code`` is that of its close frame, None where none came."""
        stream = self._stream
        if stream is None or stream_sid != self._stream_sid:
            return []
        stream.closed(now)
        if code is None:
            self._error(CONNECTION_BROKE, "connection broke", now)
        elif code in (1002, 1007):
            self._error(PROTOCOL_VIOLATION, f"protocol violation, close code {code}", now)
        else:
            self._error(CLOSED_BY_SERVER, f"closed by the server, close code {code}", now)
        self._stream_over(now)
        if self._caller.hung_up:
            return self._finish("completed", "caller", now) + self.tick(now)
        return self._verb_over((), now) + self.tick(now)

    def caller_hangs_up(self, now: float) -> list[Command]:
        """At any time; within a stream the caller may also do so by ``hung_up``."""
        commands = self.tick(now) + self._interrupt(now)
        return commands + self._finish("completed", "caller", now) + self.tick(now)

    def update(
        self,
        now: float,
        *,
        status: str | None = None,
        twiml: str | None = None,
        url: str | None = None,
        method: str = "POST",
    ) -> list[Command]:
        """REST: an end, or another document at once. Raises ``NotInProgress``."""
        if self.over:
            raise NotInProgress(f"call is {self.status}")
        commands = self.tick(now)
        if self.over:  # in this very moment: REST was answered, and nothing came of it
            return commands
        verb = self._verb
        commands += self._interrupt(now)
        if status is not None:
            return commands + self._finish("completed", "rest", now) + self.tick(now)

        def replaced(at: float) -> list[Command]:
            if twiml is not None:
                return self._carry_out(self._documents.run(twiml, None, self.status, at), at)
            return self._ask("update", method, url or "", at)

        def action(at: float) -> list[Command]:
            assert verb and verb.action
            self._instead = replaced
            return self._ask("action", verb.method, verb.action, at)

        if verb and verb.action and self._profile.updates_ask_action:
            self._later = (now + self._profile.update_action_s, action)
        else:
            self._later = (now, replaced)
        return commands + self.tick(now)

    def congested(self, now: float) -> None:
        """The far end reads too slowly: caller audio was thrown away."""
        if not any(warning.code == CONGESTION for warning in self._warnings):
            self._warnings.append(Warning_(CONGESTION, "inbound audio discarded", now))

    # --- time

    def deadline(self) -> float | None:
        """When ``tick`` must be called next; None when nothing will happen by itself."""
        found = [self._letters.deadline()]
        if not self.over:
            found.append(self._began + self._profile.time_limit_s)
            found.append(self._later[0] if self._later else None)
            found.append(self._stream.deadline() if self._stream else None)
        return min((due for due in found if due is not None), default=None)

    def tick(self, now: float) -> list[Command]:
        """Everything due by now."""
        commands: list[Command] = []
        if self._stream:
            commands += self._streamed(self._stream, self._stream.tick(now), now)
        if not self.over and now >= self._began + self._profile.time_limit_s:
            commands += self._interrupt(now) + self._finish("completed", "limit", now)
        if late := self._letters.expired(now):
            commands += self._read(late, now)
        while self._later and self._later[0] <= now:
            due, step = self._later
            self._later = None
            commands += step(due)
        return commands + self._letters.due(now)

    # --- what is to be done

    def _ask(
        self, purpose: Purpose, method: str, url: str, now: float, extra: Sequence[Field] = ()
    ) -> list[Command]:
        return list(self._letters.ask(purpose, method, url, self.status, now, extra))

    def _read(self, end: Answered, now: float) -> list[Command]:
        if self._instead:
            step, self._instead = self._instead, None
            self._later = (now + self._profile.update_document_s, step)
            return []
        return self._carry_out(self._documents.answered(end, self.status, now), now)

    def _next(self, now: float) -> list[Command]:
        return self._carry_out(self._documents.next(self.status, now), now)

    def _carry_out(self, step: Next, now: float) -> list[Command]:
        match step:
            case None:
                return self._finish("failed", "error", now)
            case list():
                return list(step)
            case Reject(reason):
                return self._finish("busy" if reason == "busy" else "no-answer", "document", now)
            case Hangup():
                return self._finish("completed", "document", now)
            case Speak(s=seconds):
                self._later = (now + seconds, self._next)
            case HandOver():
                self._verb = step
                self._later = (now + self._profile.handover_s, self._handed_back)
            case Stream():
                self._verb = step
                self._later = (now + self._profile.socket_after_s, self._open)
        self._in_progress(now)
        return []

    # --- verbs that take their time

    def _handed_back(self, now: float) -> list[Command]:
        assert isinstance(self._verb, HandOver)
        if self._verb.verb == "Dial":
            return self._verb_over((("DialCallStatus", self._profile.dial_status),), now)
        return self._verb_over((("QueueResult", self._profile.queue_result),), now)

    def _open(self, now: float) -> list[Command]:
        assert isinstance(self._verb, Stream)
        self._stream_sid = f"MZ{self._random.getrandbits(128):032x}"
        if self._verb.fault:
            return self._no_stream(*self._verb.fault, now)
        # The upgrade is signed like a GET without fields, over the URL of the document.
        url = self._verb.url
        headers = {"X-Twilio-Signature": signature(self._auth_token, url)}
        return [OpenSocket(self._stream_sid, url, headers)]

    def _no_stream(self, code: int, text: str, now: float) -> list[Command]:
        self._error(code, text, now)
        self._stream_event("stream-error", now, f"{code} {text}")
        self._stream_sid = ""
        if self._profile.failed_handshake == "hang_up":
            return self._finish("completed", "error", now)
        return self._verb_over((), now)

    def _streamed(self, stream: MediaStream, texts: list[str], now: float) -> list[Command]:
        commands: list[Command] = [Send(stream.stream_sid, text) for text in texts]
        if stream.ended:  # by the caller
            commands.append(CloseSocket(stream.stream_sid, self._stream_profile.linger_s))
            self._stream_over(now)
            commands += self._finish("completed", "caller", now)
        return commands

    def _stream_over(self, now: float) -> None:
        self._stream_event("stream-stopped", now)
        self._stream = None
        self._stream_sid = ""

    def _verb_over(self, extra: Sequence[Field], now: float) -> list[Command]:
        verb, self._verb = self._verb, None

        def action(at: float) -> list[Command]:
            assert verb and verb.action
            return self._ask("action", verb.method, verb.action, at, extra)

        step = action if verb and verb.action else self._next
        self._later = (now + self._profile.seam_after_s, step)
        return []

    def _interrupt(self, now: float) -> list[Command]:
        """Whatever is being done stops; queued audio is lost."""
        self._letters.forget()
        self._later = self._instead = None
        commands: list[Command] = []
        if self._stream:
            stream = self._stream
            commands += [Send(stream.stream_sid, text) for text in stream.stop(now)]
            commands.append(CloseSocket(stream.stream_sid, self._stream_profile.linger_s))
            self._stream_over(now)
        elif self._stream_sid:
            commands.append(CloseSocket(self._stream_sid))
            self._stream_sid = ""
        self._verb = None
        return commands

    # --- progress

    def _in_progress(self, now: float) -> None:
        if self.status == "ringing":
            self.status = "in-progress"
            self._progress("answered", now)

    def _finish(self, status: str, ended_by: str, now: float) -> list[Command]:
        if self.over:
            return []
        self._letters.forget()
        self._later = self._verb = self._instead = None
        self.status = status
        self.over = Over(status, ended_by)
        self._progress("completed", now)
        return [self.over]

    def _progress(self, event: str, now: float) -> None:
        duration_s = now - self._began if event == "completed" else None
        status = event if event == "initiated" else self.status
        self._letters.callbacks.call(event, status, now, duration_s)

    def _stream_event(self, event: str, now: float, error: str = "") -> None:
        if isinstance(self._verb, Stream):
            self._letters.callbacks.stream(self._verb, event, self._stream_sid, now, error)

    def _error(self, code: int, text: str, at: float) -> None:
        self._documents.errors.append(Warning_(code, text, at))

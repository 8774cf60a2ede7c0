"""A call that runs: a few tasks that move messages between two sockets and the state machine."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge import functions
from bridge.call.actions import EndCall, Note, Outcome, RunFunction
from bridge.call.call import Call, Message
from bridge.call.config import CallConfig
from bridge.call.tape import Tape
from bridge.functions import Function
from bridge.notes import Notes
from bridge.transport.carrier import CarrierPeer
from bridge.transport.model import ModelPeer, ModelUnavailable
from bridge.transport.rest import HangUp
from bridge.transport.socket import SocketClosed
from bridge.wire import realtime, twilio
from bridge.wire.dialect import Append, ModelMessage
from bridge.wire.errors import WireError

# The carrier goes on by itself when the stream ends, and asks what comes next. Where we know that
# nothing does, the call is ended for it.
HUNG_UP_BY_US = frozenset(
    {Outcome.COMPLETED, Outcome.TIME_LIMIT, Outcome.CARRIER_LOST, Outcome.DRAINED}
)


@dataclass(frozen=True)
class FunctionRun:
    name: str
    arguments: str
    output: str
    began_at: float  # monotonic seconds, as all times of a call
    ended_at: float


@dataclass(frozen=True)
class Expected:
    """What the carrier's ``start`` must say; ``account_sid`` None: any account."""

    call_sid: str
    account_sid: str | None = None


class LiveCall:
    """Runs one call to its end. Frames come in by callback and go out by one write a wake-up, so
    none costs a switch of tasks; a timer, the opening of the model and functions are tasks of one
    group. Whatever fails ends the call through the state machine, and a bug of ours ends this call
    alone. ``run`` returns when both sockets are closed.
    """

    def __init__(
        self,
        config: CallConfig,
        expected: Expected,
        carrier: CarrierPeer,
        open_model: Callable[[], Awaitable[ModelPeer]],
        *,
        conclude: Callable[[Outcome], Awaitable[None]],
        hang_up: HangUp,
        offered: Mapping[str, Function],
        tape: Tape | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._now = loop.time
        self.began_at = self._now()
        self.ended_at: float | None = None
        self.failed = False  # by a bug of ours, or abandoned
        self.expected = expected
        self.call = Call(config, self.began_at, tape)
        self._tape = tape
        self.functions: list[FunctionRun] = []
        self._noted = Notes()
        self._carrier = carrier
        self._open_model = open_model
        self._conclude = conclude
        self._hang_up = hang_up
        self._offered = offered
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._model: ModelPeer | None = None
        self._timer_due = float("inf")
        self._sooner = asyncio.Event()
        self._over: asyncio.Future[None] = loop.create_future()

    @property
    def notes(self) -> list[tuple[float, Note]]:
        """With their times; of many of one kind the first, and at the end the last."""
        return self._noted.kept

    async def run(self) -> Outcome:
        try:
            async with self._group:
                self._start(self._meet_model())
                self._start(self._keep_time())
                self._carrier.listen(self._from_carrier, self._carrier_gone)
                await self._over
                self.ended_at = self._now()
                outcome = await self._concluded()
                for task in self._tasks:
                    task.cancel()
        except BaseException:
            # A bug of ours, or there is no time for last words: the caller hears an apology.
            self.failed = True
            await self._conclude(Outcome.MODEL_FAILED)
            raise
        finally:
            self.ended_at = self.ended_at or self._now()
            self._noted.end()
            if self._tape is not None:
                self._tape.end(self.ended_at)
            await self._close()
        return outcome

    async def _concluded(self) -> Outcome:
        outcome = self.call.outcome
        assert outcome is not None
        await self._conclude(outcome)
        if outcome in HUNG_UP_BY_US and (start := self.call.start) is not None:
            await self._hang_up(start.account_sid, start.call_sid)
        return outcome

    def close(self, outcome: Outcome) -> None:
        """End the call from outside, once what is being said has been heard."""
        self._do(self.call.close(outcome, self._now()))

    def carrier_over(self) -> None:
        """The carrier has told us elsewhere that the call is over."""
        self._do(self.call.from_carrier(twilio.Stop(), self._now()))

    def say(self, text: str) -> bool:
        """The assistant says these words as soon as it may. False: the call is ending."""
        return self._told(self.call.announce(text, self._now()))

    def whisper(self, text: str) -> bool:
        """An instruction to the model, unheard. False: the call is ending, or not yet ready."""
        return self._told(self.call.whisper(text, self._now()))

    def hang_up(self, *, goodbye: bool) -> bool:
        """End the call, with last words or at once. False: it is ending already."""
        return self._told(self.call.hang_up(self._now(), goodbye=goodbye))

    def _told(self, messages: list[Message]) -> bool:
        self._do(messages)
        return bool(messages)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        # Begun by a socket's callback as a rule, whose context knows no call.
        task = self._group.create_task(work, context=self._noted.context.copy())
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    async def _close(self) -> None:
        peers = [self._carrier.close()]
        if self._model is not None:
            peers.append(self._model.close())
        await asyncio.gather(*peers)

    # --- the carrier ------------------------------------------------------------------------

    def _from_carrier(self, events: list[twilio.CarrierEvent | WireError]) -> None:
        now = self._now()
        messages: list[Message] = []
        only_audio = True  # which moves no deadline nearer
        try:
            for event in events:
                if isinstance(event, twilio.Media):
                    messages += self.call.from_carrier(event, now)
                    continue
                only_audio = False
                if isinstance(event, WireError):
                    messages += self.call.malformed(event.peer, event.problem)
                elif isinstance(event, twilio.Start) and not self._expects(event):
                    messages += self.call.carrier_lost(now)
                else:
                    messages += self.call.from_carrier(event, now)
            if only_audio:
                self._send(messages)
            else:
                self._do(messages)
        except Exception as bug:
            self._fail(bug)

    def _carrier_gone(self, why: str) -> None:
        """Without a stop, if the call still runs."""
        if self.call.outcome is None:
            self._noted.add(self._now(), Note("carrier_closed", why))
        self._do(self.call.carrier_lost(self._now()))

    def _expects(self, start: twilio.Start) -> bool:
        expected = self.expected
        if start.call_sid != expected.call_sid:
            self._noted.warn("the stream is of call %s: refused", start.call_sid)
            return False
        if expected.account_sid not in (None, start.account_sid):
            self._noted.warn("the stream is of account %s: refused", start.account_sid)
            return False
        return True

    # --- the model --------------------------------------------------------------------------

    async def _meet_model(self) -> None:
        try:
            self._model = await self._open_model()
        except ModelUnavailable as error:
            self._do(self.call.model_lost(str(error), self._now()))
            return
        self._model.listen(self._from_model, self._model_gone)

    def _from_model(self, events: list[realtime.ModelEvent | WireError]) -> None:
        now = self._now()
        messages: list[Message] = []
        try:
            for event in events:
                if isinstance(event, WireError):
                    messages += self.call.malformed(event.peer, event.problem)
                else:
                    messages += self.call.from_model(event, now)
            self._do(messages)
        except Exception as bug:
            self._fail(bug)

    def _model_gone(self, why: str) -> None:
        self._do(self.call.model_lost(why, self._now()))

    # --- functions --------------------------------------------------------------------------

    async def _run_function(self, asked: RunFunction) -> None:
        began_at = self._now()
        function = self._offered.get(asked.name)
        if function is None:
            output = functions.unknown(asked.name)
        else:
            output = await functions.run(function, asked.arguments)
        now = self._now()
        self.functions.append(FunctionRun(asked.name, asked.arguments, output, began_at, now))
        self._do(self.call.from_function(asked.call_id, output, now))

    # --- what the state machine asks for ----------------------------------------------------

    def _do(self, messages: Sequence[Message]) -> None:
        """Send, and look at the time anew: what happened may have moved the deadline."""
        self._send(messages)
        due = self.call.deadline()
        if due is not None and due < self._timer_due:
            self._sooner.set()

    def _send(self, messages: Sequence[Message]) -> None:
        """Each peer gets its share of the messages, in order, with one write."""
        to_carrier: list[twilio.CarrierMessage] = []
        to_model: list[ModelMessage] = []
        for message in messages:
            match message:
                case Append():
                    to_model.append(message)
                case twilio.Media() | twilio.Mark() | twilio.Clear():
                    to_carrier.append(message)
                case RunFunction():
                    self._start(self._run_function(message))
                case EndCall():
                    if not self._over.done():
                        self._over.set_result(None)
                case Note():
                    self._noted.add(self._now(), message)
                case _:
                    to_model.append(message)
        if to_carrier:
            self._send_carrier(to_carrier)
        if to_model:
            self._send_model(to_model)

    def _send_carrier(self, messages: list[twilio.CarrierMessage]) -> None:
        try:
            self._carrier.send(messages)
        except SocketClosed as closed:
            self._carrier_gone(str(closed))

    def _send_model(self, messages: list[ModelMessage]) -> None:
        try:
            if self._model is not None:
                self._model.send(messages)
        except SocketClosed as closed:
            self._do(self.call.model_lost(str(closed), self._now()))

    def _fail(self, bug: Exception) -> None:
        """Ends this call, and no other, with the exception in the log."""
        if not self._over.done():
            self._over.set_exception(bug)

    async def _keep_time(self) -> None:
        while (due := self.call.deadline()) is not None:
            self._timer_due = due
            self._sooner.clear()
            try:
                async with asyncio.timeout_at(due):
                    await self._sooner.wait()
            except TimeoutError:
                self._do(self.call.tick(self._now()))

"""A call that runs: a few tasks that move messages between two sockets and the state machine."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge import functions
from bridge.call.actions import EndCall, Note, Outcome, RunFunction
from bridge.call.call import Call, Message
from bridge.call.config import CallConfig
from bridge.functions import Function
from bridge.outbox import Outbox, OutboxFull
from bridge.transport.carrier import CarrierPeer
from bridge.transport.model import ModelPeer, ModelUnavailable
from bridge.transport.rest import HangUp
from bridge.transport.socket import SocketClosed
from bridge.wire import twilio
from bridge.wire.dialect import Append, ModelMessage
from bridge.wire.errors import WireError

CARRIER_BOUND = 4_000  # messages: the ledger's window of a minute, with marks, several times
MODEL_BOUND = 4_000  # more than a minute of caller audio

# The carrier goes on by itself when the stream ends, and asks what comes next. Where we know that
# nothing does, the call is ended for it.
HUNG_UP_BY_US = frozenset(
    {Outcome.COMPLETED, Outcome.TIME_LIMIT, Outcome.CARRIER_LOST, Outcome.DRAINED}
)

logger = logging.getLogger(__name__)


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
    """Runs one call to its end: two readers, two writers, a timer, and functions off the path.

    Every task belongs to one group. Whatever fails ends the call through the state machine;
    ``run`` returns when both sockets are closed. Before that ``conclude`` is told the outcome: the
    carrier may ask for it as soon as it sees the stream end.
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
        send_timeout_s: float,
    ) -> None:
        self._now = asyncio.get_running_loop().time
        self.began_at = self._now()
        self.ended_at: float | None = None
        self.expected = expected
        self.call = Call(config, self.began_at)
        self.functions: list[FunctionRun] = []
        self.notes: list[tuple[float, Note]] = []
        self._carrier = carrier
        self._open_model = open_model
        self._conclude = conclude
        self._hang_up = hang_up
        self._offered = offered
        self._send_timeout_s = send_timeout_s
        self._to_carrier: Outbox[twilio.CarrierMessage] = Outbox(CARRIER_BOUND)
        self._to_model: Outbox[ModelMessage] = Outbox(MODEL_BOUND)
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._model: ModelPeer | None = None
        self._timer_due = float("inf")
        self._sooner = asyncio.Event()
        self._over = asyncio.Event()

    async def run(self) -> Outcome:
        try:
            async with self._group:
                for work in (self._read_carrier, self._write_carrier, self._talk_to_model):
                    self._start(work())
                self._start(self._keep_time())
                await self._over.wait()
                self.ended_at = self._now()
                outcome = await self._concluded()
                for task in self._tasks:
                    task.cancel()
        except BaseException:
            # A bug of ours, or there is no time for last words: the caller hears an apology.
            await self._conclude(Outcome.MODEL_FAILED)
            raise
        finally:
            self.ended_at = self.ended_at or self._now()
            await self._close()
        return outcome

    async def _concluded(self) -> Outcome:
        outcome = self.call.outcome
        assert outcome is not None
        await self._conclude(outcome)
        if outcome in HUNG_UP_BY_US and self.call.start is not None:
            await self._hang_up(self.expected.call_sid)
        return outcome

    def close(self, outcome: Outcome) -> None:
        """End the call from outside, once what is being said has been heard."""
        self._act(self.call.close(outcome, self._now()))

    def carrier_over(self) -> None:
        """The carrier has told us elsewhere that the call is over."""
        self._act(self.call.from_carrier(twilio.Stop(), self._now()))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._group.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    async def _close(self) -> None:
        peers = [self._carrier.close()]
        if self._model is not None:
            peers.append(self._model.close())
        await asyncio.gather(*peers)

    # --- the carrier ------------------------------------------------------------------------

    async def _read_carrier(self) -> None:
        while (events := await self._carrier.receive()) is not None:
            now = self._now()
            for event in events:
                if isinstance(event, twilio.Media):
                    self._send(self.call.from_carrier(event, now))
                elif isinstance(event, WireError):
                    self._act(self.call.malformed(event.peer, event.problem))
                elif isinstance(event, twilio.Start) and not self._expects(event):
                    self._act(self.call.carrier_lost(now))
                else:
                    self._act(self.call.from_carrier(event, now))
        self._act(self.call.carrier_lost(self._now()))

    def _expects(self, start: twilio.Start) -> bool:
        expected = self.expected
        if start.call_sid != expected.call_sid:
            logger.warning("the stream is of call %s: refused", start.call_sid)
            return False
        if expected.account_sid not in (None, start.account_sid):
            logger.warning("the stream is of account %s: refused", start.account_sid)
            return False
        return True

    async def _write_carrier(self) -> None:
        try:
            await self._to_carrier.write(self._carrier.send, self._send_timeout_s)
        except (SocketClosed, TimeoutError):
            self._act(self.call.carrier_lost(self._now()))

    # --- the model --------------------------------------------------------------------------

    async def _talk_to_model(self) -> None:
        try:
            self._model = await self._open_model()
        except ModelUnavailable as error:
            self._act(self.call.model_lost(str(error), self._now()))
            return
        self._start(self._write_model(self._model))
        while (events := await self._model.receive()) is not None:
            now = self._now()
            for event in events:
                if isinstance(event, WireError):
                    self._act(self.call.malformed(event.peer, event.problem))
                else:
                    self._act(self.call.from_model(event, now))
        self._act(self.call.model_lost(self._model.why_closed, self._now()))

    async def _write_model(self, model: ModelPeer) -> None:
        try:
            await self._to_model.write(model.send, self._send_timeout_s)
        except (SocketClosed, TimeoutError):
            self._act(self.call.model_lost("it takes no messages any more", self._now()))

    # --- functions --------------------------------------------------------------------------

    async def _run_function(self, asked: RunFunction) -> None:
        began_at = self._now()
        function = self._offered.get(asked.name)
        if function is None:
            output = f'{{"error":"there is no function {asked.name}"}}'
        else:
            output = await functions.run(function, asked.arguments)
        now = self._now()
        self.functions.append(FunctionRun(asked.name, asked.arguments, output, began_at, now))
        self._act(self.call.from_function(asked.call_id, output, now))

    # --- what the state machine asks for ----------------------------------------------------

    def _act(self, messages: Sequence[Message]) -> None:
        """Send, and look at the time anew: an event may have moved the deadline."""
        self._send(messages)
        due = self.call.deadline()
        if due is not None and due < self._timer_due:
            self._sooner.set()

    def _send(self, messages: Sequence[Message]) -> None:
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
                    self._over.set()
                case Note(kind, detail):
                    self.notes.append((self._now(), message))
                    logger.warning("%s: %s", kind, detail)
                case _:
                    to_model.append(message)
        if to_carrier:
            self._put_carrier(to_carrier)
        if to_model:
            self._put_model(to_model)

    def _put_carrier(self, messages: list[twilio.CarrierMessage]) -> None:
        try:
            self._to_carrier.put(messages)
        except OutboxFull:
            self._act(self.call.carrier_lost(self._now()))

    def _put_model(self, messages: list[ModelMessage]) -> None:
        try:
            self._to_model.put(messages)
        except OutboxFull:
            self._act(self.call.model_lost("it takes no messages any more", self._now()))

    async def _keep_time(self) -> None:
        while (due := self.call.deadline()) is not None:
            self._timer_due = due
            self._sooner.clear()
            try:
                async with asyncio.timeout_at(due):
                    await self._sooner.wait()
            except TimeoutError:
                self._send(self.call.tick(self._now()))

"""One response: from ``response.created`` to ``response.done``, as a ladder of events."""

import base64
from collections.abc import Callable, Generator
from typing import Any

from bridge.sim.model.delivery import Delivery, tokens_of
from bridge.sim.model.items import Item, Part, item_wire
from bridge.sim.model.options import ResponseOptions, options_wire
from bridge.sim.model.output import Opened, Output
from bridge.sim.model.reply import Context, FunctionCall, Reply, Spoken
from bridge.sim.model.stage import Stage
from bridge.sim.model.usage import Tokens, input_tokens, output_tokens, usage_wire
from bridge.sim.voice.jobs import Failed, Result, Speak, Speech

ARGUMENT_CHARS = 8  # of one function call delta
TEXT_DELTA_S = 0.02  # pace of written output and of arguments

# The ladder says when it wants to go on (None: when something it waits for has come), and is
# told the time that is due, not the time it is: a late tick changes nothing in the schedule.
Steps = Generator[float | None, float, None]
Rung = Generator[float | None, float, float]  # one item of it; returns when it is over


class Response:
    """Call ``start``, then ``step`` when ``due``, ``wake`` when an answer came in."""

    def __init__(
        self,
        stage: Stage,
        number: int,
        options: ResponseOptions,
        input_items: list[Item] | None,
        on_inference: Callable[[Tokens], Tokens],
    ) -> None:
        self.id = stage.outbox.new_id("resp")
        self.number = number
        self.options = options
        self.status = "in_progress"
        self.reason: str | None = None
        self.due: float | None = None
        self.used = self.cached = self.made = Tokens()
        self._stage = stage
        self._input = input_items
        self._on_inference = on_inference  # told the input; returns what of it is cached
        self._error: dict[str, Any] | None = None
        self._out = Output(stage, self.id, in_conversation=options.in_conversation)
        self._deliveries: dict[int, Delivery] = {}
        self._jobs: list[int] = []
        self._steps: Steps | None = None

    # --- being driven -------------------------------------------------------------------------

    def start(self, now: float) -> None:
        self._stage.outbox.send("response.created", response=self._wire())
        self._steps = self._run(now)
        self.due = next(self._steps, None)

    def step(self) -> None:
        """Do what is due."""
        if self.due is not None:
            self._resume(self.due)

    def wake(self, now: float) -> None:
        """Go on if the response waited for words or speech."""
        if self.due is None:
            self._resume(now)

    def _resume(self, now: float) -> None:
        if self._steps is None or self.is_done:
            return
        try:
            self.due = self._steps.send(now)
        except StopIteration:
            self.due = None

    def cancel(self, reason: str) -> None:
        """Close what is open and end; nothing more is produced."""
        if self._steps is not None:
            self._steps.close()
        if reason == "turn_detected" and self._stage.profile.late_delta:
            self._one_more_delta()
        self._finish("cancelled", reason)

    @property
    def is_done(self) -> bool:
        return self.status != "in_progress"

    @property
    def output(self) -> list[Item]:
        return self._out.items

    @property
    def audio_ms(self) -> float:
        return sum(part.generated_ms for item in self.output for part in item.parts)

    # --- the ladder ---------------------------------------------------------------------------

    def _run(self, now: float) -> Steps:
        while not all(item.understood() for item in self._context_items()):
            now = yield None
        stage, latency_s = self._stage, self._stage.profile.first_delta_ms / 1000
        code = stage.profile.failed_responses.get(self.number)
        if code is not None:
            self._fail(code)
            return
        reply = stage.mind.reply(self._context())
        context = self._context_items()
        self.used = input_tokens(context, self.options.instructions, self.options.tools)
        self.cached = self._on_inference(self.used)
        self._ask_speech(reply, 0)
        now = yield now + latency_s / 2
        for index, planned in enumerate(reply.items):
            pause_s = latency_s / 2 if index == 0 else 0.0
            match planned:
                case FunctionCall():
                    now = yield from self._call(index, planned, now)
                case Spoken() if self.options.speaks:
                    now = yield from self._say(index, planned, reply, now + pause_s)
                case Spoken():
                    now = yield from self._write(index, planned, now + pause_s)
            if self.is_done:
                return
        self._finish("completed")

    def _say(self, index: int, planned: Spoken, reply: Reply, now: float) -> Rung:
        opened = self._out.open_item(index, Item(self._new_item_id(), role="assistant"))
        part = self._out.open_part(opened, Part("output_audio", transcript="", heard=""))
        delivery = opened.delivery = self._deliveries[index]
        self._ask_speech(reply, index + 1)
        now = yield now
        while not delivery.finished:
            chunk_ms = delivery.chunk_ms()
            if chunk_ms is None:
                now = max(now, (yield None))
                continue
            self._send_words(opened, part, delivery, chunk_ms)
            self._send_audio(opened, part, delivery, chunk_ms)
            if self._is_spent():
                self._finish("incomplete", "max_output_tokens")
                return now
            now += self._pause_s(delivery, chunk_ms, planned)
            if not delivery.finished:
                now = yield now
        self._out.close_item("completed")
        return now

    def _write(self, index: int, planned: Spoken, now: float) -> Rung:
        opened = self._out.open_item(index, Item(self._new_item_id(), role="assistant"))
        part = self._out.open_part(opened, Part("output_text"))
        for word in tokens_of(planned.text.strip()):
            now = yield now
            part.text += word
            self._out.tell("response.output_text.delta", opened, delta=word)
            if self._is_spent():
                self._finish("incomplete", "max_output_tokens")
                return now
            now += TEXT_DELTA_S if self._stage.profile.speed else 0.0
        self._out.close_item("completed")
        return now

    def _call(self, index: int, planned: FunctionCall, now: float) -> Rung:
        stage = self._stage
        item = Item(self._new_item_id(), kind="function_call", name=planned.name)
        item.call_id = stage.ids.call()
        opened = self._out.open_item(index, item)
        pieces = [
            planned.arguments[at : at + ARGUMENT_CHARS]
            for at in range(0, len(planned.arguments), ARGUMENT_CHARS)
        ]
        for number, piece in enumerate(pieces):
            now = yield now
            if self.number in stage.profile.cut_calls and number == len(pieces) // 2:
                self._finish("cancelled", "turn_detected")
                return now
            item.arguments += piece
            self._out.tell_call("response.function_call_arguments.delta", opened, delta=piece)
            now += TEXT_DELTA_S if stage.profile.speed else 0.0
        self._out.close_item("completed")
        return now

    def _pause_s(self, delivery: Delivery, chunk_ms: float, planned: Spoken) -> float:
        """Until the next delta. A stall comes on top, once, behind the audio it names."""
        profile = self._stage.profile
        pause_s = chunk_ms / 1000 / profile.speed if profile.speed else 0.0
        if not delivery.stalls_here:
            return pause_s
        stall = profile.stalls.get(self.number)
        return pause_s + (planned.stall_ms or (stall.for_ms if stall else 0)) / 1000

    # --- speech -------------------------------------------------------------------------------

    def _ask_speech(self, reply: Reply, index: int) -> None:
        """The next item's speech is made while the one before is being delivered."""
        if not self.options.speaks or index >= len(reply.items):
            return
        planned = reply.items[index]
        if isinstance(planned, FunctionCall):
            self._ask_speech(reply, index + 1)
            return
        if index in self._deliveries:
            return
        stall = self._stage.profile.stalls.get(self.number)
        after_ms = planned.stall_after_ms or (stall.after_ms if stall else None)
        record = self._stage.record
        stream = record.asked_to_speak() if record is not None else 0
        delivery = self._deliveries[index] = Delivery(self.options.output_format, after_ms, stream)

        def on_result(result: Result, now: float) -> None:
            if isinstance(result, Speech):
                delivery.push(result)
                self.wake(now)
            elif isinstance(result, Failed):
                self._fail("server_error")

        voice = self.options.voice
        name = voice if isinstance(voice, str) else voice["id"]
        job = Speak(planned.text, name, planned.duration_ms)
        self._jobs.append(self._stage.outbox.ask(job, on_result))

    def _one_more_delta(self) -> None:
        """A delta that was on the wire already when the caller began to speak."""
        opened = self._out.opened
        if opened is None or opened.delivery is None:
            return
        chunk_ms = opened.delivery.chunk_ms()
        if chunk_ms is not None and opened.item.parts[0].generated_ms:
            self._send_audio(opened, opened.item.parts[0], opened.delivery, chunk_ms)

    def _send_words(self, opened: Opened, part: Part, delivery: Delivery, ms: float) -> None:
        for word in delivery.take_words(ms):
            part.told += word.text
            if part.kept_ms is None:
                part.words.append(word)
                part.heard = part.transcript = part.told
            self._out.tell("response.output_audio_transcript.delta", opened, delta=word.text)

    def _send_audio(self, opened: Opened, part: Part, delivery: Delivery, ms: float) -> None:
        wire, pcm = delivery.take(ms)
        if self._stage.profile.keep_audio and part.kept_ms is None:
            part.audio += pcm
        part.generated_ms = delivery.sent_ms
        record = self._stage.record
        if record is not None:
            now = self._stage.outbox.now
            record.delivered(opened.item.id, delivery.stream, delivery.sent_ms, now)
        delta = base64.b64encode(wire).decode("ascii")
        self._out.tell("response.output_audio.delta", opened, delta=delta)

    def _new_item_id(self) -> str:
        return self._stage.outbox.new_id("item")

    def _is_spent(self) -> bool:
        limits = [self._stage.profile.incomplete_responses.get(self.number)]
        if isinstance(self.options.max_output_tokens, int):
            limits.append(self.options.max_output_tokens)
        made = output_tokens(self.output).total
        return any(limit is not None and made >= limit for limit in limits)

    def _fail(self, code: str) -> None:
        kind = "server_error" if code == "server_error" else "invalid_request_error"
        self._error = {"type": kind, "code": code, "message": _FAILURES.get(code, code)}
        self._finish("failed")

    def _finish(self, status: str, reason: str | None = None) -> None:
        self._out.close_item("completed" if status == "completed" else "incomplete")
        self.status, self.reason = status, reason
        self.due = None
        self.made = output_tokens(self.output)
        if not self.output:  # cancelled or failed before anything was made: not billed
            self.used = self.cached = Tokens()
        self._deliveries.clear()
        for job_id in self._jobs:
            self._stage.outbox.forget(job_id)
        self._stage.outbox.send("response.done", response=self._wire())

    # --- what it shows and what it is given ---------------------------------------------------

    def _wire(self) -> dict[str, Any]:
        stage = self._stage
        conversation_id = stage.conversation.id if self.options.in_conversation else None
        named = {} if stage.dialect.name == "preview_2024_10" else {"object": "realtime.response"}
        details: dict[str, Any] | None = None
        if self.status not in ("in_progress", "completed"):
            told = {"error": self._error} if self._error else {"reason": self.reason}
            details = {"type": self.status, **told}
        usage = usage_wire(self.used, self.cached, self.made, stage.dialect)
        return {
            **named,
            "id": self.id,
            "status": self.status,
            "status_details": details,
            "output": [item_wire(item, stage.dialect) for item in self.output],
            **options_wire(self.options, stage.dialect, conversation_id),
            "usage": usage if self.is_done else None,
        }

    def _context_items(self) -> list[Item]:
        if self._input is not None:
            return self._input
        return [item for item in self._stage.conversation if item not in self.output]

    def _context(self) -> Context:
        return Context(
            instructions=self.options.instructions,
            turns=tuple(item.as_turn() for item in self._context_items()),
            tools=self.options.tool_list(),
            tool_choice=self.options.chosen(),
            requested=self.options.requested,
        )


_FAILURES = {
    "inference_rate_limit_exceeded": "(too many requests, try again later)",
    "rate_limit_exceeded": "Rate limit reached. Please try again later.",
    "inference_service_unavailable_error": "The inference service is temporarily unavailable.",
    "server_error": "The server had an error while processing your request.",
}

"""All responses of a session: one at a time in the conversation, others beside it."""

from collections.abc import Callable
from typing import Any

from bridge.sim.model.items import Item
from bridge.sim.model.options import ResponseOptions
from bridge.sim.model.refusal import Refusal
from bridge.sim.model.response import Response
from bridge.sim.model.stage import Stage
from bridge.sim.model.usage import Tokens

RATE_LIMITS_AFTER_S = 0.04
REQUESTS_LIMIT, TOKENS_LIMIT = 20_000, 15_000_000


class Responses:
    """Starts, drives and ends responses. ``on_done`` is told of each end."""

    def __init__(self, stage: Stage, on_done: Callable[[Response, float], None]) -> None:
        self.every: list[Response] = []
        self._stage = stage
        self._on_done = on_done
        self._running: list[Response] = []
        self._last_input: Tokens | None = None
        self._spent = 0

    @property
    def active(self) -> Response | None:
        """The one that writes to the conversation."""
        return next((r for r in self._running if r.options.in_conversation), None)

    @property
    def has_spoken(self) -> bool:
        return any(response.audio_ms for response in self.every)

    @property
    def due(self) -> float | None:
        if not self._running:
            return None
        dues = [response.due for response in self._running if response.due is not None]
        return min(dues, default=None)

    def create(
        self, options: ResponseOptions, now: float, input_items: list[Item] | None = None
    ) -> None:
        active = self.active
        if active is not None and options.in_conversation:
            message = f"Conversation already has an active response in progress: {active.id}."
            hint = " Wait until the response is finished before creating a new one."
            raise Refusal("conversation_already_has_active_response", message + hint)
        number = len(self.every) + 1
        response = Response(self._stage, number, options, input_items, self._inference)
        self.every.append(response)
        self._running.append(response)
        response.start(now)
        self.sweep(now)

    def cancel(self, reason: str, now: float, response_id: str | None = None) -> None:
        """Cancel the one named, else the one in the conversation."""
        wanted = next((r for r in self._running if r.id == response_id), None)
        response = self.active if response_id is None else wanted
        if response is None:
            message = "Cancellation failed: no active response found"
            raise Refusal("response_cancel_not_active", message)
        response.cancel(reason)
        self.sweep(now)

    def step(self) -> None:
        """Drive the response that is due first."""
        due = self.due
        if due is None:
            return
        next(response for response in self._running if response.due == due).step()
        self.sweep(due)

    def wake(self, now: float) -> None:
        for response in list(self._running):
            response.wake(now)
        self.sweep(now)

    def sweep(self, now: float) -> None:
        """Let go of responses that ended."""
        done = [response for response in self._running if response.is_done]
        self._running = [response for response in self._running if not response.is_done]
        for response in done:
            self._spent += response.used.total + response.made.total
            match self._stage.dialect.rate_limits:
                case "after_done":
                    self._stage.agenda.at(now + RATE_LIMITS_AFTER_S, self._tell_tokens)
                case "with_done":
                    self._tell_limits()
                case "at_inference":
                    pass
            self._on_done(response, now)

    def _inference(self, used: Tokens) -> Tokens:
        """The service has begun to think; what it has read before is cached."""
        if self._stage.dialect.rate_limits == "at_inference":
            self._tell_limits()
        before, self._last_input = self._last_input, used
        return Tokens() if before is None else used.cached(before)

    def _tell_tokens(self, now: float) -> None:
        self._stage.outbox.send("rate_limits.updated", rate_limits=[self._tokens()])

    def _tell_limits(self) -> None:
        remaining = REQUESTS_LIMIT - len(self.every)
        requests = {"name": "requests", "limit": REQUESTS_LIMIT, "remaining": remaining}
        limits = [requests | {"reset_seconds": 0.003}, self._tokens()]
        self._stage.outbox.send("rate_limits.updated", rate_limits=limits)

    def _tokens(self) -> dict[str, Any]:
        remaining = TOKENS_LIMIT - self._spent
        return {
            "name": "tokens",
            "limit": TOKENS_LIMIT,
            "remaining": remaining,
            "reset_seconds": 0.018,
        }

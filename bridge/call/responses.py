"""The one response slot of a conversation, and the queue before it."""

from collections import deque

from bridge.wire.dialect import CreateResponse

RETRY_AFTER_S = (1.0, 3.0)  # a failed response is silent for the caller: ask again, then give up
DEAD_REMEMBERED = 32


class Responses:
    """At most one response runs; every ``response.create`` of ours goes through here.

    The service also starts responses by itself, after a caller's turn. One that was interrupted
    is *dead*: its late audio is silent, though it holds the slot until its ``response.done``.
    """

    def __init__(self) -> None:
        self.active: str | None = None
        self._asked: CreateResponse | None = None  # sent, ``response.created`` not seen yet
        self._begun: CreateResponse | None = None  # what the running response seems to answer
        self._ended: CreateResponse | None = None  # the same of the last one
        self._wanted: deque[CreateResponse] = deque(maxlen=4)
        self._dead: deque[str] = deque(maxlen=DEAD_REMEMBERED)
        self._failures = 0
        self._retry_at: float | None = None

    @property
    def idle(self) -> bool:
        """Nothing runs, was asked for, or waits."""
        return not (self.active or self._asked or self._wanted or self._retry_at is not None)

    @property
    def running(self) -> bool:
        """A response runs that is not dead."""
        return self.active is not None and self.active not in self._dead

    def want(self, asked: CreateResponse) -> None:
        """Ask for an answer as soon as the slot is free; equal wishes become one."""
        if asked not in self._wanted:
            self._wanted.append(asked)

    def answered_anyway(self) -> None:
        """A response to the caller's turn comes now and sees all we had to add."""
        self._wanted = deque((w for w in self._wanted if w.instructions), maxlen=4)
        self._retry_at = None

    def wake(self, now: float) -> None:
        """A retry that is due becomes a wish, even if it cannot be sent yet."""
        if self._retry_at is not None and now >= self._retry_at:
            self._retry_at = None
            self.want(self._ended or CreateResponse())

    def next(self, now: float) -> list[CreateResponse]:
        """What may be sent now."""
        self.wake(now)
        if self.active or self._asked or not self._wanted:
            return []
        self._asked = self._wanted.popleft()
        return [self._asked]

    def refused(self) -> None:
        """The slot was taken after all: ask again when it is free.

        The response of the service that took it may have been announced before the refusal.
        """
        asked = self._asked or self._begun
        self._asked = self._begun = None
        if asked and asked not in self._wanted:
            self._wanted.appendleft(asked)

    def created(self, response_id: str) -> None:
        self.active = response_id
        self._begun, self._asked = self._asked, None

    def done(self, response_id: str) -> None:
        if self.active == response_id:
            self.active = None
            self._ended, self._begun = self._begun, None

    def interrupt(self) -> str | None:
        """What runs is dead from now on; returns its id if anything ran."""
        if not self.running or self.active is None:
            return None
        self._dead.append(self.active)
        return self.active

    def dead(self, response_id: str) -> bool:
        return response_id in self._dead

    def failed(self, now: float) -> bool:
        """A response failed. False: it has been tried often enough."""
        if self._failures >= len(RETRY_AFTER_S):
            return False
        self._retry_at = now + RETRY_AFTER_S[self._failures]
        self._failures += 1
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def deadline(self) -> float:
        return float("inf") if self._retry_at is None else self._retry_at

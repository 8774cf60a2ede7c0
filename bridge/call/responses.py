"""The one response slot of a conversation, and the queue before it."""

from collections import deque

from bridge.wire.dialect import CreateResponse

RETRY_AFTER_S = (1.0, 3.0)  # a failed response is silent for the caller: ask again, then give up
DEAD_REMEMBERED = 32
CREATED_TIMEOUT_S = 5.0
QUIET_TIMEOUT_S = 20.0
# An error does not always say which event it answers. Where it does not, these, and a bad request
# without a code (a late truncation), are never about a response that was asked for.
ERRORS_OF_OTHERS = frozenset(
    {
        "response_cancel_not_active",
        "item_truncate_invalid_item_id",
        "item_delete_invalid_item_id",
        "input_audio_buffer_commit_empty",
        "session_expired",
    }
)


class Responses:
    """At most one response runs; every ``response.create`` of ours goes through here.

    The service also starts responses by itself, after a caller's turn. One that was interrupted
    is *dead*: its late audio is silent, though it holds the slot until its ``response.done``.

    A model that owes an answer and says nothing at all has until ``owed_by``.
    """

    def __init__(
        self,
        created_timeout_s: float = CREATED_TIMEOUT_S,
        quiet_timeout_s: float = QUIET_TIMEOUT_S,
    ) -> None:
        self._created_timeout_s = created_timeout_s
        self._quiet_timeout_s = quiet_timeout_s
        self._heard_at = 0.0  # of the model, or asked: the silence counts from there
        self._expected = False  # the service answers a turn by itself, and has not begun
        self._given_up: str | None = None  # the running response, cancelled for its silence
        self._refused = False  # the retry that is due follows an error that may be another's
        self.active: str | None = None
        self._asked: CreateResponse | None = None  # sent, ``response.created`` not seen yet
        self._n_asked = 0
        self._begun: CreateResponse | None = None  # what the running response seems to answer
        self._ended: CreateResponse | None = None  # the same of the last one
        self._wanted: deque[CreateResponse] = deque(maxlen=4)
        # A wish, this very object, for what another may still bring: the service by itself, or
        # the same wish sent before. A response that takes the slot does for it.
        self._instead: CreateResponse | None = None
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
        if asked in self._wanted:  # from now on for its own sake
            self._wanted[self._wanted.index(asked)] = asked
        else:
            self._wanted.append(asked)

    def heard(self, now: float) -> None:
        """The model is alive."""
        self._heard_at = now

    def expect(self, now: float) -> None:
        """The service will answer the caller's turn without being asked."""
        self._expected = True
        self._heard_at = now

    def turn_began(self) -> None:
        """The caller speaks: the answer to the last turn may never come."""
        self._expected = False

    def answered_anyway(self) -> None:
        """A response to the caller's turn comes now and sees all we had to add."""
        self._wanted = deque((w for w in self._wanted if w.instructions), maxlen=4)
        self._retry_at = None

    @property
    def retrying(self) -> bool:
        """A retry is due, now or later."""
        return self._retry_at is not None

    def call_off_retry(self) -> None:
        self._retry_at = None

    def wake(self, now: float) -> None:
        """A retry that is due becomes a wish, even if it cannot be sent yet."""
        if self._retry_at is not None and now >= self._retry_at:
            self._retry_at, self._refused = None, False
            self.want(self._ended or CreateResponse())

    def next(self, now: float) -> list[CreateResponse]:
        """What may be sent now."""
        self.wake(now)
        if self.active or self._asked or not self._wanted:
            return []
        self._asked = self._wanted.popleft()
        self._n_asked += 1
        self._heard_at = now
        return [CreateResponse(self._asked.instructions, self._event_id)]

    @property
    def _event_id(self) -> str:
        """Of the last ``response.create``."""
        return f"offhook-{self._n_asked}"

    def refused(self, event_id: str | None = None) -> None:
        """The slot was taken after all: ask again when it is free, unless what took it will do.

        The response of the service that took it may have been announced before the refusal.
        """
        if event_id not in (None, self._event_id):
            return  # what was refused has been asked again since
        asked = self._asked or self._begun
        self._asked = self._begun = None
        if asked and asked is self._instead:
            self._instead = None
            self._expected = self.active is None
        elif asked and asked not in self._wanted:
            self._wanted.appendleft(asked)

    def error(self, code: str | None, event_id: str | None = None) -> bool:
        """An error came. True: it answers, or seems to, what we asked for, which has failed then.
        Often it names no event, even where the event had an id."""
        others = event_id is None and (code is None or code in ERRORS_OF_OTHERS)
        if self._asked is None or others or event_id not in (None, self._event_id):
            return False
        self._ended, self._asked = self._asked, None
        self._refused = event_id is None
        return True

    def created(self, response_id: str) -> None:
        if self._refused:  # the error was about something else
            self._retry_at, self._refused = None, False
        self.active = response_id
        self._expected = False
        if self._asked is None:
            self._wanted = deque((w for w in self._wanted if w is not self._instead), maxlen=4)
        self._begun, self._asked = self._asked, None

    def done(self, response_id: str) -> None:
        if self.active == response_id:
            self.active = None
            self._ended, self._begun = self._begun, None
            if self._ended is self._instead:
                self._instead = None

    def interrupt(self) -> str | None:
        """What runs is dead from now on; returns its id if anything ran."""
        if not self.running or self.active is None:
            return None
        self._dead.append(self.active)
        return self.active

    def dead(self, response_id: str) -> bool:
        return response_id in self._dead

    def failed(self, now: float, instead: CreateResponse | None = None) -> bool:
        """A response failed: it is wanted once more, or something ``instead``, after a while.
        False: it has been tried often enough."""
        if self._failures >= len(RETRY_AFTER_S):
            return False
        self._ended = instead or self._ended
        self._retry_at = now + RETRY_AFTER_S[self._failures]
        self._failures += 1
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def owed_by(self) -> float:
        """When a silent model has been silent for too long; never, while it owes nothing."""
        if self.active is not None:
            given_up = self._given_up == self.active
            return self._heard_at + (self._created_timeout_s if given_up else self._quiet_timeout_s)
        if self._asked or self._expected:
            return self._heard_at + self._created_timeout_s
        return float("inf")

    def overdue(self, now: float) -> bool:
        """It has been silent for too long: what it owes is wanted once more. False: it was asked
        often enough."""
        lost = self._given_up is not None and self._given_up == self.active
        if lost or self._failures >= len(RETRY_AFTER_S):
            return False
        self._failures += 1
        self._heard_at = now
        self._given_up = self.active
        # Of an answer that was interrupted nobody wants the beginning once more.
        again = self._asked or (self._begun if self.running else None) or CreateResponse()
        self._asked, self._expected = None, False
        if again not in self._wanted:
            self._wanted.appendleft(again)
            self._instead = again if self.active is None else None
        return True

    def deadline(self) -> float:
        retry_at = float("inf") if self._retry_at is None else self._retry_at
        return min(retry_at, self.owed_by())

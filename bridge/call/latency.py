"""Where the time of an answer went: end of speech, commit, response, first audio, first heard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

# What the figures count from: the end of the caller's speech, or, where that cannot be known, the
# model's verdict that the caller had finished. It comes later, by the silence it waits for.
Since = Literal["speech", "verdict"]


@dataclass(frozen=True)
class TurnTimes:
    """Monotonic seconds of each stage of one response; None: it was not reached."""

    since: Since | None = None  # None: nobody spoke before it
    speech_ended_at: float | None = None  # or the verdict, see ``since``
    committed_at: float | None = None
    results_at: float | None = None  # of an answer to functions: their results were there
    response_created_at: float | None = None
    first_audio_at: float | None = None  # from the model, and in the same step to the carrier
    first_heard_at: float | None = None  # as a mark confirms it, so the way back is in it
    calls_function: bool = False  # another response is to answer the result
    chain: int = 0  # responses to one turn of the caller have the same

    def stages_ms(self) -> dict[str, float | None]:
        """Length of each stage; the first one counts from the end of the caller's speech.

        ``function`` is there where the response answers functions: from the commit to their
        results, the response that called them included.
        """
        asked_at = self.committed_at if self.results_at is None else self.results_at
        points = (
            ("commit", self.speech_ended_at, self.committed_at),
            ("function", self.committed_at, self.results_at),
            ("response", asked_at, self.response_created_at),
            ("first_audio", self.response_created_at, self.first_audio_at),
            ("heard", self.first_audio_at, self.first_heard_at),
            ("total", self.speech_ended_at, self.first_heard_at),
        )
        return {name: between_ms(start, end) for name, start, end in points}


@dataclass(frozen=True)
class Firsts:
    """From the end of the caller's speech to the first sound heard of all its responses, and to
    the first of the last response, where that one calls no function."""

    sound_ms: float | None = None
    answer_ms: float | None = None


def firsts(turns: Sequence[TurnTimes]) -> list[Firsts]:
    """One for each response: the last one to a turn of the caller has its figures, those before
    it have none."""
    last = {turn.chain: index for index, turn in enumerate(turns)}
    sounds_at: dict[int, float] = {}
    for turn in turns:
        if (at := turn.first_heard_at) is not None:
            sounds_at[turn.chain] = min(at, sounds_at.get(turn.chain, at))
    return [
        Firsts(
            between_ms(turn.speech_ended_at, sounds_at.get(turn.chain)),
            None if turn.calls_function else turn.stages_ms()["total"],
        )
        if last[turn.chain] == index
        else Firsts()
        for index, turn in enumerate(turns)
    ]


def between_ms(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round((end - start) * 1000, 1)


@dataclass(frozen=True)
class _Owed:
    """An answer that will be asked for, and the response (its place) that it goes on from."""

    place: int
    results_at: float | None


class Latency:
    """One ``TurnTimes`` for each response, the caller's turn before it included.

    What is asked for because of a function's result, or once more because it failed, goes on with
    the turn of the response before. ``service_answers``: the service itself begins the answer to
    a turn; else it is asked for, without instructions.
    """

    def __init__(self, *, service_answers: bool = True) -> None:
        self.turns: list[TurnTimes] = []
        self._service_answers = service_answers
        self._turn: TurnTimes | None = None  # the caller's, before its response has begun
        # Instructions of what was asked for and has not begun.
        self._asked: tuple[str | None] | None = None
        self._owed: dict[str | None, _Owed] = {}  # by the instructions it will be asked for with
        self._places: dict[str, int] = {}  # of the responses in ``turns``
        self._instructions: dict[str, str | None] = {}  # of the responses we asked for
        self._silent: set[str] = set()  # responses without audio so far
        self._unheard: dict[str, int] = {}  # the item each begins to sound with, to its place

    def speech_stopped(self, now: float, ended_at: float | None = None) -> None:
        """The model's verdict. ``ended_at``: when the caller had stopped, if that is known."""
        if ended_at is None:
            self._turn = TurnTimes(since="verdict", speech_ended_at=now)
        else:
            self._turn = TurnTimes(since="speech", speech_ended_at=ended_at)

    def committed(self, now: float) -> None:
        self._turn = replace(self._turn or TurnTimes(), committed_at=now)

    def asked(self, instructions: str | None) -> None:
        """The model was asked for a response."""
        self._asked = (instructions,)

    def calls_function(self, response_id: str) -> None:
        if (place := self._places.get(response_id)) is not None:
            self.turns[place] = replace(self.turns[place], calls_function=True)

    def goes_on(self, response_id: str, instructions: str | None, now: float) -> None:
        """The results of what it called are there: they will be answered with these words."""
        if (place := self._places.get(response_id)) is not None:
            self._owed[instructions] = _Owed(place, now)

    def again(self, response_id: str, instead: str | None = None) -> None:
        """It failed, and will be asked for once more, or with other instructions ``instead``."""
        if (place := self._places.get(response_id)) is not None:
            instructions = instead or self._instructions.get(response_id)
            self._owed[instructions] = _Owed(place, self.turns[place].results_at)

    def response_created(self, response_id: str, now: float) -> None:
        begun = self._of_turn() or self._of_ours(response_id)
        self._places[response_id] = len(self.turns)
        self._silent.add(response_id)
        self.turns.append(replace(begun, response_created_at=now))

    def _of_turn(self) -> TurnTimes | None:
        """The caller's turn, if the response that begins now is the first answer to it."""
        wish = self._asked is not None and self._asked[0] is not None
        if self._turn is None or (wish and not self._service_answers):
            return None
        if not wish:  # else what we asked for is still to come
            self._asked = None
        turn, self._turn = self._turn, None
        self._owed.pop(None, None)  # answered with it
        return replace(turn, chain=len(self.turns))

    def _of_ours(self, response_id: str) -> TurnTimes:
        """What the response that we asked for goes on from, if it does."""
        asked, self._asked = self._asked, None
        if asked is not None:
            self._instructions[response_id] = asked[0]
        owed = None if asked is None else self._owed.pop(asked[0], None)
        if owed is None:
            return TurnTimes(chain=len(self.turns))
        before = self.turns[owed.place]
        return TurnTimes(
            before.since,
            before.speech_ended_at,
            before.committed_at,
            owed.results_at,
            chain=before.chain,
        )

    def audio(self, response_id: str, item_id: str, now: float) -> None:
        if response_id in self._silent:
            self._silent.remove(response_id)
            place = self._places[response_id]
            self.turns[place] = replace(self.turns[place], first_audio_at=now)
            self._unheard[item_id] = place

    def heard(self, item_id: str, at: float) -> None:
        """The item began to be heard; nothing is before it was said."""
        place = self._unheard.pop(item_id, None)
        if place is not None:
            turn = self.turns[place]
            self.turns[place] = replace(turn, first_heard_at=max(at, turn.first_audio_at or at))

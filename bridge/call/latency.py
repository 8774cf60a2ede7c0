"""Where the time of a turn went: end of speech, commit, response, first audio, first heard."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class TurnTimes:
    """Monotonic seconds of each stage of one answer; None: it was not reached."""

    speech_stopped_at: float | None = None
    committed_at: float | None = None
    response_created_at: float | None = None
    first_audio_at: float | None = None  # from the model, and in the same step to the carrier
    first_heard_at: float | None = None

    def stages_ms(self) -> dict[str, float | None]:
        """Length of each stage; the first one counts from the end of the caller's speech."""
        points = (
            ("commit", self.speech_stopped_at, self.committed_at),
            ("response", self.committed_at, self.response_created_at),
            ("first_audio", self.response_created_at, self.first_audio_at),
            ("heard", self.first_audio_at, self.first_heard_at),
            ("total", self.speech_stopped_at, self.first_heard_at),
        )
        return {
            name: None if start is None or end is None else round((end - start) * 1000, 1)
            for name, start, end in points
        }


class Latency:
    """One ``TurnTimes`` for each response, the caller's turn before it included."""

    def __init__(self) -> None:
        self.turns: list[TurnTimes] = []
        self._next = TurnTimes()

    def speech_stopped(self, now: float) -> None:
        self._next = TurnTimes(speech_stopped_at=now)

    def committed(self, now: float) -> None:
        self._next = replace(self._next, committed_at=now)

    def response_created(self, now: float) -> None:
        self.turns.append(replace(self._next, response_created_at=now))
        self._next = TurnTimes()

    def audio(self, now: float) -> None:
        if self.turns and self.turns[-1].first_audio_at is None:
            self.turns[-1] = replace(self.turns[-1], first_audio_at=now)

    def heard(self, at: float) -> None:
        """The first mark behind a turn's audio tells when that audio began to be heard."""
        turn = self.turns[-1] if self.turns else None
        if turn and turn.first_audio_at is not None and turn.first_heard_at is None:
            self.turns[-1] = replace(turn, first_heard_at=max(at, turn.first_audio_at))

"""What the judgement of one call consists of."""

from dataclasses import dataclass, field


@dataclass
class Findings:
    """Milliseconds in the lists; a call without records leaves what needs them empty."""

    inbound_ms: list[float] = field(default_factory=list)  # caller frame sent to all of it appended
    outbound_ms: list[float] = field(default_factory=list)  # an item's first delta to its media
    added_ms: list[float] = field(default_factory=list)  # both, for each answer
    barge_in_to_clear_ms: list[float] = field(default_factory=list)
    truncation_error_ms: list[float] = field(default_factory=list)  # told minus heard
    speech_to_audio_ms: list[float] = field(default_factory=list)  # end of words to first audio
    model_ms: list[float] = field(default_factory=list)  # last caller audio to the first delta
    queue_ms: list[float] = field(default_factory=list)  # media received to its first packet played
    agent_level_db: list[float] = field(default_factory=list)  # of a call: louder than sent
    caller_level_db: list[float] = field(default_factory=list)

    frames_sent: int = 0
    frames_lost: int = 0
    frames_doubled: int = 0
    gaps: int = 0
    gap_ms: float = 0.0
    skips: int = 0  # of the agent's sound: frames left out, doubled, or silence put in
    agent_frames_lost: int = 0  # of answers that nothing cut
    unrecognised: int = 0  # frames of another sound in place of an answer
    stale_frames: int = 0
    clears_missing: int = 0
    clears_unasked: int = 0
    truncations: int = 0
    warnings: int = 0
    model_errors: int = 0
    unanswered: int = 0  # steps that began because nothing was heard for too long
    faults: list[tuple[float | None, str]] = field(default_factory=list)  # when, and what

    def fault(self, at: float | None, what: str) -> None:
        self.faults.append((at, what))

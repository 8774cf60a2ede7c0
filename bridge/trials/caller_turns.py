"""The caller's turns in a recording, each with the moment at which it has to come again.

What a caller says is an answer to what was heard. Against another agent the same words fit only
where that agent is as far as the first one was, so the caller's audio is kept turn by turn, not
second by second. A turn is a stretch of speech; how it came is read off the recording alone:

    over the agent     the agent was audible when it began: it comes again once the other agent
                       has been heard for as long (or, if that one says less, after it)
    after an answer    the agent had been heard and was quiet: it comes again once the other agent
                       has said all it has to say, and after the same pause
    after itself       nothing was heard of the agent since the turn before: it comes again after
                       the same pause, whatever the agent does

Between turns the line is silent: what was noise then would be noise over other words now.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.rehearsal.cast import AnsweringVoice
from bridge.sim.carrier.caller import AGENT_LEVEL_DBFS
from bridge.sim.carrier.line import BYTES_PER_MS, FRAME_BYTES, TICK_MS, level_dbfs
from bridge.sim.model.session_object import TurnDetection
from bridge.sim.model.turn_detector import Started, Stopped, TurnDetector
from bridge.sim.voice.jobs import Detect, Probabilities
from bridge.trials.paced_caller import SPOKE_MS, Answered, Gap, Over, PacedStep, When
from bridge.trials.stereo import RATE_HZ, Stereo
from telcodecs.g711 import ulaw_decode

PREFIX_MS: Final = 300  # sound kept before a turn's beginning
SILENCE_MS: Final = 500  # ends a turn
TAIL_MS: Final = 200  # of that silence is kept
OVERLAP_MS: Final = 100  # an agent that is cut short is heard for so long at least
SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS = 200.0, 5_000.0
PATIENCE_S: Final = 10.0
WAITS_FOR_GOODBYE_MS: Final = 3_000.0  # where the agent had hung up
RULES: Final = TurnDetection(
    threshold=0.5,
    prefix_ms=PREFIX_MS,
    silence_ms=SILENCE_MS,
    create_response=False,
    interrupt_response=False,
    idle_timeout_ms=None,
)

Loud = NDArray[np.bool_]  # one for each 20 ms


@dataclass(frozen=True)
class CallerTurn:
    """Milliseconds of the recording; ``onset_ms`` is where speech was found to begin."""

    start_ms: int
    onset_ms: int
    end_ms: int
    ulaw: bytes
    when: When


def caller_turns(sound: Stereo, voice: AnsweringVoice) -> list[CallerTurn]:
    """``voice`` tells speech from noise; it is used for this alone."""
    loud = _loud(sound.agent_ulaw)
    turns: list[CallerTurn] = []
    for start_ms, onset_ms, end_ms in _speech(sound.caller_ulaw, voice):
        before_ms = turns[-1].end_ms if turns else 0
        start_ms = max(start_ms, before_ms)
        ulaw = sound.caller_ulaw[start_ms * BYTES_PER_MS : end_ms * BYTES_PER_MS]
        when = _when(loud, before_ms, start_ms, onset_ms)
        turns.append(CallerTurn(start_ms, onset_ms, end_ms, ulaw, when))
    return turns


def steps(sound: Stereo, turns: list[CallerTurn], *, caller_hung_up: bool) -> list[PacedStep]:
    """What the caller does again, the end included."""
    end_ms = len(sound.caller_ulaw) // BYTES_PER_MS
    last_ms = turns[-1].end_ms if turns else 0
    if caller_hung_up:
        end = _when(_loud(sound.agent_ulaw), last_ms, end_ms, end_ms - OVERLAP_MS)
    else:
        end = Answered(WAITS_FOR_GOODBYE_MS)
    return [
        *(PacedStep(turn.ulaw, turn.when, PATIENCE_S) for turn in turns),
        PacedStep(None, end, PATIENCE_S),
    ]


def _speech(ulaw: bytes, voice: AnsweringVoice) -> list[tuple[int, int, int]]:
    """Start with the sound before it, onset, and end of each stretch of speech."""
    pcm = ulaw_decode(ulaw)
    detector, found = TurnDetector(), []
    events = list(detector.push(_probabilities(pcm, voice), RULES))
    whole_ms = len(ulaw) // FRAME_BYTES * TICK_MS
    for event, after in pairwise([*events, None]):
        if isinstance(event, Started):
            stopped = isinstance(after, Stopped)
            end_ms = after.end_ms - SILENCE_MS + TAIL_MS if isinstance(after, Stopped) else whole_ms
            assert stopped or after is None
            start_ms = event.start_ms // TICK_MS * TICK_MS
            onset_ms = event.start_ms + PREFIX_MS
            found.append((start_ms, onset_ms, min(end_ms // TICK_MS * TICK_MS, whole_ms)))
    return found


def _probabilities(pcm: bytes, voice: AnsweringVoice) -> list[float]:
    values: list[float] = []
    second = RATE_HZ * 2
    for at in range(0, len(pcm), second):
        for result in voice.answer(Detect(pcm[at : at + second], RATE_HZ)):
            if isinstance(result, Probabilities):
                values += result.values
    return values


def _loud(ulaw: bytes) -> Loud:
    frames = (ulaw[at : at + FRAME_BYTES] for at in range(0, len(ulaw), FRAME_BYTES))
    return np.array([level_dbfs(frame) > AGENT_LEVEL_DBFS for frame in frames], np.bool_)


def _when(loud: Loud, before_ms: int, start_ms: int, onset_ms: int) -> When:
    since = loud[before_ms // TICK_MS : start_ms // TICK_MS]
    heard_ms = float(since.sum()) * TICK_MS
    around = loud[max(0, onset_ms // TICK_MS - 1) : (onset_ms + OVERLAP_MS) // TICK_MS]
    if around.any():
        return Over(max(heard_ms, float(TICK_MS)))
    if heard_ms < SPOKE_MS:
        return Gap(float(start_ms - before_ms))
    quiet_ms = (len(since) - 1 - int(np.flatnonzero(since)[-1])) * float(TICK_MS)
    return Answered(min(max(quiet_ms, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS))

"""Calls that never took place, for the account that is given of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bridge.demo.evidence import Evidence
from bridge.demo.story import Expected, Story
from bridge.sim.carrier.caller import AfterAgent, Say, StepRecord
from bridge.sim.carrier.playback import Run
from bridge.sim.carrier.result import CallResult, StreamResult, Timings
from bridge.sim.carrier.stream import ClearRecord, MarkRecord
from bridge.sim.recordings import Utterance

OPENED_AT = 100.0
MS = 8  # bytes
VOICE = b"\x10\x90" * 4  # a millisecond
TEXTS = ("it was the best of times", "we had nothing before us")
SAID = tuple(Utterance(f"u{n}", b"\x20\xa0" * 4000, text) for n, text in enumerate(TEXTS))
STEPS = tuple(Say(each.ulaw, AfterAgent(), each.name) for each in SAID)
STORY = Story(
    "unit",
    Path("agent.yaml"),
    Path("replies.yaml"),
    SAID,
    STEPS,
    Expected("find_passage", caller_turns=2),
)
# The agent is heard from 0.5 s and, cut at 3.5 s, again from 5.5 s on. The item that was cut begins
# at byte 0 and 3000 ms of it have left.
CUT = ClearRecord(OPENED_AT + 3.5, 3000 * MS, 1000 * MS, ("m2",))
HEARD = b"\xff" * 500 * MS + VOICE * 3000 + b"\xff" * 2000 * MS + VOICE * 1000 + b"\xff" * 1500 * MS
STREAM = StreamResult(
    stream_sid="MZ1",
    opened_at=OPENED_AT,
    heard=HEARD,
    sent_ulaw=b"\xff" * 3000 * MS + b"\x20\xa0" * 500 * MS + b"\xff" * 4000 * MS,
    received=b"\x10" * 6000 * MS,
    played=(Run(500 * MS, 0, 3000 * MS), Run(5500 * MS, 4000 * MS, 1000 * MS)),
    arrivals=((OPENED_AT + 0.5, 4000 * MS),),
    clears=(CUT,),
    marks=(
        MarkRecord("m1", 1000 * MS, OPENED_AT + 1.5, OPENED_AT + 1.5, False),
        MarkRecord("m2", 4000 * MS, OPENED_AT + 3.5, OPENED_AT + 3.5, True),
    ),
    first_audio_at=OPENED_AT + 0.5,
)
RESULT = CallResult(
    call_sid="CA1",
    outcome="completed",
    ended_by="rest",
    warnings=(),
    errors=(),
    streams=(STREAM,),
    steps=(),
    timings=Timings(1.0, 1.0, 1.0, 500.0),
    exchanges=(),
)
RECORDS = (
    StepRecord(0, STEPS[0], OPENED_AT + 3.0, OPENED_AT + 4.0, False),
    StepRecord(1, STEPS[1], OPENED_AT + 7.0, OPENED_AT + 7.5, False),
)
TOLD = {
    "item_id": "item_1",
    "heard_ms": 2990.0,
    "received_ms": 4000.0,
    "told_ms": 2990,
    "why": "cut",
    "from_bytes": 0,
}
SUMMARY: dict[str, Any] = {
    "outcome": "completed",
    "seconds": 7.5,
    "lines": [
        {"item_id": "a", "role": "assistant", "heard": "Book line", "unheard": "please."},
        {"item_id": "b", "role": "caller", "heard": "It was the best of times.", "unheard": ""},
        {"item_id": "c", "role": "assistant", "heard": "I <see> & hear.", "unheard": ""},
        {"item_id": "d", "role": "caller", "heard": "We had nothing before us.", "unheard": ""},
    ],
    "turns": [{"at": 1.0, "stages_ms": {"commit": None, "total": 400.0}}],
    "told": [TOLD],
    "functions": [
        {
            "name": "find_passage",
            "arguments": '{"words":"it was"}',
            "output": "{}",
            "began_at": 4.5,
            "ended_at": 4.6,
        }
    ],
    "notes": [],
    "errors": {},
    "malformed": {},
}


def evidence(
    *,
    stream: StreamResult | None = STREAM,
    story: Story = STORY,
    records: Sequence[StepRecord] = RECORDS,
    result: CallResult = RESULT,
    **summary: Any,
) -> Evidence:
    """A call as it should be, and what is to be different about it."""
    streams = (stream,) if stream else ()
    told = SUMMARY | summary
    return Evidence(story, replace(result, streams=streams), tuple(records), told, 20.0)

"""Interruptions: what the model was told, held against what left the carrier's buffer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.sim.carrier.playback import Run
from bridge.sim.carrier.result import StreamResult
from bridge.sim.carrier.stream import ClearRecord
from telcodecs.g711 import BYTES_PER_MS


@dataclass(frozen=True)
class BargeIn:
    """One ``clear``. ``told_ms`` None: no truncation was sent, and ``why`` says why not.

    ``start_confirmed``: the byte where the bridge says that the item begins is one where the
    carrier, with nothing in its buffer, began to play. Only then does ``true_ms`` stand by itself.
    """

    at_s: float  # since the stream opened
    position_bytes: int
    item_id: str | None
    told_ms: int | None
    true_ms: float | None
    why: str
    start_confirmed: bool

    @property
    def error_ms(self) -> float | None:
        if self.told_ms is None or self.true_ms is None:
            return None
        return self.told_ms - self.true_ms


def barge_ins(stream: StreamResult, told: Sequence[Mapping[str, Any]]) -> list[BargeIn]:
    """One for each clear of the stream; ``told`` are the truncations of the call's summary."""
    return [_barge_in(stream, clear, _cut_by(stream, clear, told)) for clear in stream.clears]


def _cut_by(
    stream: StreamResult, clear: ClearRecord, told: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The item that was playing: the last one that begins before the place of the clear, and
    behind the clear before."""
    before = [each.position_bytes for each in stream.clears if each.at < clear.at]
    begun = [
        each
        for each in told
        if max(before, default=-1) <= each["from_bytes"] < clear.position_bytes
    ]
    return max(begun, key=lambda each: int(each["from_bytes"]), default=None)


def _barge_in(stream: StreamResult, clear: ClearRecord, told: Mapping[str, Any] | None) -> BargeIn:
    at_s = clear.at - stream.opened_at
    if told is None:
        return BargeIn(at_s, clear.position_bytes, None, None, None, "nothing was playing", False)
    start = told["from_bytes"]
    return BargeIn(
        at_s,
        clear.position_bytes,
        told["item_id"],
        told["told_ms"],
        (clear.position_bytes - start) / BYTES_PER_MS,
        told["why"],
        start in run_starts(stream.played),
    )


def run_starts(played: Sequence[Run]) -> set[int]:
    """Positions at which the carrier began to play out of an empty buffer."""
    return {run.position_bytes for run in played}

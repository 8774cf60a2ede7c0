"""What is known of a demonstration when its call is over."""

from dataclasses import dataclass
from typing import Any

from bridge.demo.story import Story
from bridge.sim.carrier.caller import Say, StepRecord
from bridge.sim.carrier.result import CallResult, StreamResult


@dataclass(frozen=True)
class Evidence:
    """``result`` is the carrier's account, ``summary`` the bridge's own."""

    story: Story
    result: CallResult
    records: tuple[StepRecord, ...]
    summary: dict[str, Any]
    seconds: float  # of the whole demonstration

    @property
    def stream(self) -> StreamResult | None:
        return self.result.streams[0] if self.result.streams else None

    @property
    def turns(self) -> list[StepRecord]:
        """What the caller said, in order."""
        return [record for record in self.records if isinstance(record.step, Say)]

    @property
    def heard_of_caller(self) -> list[str]:
        """The caller's words as the bridge was told them, a text for each turn."""
        lines = self.summary["lines"]
        return [line["heard"] for line in lines if line["role"] == "caller"]

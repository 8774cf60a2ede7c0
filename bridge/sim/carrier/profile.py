"""How one stream behaves where documents leave room or networks fail."""

from dataclasses import dataclass
from typing import Literal

Silence = Literal["pure", "alternating", "comfort", "suppressed"]


@dataclass(frozen=True)
class StreamProfile:
    """The default is a well-behaved call; every field bends one rule."""

    start_delay_ms: int = 120  # "start" to the first media: 100 to 250 measured
    first_timestamp_ms: int = 118  # of the first media: 5 to 135 seen
    echo_delay_ms: float = 20.0  # from a mark reached to its echo sent
    lost_marks: frozenset[int] = frozenset()  # marks never echoed, counted from 0 as they come
    silence: Silence = "pure"  # what the line sends while the caller says nothing
    comfort_dbfs: float = -60.0
    omit_frames: frozenset[int] = frozenset()  # media lost on the way, counted from 0
    chunk_counts_omitted: bool = False  # whether chunk numbers show the loss (undocumented)
    # What becomes of a last piece shorter than 160 bytes is undocumented. "hold" waits for more
    # and so keeps back the marks behind it; "pad" plays it, filled with silence.
    partial_tail: Literal["hold", "pad"] = "hold"
    parameters_absent: bool = False  # no customParameters in "start" where there are none
    sends_stop: bool = True  # "stop" may be missing at the end ...
    closes_socket: bool = True  # ... and so may the close
    seed: int = 0

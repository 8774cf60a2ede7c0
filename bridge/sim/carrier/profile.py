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
    conceal_frames: frozenset[int] = frozenset()  # lost before Twilio, sent as silence
    chunk_counts_omitted: bool = False  # whether chunk numbers show the loss (undocumented)
    # What becomes of a last piece shorter than 160 bytes is undocumented. "hold" waits for more
    # and so keeps back the marks behind it; "pad" plays it, filled with silence.
    partial_tail: Literal["hold", "pad"] = "hold"
    parameters_absent: bool = False  # no customParameters in "start" where there are none
    sends_stop: bool = True  # "stop" may be missing at the end ...
    linger_s: float = 0.0  # ... and the close late: sockets were seen half open for 30 to 45 s
    seed: int = 0


@dataclass(frozen=True)
class PhoneProfile:
    """How the phone network around the streams behaves. Delays are those measured on live calls."""

    socket_after_s: float = 0.365  # TwiML fetched to the socket being opened
    seam_after_s: float = 0.3  # a verb over to its action being asked, or to the next verb
    update_action_s: float = 0.32  # a REST update to the interrupted verb's action ...
    update_document_s: float = 0.331  # ... and from its answer to the new document
    total_timeout_s: float = 15.0  # of one webhook, retries included
    time_limit_s: float = 14_400.0  # of the call
    # Undocumented: whether Connect goes on to its action after a handshake that failed.
    failed_handshake: Literal["continue", "hang_up"] = "continue"
    updates_ask_action: bool = True  # measured with Dial, assumed for Connect
    handover_s: float = 5.0  # how long a Dial or an Enqueue lasts
    dial_status: str = "completed"
    queue_result: str = "bridged"
    allow_ws: bool = False  # Twilio knows wss alone; for a loopback address
    webhook_twice: bool = False  # the first webhook comes a second time, with the same token
    callback_delay_s: float = 0.05
    callback_jitter_s: float = 0.2  # enough to put callbacks out of order
    callbacks_twice: bool = False
    seed: int = 0


INSTANT = PhoneProfile(
    socket_after_s=0.0,
    seam_after_s=0.0,
    update_action_s=0.0,
    update_document_s=0.0,
    callback_delay_s=0.0,
    callback_jitter_s=0.0,
)

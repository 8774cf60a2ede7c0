"""All that is decided before a call begins."""

from dataclasses import dataclass

from bridge.call.interruption import Interruption
from bridge.call.playback import MARK_INTERVAL_MS
from bridge.call.responses import CREATED_TIMEOUT_S, QUIET_TIMEOUT_S
from bridge.call.truncation import MARGIN_MS
from bridge.wire.session import SessionConfig


@dataclass(frozen=True)
class CallConfig:
    session: SessionConfig
    greeting: str | None = None  # instructions for the first response
    interruption: Interruption = Interruption()
    truncation_margin_ms: int = MARGIN_MS
    mark_interval_ms: int = MARK_INTERVAL_MS
    goodbye_timeout_s: float = 10.0
    carrier_start_timeout_s: float = 5.0  # both from the opening of the media socket
    ready_timeout_s: float = 10.0
    carrier_silence_timeout_s: float = 30.0
    response_timeout_s: float = CREATED_TIMEOUT_S  # from asking to the beginning of an answer
    model_silence_timeout_s: float = QUIET_TIMEOUT_S  # within an answer
    max_call_s: float = 14_400.0

"""How a simulated service behaves today: its pace, its limits and its faults."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stall:
    """Delivery stops once in each item: after this much audio, for so long."""

    after_ms: int
    for_ms: int


@dataclass(frozen=True)
class ModelProfile:
    """All switches of a session. Responses and events are numbered from 1.

    The defaults are a healthy service.
    """

    speed: float = 4.0  # audio seconds delivered per second; 0: all at once
    first_delta_ms: int = 300  # from the start of inference to the first delta
    transcription_delays_ms: tuple[int, ...] = (400,)  # from commit, turn by turn, in a circle
    deficit_ms: int = 0  # items count as this much shorter than delivered (85 was reported)
    late_delta: bool = False  # one more audio delta between speech_started and the close-out

    drop_at_event: int | None = None  # this server event is lost with the connection
    failed_responses: Mapping[int, str] = field(default_factory=dict)  # number -> error code
    incomplete_responses: Mapping[int, int] = field(default_factory=dict)  # number -> tokens
    cut_calls: frozenset[int] = frozenset()  # function calls cancelled amid their arguments
    stalls: Mapping[int, Stall] = field(default_factory=dict)  # response number -> stall
    server_errors: frozenset[int] = frozenset()  # client events (appends not counted) that fail
    session_expires_after_s: float = 3600.0
    error_event_ids: bool = True  # False: error.event_id is always null

    reasoning: bool | None = None  # None: told from the model's name
    voices: tuple[str, ...] | None = None  # None: the dialect's own list
    transcription_models: frozenset[str] | None = None  # None: any; others fail after the commit
    keep_audio: bool = True  # False: no audio in retrieved items, and less memory

    model_names: frozenset[str] | None = None  # OpenAI's `model`; None: any
    deployments: frozenset[str] | None = None  # Azure's; None: any
    api_keys: frozenset[str] | None = None  # None: any
    throttled: bool = False  # Azure answers the upgrade with 429
    compression: bool = False  # permessage-deflate
    ping_interval_s: float | None = 20.0

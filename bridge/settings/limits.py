"""Time-outs and bounds: each one named, with its unit, its default and its range."""

from dataclasses import dataclass, field, fields


@dataclass(frozen=True)
class Range:
    """What a limit may be set to, both ends included; ``step`` where only multiples make sense."""

    meaning: str
    low: float
    high: float
    step: int = 1


def _seconds(default: float, low: float, high: float, meaning: str) -> float:
    value: float = field(default=float(default), metadata={"range": Range(meaning, low, high)})
    return value


def _whole(default: int, low: int, high: int, meaning: str, step: int = 1) -> int:
    value: int = field(default=default, metadata={"range": Range(meaning, low, high, step)})
    return value


@dataclass(frozen=True)
class Limits:
    """The variable of each is ``OFFHOOK_`` and the field's name in capitals."""

    model_connect_timeout_s: float = _seconds(
        10, 0.1, 120, "Seconds the model has from connecting to its first event."
    )
    carrier_start_timeout_s: float = _seconds(
        5, 0.1, 60, "Seconds an accepted media socket has to say which call it carries."
    )
    carrier_silence_timeout_s: float = _seconds(
        30, 1, 600, "Seconds without any message from the carrier after which the call is lost."
    )
    response_timeout_s: float = _seconds(
        5, 0.5, 120, "Seconds the model has to begin an answer before it is asked again."
    )
    model_silence_timeout_s: float = _seconds(
        20, 1, 600, "Seconds the model may say nothing in the middle of an answer."
    )
    send_timeout_s: float = _seconds(
        5, 0.1, 60, "Seconds one send may take before its socket counts as dead."
    )
    goodbye_timeout_s: float = _seconds(
        10, 0.5, 120, "Seconds a goodbye has to be played before the call is hung up anyway."
    )
    stream_token_ttl_s: float = _seconds(
        60, 1, 600, "Seconds a media socket's one-use token stays valid."
    )
    warm_model_ttl_s: float = _seconds(
        20, 1, 300, "Seconds a model connection opened ahead waits for its call."
    )
    function_timeout_s: float = _seconds(
        15, 0.1, 600, "Seconds a function has to answer where the agent names none."
    )
    drain_timeout_s: float = _seconds(
        600, 0, 86_400, "Seconds running calls have to end after SIGTERM."
    )
    max_call_s: float = _seconds(14_400, 10, 86_400, "Seconds after which any call is ended.")
    truncation_margin_ms: int = _whole(
        100, 0, 1_000, "Milliseconds a truncation stays below the audio received of an item."
    )
    mark_interval_ms: int = _whole(
        100, 20, 1_000, "Milliseconds of audio between two marks; whole frames of 20 ms.", 20
    )
    max_calls: int = _whole(200, 1, 100_000, "Calls at one time; further ones are refused.")
    spool_max_mb: int = _whole(
        1024, 1, 1_000_000, "Megabytes of records that wait on disk while the store is away."
    )
    call_retention_days: int = _whole(
        0, 0, 36_500, "Days after which the record of a call is deleted; 0: never."
    )
    recording_retention_days: int = _whole(
        30, 0, 36_500, "Days after which a recording is deleted; 0: never."
    )
    api_requests_per_minute: int = _whole(
        600, 1, 1_000_000, "Requests a minute that one API token may make."
    )


@dataclass(frozen=True)
class Limit:
    field: str
    default: float | int
    range: Range

    @property
    def variable(self) -> str:
        return f"OFFHOOK_{self.field.upper()}"

    @property
    def whole(self) -> bool:
        return isinstance(self.default, int)


LIMITS: tuple[Limit, ...] = tuple(
    Limit(each.name, getattr(Limits, each.name), each.metadata["range"]) for each in fields(Limits)
)

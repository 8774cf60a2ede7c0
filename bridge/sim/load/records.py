"""The model's side of the calls, as ``offhook emulate --records`` tells it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import httpx
import msgspec

from bridge.sim.load.voiceprint import BLOCK_SLOTS, BLOCKS_IN_STREAM

TIMEOUT_S: Final = 60.0


class RecordsMissing(Exception):
    """The model tells nothing; the text says why."""


class Item(msgspec.Struct):
    id: str
    stream: int
    generated_ms: float
    deltas: list[tuple[float, float]]  # when, and how much of the item had been sent by then


class Truncation(msgspec.Struct):
    item_id: str
    audio_end_ms: float
    accepted: bool
    at: float


class ModelError(msgspec.Struct):
    at: float
    message: str
    code: str | None = None


class Session(msgspec.Struct):
    """Times are of CLOCK_MONOTONIC, the carrier's own where both are on one machine."""

    number: int
    opened_at: float
    closed_at: float | None = None
    appended_ms: float = 0.0
    arrivals: list[tuple[float, float]] = []  # when, and how much audio there was by then
    caller: list[tuple[float, int, int, int]] = []  # first ms, stream, first slot, slots
    speech_started: list[tuple[float, float]] = []
    items: list[Item] = []
    truncations: list[Truncation] = []
    deleted: list[str] = []
    errors: list[ModelError] = []


class _Told(msgspec.Struct):
    sessions: list[Session]


def read(text: bytes) -> list[Session]:
    """Raises ``RecordsMissing``."""
    try:
        return msgspec.json.decode(text, type=_Told).sessions
    except msgspec.DecodeError as error:
        raise RecordsMissing(f"what came is no record of sessions: {error}") from None


async def fetch(url: str, since: float) -> list[Session]:
    """The sessions opened since then. Raises ``RecordsMissing``."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
            answer = await http.get(url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RecordsMissing(f"{url}: {type(error).__name__} {error}") from None
    if answer.status_code != 200:
        text = f"{url}: HTTP status {answer.status_code}; start the model with --records"
        raise RecordsMissing(text)
    return [session for session in read(answer.content) if session.opened_at >= since]


class Spoken(msgspec.Struct, frozen=True):
    """A call as far as matching goes: its block of the time code, and when its stream was."""

    block: int
    opened_at: float
    ended_at: float


def matched(calls: Sequence[Spoken], sessions: Iterable[Session]) -> list[Session | None]:
    """The session of each call: the one in which most of its voice was heard.

    Blocks go round, so of several the one that began nearest to the call. A call that never
    spoke has none.
    """
    by_block: dict[int, list[Session]] = {}
    for session in sessions:
        if (block := _block_heard(session)) is not None:
            by_block.setdefault(block, []).append(session)
    found: list[Session | None] = []
    for call in calls:
        near = by_block.get(call.block, [])
        best = min(near, key=lambda each: abs(each.opened_at - call.opened_at), default=None)
        if best is not None:
            near.remove(best)
        found.append(best)
    return found


def _block_heard(session: Session) -> int | None:
    heard: Counter[int] = Counter()
    for _, stream, first_slot, n_slots in session.caller:
        heard[stream * BLOCKS_IN_STREAM + first_slot // BLOCK_SLOTS] += n_slots
    return heard.most_common(1)[0][0] if heard else None

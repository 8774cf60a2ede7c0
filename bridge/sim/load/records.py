"""The model's side of the calls, as ``offhook emulate --records`` tells it."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import httpx
import msgspec

from bridge.sim.load.voiceprint import BLOCK_SLOTS, BLOCKS_IN_STREAM

TIMEOUT_S: Final = 60.0
SLACK_S: Final = 1.0  # of the clocks of two machines, as far as an answer tells them apart


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
    caller_levels_dbfs: list[float] = []  # of each of those, where it is told
    speech_started: list[tuple[float, float]] = []
    items: list[Item] = []
    truncations: list[Truncation] = []
    deleted: list[str] = []
    errors: list[ModelError] = []


class Told(msgspec.Struct):
    """One answer: ``closings`` sessions had been closed by ``now``, the model's own time."""

    sessions: list[Session]
    now: float = 0.0
    closings: int = 0
    ahead_s: float = 0.0  # the model's clock before ours, about; set by ``fetcher``


Ask = Callable[[int | None], Told]  # what was closed after so many; None: all, the open ones too


def read(text: bytes) -> Told:
    """Raises ``RecordsMissing``."""
    try:
        return msgspec.json.decode(text, type=Told)
    except msgspec.DecodeError as error:
        raise RecordsMissing(f"what came is no record of sessions: {error}") from None


def fetcher(url: str, timeout_s: float = TIMEOUT_S) -> Ask:
    """Asks and waits. What it returns raises ``RecordsMissing``."""

    def ask(after: int | None) -> Told:
        try:
            answer = httpx.get(
                url,
                params={} if after is None else {"after": after},
                timeout=timeout_s,
                trust_env=False,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RecordsMissing(f"{url}: {type(error).__name__} {error}") from None
        if answer.status_code != 200:
            text = f"{url}: HTTP status {answer.status_code}; start the model with --records"
            raise RecordsMissing(text)
        told = read(answer.content)
        told.ahead_s = told.now - time.monotonic()
        return told

    return ask


class Spoken(msgspec.Struct, frozen=True):
    """A call as far as matching goes: its block of the time code, and when it was."""

    block: int
    began_at: float
    ended_at: float


def matched(
    calls: Sequence[Spoken], sessions: Iterable[Session], ahead_s: float = 0.0
) -> list[Session | None]:
    """The session of each call: the one in which most of its voice was heard.

    Blocks go round, so it is one that was opened while the call lasted, and of several the one
    opened nearest to its beginning. A call that never spoke has none. ``ahead_s``: the clock of
    the sessions before that of the calls.
    """
    by_block: dict[int, list[Session]] = {}
    for session in sessions:
        if (block := block_heard(session)) is not None:
            by_block.setdefault(block, []).append(session)
    found: list[Session | None] = []
    for call in calls:
        near = by_block.get(call.block, [])
        during = [each for each in near if _is_during(each.opened_at - ahead_s, call)]
        best = min(
            during, key=lambda each: abs(each.opened_at - ahead_s - call.began_at), default=None
        )
        if best is not None:
            near.remove(best)
        found.append(best)
    return found


def _is_during(at: float, call: Spoken) -> bool:
    return call.began_at - SLACK_S <= at <= call.ended_at + SLACK_S


def block_heard(session: Session) -> int | None:
    heard: Counter[int] = Counter()
    for _, stream, first_slot, n_slots in session.caller:
        heard[stream * BLOCKS_IN_STREAM + first_slot // BLOCK_SLOTS] += n_slots
    return heard.most_common(1)[0][0] if heard else None

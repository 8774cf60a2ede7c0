"""What the model is told of speech that was cut off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from bridge.call.playback import Heard
from bridge.wire.dialect import DeleteItem, Truncate

# The service's idea of an item's length has been seen 85 ms shorter than what it delivered; a
# truncation beyond its end is an error (Realtime API, "conversation.item.truncate").
MARGIN_MS = 100


@dataclass(frozen=True)
class Told:
    """One interrupted item: what was heard, what the model was told and why."""

    item_id: str
    heard_ms: float
    received_ms: float
    told_ms: int | None  # None: no truncation was sent
    why: str  # "cut", "unheard: deleted", "heard to the end"
    from_bytes: int  # where the item begins in all audio sent to the carrier


@dataclass
class _Pending:
    heard: Heard
    received_ms: float
    closed: bool


class Truncations:
    """Decides for each interrupted item, as soon as that can be done rightly.

    An item heard in part is truncated at once if that is safely before its end. Near the end it
    depends on how long the item is, which is known when it closes (late audio still counts, even
    though nobody hears it): heard within the margin of its end, it was heard. An item of which
    nothing was heard (or less than half, where it is too short to be cut) is deleted, once it is
    closed.

    Of an item in several audio parts the first that was cut is truncated, and no part is deleted
    behind one that was heard.
    """

    def __init__(self, margin_ms: int = MARGIN_MS) -> None:
        self.told: list[Told] = []
        self._margin_ms = margin_ms
        self._pending: dict[str, _Pending] = {}

    def cut(self, items: Iterable[Heard], closed: Iterable[str]) -> list[Truncate | DeleteItem]:
        """Items as the ledger had them at the clear, one audio part after the other; ``closed``
        are the ids of complete ones."""
        known_closed = frozenset(closed)
        messages: list[Truncate | DeleteItem] = []
        for item_id, parts in groupby(items, lambda heard: heard.item_id):
            heard = self._first_cut([*parts])
            item = _Pending(heard, heard.received_ms, item_id in known_closed)
            self._pending[item_id] = item
            messages += self._decide(item)
        return messages

    def _first_cut(self, parts: Sequence[Heard]) -> Heard:
        """The part in which the caller stopped hearing the item: what follows is unheard."""
        return next((part for part in parts if self._inside(part, part.received_ms)), parts[-1])

    def _inside(self, heard: Heard, received_ms: float) -> bool:
        """Cut safely before the end, or not begun."""
        return int(heard.heard_ms) == 0 or heard.heard_ms <= received_ms - self._margin_ms

    def late_audio(self, item_id: str, ms: float) -> list[Truncate | DeleteItem]:
        """Audio of an interrupted item that came after the cut and is not played."""
        item = self._pending.get(item_id)
        if item is None:
            return []
        item.received_ms += ms
        return self._decide(item)

    def item_closed(self, item_id: str) -> list[Truncate | DeleteItem]:
        item = self._pending.get(item_id)
        if item is None:
            return []
        item.closed = True
        return self._decide(item)

    def _decide(self, item: _Pending) -> list[Truncate | DeleteItem]:
        heard = item.heard
        first = heard.content_index == 0  # else the caller has heard the parts before
        if int(heard.heard_ms) == 0 and first:
            # Realtime API: truncating at 0 ms is refused for an item without audio yet, and
            # deleting one that still grows is not defined.
            return self._settle(item, None, "unheard: deleted") if item.closed else []
        if self._inside(heard, item.received_ms):
            return self._settle(item, int(heard.heard_ms), "cut")
        if not item.closed:
            return []
        # Too near the end to be cut safely: all of it is kept or nothing, whatever is truer.
        kept = heard.heard_ms >= item.received_ms / 2 or not first
        return self._settle(item, None, "heard to the end" if kept else "unheard: deleted")

    def _settle(self, item: _Pending, told_ms: int | None, why: str) -> list[Truncate | DeleteItem]:
        heard = item.heard
        del self._pending[heard.item_id]
        self.told.append(
            Told(heard.item_id, heard.heard_ms, item.received_ms, told_ms, why, heard.from_bytes)
        )
        if told_ms is not None:
            return [Truncate(heard.item_id, heard.content_index, told_ms)]
        return [DeleteItem(heard.item_id)] if why.startswith("unheard") else []

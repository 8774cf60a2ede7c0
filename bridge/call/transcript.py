"""What was said: heard and unheard words apart, in the order of the conversation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One item. ``unheard`` is what the assistant said after the caller stopped hearing it."""

    item_id: str
    role: str  # "caller", "assistant"
    heard: str
    unheard: str = ""
    failed: bool = False  # no transcription of the caller was to be had


@dataclass
class _Entry:
    role: str
    text: str = ""
    cut: bool = False
    heard_ms: float = 0.0
    spoken_ms: float = 0.0  # known only where it was cut
    failed: bool = False


class Transcript:
    """Items in the order of the conversation; words may come long before or after.

    Caller transcripts arrive late and unordered (Realtime API, "input_audio_transcription"), so
    order is that of the items. Where words fall in the sound is not known: a cut divides them in
    proportion to the time heard, at a word's end.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._order: list[str] = []

    def item(self, item_id: str, role: str, after: str | None = None) -> None:
        """An item entered the conversation, right behind ``after`` if that is known."""
        if item_id in self._entries:
            return
        self._entries[item_id] = _Entry(role)
        at = self._order.index(after) + 1 if after in self._entries else len(self._order)
        self._order.insert(at, item_id)

    def words(self, item_id: str, delta: str) -> None:
        """More words of an assistant item."""
        self.item(item_id, "assistant")
        self._entries[item_id].text += delta

    def caller_said(self, item_id: str, text: str | None) -> None:
        """The transcription of a caller item; None: it failed."""
        self.item(item_id, "caller")
        entry = self._entries[item_id]
        entry.text, entry.failed = text or "", text is None

    def cut(self, item_id: str, heard_ms: float, spoken_ms: float) -> None:
        """The caller heard only so much of an assistant item, or of one more part of it."""
        if entry := self._entries.get(item_id):
            entry.cut = True
            entry.heard_ms += heard_ms
            entry.spoken_ms += spoken_ms

    def unheard(self, item_id: str, ms: float) -> None:
        """More of an item that was cut, which nobody hears."""
        if entry := self._entries.get(item_id):
            entry.spoken_ms += ms

    def lines(self) -> tuple[Line, ...]:
        return tuple(self._line(item_id) for item_id in self._order)

    def _line(self, item_id: str) -> Line:
        entry = self._entries[item_id]
        share = 1.0
        if entry.cut:
            share = entry.heard_ms / entry.spoken_ms if entry.spoken_ms else 0.0
        heard, unheard = split(entry.text.strip(), share)
        return Line(item_id, entry.role, heard, unheard, entry.failed)


def split(text: str, heard_share: float) -> tuple[str, str]:
    """Words up to ``heard_share`` of the text, and the rest; a word begun is not heard."""
    if heard_share >= 1.0:
        return text, ""
    end = int(len(text) * heard_share)
    if end < len(text) and not text[end].isspace():
        end = text.rfind(" ", 0, end) + 1
    return text[:end].strip(), text[end:].strip()

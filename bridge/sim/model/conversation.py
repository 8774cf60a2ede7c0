"""The default conversation: its items and their order."""

import base64
from collections.abc import Iterator
from typing import Any

from bridge.sim.model.dialect import Dialect
from bridge.sim.model.items import Item, item_wire
from bridge.sim.model.outbox import Outbox
from bridge.sim.model.refusal import Refusal


class Conversation:
    """Ordered items; ``previous_item_id`` is told whenever an item enters."""

    def __init__(self, outbox: Outbox, dialect: Dialect, conversation_id: str) -> None:
        self.id = conversation_id
        self.every_item: list[Item] = []  # also those deleted since, in order of arrival
        self._outbox = outbox
        self._dialect = dialect
        self._items: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def find(self, item_id: str) -> Item | None:
        return next((item for item in self._items if item.id == item_id), None)

    def last_id(self) -> str | None:
        return self._items[-1].id if self._items else None

    def has_call(self, call_id: str) -> bool:
        return any(i.kind == "function_call" and i.call_id == call_id for i in self.every_item)

    def place_of(self, previous_item_id: str | None) -> int:
        """Where an item goes that is to follow this one; "root" is the front."""
        if previous_item_id is None:
            return len(self._items)
        if previous_item_id == "root":
            return 0
        before = self.find(previous_item_id)
        if before is None:
            text = f"the item with id '{previous_item_id}' does not exist."
            raise Refusal("item_create_invalid_item_id", f"Error adding item: {text}")
        return self._items.index(before) + 1

    def add(self, item: Item, place: int | None = None) -> None:
        """A finished item enters: told once in the previews, added and done in GA."""
        self.open(item, place=place, opening=False)
        self.done(item)

    def open(self, item: Item, *, place: int | None = None, opening: bool = True) -> None:
        self._items.insert(len(self._items) if place is None else place, item)
        self.every_item.append(item)
        self._outbox.send(
            "conversation.item.added",
            previous_item_id=self._previous_id(item),
            item=item_wire(item, self._dialect, opening=opening),
        )

    def done(self, item: Item) -> None:
        if self._dialect.items_are_done:
            self._outbox.send(
                "conversation.item.done",
                previous_item_id=self._previous_id(item),
                item=item_wire(item, self._dialect),
            )

    def _previous_id(self, item: Item) -> str | None:
        if item not in self._items:
            return None
        index = self._items.index(item)
        return self._items[index - 1].id if index else None

    def delete(self, item_id: str) -> None:
        self._items.remove(self._existing(item_id, "delete", "deleting"))
        self._outbox.send("conversation.item.deleted", item_id=item_id)

    def retrieve(self, item_id: str) -> None:
        item = self._existing(item_id, "retrieve", "retrieving")
        wire = item_wire(item, self._dialect)
        for shown, part in zip(wire.get("content", ()), item.parts, strict=False):
            if part.kind.endswith("audio"):
                shown.update(_audio_wire(part.transcript, bytes(part.audio)))
        self._outbox.send("conversation.item.retrieved", item=wire)

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int, deficit: int) -> None:
        item = self._existing(item_id, "truncate", "truncating")
        part = item.parts[content_index] if content_index < len(item.parts) else None
        if part is None or part.kind != "output_audio" or part.generated_ms == 0:
            message = "Only model output audio messages can be truncated"
            raise Refusal("unsupported_content_type", message)
        length_ms = max(part.length_ms - deficit, 0) if part.kept_ms is None else part.kept_ms
        if audio_end_ms > length_ms:
            message = (
                f"Audio content of {int(length_ms)}ms is already shorter than {audio_end_ms}ms"
            )
            raise Refusal("invalid_value", message)
        part.truncate(audio_end_ms)
        self._outbox.send(
            "conversation.item.truncated",
            item_id=item_id,
            content_index=content_index,
            audio_end_ms=audio_end_ms,
        )

    def _existing(self, item_id: str, verb: str, doing: str) -> Item:
        item = self.find(item_id)
        if item is None:
            text = f"Error {doing} item: the item with id '{item_id}' does not exist."
            raise Refusal(f"item_{verb}_invalid_item_id", text)
        return item


def _audio_wire(transcript: str | None, pcm: bytes) -> dict[str, Any]:
    # Seen of the service: the part is of type "audio" here, in GA too.
    audio = base64.b64encode(pcm).decode("ascii")
    return {"type": "audio", "transcript": transcript, "audio": audio, "format": "pcm16"}

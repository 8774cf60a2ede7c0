"""The output items of one response: opened, streamed, closed."""

from dataclasses import dataclass
from typing import Any

from bridge.sim.model.delivery import Delivery
from bridge.sim.model.items import Item, Part, item_wire
from bridge.sim.model.stage import Stage


@dataclass
class Opened:
    """An output item whose closing events are still owed."""

    index: int
    item: Item
    part_told: bool = False
    delivery: Delivery | None = None


class Output:
    """Says in the right order what becomes of each item; at most one is open at a time."""

    def __init__(self, stage: Stage, response_id: str, *, in_conversation: bool) -> None:
        self.items: list[Item] = []
        self.opened: Opened | None = None
        self._stage = stage
        self._response_id = response_id
        self._in_conversation = in_conversation

    def open_item(self, index: int, item: Item) -> Opened:
        item.status = "in_progress"
        opened = self.opened = Opened(index, item)
        self.items.append(item)
        self._stage.outbox.send(
            "response.output_item.added",
            response_id=self._response_id,
            output_index=index,
            item=item_wire(item, self._stage.dialect, opening=True),
        )
        if self._in_conversation:
            self._stage.conversation.open(item)
        return opened

    def open_part(self, opened: Opened, part: Part) -> Part:
        opened.item.parts.append(part)
        opened.part_told = True
        self.tell("response.content_part.added", opened, part=_content_part(part))
        return part

    def tell(self, ga_name: str, opened: Opened, **fields: Any) -> None:
        ids = {
            "response_id": self._response_id,
            "item_id": opened.item.id,
            "output_index": opened.index,
        }
        padded = ga_name == "response.output_text.delta"
        send = self._stage.outbox.send_padded if padded else self._stage.outbox.send
        send(ga_name, **ids, content_index=0, **fields)

    def tell_call(self, ga_name: str, opened: Opened, **fields: Any) -> None:
        ids = {
            "response_id": self._response_id,
            "item_id": opened.item.id,
            "output_index": opened.index,
        }
        self._stage.outbox.send(ga_name, **ids, call_id=opened.item.call_id, **fields)

    def close_item(self, status: str) -> None:
        """The closing events of what was opened, with what was streamed."""
        opened = self.opened
        if opened is None:
            return
        self.opened = None
        item = opened.item
        item.status = status
        if item.kind == "function_call":
            name, arguments = item.name, item.arguments
            done = "response.function_call_arguments.done"
            self.tell_call(done, opened, name=name, arguments=arguments)
        elif opened.part_told:
            self._close_part(opened, item.parts[0])
        if self._in_conversation:
            self._stage.conversation.done(item)
        self._stage.outbox.send(
            "response.output_item.done",
            response_id=self._response_id,
            output_index=opened.index,
            item=item_wire(item, self._stage.dialect),
        )

    def _close_part(self, opened: Opened, part: Part) -> None:
        if part.kind == "output_audio":
            self.tell("response.output_audio.done", opened)
            done = "response.output_audio_transcript.done"
            self.tell(done, opened, transcript=part.told)
        else:
            self.tell("response.output_text.done", opened, text=part.text)
        self.tell("response.content_part.done", opened, part=_content_part(part))


def _content_part(part: Part) -> dict[str, Any]:
    if part.kind == "output_audio":
        return {"type": "audio", "transcript": part.told}
    return {"type": "text", "text": part.text}

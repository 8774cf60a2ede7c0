"""Conversation items: what was said, by whom, and how much of it still counts."""

from dataclasses import dataclass, field
from typing import Any, Literal

from bridge.sim.model.dialect import Dialect
from bridge.sim.model.reply import Turn

ItemKind = Literal["message", "function_call", "function_call_output"]
PartKind = Literal["input_text", "input_audio", "input_image", "output_text", "output_audio"]


@dataclass(frozen=True)
class Word:
    """A transcript delta and where in the item's audio it begins."""

    text: str
    at_ms: float


@dataclass
class Part:
    """One content part. Audio is kept as PCM16 at ``rate_hz``."""

    kind: PartKind
    text: str = ""  # of text parts
    told: str = ""  # all words streamed, whatever became of them since
    transcript: str | None = None  # as the client may see it
    heard: str | None = None  # as the model understands it; None: not known yet
    audio: bytearray = field(default_factory=bytearray)
    rate_hz: int = 24_000
    generated_ms: float = 0.0  # length as delivered or as committed
    kept_ms: int | None = None  # after a truncation
    words: list[Word] = field(default_factory=list)

    @property
    def length_ms(self) -> float:
        return self.generated_ms if self.kept_ms is None else min(self.kept_ms, self.generated_ms)

    def truncate(self, audio_end_ms: int) -> None:
        """Drop the audio beyond and the whole transcript, so that no unheard text remains."""
        self.kept_ms = audio_end_ms
        del self.audio[audio_end_ms * self.rate_hz // 1000 * 2 :]
        self.words = [word for word in self.words if word.at_ms < audio_end_ms]
        self.heard = "".join(word.text for word in self.words)
        self.transcript = None


@dataclass
class Item:
    """One item; ``parts`` for messages, the other fields for calls and outputs."""

    id: str
    kind: ItemKind = "message"
    role: str = ""
    status: str = "completed"
    parts: list[Part] = field(default_factory=list)
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    output: str = ""

    @property
    def audio(self) -> Part | None:
        return next((p for p in self.parts if p.kind.endswith("audio")), None)

    def understood(self) -> bool:
        """Whether the model knows the words of every part."""
        return all(p.heard is not None for p in self.parts if p.kind == "input_audio")

    def as_turn(self) -> Turn:
        match self.kind:
            case "message":
                texts = [p.text or p.heard or "" for p in self.parts if p.kind != "input_image"]
                return Turn(self.role, " ".join(text for text in texts if text))
            case "function_call":
                return Turn("function_call", self.name, self.call_id)
            case "function_call_output":
                return Turn("function_output", self.output, self.call_id)


def item_wire(item: Item, dialect: Dialect, *, opening: bool = False) -> dict[str, Any]:
    """The item as it is shown; ``opening``: nothing of its content yet."""
    head: dict[str, Any] = {"id": item.id}
    if dialect.item_object:
        head["object"] = "realtime.item"
    status = "in_progress" if opening else item.status
    match item.kind:
        case "message":
            parts = [] if opening else [_part_wire(part, dialect) for part in item.parts]
            message = {"type": "message", "status": status, "role": item.role, "content": parts}
            return head | message
        case "function_call":
            arguments = "" if opening else item.arguments
            call = {"name": item.name, "call_id": item.call_id, "arguments": arguments}
            return head | {"type": "function_call", "status": status} | call
        case "function_call_output":
            output = {"call_id": item.call_id, "output": item.output}
            # The first preview knows no status of an output.
            done = {} if dialect.name == "preview_2024_10" else {"status": status}
            return head | {"type": "function_call_output"} | done | output


def _part_wire(part: Part, dialect: Dialect) -> dict[str, Any]:
    kind = dialect.part_type(part.kind)
    match part.kind:
        case "input_audio":
            return {"type": kind, "transcript": part.transcript}
        case "output_audio":
            shown = part.transcript is not None or dialect.name == "preview_2024_10"
            return {"type": kind} | ({"transcript": part.transcript} if shown else {})
        case "input_image":
            return {"type": kind, "image_url": part.text}
        case _:
            return {"type": kind, "text": part.text}

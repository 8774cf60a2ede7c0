"""The three dialects of the Realtime API, as the service speaks them.

GA is what both services speak today; PREVIEW is Azure's later previews (2024-12 and on, the
OpenAI beta was the same); PREVIEW_2024_10 is the first revision of Azure's preview.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bridge.sim.model import shapes
from bridge.sim.model.checks import Check
from bridge.sim.model.item_shapes import GA_ITEM, PREVIEW_ITEM

Path = tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """Where a session object keeps what the service acts upon."""

    modalities: Path
    voice: Path
    input_format: Path
    output_format: Path
    transcription: Path
    turn_detection: Path
    max_output_tokens: Path


_GA_SETTINGS = Settings(
    modalities=("output_modalities",),
    voice=("audio", "output", "voice"),
    input_format=("audio", "input", "format"),
    output_format=("audio", "output", "format"),
    transcription=("audio", "input", "transcription"),
    turn_detection=("audio", "input", "turn_detection"),
    max_output_tokens=("max_output_tokens",),
)
_FLAT_SETTINGS = Settings(
    modalities=("modalities",),
    voice=("voice",),
    input_format=("input_audio_format",),
    output_format=("output_audio_format",),
    transcription=("input_audio_transcription",),
    turn_detection=("turn_detection",),
    max_output_tokens=("max_response_output_tokens",),
)
_PREVIEW_NAMES = {
    "conversation.item.added": "conversation.item.created",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
}
_SERVER_VAD = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 200,  # what session.created shows, whatever the documents say
}
_DECISIONS = {"create_response": True, "interrupt_response": True}
_SEMANTIC_VAD = {"type": "semantic_vad", "eagerness": "auto"} | _DECISIONS
_PREVIEW_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse")


@dataclass(frozen=True)
class Dialect:
    """One way of saying the same things."""

    name: Literal["ga", "preview", "preview_2024_10"]
    settings: Settings
    voices: tuple[str, ...]
    default_voice: str
    session_shape: Callable[[shapes.Abilities], Check]
    response_shape: Callable[[shapes.Abilities], Check]
    item_shape: Check
    turn_detections: Mapping[str, Mapping[str, Any]]  # defaults by type
    rate_limits: Literal["after_done", "at_inference", "with_done"]
    event_names: Mapping[str, str] = field(default_factory=dict)  # where GA's is not the name
    assistant_parts: Mapping[str, str] = field(default_factory=dict)  # likewise
    nested: bool = False  # audio settings in session.audio.input and .output
    item_object: bool = False  # items carry "object"
    obfuscation: bool = False  # text deltas are padded
    commits_and_cancels: bool = False  # response.create does both unless told otherwise

    def event(self, ga_name: str) -> str:
        return self.event_names.get(ga_name, ga_name)

    def part_type(self, ga_type: str) -> str:
        return self.assistant_parts.get(ga_type, ga_type)

    @property
    def items_are_done(self) -> bool:
        """Whether ``conversation.item.done`` exists; the previews tell of an item once."""
        return "conversation.item.added" not in self.event_names

    def client_events(self, able: shapes.Abilities) -> dict[str, Check]:
        return shapes.client_events(
            self.session_shape(able),
            self.response_shape(able),
            self.item_shape,
            first=self.commits_and_cancels,
        )


GA = Dialect(
    name="ga",
    settings=_GA_SETTINGS,
    voices=(*_PREVIEW_VOICES, "marin", "cedar"),
    default_voice="marin",
    session_shape=shapes.ga_session,
    response_shape=shapes.ga_response,
    item_shape=GA_ITEM,
    turn_detections={
        "server_vad": _SERVER_VAD | {"idle_timeout_ms": None} | _DECISIONS,
        "semantic_vad": _SEMANTIC_VAD,
    },
    rate_limits="after_done",
    nested=True,
    obfuscation=True,
)

PREVIEW = Dialect(
    name="preview",
    settings=_FLAT_SETTINGS,
    voices=_PREVIEW_VOICES,
    default_voice="alloy",
    session_shape=shapes.preview_session,
    response_shape=shapes.preview_response,
    item_shape=PREVIEW_ITEM,
    turn_detections={"server_vad": _SERVER_VAD | _DECISIONS, "semantic_vad": _SEMANTIC_VAD},
    rate_limits="at_inference",
    event_names=_PREVIEW_NAMES,
    assistant_parts={"output_text": "text", "output_audio": "audio"},
    item_object=True,
)

PREVIEW_2024_10 = Dialect(
    name="preview_2024_10",
    settings=_FLAT_SETTINGS,
    voices=_PREVIEW_VOICES,
    default_voice="alloy",
    session_shape=shapes.first_preview_session,
    response_shape=shapes.first_preview_response,
    item_shape=PREVIEW_ITEM,
    turn_detections={"server_vad": _SERVER_VAD, "none": {"type": "none"}},
    rate_limits="with_done",
    event_names=_PREVIEW_NAMES,
    assistant_parts={"output_text": "text", "output_audio": "audio"},
    commits_and_cancels=True,
)

DIALECTS = (GA, PREVIEW, PREVIEW_2024_10)

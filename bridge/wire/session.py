"""What a Realtime session is configured with, in no dialect yet."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

AudioFormat = Literal["pcm16", "g711_ulaw"]

BYTES_PER_MS: Mapping[AudioFormat, int] = {"pcm16": 48, "g711_ulaw": 8}


class TurnDetection(msgspec.Struct, frozen=True):
    """Who decides that the caller has finished. None in a field: the service's default."""

    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: float | None = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None
    idle_timeout_ms: int | None = None
    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    create_response: bool = True
    interrupt_response: bool = True


class Transcription(msgspec.Struct, frozen=True):
    """Transcription of the caller; on Azure ``model`` names a deployment."""

    model: str
    language: str | None = None
    prompt: str | None = None


class Tool(msgspec.Struct, frozen=True):
    """A function the model may call; ``parameters`` is a JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]


class SessionConfig(msgspec.Struct, frozen=True):
    instructions: str
    voice: str | None = None
    audio_format: AudioFormat = "pcm16"
    turn_detection: TurnDetection | None = TurnDetection()
    noise_reduction: Literal["near_field", "far_field"] | None = None
    transcription: Transcription | None = None
    tools: tuple[Tool, ...] = ()
    temperature: float | None = None
    speed: float | None = None
    max_output_tokens: int | None = None

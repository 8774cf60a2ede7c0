"""What one response is to be like: the session's settings, and what response.create changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.sim.model.audio_format import AudioFormat, format_of
from bridge.sim.model.dialect import Dialect
from bridge.sim.model.reply import Tool
from bridge.sim.model.session_object import SessionObject, at


@dataclass(frozen=True)
class ResponseOptions:
    modalities: list[str]
    voice: Any
    output_format: AudioFormat
    instructions: str
    requested: str | None
    tools: list[Any]
    tool_choice: Any
    max_output_tokens: int | str
    temperature: float | None
    metadata: dict[str, str] | None
    in_conversation: bool
    input: list[dict[str, Any]] | None  # replaces the history as context

    @property
    def speaks(self) -> bool:
        return "audio" in self.modalities

    def tool_list(self) -> tuple[Tool, ...]:
        return tuple(
            Tool(tool["name"], tool.get("description", ""), tool.get("parameters") or {})
            for tool in self.tools
        )

    def chosen(self) -> str:
        return self.tool_choice if isinstance(self.tool_choice, str) else self.tool_choice["name"]


def options_for(
    dialect: Dialect, session: SessionObject, asked: Mapping[str, Any]
) -> ResponseOptions:
    """``asked`` is the checked ``response`` of a ``response.create``."""
    output = asked.get("audio", {}).get("output", {}) if dialect.nested else {}
    voice = output.get("voice") if dialect.nested else asked.get("voice")
    wire_format = output.get("format") if dialect.nested else asked.get("output_audio_format")
    kinds = dialect.settings.modalities[0]
    limit = asked.get("max_output_tokens", asked.get("max_response_output_tokens"))
    return ResponseOptions(
        modalities=asked.get(kinds, at(session.wire, dialect.settings.modalities)),
        voice=voice if voice is not None else session.voice,
        output_format=format_of(wire_format) if wire_format else session.output_format,
        instructions=asked.get("instructions", session.instructions),
        requested=asked.get("instructions"),
        tools=asked.get("tools", session.wire["tools"]),
        tool_choice=asked.get("tool_choice", session.wire["tool_choice"]),
        max_output_tokens=limit if limit is not None else session.max_output_tokens,
        temperature=asked.get("temperature", session.wire.get("temperature")),
        metadata=asked.get("metadata"),
        in_conversation=asked.get("conversation", "auto") != "none",
        input=asked.get("input", asked.get("input_items")),
    )


def options_wire(
    options: ResponseOptions, dialect: Dialect, conversation_id: str | None
) -> dict[str, Any]:
    """The part of a response object that echoes its settings."""
    if dialect.name == "preview_2024_10":
        return {}
    common = {"conversation_id": conversation_id, "max_output_tokens": options.max_output_tokens}
    if dialect.nested:
        output = {"format": dict(options.output_format.ga), "voice": options.voice}
        own: dict[str, Any] = {
            "output_modalities": options.modalities,
            "audio": {"output": output},
        }
    else:
        own = {
            "modalities": options.modalities,
            "voice": options.voice,
            "output_audio_format": options.output_format.name,
            "temperature": options.temperature,
        }
    return common | own | {"metadata": options.metadata}

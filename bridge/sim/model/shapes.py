"""What a client may say, as shapes of the JSON, for each dialect."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.sim.model.checks import (
    Check,
    anything,
    by_type,
    flag,
    keys,
    list_of,
    nullable,
    number,
    one_of,
    tagged,
    text,
    text_map,
    whole,
)
from bridge.sim.model.item_shapes import GA_ITEM, PREVIEW_ITEM, item_or_reference
from bridge.sim.model.refusal import Refusal

MAX_OUTPUT_TOKENS = 4096
EVENT_ID_CHARS = 512


@dataclass(frozen=True)
class Abilities:
    """What depends on the model rather than on the dialect."""

    voices: tuple[str, ...]
    reasoning: bool


_TOKENS = by_type(integer=whole(1, MAX_OUTPUT_TOKENS), string=one_of("inf"))
_METADATA = nullable(text_map(16, 64, 512))
_TOOL_CHOICE = by_type(
    string=one_of("auto", "none", "required"),
    object=keys({}, required={"type": one_of("function"), "name": text()}),
)
_FUNCTION = keys(
    {"description": text(), "parameters": anything},
    required={"type": one_of("function"), "name": text()},
)
_TOOLS = list_of(_FUNCTION)
_NOISE = nullable(keys({"strength": number()}, {"type": one_of("near_field", "far_field")}))
_TRACING = nullable(
    by_type(
        string=one_of("auto"),
        object=keys({"group_id": text(), "workflow_name": text(), "metadata": anything}),
    )
)
_TIMES = {"threshold": number(0.0, 1.0)} | {
    name: whole(0) for name in ("prefix_padding_ms", "silence_duration_ms")
}
_DECISIONS = {"create_response": flag, "interrupt_response": flag}
_SEMANTIC = keys(
    {"type": anything, "eagerness": one_of("low", "medium", "high", "auto")} | _DECISIONS
)


# --- session.update ---------------------------------------------------------------------------


def ga_session(able: Abilities) -> Check:
    server_vad = keys(
        {"type": anything, "idle_timeout_ms": nullable(whole(5_000, 30_000))} | _TIMES | _DECISIONS
    )
    turn_detection = tagged("type", {"server_vad": server_vad, "semantic_vad": _SEMANTIC})
    effort = one_of("minimal", "low", "medium", "high", "xhigh")
    transcription = keys(
        {"model": text(), "language": nullable(text()), "prompt": nullable(text())}
        | {"keywords": list_of(text()), "languages": list_of(text()), "delay": effort}
    )
    hearing = keys(
        {"format": _GA_FORMAT, "transcription": nullable(transcription)}
        | {"noise_reduction": _NOISE, "turn_detection": nullable(turn_detection)}
    )
    speaking = keys(
        {"format": _GA_FORMAT, "voice": _ga_voice(able.voices), "speed": number(0.25, 1.5)}
    )
    ratio = keys(
        {"token_limits": keys({"post_instructions": whole(0)})},
        required={"type": one_of("retention_ratio"), "retention_ratio": number(0.0, 1.0)},
    )
    return keys(
        {
            "model": text(),
            "output_modalities": _one_kind,
            "instructions": text(),
            "audio": keys({"input": hearing, "output": speaking}),
            "tools": _TOOLS,
            "tool_choice": _TOOL_CHOICE,
            "max_output_tokens": _TOKENS,
            "tracing": _TRACING,
            "truncation": by_type(string=one_of("auto", "disabled"), object=ratio),
            "include": nullable(list_of(one_of("item.input_audio_transcription.logprobs"))),
            "prompt": nullable(anything),
        }
        | _reasoning(able),
        required={"type": one_of("realtime")},
    )


def preview_session(able: Abilities) -> Check:
    server_vad = keys({"type": anything} | _TIMES | _DECISIONS)
    turn_detection = tagged(
        "type", {"server_vad": server_vad, "semantic_vad": _SEMANTIC}, default="server_vad"
    )
    transcription = keys(
        {"model": text(), "language": nullable(text()), "prompt": nullable(text())}
    )
    return keys(
        _flat_session(able)
        | {
            "input_audio_transcription": nullable(transcription),
            "turn_detection": nullable(turn_detection),
            "input_audio_noise_reduction": _NOISE,
            "speed": number(0.25, 1.5),
            "tracing": _TRACING,
        }
    )


def first_preview_session(able: Abilities) -> Check:
    # 2024-10-01-preview: turn detection is switched off by a type of its own, not by null.
    shapes: Mapping[str, Check] = {
        "server_vad": keys({"type": anything} | _TIMES),
        "none": keys({"type": anything}),
    }
    return keys(
        _flat_session(able)
        | {
            "input_audio_transcription": nullable(keys({}, required={"model": text()})),
            "turn_detection": tagged("type", shapes),
        }
    )


def _flat_session(able: Abilities) -> dict[str, Check]:
    return {
        "model": text(),
        "modalities": _two_kinds,
        "instructions": text(),
        "voice": one_of(*able.voices),
        "input_audio_format": _FORMAT_NAME,
        "output_audio_format": _FORMAT_NAME,
        "tools": _TOOLS,
        "tool_choice": _TOOL_CHOICE,
        "temperature": number(0.6, 1.2),
        "max_response_output_tokens": _TOKENS,
    }


_FORMAT_NAME = one_of("pcm16", "g711_ulaw", "g711_alaw")
_GA_FORMAT = tagged(
    "type",
    {
        "audio/pcm": keys({"type": anything, "rate": whole(24_000, 24_000)}),
        "audio/pcmu": keys({"type": anything}),
        "audio/pcma": keys({"type": anything}),
    },
)


def _ga_voice(voices: tuple[str, ...]) -> Check:
    return by_type(string=one_of(*voices), object=keys({}, required={"id": text()}))


def _reasoning(able: Abilities) -> dict[str, Check]:
    """Reasoning models alone know these; to others they are unknown parameters."""
    if not able.reasoning:
        return {}
    effort = one_of("minimal", "low", "medium", "high", "xhigh")
    return {"reasoning": keys({"effort": effort}), "parallel_tool_calls": flag}


def _one_kind(value: object, path: str) -> None:
    _kinds(value, path, (["audio"], ["text"]))


def _two_kinds(value: object, path: str) -> None:
    _kinds(value, path, (["text"], ["audio", "text"]))


def _kinds(value: object, path: str, allowed: tuple[list[str], ...]) -> None:
    list_of(one_of("text", "audio"))(value, path)
    if not isinstance(value, list) or sorted(value) not in allowed:
        listed = " and ".join(str(kinds) for kinds in allowed)
        message = f"Invalid modalities: {value}. Supported combinations are: {listed}."
        raise Refusal("invalid_value", message, param=path)


# --- response.create --------------------------------------------------------------------------


def ga_response(able: Abilities) -> Check:
    output = keys({"format": _GA_FORMAT, "voice": _ga_voice(able.voices)})
    return keys(
        {"output_modalities": _one_kind, "audio": keys({"output": output})}
        | _any_response(GA_ITEM)
        | _reasoning(able)
    )


def preview_response(able: Abilities) -> Check:
    return keys(
        _flat_response(able) | _any_response(PREVIEW_ITEM) | {"max_response_output_tokens": _TOKENS}
    )


def first_preview_response(able: Abilities) -> Check:
    items = list_of(PREVIEW_ITEM)
    return keys(
        _flat_response(able)
        | {"instructions": text(), "max_output_tokens": _TOKENS}
        | {"tools": _TOOLS, "tool_choice": _TOOL_CHOICE}
        | {"commit": flag, "cancel_previous": flag}
        | {"append_input_items": items, "input_items": items}
    )


def _any_response(item: Check) -> dict[str, Check]:
    return {
        "conversation": one_of("auto", "none"),
        "input": list_of(item_or_reference(item)),
        "instructions": text(),
        "max_output_tokens": _TOKENS,
        "metadata": _METADATA,
        "tools": _TOOLS,
        "tool_choice": _TOOL_CHOICE,
    }


def _flat_response(able: Abilities) -> dict[str, Check]:
    return {
        "modalities": _two_kinds,
        "voice": one_of(*able.voices),
        "output_audio_format": _FORMAT_NAME,
        "temperature": number(0.6, 1.2),
    }


# --- client events ----------------------------------------------------------------------------


def client_events(session: Check, response: Check, item: Check, *, first: bool) -> dict[str, Check]:
    """Every event a client may send, by its type."""
    item_id = {"item_id": text()}
    cancel = {} if first else {"response_id": text()}
    events: dict[str, tuple[dict[str, Check], dict[str, Check]]] = {
        "session.update": ({}, {"session": session}),
        "input_audio_buffer.append": ({}, {"audio": text()}),
        "input_audio_buffer.commit": ({}, {}),
        "input_audio_buffer.clear": ({}, {}),
        "conversation.item.create": ({"previous_item_id": nullable(text())}, {"item": item}),
        "conversation.item.truncate": (
            {},
            item_id | {"content_index": whole(0), "audio_end_ms": whole(0)},
        ),
        "conversation.item.delete": ({}, item_id),
        "conversation.item.retrieve": ({}, item_id),
        "response.create": ({"response": response}, {}),
        "response.cancel": (cancel, {}),
    }
    if first:
        del events["conversation.item.retrieve"]  # added in later previews
    envelope: dict[str, Check] = {"type": anything, "event_id": nullable(text(EVENT_ID_CHARS))}
    return {
        name: keys(envelope | optional, required) for name, (optional, required) in events.items()
    }

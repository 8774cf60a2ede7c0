"""How each Realtime dialect spells what we say.

Three frozen values hold all there is to know: GA (OpenAI and Azure ``/openai/v1``), PREVIEW (Azure
``api-version=…-preview``) and PREVIEW_2024_10, the first Azure revision. A key of the wrong dialect
voids the whole message, so each builder writes only what its dialect knows.
"""

from binascii import b2a_base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, assert_never
from urllib.parse import urlencode

import msgspec

from bridge.wire.session import SessionConfig, TurnDetection

EVENT_ID_CHARS = 512  # Realtime API, "event_id" of a client event

Json = dict[str, Any]


class SessionUpdate(msgspec.Struct, frozen=True):
    """``typed`` False: without the session's type, which GA asks for and Azure's endpoint once
    refused."""

    config: SessionConfig
    typed: bool = True


class Append(msgspec.Struct, frozen=True, gc=False):
    """Caller audio in the agreed input format."""

    audio: bytes


class CreateResponse(msgspec.Struct, frozen=True, eq=False):
    """Ask for an answer; ``instructions`` replace the session's for this one response.

    ``event_id`` names one sending of it in the error that may follow; whatever it is, the same is
    asked for.
    """

    instructions: str | None = None
    event_id: str | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CreateResponse) and self.instructions == other.instructions

    def __hash__(self) -> int:
        return hash(self.instructions)


class CancelResponse(msgspec.Struct, frozen=True):
    response_id: str


class Truncate(msgspec.Struct, frozen=True):
    """Keep only the first ``audio_end_ms`` of an assistant item's audio."""

    item_id: str
    content_index: int
    audio_end_ms: int


class DeleteItem(msgspec.Struct, frozen=True):
    item_id: str


class UserText(msgspec.Struct, frozen=True):
    """Words put in the caller's mouth: text typed instead of spoken."""

    text: str


class SystemText(msgspec.Struct, frozen=True):
    """An instruction from this moment on: it joins the conversation and is not spoken."""

    text: str


class FunctionOutput(msgspec.Struct, frozen=True):
    call_id: str
    output: str


ControlMessage = (
    SessionUpdate
    | CreateResponse
    | CancelResponse
    | Truncate
    | DeleteItem
    | UserText
    | SystemText
    | FunctionOutput
)
ModelMessage = Append | ControlMessage


@dataclass(frozen=True)
class Dialect:
    """One spelling of the protocol. ``names_interruption``: the service lets the client say
    whether it interrupts and answers by itself; where it does not, it always does both."""

    name: Literal["ga", "preview", "preview-2024-10"]
    session: Callable[[SessionConfig], Json]
    response: Callable[[CreateResponse], Json]
    names_interruption: bool = True
    cancels_by_id: bool = True


def _set(**fields: Any) -> Json:
    """Only what is given: null is not "default" to these services but an error."""
    return {key: value for key, value in fields.items() if value is not None}


def _turn_detection(turn: TurnDetection | None) -> Json | None:
    if turn is None:
        return None
    if turn.type == "semantic_vad":
        fields = _set(type=turn.type, eagerness=turn.eagerness)
    else:
        fields = _set(
            type=turn.type,
            threshold=turn.threshold,
            prefix_padding_ms=turn.prefix_padding_ms,
            silence_duration_ms=turn.silence_duration_ms,
        )
    fields["create_response"] = turn.create_response
    fields["interrupt_response"] = turn.interrupt_response
    return fields


def _tools(config: SessionConfig) -> list[Json]:
    return [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        }
        for tool in config.tools
    ]


def _transcription(config: SessionConfig) -> Json | None:
    asked = config.transcription
    if asked is None:
        return None
    return _set(model=asked.model, language=asked.language, prompt=asked.prompt)


def _noise_reduction(config: SessionConfig) -> Json | None:
    return {"type": config.noise_reduction} if config.noise_reduction else None


def _ga_session(config: SessionConfig) -> Json:
    audio_format: Json = (
        {"type": "audio/pcm", "rate": 24000}
        if config.audio_format == "pcm16"
        else {"type": "audio/pcmu"}
    )
    asked = config.turn_detection
    turn = _turn_detection(asked)
    if turn is not None and asked and asked.type == "server_vad" and asked.idle_timeout_ms:
        turn["idle_timeout_ms"] = asked.idle_timeout_ms
    heard: Json = {
        "format": audio_format,
        "transcription": _transcription(config),
        "noise_reduction": _noise_reduction(config),
        "turn_detection": turn,
    }
    spoken = _set(format=audio_format, voice=config.voice, speed=config.speed)
    session: Json = {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": config.instructions,
        "audio": {"input": heard, "output": spoken},
        "tools": _tools(config),
        "tool_choice": "auto",
    }
    return session | _set(max_output_tokens=config.max_output_tokens)


def _preview_2024_10_session(config: SessionConfig) -> Json:
    """The first Azure revision: no null, no flags, no noise reduction, no speed, no language."""
    turn: Json | None = _turn_detection(config.turn_detection)
    if turn is None or turn["type"] != "server_vad":
        turn = {"type": "none"} if turn is None else {"type": "server_vad"}
    turn = {k: v for k, v in turn.items() if k not in ("create_response", "interrupt_response")}
    session = {
        "modalities": ["text", "audio"],
        "instructions": config.instructions,
        "input_audio_format": config.audio_format,
        "output_audio_format": config.audio_format,
        "turn_detection": turn,
        "tools": _tools(config),
        "tool_choice": "auto",
    }
    return session | _set(
        voice=config.voice,
        input_audio_transcription=(
            {"model": config.transcription.model} if config.transcription else None
        ),
        temperature=config.temperature,
        max_response_output_tokens=config.max_output_tokens,
    )


def _preview_session(config: SessionConfig) -> Json:
    session = _preview_2024_10_session(config)
    session["turn_detection"] = _turn_detection(config.turn_detection)
    session["input_audio_transcription"] = _transcription(config)
    # Left out where it is off: early revisions know neither.
    return session | _set(input_audio_noise_reduction=_noise_reduction(config), speed=config.speed)


def _ga_response(asked: CreateResponse) -> Json:
    return _set(instructions=asked.instructions)


def _preview_2024_10_response(asked: CreateResponse) -> Json:
    # Left out, both mean true in this revision: it would commit and cancel on its own.
    return {"commit": False, "cancel_previous": False} | _set(instructions=asked.instructions)


GA = Dialect("ga", _ga_session, _ga_response)
PREVIEW = Dialect("preview", _preview_session, _ga_response)
PREVIEW_2024_10 = Dialect(
    "preview-2024-10",
    _preview_2024_10_session,
    _preview_2024_10_response,
    names_interruption=False,
    cancels_by_id=False,
)


def azure_dialect(api_version: str) -> Dialect:
    """By Azure's ``api-version``; empty means the GA endpoint."""
    if not api_version:
        return GA
    return PREVIEW_2024_10 if api_version == "2024-10-01-preview" else PREVIEW


def azure_url(endpoint: str, deployment: str, api_version: str) -> str:
    """``endpoint`` is the resource's origin; http(s) becomes ws(s).

    Azure OpenAI: ``/openai/v1/realtime?model=DEPLOYMENT`` (no api-version), or before GA
    ``/openai/realtime?api-version=VERSION&deployment=DEPLOYMENT``.
    """
    if api_version:
        query = urlencode({"api-version": api_version, "deployment": deployment})
        return f"{websocket_origin(endpoint)}/openai/realtime?{query}"
    return f"{websocket_origin(endpoint)}/openai/v1/realtime?{urlencode({'model': deployment})}"


def openai_url(base_url: str, model: str) -> str:
    """``base_url`` ends in the API's version, such as ``https://api.openai.com/v1``."""
    return f"{websocket_origin(base_url)}/realtime?{urlencode({'model': model})}"


def websocket_origin(url: str) -> str:
    """http(s) to ws(s), without a trailing slash."""
    scheme, _, rest = url.rstrip("/").partition("://")
    return {"http": "ws", "https": "wss"}.get(scheme, scheme) + f"://{rest}"


def _message(role: Literal["user", "system"], text: str) -> Json:
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": role, "content": content}
    return {"type": "conversation.item.create", "item": item}


def _body(message: ControlMessage, dialect: Dialect) -> Json:
    match message:
        case SessionUpdate(config, typed):
            session = dialect.session(config)
            if not typed:
                session.pop("type", None)
            return {"type": "session.update", "session": session}
        case CreateResponse():
            options = dialect.response(message)
            return {"type": "response.create"} | ({"response": options} if options else {})
        case CancelResponse(response_id):
            named = {"response_id": response_id} if dialect.cancels_by_id else {}
            return {"type": "response.cancel"} | named
        case Truncate(item_id, content_index, audio_end_ms):
            return {
                "type": "conversation.item.truncate",
                "item_id": item_id,
                "content_index": content_index,
                "audio_end_ms": audio_end_ms,
            }
        case DeleteItem(item_id):
            return {"type": "conversation.item.delete", "item_id": item_id}
        case UserText(text):
            return _message("user", text)
        case SystemText(text):
            return _message("system", text)
        case FunctionOutput(call_id, output):
            item: Json = {"type": "function_call_output", "call_id": call_id, "output": output}
            return {"type": "conversation.item.create", "item": item}
        case _:
            assert_never(message)


def _event_id(message: ControlMessage) -> str | None:
    """What an error names that answers the message (Realtime API, "error"), so that none is taken
    for the answer to another's ``response.create``."""
    match message:
        case CreateResponse(_, event_id):
            return event_id
        case CancelResponse(response_id):
            return f"cancel-{response_id}"
        case Truncate(item_id):
            return f"truncate-{item_id}"
        case DeleteItem(item_id):
            return f"delete-{item_id}"
        case FunctionOutput(call_id):
            return f"output-{call_id}"
        case UserText() | SystemText():
            return "text"
        case SessionUpdate():  # answered before anything else is said
            return None
        case _:
            assert_never(message)


def serialize(message: ModelMessage, dialect: Dialect) -> bytes:
    """One client event, as text in UTF-8."""
    if isinstance(message, Append):  # fifty a second and call: not worth a dict
        audio = b2a_base64(message.audio, newline=False)
        return b'{"type":"input_audio_buffer.append","audio":"%b"}' % audio
    event_id = _event_id(message)
    named = {} if event_id is None else {"event_id": event_id[:EVENT_ID_CHARS]}
    return msgspec.json.encode(_body(message, dialect) | named)

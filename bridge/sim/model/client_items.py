"""Items as a client creates them."""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.sim.model.audio_format import PCM16
from bridge.sim.model.frames import audio_bytes
from bridge.sim.model.hearing import Hearing
from bridge.sim.model.items import Item, Part
from bridge.sim.model.session_object import SessionObject


def item_from(
    wire: Mapping[str, Any],
    new_id: Callable[[str], str],
    hearing: Hearing,
    session: SessionObject,
) -> Item:
    """From a checked item. The words of audio in it are asked for."""
    item = Item(wire.get("id") or new_id("item"), kind=wire["type"])
    match item.kind:
        case "message":
            item.role = wire["role"]
            item.parts = [_part(entry, hearing, session) for entry in wire["content"]]
        case "function_call":
            item.call_id = wire.get("call_id") or new_id("call")
            item.name, item.arguments = wire["name"], wire["arguments"]
        case "function_call_output":
            item.call_id, item.output = wire["call_id"], wire["output"]
    return item


def _part(wire: Mapping[str, Any], hearing: Hearing, session: SessionObject) -> Part:
    match wire["type"]:
        case "input_audio":
            return _audio_part(wire, hearing, session)
        case "input_image":
            return Part("input_image", text=wire.get("image_url", ""))
        case "input_text":
            return Part("input_text", text=wire["text"])
        case _:  # "output_text" in GA, "text" in the previews
            return Part("output_text", text=wire.get("text", ""))


def _audio_part(wire: Mapping[str, Any], hearing: Hearing, session: SessionObject) -> Part:
    data = audio_bytes(wire["audio"], "item.content.audio")
    fmt = session.input_format
    pcm = fmt.decode(data[: len(data) // 2 * 2] if fmt is PCM16 else data)
    part = hearing.heard_part(pcm, fmt.rate_hz)
    part.transcript = wire.get("transcript")
    hearing.listen(part, pcm)
    return part

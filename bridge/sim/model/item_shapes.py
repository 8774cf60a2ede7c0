"""Items as a client may create them."""

from collections.abc import Mapping

from bridge.sim.model.checks import Check, anything, keys, list_of, nullable, one_of, tagged, text

CALL_ID_CHARS = ITEM_ID_CHARS = 32

_ITEM_KEYS: dict[str, Check] = {
    "id": text(ITEM_ID_CHARS),
    "object": one_of("realtime.item"),
    "status": one_of("completed", "incomplete", "in_progress"),
}


def _part(**optional: Check) -> Check:
    return keys({"type": anything} | optional)


def _item(assistant: Mapping[str, Check], user: Mapping[str, Check]) -> Check:
    system: Mapping[str, Check] = {"input_text": _part(text=text())}
    messages = {
        role: keys(
            {"type": anything, "role": anything} | _ITEM_KEYS,
            required={"content": list_of(tagged("type", parts))},
        )
        for role, parts in (("system", system), ("user", user), ("assistant", assistant))
    }
    call = keys(
        {"type": anything, "call_id": text(CALL_ID_CHARS)} | _ITEM_KEYS,
        required={"name": text(), "arguments": text()},
    )
    output = keys(
        {"type": anything} | _ITEM_KEYS,
        required={"call_id": text(CALL_ID_CHARS), "output": text()},
    )
    return tagged(
        "type",
        {
            "message": tagged("role", messages),
            "function_call": call,
            "function_call_output": output,
        },
    )


def item_or_reference(item: Check) -> Check:
    reference = keys({"type": anything}, required={"id": text()})

    def check(value: object, path: str) -> None:
        is_reference = isinstance(value, dict) and value.get("type") == "item_reference"
        (reference if is_reference else item)(value, path)

    return check


_USER: dict[str, Check] = {
    "input_text": keys({"type": anything}, required={"text": text()}),
    "input_audio": keys(
        {"type": anything, "transcript": nullable(text())}, required={"audio": text()}
    ),
}
_IMAGE = _part(image_url=text(), detail=one_of("auto", "low", "high"))

# A client cannot create assistant audio: the text of a turn is all that can be replayed.
GA_ITEM = _item({"output_text": _part(text=text())}, _USER | {"input_image": _IMAGE})
PREVIEW_ITEM = _item({"text": _part(text=text())}, _USER)

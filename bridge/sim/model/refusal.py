"""What the service says when it refuses a client event."""

from dataclasses import dataclass
from typing import Any

INVALID_REQUEST = "invalid_request_error"
SERVER_ERROR = "server_error"


@dataclass
class Refusal(Exception):
    """One ``error`` event to be; it never ends the session."""

    code: str | None
    message: str
    param: str | None = None
    type: str = INVALID_REQUEST


_NAMES = {
    "null": "null",
    "boolean": "a boolean",
    "integer": "an integer",
    "decimal": "a decimal",
    "string": "a string",
    "array": "an array",
    "object": "an object",
}


def json_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "decimal"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def missing(path: str) -> Refusal:
    return Refusal(
        "missing_required_parameter", f"Missing required parameter: '{path}'.", param=path
    )


def unknown(path: str) -> Refusal:
    return Refusal("unknown_parameter", f"Unknown parameter: '{path}'.", param=path)


def wrong_type(path: str, wanted: str, value: Any) -> Refusal:
    got = _NAMES[json_type(value)]
    text = f"Invalid type for '{path}': expected {wanted}, but got {got} instead."
    return Refusal("invalid_type", text, param=path)


def wrong_value(path: str, value: Any, supported: tuple[str, ...]) -> Refusal:
    quoted = [f"'{name}'" for name in supported]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])}, and {quoted[-1]}"
    text = f"Invalid value: '{value}'. Supported values are: {listed}."
    return Refusal("invalid_value", text, param=path)


def out_of_range(path: str, value: float, limit: float, *, below: bool, kind: str) -> Refusal:
    side, sign, word = ("min", ">=", "below") if below else ("max", "<=", "above")
    text = (
        f"Invalid '{path}': {kind} {word} {side}imum value. "
        f"Expected a value {sign} {limit}, but got {value} instead."
    )
    return Refusal(f"{kind}_{word}_{side}_value", text, param=path)


def too_long(path: str, length: int, limit: int) -> Refusal:
    text = (
        f"Invalid '{path}': string too long. "
        f"Expected a string with maximum length {limit}, but got a string with length {length}."
    )
    return Refusal("string_above_max_length", text, param=path)

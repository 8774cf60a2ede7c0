"""Tokens, as the service counts and bills them."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.sim.model.dialect import Dialect
from bridge.sim.model.items import Item

CHARS_PER_TOKEN = 4
CALLER_MS_PER_TOKEN = 100
ASSISTANT_MS_PER_TOKEN = 50
CACHE_STEP = 64


@dataclass(frozen=True)
class Tokens:
    text: int = 0
    audio: int = 0

    @property
    def total(self) -> int:
        return self.text + self.audio

    def cached(self, before: "Tokens") -> "Tokens":
        """What of this input is known from the last one, in whole steps."""
        return Tokens(
            *(
                min(now, then) // CACHE_STEP * CACHE_STEP
                for now, then in ((self.text, before.text), (self.audio, before.audio))
            )
        )


def text_tokens(text: str) -> int:
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def audio_tokens(ms: float, ms_per_token: int) -> int:
    return math.ceil(ms / ms_per_token)


def input_tokens(items: Iterable[Item], instructions: str, tools: list[Any]) -> Tokens:
    """The whole context of a response: every response bills all of it."""
    text = text_tokens(instructions) + (text_tokens(json.dumps(tools)) if tools else 0)
    audio = 0
    for item in items:
        text += text_tokens(item.name + item.arguments + item.output)
        for part in item.parts:
            text += text_tokens(part.text)
            if part.kind == "input_audio":
                audio += audio_tokens(part.length_ms, CALLER_MS_PER_TOKEN)
            elif part.kind == "output_audio":
                audio += audio_tokens(part.length_ms, ASSISTANT_MS_PER_TOKEN)
    return Tokens(text, audio)


def output_tokens(items: Iterable[Item]) -> Tokens:
    text, audio = 0, 0
    for item in items:
        text += text_tokens(item.arguments)
        for part in item.parts:
            text += text_tokens(part.text + part.told)
            audio += audio_tokens(part.generated_ms, ASSISTANT_MS_PER_TOKEN)
    return Tokens(text, audio)


def usage_wire(used: Tokens, cached: Tokens, made: Tokens, dialect: Dialect) -> Mapping[str, Any]:
    image = {"image_tokens": 0} if dialect.nested else {}
    details: dict[str, Any] = _by_kind(used) | image | {"cached_tokens": cached.total}
    if dialect.nested:
        details["cached_tokens_details"] = _by_kind(cached) | image
    return {
        "total_tokens": used.total + made.total,
        "input_tokens": used.total,
        "output_tokens": made.total,
        "input_token_details": details,
        "output_token_details": _by_kind(made),
    }


def _by_kind(tokens: Tokens) -> dict[str, int]:
    return {"text_tokens": tokens.text, "audio_tokens": tokens.audio}

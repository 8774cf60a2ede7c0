"""What a response or a transcription has cost, in tokens or seconds.

Sources: OpenAI "Realtime API reference", ``response.done`` and
``conversation.item.input_audio_transcription.completed``; preview revisions leave details out.
Cached tokens are a part of the input tokens, not an addition to them.
"""

from typing import Annotated, TypeVar

import msgspec

from bridge.wire.errors import UNREADABLE

NO_USAGE = msgspec.Raw(b"null")

# One response reads at most a context of some 100,000 tokens: far beyond that it is no count.
Tokens = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]


class CachedTokens(msgspec.Struct, frozen=True):
    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0
    image_tokens: Tokens = 0


class InputTokens(msgspec.Struct, frozen=True):
    """``cached_tokens_details`` None: not told, as in the oldest preview."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0
    image_tokens: Tokens = 0
    cached_tokens: Tokens = 0
    cached_tokens_details: CachedTokens | None = None


class OutputTokens(msgspec.Struct, frozen=True):
    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0


class Usage(msgspec.Struct, frozen=True):
    """Of one response, the whole conversation it has read included."""

    total_tokens: Tokens = 0
    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    input_token_details: InputTokens | None = None
    output_token_details: OutputTokens | None = None


class TranscriptionUsage(msgspec.Struct, frozen=True):
    """Of one caller item: tokens with the newer transcribers, ``seconds`` of audio with others
    (``type`` "duration")."""

    type: str = "tokens"
    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    input_token_details: InputTokens | None = None
    seconds: Seconds = 0.0


Read = TypeVar("Read")


def usage(raw: msgspec.Raw) -> tuple[Usage | None, str | None]:
    """The usage, or None with what is wrong; (None, None) where the service told none."""
    return _read(_USAGE, raw)


def transcription_usage(raw: msgspec.Raw) -> tuple[TranscriptionUsage | None, str | None]:
    return _read(_TRANSCRIPTION, raw)


def _read(
    decoder: msgspec.json.Decoder[Read | None], raw: msgspec.Raw
) -> tuple[Read | None, str | None]:
    try:
        return decoder.decode(raw), None
    except UNREADABLE as error:
        return None, str(error)


_USAGE = msgspec.json.Decoder(Usage | None)
_TRANSCRIPTION = msgspec.json.Decoder(TranscriptionUsage | None)

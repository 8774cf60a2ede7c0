"""What a call has used of the model: the only source of its bill."""

from dataclasses import dataclass, fields

from bridge.wire import usage as wire


@dataclass(frozen=True)
class Usage:
    """Sums over all responses, the cancelled ones too, and over all transcriptions.

    ``cached_*`` are a part of ``input_*``. ``*_unsplit`` are tokens whose kind the service did not
    tell. A response that runs when the call ends is not told of any more, so it is not in here.
    """

    responses: int = 0  # that told their usage
    input_text: int = 0
    input_audio: int = 0
    input_image: int = 0
    input_unsplit: int = 0
    cached_text: int = 0
    cached_audio: int = 0
    cached_image: int = 0
    output_text: int = 0
    output_audio: int = 0
    output_unsplit: int = 0
    transcriptions: int = 0
    transcription_input_text: int = 0
    transcription_input_audio: int = 0
    transcription_output: int = 0
    transcription_s: float = 0.0  # of audio, where that is what is billed

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, each.name) + getattr(other, each.name) for each in FIELDS))

    @property
    def input_tokens(self) -> int:
        return self.input_text + self.input_audio + self.input_image + self.input_unsplit

    @property
    def cached_tokens(self) -> int:
        return self.cached_text + self.cached_audio + self.cached_image

    @property
    def output_tokens(self) -> int:
        return self.output_text + self.output_audio + self.output_unsplit


FIELDS = fields(Usage)


def of_response(told: wire.Usage) -> Usage:
    read = told.input_token_details or wire.InputTokens()
    made = told.output_token_details or wire.OutputTokens()
    cached = _cached(read)
    split_in = read.text_tokens + read.audio_tokens + read.image_tokens
    split_out = made.text_tokens + made.audio_tokens
    return Usage(
        responses=1,
        input_text=read.text_tokens,
        input_audio=read.audio_tokens,
        input_image=read.image_tokens,
        input_unsplit=max(0, told.input_tokens - split_in),
        cached_text=min(cached.text_tokens, read.text_tokens),
        cached_audio=min(cached.audio_tokens, read.audio_tokens),
        cached_image=min(cached.image_tokens, read.image_tokens),
        output_text=made.text_tokens,
        output_audio=made.audio_tokens,
        output_unsplit=max(0, told.output_tokens - split_out),
    )


def _cached(read: wire.InputTokens) -> wire.CachedTokens:
    """Where their kinds are not told, text is taken first: the beginning of a conversation is
    cached, and the instructions are its beginning."""
    if read.cached_tokens_details is not None:
        return read.cached_tokens_details
    text = min(read.cached_tokens, read.text_tokens)
    audio = min(read.cached_tokens - text, read.audio_tokens)
    return wire.CachedTokens(text, audio, read.cached_tokens - text - audio)


def of_transcription(told: wire.TranscriptionUsage) -> Usage:
    read = told.input_token_details or wire.InputTokens()
    split = read.text_tokens + read.audio_tokens
    return Usage(
        transcriptions=1,
        transcription_input_text=read.text_tokens,
        # What a transcriber reads is sound, unless it says so.
        transcription_input_audio=read.audio_tokens + max(0, told.input_tokens - split),
        transcription_output=told.output_tokens,
        transcription_s=told.seconds,
    )

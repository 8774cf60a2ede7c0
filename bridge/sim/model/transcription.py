"""Telling the client what the caller said: after the commit, beside everything else."""

import math
from dataclasses import dataclass

from bridge.sim.model.delivery import tokens_of
from bridge.sim.model.items import Item, Part
from bridge.sim.model.stage import Stage
from bridge.sim.model.usage import text_tokens

CALLER_TOKENS_PER_S = 10


@dataclass
class Telling:
    """Tells the client the transcript of one item, at its time, if it asked for that."""

    stage: Stage
    item: Item
    part: Part
    model: str | None  # as configured when the turn was committed
    told_at: float

    def understood(self, now: float) -> None:
        if self.model is not None:
            self.stage.agenda.at(max(now, self.told_at), self._tell)

    def _tell(self, now: float) -> None:
        if self.stage.conversation.find(self.item.id) is None or self.part.heard is None:
            return
        known = self.stage.profile.transcription_models
        if known is not None and self.model not in known:
            self._fail()
            return
        text = self.part.transcript = self.part.heard
        event = "conversation.item.input_audio_transcription"
        ids = {"item_id": self.item.id, "content_index": 0}
        for delta in self._deltas(text):
            self.stage.outbox.send_padded(f"{event}.delta", **ids, delta=delta)
        usage = {} if self._is_first_preview() else {"usage": self._usage(text)}
        self.stage.outbox.send(f"{event}.completed", **ids, transcript=text, **usage)

    def _is_first_preview(self) -> bool:
        return self.stage.dialect.name == "preview_2024_10"

    def _deltas(self, text: str) -> list[str]:
        if self._is_first_preview() or not text:
            return []
        if self.model == "whisper-1":  # one delta equal to the whole text
            return [text]
        return tokens_of(text)

    def _usage(self, text: str) -> dict[str, object]:
        if self.model == "whisper-1":
            return {"type": "duration", "seconds": round(self.part.generated_ms / 1000, 2)}
        heard = math.ceil(self.part.generated_ms / 1000 * CALLER_TOKENS_PER_S)
        said = text_tokens(text)
        return {
            "type": "tokens",
            "total_tokens": heard + said,
            "input_tokens": heard,
            "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
            "output_tokens": said,
        }

    def _fail(self) -> None:
        # On Azure usually a transcription deployment that does not exist.
        message = f"Input transcription failed for item '{self.item.id}'."
        self.stage.outbox.send(
            "conversation.item.input_audio_transcription.failed",
            item_id=self.item.id,
            content_index=0,
            error={"type": "server_error", "code": None, "message": message, "param": None},
        )

"""Speech to text: Moonshine's English tiny model on ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from bridge.sim.voice.parts import moonshine_weights
from bridge.sim.voice.samples import Samples, from_pcm, level_dbfs, resample

RATE_HZ = 16000
# Silence before and behind the words: it spares the network about one error in ten, and audio
# of 0.05 s and less would make the encoder raise.
LEAD_SAMPLES = RATE_HZ * 3 // 10
TAIL_SAMPLES = RATE_HZ // 2
# The runtime's memory grows with its longest input and never shrinks.
LONGEST_SAMPLES = RATE_HZ * 15
# A cut of a longer turn is sought in so much audio before the limit.
CUT_SAMPLES = RATE_HZ * 3
# The network invents words for silence; nothing said over a telephone is so quiet.
SILENCE_DBFS = -60.0
TOKENS_PER_SECOND = 6.5
FIRST_TOKEN, END_TOKEN = 1, 2


class Transcriber:
    """Turns whole caller turns into text, one after the other. Slow to make: about 0.3 s."""

    def __init__(self) -> None:
        folder = moonshine_weights()
        self._tokens = load_tokens(folder / "tokenizer.bin")
        self._encoder = _session(folder / "encoder_model.ort")
        self._decoder = _session(folder / "decoder_model_merged.ort")
        self._encoder_inputs = {each.name for each in self._encoder.get_inputs()}
        self._decoder_inputs = {each.name: each.shape for each in self._decoder.get_inputs()}
        self._presents = [each.name for each in self._decoder.get_outputs()][1:]

    def transcribe(self, pcm: bytes, rate_hz: int) -> str:
        """The words of PCM16 mono at ``rate_hz``; empty for silence."""
        sound = resample(from_pcm(pcm), rate_hz, RATE_HZ)
        texts = [self._piece(piece) for piece in pieces(sound)]
        return " ".join(text for text in texts if text)

    def _piece(self, sound: Samples) -> str:
        if level_dbfs(sound) < SILENCE_DBFS:
            return ""
        audio = np.pad(sound, (LEAD_SAMPLES, TAIL_SAMPLES))[np.newaxis, :]
        return text_of(self._tokens[token] for token in self._decode(audio))

    def _decode(self, audio: Samples) -> list[int]:
        ones = np.ones(audio.shape, np.int64)
        encoded = self._encoder.run(None, self._with_mask("attention_mask", audio, ones))[0]
        constant: dict[str, Any] = {"encoder_hidden_states": encoded}
        if "encoder_attention_mask" in self._decoder_inputs:
            constant["encoder_attention_mask"] = ones  # at sample length, not at encoder length
        past = self._empty_past()
        token, said = FIRST_TOKEN, []
        for step in range(int(audio.size / RATE_HZ * TOKENS_PER_SECOND) + 6):
            logits, *presents = self._decoder.run(None, constant | past | _step(token, step))
            token = int(logits[0, -1].argmax())
            if token == END_TOKEN:
                break
            said.append(token)
            looped = loop_tokens(said)
            if looped:
                return said[:-looped]
            self._remember(past, presents, first=step == 0)
        return said

    def _with_mask(self, name: str, audio: Samples, ones: Any) -> dict[str, Any]:
        mask = {name: ones} if name in self._encoder_inputs else {}
        return {"input_values": audio, **mask}

    def _empty_past(self) -> dict[str, Any]:
        return {
            name: np.zeros((1, shape[1], 0, shape[3]), np.float32)
            for name, shape in self._decoder_inputs.items()
            if name.startswith("past_key_values")
        }

    def _remember(self, past: dict[str, Any], presents: list[Any], *, first: bool) -> None:
        # What the decoder keeps of the encoder is right at the first step alone.
        for name, value in zip(self._presents, presents, strict=True):
            if first or ".decoder." in name:
                past[name.replace("present", "past_key_values")] = value


def pieces(sound: Samples) -> list[Samples]:
    """The sound in stretches the network can take, cut where it is quietest."""
    cut: list[Samples] = []
    while sound.size > LONGEST_SAMPLES:
        at = _quietest(sound[LONGEST_SAMPLES - CUT_SAMPLES : LONGEST_SAMPLES])
        at += LONGEST_SAMPLES - CUT_SAMPLES
        cut.append(sound[:at])
        sound = sound[at:]
    return [*cut, sound]


def load_tokens(path: Path) -> list[bytes]:
    """Tokens by number. Each has its length before it, in one byte or, from 128 on, in two."""
    data, at, tokens = path.read_bytes(), 0, []
    while at < len(data):
        length = data[at]
        at += 1
        if length >= 128:
            length += data[at] * 128 - 128
            at += 1
        tokens.append(data[at : at + length])
        at += length
    return tokens


def loop_tokens(said: list[int]) -> int:
    """How many tokens at the end say over again what is before them; 0 when they do not.

    The network can fall into a loop. A phrase of four tokens or more counts from its third
    time on, a shorter one from its sixth, as a digit may well be said several times.
    """
    for length in range(1, len(said) // 3 + 1):
        times = 3 if length >= 4 else 6
        phrase = said[-length:]
        if len(said) >= length * times and said[-length * times :] == phrase * times:
            return length * (times - 1)
    return 0


def text_of(tokens: Any) -> str:
    """The text of a run of tokens: ``▁`` is a space, ``<0xNN>`` a raw byte."""
    raw = b"".join(
        bytes([int(token[3:5], 16)]) if token.startswith(b"<0x") else token for token in tokens
    )
    return raw.decode("utf-8", "replace").replace("▁", " ").strip()


def _quietest(sound: Samples) -> int:
    window = RATE_HZ // 10
    power = np.add.reduceat(sound**2, np.arange(0, sound.size, window))
    return int(power.argmin()) * window + window // 2


def _step(token: int, step: int) -> dict[str, Any]:
    return {
        "input_ids": np.array([[token]], np.int64),
        "use_cache_branch": np.array([step > 0]),
    }


def _session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

"""Speech to text: Moonshine's English tiny model on ONNX Runtime."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from bridge.sim.voice.beam import Scores, likeliest
from bridge.sim.voice.parts import moonshine_weights
from bridge.sim.voice.samples import Samples, from_pcm, level_dbfs, resample

RATE_HZ = 16000
# The network hears best with the same silence around all words: what is quiet is cut off but
# for a margin, and silence put there. Audio of 0.05 s and less would make the encoder raise.
QUIET_BELOW_DB = 30.0
MARGIN_SAMPLES = RATE_HZ * 15 // 100
LEAD_SAMPLES = RATE_HZ * 3 // 10
TAIL_SAMPLES = RATE_HZ // 2
# The runtime's memory grows with its longest input and never shrinks.
LONGEST_SAMPLES = RATE_HZ * 15
# A cut of a longer turn is sought in so much audio before the limit.
CUT_SAMPLES = RATE_HZ * 3
# The network invents words for silence; nothing said over a telephone is so quiet.
SILENCE_DBFS = -60.0
TOKENS_PER_SECOND = 6.5
FIRST_TOKEN = 1


class Transcriber:
    """Turns whole caller turns into text, one after the other. Slow to make: about 0.3 s."""

    def __init__(self) -> None:
        folder = moonshine_weights()
        self._tokens = load_tokens(folder / "tokenizer.bin")
        self._encoder = _session(folder / "encoder_model.ort")
        self._decoder = _session(folder / "decoder_model_merged.ort")
        self._encoder_inputs = {each.name for each in self._encoder.get_inputs()}

    def transcribe(self, pcm: bytes, rate_hz: int) -> str:
        """The words of PCM16 mono at ``rate_hz``; empty for silence."""
        sound = resample(from_pcm(pcm), rate_hz, RATE_HZ)
        texts = [self._piece(piece) for piece in pieces(sound)]
        return " ".join(text for text in texts if text)

    def _piece(self, sound: Samples) -> str:
        if level_dbfs(sound) < SILENCE_DBFS:
            return ""
        audio = np.pad(trimmed(sound), (LEAD_SAMPLES, TAIL_SAMPLES))[np.newaxis, :]
        ones = np.ones(audio.shape, np.int64)
        mask = {"attention_mask": ones} if "attention_mask" in self._encoder_inputs else {}
        encoded = self._encoder.run(None, {"input_values": audio, **mask})[0]
        longest = int(audio.size / RATE_HZ * TOKENS_PER_SECOND) + 6
        tokens = likeliest(Decoding(self._decoder, encoded, ones).step, FIRST_TOKEN, longest)
        return text_of(self._tokens[token] for token in tokens)


class Decoding:
    """The decoder at work on one piece, along several runs of tokens at once."""

    def __init__(self, decoder: Any, encoded: Any, mask: Any) -> None:
        self._decoder = decoder
        shapes = {each.name: each.shape for each in decoder.get_inputs()}
        self._presents = [each.name for each in decoder.get_outputs()][1:]
        self._constant = {"encoder_hidden_states": encoded}
        if "encoder_attention_mask" in shapes:
            self._constant["encoder_attention_mask"] = mask  # at sample length
        self._past = {
            name: np.zeros((1, shape[1], 0, shape[3]), np.float32)
            for name, shape in shapes.items()
            if name.startswith("past_key_values")
        }
        self._rows = 0

    def step(self, parents: Sequence[int], tokens: Sequence[int]) -> Scores:
        """As ``beam.Step``."""
        first = self._rows == 0
        self._branch(parents)
        logits, *presents = self._decoder.run(
            None,
            {
                "input_ids": np.array(tokens, np.int64)[:, np.newaxis],
                "use_cache_branch": np.array([not first]),
                **self._constant,
                **self._past,
            },
        )
        # What the decoder keeps of the encoder is right at the first step alone.
        for name, value in zip(self._presents, presents, strict=True):
            if first or ".decoder." in name:
                self._past[name.replace("present", "past_key_values")] = value
        last = logits[:, -1] - logits[:, -1].max(axis=1, keepdims=True)
        return np.asarray(last - np.log(np.exp(last).sum(axis=1, keepdims=True)))

    def _branch(self, parents: Sequence[int]) -> None:
        """Each run goes on with the past of its parent; the encoder's part is the same for all."""
        rows, self._rows = self._rows, len(parents)
        for name, value in self._past.items():
            if rows and (rows != len(parents) or ".decoder." in name):
                self._past[name] = value[list(parents)]
        if rows != len(parents):
            self._constant = {
                name: np.repeat(value[:1], len(parents), axis=0)
                for name, value in self._constant.items()
            }


def trimmed(sound: Samples) -> Samples:
    """Without the quiet at both ends, but for a margin: turns bring more or less of it along."""
    frame = RATE_HZ // 100
    power = np.mean(sound[: sound.size // frame * frame].reshape(-1, frame) ** 2, axis=1)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10 ** (-QUIET_BELOW_DB / 10))
    if not loud.size:
        return sound
    start, end = int(loud[0]) * frame, (int(loud[-1]) + 1) * frame
    return sound[max(0, start - MARGIN_SAMPLES) : end + MARGIN_SAMPLES]


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


def _session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

"""Caller sound that tells whose it is, so that a session of the model finds its call.

Call number n has block n % 768 of the time code: stream ``block // 48``, and there 64 slots
(1.28 s) from ``block % 48 * 64`` on, said in order and over again.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from bridge.sim.carrier.line import FRAME_BYTES, FULL_SCALE, LINEAR, mulaw
from bridge.sim.voice import timecode
from telcodecs.g711 import ulaw_encode

BLOCK_SLOTS: Final = 64
BLOCKS_IN_STREAM: Final = timecode.SLOTS // BLOCK_SLOTS
BLOCKS: Final = BLOCKS_IN_STREAM * timecode.STREAMS
RATE_HZ: Final = 8000


@dataclass(frozen=True)
class Block:
    """The slots of one call."""

    stream: int
    first_slot: int

    def place(self, stream: int, slot: int) -> int | None:
        """The place in the block, from 0; None: another call's, or the agent's."""
        place = slot - self.first_slot
        return place if stream == self.stream and 0 <= place < BLOCK_SLOTS else None


def block_of(call_number: int) -> Block:
    block = call_number % BLOCKS
    return Block(block // BLOCKS_IN_STREAM, block % BLOCKS_IN_STREAM * BLOCK_SLOTS)


@lru_cache(maxsize=BLOCKS)
def _said(block: Block) -> bytes:
    """The whole block, as mu-law."""
    through_ms = (block.first_slot + BLOCK_SLOTS) * timecode.SLOT_MS
    pcm = timecode.encode(block.stream, through_ms, RATE_HZ)
    return ulaw_encode(pcm[block.first_slot * FRAME_BYTES * 2 :])


def said(call_number: int, ms: int, noise_dbfs: float | None = None) -> bytes:
    """So much of the call's voice, in whole frames, with noise of the line on it where asked."""
    block = _said(block_of(call_number))
    n_bytes = -(-ms // timecode.SLOT_MS) * FRAME_BYTES
    ulaw = (block * (n_bytes // len(block) + 1))[:n_bytes]
    if noise_dbfs is None:
        return ulaw
    amplitude = FULL_SCALE * 10 ** (noise_dbfs / 20)
    noise = np.random.default_rng(call_number).normal(0.0, amplitude, n_bytes)
    return mulaw(LINEAR[np.frombuffer(ulaw, dtype=np.uint8)].astype(np.float64) + noise)

"""Both channels of a recording as one small picture, with what happened as lines through it."""

from collections.abc import Sequence
from html import escape

import numpy as np

from bridge.characters import printable
from bridge.records.happenings import Happening, clock
from telcodecs.g711 import BYTES_PER_MS, ulaw_decode

WIDTH, LANE = 1000, 50  # of the picture, which is stretched to its place
FULL_SCALE = 32768.0
GAIN = 1.6  # speech on the telephone is far below full scale


def waveform(left: bytes, right: bytes, found: Sequence[Happening], seconds: float) -> str:
    """SVG. ``seconds``: what its width stands for; without sound there are the lines alone."""
    seconds = max(seconds, len(left) / BYTES_PER_MS / 1000, 0.001)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {4 * LANE}" preserveAspectRatio="none" role="img">',
        "<title>The level of both channels over the time of the call</title>",
    ]
    for css, ulaw, middle in (("left", left, LANE), ("right", right, 3 * LANE)):
        parts.append(f'<line class="base" x1="0" y1="{middle}" x2="{WIDTH}" y2="{middle}"/>')
        parts.append(f'<path class="{css}" d="{_path(ulaw, middle, seconds)}"/>')
    for each in found:
        x = round(min(1.0, max(0.0, each.at / seconds)) * WIDTH, 1)
        told = escape(printable(f"{clock(each.at)} {each.title} {each.detail}"))
        parts.append(
            f'<line class="{each.kind}" x1="{x}" y1="0" x2="{x}" y2="{4 * LANE}">'
            f"<title>{told}</title></line>"
        )
    return "\n".join([*parts, "</svg>"])


def _path(ulaw: bytes, middle: int, seconds: float) -> str:
    """The peaks, up and down from the middle, one for each unit of the width."""
    peaks = _peaks(ulaw, seconds)
    if not peaks.size:
        return ""
    heights = np.minimum(peaks / FULL_SCALE * GAIN, 1.0) * (LANE - 2)
    above = [f"{x} {middle - height:.1f}" for x, height in enumerate(heights)]
    below = [f"{x} {middle + height:.1f}" for x, height in enumerate(heights)]
    return "M" + "L".join([*above, *reversed(below)]) + "Z"


def _peaks(ulaw: bytes, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    sound = np.abs(np.frombuffer(ulaw_decode(ulaw), np.int16).astype(np.float64))
    step = max(1, round(seconds * BYTES_PER_MS * 1000 / WIDTH))
    return np.maximum.reduceat(sound, np.arange(0, sound.size, step)) if sound.size else sound

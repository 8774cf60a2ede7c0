"""Identifiers as the service forms them: a prefix, the second in base 62, and chance."""

import random

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_EPOCH_S = 1_576_800_000
_SECOND_CHARS = 5
_RANDOM_CHARS = 16


class Ids:
    """The same ids for the same seed and the same times."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def new(self, prefix: str, wall_s: float) -> str:
        return f"{prefix}_{_base62(int(wall_s) - _EPOCH_S)}{self.noise(_RANDOM_CHARS)}"

    def call(self) -> str:
        """Call ids carry no time and are short: at most 32 characters are allowed."""
        return f"call_{self.noise(16)}"

    def noise(self, length: int) -> str:
        return "".join(self._random.choices(_DIGITS, k=length))

    def padding(self) -> str:
        """An ``obfuscation`` of some length, so that frame sizes tell nothing."""
        return self.noise(self._random.randint(4, 16))


def _base62(value: int) -> str:
    value = max(value, 0)
    text = ""
    for _ in range(_SECOND_CHARS):
        value, digit = divmod(value, 62)
        text = _DIGITS[digit] + text
    return text

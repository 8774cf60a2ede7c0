"""Which parts of a file can be had (RFC 9110, section 14)."""

import re
from typing import Final

_ONE: Final = re.compile(r"(\d{1,18})-(\d{0,18})|-(\d{1,18})")
PARTS_MAX: Final = 16


def satisfiable(header: str | None, size: int) -> bool:
    """False: there is nothing of it in a file of ``size`` bytes, or it is no range at all."""
    if header is None:
        return True
    unit, _, rest = header.partition("=")
    parts = [each.strip() for each in rest.split(",")]
    if unit.strip().lower() != "bytes" or not parts or len(parts) > PARTS_MAX:
        return False
    return all(_within(part, size) for part in parts)


def _within(part: str, size: int) -> bool:
    found = _ONE.fullmatch(part)
    if found is None:
        return False
    first, last, suffix = found.groups()
    if suffix is not None:
        return int(suffix) > 0 and size > 0
    return int(first) < size and (not last or int(first) <= int(last))

"""What one check has found."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

State = Literal["good", "failed", "skipped"]

MASK = "***"
SHORTEST_SECRET = 6  # characters; what is shorter also stands in words that are none


@dataclass(frozen=True)
class Finding:
    """``told`` may have several lines; ``mend`` is empty unless the check has failed."""

    check: str
    state: State
    told: str
    mend: str = ""


def good(check: str, told: str) -> Finding:
    return Finding(check, "good", told)


def failed(check: str, told: str, mend: str) -> Finding:
    return Finding(check, "failed", told, mend)


def skipped(check: str, told: str) -> Finding:
    return Finding(check, "skipped", told)


def without(secrets: Collection[str], finding: Finding) -> Finding:
    """The finding as it may be shown."""
    told, mend = finding.told, finding.mend
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            told, mend = told.replace(secret, MASK), mend.replace(secret, MASK)
    return Finding(finding.check, finding.state, told, mend)

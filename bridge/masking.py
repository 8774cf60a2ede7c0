"""What must not stand in a log: telephone numbers and secrets."""

import re
from collections.abc import Collection
from typing import Final

MASK: Final = "***"

# "+" or its URL form, then at least seven digits; or at least nine without one, standing alone.
# Between digits one or two of space ( ) - . / are part of the number. What looks the same and is
# not: dates, IPv4 addresses, decimal fractions, the last group of a UUID. Ids with letters in
# them, such as Twilio's SIDs, do not match.
_BETWEEN = r"(?:[\s().\-/]|%20){0,2}"
_NUMBER = re.compile(
    rf"(?:\+|%2B|\\u002b){_BETWEEN}\d(?:{_BETWEEN}\d){{6,}}"
    r"|(?<![0-9A-Za-z])(?<!\d\.)(?<![0-9a-f]{4}-)"
    r"(?!\d{4}-\d\d-\d\d(?!\d|-))"
    r"(?!\d{1,3}(?:\.\d{1,3}){3}(?![.\d]))"
    r"(?!\d{1,3}\.\d+(?![\d.\-/]))"
    rf"\(?\d(?:{_BETWEEN}\d){{8,}}(?![0-9A-Za-z])",
    re.IGNORECASE,
)

# A name that tells of a secret keeps its name; what follows is masked.
_NAMED = re.compile(
    r"""(["']?\b[\w-]*(?:api[-_]?key|authorization|token|secret|password|signature)["']?\s*[=:]\s*"""
    r"""["']?(?:(?:Bearer|Basic)\s+)?)[^\s"',;&]+""",
    re.IGNORECASE,
)
_SHAPES = re.compile(
    r"(?P<bearer>\b(?:Bearer|Basic)\s+)[\w.+/=~-]{8,}"
    r"|(?P<path>/twilio/media/)[^\s/?#\"']+"  # the stream's one-use token
    r"|\b(?:sk|ek)[-_][\w-]{8,}"  # OpenAI's keys
    r"|\bofh_[\w-]{8,}"  # tokens of our API
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # JSON Web Tokens
    # Twilio's auth tokens, Azure's keys; not our own ids of webhooks and spools.
    r"|(?<![0-9A-Za-z])(?<!\bmsg_)(?<!\bspool/)(?<!\brejected-)[0-9a-f]{32}(?![0-9A-Za-z])",
    re.IGNORECASE,
)


def mask(text: str, secrets: Collection[str] = ()) -> str:
    """``text`` with telephone numbers cut to their last two digits and secrets taken out.

    ``secrets`` are masked wherever they stand; others are known by their form or their name.
    """
    for secret in secrets:
        text = text.replace(secret, MASK)
    text = _NAMED.sub(rf"\g<1>{MASK}", text)
    text = _SHAPES.sub(_shape, text)
    return _NUMBER.sub(_last_two, text)


def _shape(found: re.Match[str]) -> str:
    return (found["bearer"] or found["path"] or "") + MASK


def _last_two(found: re.Match[str]) -> str:
    digits = [each for each in found[0].replace("%20", "") if each.isdecimal()]
    return MASK + "".join(digits[-2:])

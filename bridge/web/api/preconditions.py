"""Which revision whoever changes something has seen (RFC 9110, section 13)."""

import re
from typing import Final

from fastapi import Request

from bridge.web.api.given import WHOLE_MAX
from bridge.web.api.problem import MALFORMED, UNCONDITIONAL, Problem

_TAG: Final = re.compile(r'"?([0-9]{1,10})"?')


def etag(revision: int) -> str:
    return f'"{revision}"'


def seen(request: Request) -> int | None:
    """None: that there is none yet. Raises Problem."""
    match = request.headers.get("if-match")
    none_match = request.headers.get("if-none-match")
    if match is None and none_match is not None and none_match.strip() == "*":
        return None
    if match is None:
        told = 'send If-Match: "REVISION" for what you have seen, or If-None-Match: * for none'
        raise Problem(UNCONDITIONAL, told)
    found = _TAG.fullmatch(match.strip())
    if found is None or int(found[1]) > WHOLE_MAX:
        raise Problem(MALFORMED, 'If-Match is no revision; send the ETag, such as "7"')
    return int(found[1])

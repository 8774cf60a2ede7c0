"""Whose token a request brings."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, unquote

from bridge.web.api.problem import MALFORMED, TOKEN_IN_URL, UNAUTHENTICATED, Problem

# "ofh_" and 32 random bytes in URL-safe base64.
_TOKEN: Final = re.compile(r"ofh_[A-Za-z0-9_-]{43}")
_LIKE_ONE: Final = re.compile(r"ofh_[A-Za-z0-9_-]{16,}")
_NAMES: Final = frozenset(
    {"access_token", "api-key", "api_key", "apikey", "authorization", "bearer", "token"}
)


def check_url(path: str, query: bytes) -> None:
    """Raises Problem for a URL with a token in it: URLs are logged, kept and passed on."""
    text = query.decode("latin-1")
    fields = parse_qsl(text, keep_blank_values=True)
    named = any(name.lower() in _NAMES for name, _ in fields)
    if named or _LIKE_ONE.search(unquote(text)) or _LIKE_ONE.search(path):
        told = (
            "the URL holds a token, which may now stand in logs; revoke it, and send a new one "
            "as the header Authorization: Bearer"
        )
        raise Problem(TOKEN_IN_URL, told)
    if "\0" in unquote(text) or "\0" in path:
        raise Problem(MALFORMED, "the URL holds a NUL character; leave it out")


def secret(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The token of the Authorization header, if it has the form of one of ours."""
    given = [value for name, value in headers if name.lower() == b"authorization"]
    if len(given) != 1:
        return None
    scheme, _, rest = given[0].decode("latin-1").partition(" ")
    token = rest.strip()
    return token if scheme.lower() == "bearer" and _TOKEN.fullmatch(token) else None


def unauthenticated(*, given: bool) -> Problem:
    """One answer for tokens that are unknown, expired or revoked (RFC 6750, section 3)."""
    told = (
        "the token is not known, has expired or was revoked"
        if given
        else "there is no token in the header Authorization: Bearer"
    )
    error = ', error="invalid_token"' if given else ""
    headers = {"WWW-Authenticate": f'Bearer realm="offhook"{error}'}
    mend = "make one with offhook tokens create"
    return Problem(UNAUTHENTICATED, f"{told}; {mend}", headers=headers)

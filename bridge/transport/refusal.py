"""A model's service that answers the upgrade with something else than 101."""

from collections.abc import Collection
from email.utils import parsedate_to_datetime
from typing import Final

from websockets.http11 import Response

from bridge.masking import mask

BODY_SHOWN_CHARS: Final = 200
TRACES: Final = ("apim-request-id", "x-request-id")  # what its support asks for
# Too many requests, and the faults of a service or a proxy that pass. Anything else is a matter of
# configuration (Realtime API reference, error codes) and stays as it is.
TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})


def told(response: Response, secrets: Collection[str]) -> str:
    """In one line: the status, what traces the request, and the beginning of the body."""
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    parts = [f"HTTP {response.status_code}"]
    parts += [f"{name} {headers[name]}" for name in TRACES if name in headers]
    # Masked before it is cut: half of a key would not be known for one.
    body = " ".join(mask(bytes(response.body).decode(errors="replace"), secrets).split())
    return ", ".join(parts) + (f": {body[:BODY_SHOWN_CHARS]}" if body else "")


def retry_after_s(response: Response) -> float | None:
    """What the service asks for, if it can be read (RFC 9110, 10.2.3). A date is taken by the
    service's own clock, as its ``Date`` tells it."""
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        asked = headers.get(name, "")
        if asked.isascii() and asked.isdecimal():
            return int(asked) * unit_s
    try:
        asked_at, now = (
            parsedate_to_datetime(headers[name]).timestamp() for name in ("retry-after", "date")
        )
    except (KeyError, ValueError):
        return None
    return max(0.0, asked_at - now)

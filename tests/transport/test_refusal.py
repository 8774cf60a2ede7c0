from collections.abc import Mapping

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Response

from bridge.transport.refusal import BODY_SHOWN_CHARS, retry_after_s, told


def response(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, "No", Headers(headers or {}), body)


def test_a_refusal_is_told_with_its_status_its_trace_and_the_beginning_of_its_body() -> None:
    body = b'{"error":\n  {"code":"429","message":"Requests have exceeded the limit"}}'
    refused = response(429, body, {"Apim-Request-Id": "0a1b-2c", "X-Request-Id": "req_1"})
    assert told(refused, ()) == (
        "HTTP 429, apim-request-id 0a1b-2c, x-request-id req_1: "
        '{"error": {"code":"429","message":"Requests have exceeded the limit"}}'
    )
    assert told(response(503), ()) == "HTTP 503"
    assert told(response(502, b"x" * 9000), ()) == "HTTP 502: " + "x" * BODY_SHOWN_CHARS


def test_no_key_is_told_not_even_a_part_of_one() -> None:
    shown = told(
        response(401, b"Incorrect key verysecretvalue, sk-abcdefghijkl"), ["verysecretvalue"]
    )
    assert "verysecret" not in shown and "abcdefgh" not in shown
    long = b"x" * (BODY_SHOWN_CHARS - 4) + b"verysecretvalue"
    assert "very" not in told(response(401, long), ["verysecretvalue"])


LATER = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "2"}, 2.0),
        ({"retry-after-ms": "300", "Retry-After": "1"}, 0.3),
        ({"Retry-After": LATER}, None),
        ({"Retry-After": LATER, "Date": "Wed, 21 Oct 2026 07:27:57 GMT"}, 3.0),
        ({"Retry-After": LATER, "Date": "Wed, 21 Oct 2026 08:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon", "Date": LATER}, None),
        ({"Retry-After": LATER, "Date": "32 Oct 2026"}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
def test_the_pause_that_is_asked_for_is_read(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_s(response(429, headers=headers)) == seconds

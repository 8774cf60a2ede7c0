"""Signatures, against vectors computed with Twilio's client and by hand."""

from urllib.parse import parse_qsl

import pytest

from bridge.sim.carrier.signing import signature, signed_url

TOKEN = "tok_0123456789abcdef"
VOICE = "https://voice.example.com/twilio/voice"
BODY = (
    "CallSid=CA00000000000000000000000000000001&From=%2B441632960001&To=%2B441632960002"
    "&CallStatus=ringing&FromCity=&CallerName=J+%C3%89mile"
)
JSON_URL = (
    "https://voice.example.com/json"
    "?bodySHA256=1e970cf687b00f030d9b75142ffb0e2b2e90911adc7526c70791b6aa2e32afe3"
)


@pytest.mark.parametrize(
    ("url", "body", "expected"),
    [
        (VOICE, BODY, "8WPhX5t413Kiryhf60TG3Sdhe+s="),
        (
            VOICE + "?tenant=7&CallSid=CA00000000000000000000000000000001",
            "",
            "1m3Qc0Yk9veOj9/0VMUEh77QIqg=",
        ),
        (JSON_URL, "", "O7Enw/xGkYeRT9hJaZv3sqoML7k="),
        ("wss://media.example.com/ms/6f1c9a", "", "dqp28PDB1XagmJPzW/cS1eLnuUM="),
        ("wss://media.example.com/ms/6f1c9a/", "", "4ASh7Jod0YAox8mGViydvgzcFQo="),
        ("https://voice.example.com/cb", "Ev=b&Ev=a&Ev=b", "7h1Ceq+FEquCO0yppEBhblU97cA="),
    ],
    ids=["V1", "V2", "V3", "V4", "V4b", "V5"],
)
def test_vectors(url: str, body: str, expected: str) -> None:
    assert signature(TOKEN, url, parse_qsl(body, keep_blank_values=True)) == expected


def test_dropping_blank_fields_signs_something_else() -> None:
    assert signature(TOKEN, VOICE, parse_qsl(BODY)) == "agKDOcxecTNXxKs9oNUHQYS6tg8="


def test_the_fragment_is_for_twilio_alone() -> None:
    assert signature(TOKEN, VOICE + "#rc=2&rt=3000") == signature(TOKEN, VOICE)


def test_credentials_are_not_signed() -> None:
    assert signed_url("https://me:secret@voice.example.com/a?b=c") == (
        "https://voice.example.com/a?b=c"
    )


def test_the_port_is_dropped_over_tls_and_kept_without() -> None:
    assert signed_url("https://voice.example.com:8443/a") == "https://voice.example.com/a"
    assert signed_url("wss://voice.example.com:8443/a") == "wss://voice.example.com/a"
    assert signed_url("http://127.0.0.1:8080/a") == "http://127.0.0.1:8080/a"
    assert signed_url("ws://127.0.0.1:8080/a") == "ws://127.0.0.1:8080/a"
    assert signed_url("https://[::1]:8443/a") == "https://[::1]/a"


def test_query_encoding_and_trailing_slashes_are_left_alone() -> None:
    for url in ("https://a.example/x%2Fy/?b=2&a=1&c=", "https://a.example", "https://a.example/"):
        assert signed_url(url) == url

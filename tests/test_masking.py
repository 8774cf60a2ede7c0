import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.masking import mask

NUMBERS = [
    "+14155550123",
    "+1 415 555 0123",
    "+1 (415) 555-0123",
    "+49 (0)30 1234-5678",
    "+33.1.23.45.67.89",
    "01.23.45.67.89",
    "(415) 555-0123",
    "415-555-0123",
    "4155550123",
    "00491701234567",
    "0170/1234567",
    "%2B14155550123",
    "%2B1%20415%20555%200123",
    "+1234567",
]
AROUND = [
    "{}",
    "call from {} to the desk",
    "From={}&To=x",
    '{{"from": "{}"}}',
    "sip:{}@x",
    "a.{}.",
    "<{}>",
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("number", NUMBERS)
def test_of_a_telephone_number_only_the_last_two_digits_stay(number: str, around: str) -> None:
    digits = re.sub(r"\D", "", number.replace("%2B", "").replace("%20", ""))
    text = mask(around.format(number))
    assert re.sub(r"\D", "", text) == digits[-2:]


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True, alphabet="+0123456789"), st.text())
def test_an_international_number_is_masked_in_any_text(number: str, text: str) -> None:
    assert number[1:] not in mask(f"{text} {number} {text}")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24 13:52:00 said",
        "2026-11-24T13:52:00.123456+00:00",
        "127.0.0.1:54321",
        "192.168.100.200:8080 connected",
        "CA0123456789abcdef0123456789abcdef",
        "123e4567-e89b-12d3-a456-426614174000",
        "took 0.123456789 s",
        "api-version=2024-10-01-preview",
        "item_BwZ1234567890abcde",
        "heard 12345 of 67890 ms",
        "wss://unit.openai.azure.com/openai/v1/realtime?model=gpt-realtime-2.1",
        "TWILIO_AUTH_TOKEN is not set",
        "output_tokens=1234 max_tokens: 4096",
        "stream_token_ttl_s=60",
        "webhook msg_0123456789abcdef0123456789abcdef_1 is given up",
        "put aside as rejected-0123456789abcdef0123456789abcdef-5.json",
        "the spool /state/spool/0123456789abcdef0123456789abcdef cannot be adopted",
    ],
)
def test_what_is_neither_a_number_nor_a_secret_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("{'api-key': 'abc123', 'x': 1}", "{'api-key': '***', 'x': 1}"),
        ("TWILIO_AUTH_TOKEN=abc", "TWILIO_AUTH_TOKEN=***"),
        ("?api-key=abc&x=1", "?api-key=***&x=1"),
        ('{"password":"p w"}', '{"password":"*** w"}'),
        ("X-Twilio-Signature: q1w2e3=", "X-Twilio-Signature: ***"),
        ("wss://h.example/twilio/media/abcDEF-12_3?x", "wss://h.example/twilio/media/***?x"),
        ("with sk-proj-abcdefgh1234", "with ***"),
        ("with ofh_AbCdEfGh-12_34", "with ***"),
        ("eyJhbGci.eyJzdWIi.c2ln sent", "*** sent"),
        ("0123456789abcdef0123456789abcdef", "***"),
        ("key-0123456789abcdef0123456789abcdef", "key-***"),
        ("a Bearer qwertyuiop", "a Bearer ***"),
    ],
)
def test_a_secret_is_known_by_its_name_or_its_form(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_secret_that_was_told_is_masked_wherever_it_stands() -> None:
    assert mask("xhunter2x hunter2", ["hunter2"]) == "x***x ***"

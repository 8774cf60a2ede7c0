"""X-Twilio-Signature. The vectors were computed with Twilio's client and by hand."""

from urllib.parse import parse_qs

import pytest

from bridge.wire.signature import Signatures

TOKEN = "tok_0123456789abcdef"
VOICE = "https://voice.example.com/twilio/voice"
BODY = (
    "CallSid=CA00000000000000000000000000000001&From=%2B441632960001&To=%2B441632960002"
    "&CallStatus=ringing&FromCity=&CallerName=J+%C3%89mile"
)
STREAM = "wss://media.example.com/ms/6f1c9a"
V1 = "8WPhX5t413Kiryhf60TG3Sdhe+s="
V2 = "1m3Qc0Yk9veOj9/0VMUEh77QIqg="
V4 = "dqp28PDB1XagmJPzW/cS1eLnuUM="
V4B = "4ASh7Jod0YAox8mGViydvgzcFQo="
V5 = "7h1Ceq+FEquCO0yppEBhblU97cA="
V6 = "414V7nwkN42Zc64RxW710/7hh3ketc7lywg8/axnS2k="

signatures = Signatures([TOKEN])


def fields(body: str, *, blanks: bool = True) -> dict[str, list[str]]:
    return parse_qs(body, keep_blank_values=blanks)


def test_a_form_is_signed_with_its_blank_fields() -> None:
    assert signatures.valid(VOICE, fields(BODY), V1)


def test_dropping_blank_fields_breaks_the_signature() -> None:
    assert not signatures.valid(VOICE, fields(BODY, blanks=False), V1)
    assert signatures.valid(VOICE, fields(BODY, blanks=False), "agKDOcxecTNXxKs9oNUHQYS6tg8=")


def test_a_get_is_signed_by_its_url_alone() -> None:
    url = f"{VOICE}?tenant=7&CallSid=CA00000000000000000000000000000001"
    assert signatures.valid(url, {}, V2)


def test_repeated_fields_collapse_and_sort() -> None:
    assert signatures.valid("https://voice.example.com/cb", fields("Ev=b&Ev=a&Ev=b"), V5)


def test_the_upgrade_is_signed_over_the_wss_url() -> None:
    assert signatures.valid_upgrade(STREAM, V4)
    assert not signatures.valid_upgrade(STREAM.replace("wss", "https"), V4)


def test_a_slash_appended_before_signing_is_no_forgery() -> None:
    assert signatures.valid_upgrade(STREAM, V4B)
    assert not signatures.valid_upgrade(STREAM + "x", V4B)


def test_sha256_is_not_an_algorithm_we_accept_unasked() -> None:
    assert not signatures.valid(VOICE, fields(BODY), V6)


@pytest.mark.parametrize("signature", ["", "AAAA", V1[:-1], V1 + "=", "\u00e9"])
def test_anything_else_is_refused(signature: str) -> None:
    assert not signatures.valid(VOICE, fields(BODY), signature)


def test_a_field_changed_on_the_way_is_refused() -> None:
    assert not signatures.valid(VOICE, fields(BODY.replace("0001&To", "0009&To")), V1)


def test_while_a_token_is_rotated_both_are_good() -> None:
    both = Signatures(["tok_new", TOKEN])
    assert both.valid(VOICE, fields(BODY), V1)
    assert not Signatures(["tok_new"]).valid(VOICE, fields(BODY), V1)


def test_without_a_token_nothing_is_valid() -> None:
    assert not Signatures([]).valid(VOICE, fields(BODY), V1)
    assert not Signatures([]).valid_upgrade(STREAM, V4)

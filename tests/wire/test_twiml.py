"""The documents we answer webhooks with, to the letter."""

from bridge.wire import twiml

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def test_connect_names_the_stream_what_follows_it_and_who_is_told() -> None:
    document = twiml.connect(
        stream_url="wss://voice.example.com/media/6f1c9a",
        action_url="https://voice.example.com/after-stream",
        status_url="https://voice.example.com/stream-events",
    )
    assert document == (
        f"{DECLARATION}<Response>"
        '<Connect action="https://voice.example.com/after-stream" method="POST">'
        '<Stream statusCallback="https://voice.example.com/stream-events" '
        'statusCallbackMethod="POST" url="wss://voice.example.com/media/6f1c9a" />'
        "</Connect><Hangup /></Response>"
    )


def test_hang_up_is_one_verb() -> None:
    assert twiml.hang_up() == f"{DECLARATION}<Response><Hangup /></Response>"


def test_words_are_said_before_the_hang_up_and_escaped() -> None:
    assert twiml.say_and_hang_up("We're busy & <sorry>.") == (
        f"{DECLARATION}<Response><Say>We're busy &amp; &lt;sorry&gt;.</Say><Hangup /></Response>"
    )


def test_a_rejected_call_is_not_answered() -> None:
    assert twiml.reject() == f'{DECLARATION}<Response><Reject reason="rejected" /></Response>'

"""What we answer Twilio's webhooks with.

Source: Twilio, "TwiML <Connect>", "<Stream>": a query string in the stream's URL is not supported,
so the token travels in its path.
"""

from twilio.twiml.voice_response import Connect, VoiceResponse


def connect(*, stream_url: str, action_url: str, status_url: str) -> str:
    """Hand the call to the media socket.

    With ``action`` Twilio asks us what comes next. The verb behind ``<Connect>`` is for the case
    nobody has documented, a handshake that failed: the call then ends instead of hanging silent.
    """
    response = VoiceResponse()
    connection = Connect(action=action_url, method="POST")
    connection.stream(url=stream_url, status_callback=status_url, status_callback_method="POST")
    response.append(connection)
    response.hangup()
    return str(response)


def hang_up() -> str:
    response = VoiceResponse()
    response.hangup()
    return str(response)


def say_and_hang_up(words: str) -> str:
    response = VoiceResponse()
    response.say(words)
    response.hangup()
    return str(response)


def reject() -> str:
    """Not answered at all, and not billed (TwiML "<Reject>")."""
    response = VoiceResponse()
    response.reject(reason="rejected")
    return str(response)

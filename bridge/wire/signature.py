"""Did Twilio send this? X-Twilio-Signature on webhooks and on the WebSocket upgrade.

Source: Twilio, "Security - validating signatures". The check is Twilio's own validator; the URL
is always built from the configured public origin, never from what the request says of itself.
"""

from collections.abc import Mapping, Sequence

from twilio.request_validator import RequestValidator

FormFields = Mapping[str, str | Sequence[str]]


class Signatures:
    """Checks against every auth token that is valid just now (several while one is rotated)."""

    def __init__(self, auth_tokens: Sequence[str]) -> None:
        self._validators = [RequestValidator(token) for token in auth_tokens]

    def valid(self, url: str, fields: FormFields, signature: str) -> bool:
        """``url`` as Twilio was told to call it; ``fields`` all decoded form fields, also blank
        ones, and none for GET and for the upgrade."""
        return any(bool(check.validate(url, fields, signature)) for check in self._validators)

    def valid_upgrade(self, url: str, signature: str) -> bool:
        """``url`` is the ``wss://`` URL of the TwiML.

        Twilio, "Media Streams - overview": a slash may have been appended before signing.
        """
        return self.valid(url, {}, signature) or self.valid(url + "/", {}, signature)

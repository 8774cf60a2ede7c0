"""Did Twilio send this? X-Twilio-Signature on webhooks and on the WebSocket upgrade.

Source: Twilio, "Security - validating signatures". The check is Twilio's own validator; the URL
is always built from the configured public origin, never from what the request says of itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from twilio.request_validator import RequestValidator

FormFields = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class _Form:
    """Fields the way Twilio's validator asks for them: every value of a name."""

    fields: FormFields

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def getlist(self, name: str) -> list[str]:
        value = self.fields[name]
        return [value] if isinstance(value, str) else [*value]


class Signatures:
    """Checks against every auth token that is valid just now (several while one is rotated)."""

    def __init__(self, auth_tokens: Sequence[str]) -> None:
        self._validators = [RequestValidator(token) for token in auth_tokens]

    def valid(self, url: str, fields: FormFields, signature: str) -> bool:
        """``url`` as Twilio was told to call it; ``fields`` all decoded form fields, also blank
        ones, and none for GET and for the upgrade."""
        form = _Form(fields)
        return any(bool(check.validate(url, form, signature)) for check in self._validators)

    def valid_upgrade(self, url: str, signature: str) -> bool:
        """``url`` is the ``wss://`` URL of the TwiML.

        Twilio, "Media Streams - overview": a slash may have been appended before signing.
        """
        return self.valid(url, {}, signature) or self.valid(url + "/", {}, signature)

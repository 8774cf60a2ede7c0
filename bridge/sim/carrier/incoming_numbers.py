"""The account's telephone numbers, as its REST API tells them ("IncomingPhoneNumber resource").

List, fetch and update of the fields that say who is asked when a number is called.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from bridge.sim.carrier.urls import is_url

PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 1000
METHODS: Final = ("GET", "POST")
URLS: Final = {"VoiceUrl": "voice_url", "StatusCallback": "status_callback"}
VERBS: Final = {"VoiceMethod": "voice_method", "StatusCallbackMethod": "status_callback_method"}


class InvalidUpdate(Exception):
    """``code`` is Twilio's."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class IncomingNumbers:
    account_sid: str
    _kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, phone_number: str, **fields: Any) -> str:
        """A number as it is after its purchase, but for ``fields``; answers its sid."""
        sid = f"PN{len(self._kept) + 1:032x}"
        self._kept[sid] = {
            "sid": sid,
            "account_sid": self.account_sid,
            "phone_number": phone_number,
            "friendly_name": phone_number,
            "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
            "voice_url": "",
            "voice_method": "POST",
            "voice_application_sid": None,
            "trunk_sid": None,
            "status_callback": "",
            "status_callback_method": "POST",
            "uri": f"{self._path(sid)}.json",
            **fields,
        }
        return sid

    def __contains__(self, sid: str) -> bool:
        return sid in self._kept

    def fetch(self, sid: str) -> Mapping[str, Any]:
        return dict(self._kept[sid])

    def update(self, sid: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        """All of it or nothing. Raises InvalidUpdate."""
        changes: dict[str, str] = {}
        for name, told in URLS.items():
            if name in form:
                if form[name] and not is_url(form[name], "http", "https"):
                    raise InvalidUpdate(21205)
                changes[told] = form[name]
        for name, told in VERBS.items():
            if name in form:
                if form[name] not in METHODS:
                    raise InvalidUpdate(20001)
                changes[told] = form[name]
        self._kept[sid].update(changes)
        return self.fetch(sid)

    def page(self, query: str) -> Mapping[str, Any]:
        """One page of the list; ``next_page_uri`` is relative to the API's origin, or null."""
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        size = min(max(int(asked.get("PageSize", PAGE_SIZE)), 1), MAX_PAGE_SIZE)
        number = int(asked.get("Page", 0))
        numbers = list(self._kept.values())
        start, end = number * size, (number + 1) * size
        more = end < len(numbers)
        return {
            "incoming_phone_numbers": [dict(each) for each in numbers[start:end]],
            "page": number,
            "page_size": size,
            "start": start,
            "end": min(end, len(numbers)) - 1,
            "uri": self._page_uri(number, size),
            "first_page_uri": self._page_uri(0, size),
            "previous_page_uri": self._page_uri(number - 1, size) if number else None,
            "next_page_uri": self._page_uri(number + 1, size) if more else None,
        }

    def _page_uri(self, number: int, size: int) -> str:
        return f"{self._path()}.json?{urlencode({'PageSize': size, 'Page': number})}"

    def _path(self, sid: str = "") -> str:
        path = f"/2010-04-01/Accounts/{self.account_sid}/IncomingPhoneNumbers"
        return f"{path}/{sid}" if sid else path

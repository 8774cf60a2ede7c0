"""The numbers of the Twilio account, over its REST API ("IncomingPhoneNumber resource")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from bridge.doctor.reach import client, unreached
from bridge.settings import TwilioSettings

PAGE_SIZE: Final = 200
MAX_PAGES: Final = 50
API_URL: Final = "OFFHOOK_TWILIO_API_URL"


class CarrierRefused(Exception):
    """The message says what; ``mend`` is for whoever reads it."""

    def __init__(self, told: str, mend: str) -> None:
        super().__init__(told)
        self.mend = mend


@dataclass(frozen=True)
class Number:
    """``elsewhere`` is the trunk or the application that gets the calls in place of
    ``voice_url``; empty where there is none."""

    sid: str
    phone_number: str
    takes_calls: bool
    voice_url: str
    voice_method: str
    status_callback: str
    status_callback_method: str
    elsewhere: str


class Numbers:
    """``async with Numbers(...)``. Without an API key the account itself is the user name. All
    methods raise ``CarrierRefused``."""

    def __init__(self, account_sid: str, twilio: TwilioSettings) -> None:
        self._origin = twilio.api_url.rstrip("/")
        self._path = f"/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers"
        secret = twilio.api_secret if twilio.api_key else twilio.auth_tokens[0]
        self._auth = (twilio.api_key or account_sid, secret or "")
        self._http = client(self._origin)

    async def __aenter__(self) -> "Numbers":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def all(self) -> list[Number]:
        found: list[Number] = []
        path = f"{self._path}.json?PageSize={PAGE_SIZE}"
        for _ in range(MAX_PAGES):
            body = await self._ask("GET", path)
            found += [_number(each) for each in body.get("incoming_phone_numbers", [])]
            following = body.get("next_page_uri")
            # Credentials stay with the origin of the settings, whatever the answer says.
            if not isinstance(following, str) or not following.startswith(self._path):
                break
            path = following
        return found

    async def update(self, sid: str, form: Mapping[str, str]) -> None:
        await self._ask("POST", f"{self._path}/{sid}.json", form)

    async def _ask(
        self, method: str, path: str, form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        url = f"{self._origin}{path}"
        try:
            answer = await self._http.request(method, url, data=form, auth=self._auth)
        except httpx.HTTPError as error:
            why = unreached(error, self._origin, API_URL)
            raise CarrierRefused(why.told, why.mend) from error
        body = _body(answer)
        if answer.is_success and body is not None:
            return body
        raise _refused(answer.status_code, body or {})


def _body(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _refused(status: int, body: Mapping[str, Any]) -> CarrierRefused:
    code = body.get("code")
    told = f"Twilio answers {status}" + (f", code {code}" if isinstance(code, int) else "")
    if status in (401, 403):
        return CarrierRefused(
            f"Twilio refuses the credentials: {told}",
            "compare TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN, or with TWILIO_API_KEY and"
            f" TWILIO_API_SECRET; keys belong to one region, see {API_URL}",
        )
    if status == 404:
        mend = f"correct TWILIO_ACCOUNT_SID, or {API_URL}"
        return CarrierRefused(told, mend)
    return CarrierRefused(told, "try again; Twilio's status page says whether it is down")


def _number(told: Mapping[str, Any]) -> Number:
    def text(name: str) -> str:
        value = told.get(name)
        return value if isinstance(value, str) else ""

    capabilities = told.get("capabilities")
    voice = capabilities.get("voice") if isinstance(capabilities, dict) else None
    return Number(
        sid=text("sid"),
        phone_number=text("phone_number"),
        takes_calls=voice is not False,
        voice_url=text("voice_url"),
        voice_method=text("voice_method"),
        status_callback=text("status_callback"),
        status_callback_method=text("status_callback_method"),
        elsewhere=text("trunk_sid") or text("voice_application_sid"),
    )


def shown(url: str) -> str:
    """Without what may be secret: user, query."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "what is no URL"
    query = "?…" if parts.query else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}{query}" if url else "nothing"

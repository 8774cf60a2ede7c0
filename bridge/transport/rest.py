"""Twilio's REST API, as far as a call needs it."""

import asyncio
import json
import logging
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from bridge.loopback import is_loopback

# Twilio: 21220 the call is not in progress, 20404 there is no such call. Either way it is over.
ALREADY_OVER = frozenset({21220, 20404})
ATTEMPTS = 3
FIRST_RETRY_AFTER_S = 0.5

logger = logging.getLogger(__name__)


class HangUp(Protocol):
    """Ends a call at the carrier."""

    async def __call__(self, account_sid: str, call_sid: str) -> bool:
        """True when the call is over, by this or before. Never raises."""


class RestHangUp:
    """``POST /Accounts/{sid}/Calls/{sid}.json`` with ``Status=completed``, under the account that
    the stream named. Without an API key the account itself is the user name.

    Server errors and broken connections are retried: completing a call twice does no harm.
    """

    def __init__(self, api_key: str | None, secret: str, api_url: str, timeout_s: float) -> None:
        self._api_key = api_key
        self._secret = secret
        self._accounts_url = f"{api_url.rstrip('/')}/2010-04-01/Accounts"
        self._http = httpx.AsyncClient(
            timeout=timeout_s,
            trust_env=not is_loopback(urlsplit(api_url).hostname or ""),
        )

    async def __call__(self, account_sid: str, call_sid: str) -> bool:
        url = f"{self._accounts_url}/{account_sid}/Calls/{call_sid}.json"
        credentials = (self._api_key or account_sid, self._secret)
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(FIRST_RETRY_AFTER_S * 2 ** (attempt - 1))
            over = await self._completed(url, credentials)
            if over is not None:
                return over
        return False

    async def _completed(self, url: str, credentials: tuple[str, str]) -> bool | None:
        """None: it may be otherwise the next time."""
        try:
            answer = await self._http.post(url, data={"Status": "completed"}, auth=credentials)
        except httpx.HTTPError as error:
            logger.warning("hanging up: %s", type(error).__name__)
            return None
        code = _code(answer)
        if answer.is_success or answer.status_code == 404 or code in ALREADY_OVER:
            return True
        logger.warning("hanging up: HTTP %s, Twilio code %s", answer.status_code, code)
        return None if answer.is_server_error or answer.status_code == 429 else False

    async def close(self) -> None:
        await self._http.aclose()


def _code(answer: httpx.Response) -> int | None:
    """Of the error in the answer's body, if there is one."""
    try:
        body = json.loads(answer.content)
    except ValueError:
        return None
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int) else None


async def no_hang_up(account_sid: str, call_sid: str) -> bool:
    """Without REST credentials: closing the stream ends ``<Connect>``, and its action hangs up."""
    return False

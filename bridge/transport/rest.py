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

    async def __call__(self, call_sid: str) -> bool:
        """True when the call is over, by this or before. Never raises."""


class RestHangUp:
    """``POST /Calls/{sid}.json`` with ``Status=completed``.

    Server errors and broken connections are retried: completing a call twice does no harm.
    """

    def __init__(
        self, account_sid: str, username: str, password: str, api_url: str, timeout_s: float
    ) -> None:
        self._calls_url = f"{api_url.rstrip('/')}/2010-04-01/Accounts/{account_sid}/Calls"
        self._http = httpx.AsyncClient(
            auth=(username, password),
            timeout=timeout_s,
            trust_env=not is_loopback(urlsplit(api_url).hostname or ""),
        )

    async def __call__(self, call_sid: str) -> bool:
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(FIRST_RETRY_AFTER_S * 2 ** (attempt - 1))
            over = await self._completed(call_sid)
            if over is not None:
                return over
        return False

    async def _completed(self, call_sid: str) -> bool | None:
        """None: it may be otherwise the next time."""
        url = f"{self._calls_url}/{call_sid}.json"
        try:
            answer = await self._http.post(url, data={"Status": "completed"})
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


async def no_hang_up(call_sid: str) -> bool:
    """Without REST credentials: closing the stream ends ``<Connect>``, and its action hangs up."""
    return False

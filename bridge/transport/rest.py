"""Twilio's REST API, as far as a call needs it."""

import asyncio
import logging
from typing import Protocol

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

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
        self._http = AsyncTwilioHttpClient(timeout=timeout_s)
        self._client = Client(username, password, account_sid, http_client=self._http)
        self._client.api.base_url = api_url

    async def __call__(self, call_sid: str) -> bool:
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(FIRST_RETRY_AFTER_S * 2 ** (attempt - 1))
            try:
                await self._client.calls(call_sid).update_async(status="completed")
                return True
            except TwilioRestException as error:
                if error.code in ALREADY_OVER or error.status == 404:
                    return True
                logger.warning("hanging up: HTTP %s, Twilio code %s", error.status, error.code)
                if error.status < 500 and error.status != 429:
                    return False
            except (TwilioException, aiohttp.ClientError, TimeoutError, OSError) as error:
                logger.warning("hanging up: %s", type(error).__name__)
        return False

    async def close(self) -> None:
        await self._http.close()


async def no_hang_up(call_sid: str) -> bool:
    """Without REST credentials: closing the stream ends ``<Connect>``, and its action hangs up."""
    return False

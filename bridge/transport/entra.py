"""Entra ID: tokens instead of keys for Azure OpenAI."""

import asyncio
import time
from collections.abc import Callable

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.identity.aio import DefaultAzureCredential

from bridge.transport.model import ModelUnavailable

RENEW_BEFORE_S = 300.0  # a token travels in the upgrade only, so it need not outlive the session


class EntraCredential:
    """A token for each connect, from the cache until shortly before it expires.

    Some sources of tokens start a command line tool and take seconds: ``headers`` is awaited while
    the webhook is being answered, not when the caller already waits. Close it at shutdown.
    """

    def __init__(
        self,
        scope: str,
        credential: AsyncTokenCredential | None = None,
        unix_now: Callable[[], float] = time.time,
    ) -> None:
        self._scope = scope
        self._credential = credential or DefaultAzureCredential()
        self._unix_now = unix_now
        self._token = ""
        self._expires_on = 0.0
        self._renewing = asyncio.Lock()

    async def headers(self) -> dict[str, str]:
        """Raises ModelUnavailable."""
        async with self._renewing:  # many calls at once ask for one token
            if self._unix_now() >= self._expires_on - RENEW_BEFORE_S:
                await self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    async def _renew(self) -> None:
        try:
            token = await self._credential.get_token(self._scope)
        except AzureError as error:
            told = str(error).strip() or type(error).__name__
            raise ModelUnavailable(f"no Entra ID token: {told.splitlines()[0]}") from error
        self._token, self._expires_on = token.token, float(token.expires_on)

    async def close(self) -> None:
        await self._credential.close()

"""Tokens of Entra ID, from a source of the test's own."""

import asyncio
from types import TracebackType
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, ClientAuthenticationError

from bridge.transport.entra import RENEW_BEFORE_S, EntraCredential
from bridge.transport.model import Endpoint, ModelUnavailable, open_session
from bridge.wire.dialect import GA, azure_url

SCOPE = "https://ai.azure.com/.default"
LIFE_S = 3600


class Source:
    """An ``AsyncTokenCredential`` whose tokens are numbered."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.asked: list[tuple[str, ...]] = []
        self.closed = 0
        self.fails: AzureError | None = None

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        self.asked.append(scopes)
        await asyncio.sleep(0.01)
        if self.fails is not None:
            raise self.fails
        return AccessToken(f"token-{len(self.asked)}", int(self.now) + LIFE_S)

    async def close(self) -> None:
        self.closed += 1

    async def __aenter__(self) -> "Source":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


def credential(source: Source) -> EntraCredential:
    return EntraCredential(SCOPE, source, lambda: source.now)


def test_a_token_is_fetched_once_and_again_shortly_before_it_expires() -> None:
    async def main() -> None:
        source = Source()
        entra = credential(source)
        assert await entra.headers() == {"Authorization": "Bearer token-1"}
        source.now += LIFE_S - RENEW_BEFORE_S - 1
        assert await entra.headers() == {"Authorization": "Bearer token-1"}
        source.now += 1
        assert await entra.headers() == {"Authorization": "Bearer token-2"}
        assert source.asked == [(SCOPE,), (SCOPE,)]

    asyncio.run(main())


def test_many_calls_at_once_fetch_one_token() -> None:
    async def main() -> None:
        source = Source()
        entra = credential(source)
        headers = await asyncio.gather(*(entra.headers() for _ in range(20)))
        assert {each["Authorization"] for each in headers} == {"Bearer token-1"}
        assert len(source.asked) == 1

    asyncio.run(main())


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ClientAuthenticationError("no identity\nwas found"), "no Entra ID token: no identity"),
        (AzureError(""), "no Entra ID token: AzureError"),
    ],
)
def test_without_a_token_there_is_no_model_and_the_next_call_tries_again(
    error: AzureError, told: str
) -> None:
    async def main() -> None:
        source = Source()
        source.fails = error
        entra = credential(source)
        endpoint = Endpoint(azure_url("ws://127.0.0.1:9", "phone", ""), GA, entra)
        with pytest.raises(ModelUnavailable) as unavailable:
            await open_session(endpoint, 3.0)
        assert str(unavailable.value) == told
        source.fails = None
        assert await entra.headers() == {"Authorization": "Bearer token-2"}

    asyncio.run(main())


def test_a_call_that_gives_up_does_not_keep_others_from_the_token() -> None:
    async def main() -> None:
        source = Source()
        entra = credential(source)
        first = asyncio.create_task(entra.headers())
        second = asyncio.create_task(entra.headers())
        await asyncio.sleep(0)
        first.cancel()
        assert (await second)["Authorization"].startswith("Bearer token-")

    asyncio.run(main())


def test_closing_closes_the_source() -> None:
    async def main() -> None:
        source = Source()
        await credential(source).close()
        assert source.closed == 1

    asyncio.run(main())

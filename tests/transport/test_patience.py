"""A model that is asked again, over loopback sockets."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from bridge.cli.loop import run
from bridge.transport import model, patience
from bridge.transport.model import Endpoint, KeyCredential, ModelUnavailable
from bridge.transport.patience import FIRST_WAIT_S, SPREAD, open_patiently
from bridge.wire.dialect import GA, openai_url

CREATED = json.dumps({"type": "session.created", "session": {"id": "sess_1"}})


class Service:
    """Turns the first away as it is told to, and has a session for all others."""

    def __init__(
        self,
        *statuses: int,
        headers: dict[str, str] | None = None,
        errors: tuple[dict[str, str], ...] = (),
        closes: tuple[int, ...] = (),
    ) -> None:
        self.asked_at: list[float] = []
        self._statuses = [*statuses]
        self._headers = headers or {}
        self._errors = [*errors]
        self._closes = [*closes]

    def _knock(self, connection: ServerConnection, request: Request) -> Response | None:
        self.asked_at.append(time.monotonic())
        if not self._statuses:
            return None
        response = connection.respond(self._statuses.pop(0), "not now")
        response.headers.update(self._headers)
        return response

    async def _converse(self, connection: ServerConnection) -> None:
        if self._errors:
            error = {"type": "error", "error": {"message": "no", **self._errors.pop(0)}}
            await connection.send(json.dumps(error))
        elif self._closes:
            await connection.close(self._closes.pop(0))
        else:
            await connection.send(CREATED)
            await connection.wait_closed()

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[int]:
        async with (
            asyncio.timeout(15),
            serve(self._converse, "127.0.0.1", port, process_request=self._knock) as server,
        ):
            yield next(iter(server.sockets)).getsockname()[1]


def at(port: int) -> Endpoint:
    return Endpoint(
        openai_url(f"ws://127.0.0.1:{port}/v1", "phone"), GA, KeyCredential("api-key", "secret-key")
    )


def opened(service: Service, timeout_s: float = 5.0) -> None:
    async def main() -> None:
        async with service.serving() as port:
            await (await open_patiently(at(port), timeout_s)).close()

    run(main())


def refused(service: Service, timeout_s: float = 5.0) -> tuple[ModelUnavailable, float]:
    """And after how many seconds."""

    async def main() -> tuple[ModelUnavailable, float]:
        async with service.serving() as port:
            began_at = time.monotonic()
            with pytest.raises(ModelUnavailable) as unavailable:
                await open_patiently(at(port), timeout_s)
            return unavailable.value, time.monotonic() - began_at

    return run(main())


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_service_that_is_busy_for_a_moment_is_asked_again(status: int) -> None:
    service = Service(status)
    opened(service)
    assert len(service.asked_at) == 2


def test_each_pause_is_twice_the_one_before() -> None:
    service = Service(503, 503)
    opened(service)
    first, second, third = service.asked_at
    assert second - first >= FIRST_WAIT_S * (1 - SPREAD)
    assert third - second >= 2 * FIRST_WAIT_S * (1 - SPREAD)


def test_the_pauses_have_an_end() -> None:
    waits = patience._waits_s()
    many = [next(waits) for _ in range(50)]
    assert max(many) <= patience.LONGEST_WAIT_S * (1 + SPREAD)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_for_good_is_not_asked_again(status: int) -> None:
    service = Service(status, headers={"apim-request-id": "0a1b"})
    error, after_s = refused(service)
    assert len(service.asked_at) == 1
    assert str(error) == f"cannot connect: HTTP {status}, apim-request-id 0a1b: not now"
    assert after_s < FIRST_WAIT_S * (1 - SPREAD)


def test_the_pause_a_service_asks_for_is_kept() -> None:
    service = Service(429, headers={"Retry-After": "1"})
    opened(service)
    first, second = service.asked_at
    assert 1.0 <= second - first < 1.5


def test_a_pause_longer_than_the_caller_can_wait_is_a_refusal_at_once() -> None:
    service = Service(429, headers={"Retry-After": "60"})
    error, after_s = refused(service)
    assert len(service.asked_at) == 1 and after_s < 1.0
    assert "HTTP 429" in str(error)


def test_who_stays_busy_is_given_up_within_the_time() -> None:
    service = Service(*[503] * 100)
    error, after_s = refused(service, timeout_s=1.0)
    assert "HTTP 503" in str(error)
    assert after_s < 1.1
    assert 2 <= len(service.asked_at) <= 4


def test_a_port_that_opens_a_moment_later_is_found() -> None:
    async def main() -> None:
        service = Service()
        async with service.serving() as port:
            pass
        opening = asyncio.create_task(open_patiently(at(port), 5.0))
        await asyncio.sleep(0.1)
        assert not opening.done()
        async with service.serving(port):
            await (await opening).close()

    run(main())


def test_what_nobody_answers_is_told_together_with_what_came_before() -> None:
    async def main() -> None:
        connections = 0

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            if connections > 1:
                await reader.read()  # until the far end has enough
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ModelUnavailable, match=r"no session within 1 s; before that: cannot"):
            await open_patiently(at(port), 1.0)
        assert connections == 2
        server.close()
        await asyncio.sleep(0.05)

    run(main())


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        ({"type": "invalid_request_error", "code": "invalid_api_key"}, 1),
        ({"type": "invalid_request_error", "code": "invalid_model"}, 1),
        ({"type": "insufficient_quota", "code": "insufficient_quota"}, 1),
        ({"type": "server_error"}, 2),
    ],
)
def test_an_error_in_place_of_a_session_is_for_good_unless_the_server_itself_failed(
    error: dict[str, str], asked: int
) -> None:
    service = Service(errors=(error,))
    if asked == 1:
        refused(service)
    else:
        opened(service)
    assert len(service.asked_at) == asked


@pytest.mark.parametrize(("code", "asked"), [(3000, 1), (4000, 1), (1011, 2), (1012, 2)])
def test_a_close_in_place_of_a_session_is_for_good_unless_its_code_says_otherwise(
    code: int, asked: int
) -> None:
    service = Service(closes=(code,))
    if asked == 1:
        refused(service)
    else:
        opened(service)
    assert len(service.asked_at) == asked


def test_a_certificate_that_is_not_trusted_is_refused_for_good() -> None:
    assert not model._may_pass(ssl.SSLCertVerificationError(1, "self-signed certificate"))
    assert model._may_pass(ConnectionResetError())

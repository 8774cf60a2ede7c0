"""Messages arrive signed, at least once, and no more often than they must."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

import httpx
import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from bridge.cli import loop
from bridge.records.record import FunctionRun
from bridge.store.applying import mark_dead
from bridge.store.call_tables import outbox
from bridge.store.database import Database
from bridge.store.outbox import LEASE, Announcing, Outbox
from bridge.webhooks import ANSWER_BYTES, DELAYS_S, JITTER, Webhooks, delay_s, key_of
from tests.support.records import Putter, begun, call_sid, ended, store

T = TypeVar("T")
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
URL = "https://desk.example.com/calls"
Answer = Callable[[httpx.Request], Awaitable[httpx.Response]]


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)  # those who verify look at the real one

    def __call__(self) -> datetime:
        return self.now


class Body(httpx.AsyncByteStream):
    """As it comes from a network: read once, in pieces."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"thank you"


def answered(status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, headers=headers, stream=Body())


def answers(*statuses: int, headers: dict[str, str] | None = None) -> Answer:
    """In turn, the last one for ever."""
    left = [*statuses]

    async def answer(request: httpx.Request) -> httpx.Response:
        return answered(left.pop(0) if len(left) > 1 else left[0], headers)

    return answer


@dataclass
class Desk:
    database: Database
    put: Putter
    clock: Clock
    got: list[httpx.Request]
    clients: list[httpx.AsyncClient]

    def sender(self, answer: Answer, **options: Any) -> Webhooks:
        async def take(request: httpx.Request) -> httpx.Response:
            self.got.append(request)
            return await answer(request)

        self.clients.append(httpx.AsyncClient(transport=httpx.MockTransport(take)))
        return Webhooks(
            Outbox(self.database), URL, SECRET, self.clients[-1], now=self.clock, **options
        )

    async def announce(self, *numbers: int, **announcing: bool) -> None:
        now = self.clock()
        records = [ended(number) for number in numbers]
        await self.put(*records, announcing=Announcing(**announcing), now=now)

    async def rows(self) -> list[Any]:
        async with self.database.read() as connection:
            return [*(await connection.execute(select(outbox).order_by(outbox.c.id))).mappings()]


def with_desk(url: str, main: Callable[[Desk], Awaitable[T]]) -> T:
    async def run() -> T:
        async with store(url) as database:
            desk = Desk(database, Putter(database), Clock(), [], [])
            try:
                return await main(desk)
            finally:
                for client in desk.clients:
                    await client.aclose()

    return loop.run(run())


@pytest.fixture
def sqlite_at(tmp_path: Any) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/offhook.db"


def test_a_message_verifies_with_the_reference_library_and_leaves_the_outbox(
    store_at: str,
) -> None:
    async def main(desk: Desk) -> None:
        await desk.put(begun(1), kind="call.started", announcing=Announcing(), now=desk.clock())
        await desk.announce(1)
        sender = desk.sender(answers(204))
        assert await sender.deliver_due() == 2
        assert await sender.deliver_due() == 0
        assert await desk.rows() == []
        first, last = (
            Webhook(SECRET).verify(request.content, dict(request.headers)) for request in desk.got
        )
        assert [first["type"], last["type"]] == ["call.started", "call.ended"]
        assert last["timestamp"] == "2026-01-02T12:01:30Z"
        assert first["data"]["call_sid"] == last["data"]["call_sid"] == call_sid(1)
        assert (last["data"]["outcome"], last["data"]["turns"]) == ("completed", 1)
        assert "outcome" not in first["data"]
        assert len({request.headers["webhook-id"] for request in desk.got}) == 2
        assert all("." not in request.headers["webhook-id"] for request in desk.got)
        assert {request.method for request in desk.got} == {"POST"}

    with_desk(store_at, main)


def test_what_was_said_is_told_only_where_that_is_asked_for(sqlite_at: str) -> None:
    run = FunctionRun("find", '{"name":"Ada"}', "found", 1.0, 2.0)

    async def main(desk: Desk) -> None:
        made = ended(1, functions=(run,), parameters={"secret": "1"})
        await desk.put(made, announcing=Announcing(), now=desk.clock())
        await desk.put(made, announcing=Announcing(transcript=True), now=desk.clock())
        await desk.sender(answers(200)).deliver_due()
        bodies = sorted((request.content for request in desk.got), key=len)
        assert b"words of 1" not in bodies[0]
        assert b"Ada" not in bodies[0]
        assert b"secret" not in bodies[0]
        told = json.loads(bodies[1])["data"]
        assert told["lines"][0]["heard"] == "words of 1"
        assert told["functions"][0]["name"] == "find"

    with_desk(sqlite_at, main)


def test_a_failed_message_comes_again_under_the_same_id_with_a_new_time(store_at: str) -> None:
    async def main(desk: Desk) -> None:
        await desk.announce(1)
        sender = desk.sender(answers(500, 200))
        assert await sender.deliver_due() == 1
        (row,) = await desk.rows()
        assert row["last_error"] == "answered 500"
        wait_s = (row["next_at"] - desk.clock()).total_seconds()
        assert DELAYS_S[0] <= wait_s <= DELAYS_S[0] * (1 + JITTER)
        assert await sender.deliver_due() == 0  # not yet
        desk.clock.now = row["next_at"] + timedelta(seconds=1)
        assert await sender.deliver_due() == 1
        assert await desk.rows() == []
        first, again = desk.got
        assert first.headers["webhook-id"] == again.headers["webhook-id"]
        assert first.content == again.content
        times = [int(request.headers["webhook-timestamp"]) for request in desk.got]
        assert times[1] > times[0]

    with_desk(store_at, main)


def test_the_log_is_told_when_failing_begins_and_when_it_is_over(
    sqlite_at: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bridge.webhooks")

    async def main(desk: Desk) -> None:
        await desk.announce(1, 2)
        sender = desk.sender(answers(500, 500, 503, 503, 200))
        for _ in range(4):
            await sender.deliver_due()
            desk.clock.now += timedelta(hours=1)

    with_desk(sqlite_at, main)
    first, last = [each for each in caplog.records if each.name == "bridge.webhooks"]
    assert (first.levelname, last.levelname) == ("WARNING", "INFO")
    assert "not delivered" in first.getMessage() and "answered 500" in first.getMessage()
    assert "delivered again" in last.getMessage()


def test_after_about_three_days_a_message_is_given_up_and_kept_to_be_seen(sqlite_at: str) -> None:
    async def main(desk: Desk) -> None:
        began = desk.clock()
        await desk.announce(1)
        sender = desk.sender(answers(503))
        while (due := (await desk.rows())[0]["next_at"]) is not None:
            desk.clock.now = due
            await sender.deliver_due()
        assert len(desk.got) == len(DELAYS_S) + 1
        assert timedelta(days=3) < desk.clock() - began < timedelta(days=4)
        (row,) = await desk.rows()
        assert (row["attempts"], row["last_error"]) == (10, "answered 503")
        desk.clock.now += timedelta(days=30)
        assert await sender.deliver_due() == 0

    with_desk(sqlite_at, main)


def test_waits_grow_and_differ_between_senders() -> None:
    waits = [[delay_s(n, Random(seed)) or 0 for n in range(1, 10)] for seed in range(20)]
    assert all(each == sorted(each) for each in waits)
    assert len({each[3] for each in waits}) == 20
    assert delay_s(10, Random()) is None


def test_an_endpoint_that_is_gone_is_asked_no_more(sqlite_at: str) -> None:
    async def main(desk: Desk) -> None:
        await desk.announce(1)
        sender = desk.sender(answers(410))
        await asyncio.wait_for(sender.run(), 5)
        await desk.announce(2)
        assert await sender.deliver_due() == 0
        assert len(desk.got) == 1
        assert [row["next_at"] is None for row in await desk.rows()] == [True, False]

    with_desk(sqlite_at, main)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500])
def test_anything_but_2xx_is_a_failure(sqlite_at: str, status: int) -> None:
    async def main(desk: Desk) -> None:
        await desk.announce(1)
        headers = {"location": "https://elsewhere.example.com/"}
        await desk.sender(answers(status, headers=headers)).deliver_due()
        assert [str(request.url) for request in desk.got] == [URL]
        assert (await desk.rows())[0]["last_error"] == f"answered {status}"

    with_desk(sqlite_at, main)


@pytest.mark.parametrize(("told", "least_s"), [("120", 120), ("9999999", 86_400), ("soon", 5)])
def test_an_endpoint_may_say_when_to_come_again(sqlite_at: str, told: str, least_s: float) -> None:
    async def main(desk: Desk) -> None:
        await desk.announce(1)
        await desk.sender(answers(429, headers={"retry-after": told})).deliver_due()
        (row,) = await desk.rows()
        wait_s = (row["next_at"] - desk.clock()).total_seconds()
        assert least_s <= wait_s <= least_s * (1 + JITTER)

    with_desk(sqlite_at, main)


def test_an_endpoint_that_does_not_answer_is_left_in_time(sqlite_at: str) -> None:
    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def main(desk: Desk) -> None:
        await desk.announce(1)
        await desk.sender(never, timeout_s=0.01).deliver_due()
        assert "no answer within 0.01 s" in (await desk.rows())[0]["last_error"]

    with_desk(sqlite_at, main)


def test_an_endpoint_has_all_the_time_it_is_given(sqlite_at: str) -> None:
    """The client's own limit, which a sender does not know of, does not count."""

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.2)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    async def main(desk: Desk) -> None:
        await desk.announce(1)
        async with (
            await asyncio.start_server(slow, "127.0.0.1", 0) as server,
            httpx.AsyncClient(timeout=0.05) as client,
        ):
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            sender = Webhooks(Outbox(desk.database), url, SECRET, client, now=desk.clock)
            await sender.deliver_due()
        assert await desk.rows() == []

    with_desk(sqlite_at, main)


def test_a_network_that_fails_is_a_failure_of_that_message_alone(sqlite_at: str) -> None:
    async def broken(request: httpx.Request) -> httpx.Response:
        if call_sid(1).encode() in request.content:
            raise httpx.ConnectError("refused")
        return answered()

    async def main(desk: Desk) -> None:
        await desk.announce(1, 2)
        await desk.sender(broken).deliver_due()
        (row,) = await desk.rows()
        assert row["call_sid"] == call_sid(1)
        assert row["last_error"] == "ConnectError: refused"

    with_desk(sqlite_at, main)


class Endless(httpx.AsyncByteStream):
    def __init__(self) -> None:
        self.pieces = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.pieces += 1
            yield b"x" * 1024


def test_an_answer_without_end_is_not_read_to_its_end(sqlite_at: str) -> None:
    body = Endless()

    async def endless(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=body)

    async def main(desk: Desk) -> None:
        await desk.announce(1)
        await desk.sender(endless).deliver_due()
        assert await desk.rows() == []
        assert body.pieces <= ANSWER_BYTES // 1024 + 1

    with_desk(sqlite_at, main)


def test_two_senders_at_one_store_send_each_message_once(store_at: str) -> None:
    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.01)
        return answered()

    async def main(desk: Desk) -> None:
        await desk.announce(*range(30))
        senders = [desk.sender(slow) for _ in range(3)]

        async def all_of(sender: Webhooks) -> None:
            while await sender.deliver_due():
                pass

        await asyncio.gather(*map(all_of, senders))
        assert len(desk.got) == len({r.headers["webhook-id"] for r in desk.got}) == 30
        assert await desk.rows() == []

    with_desk(store_at, main)


def test_what_a_dead_sender_had_leased_is_sent_by_another_and_its_late_word_does_not_count(
    store_at: str,
) -> None:
    async def main(desk: Desk) -> None:
        await desk.announce(1)
        box = Outbox(desk.database)
        (leased,) = await box.lease("dead", desk.clock(), 10)
        sender = desk.sender(answers(500))
        assert await sender.deliver_due() == 0
        desk.clock.now += LEASE
        assert await sender.deliver_due() == 1
        await box.delivered("dead", [leased.id])
        await box.failed("dead", leased.id, "late", None)
        (row,) = await desk.rows()
        assert (row["attempts"], row["last_error"]) == (2, "answered 500")
        assert await box.waiting() == 1

    with_desk(store_at, main)


def test_a_call_whose_process_died_is_told_of_as_ended(sqlite_at: str) -> None:
    async def main(desk: Desk) -> None:
        await desk.put(begun(1), kind="call.started")
        async with desk.database.begin() as connection:
            await mark_dead(connection, desk.put.spool, desk.clock(), Announcing())
        await desk.sender(answers(200)).deliver_due()
        (request,) = desk.got
        body = Webhook(SECRET).verify(request.content, dict(request.headers))
        assert (body["type"], body["data"]["outcome"]) == ("call.ended", "process died")

    with_desk(sqlite_at, main)


def test_a_running_sender_sends_what_it_is_woken_for(sqlite_at: str) -> None:
    async def main(desk: Desk) -> None:
        arrived = asyncio.Event()

        async def answer(request: httpx.Request) -> httpx.Response:
            arrived.set()
            return answered()

        sender = desk.sender(answer)
        task = asyncio.create_task(sender.run())
        await desk.announce(1)
        sender.wake()
        await asyncio.wait_for(arrived.wait(), 5)
        task.cancel()
        await asyncio.wait([task])

    with_desk(sqlite_at, main)


@pytest.mark.parametrize("secret", ["", "secret", "whsec_???", "whsk_" + "A" * 32])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="begins with|base64|characters"):
        key_of(secret)

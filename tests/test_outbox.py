"""A bounded queue with one writer; in virtual time."""

import asyncio

import pytest

from bridge.outbox import Outbox, OutboxFull
from tests.support.virtual_time import run


def test_all_that_waits_goes_out_at_once_and_in_order() -> None:
    async def main() -> None:
        batches: list[list[int]] = []

        async def send(items: list[int]) -> None:
            batches.append(items)

        outbox: Outbox[int] = Outbox(10)
        writing = asyncio.create_task(outbox.write(send, 1.0))
        outbox.put([1, 2])
        outbox.put([3])
        await asyncio.sleep(1)
        outbox.put([4])
        await asyncio.sleep(1)
        writing.cancel()
        assert batches == [[1, 2, 3], [4]]

    run(main())


def test_what_comes_during_a_send_waits_for_the_next() -> None:
    async def main() -> None:
        batches: list[list[int]] = []

        async def send(items: list[int]) -> None:
            await asyncio.sleep(0.5)
            batches.append(items)

        outbox: Outbox[int] = Outbox(10)
        writing = asyncio.create_task(outbox.write(send, 1.0))
        outbox.put([1])
        await asyncio.sleep(0.1)
        outbox.put([2])
        await asyncio.sleep(0.2)
        outbox.put([3])
        await asyncio.sleep(2)
        writing.cancel()
        assert batches == [[1], [2, 3]]

    run(main())


def test_a_full_outbox_takes_all_of_a_message_list_or_nothing() -> None:
    async def main() -> None:
        outbox: Outbox[int] = Outbox(3)
        outbox.put([1, 2])
        with pytest.raises(OutboxFull):
            outbox.put([3, 4])
        outbox.put([5])
        sent: list[int] = []

        async def send(items: list[int]) -> None:
            sent.extend(items)

        writing = asyncio.create_task(outbox.write(send, 1.0))
        await asyncio.sleep(1)
        writing.cancel()
        assert sent == [1, 2, 5]

    run(main())


def test_a_send_that_takes_too_long_is_a_time_out() -> None:
    async def main() -> None:
        async def send(items: list[int]) -> None:
            await asyncio.Event().wait()

        outbox: Outbox[int] = Outbox(3)
        outbox.put([1])
        with pytest.raises(TimeoutError):
            await outbox.write(send, 2.0)
        assert asyncio.get_running_loop().time() == pytest.approx(2.0, abs=0.01)

    run(main())

"""Telling the user's own system of calls, as the Standard Webhooks specification says.

At least once: a message leaves the outbox when it was answered with 2xx. In no order that is
promised; ``webhook-id`` stays the same however often a message is sent.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final

import httpx
from sqlalchemy.exc import SQLAlchemyError

from bridge.store.away import said
from bridge.store.cancelling import heed_cancel
from bridge.store.outbox import LEASE, Message, Outbox
from bridge.store.problems import StoreUnavailable
from bridge.store.writer import utc_now

SECRET_PREFIX: Final = "whsec_"
# Standard Webhooks, "Deliverability and reliability": after each attempt, seconds to the next one.
# Ten attempts within about three days.
DELAYS_S: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER: Final = 0.2  # so much longer, at most
TIMEOUT_S: Final = 15.0
AT_ONCE: Final = 8
ANSWER_BYTES: Final = 4096  # read of an answer, so that its connection can be used again
POLL_S: Final = 1.0
AWAY_S: Final = 5.0  # between two looks at a store that is away
GONE: Final = 410

assert LEASE.total_seconds() > 2 * TIMEOUT_S

logger = logging.getLogger(__name__)


def key_of(secret: str) -> bytes:
    """Raises ValueError for what is no ``whsec_…``."""
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"a secret begins with {SECRET_PREFIX}")
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def signature(key: bytes, id_: str, timestamp: int, body: bytes) -> str:
    """Standard Webhooks, "Signature scheme"."""
    signed = b"%s.%d.%s" % (id_.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def delay_s(attempts: int, random: Random) -> float | None:
    """From this failed attempt to the next one; None: that was the last."""
    if attempts > len(DELAYS_S):
        return None
    return DELAYS_S[attempts - 1] * (1 + JITTER * random.random())


class Failed(Exception):
    """Not delivered. ``wait_s``: no earlier than that, as the answer asked."""

    def __init__(self, why: str, wait_s: float = 0.0, *, gone: bool = False) -> None:
        super().__init__(why)
        self.wait_s = wait_s
        self.gone = gone


class Webhooks:
    """``run`` it beside the calls; what goes wrong here stays here."""

    def __init__(
        self,
        outbox: Outbox,
        url: str,
        secret: str,
        client: httpx.AsyncClient,
        *,
        now: Callable[[], datetime] = utc_now,
        random: Random | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """``client`` follows no redirects. Raises ValueError for a secret that is none."""
        self.gone = False  # the endpoint has answered 410: it is asked no more by this process
        self._failing = False  # the last attempts did, and the log has been told
        self._outbox = outbox
        self._url = url
        self._key = key_of(secret)
        self._client = client
        self._now = now
        self._random = random or Random()
        self._timeout_s = timeout_s
        self._owner = uuid.uuid4().hex
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There may be something in the outbox."""
        self._news.set()

    async def run(self) -> None:
        """Until it is cancelled, or the endpoint is gone."""
        while not self.gone:
            wait_s = POLL_S
            self._news.clear()
            try:
                while await self.deliver_due():
                    pass
            except (StoreUnavailable, SQLAlchemyError) as error:
                heed_cancel(error)
                logger.warning("webhooks wait for the store: %s", said(error))
                wait_s = AWAY_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def deliver_due(self) -> int:
        """One attempt at each of some that are due; how many those were. Raises
        StoreUnavailable."""
        if self.gone:
            return 0
        messages = await self._outbox.lease(self._owner, self._now(), AT_ONCE)
        outcomes = await asyncio.gather(*(self._attempt(message) for message in messages))
        delivered = [
            message.id for message, why in zip(messages, outcomes, strict=True) if why is None
        ]
        if delivered:
            await self._outbox.delivered(self._owner, delivered)
        for message, why in zip(messages, outcomes, strict=True):
            if why is not None:
                await self._failed(message, why)
        self._tell([why for why in outcomes if why is not None], delivered=bool(delivered))
        return len(messages)

    def _tell(self, failures: Sequence[Failed], *, delivered: bool) -> None:
        """When it begins to fail and when it is over, not at each attempt."""
        if failures and not self._failing:
            self._failing = True
            told = "webhooks are not delivered, and are tried again for about three days: %s"
            logger.warning(told, failures[0])
        elif self._failing and delivered and not failures:
            self._failing = False
            logger.info("webhooks are delivered again")

    async def _attempt(self, message: Message) -> Failed | None:
        """None: it was delivered."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._send(message)
        except Failed as failed:
            return failed
        except TimeoutError:
            return Failed(f"no answer within {self._timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Failed(f"{type(error).__name__}: {error}")
        return None

    async def _send(self, message: Message) -> None:
        timestamp = int(self._now().timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, message.id, timestamp, message.body),
        }
        # A client has limits of its own, httpx 5 s: ``_attempt`` alone says how long it may take.
        async with self._client.stream(
            "POST",
            self._url,
            content=message.body,
            headers=headers,
            follow_redirects=False,
            timeout=None,
        ) as answer:
            if not answer.is_success:
                raise Failed(
                    f"answered {answer.status_code}",
                    _retry_after_s(answer),
                    gone=answer.status_code == GONE,
                )
            # What it says does not matter.
            async for piece in answer.aiter_raw(ANSWER_BYTES):
                if len(piece) >= ANSWER_BYTES:
                    break

    async def _failed(self, message: Message, failed: Failed) -> None:
        wait_s = None if failed.gone else delay_s(message.attempts, self._random)
        next_at = None
        if wait_s is not None:
            next_at = self._now() + timedelta(seconds=max(wait_s, failed.wait_s))
        await self._outbox.failed(self._owner, message.id, str(failed), next_at)
        if next_at is None:
            logger.error(
                "webhook %s is given up after %d attempts: %s",
                message.id,
                message.attempts,
                failed,
            )
        if failed.gone and not self.gone:
            self.gone = True
            logger.error("the webhook's endpoint is gone (410): nothing more is sent to it")


def _retry_after_s(answer: httpx.Response) -> float:
    """Seconds, where it says so in seconds; no more than a day."""
    told = answer.headers.get("retry-after", "")
    return min(float(told), 86_400.0) if told.isascii() and told.isdigit() else 0.0

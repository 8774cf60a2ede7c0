"""A model that cannot be reached at once is asked again, for as long as a caller can wait."""

import asyncio
import logging
import random
from collections.abc import Iterator
from typing import Final

from bridge.transport.model import (
    SEND_TIMEOUT_S,
    Endpoint,
    ModelPeer,
    ModelUnavailable,
    open_session,
)

FIRST_WAIT_S: Final = 0.25
LONGEST_WAIT_S: Final = 2.0
SPREAD: Final = 0.25  # so that calls which failed together do not ask again together

logger = logging.getLogger(__name__)


async def open_patiently(
    endpoint: Endpoint, timeout_s: float, send_timeout_s: float = SEND_TIMEOUT_S
) -> ModelPeer:
    """As ``open_session``, but what may pass is tried again within ``timeout_s``. Gives up early
    where the service wants a longer pause than is left. Raises ModelUnavailable."""
    now = asyncio.get_running_loop().time
    until, waits, last = now() + timeout_s, _waits_s(), ""
    try:
        async with asyncio.timeout_at(until):
            while True:
                try:
                    return await open_session(endpoint, timeout_s, send_timeout_s)
                except ModelUnavailable as error:
                    wait_s = next(waits) if error.retry_after_s is None else error.retry_after_s
                    if not error.transient or now() + wait_s >= until:
                        raise
                    last = f"; before that: {error}"
                    logger.info("the model is asked again in %.2f s: %s", wait_s, error)
                await asyncio.sleep(wait_s)
    except TimeoutError:
        raise ModelUnavailable(f"no session within {timeout_s:g} s{last}") from None


def _waits_s() -> Iterator[float]:
    wait_s = FIRST_WAIT_S
    while True:
        yield wait_s * random.uniform(1 - SPREAD, 1 + SPREAD)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)

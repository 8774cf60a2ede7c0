"""Is this machine's clock right? By the Date of answers from outside."""

import asyncio
import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from bridge.doctor.finding import Finding, failed, good, skipped
from bridge.doctor.reach import client
from bridge.settings import (
    AzureSettings,
    ModelSettings,
    OpenAISettings,
    Settings,
    TwilioSettings,
)

CHECK = "clock"
MAX_SKEW_S = 30.0
TIMEOUT_S = 5.0

UnixNow = Callable[[], float]


async def check(settings: Settings, unix_now: UnixNow = time.time) -> Finding:
    asked = [*_of_model(settings.model), *_of_carrier(settings.twilio)]
    skews = await asyncio.gather(*(_skew_s(origin, unix_now) for origin in asked))
    known = [each for each in skews if each is not None]
    if not known:
        return skipped(CHECK, "no answer from outside that tells the time")
    # Theirs can be wrong as well: one that agrees with ours is enough.
    skew_s = min(known, key=abs)
    if abs(skew_s) <= MAX_SKEW_S:
        return good(CHECK, f"within {MAX_SKEW_S:g} s of others")
    way = "behind" if skew_s > 0 else "ahead"
    return failed(
        CHECK,
        f"this machine's clock is {abs(skew_s):.0f} s {way}; tokens and signatures will be refused",
        "set it and keep it set by NTP: timedatectl set-ntp true",
    )


def _of_model(model: ModelSettings) -> Sequence[str]:
    match model:
        case AzureSettings(endpoint=url) | OpenAISettings(base_url=url):
            parts = urlsplit(url)
            return [f"{parts.scheme.replace('ws', 'http')}://{parts.netloc}"]
        case _:
            return []  # the local model has our own clock


def _of_carrier(twilio: TwilioSettings) -> Sequence[str]:
    return [twilio.api_url] if twilio.account_sid else []


async def _skew_s(origin: str, unix_now: UnixNow) -> float | None:
    """Seconds that the other clock is ahead; None where it does not tell. Without credentials:
    any answer will do, also one that refuses."""
    async with client(origin, TIMEOUT_S) as http:
        before = unix_now()
        try:
            answer = await http.get(origin)
            date = parsedate_to_datetime(answer.headers["Date"])
        except (httpx.HTTPError, KeyError, ValueError):
            return None
        return date.timestamp() - (before + unix_now()) / 2

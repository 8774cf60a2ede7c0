"""Do the numbers that should be ours call us?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bridge.doctor.finding import Finding, failed, good, skipped
from bridge.doctor.numbers import CarrierRefused, Number, Numbers, shown
from bridge.doctor.store import ready
from bridge.settings import Settings
from bridge.store.routes import RouteStore

CHECK: Final = "webhook"
POST: Final = "POST"  # the only method that carries a signed form
PUBLIC_URL: Final = "OFFHOOK_PUBLIC_URL"


@dataclass(frozen=True)
class Wrong:
    """One field of a number, in Twilio's words for the update."""

    name: str
    is_: str
    should_be: str

    def __str__(self) -> str:
        return f"{self.name} is {shown_field(self.is_)}, it should be {self.should_be}"


@dataclass(frozen=True)
class Diagnosis:
    """``wrong`` can be mended by an update. ``elsewhere`` cannot: a trunk or an application gets
    the calls, whatever the URL is."""

    number: Number
    wrong: tuple[Wrong, ...] = ()
    elsewhere: str = ""

    @property
    def form(self) -> dict[str, str]:
        return {each.name: each.should_be for each in self.wrong}

    @property
    def told(self) -> str:
        name = self.number.phone_number
        if self.elsewhere:
            return f"{name}: {self.elsewhere} gets its calls, and VoiceUrl does not count"
        return "\n".join(f"{name}: {each}" for each in self.wrong)


@dataclass(frozen=True)
class Account:
    """Its numbers that take calls, and those of them that should be ours."""

    numbers: Sequence[Number] = ()
    ours: Sequence[Number] = ()
    ill: Sequence[Diagnosis] = ()


async def check(settings: Settings) -> Finding:
    origin, told = settings.public_url, _not_asked(settings)
    if told or origin is None:
        return skipped(CHECK, told)
    try:
        account = await look(settings, origin)
    except CarrierRefused as error:
        return failed(CHECK, str(error), error.mend)
    return _judged(account, origin)


async def look(settings: Settings, origin: str) -> Account:
    """Raises CarrierRefused."""
    async with Numbers(settings.twilio.account_sid or "", settings.twilio) as rest:
        numbers = [each for each in await rest.all() if each.takes_calls]
    ours = should_be_ours(numbers, origin, await _routed(settings))
    ill = [found for each in ours if (found := diagnosed(each, origin))]
    return Account(numbers, ours, ill)


async def mend(settings: Settings, diagnosis: Diagnosis) -> None:
    """Raises CarrierRefused."""
    async with Numbers(settings.twilio.account_sid or "", settings.twilio) as rest:
        await rest.update(diagnosis.number.sid, diagnosis.form)


def _not_asked(settings: Settings) -> str:
    """Why Twilio is not asked; empty: it is."""
    twilio = settings.twilio
    if twilio.account_sid is None:
        return "TWILIO_ACCOUNT_SID is not set: the numbers of the account are not known"
    if twilio.development and not twilio.api_key:
        return "neither TWILIO_AUTH_TOKEN nor TWILIO_API_KEY is set: Twilio cannot be asked"
    if settings.public_url is None:
        return f"{PUBLIC_URL} is not set: there is no address that Twilio could call"
    return ""


async def _routed(settings: Settings) -> frozenset[str]:
    async with ready(settings) as database:
        if database is None:
            return frozenset()
        return frozenset(row.route.called for row in await RouteStore(database).list())


def should_be_ours(numbers: Sequence[Number], origin: str, routed: Collection[str]) -> list[Number]:
    """Those that call our host, those that have a route, and the only one of an account. A number
    that calls another host may belong to another installation: it is left alone."""
    if len(numbers) == 1:
        return list(numbers)
    host = _host(origin)
    return [
        each for each in numbers if each.phone_number in routed or _host(each.voice_url) == host
    ]


def diagnosed(number: Number, origin: str) -> Diagnosis | None:
    """None: it calls us, and tells us when a call is over."""
    if number.elsewhere:
        return Diagnosis(number, elsewhere=number.elsewhere)
    voice, status = f"{origin}/twilio/voice", f"{origin}/twilio/status"
    wrong = []
    # A query behind it is allowed: its fields become parameters of the call.
    if number.voice_url.partition("?")[0] != voice:
        wrong.append(Wrong("VoiceUrl", number.voice_url, voice))
    if number.voice_method != POST:
        wrong.append(Wrong("VoiceMethod", number.voice_method, POST))
    if number.status_callback.partition("?")[0] != status:
        wrong.append(Wrong("StatusCallback", number.status_callback, status))
    if number.status_callback_method != POST:
        wrong.append(Wrong("StatusCallbackMethod", number.status_callback_method, POST))
    return Diagnosis(number, tuple(wrong)) if wrong else None


def _judged(account: Account, origin: str) -> Finding:
    if account.ill:
        told = "\n".join(each.told for each in account.ill)
        mends = []
        if any(each.wrong for each in account.ill):
            mends.append("run `offhook doctor --fix`, or set it in Twilio's console")
        if any(each.elsewhere for each in account.ill):
            mends.append("take the number out of its trunk or application, in Twilio's console")
        return failed(CHECK, told, "; ".join(mends))
    if account.ours:
        names = ", ".join(each.phone_number for each in account.ours)
        return good(CHECK, f"calls us: {names}")
    if not account.numbers:
        return failed(CHECK, "the account has no number that takes calls", "buy one at Twilio")
    return failed(
        CHECK,
        f"none of the {len(account.numbers)} numbers of the account calls us, and none has a route",
        f"set the voice webhook of yours to {origin}/twilio/voice (POST) in Twilio's console; or"
        " give it a route, then `offhook doctor --fix` sets it",
    )


def shown_field(value: str) -> str:
    return shown(value) if "://" in value else value or "nothing"


def _host(url: str) -> str:
    try:
        return (urlsplit(url).netloc.rpartition("@")[2]).lower()
    except ValueError:
        return ""

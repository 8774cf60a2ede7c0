"""Does the model let us in, and does it take the agent's audio format?"""

import asyncio
from dataclasses import dataclass
from typing import Final

from websockets.exceptions import InvalidStatus

from bridge import endpoint
from bridge.agents.briefing import brief
from bridge.agents.default import default_agent
from bridge.agents.problems import AgentError
from bridge.doctor.agent import functions_of, own_agent
from bridge.doctor.apart import apart
from bridge.doctor.finding import Finding, failed, good, skipped
from bridge.doctor.reach import unreached
from bridge.endpoint import Endpoints
from bridge.functions import FunctionsError
from bridge.local_model import LocalModelFailed
from bridge.settings import AzureSettings, ModelSettings, OpenAISettings, Settings
from bridge.transport.model import Endpoint, ModelPeer, ModelUnavailable, open_session
from bridge.transport.socket import SocketClosed
from bridge.wire import realtime
from bridge.wire.dialect import SessionUpdate
from bridge.wire.errors import WireError
from bridge.wire.session import SessionConfig

CREDENTIALS: Final = "credentials"
CHECK: Final = "model"
WRONG_KEY: Final = "refused: invalid_api_key"  # OpenAI says it after the upgrade

Verdict = tuple[Finding, Finding]  # credentials, model


@dataclass(frozen=True)
class Access:
    """The variables that say where the model is (``place``), which it is and who we are."""

    place: str
    which: str
    proof: str
    is_token: bool = False


AZURE_KEY = Access("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT_NAME", "AZURE_OPENAI_API_KEY")
AZURE_TOKEN = Access(
    "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT_NAME", "OFFHOOK_AZURE_AUTH", is_token=True
)
OPENAI_KEY = Access("OPENAI_BASE_URL", "OFFHOOK_MODEL", "OPENAI_API_KEY")


def access(settings: ModelSettings) -> Access | None:
    """None: the local model, which asks for nothing."""
    match settings:
        case AzureSettings():
            return AZURE_TOKEN if settings.auth == "entra" else AZURE_KEY
        case OpenAISettings():
            return OPENAI_KEY
        case _:
            return None


async def check(settings: Settings) -> Verdict:
    """Opens one session and lets it go; nothing is said, so nothing is paid."""
    timeout_s = settings.limits.model_connect_timeout_s
    try:
        async with endpoint.opened(settings.model) as endpoints:
            model, config = await _asked(settings, endpoints)
            return await session(model, config, access(settings.model), timeout_s)
    except LocalModelFailed as error:
        mend = "run `offhook emulate`: it says what it misses"
        return _no_credentials_asked(), failed(CHECK, str(error), mend)


async def _asked(settings: Settings, endpoints: Endpoints) -> tuple[Endpoint, SessionConfig]:
    """As a call would ask for it; where the agent is broken, as the built-in one."""
    dialect, limits = endpoints.dialect, settings.limits
    try:
        agent = await apart(lambda: own_agent(settings))
        offered = await apart(lambda: functions_of(agent, settings))
    except (AgentError, FunctionsError):
        agent, offered = default_agent(), {}
    return endpoints.of(agent.model), brief(agent, offered, dialect, limits).session


async def session(
    model: Endpoint, config: SessionConfig, known: Access | None, timeout_s: float
) -> Verdict:
    if known is not None and known.is_token:
        refused = await _no_token(model, timeout_s)
        if refused is not None:
            return refused, skipped(CHECK, "without a token nobody is let in")
    try:
        peer = await open_session(model, timeout_s)
    except ModelUnavailable as error:
        return _no_session(error, model, known)
    try:
        async with asyncio.timeout(timeout_s):
            taken = await _handshake(peer, model, config)
    except TimeoutError:
        taken = _unanswered(f"session.update is not answered within {timeout_s:g} s")
    finally:
        await peer.close()
    return _accepted(known), taken


async def _no_token(model: Endpoint, timeout_s: float) -> Finding | None:
    """A real one is asked for; None where it came."""
    try:
        async with asyncio.timeout(timeout_s):
            await model.credential.headers()
    except ModelUnavailable as error:
        told = str(error)
    except TimeoutError:
        told = f"no Entra ID token within {timeout_s:g} s"
    else:
        return None
    return failed(
        CREDENTIALS,
        told,
        "sign in (`az login`), or give the machine a managed identity or the workload its"
        " AZURE_CLIENT_ID, AZURE_TENANT_ID and secret; or set AZURE_OPENAI_API_KEY",
    )


def _accepted(known: Access | None) -> Finding:
    if known is None:
        return _no_credentials_asked()
    return good(
        CREDENTIALS, "a token of Entra ID is accepted" if known.is_token else "the key is accepted"
    )


def _no_credentials_asked() -> Finding:
    return skipped(CREDENTIALS, "the local model asks for none")


# --- no session --------------------------------------------------------------------------------


def _no_session(error: ModelUnavailable, model: Endpoint, known: Access | None) -> Verdict:
    if known is None:
        mend = "run `offhook emulate` and `offhook say` against it"
        return _no_credentials_asked(), failed(CHECK, str(error), mend)
    cause = error.__cause__
    status = cause.response.status_code if isinstance(cause, InvalidStatus) else None
    if status in (401, 403) or str(error).startswith(WRONG_KEY):
        # Not in the service's words: some of them repeat a part of the key.
        return _refused(known, status), skipped(CHECK, "the credentials are refused")
    if status is not None:
        accepted = _accepted(known) if status == 429 else _unknown(known)
        return accepted, _answered(status, known)
    if str(error).startswith("refused: "):
        mend = f"correct {known.which}, or the model that the agent names"
        return _accepted(known), failed(CHECK, str(error), mend)
    if cause is None:
        return _unknown(known), _unanswered(str(error))
    why = unreached(cause, model.url, known.place)
    return _unknown(known), failed(CHECK, why.told, why.mend)


def _refused(known: Access, status: int | None) -> Finding:
    by = f" with {status}" if status else ""
    if known.is_token:
        return failed(
            CREDENTIALS,
            f"a token was issued, but the service refuses it{by}",
            "give the identity the role Cognitive Services OpenAI User on the resource (it takes"
            " minutes to count), and look at OFFHOOK_AZURE_SCOPE",
        )
    mend = f"set {known.proof} to a key of the service that {known.place} names"
    if status == 403:
        mend += "; 403 may also be its network rules, which must let this machine in"
    return failed(CREDENTIALS, f"the service refuses the key{by}", mend)


def _unknown(known: Access) -> Finding:
    if known.is_token:
        return good(CREDENTIALS, "a token of Entra ID was issued; nobody has looked at it yet")
    return skipped(CREDENTIALS, "no session came about that would have proved the key")


def _answered(status: int, known: Access) -> Finding:
    if status == 404:
        return failed(
            CHECK,
            "the service knows neither this deployment nor this path (404)",
            f"correct {known.which} (the deployment's name, not the model's), {known.place}, and"
            " on Azure OPENAI_API_VERSION: empty for GA",
        )
    if status == 429:
        return failed(
            CHECK,
            "the service turns new sessions away (429)",
            "wait, or raise the quota of the deployment",
        )
    if 300 <= status < 400:
        mend = f"put the address it redirects to into {known.place}; keys follow no redirect"
        return failed(CHECK, f"the service redirects ({status})", mend)
    mend = f"look at the service's own status page, and at {known.place}"
    return failed(CHECK, f"the service answers the upgrade with {status}", mend)


def _unanswered(told: str) -> Finding:
    return failed(
        CHECK, told, "look whether a proxy on the way lets WebSocket messages through; try again"
    )


# --- the session -------------------------------------------------------------------------------


async def _handshake(peer: ModelPeer, model: Endpoint, config: SessionConfig) -> Finding:
    """Send what a call would send, and read what the service made of it."""
    answer: asyncio.Future[realtime.SessionUpdated | realtime.Error | str]
    answer = asyncio.get_running_loop().create_future()

    def heard(events: list[realtime.ModelEvent | WireError]) -> None:
        for event in events:
            if isinstance(event, realtime.SessionUpdated | realtime.Error) and not answer.done():
                answer.set_result(event)

    def closed(why: str) -> None:
        if not answer.done():
            answer.set_result(why)

    peer.listen(heard, closed)
    try:
        peer.send([SessionUpdate(config)])
    except SocketClosed as error:
        closed(str(error))
    match await answer:
        case realtime.SessionUpdated(heard_as, spoken_as):
            return _compared(model, config, heard_as, spoken_as)
        case realtime.Error(message, kind, code):
            return failed(
                CHECK,
                f"session.update is refused: {code or kind}: {message}",
                "change in the agent's document what it names, or OPENAI_API_VERSION to the"
                " dialect that the deployment speaks",
            )
        case str(why):
            return _unanswered(f"the session ended before session.updated: {why}")


def _compared(
    model: Endpoint, config: SessionConfig, heard_as: str | None, spoken_as: str | None
) -> Finding:
    asked, name = config.audio_format, model.dialect.name
    wrong = [
        f"{way} {echoed or 'nothing known'}"
        for way, echoed in (("input", heard_as), ("output", spoken_as))
        if echoed != asked
    ]
    if wrong:
        return failed(
            CHECK,
            f"asked for {asked} in {name}, the service has set {', '.join(wrong)}: callers would"
            " hear noise",
            "set OPENAI_API_VERSION to the dialect that the deployment speaks, or the agent's"
            " audio_format to one that it takes",
        )
    return good(CHECK, f"a session in {name} takes {asked} both ways")

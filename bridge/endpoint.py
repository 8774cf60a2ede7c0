"""Where the model is, from the settings, and how we prove there who we are."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bridge.local_model import local_model
from bridge.settings import AzureSettings, LocalSettings, ModelSettings, OpenAISettings
from bridge.transport.entra import EntraCredential
from bridge.transport.model import Credential, Endpoint, KeyCredential
from bridge.wire.dialect import GA, azure_dialect, azure_url, openai_url

LOCAL_MODEL = "local"


def azure(settings: AzureSettings, agent_model: str | None) -> Endpoint:
    """``agent_model``: a deployment in place of the configured one."""
    deployment = agent_model or settings.deployment
    url = azure_url(settings.endpoint, deployment, settings.api_version)
    credential: Credential
    if settings.api_key is not None:
        credential = KeyCredential("api-key", settings.api_key)
    else:
        credential = EntraCredential(settings.scope)
    return Endpoint(url, azure_dialect(settings.api_version), credential)


def openai(settings: OpenAISettings, agent_model: str | None) -> Endpoint:
    url = openai_url(settings.base_url, agent_model or settings.model)
    return Endpoint(url, GA, KeyCredential("Authorization", f"Bearer {settings.api_key}"))


def local(origin: str) -> Endpoint:
    """``origin`` of a simulated model on this machine; it asks for no key."""
    return Endpoint(openai_url(f"{origin}/v1", LOCAL_MODEL), GA, KeyCredential("api-key", "local"))


def endpoint(settings: ModelSettings, agent_model: str | None, local_origin: str) -> Endpoint:
    """``local_origin`` is used for ``LocalSettings`` alone."""
    match settings:
        case AzureSettings():
            return azure(settings, agent_model)
        case OpenAISettings():
            return openai(settings, agent_model)
        case LocalSettings():
            return local(local_origin)


@asynccontextmanager
async def opened(settings: ModelSettings, agent_model: str | None) -> AsyncIterator[Endpoint]:
    """The endpoint for as long as it is needed: a local model is started for it, and what its
    credential holds is let go. Raises ``LocalModelFailed``."""
    async with AsyncExitStack() as stack:
        origin = ""
        if isinstance(settings, LocalSettings):
            options = ("--replies", str(settings.replies)) if settings.replies else ()
            origin = await stack.enter_async_context(local_model(options))
        found = endpoint(settings, agent_model, origin)
        stack.push_async_callback(close, found)
        yield found


async def close(used: Endpoint) -> None:
    """Let go of what the credential holds."""
    if isinstance(used.credential, EntraCredential):
        await used.credential.close()

"""Where the model is, from the settings, and how we prove there who we are."""

from bridge.settings import AzureSettings, LocalSettings, OpenAISettings
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


def endpoint(
    settings: AzureSettings | OpenAISettings | LocalSettings,
    agent_model: str | None,
    local_origin: str,
) -> Endpoint:
    """``local_origin`` is used for ``LocalSettings`` alone."""
    match settings:
        case AzureSettings():
            return azure(settings, agent_model)
        case OpenAISettings():
            return openai(settings, agent_model)
        case LocalSettings():
            return local(local_origin)


async def close(used: Endpoint) -> None:
    """Let go of what the credential holds."""
    if isinstance(used.credential, EntraCredential):
        await used.credential.close()

"""Where the models are, from the settings, and how we prove there who we are."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bridge.local_model import local_model
from bridge.settings import AzureSettings, LocalSettings, ModelSettings, OpenAISettings
from bridge.transport.entra import EntraCredential
from bridge.transport.model import Credential, Endpoint, KeyCredential
from bridge.wire.dialect import GA, Dialect, azure_dialect, azure_url, openai_url

LOCAL_MODEL = "local"


class Endpoints:
    """One service with one credential; each agent may name a model of its own there."""

    def __init__(self, settings: ModelSettings, local_origin: str = "") -> None:
        """``local_origin`` (http) is used for ``LocalSettings`` alone, which ask for no key."""
        self._settings = settings
        self._local_origin = local_origin
        self._credential = _credential(settings)

    @property
    def dialect(self) -> Dialect:
        if isinstance(self._settings, AzureSettings):
            return azure_dialect(self._settings.api_version)
        return GA

    def model(self, agent_model: str | None) -> str:
        """The name of the model or deployment: the agent's own, or that of the settings."""
        match self._settings:
            case AzureSettings(_, deployment):
                return agent_model or deployment
            case OpenAISettings(_, _, model):
                return agent_model or model
            case LocalSettings():
                return LOCAL_MODEL

    def of(self, agent_model: str | None) -> Endpoint:
        name = self.model(agent_model)
        match self._settings:
            case AzureSettings(endpoint, _, api_version):
                url = azure_url(endpoint, name, api_version)
            case OpenAISettings(_, base_url):
                url = openai_url(base_url, name)
            case LocalSettings():
                url = openai_url(f"{self._local_origin}/v1", name)
        return Endpoint(url, self.dialect, self._credential)

    async def close(self) -> None:
        """Let go of what the credential holds."""
        if isinstance(self._credential, EntraCredential):
            await self._credential.close()


def _credential(settings: ModelSettings) -> Credential:
    match settings:
        case AzureSettings(api_key=str(key)):
            return KeyCredential("api-key", key)
        case AzureSettings():
            return EntraCredential(settings.scope)
        case OpenAISettings():
            return KeyCredential("Authorization", f"Bearer {settings.api_key}")
        case LocalSettings():
            return KeyCredential("api-key", "local")


@asynccontextmanager
async def opened(settings: ModelSettings) -> AsyncIterator[Endpoints]:
    """For as long as they are needed: a local model is started, and what the credential holds is
    let go. Raises ``LocalModelFailed``."""
    async with AsyncExitStack() as stack:
        origin = ""
        if isinstance(settings, LocalSettings):
            options = ("--replies", str(settings.replies)) if settings.replies else ()
            origin = await stack.enter_async_context(local_model(options))
        endpoints = Endpoints(settings, origin)
        stack.push_async_callback(endpoints.close)
        yield endpoints

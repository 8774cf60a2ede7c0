"""Which model answers, where it is and how we prove who we are."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from bridge.loopback import is_loopback
from bridge.settings.environ import Environ

PREVIEW_SCOPE = "https://cognitiveservices.azure.com/.default"
GA_SCOPE = "https://ai.azure.com/.default"

_SCHEMES = ("https", "http", "wss", "ws")


@dataclass(frozen=True)
class AzureSettings:
    """``endpoint`` is a ``ws(s)`` origin. ``api_version`` is empty for GA. ``auth`` is decided:
    with "key" there is an ``api_key``, with "entra" there is none and ``scope`` counts."""

    endpoint: str
    deployment: str
    api_version: str
    api_key: str | None = field(repr=False)
    auth: Literal["key", "entra"]
    scope: str

    def describe(self) -> str:
        dialect = self.api_version or "GA"
        proof = "the key" if self.auth == "key" else f"Entra ID ({self.scope})"
        return f"azure, deployment {self.deployment} at {self.endpoint}, {dialect}, with {proof}"


@dataclass(frozen=True)
class OpenAISettings:
    """``base_url`` is a ``ws(s)`` URL that ends in the API's version."""

    api_key: str = field(repr=False)
    base_url: str
    model: str

    def describe(self) -> str:
        return f"openai, {self.model} at {self.base_url}, with the key"


@dataclass(frozen=True)
class LocalSettings:
    """A simulated model on this machine: no account, no key. ``replies`` is a YAML file of
    patterns; None: it answers by itself."""

    replies: Path | None = None

    def describe(self) -> str:
        by = f", answering by {self.replies}" if self.replies else ""
        return f"local, simulated on this machine{by}"


ModelSettings = AzureSettings | OpenAISettings | LocalSettings

_AZURE = ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT_NAME", "AZURE_OPENAI_API_KEY")
REPLIES = "OFFHOOK_LOCAL_REPLIES"
_OPENAI = ("OPENAI_API_KEY", "OPENAI_BASE_URL")


def model_settings(env: Environ) -> tuple[ModelSettings, list[str]]:
    """The model, and warnings. Problems are noted in ``env``."""
    provider = _provider(env)
    replies = env.file(REPLIES, "a YAML file of patterns, as `offhook emulate --replies` reads it")
    if provider in ("azure", "openai"):
        model, warnings = _remote(provider, env)
        if replies is not None:
            warnings.append(f"{REPLIES} has no effect: {provider} answers, no local model.")
        return model, warnings
    if env.given("OFFHOOK_MODEL_PROVIDER"):
        return LocalSettings(replies), []
    return LocalSettings(replies), [
        "No model is configured: a local simulated one answers. Set AZURE_OPENAI_ENDPOINT or"
        " OPENAI_API_KEY for a real one, or OFFHOOK_MODEL_PROVIDER=local to say that this is meant."
    ]


def _remote(provider: str, env: Environ) -> tuple[ModelSettings, list[str]]:
    if provider == "azure":
        azure = _azure(env)
        unused = [
            "OFFHOOK_MODEL has no effect: with azure it is the deployment that says the model."
        ]
        warnings = unused if env.given("OFFHOOK_MODEL") else []
        return azure, warnings + plaintext_warning(azure.endpoint, "AZURE_OPENAI_ENDPOINT")
    openai = _openai(env)
    return openai, plaintext_warning(openai.base_url, "OPENAI_BASE_URL")


def _provider(env: Environ) -> str:
    name = "OFFHOOK_MODEL_PROVIDER"
    if env.given(name):
        return env.choice(name, ("azure", "openai", "local"))
    azure = [each for each in _AZURE if env.given(each)]
    openai = [each for each in _OPENAI if env.given(each)]
    if azure and openai:
        env.wrong(
            name,
            f"two models are configured, azure ({', '.join(azure)}) and openai"
            f" ({', '.join(openai)}), and none is chosen; set it to azure or openai",
        )
        return ""
    return "azure" if azure else "openai" if openai else "local"


def _azure(env: Environ) -> AzureSettings:
    example = "https://NAME.openai.azure.com"
    if not env.given("AZURE_OPENAI_ENDPOINT"):
        env.wrong("AZURE_OPENAI_ENDPOINT", f"is missing; give the resource's origin, {example}")
    endpoint = env.url("AZURE_OPENAI_ENDPOINT", _SCHEMES, path=False, example=example) or ""
    deployment = env.text("AZURE_OPENAI_DEPLOYMENT_NAME")
    if not deployment:
        env.wrong(
            "AZURE_OPENAI_DEPLOYMENT_NAME",
            "is missing; give the name of the deployment of a realtime model",
        )
    api_version = _api_version(env)
    key, auth = env.given("AZURE_OPENAI_API_KEY"), _auth(env)
    return AzureSettings(
        endpoint=_websocket(endpoint),
        deployment=deployment,
        api_version=api_version,
        api_key=key if auth == "key" else None,
        auth=auth,
        scope=env.given("OFFHOOK_AZURE_SCOPE") or (PREVIEW_SCOPE if api_version else GA_SCOPE),
    )


def _auth(env: Environ) -> Literal["key", "entra"]:
    key = env.given("AZURE_OPENAI_API_KEY")
    asked = env.choice("OFFHOOK_AZURE_AUTH", ("auto", "key", "entra"))
    if asked == "key" and not key:
        env.wrong(
            "AZURE_OPENAI_API_KEY",
            "is missing and OFFHOOK_AZURE_AUTH asks for it; set it, or OFFHOOK_AZURE_AUTH=entra",
        )
    return "key" if asked == "key" or (asked == "auto" and key) else "entra"


def _api_version(env: Environ) -> str:
    """Azure names its GA path ``v1``, so that is taken for what it means: no version."""
    value = env.text("OPENAI_API_VERSION")
    if value.lower() == "v1":
        return ""
    if value and not re.fullmatch(r"\d{4}-\d\d-\d\d-preview", value):
        env.wrong(
            "OPENAI_API_VERSION",
            f"{value!r} has no Realtime API; leave it empty for GA, or give a preview such as"
            " 2025-04-01-preview",
        )
    return value


def _openai(env: Environ) -> OpenAISettings:
    api_key = env.given("OPENAI_API_KEY")
    if api_key is None:
        env.wrong(
            "OPENAI_API_KEY",
            "is missing; set the key (any text will do for a server of your own that asks for"
            " none)",
        )
    base_url = env.url("OPENAI_BASE_URL", _SCHEMES, path=True, example="https://api.openai.com/v1")
    return OpenAISettings(api_key or "", _websocket(base_url or ""), env.text("OFFHOOK_MODEL"))


def _websocket(url: str) -> str:
    return re.sub(r"^http", "ws", url)


def plaintext_warning(url: str, name: str) -> list[str]:
    """To be told where a secret would travel in the clear to another machine."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "ws") or is_loopback(parts.hostname or ""):
        return []
    return [f"{name} is not encrypted: keys and words can be read on the way."]

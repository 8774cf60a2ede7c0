"""What the program is told by its environment."""

from bridge.settings.limits import Limits
from bridge.settings.model import AzureSettings, LocalSettings, ModelSettings, OpenAISettings
from bridge.settings.settings import (
    DEVELOPMENT_AUTH_TOKEN,
    Settings,
    SettingsError,
    TwilioSettings,
)
from bridge.settings.store import StoreSettings, WebhookSettings

__all__ = [
    "DEVELOPMENT_AUTH_TOKEN",
    "AzureSettings",
    "Limits",
    "LocalSettings",
    "ModelSettings",
    "OpenAISettings",
    "Settings",
    "SettingsError",
    "StoreSettings",
    "TwilioSettings",
    "WebhookSettings",
]

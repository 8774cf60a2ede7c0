"""What the program is told by its environment."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bridge.loopback import is_loopback
from bridge.settings.environ import Environ, expand
from bridge.settings.limits import LIMITS, Limits
from bridge.settings.model import (
    ModelSettings,
    model_settings,
    plaintext_warning,
)
from bridge.settings.store import StoreSettings, store_settings

# Signs between `serve` and `simulate` on one machine. Everybody can read it here, so it is never
# accepted where somebody else could call.
DEVELOPMENT_AUTH_TOKEN = "offhook-development-token"


class SettingsError(ValueError):
    """All that is wrong with the settings, each problem with its variable and its mend."""

    def __init__(self, problems: Sequence[str]) -> None:
        count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        super().__init__("\n  ".join([f"{count} wrong:", *problems]))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class TwilioSettings:
    """``account_sid`` None: the account of a request is not compared. ``auth_tokens`` is never
    empty; ``development``: it is the well-known token, for this machine only."""

    account_sid: str | None
    auth_tokens: tuple[str, ...] = field(repr=False)
    api_key: str | None = None
    api_secret: str | None = field(default=None, repr=False)
    api_url: str = "https://api.twilio.com"
    development: bool = False


@dataclass(frozen=True)
class Settings:
    """``warnings`` are to be shown, once, to whoever starts the program."""

    host: str
    port: int
    public_url: str | None
    agent_path: Path | None
    state_dir: Path
    twilio: TwilioSettings
    model: ModelSettings
    store: StoreSettings = StoreSettings()
    limits: Limits = Limits()
    log_level: str = "info"  # debug, info, warning or error
    log_json: bool = False
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Raises ``SettingsError`` with every problem. A flag that wins over a variable is put
        into ``environ`` by the caller, so that it is checked like the variable."""
        env = Environ(environ)
        host, port = env.text("OFFHOOK_HOST"), env.port("OFFHOOK_PORT")
        public_url = _public_url(env, host)
        given_url = env.given("OFFHOOK_PUBLIC_URL")
        twilio = _twilio(env, local=is_loopback(host) and _unset_or_loopback(given_url))
        model, warnings = model_settings(env)
        warnings += plaintext_warning(twilio.api_url, "OFFHOOK_TWILIO_API_URL")
        store = store_settings(env)
        if store.webhook:
            warnings += plaintext_warning(store.webhook.url, "OFFHOOK_WEBHOOK_URL")
        if twilio.development:
            warnings.append(
                "TWILIO_AUTH_TOKEN is not set: requests are checked against a development token"
                " that everybody knows. Only this machine can call; set the token for real calls."
            )
        settings = cls(
            host=host,
            port=port,
            public_url=public_url,
            agent_path=env.file("OFFHOOK_AGENT", "an agent's YAML file"),
            state_dir=_state_dir(env),
            twilio=twilio,
            model=model,
            store=store,
            limits=_limits(env),
            log_level=env.choice("OFFHOOK_LOG_LEVEL", ("debug", "info", "warning", "error")),
            log_json=env.choice("OFFHOOK_LOG_FORMAT", ("text", "json")) == "json",
            warnings=(*warnings, *env.unknown()),
        )
        if env.problems:
            raise SettingsError(env.problems)
        return settings

    def secrets(self) -> list[str]:
        """All that must never be shown."""
        model, store = self.model, self.store
        kept = [*self.twilio.auth_tokens, self.twilio.api_secret, getattr(model, "api_key", None)]
        kept.append(store.database_url and urlsplit(store.database_url).password)
        kept.append(store.webhook and store.webhook.secret)
        return [each for each in kept if each]

    def origin(self, port: int | None = None) -> str:
        """The origin that Twilio calls and signs. ``port``: the one that was bound, where
        ``self.port`` is 0."""
        if self.public_url:
            return self.public_url
        host = f"[{self.host.strip('[]')}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port if port is None else port}"

    def describe(self) -> list[str]:
        """What was chosen, a line each, without any secret."""
        twilio = self.twilio
        tokens = "development token" if twilio.development else f"{len(twilio.auth_tokens)} token"
        plural = "s" if len(twilio.auth_tokens) > 1 else ""
        key = f", REST by API key {twilio.api_key}" if twilio.api_key else ""
        return [
            f"listen: {self.host}:{self.port}, called as {self.origin()}",
            f"agent: {self.agent_path or 'the built-in one'}",
            f"state: {self.state_dir}, {self.store.describe()}",
            f"twilio: account {twilio.account_sid or 'not compared'}, {tokens}{plural}{key},"
            f" {twilio.api_url}",
            f"model: {self.model.describe()}",
        ]


def _limits(env: Environ) -> Limits:
    changes: dict[str, Any] = {each.field: env.limit(each) for each in LIMITS}
    return Limits(**changes)


def _unset_or_loopback(url: str | None) -> bool:
    try:
        return url is None or is_loopback(urlsplit(url).hostname or "")
    except ValueError:  # no URL at all, which is noted elsewhere
        return False


def _public_url(env: Environ, host: str) -> str | None:
    name, example = "OFFHOOK_PUBLIC_URL", "https://phone.example.com"
    before = len(env.problems)
    url = env.url(name, ("https", "http"), path=False, example=example)
    if url is None:
        if len(env.problems) == before and not is_loopback(host):
            env.wrong(
                name,
                f"is needed when OFFHOOK_HOST ({host}) is not loopback, because Twilio's"
                f" signatures are checked against it; give the origin Twilio calls, like {example}",
            )
        return None
    if url.startswith("http:") and not _unset_or_loopback(url):
        env.wrong(name, f"http:// is for loopback only; give an https:// one like {example}")
    return url


def _twilio(env: Environ, *, local: bool) -> TwilioSettings:
    account_sid = _sid(env, "TWILIO_ACCOUNT_SID", "AC")
    api_key, api_secret = _sid(env, "TWILIO_API_KEY", "SK"), env.given("TWILIO_API_SECRET")
    if env.given("TWILIO_API_KEY") and not api_secret:
        env.wrong("TWILIO_API_SECRET", "is missing beside TWILIO_API_KEY; set both or neither")
    if api_secret and not env.given("TWILIO_API_KEY"):
        env.wrong("TWILIO_API_KEY", "is missing beside TWILIO_API_SECRET; set both or neither")
    listed = (each.strip() for each in (env.given("TWILIO_AUTH_TOKEN") or "").split(","))
    tokens = tuple(each for each in listed if each and each != DEVELOPMENT_AUTH_TOKEN)
    if not tokens and not local:
        env.wrong(
            "TWILIO_AUTH_TOKEN",
            "is needed when others than this machine can call; set the auth token of the Twilio"
            " account, or leave OFFHOOK_HOST and OFFHOOK_PUBLIC_URL on loopback",
        )
    api_url = env.url(
        "OFFHOOK_TWILIO_API_URL", ("https", "http"), path=True, example="https://api.twilio.com"
    )
    return TwilioSettings(
        account_sid=account_sid,
        auth_tokens=tokens or (DEVELOPMENT_AUTH_TOKEN,),
        api_key=api_key,
        api_secret=api_secret,
        api_url=api_url or "https://api.twilio.com",
        development=not tokens,
    )


def _sid(env: Environ, name: str, prefix: str) -> str | None:
    value = env.given(name)
    if value and not re.fullmatch(f"{prefix}[0-9a-fA-F]{{32}}", value):
        env.wrong(
            name,
            f"is not of Twilio's form; give {prefix} and 32 hexadecimal digits, as the console"
            " shows it",
        )
        return None
    return value


def _state_dir(env: Environ) -> Path:
    name = "OFFHOOK_STATE_DIR"
    value = env.given(name)
    try:
        path = expand(value) if value else _platform_data(env) / "offhook"
    except RuntimeError:  # pathlib: no home directory can be found
        env.wrong(name, "there is no home directory to keep files in; name a directory")
        return Path("offhook")
    if path.exists() and not path.is_dir():
        env.wrong(name, f"{path} is not a directory; name one, it is made if it is missing")
    return path


def _platform_data(env: Environ) -> Path:
    """Windows: LOCALAPPDATA. macOS: Application Support. Else the XDG base directory for data."""
    if sys.platform == "win32":
        return Path(env.given("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(env.given("XDG_DATA_HOME") or Path.home() / ".local" / "share")

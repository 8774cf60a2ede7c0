"""Where calls and agents are kept, what they cost, and who is told of them."""

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path

from bridge.settings.environ import Environ

SECRET_PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)  # Standard Webhooks, "Signature scheme"
_DATABASES = ("postgresql://", "postgres://", "postgresql+asyncpg://", "sqlite+aiosqlite:///")


@dataclass(frozen=True)
class WebhookSettings:
    """Where events of calls are sent, and the secret that signs them (``whsec_…``)."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class StoreSettings:
    """``database_url`` None: SQLite in the state directory. ``prices`` None: the table that comes
    along. ``lookup_private``: an agent's look-up may ask private addresses. ``functions``: modules
    that an agent of the store may name functions of, with all that is inside them."""

    database_url: str | None = field(default=None, repr=False)
    webhook: WebhookSettings | None = None
    prices: Path | None = None
    lookup_private: bool = False
    functions: tuple[str, ...] = ()

    def describe(self) -> str:
        kind = (self.database_url or "sqlite").split(":", 1)[0].split("+")[0]
        return "PostgreSQL" if kind.startswith("postgres") else "SQLite"


def store_settings(env: Environ) -> StoreSettings:
    return StoreSettings(
        database_url=_database_url(env),
        webhook=_webhook(env),
        prices=env.file("OFFHOOK_PRICES", "a price table in YAML"),
        lookup_private=env.choice("OFFHOOK_LOOKUP_PRIVATE", ("false", "true")) == "true",
        functions=_functions(env),
    )


def _functions(env: Environ) -> tuple[str, ...]:
    name = "OFFHOOK_FUNCTIONS"
    listed = (each.strip() for each in (env.given(name) or "").split(","))
    modules = tuple(each for each in listed if each)
    for each in modules:
        if not all(part.isidentifier() for part in each.split(".")):
            env.wrong(name, f"{each!r} is not a module's name; give names such as shop.orders")
    return modules


def _database_url(env: Environ) -> str | None:
    name = "OFFHOOK_DATABASE_URL"
    value = env.given(name)
    if value is not None and not value.startswith(_DATABASES):
        # Never the URL itself: it holds a password.
        env.wrong(
            name,
            "is not a database's URL that can be used; give one like"
            " postgresql://USER:PASSWORD@HOST/NAME, or leave it empty for SQLite",
        )
        return None
    return value


def _webhook(env: Environ) -> WebhookSettings | None:
    url_name, secret_name = "OFFHOOK_WEBHOOK_URL", "OFFHOOK_WEBHOOK_SECRET"
    url = env.url(url_name, ("https", "http"), path=True, example="https://example.com/calls")
    secret = env.given(secret_name)
    if secret is not None and not _signs(secret):
        env.wrong(
            secret_name,
            f"is not of the form of Standard Webhooks; give {SECRET_PREFIX} and 24 to 64 random"
            " bytes in base64",
        )
        return None
    if (url is None) != (secret is None):
        if env.given(url_name) is None:
            env.wrong(url_name, f"is missing beside {secret_name}; set both or neither")
        elif secret is None:
            env.wrong(secret_name, f"is missing beside {url_name}; set both or neither")
    return WebhookSettings(url, secret) if url and secret else None


def _signs(secret: str) -> bool:
    if not secret.startswith(SECRET_PREFIX):
        return False
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        return False
    return len(key) in SECRET_BYTES

"""Every environment variable there is: the one source of ``deploy/env.example`` and of the
table in the README.

``python -m bridge.settings env`` prints the first, ``… readme`` the second.
"""

import textwrap
from dataclasses import dataclass

from bridge.settings.limits import LIMITS


@dataclass(frozen=True)
class Variable:
    """``default`` is what is meant where it is not set, as text; empty: nothing."""

    name: str
    default: str
    meaning: str
    secret: bool = False
    group: str = ""


def _group(title: str, *rows: tuple[str, str, str] | tuple[str, str, str, bool]) -> list[Variable]:
    return [Variable(*row[:3], secret=len(row) == 4, group=title) for row in rows]


VARIABLES: tuple[Variable, ...] = (
    *_group(
        "Where it listens",
        ("OFFHOOK_HOST", "127.0.0.1", "Address `serve` listens on; the flag `--host` wins."),
        ("OFFHOOK_PORT", "8080", "Port `serve` listens on; the flag `--port` wins."),
        (
            "OFFHOOK_PUBLIC_URL",
            "",
            "The origin Twilio calls and signs, such as https://phone.example.com; needed as soon"
            " as the host is not loopback. http:// only for loopback.",
        ),
    ),
    *_group(
        "The agent",
        ("OFFHOOK_AGENT", "", "The agent's YAML file; without one a plain assistant answers."),
        (
            "OFFHOOK_STATE_DIR",
            "~/.local/share/offhook",
            "Where files are kept (the default is the platform's own place for data).",
        ),
    ),
    *_group(
        "Twilio",
        (
            "TWILIO_ACCOUNT_SID",
            "",
            "The account (AC…) calls must come from; without it the account is not compared.",
        ),
        (
            "TWILIO_AUTH_TOKEN",
            "",
            "Auth token that signs Twilio's requests; several, separated by commas, while one is"
            " rotated. Without one: loopback only, with a development token.",
            True,
        ),
        ("TWILIO_API_KEY", "", "API key (SK…) for Twilio's REST API, in place of the auth token."),
        ("TWILIO_API_SECRET", "", "Secret of that API key.", True),
        (
            "OFFHOOK_TWILIO_API_URL",
            "https://api.twilio.com",
            "Base of Twilio's REST API; for tests and the simulator.",
        ),
    ),
    *_group(
        "The model",
        (
            "OFFHOOK_MODEL_PROVIDER",
            "",
            "azure, openai or local; by default the one that is configured, and local where none"
            " is. Needed when two are configured.",
        ),
        (
            "AZURE_OPENAI_ENDPOINT",
            "",
            "The resource's origin, such as https://NAME.openai.azure.com.",
        ),
        ("AZURE_OPENAI_DEPLOYMENT_NAME", "", "Name of the deployment of a realtime model."),
        (
            "OPENAI_API_VERSION",
            "",
            "Azure's API version: empty for GA, or a preview such as 2025-04-01-preview.",
        ),
        ("AZURE_OPENAI_API_KEY", "", "The resource's key; not needed with Entra ID.", True),
        (
            "OFFHOOK_AZURE_AUTH",
            "auto",
            "key, entra, or auto: the key if it is set, else Entra ID.",
        ),
        (
            "OFFHOOK_AZURE_SCOPE",
            "",
            "Scope of the Entra ID token; empty: https://ai.azure.com/.default for GA,"
            " https://cognitiveservices.azure.com/.default for a preview.",
        ),
        ("OPENAI_API_KEY", "", "OpenAI's key.", True),
        ("OPENAI_BASE_URL", "https://api.openai.com/v1", "Base of OpenAI's API."),
        ("OFFHOOK_MODEL", "gpt-realtime-2.1", "OpenAI's realtime model."),
        (
            "OFFHOOK_LOCAL_REPLIES",
            "",
            "A YAML file of patterns that the local model answers by; without one it answers by"
            " itself.",
        ),
    ),
    *_group(
        "What is kept",
        (
            "OFFHOOK_DATABASE_URL",
            "",
            "A PostgreSQL database, postgresql://USER:PASSWORD@HOST/NAME; without one SQLite in"
            " the state directory.",
            True,
        ),
        (
            "OFFHOOK_PRICES",
            "",
            "A YAML file with the prices of models and minutes; without one the table that comes"
            " along.",
        ),
        (
            "OFFHOOK_LOOKUP_PRIVATE",
            "false",
            "true: the look-up of an agent may ask private addresses, such as a server beside this"
            " one.",
        ),
        (
            "OFFHOOK_FUNCTIONS",
            "",
            "Modules, separated by commas, whose functions agents of the store may name; shop"
            " allows shop and all inside it. Functions of installed entry points always may.",
        ),
        (
            "OFFHOOK_WEBHOOK_URL",
            "",
            "Where events of calls are sent, signed as Standard Webhooks says.",
        ),
        (
            "OFFHOOK_WEBHOOK_SECRET",
            "",
            "What signs them: whsec_ and 24 to 64 random bytes in base64.",
            True,
        ),
    ),
    *_group(
        "The log",
        ("OFFHOOK_LOG_LEVEL", "info", "debug, info, warning or error."),
        ("OFFHOOK_LOG_FORMAT", "text", "text, or json: one object a line."),
    ),
    *_group(
        "Time-outs and bounds",
        *((each.variable, f"{each.default:g}", each.range.meaning) for each in LIMITS),
    ),
)


def env_example() -> str:
    """The text of ``deploy/env.example``: every variable at its default, commented out."""
    lines = [
        "# Settings of offhook, all of them. Take the # away and fill in what you need.",
        "# The format is that of docker's --env-file and of systemd's EnvironmentFile: NAME=value,",
        "# without quotes and without a comment behind the value. It holds secrets: chmod 600.",
    ]
    group = ""
    for each in VARIABLES:
        if each.group != group:
            group = each.group
            lines += ["", f"# ---- {group} ".ljust(78, "-")]
        meaning = each.meaning.replace("`", "") + (" Secret." if each.secret else "")
        lines += ["", *textwrap.wrap(meaning, 98, initial_indent="# ", subsequent_indent="# ")]
        lines.append(f"#{each.name}={each.default}")
    return "\n".join(lines) + "\n"


def readme_rows() -> list[str]:
    """The rows of the README's settings table."""
    return [
        f"| `{each.name}` | {f'`{each.default}`' if each.default else ''} | {each.meaning} |"
        for each in VARIABLES
    ]

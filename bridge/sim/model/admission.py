"""Who may open a session, in which dialect, and how the two services say no.

Azure answers the upgrade itself; OpenAI upgrades first, then sends an error and closes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from bridge.sim.model.dialect import GA, PREVIEW, PREVIEW_2024_10, Dialect
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.refusal import Refusal

FIRST_PREVIEW = "2024-10-01-preview"
UNAUTHENTICATED, BAD_REQUEST = 3000, 4000  # close codes
KEY_PROTOCOL = "openai-insecure-api-key."  # how a browser passes its key
_PREVIEW_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}-preview")
_BEARER = "Bearer "


@dataclass(frozen=True)
class Knock:
    """An upgrade request. Header names are in lower case."""

    target: str  # path and query
    headers: Mapping[str, str]
    subprotocols: Sequence[str] = ()

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def query(self, name: str) -> str:
        return parse_qs(urlsplit(self.target).query).get(name, [""])[0]

    @property
    def credential(self) -> str:
        """An Azure key, an OpenAI key or a token; empty: none."""
        bearer = self.headers.get("authorization", "")
        offered = [p.removeprefix(KEY_PROTOCOL) for p in self.subprotocols if KEY_PROTOCOL in p]
        return (
            self.headers.get("api-key", "")
            or self.query("api-key")
            or (bearer.removeprefix(_BEARER).strip() if bearer.startswith(_BEARER) else "")
            or next(iter(offered), "")
        )


@dataclass(frozen=True)
class Admitted:
    dialect: Dialect
    model: str
    azure: bool


@dataclass(frozen=True)
class Rejected:
    """No upgrade: an HTTP status and Azure's error body."""

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class TurnedAway:
    """Upgraded, then one ``error`` event and this close code."""

    refusal: Refusal
    close_code: int

    @property
    def reason(self) -> str:
        code = self.refusal.code
        return self.refusal.type if code is None else f"{self.refusal.type}.{code}"


Admission = Admitted | Rejected | TurnedAway


def admit(knock: Knock, profile: ModelProfile) -> Admission:
    """The path and the query choose the service and the dialect."""
    match knock.path:
        case "/v1/realtime":
            return _openai(knock, profile)
        case "/openai/v1/realtime":
            return _azure(knock, profile)
        case "/openai/realtime":
            return _azure_preview(knock, profile)
        case _:
            return Rejected(404, "404", "Resource not found")


def _openai(knock: Knock, profile: ModelProfile) -> Admission:
    def away(code: str | None, message: str, close_code: int = BAD_REQUEST) -> TurnedAway:
        return TurnedAway(Refusal(code, message), close_code)

    if not knock.credential:
        return away(None, "Missing bearer authentication in header.", UNAUTHENTICATED)
    if not _known(knock.credential, profile.api_keys):
        return away("invalid_api_key", "Incorrect API key provided.", UNAUTHENTICATED)
    if "openai-beta" in knock.headers:
        message = "The Realtime Beta API is no longer supported. Please use the GA API."
        return away("beta_api_shape_disabled", message)
    if knock.query("intent"):
        # A session that only transcribes is another kind of session; it is not simulated.
        return away("invalid_intent", f"Unsupported intent '{knock.query('intent')}'.")
    model = knock.query("model")
    if not model:
        return away("missing_model", "You must provide a model parameter.")
    if not _known(model, profile.model_names):
        return away("invalid_model", f"Model '{model}' is not supported in realtime mode.")
    return Admitted(GA, model, azure=False)


def _azure(knock: Knock, profile: ModelProfile) -> Admission:
    if knock.query("api-version"):
        return Rejected(401, "401", "api-version is not allowed on the v1 path.")
    return _deployed(knock, profile, knock.query("model"), GA)


def _azure_preview(knock: Knock, profile: ModelProfile) -> Admission:
    version = knock.query("api-version")
    if not _PREVIEW_VERSION.fullmatch(version):
        return Rejected(404, "404", "Resource not found")
    dialect = PREVIEW_2024_10 if version == FIRST_PREVIEW else PREVIEW
    return _deployed(knock, profile, knock.query("deployment"), dialect)


def _deployed(knock: Knock, profile: ModelProfile, name: str, dialect: Dialect) -> Admission:
    if not _known(knock.credential, profile.api_keys):
        message = "Access denied due to invalid subscription key or wrong API endpoint."
        return Rejected(401, "401", message)
    if not _known(name, profile.deployments):
        message = "The API deployment for this resource does not exist."
        return Rejected(404, "DeploymentNotFound", message)
    if profile.throttled:
        return Rejected(429, "429", "Requests have exceeded the rate limit of this deployment.")
    return Admitted(dialect, name, azure=True)


def _known(name: str, names: frozenset[str] | None) -> bool:
    return bool(name) and (names is None or name in names)

"""Who gets in, in which dialect, and how each service says no."""

import pytest

from bridge.sim.model.admission import Admitted, Knock, Rejected, TurnedAway, admit
from bridge.sim.model.dialect import GA, PREVIEW, PREVIEW_2024_10, Dialect
from bridge.sim.model.profile import ModelProfile

KEY = {"api-key": "k"}
BEARER = {"authorization": "Bearer k"}
STRICT = ModelProfile(
    api_keys=frozenset({"k"}),
    model_names=frozenset({"gpt-realtime"}),
    deployments=frozenset({"phone"}),
)
PREVIEW_TARGET = "/openai/realtime?api-version=2025-04-01-preview&deployment=phone"


@pytest.mark.parametrize(
    ("target", "headers", "dialect", "azure"),
    [
        ("/v1/realtime?model=gpt-realtime", BEARER, GA, False),
        ("/openai/v1/realtime?model=phone", KEY, GA, True),
        ("/openai/v1/realtime?model=phone", BEARER, GA, True),
        ("/openai/v1/realtime?model=phone&api-key=k", {}, GA, True),
        (PREVIEW_TARGET, KEY, PREVIEW, True),
        (PREVIEW_TARGET, KEY | {"openai-beta": "realtime=v1"}, PREVIEW, True),
        (PREVIEW_TARGET.replace("2025-04-01", "2024-10-01"), KEY, PREVIEW_2024_10, True),
        (PREVIEW_TARGET.replace("2025-04-01", "2024-12-17"), KEY, PREVIEW, True),
    ],
)
def test_path_and_query_choose_the_dialect(
    target: str, headers: dict[str, str], dialect: Dialect, azure: bool
) -> None:
    admission = admit(Knock(target, headers), STRICT)
    assert isinstance(admission, Admitted)
    assert (admission.dialect, admission.azure) == (dialect, azure)
    assert admission.model in ("phone", "gpt-realtime")


def test_a_browser_passes_its_key_as_a_subprotocol() -> None:
    offered = ("realtime", "openai-insecure-api-key.k")
    assert isinstance(
        admit(Knock("/v1/realtime?model=gpt-realtime", {}, offered), STRICT), Admitted
    )


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/openai/v1/realtime?model=phone", {}, 401),
        ("/openai/v1/realtime?model=phone", {"api-key": "wrong"}, 401),
        ("/openai/v1/realtime?model=phone&api-version=2025-04-01-preview", KEY, 401),
        ("/openai/v1/realtime?model=other", KEY, 404),
        ("/openai/v1/realtime", KEY, 404),
        (PREVIEW_TARGET.replace("phone", "other"), KEY, 404),
        ("/openai/realtime?deployment=phone", KEY, 404),
        ("/openai/realtime?deployment=phone&api-version=2024-10-21", KEY, 404),
        (PREVIEW_TARGET, {}, 401),
        ("/other", KEY, 404),
    ],
)
def test_azure_says_no_to_the_upgrade(target: str, headers: dict[str, str], status: int) -> None:
    admission = admit(Knock(target, headers), STRICT)
    assert isinstance(admission, Rejected)
    assert admission.status == status


def test_a_throttled_deployment_says_429() -> None:
    admission = admit(Knock(PREVIEW_TARGET, KEY), ModelProfile(throttled=True))
    assert isinstance(admission, Rejected) and admission.status == 429


@pytest.mark.parametrize(
    ("target", "headers", "close_code", "reason"),
    [
        ("/v1/realtime?model=gpt-realtime", {}, 3000, "invalid_request_error"),
        (
            "/v1/realtime?model=gpt-realtime",
            {"authorization": "Bearer wrong"},
            3000,
            "invalid_request_error.invalid_api_key",
        ),
        ("/v1/realtime?model=other", BEARER, 4000, "invalid_request_error.invalid_model"),
        ("/v1/realtime", BEARER, 4000, "invalid_request_error.missing_model"),
        (
            "/v1/realtime?model=gpt-realtime",
            BEARER | {"openai-beta": "realtime=v1"},
            4000,
            "invalid_request_error.beta_api_shape_disabled",
        ),
        (
            "/v1/realtime?intent=transcription",
            BEARER,
            4000,
            "invalid_request_error.invalid_intent",
        ),
    ],
)
def test_openai_upgrades_and_closes(
    target: str, headers: dict[str, str], close_code: int, reason: str
) -> None:
    admission = admit(Knock(target, headers), STRICT)
    assert isinstance(admission, TurnedAway)
    assert (admission.close_code, admission.reason) == (close_code, reason)


def test_any_key_will_do_where_none_is_named_but_not_none_at_all() -> None:
    target = "/openai/v1/realtime?model=anything"
    assert isinstance(admit(Knock(target, {"api-key": "x"}), ModelProfile()), Admitted)
    assert isinstance(admit(Knock(target, {}), ModelProfile()), Rejected)

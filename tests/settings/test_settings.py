import contextlib
import re
from collections import UserDict
from pathlib import Path

import pytest

from bridge.settings import (
    DEVELOPMENT_AUTH_TOKEN,
    AzureSettings,
    Limits,
    LocalSettings,
    OpenAISettings,
    Settings,
    SettingsError,
    WebhookSettings,
)
from bridge.settings.limits import LIMITS, Limit
from bridge.settings.variables import VARIABLES, env_example, readme_rows

ACCOUNT = "AC" + "0123456789abcdef" * 2
API_KEY = "SK" + "0123456789abcdef" * 2
AZURE = {
    "AZURE_OPENAI_ENDPOINT": "https://unit.openai.azure.com/",
    "AZURE_OPENAI_DEPLOYMENT_NAME": "voice",
}
PUBLIC = {"OFFHOOK_PUBLIC_URL": "https://phone.example.com", "TWILIO_AUTH_TOKEN": "first-token"}
SECRETS = {
    "TWILIO_AUTH_TOKEN": "first-token,second-token",
    "TWILIO_API_KEY": API_KEY,
    "TWILIO_API_SECRET": "twilio-secret",
    "AZURE_OPENAI_API_KEY": "azure-key",
    "OFFHOOK_DATABASE_URL": "postgresql://offhook:database-password@db/offhook",
    "OFFHOOK_WEBHOOK_SECRET": "whsec_" + "d2ViaG9vay1zZWNyZXQtb2YtMjQtYnl0ZXM=",
}
WEBHOOK = {"OFFHOOK_WEBHOOK_URL": "https://example.com/calls"}


def problems(**environ: str) -> dict[str, str]:
    """The problems by variable; none: the settings were accepted."""
    try:
        Settings.from_env(environ)
    except SettingsError as error:
        return dict(problem.split(": ", 1) for problem in error.problems)
    return {}


def azure(**environ: str) -> AzureSettings:
    model = Settings.from_env(AZURE | environ).model
    assert isinstance(model, AzureSettings)
    return model


def test_nothing_set_is_a_local_program_that_says_so() -> None:
    settings = Settings.from_env({})
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8080, None)
    assert settings.agent_path is None
    assert settings.model == LocalSettings()
    assert settings.limits == Limits()
    assert settings.twilio.auth_tokens == (DEVELOPMENT_AUTH_TOKEN,)
    assert settings.twilio.development
    assert [warning.split()[0] for warning in settings.warnings] == ["No", "TWILIO_AUTH_TOKEN"]


def test_a_chosen_local_model_is_no_reason_to_warn() -> None:
    settings = Settings.from_env({"OFFHOOK_MODEL_PROVIDER": "local", "TWILIO_AUTH_TOKEN": "t"})
    assert settings.warnings == ()


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert Settings.from_env(dict.fromkeys((v.name for v in VARIABLES), " ")) == Settings.from_env(
        {}
    )


def test_every_problem_is_in_one_message_with_its_variable_and_its_mend() -> None:
    wrong = {
        "OFFHOOK_HOST": "0.0.0.0",
        "OFFHOOK_PORT": "80 80",
        "OFFHOOK_AGENT": "/no/such/agent.yaml",
        "TWILIO_ACCOUNT_SID": "ACx",
        "TWILIO_API_KEY": API_KEY,
        "AZURE_OPENAI_ENDPOINT": "unit.openai.azure.com",
        "OPENAI_API_VERSION": "2024-10-21",
        "OFFHOOK_AZURE_AUTH": "key",
        "OFFHOOK_MAX_CALLS": "many",
        "OFFHOOK_LOG_LEVEL": "loud",
    }
    found = problems(**wrong)
    assert set(found) == {
        "OFFHOOK_PORT",
        "OFFHOOK_PUBLIC_URL",
        "OFFHOOK_AGENT",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_API_SECRET",
        "TWILIO_AUTH_TOKEN",
        "AZURE_OPENAI_ENDPOINT",
        "AZURE_OPENAI_DEPLOYMENT_NAME",
        "AZURE_OPENAI_API_KEY",
        "OPENAI_API_VERSION",
        "OFFHOOK_MAX_CALLS",
        "OFFHOOK_LOG_LEVEL",
    }
    assert all("; " in problem for problem in found.values())
    with pytest.raises(SettingsError, match="12 settings are wrong"):
        Settings.from_env(wrong)


@pytest.mark.parametrize("port", ["-1", "65536", "8080.0", "٣", "http"])
def test_a_port_is_a_number_up_to_65535(port: str) -> None:
    assert "OFFHOOK_PORT" in problems(OFFHOOK_PORT=port)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("phone.example.com", "does not begin with"),
        ("wss://phone.example.com", "does not begin with"),
        ("https://", "names no host"),
        ("https://phone.example.com/twilio", "only the origin"),
        ("https://phone.example.com?a=b", "behind a ?"),
        ("https://phone.example.com#a", "behind a ?"),
        ("https://user:pw@phone.example.com", "user name"),
        ("https://phone.example.com:70000", "is not a URL"),
        ("https://[::1", "is not a URL"),
        ("http://phone.example.com", "loopback only"),
    ],
)
def test_a_public_url_is_an_origin_that_is_safe(url: str, told: str) -> None:
    found = problems(OFFHOOK_PUBLIC_URL=url, TWILIO_AUTH_TOKEN="t")
    assert told in found["OFFHOOK_PUBLIC_URL"]
    assert "pw" not in found["OFFHOOK_PUBLIC_URL"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_plain_http_is_for_loopback(host: str) -> None:
    settings = Settings.from_env({"OFFHOOK_PUBLIC_URL": f"http://{host}:8080/"})
    assert settings.public_url == f"http://{host}:8080"
    assert settings.twilio.development


def test_the_origin_is_the_public_one_else_where_it_listens() -> None:
    assert Settings.from_env(PUBLIC).origin(4000) == "https://phone.example.com"
    assert Settings.from_env({"OFFHOOK_PORT": "0"}).origin(4000) == "http://127.0.0.1:4000"
    assert Settings.from_env({"OFFHOOK_HOST": "::1"}).origin() == "http://[::1]:8080"


@pytest.mark.parametrize(
    "reachable",
    [
        {"OFFHOOK_HOST": "0.0.0.0", "OFFHOOK_PUBLIC_URL": "https://phone.example.com"},
        {"OFFHOOK_PUBLIC_URL": "https://phone.example.com"},
        {"OFFHOOK_HOST": "192.0.2.1", "OFFHOOK_PUBLIC_URL": "http://127.0.0.1"},
    ],
)
def test_a_program_others_can_reach_needs_a_token_that_is_not_public_knowledge(
    reachable: dict[str, str],
) -> None:
    assert set(problems(**reachable)) == {"TWILIO_AUTH_TOKEN"}
    known = {"TWILIO_AUTH_TOKEN": f" , {DEVELOPMENT_AUTH_TOKEN}"}
    assert set(problems(**reachable, **known)) == {"TWILIO_AUTH_TOKEN"}
    assert problems(**reachable, TWILIO_AUTH_TOKEN="first-token") == {}


def test_several_tokens_are_valid_while_one_is_rotated() -> None:
    twilio = Settings.from_env({"TWILIO_AUTH_TOKEN": "new-token, old-token,"}).twilio
    assert twilio.auth_tokens == ("new-token", "old-token")
    assert not twilio.development


def test_twilio_key_and_secret_come_together() -> None:
    assert set(problems(TWILIO_API_KEY=API_KEY)) == {"TWILIO_API_SECRET"}
    assert set(problems(TWILIO_API_SECRET="s")) == {"TWILIO_API_KEY"}
    assert set(problems(TWILIO_API_KEY="SK1", TWILIO_API_SECRET="s")) == {"TWILIO_API_KEY"}
    twilio = Settings.from_env({"TWILIO_API_KEY": API_KEY, "TWILIO_API_SECRET": "s"}).twilio
    assert (twilio.api_key, twilio.api_secret) == (API_KEY, "s")


def test_two_models_and_none_chosen_is_an_error_that_says_so() -> None:
    both = AZURE | {"OPENAI_API_KEY": "openai-key"}
    assert "two models are configured" in problems(**both)["OFFHOOK_MODEL_PROVIDER"]
    chosen = Settings.from_env(both | {"OFFHOOK_MODEL_PROVIDER": "openai"})
    assert isinstance(chosen.model, OpenAISettings)


def test_a_provider_nobody_knows_is_an_error() -> None:
    assert (
        "azure or openai or local" in problems(OFFHOOK_MODEL_PROVIDER="x")["OFFHOOK_MODEL_PROVIDER"]
    )


def test_openai_has_its_defaults_and_a_websocket_url() -> None:
    model = Settings.from_env({"OPENAI_API_KEY": "openai-key"}).model
    assert model == OpenAISettings("openai-key", "wss://api.openai.com/v1", "gpt-realtime-2.1")
    here = {
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1/",
        "OFFHOOK_MODEL": "m",
    }
    assert Settings.from_env(here).model == OpenAISettings("k", "ws://127.0.0.1:9/v1", "m")


def test_openai_without_a_key_is_an_error() -> None:
    assert set(problems(OPENAI_BASE_URL="https://api.example.com/v1")) == {"OPENAI_API_KEY"}


@pytest.mark.parametrize("scheme", ["https", "wss"])
def test_an_azure_endpoint_becomes_a_websocket_origin(scheme: str) -> None:
    endpoint = f"{scheme}://unit.openai.azure.com/"
    assert azure(AZURE_OPENAI_ENDPOINT=endpoint).endpoint == "wss://unit.openai.azure.com"


def test_a_plain_azure_endpoint_elsewhere_is_warned_of() -> None:
    there = Settings.from_env(AZURE | {"AZURE_OPENAI_ENDPOINT": "http://model.example.com"})
    here = Settings.from_env(AZURE | {"AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9"})
    assert any("not encrypted" in warning for warning in there.warnings)
    assert not any("not encrypted" in warning for warning in here.warnings)


def test_a_model_named_beside_an_azure_deployment_is_warned_of() -> None:
    assert any(
        "OFFHOOK_MODEL has no effect" in warning
        for warning in Settings.from_env(AZURE | {"OFFHOOK_MODEL": "m"}).warnings
    )
    assert not any("OFFHOOK_MODEL" in warning for warning in Settings.from_env(AZURE).warnings)


def test_an_azure_endpoint_with_its_path_pasted_along_is_an_error() -> None:
    pasted = "https://unit.openai.azure.com/openai/realtime"
    assert (
        "only the origin"
        in problems(**AZURE | {"AZURE_OPENAI_ENDPOINT": pasted})["AZURE_OPENAI_ENDPOINT"]
    )


@pytest.mark.parametrize(
    ("given", "key", "auth"),
    [
        ({}, None, "entra"),
        ({"AZURE_OPENAI_API_KEY": "azure-key"}, "azure-key", "key"),
        ({"AZURE_OPENAI_API_KEY": "azure-key", "OFFHOOK_AZURE_AUTH": "Entra"}, None, "entra"),
        ({"AZURE_OPENAI_API_KEY": "azure-key", "OFFHOOK_AZURE_AUTH": "key"}, "azure-key", "key"),
    ],
)
def test_the_azure_proof_is_decided_and_said(
    given: dict[str, str], key: str | None, auth: str
) -> None:
    model = azure(**given)
    assert (model.api_key, model.auth) == (key, auth)
    assert ("Entra ID" if auth == "entra" else "the key") in model.describe()


@pytest.mark.parametrize(
    ("version", "read", "scope"),
    [
        ("", "", "https://ai.azure.com/.default"),
        ("v1", "", "https://ai.azure.com/.default"),
        (
            "2024-10-01-preview",
            "2024-10-01-preview",
            "https://cognitiveservices.azure.com/.default",
        ),
    ],
)
def test_the_scope_follows_the_api_version(version: str, read: str, scope: str) -> None:
    model = azure(OPENAI_API_VERSION=version)
    assert (model.api_version, model.scope) == (read, scope)
    assert azure(OPENAI_API_VERSION=version, OFFHOOK_AZURE_SCOPE="api://x").scope == "api://x"


@pytest.mark.parametrize("version", ["2024-10-21", "preview", "-preview", "v2"])
def test_an_api_version_without_a_realtime_api_is_an_error(version: str) -> None:
    assert set(problems(**AZURE, OPENAI_API_VERSION=version)) == {"OPENAI_API_VERSION"}


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: str(limit.variable))
def test_each_limit_is_a_setting_with_a_checked_range(limit: Limit) -> None:
    name, allowed = limit.variable, limit.range
    for value in (allowed.low, allowed.high):
        settings = Settings.from_env({name: f"{value:.10g}"})
        assert getattr(settings.limits, limit.field) == value
    for bad in (f"{allowed.high + allowed.step:.10g}", "-1", "nan", "1e1", "1_0", "x"):
        assert set(problems(**{name: bad})) == {name}


def test_limits_in_whole_units_stay_whole() -> None:
    assert set(problems(OFFHOOK_MAX_CALLS="1.5")) == {"OFFHOOK_MAX_CALLS"}
    assert set(problems(OFFHOOK_MARK_INTERVAL_MS="110")) == {"OFFHOOK_MARK_INTERVAL_MS"}
    assert Settings.from_env({"OFFHOOK_SEND_TIMEOUT_S": "2.5"}).limits.send_timeout_s == 2.5


def test_files_are_kept_where_the_environment_says(tmp_path: Path) -> None:
    agent = tmp_path / "agent.yaml"
    agent.write_text("name: x")
    given = {"OFFHOOK_AGENT": str(agent), "OFFHOOK_STATE_DIR": str(tmp_path / "state")}
    settings = Settings.from_env(given)
    assert (settings.agent_path, settings.state_dir) == (agent, tmp_path / "state")
    assert Settings.from_env({"XDG_DATA_HOME": str(tmp_path)}).state_dir == tmp_path / "offhook"
    assert set(problems(OFFHOOK_STATE_DIR=str(agent))) == {"OFFHOOK_STATE_DIR"}


def test_the_local_model_is_told_its_replies_and_no_other_model_is(tmp_path: Path) -> None:
    replies = tmp_path / "replies.yaml"
    replies.write_text("rules: []")
    given = {"OFFHOOK_LOCAL_REPLIES": str(replies)}
    assert Settings.from_env(given).model == LocalSettings(replies)
    assert str(replies) in LocalSettings(replies).describe()
    assert any(
        "OFFHOOK_LOCAL_REPLIES has no effect" in each
        for each in (Settings.from_env(given | AZURE).warnings)
    )
    assert set(problems(OFFHOOK_LOCAL_REPLIES="/no/such.yaml")) == {"OFFHOOK_LOCAL_REPLIES"}


def test_a_misspelt_variable_is_told_with_the_nearest_name() -> None:
    settings = Settings.from_env({"OFFHOOK_PUBLIC_ULR": "x", "UNRELATED": "x"})
    assert "OFFHOOK_PUBLIC_ULR is not a setting: did you mean OFFHOOK_PUBLIC_URL?" in (
        settings.warnings
    )
    assert not any("UNRELATED" in warning for warning in settings.warnings)


def test_no_secret_is_shown_anywhere() -> None:
    settings = Settings.from_env(PUBLIC | AZURE | SECRETS | WEBHOOK)
    openai = Settings.from_env(PUBLIC | {"OPENAI_API_KEY": "openai-key"})
    shown = repr(settings) + repr(openai) + "".join(settings.describe() + openai.describe())
    shown += str(problems(**SECRETS, OFFHOOK_PORT="x"))
    told = (*settings.secrets(), *openai.secrets())
    words = ("first-token", "second-token", "twilio-secret", "azure-key", "openai-key")
    for secret in (*words, "database-password", SECRETS["OFFHOOK_WEBHOOK_SECRET"]):
        assert secret in told
        assert secret not in shown


def test_a_database_that_cannot_be_used_is_an_error_without_its_password() -> None:
    found = problems(OFFHOOK_DATABASE_URL="mysql://offhook:database-password@db/offhook")
    assert "postgresql://" in found["OFFHOOK_DATABASE_URL"]
    assert "database-password" not in found["OFFHOOK_DATABASE_URL"]
    assert Settings.from_env({}).store.describe() == "SQLite"
    there = Settings.from_env({"OFFHOOK_DATABASE_URL": "postgres://u:p@h/d"})
    assert there.store.describe() == "PostgreSQL"
    assert any("PostgreSQL" in line for line in there.describe())


def test_a_webhook_has_a_url_and_a_secret_that_signs() -> None:
    secret = {"OFFHOOK_WEBHOOK_SECRET": SECRETS["OFFHOOK_WEBHOOK_SECRET"]}
    assert set(problems(**WEBHOOK)) == {"OFFHOOK_WEBHOOK_SECRET"}
    assert set(problems(**secret)) == {"OFFHOOK_WEBHOOK_URL"}
    for bad in ("secret", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%"):
        assert set(problems(**WEBHOOK, OFFHOOK_WEBHOOK_SECRET=bad)) == {"OFFHOOK_WEBHOOK_SECRET"}
    store = Settings.from_env(WEBHOOK | secret).store
    assert store.webhook == WebhookSettings(
        "https://example.com/calls", secret["OFFHOOK_WEBHOOK_SECRET"]
    )
    plain = {"OFFHOOK_WEBHOOK_URL": "http://example.com/calls"}
    assert any("not encrypted" in each for each in Settings.from_env(plain | secret).warnings)


def test_what_was_chosen_is_described() -> None:
    given = PUBLIC | AZURE | SECRETS | WEBHOOK | {"TWILIO_ACCOUNT_SID": ACCOUNT}
    told = Settings.from_env(given).describe()
    assert told[0] == "listen: 127.0.0.1:8080, called as https://phone.example.com"
    assert f"account {ACCOUNT}, 2 tokens" in told[3]
    assert told[4] == (
        "model: azure, deployment voice at wss://unit.openai.azure.com, GA, with the key"
    )


def test_from_env_reads_the_variables_of_the_table_and_no_others() -> None:
    asked: set[str] = set()

    class Asked(UserDict[str, str]):
        def __getitem__(self, name: str) -> str:
            asked.add(name)
            return super().__getitem__(name)

        def __contains__(self, name: object) -> bool:
            asked.add(str(name))
            return super().__contains__(name)

    for provider in ("azure", "openai", "local"):
        with contextlib.suppress(SettingsError):
            Settings.from_env(Asked({"OFFHOOK_MODEL_PROVIDER": provider}))
    platform_data = {"XDG_DATA_HOME", "LOCALAPPDATA"}
    assert asked - platform_data == {variable.name for variable in VARIABLES}


def test_secrets_are_marked_in_the_table() -> None:
    marked = {variable.name for variable in VARIABLES if variable.secret}
    assert marked == {*SECRETS, "OPENAI_API_KEY"} - {"TWILIO_API_KEY"}


def test_env_example_is_the_table_of_variables() -> None:
    path = Path(__file__).parents[2] / "deploy" / "env.example"
    assert path.read_text() == env_example()
    assert re.findall(r"^#([A-Z_]+)=(.*)$", env_example(), re.M) == [
        (variable.name, variable.default) for variable in VARIABLES
    ]


def test_the_readme_rows_name_every_variable_once() -> None:
    rows = readme_rows()
    assert [re.match(r"\| `(\w+)` \|", row) is not None for row in rows] == [True] * len(VARIABLES)


def test_the_modules_of_functions_are_listed_with_commas() -> None:
    assert Settings.from_env({}).store.functions == ()
    found = Settings.from_env({"OFFHOOK_FUNCTIONS": "shop, front.desk,"})
    assert found.store.functions == ("shop", "front.desk")
    for wrong in ("shop:find", "shop.*", "./shop", "shop orders"):
        assert "give names such as" in problems(OFFHOOK_FUNCTIONS=wrong)["OFFHOOK_FUNCTIONS"]

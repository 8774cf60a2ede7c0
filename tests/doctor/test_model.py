"""Whether the model lets us in and takes the audio, with each fault planted."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, ClientAuthenticationError
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket

from bridge.cli.loop import run
from bridge.doctor import model
from bridge.doctor.model import AZURE_TOKEN, Verdict
from bridge.sim.model.patterns import PatternMind
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.server import serve
from bridge.sim.voice.scripted import ScriptedVoice
from bridge.transport.entra import EntraCredential
from bridge.transport.model import Endpoint
from bridge.wire.dialect import GA, azure_url
from bridge.wire.session import SessionConfig
from tests.doctor.patient import KEY, answering, response, settings

Env = Mapping[str, str]
HEALTHY = ModelProfile()


def openai(origin: str) -> Env:
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{origin}/v1"}


def azure_ga(origin: str) -> Env:
    return {
        "AZURE_OPENAI_ENDPOINT": origin,
        "AZURE_OPENAI_DEPLOYMENT_NAME": "voice",
        "AZURE_OPENAI_API_KEY": KEY,
    }


def preview(origin: str) -> Env:
    return {**azure_ga(origin), "OPENAI_API_VERSION": "2025-04-01-preview"}


def first_preview(origin: str) -> Env:
    return {**azure_ga(origin), "OPENAI_API_VERSION": "2024-10-01-preview"}


def at(origin: str, tmp_path: Path, env: Callable[[str], Env] = openai, **more: str) -> Verdict:
    return run(model.check(settings(tmp_path, **env(origin), **more)))


@asynccontextmanager
async def simulated(profile: ModelProfile) -> AsyncIterator[str]:
    async with serve(
        "127.0.0.1", 0, voice=ScriptedVoice(), mind_factory=PatternMind, profile=profile
    ) as serving:
        yield serving.http_url


def found(
    tmp_path: Path,
    env: Callable[[str], Env] = openai,
    profile: ModelProfile = HEALTHY,
    agent: str = "",
) -> Verdict:
    """Of a simulated service."""

    async def main() -> Verdict:
        async with simulated(profile) as origin:
            asked = dict(env(origin))
            if agent:
                (tmp_path / "agent.yaml").write_text(agent)
                asked["OFFHOOK_AGENT"] = str(tmp_path / "agent.yaml")
            return await model.check(settings(tmp_path, **asked))

    return run(main())


def states(verdict: Verdict) -> tuple[str, str]:
    return verdict[0].state, verdict[1].state


@pytest.mark.parametrize("audio_format", ["pcm16", "g711_ulaw"])
@pytest.mark.parametrize("env", [openai, azure_ga, preview, first_preview])
def test_a_service_that_is_well_is_good_in_every_dialect_and_format(
    tmp_path: Path, env: Callable[[str], Env], audio_format: str
) -> None:
    agent = f"name: Shop\ninstructions: Hello.\naudio_format: {audio_format}\n"
    credentials, handshake = found(tmp_path, env, agent=agent)
    assert (credentials.state, credentials.told) == ("good", "the key is accepted")
    assert handshake.state == "good" and audio_format in handshake.told


@pytest.mark.parametrize(
    ("env", "variable"),
    [
        (openai, "OPENAI_API_KEY"),
        (azure_ga, "AZURE_OPENAI_API_KEY"),
        (preview, "AZURE_OPENAI_API_KEY"),
    ],
)
def test_a_wrong_key_fails_and_names_its_variable(
    tmp_path: Path, env: Callable[[str], Env], variable: str
) -> None:
    verdict = found(tmp_path, env, ModelProfile(api_keys=frozenset({"another"})))
    assert states(verdict) == ("failed", "skipped")
    assert variable in verdict[0].mend
    assert KEY not in repr(verdict)


@pytest.mark.parametrize("env", [azure_ga, preview])
def test_a_wrong_deployment_is_told_as_that(tmp_path: Path, env: Callable[[str], Env]) -> None:
    verdict = found(tmp_path, env, ModelProfile(deployments=frozenset({"other"})))
    assert states(verdict) == ("skipped", "failed")
    assert "404" in verdict[1].told and "AZURE_OPENAI_DEPLOYMENT_NAME" in verdict[1].mend


def test_a_wrong_model_is_told_as_that(tmp_path: Path) -> None:
    verdict = found(tmp_path, openai, ModelProfile(model_names=frozenset({"other"})))
    assert states(verdict) == ("good", "failed")
    assert "invalid_model" in verdict[1].told and "OFFHOOK_MODEL" in verdict[1].mend


def test_a_throttled_deployment_fails_though_the_key_is_right(tmp_path: Path) -> None:
    verdict = found(tmp_path, azure_ga, ModelProfile(throttled=True))
    assert states(verdict) == ("good", "failed")
    assert "429" in verdict[1].told and "quota" in verdict[1].mend


def test_a_session_update_that_is_refused_fails(tmp_path: Path) -> None:
    agent = "name: Shop\ninstructions: Hello.\nvoice: nobody\n"
    verdict = found(tmp_path, agent=agent)
    assert states(verdict) == ("good", "failed")
    assert "session.update is refused" in verdict[1].told and "nobody" in verdict[1].told


def test_a_broken_agent_does_not_hide_what_the_model_says(tmp_path: Path) -> None:
    assert states(found(tmp_path, agent="name: [")) == ("good", "good")


def test_a_service_that_is_nowhere_is_told_by_its_step(tmp_path: Path) -> None:
    for origin, told in (
        ("http://127.0.0.1:9", "connect: 127.0.0.1"),
        ("https://model.invalid", "DNS: the name model.invalid"),
    ):
        verdict = at(origin, tmp_path)
        assert states(verdict) == ("skipped", "failed")
        assert told in verdict[1].told and "OPENAI_BASE_URL" in verdict[1].mend


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (response(503, "busy"), "with 503"),
        (response(307, "", "Location: https://else.example/"), "redirects (307)"),
        (response(200, "hello"), "with 200"),
        (b"", "no session within 1 s"),
        (b"220 mail.example ESMTP\r\n", "connect: 127.0.0.1"),
    ],
)
def test_what_is_no_realtime_service_fails(tmp_path: Path, answer: bytes, told: str) -> None:
    async def main() -> Verdict:
        async with answering(answer) as address:
            env = {**openai(f"http://{address}"), "OFFHOOK_MODEL_CONNECT_TIMEOUT_S": "1"}
            return await model.check(settings(tmp_path, **env))

    verdict = run(main())
    assert states(verdict) == ("skipped", "failed")
    assert told in verdict[1].told and verdict[1].mend


def spoken(tmp_path: Path, *events: Mapping[str, Any], stays: bool = True) -> Verdict:
    """Of a service that creates a session and then says these, whatever it is told."""

    async def session(socket: ServerConnection) -> None:
        created = {"type": "session.created", "session": {"id": "sess_1"}}
        await socket.send(json.dumps(created))
        await socket.recv()
        for event in events:
            await socket.send(json.dumps(event))
        if stays:
            await socket.wait_closed()

    async def main() -> Verdict:
        async with serve_websocket(session, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            env = {
                **openai(f"http://127.0.0.1:{port}"),
                "OFFHOOK_MODEL_CONNECT_TIMEOUT_S": "1",
            }
            return await model.check(settings(tmp_path, **env))

    return run(main())


def updated(heard_as: object, spoken_as: object) -> Mapping[str, Any]:
    audio = {"input": {"format": heard_as}, "output": {"format": spoken_as}}
    return {"type": "session.updated", "session": {"id": "sess_1", "audio": audio}}


PCM16, ULAW = {"type": "audio/pcm", "rate": 24000}, {"type": "audio/pcmu"}


def test_the_formats_that_were_asked_for_are_good(tmp_path: Path) -> None:
    assert states(spoken(tmp_path, updated(PCM16, PCM16))) == ("good", "good")


@pytest.mark.parametrize(
    ("heard_as", "spoken_as", "told"),
    [
        (PCM16, ULAW, "output g711_ulaw"),
        (ULAW, PCM16, "input g711_ulaw"),
        ({"type": "audio/opus"}, PCM16, "input nothing known"),
    ],
)
def test_another_format_echoed_fails(
    tmp_path: Path, heard_as: object, spoken_as: object, told: str
) -> None:
    verdict = spoken(tmp_path, updated(heard_as, spoken_as))
    assert states(verdict) == ("good", "failed")
    assert "asked for pcm16" in verdict[1].told and told in verdict[1].told


def test_a_session_that_ends_or_says_nothing_fails(tmp_path: Path) -> None:
    ended = spoken(tmp_path, stays=False)
    assert states(ended) == ("good", "failed")
    assert "ended before session.updated" in ended[1].told
    silent = spoken(tmp_path, {"type": "rate_limits.updated"})
    assert states(silent) == ("good", "failed")
    assert "not answered within 1 s" in silent[1].told


# --- Entra ID ----------------------------------------------------------------------------------


class Source:
    """An ``AsyncTokenCredential``."""

    def __init__(self, fails: AzureError | None = None, waits_s: float = 0.0) -> None:
        self._fails = fails
        self._waits_s = waits_s

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        await asyncio.sleep(self._waits_s)
        if self._fails is not None:
            raise self._fails
        return AccessToken("the-token-of-entra", 1 << 40)

    async def close(self) -> None:
        return

    async def __aenter__(self) -> "Source":
        return self

    async def __aexit__(self, *_: object) -> None:
        return


def by_token(source: Source, profile: ModelProfile = HEALTHY) -> Verdict:
    async def main() -> Verdict:
        async with simulated(profile) as origin:
            url = azure_url(origin, "voice", "")
            asked = Endpoint(url, GA, EntraCredential("scope", source))
            return await model.session(
                asked, SessionConfig("Hello.", voice="alloy"), AZURE_TOKEN, 0.5
            )

    return run(main())


def test_a_token_is_asked_for_and_accepted() -> None:
    verdict = by_token(Source())
    assert states(verdict) == ("good", "good")
    assert "token of Entra ID is accepted" in verdict[0].told


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (Source(ClientAuthenticationError("please run az login")), "please run az login"),
        (Source(waits_s=30), "no Entra ID token within 0.5 s"),
    ],
)
def test_no_token_fails(source: Source, told: str) -> None:
    verdict = by_token(source)
    assert states(verdict) == ("failed", "skipped")
    assert told in verdict[0].told and "az login" in verdict[0].mend


def test_a_token_that_is_refused_asks_for_the_role() -> None:
    verdict = by_token(Source(), ModelProfile(api_keys=frozenset({"another"})))
    assert states(verdict) == ("failed", "skipped")
    assert "refuses it with 401" in verdict[0].told and "role" in verdict[0].mend
    assert "the-token-of-entra" not in repr(verdict)

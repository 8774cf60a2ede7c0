"""The server of a demonstration."""

import json

from bridge.demo.server import environment, told_by


def test_no_setting_of_the_environment_reaches_the_server_of_a_demonstration() -> None:
    around = {"PATH": "/bin", "OPENAI_API_KEY": "k", "OFFHOOK_PORT": "1", "TWILIO_API_KEY": "SK"}
    around |= {"AZURE_OPENAI_ENDPOINT": "https://x", "OPENAI_API_VERSION": "v1"}
    given = environment(around, {"OFFHOOK_AGENT": "a.yaml"})
    assert given == {"PATH": "/bin", "OFFHOOK_AGENT": "a.yaml", "OFFHOOK_LOG_FORMAT": "json"}


def test_what_a_function_of_the_agent_logs_is_told_and_nothing_else() -> None:
    assert told_by(json.dumps({"logger": "bridge.demo.books", "message": "find_passage: x"})) == (
        "agent calls find_passage: x"
    )
    for line in ("", "listen: 127.0.0.1", "[1]", json.dumps({"logger": "bridge.registry"})):
        assert told_by(line) is None

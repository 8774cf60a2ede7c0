from bridge.agents.briefing import brief
from bridge.agents.document import Agent, AgentLimits
from bridge.settings.limits import Limits
from bridge.wire.dialect import GA


def instructions(*languages: str) -> str:
    return brief(Agent("Shop", "Hi.", languages=languages), {}, GA, Limits()).session.instructions


def test_without_languages_the_instructions_are_as_they_were_written() -> None:
    assert instructions() == "Hi."


def test_the_model_is_told_the_languages_it_may_speak() -> None:
    assert instructions("de").startswith("Hi.\n\nSpeak the language de alone")
    assert "one of these (BCP 47): de, en." in instructions("de", "en")
    assert instructions("de", "en").endswith("With all others speak de.")


def test_an_agent_shortens_its_calls_and_cannot_lengthen_them() -> None:
    def max_call_s(own: int | None) -> float:
        agent = Agent("Shop", "Hi.", limits=AgentLimits(own))
        return brief(agent, {}, GA, Limits(max_call_s=600)).max_call_s

    assert (max_call_s(None), max_call_s(60), max_call_s(3600)) == (600, 60, 600)

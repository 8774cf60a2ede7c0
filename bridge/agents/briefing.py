"""What an agent document means for a call: the session it asks for, and its rules."""

import msgspec

from bridge.agents.document import Agent
from bridge.agents.document import TurnDetection as AgentTurnDetection
from bridge.call.call import END_CALL
from bridge.call.config import CallConfig
from bridge.call.interruption import Interruption
from bridge.functions import Function
from bridge.settings.limits import Limits
from bridge.wire.dialect import Dialect
from bridge.wire.session import SessionConfig, Tool, Transcription, TurnDetection

END_CALL_TOOL = Tool(
    END_CALL,
    "End the phone call. Say goodbye to the caller in the same answer, before you call this.",
    {"type": "object", "properties": {}},
)


def brief(
    agent: Agent, offered: dict[str, Function], dialect: Dialect, limits: Limits
) -> CallConfig:
    tools = tuple(
        Tool(function.name, function.description, dict(function.parameters))
        for function in offered.values()
    )
    heard = agent.transcription
    session = SessionConfig(
        instructions=_instructions(agent),
        voice=agent.voice,
        audio_format=agent.audio_format,
        turn_detection=_turn_detection(agent, dialect),
        noise_reduction=agent.noise_reduction,
        transcription=Transcription(heard.model, heard.language, heard.prompt) if heard else None,
        tools=(*tools, END_CALL_TOOL) if agent.end_call else tools,
        temperature=agent.temperature,
        speed=agent.speed,
        max_output_tokens=agent.max_output_tokens,
    )
    return CallConfig(
        session,
        greeting=_greeting(agent.greeting) if agent.greeting else None,
        interruption=Interruption(enabled=agent.interruption.enabled),
        truncation_margin_ms=limits.truncation_margin_ms,
        mark_interval_ms=limits.mark_interval_ms,
        goodbye_timeout_s=limits.goodbye_timeout_s,
        carrier_start_timeout_s=limits.carrier_start_timeout_s,
        ready_timeout_s=limits.model_connect_timeout_s,
        carrier_silence_timeout_s=limits.carrier_silence_timeout_s,
        response_timeout_s=limits.response_timeout_s,
        model_silence_timeout_s=limits.model_silence_timeout_s,
        max_call_s=min(agent.limits.max_call_s or limits.max_call_s, limits.max_call_s),
    )


def _instructions(agent: Agent) -> str:
    """The session has no field for languages; a model that is not told follows any caller."""
    match agent.languages:
        case ():
            return agent.instructions
        case (only,):
            told = f"Speak the language {only} alone, whatever the caller speaks."
        case (first, *_):
            named = ", ".join(agent.languages)
            told = (
                f"Speak the caller's language if it is one of these (BCP 47): {named}."
                f" With all others speak {first}."
            )
    return f"{agent.instructions}\n\n{told}"


def _greeting(words: str) -> str:
    """Response-level instructions replace those of the session for this one answer."""
    return f'Greet the caller. Say exactly this and nothing else: "{words}"'


def _turn_detection(agent: Agent, dialect: Dialect) -> TurnDetection | None:
    asked: AgentTurnDetection = agent.turn_detection
    if asked.type == "none":
        return None
    # Left to itself the service stops and answers faster than we could tell it to. An agent that
    # is not to be interrupted must not be stopped, so there both are ours.
    by_service = agent.interruption.enabled or not dialect.names_interruption
    return msgspec.convert(
        {
            "type": asked.type,
            "threshold": asked.threshold,
            "prefix_padding_ms": asked.prefix_padding_ms,
            "silence_duration_ms": asked.silence_duration_ms,
            "idle_timeout_ms": asked.idle_timeout_ms,
            "eagerness": asked.eagerness,
            "create_response": by_service,
            "interrupt_response": by_service,
        },
        TurnDetection,
    )

"""A conversation held with a real model: text by text over its Realtime session."""

from collections.abc import Mapping

from bridge.call.actions import Outcome
from bridge.call.call import END_CALL
from bridge.call.config import CallConfig
from bridge.functions import Function
from bridge.say import Answer, SayFailed, Talk
from bridge.transport.model import Endpoint, open_session
from bridge.trials.conversation import Conversation
from bridge.trials.happening import Called, Happened, Held


async def hold_talked(
    config: CallConfig,
    wanted: Conversation,
    offered: Mapping[str, Function],
    model: Endpoint,
    *,
    connect_timeout_s: float,
) -> Held:
    """Raises ``ModelUnavailable``; what goes wrong later is told in ``broken``."""
    peer = await open_session(model, connect_timeout_s)
    try:
        talk = Talk(peer, offered)
        held = Held([Happened(turn.caller, reached=False) for turn in wanted.turns])
        try:
            await talk.configure(config.session)
            held.outcome = await _talk(talk, config, held.turns)
        except SayFailed as failed:
            held.broken = str(failed)
    finally:
        await peer.close()
    return held


async def _talk(talk: Talk, config: CallConfig, turns: list[Happened]) -> str:
    """Fills the turns one after the other; how it ended, in the words of ``Outcome``."""
    greeting = await talk.greet(config.greeting, _silent) if config.greeting else None
    for turn in turns:
        answer = greeting if turn.caller is None else await talk.say(turn.caller, _silent)
        turn.reached = True
        if answer is None:
            continue
        turn.said = answer.transcript
        turn.calls = [Called(*vars(each).values()) for each in answer.functions]
        if _ended(answer):
            return Outcome.COMPLETED.value
    return Outcome.CALLER_HUNG_UP.value


def _ended(answer: Answer) -> bool:
    return any(each.name == END_CALL for each in answer.functions)


def _silent(heard: object) -> None:
    return

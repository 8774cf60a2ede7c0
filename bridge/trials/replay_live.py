"""A stored call run again with a real model, in real time: a minute of call takes a minute."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from bridge.call.actions import Outcome
from bridge.call.config import CallConfig
from bridge.functions import Function
from bridge.transport.model import ModelPeer
from bridge.trials.caller_turns import caller_turns, steps
from bridge.trials.on_the_line import LineCall
from bridge.trials.paced_caller import PacedCaller
from bridge.trials.replay import OpenVoice, Replayed
from bridge.trials.stored import NO_RESULT, StoredCall, StoredResults


async def replay_live(
    stored: StoredCall,
    config: CallConfig,
    offered: Mapping[str, Function],
    open_model: Callable[[], Awaitable[ModelPeer]],
    open_voice: OpenVoice,
) -> Replayed:
    """As ``replay``. ``offered`` are the functions as the model is told of them: none is run, each
    answers what it answered then, and takes as long."""
    turns = await asyncio.to_thread(caller_turns, stored.sound, open_voice())
    hung_up = stored.course.outcome == Outcome.CALLER_HUNG_UP.value
    caller = PacedCaller(steps(stored.sound, turns, caller_hung_up=hung_up))
    results = StoredResults(stored.course.functions)
    standing_in = {name: _answering(each, results) for name, each in offered.items()}
    call = LineCall(config, caller, open_model, standing_in)
    await call.run()
    return Replayed(stored, call.course(), tuple(turns), tuple(caller.records))


def _answering(function: Function, results: StoredResults) -> Function:
    async def call(**_: Any) -> str:
        then = results.next(function.name)
        if then is None:
            return NO_RESULT
        await asyncio.sleep(then.took_s)
        return then.output

    longest_s = max(function.timeout_s, results.longest_s + 1.0)
    return replace(function, call=call, read=lambda given: given, timeout_s=longest_s)

"""A new version on trial: a fifth of the callers get it, always the same ones, and how both do can
be compared."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from bridge.agents.briefing import brief
from bridge.agents.document import load
from bridge.agents.incoming import Incoming
from bridge.agents.routing import Chosen, Route, Trial, choose
from bridge.call.config import CallConfig
from bridge.live import LiveCall
from bridge.records.context import CallContext
from bridge.records.record import CallRecord, record
from bridge.settings.limits import Limits
from bridge.sim.carrier.caller import AfterAgent, HangUp
from bridge.sim.model.reply import Context, FunctionCall, Reply, Spoken
from bridge.store.applying import CallEntry, apply
from bridge.store.calls import CallStore
from bridge.wire.dialect import GA
from tests.support.stores import opened
from tests.support.switchboard import Switchboard
from tests.support.virtual_time import run

CALLERS, AGAIN = 1000, 100
PUBLISHED, ON_TRIAL = 1, 2
PERCENT = 20
STANDARD_DEVIATIONS = 4  # a fair split is outside of so many once in 16,000 times
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
ROUTES = {"*": Route("*", "desk", trial=Trial(ON_TRIAL, PERCENT))}
WAITS = (HangUp(AfterAgent(quiet_ms=400), no_later_than_s=20.0),)

TEXT = "name: Desk\ninstructions: You are version {}.\ngreeting: hello from version {}\n"
DOCUMENTS = {number: load(TEXT.format(number, number)) for number in (PUBLISHED, ON_TRIAL)}


def script(context: Context) -> Reply:
    """The version on trial ends its calls by itself, the other one lets the caller do so."""
    hello = Spoken("hello", duration_ms=200)
    if "version 2" in context.instructions:
        return Reply((hello, FunctionCall("end_call", "{}")))
    return Reply((hello,))


def who_answers(incoming: Incoming) -> tuple[CallContext, CallConfig]:
    chosen = choose(ROUTES, (), incoming, NOW, {})
    assert isinstance(chosen, Chosen)
    version = chosen.version or PUBLISHED
    context = CallContext(
        incoming.call_sid,
        chosen.agent,
        version,
        chosen.route,
        chosen.variant,
        incoming.caller,
        incoming.called,
        "model",
        NOW,
    )
    return context, brief(DOCUMENTS[version], {}, GA, Limits())


def caller(number: int) -> str:
    return f"+49151{number:07d}"


async def thousand_calls() -> list[CallRecord]:
    made: list[CallRecord] = []

    async def on_end(live: LiveCall, context: CallContext) -> None:
        made.append(record(live, context))

    board = Switchboard(script, choose=who_answers, on_end=on_end)
    for number in range(CALLERS + AGAIN):
        await board.call(number, WAITS, caller(number % CALLERS))
        board.models.clear()
    return made


def test_a_fifth_of_a_thousand_callers_is_on_trial_and_stays_there(store_at: str) -> None:
    made = run(thousand_calls())
    first, again = made[:CALLERS], made[CALLERS:]
    on_trial = sum(each.version == ON_TRIAL for each in first)
    expected = CALLERS * PERCENT / 100
    deviation = (expected * (1 - PERCENT / 100)) ** 0.5
    assert abs(on_trial - expected) <= STANDARD_DEVIATIONS * deviation
    assert [each.version for each in again] == [each.version for each in first[:AGAIN]]
    assert [each.variant == "trial" for each in made] == [each.version == ON_TRIAL for each in made]

    async def compared() -> None:
        async with opened(store_at) as database:
            entries = [CallEntry(seq, "call.ended", each) for seq, each in enumerate(made, start=1)]
            async with database.begin() as connection:
                await apply(connection, "spool", entries, NOW, None)
            figures = await CallStore(database, Path("recordings")).figures("desk")
        calls = Counter(each.version for each in made)
        assert [(each.version, each.variant, each.calls, each.outcomes) for each in figures] == [
            (ON_TRIAL, "trial", calls[ON_TRIAL], {"completed": calls[ON_TRIAL]}),
            (PUBLISHED, "published", calls[PUBLISHED], {"caller hung up": calls[PUBLISHED]}),
        ]
        assert sum(each.seconds for each in figures) > 0

    asyncio.run(compared())

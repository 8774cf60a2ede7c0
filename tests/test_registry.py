"""Who may come, which calls run, and how they all end; in virtual time."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bridge.call.actions import Outcome
from bridge.call.config import CallConfig
from bridge.live import LiveCall
from bridge.questions import ASKED_WITHIN_S
from bridge.records.context import CallContext
from bridge.settings.limits import Limits
from bridge.sim.carrier.caller import At, HangUp, Step
from bridge.sim.model.profile import ModelProfile
from tests.support.ends import sid
from tests.support.stage import spoken
from tests.support.switchboard import BLOCKED, NOON, SOCKET_AFTER_S, Switchboard
from tests.support.virtual_time import left_over, run

TALKS = (HangUp(At(10.0)),)
FOR_EVER = (HangUp(At(5000.0), no_later_than_s=6000.0),)


def test_a_call_opens_one_model_connection_ahead_and_leaves_nothing() -> None:
    async def main() -> Switchboard:
        board = Switchboard()
        assert await board.call(1) is Outcome.CALLER_HUNG_UP
        assert await left_over() == set()
        return board

    board = run(main())
    assert len(board.models) == 1
    assert board.open_models == 0
    assert board.registry.running == 0


def test_a_repeated_webhook_gets_the_same_token_and_no_second_model() -> None:
    async def main() -> None:
        board = Switchboard(limits=Limits(max_calls=1))
        first = await board.admit(1)
        again = await board.admit(1)
        assert first is not None and again is not None  # though all lines are taken
        assert first.token == again.token
        await asyncio.sleep(1)
        assert len(board.models) == 1
        running = asyncio.create_task(board.stream(first, 1, TALKS))
        await asyncio.sleep(1)
        during = await board.admit(1)
        assert during is not None and during.token == first.token
        assert await board.registry.redeem(first.token) is None  # good once
        await running
        assert len(board.models) == 1

    run(main())


def test_beyond_the_last_line_calls_are_busy_until_one_ends() -> None:
    async def main() -> None:
        board = Switchboard(limits=Limits(max_calls=2))
        running = [asyncio.create_task(board.call(number, TALKS)) for number in (1, 2)]
        await asyncio.sleep(0)  # expected calls count
        assert not board.registry.accepting
        assert await board.call(3) is None
        await asyncio.sleep(5)
        assert await board.call(4) is None
        await asyncio.gather(*running)
        assert board.registry.accepting
        assert await board.call(5) is Outcome.CALLER_HUNG_UP

    run(main())


def test_a_model_connection_nobody_comes_for_is_closed() -> None:
    async def main() -> None:
        board = Switchboard(limits=Limits(warm_model_ttl_s=5, max_calls=1))
        admission = await board.admit(1)
        await asyncio.sleep(4.9)
        assert board.open_models == 1
        await asyncio.sleep(0.2)
        assert board.open_models == 0
        assert board.registry.accepting
        assert admission is not None  # the token lives longer: a late call gets a new connection
        assert (await board.stream(admission, 1)).stream.first_audio_at is not None
        assert len(board.models) == 2

    run(main())


def test_a_call_that_is_over_before_its_stream_lets_go_of_its_model() -> None:
    async def main() -> None:
        board = Switchboard()
        await board.admit(1)
        await asyncio.sleep(1)
        await board.registry.carrier_over(sid(1))
        assert board.open_models == 0
        await board.registry.carrier_over(sid(2))  # of which nobody knows
        assert await left_over() == set()

    run(main())


def test_the_status_callback_ends_the_call_it_names_and_no_other() -> None:
    async def main() -> None:
        board = Switchboard()
        one, other = (asyncio.create_task(board.call(number, TALKS)) for number in (1, 2))
        await asyncio.sleep(3)
        await board.registry.carrier_over(sid(1))
        assert await one is Outcome.CALLER_HUNG_UP
        assert not other.done()
        await other

    run(main())


def test_a_drain_lets_running_and_promised_calls_finish_and_takes_no_others() -> None:
    async def main() -> None:
        board = Switchboard()
        running = asyncio.create_task(board.call(1, TALKS))
        await asyncio.sleep(3)
        promised = asyncio.create_task(board.call(2, TALKS))
        await asyncio.sleep(0.1)  # its webhook was answered, its socket is not here yet
        drain = asyncio.create_task(board.registry.drain())
        await asyncio.sleep(1)
        assert await board.call(3) is None
        assert not board.registry.accepting
        assert await running is Outcome.CALLER_HUNG_UP
        assert not drain.done()
        assert await promised is Outcome.CALLER_HUNG_UP
        await drain
        assert len(board.models) == 2
        assert await left_over() == set()

    run(main())


def test_a_drain_waits_for_a_promised_call_no_longer_than_its_model_does() -> None:
    async def main() -> None:
        board = Switchboard(limits=Limits(warm_model_ttl_s=5))
        await board.admit(1)
        await board.registry.drain()
        assert asyncio.get_running_loop().time() == pytest.approx(5, abs=0.01)

    run(main())


def test_at_the_deadline_of_the_drain_calls_are_ended_with_their_last_words() -> None:
    async def main() -> None:
        limits = Limits(drain_timeout_s=20, goodbye_timeout_s=10)
        board = Switchboard((spoken(2000),), limits=limits)
        running = asyncio.create_task(board.call(1, FOR_EVER))
        await asyncio.sleep(3)
        await board.registry.drain()
        assert asyncio.get_running_loop().time() == pytest.approx(23, abs=0.01)
        assert await running is Outcome.DRAINED
        assert board.hung_up == [sid(1)]

    run(main())


def test_last_words_have_their_time_at_the_deadline_and_no_more() -> None:
    async def main() -> None:
        limits = Limits(drain_timeout_s=0, goodbye_timeout_s=10)
        board = Switchboard((spoken(60_000),), limits=limits)
        running = asyncio.create_task(board.call(1, FOR_EVER))
        await asyncio.sleep(3)
        await board.registry.drain()
        assert asyncio.get_running_loop().time() == pytest.approx(13, abs=0.01)
        assert await running is Outcome.DRAINED

    run(main())


def test_calls_that_are_abandoned_end_at_once_with_all_sockets_closed() -> None:
    async def main() -> None:
        board = Switchboard((spoken(60_000),))
        running = asyncio.create_task(board.call(1, FOR_EVER))
        await asyncio.sleep(3)
        board.registry.abandon()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.get_running_loop().time() == pytest.approx(3, abs=0.01)
        assert board.open_models == 0
        assert board.registry.running == 0
        assert await board.registry.outcome(sid(1)) is Outcome.MODEL_FAILED

    run(main())


def test_a_bug_in_one_call_is_concluded_and_spares_the_others() -> None:
    async def main() -> None:
        bugs = iter([True])

        def break_once() -> None:
            if next(bugs, False):
                raise RuntimeError("a bug")

        board = Switchboard(on_model=break_once)
        bad, good = (asyncio.create_task(board.call(number, TALKS)) for number in (1, 2))
        with pytest.raises(ExceptionGroup):
            await bad
        assert await board.registry.outcome(sid(1)) is Outcome.MODEL_FAILED
        assert await good is Outcome.CALLER_HUNG_UP
        assert board.registry.running == 0

    run(main())


def test_each_call_is_told_of_once_when_it_has_ended() -> None:
    async def main() -> None:
        ended: list[LiveCall] = []

        async def on_end(live: LiveCall, context: CallContext) -> None:
            ended.append(live)

        board = Switchboard(on_end=on_end)
        await asyncio.gather(board.call(1), board.call(2))
        assert sorted(live.expected.call_sid for live in ended) == [sid(1), sid(2)]
        assert all(live.ended_at is not None for live in ended)

    run(main())


def test_a_drain_waits_for_what_is_kept_of_a_call() -> None:
    async def main() -> None:
        kept: list[str] = []

        async def on_end(live: LiveCall, context: CallContext) -> None:
            await asyncio.sleep(1.5)
            kept.append(live.expected.call_sid)

        board = Switchboard(on_end=on_end)
        running = asyncio.create_task(board.call(1, TALKS))
        await asyncio.sleep(3)
        await board.registry.drain()
        assert kept == [sid(1)]
        await running

    run(main())


def test_a_blocked_caller_costs_no_model() -> None:
    async def main() -> None:
        board = Switchboard()
        assert await board.admit(1, BLOCKED) is None
        assert board.models == []
        assert await left_over() == set()

    run(main())


def test_who_answers_is_decided_once_and_stays() -> None:
    async def main() -> None:
        told: list[CallConfig] = []

        async def on_end(live: LiveCall, context: CallContext) -> None:
            told.append(live.call.config)

        board = Switchboard(on_end=on_end)
        before = board.config
        running = asyncio.create_task(board.call(1, TALKS))
        await asyncio.sleep(0.1)  # the webhook was answered, the socket is not here yet
        board.config = after = replace(before, max_call_s=100.0)
        await board.admit(1)  # once more
        await running
        await board.call(2)
        assert [config is before for config in told] == [True, False]
        assert told[1] is after
        assert len(board.lines) == 2

    run(main())


def test_a_briefing_takes_its_time_while_the_phone_rings_and_the_model_connects() -> None:
    async def main() -> None:
        board = Switchboard()
        board.briefing_s = 1.5
        one, again = await asyncio.gather(board.admit(1), board.admit(1))
        assert asyncio.get_running_loop().time() == pytest.approx(1.5, abs=0.01)
        assert one is not None and again is not None and one.token == again.token
        assert len(board.models) == 1
        assert (await board.stream(one, 1)).stream.first_audio_at is not None

    run(main())


def test_the_calls_of_a_route_are_counted_from_their_webhook_to_their_end() -> None:
    async def main() -> None:
        board = Switchboard()
        one, other = (asyncio.create_task(board.call(number, TALKS)) for number in (1, 2))
        await asyncio.sleep(SOCKET_AFTER_S / 2)
        await board.admit(3)
        await asyncio.gather(one, other)
        await asyncio.sleep(Limits().warm_model_ttl_s + 1)
        await board.admit(4)
        counts = [(routes.get("*", 0), agents.get("desk", 0)) for routes, agents in board.lines]
        assert counts == [(0, 0), (1, 1), (2, 2), (0, 0)]

    run(main())


def test_a_call_that_failed_by_a_bug_is_told_of_too() -> None:
    async def main() -> None:
        began: list[CallContext] = []
        ended: list[tuple[CallContext, bool]] = []

        async def on_end(live: LiveCall, context: CallContext) -> None:
            ended.append((context, live.failed))

        def broken() -> None:
            raise RuntimeError("a bug")

        board = Switchboard(on_model=broken, on_begin=began.append, on_end=on_end)
        with pytest.raises(ExceptionGroup):
            await board.call(1)
        assert [(context.call_sid, context.started_at) for context in began] == [(sid(1), NOON)]
        assert ended == [(began[0], True)]
        assert board.registry.running == 0

    run(main())


def test_a_caller_who_hangs_up_during_the_briefing_is_refused_and_leaves_nothing() -> None:
    async def main() -> None:
        board = Switchboard()
        board.briefing_s = 60.0
        admitting = asyncio.create_task(board.admit(1))
        await asyncio.sleep(1)
        await board.registry.carrier_over(sid(1))
        assert await admitting is None
        assert board.open_models == 0
        board.briefing_s = 0.0
        assert await board.call(1) is Outcome.CALLER_HUNG_UP  # as any other one
        assert await left_over() == set()

    run(main())


def test_a_briefing_that_fails_is_tried_anew_by_the_next_webhook() -> None:
    async def main() -> None:
        board = Switchboard()
        board.briefing_fails = True
        assert await board.admit(1) is None
        board.briefing_fails = False
        assert await board.call(1) is Outcome.CALLER_HUNG_UP
        assert board.open_models == 0

    run(main())


def test_a_call_whose_beginning_cannot_be_told_of_takes_no_line_for_ever() -> None:
    async def main() -> None:
        def broken(context: CallContext) -> None:
            raise RuntimeError("a bug")

        ended: list[CallContext] = []

        async def on_end(live: LiveCall, context: CallContext) -> None:
            ended.append(context)

        board = Switchboard(on_begin=broken, on_end=on_end)
        with pytest.raises(RuntimeError):
            await board.call(1)
        assert board.registry.running == 0
        assert len(ended) == 1

    run(main())


# --- the session is configured ahead --------------------------------------------------------


def asked(board: Switchboard, kind: str) -> list[float]:
    """When the last model was sent messages of this kind."""
    model = board.models[-1]
    sent = zip(model.received, model.received_at, strict=True)
    return [at for frame, at in sent if json.loads(frame)["type"] == kind]


@pytest.mark.parametrize("briefing_s", [0.0, 1.5], ids=["at-once", "looked-up"])
def test_the_greeting_is_asked_for_as_soon_as_the_stream_starts(briefing_s: float) -> None:
    async def main() -> None:
        board = Switchboard()
        board.latency_s = 0.2
        board.briefing_s = briefing_s
        admission = await board.admit(1)
        assert admission is not None
        await asyncio.sleep(0.5)
        (configured_at,) = asked(board, "session.update")
        assert configured_at == pytest.approx(max(0.2, briefing_s), abs=0.001)
        began_at = asyncio.get_running_loop().time()
        await board.stream(admission, 1)
        assert asked(board, "response.create")[0] == pytest.approx(began_at, abs=0.005)
        assert len(asked(board, "session.update")) == 1
        assert len(board.models) == 1

    run(main())


def test_a_session_that_is_opened_late_is_configured_once_too() -> None:
    async def main() -> None:
        board = Switchboard(limits=Limits(warm_model_ttl_s=5))
        board.latency_s = 0.2
        admission = await board.admit(1)
        assert admission is not None
        await asyncio.sleep(6)
        began_at = asyncio.get_running_loop().time()
        await board.stream(admission, 1)
        assert len(board.models) == 2
        assert asked(board, "session.update") == [pytest.approx(began_at + 0.2, abs=0.001)]
        assert asked(board, "response.create")[0] == pytest.approx(began_at + 0.4, abs=0.001)

    run(main())


def test_a_configuration_that_is_refused_ahead_reaches_the_call() -> None:
    async def main() -> None:
        board = Switchboard(model=ModelProfile(server_errors=frozenset({1, 2})))
        assert await board.call(1) is Outcome.MODEL_FAILED

    run(main())


def test_a_session_that_was_lost_before_the_stream_came_is_replaced() -> None:
    async def main() -> None:
        board = Switchboard()
        admission = await board.admit(1)
        assert admission is not None
        await asyncio.sleep(SOCKET_AFTER_S)
        board.models[0].socket.break_off("closed with 1006")
        await asyncio.sleep(0.01)
        carrier = await board.stream(admission, 1)
        assert carrier.stream.first_audio_at is not None
        assert await board.registry.outcome(sid(1)) is Outcome.CALLER_HUNG_UP
        assert len(board.models) == 2 and board.open_models == 0
        assert len(asked(board, "session.update")) == 1
        assert await left_over() == set()

    run(main())


def test_a_call_that_is_over_during_its_briefing_closes_the_session_that_waits_for_it() -> None:
    async def main() -> None:
        board = Switchboard()
        board.briefing_s = 60.0
        admitting = asyncio.create_task(board.admit(1))
        await asyncio.sleep(1)
        assert board.open_models == 1 and asked(board, "session.update") == []
        await board.registry.carrier_over(sid(1))
        assert await admitting is None
        assert board.open_models == 0
        assert await left_over() == set()

    run(main())


# --- a drain and the carrier's last question ------------------------------------------------


async def drained(board: Switchboard, steps: Sequence[Step], asked_after_s: float) -> float:
    """How long after the end of its only call a drain takes."""
    now = asyncio.get_running_loop().time
    admission = await board.admit(1)
    assert admission is not None
    running = asyncio.create_task(board.stream(admission, 1, steps))
    await asyncio.sleep(0.5)
    drain = asyncio.create_task(board.registry.drain())
    await running
    ended_at = now()
    await asyncio.wait([drain], timeout=asked_after_s)
    await board.registry.outcome(sid(1))
    await drain
    return now() - ended_at


def expires() -> Switchboard:
    """Its models are lost after two seconds."""
    return Switchboard(model=ModelProfile(session_expires_after_s=2.0))


@pytest.mark.parametrize(
    ("asked_after_s", "takes_s"), [(0.1, 0.1), (0.7, 0.7), (60.0, ASKED_WITHIN_S)]
)
def test_a_drain_waits_for_the_question_whose_answer_is_an_apology_but_not_long(
    asked_after_s: float, takes_s: float
) -> None:
    async def main() -> None:
        board = expires()
        assert await drained(board, FOR_EVER, asked_after_s) == pytest.approx(takes_s, abs=0.01)
        assert await board.registry.outcome(sid(1)) is Outcome.MODEL_LOST

    run(main())


def test_a_drain_waits_for_no_question_where_the_caller_hung_up_or_we_did() -> None:
    async def main() -> None:
        assert await drained(Switchboard(), TALKS, 60.0) == pytest.approx(0.0, abs=0.01)
        config = replace(Switchboard().config, max_call_s=3.0)
        board = Switchboard(config=config)
        assert await drained(board, FOR_EVER, 60.0) == pytest.approx(0.0, abs=0.01)
        assert await board.registry.outcome(sid(1)) is Outcome.TIME_LIMIT

    run(main())


def test_where_nothing_can_be_hung_up_the_question_comes_after_every_end() -> None:
    async def main() -> None:
        board = Switchboard(config=replace(Switchboard().config, max_call_s=3.0))
        board.hangs_up = False
        assert await drained(board, FOR_EVER, 0.3) == pytest.approx(0.3, abs=0.01)

    run(main())


def test_a_question_that_comes_while_the_call_is_still_being_kept_is_not_waited_for_again() -> None:
    async def main() -> None:
        async def on_end(live: LiveCall, context: CallContext) -> None:
            await asyncio.sleep(0.5)
            await board.registry.outcome(sid(1))
            await asyncio.sleep(0.5)

        board = Switchboard(model=ModelProfile(session_expires_after_s=2.0), on_end=on_end)
        assert await drained(board, FOR_EVER, 60.0) == pytest.approx(0.0, abs=0.01)

    run(main())


def test_a_call_that_was_never_asked_about_does_not_keep_a_later_drain() -> None:
    async def main() -> None:
        board = expires()
        admission = await board.admit(1)
        assert admission is not None
        await board.stream(admission, 1, FOR_EVER)
        await asyncio.sleep(ASKED_WITHIN_S + 0.1)
        began_at = asyncio.get_running_loop().time()
        await board.registry.drain()
        assert asyncio.get_running_loop().time() == began_at

    run(main())


def test_a_call_that_is_over_at_the_carrier_will_not_be_asked_about() -> None:
    async def main() -> None:
        board = expires()
        admission = await board.admit(1)
        assert admission is not None
        await board.stream(admission, 1, FOR_EVER)
        await board.registry.carrier_over(sid(1))
        began_at = asyncio.get_running_loop().time()
        await board.registry.drain()
        assert asyncio.get_running_loop().time() == began_at

    run(main())

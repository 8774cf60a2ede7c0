"""Recordings of rehearsed calls, with jitter, stalls and barge-ins, beside the caller's ear."""

from math import isnan

import pytest

from bridge.call.actions import Outcome
from bridge.rehearsal.scenario import random_scenario
from tests.support.ear import Recorded, recorded

SEEDS = (0, 1, 2, 3, 5, 6, 9, 12)


@pytest.fixture(scope="module")
def calls() -> list[Recorded]:
    return [recorded(random_scenario(seed)) for seed in SEEDS]


def test_the_agent_is_where_the_caller_heard_it(calls: list[Recorded]) -> None:
    offsets = sorted(abs(each) for call in calls for each in call.offsets_ms)
    assert len(offsets) > 5_000
    assert offsets[len(offsets) * 99 // 100] <= 45
    assert offsets[-1] <= 400  # while the network stands still nobody can know


def test_what_was_cut_off_is_absent_and_what_was_heard_is_there(calls: list[Recorded]) -> None:
    cuts = sum(len(call.world.call.barge_ins) for call in calls)
    assert cuts > 10
    assert sum(abs(call.extra_ms) for call in calls) / cuts <= 40
    assert sum(call.missing_ms for call in calls) / cuts <= 40


def test_a_recording_is_as_long_as_its_call(calls: list[Recorded]) -> None:
    stopped = [call for call in calls if call.world.call.outcome is Outcome.CALLER_HUNG_UP]
    assert len(stopped) >= 4
    for call in calls:
        assert len(call.left) == len(call.right)
    for call in stopped:
        assert abs(len(call.right) - len(call.world.carrier.heard)) / 8 <= 20


def test_the_caller_is_recorded_by_the_media_timestamps(calls: list[Recorded]) -> None:
    for call in calls:
        carrier, stream = call.world.carrier, call.world.scenario.stream
        sent = [at for at, when in enumerate(carrier.sent_at) if not isnan(when)]
        first = stream.first_timestamp_ms * 8
        for at in sent:
            place = first + (at - sent[0]) * 160
            if place + 160 <= len(call.left):
                assert call.left[place : place + 160] == carrier.sent_ulaw[at * 160 :][:160]


def test_little_is_held_in_memory(calls: list[Recorded]) -> None:
    assert max(call.most_held_bytes for call in calls) <= 2 * 8_000 * 3

from dataclasses import replace

import pytest

from bridge.sim.carrier.warning import Warning_
from bridge.sim.load.findings import Findings
from bridge.sim.load.judge import clock_ms, is_lost, judge
from bridge.sim.load.records import ModelError
from tests.sim.load.scene import call


def test_a_call_without_fault_has_none_and_its_times_are_those_put_in() -> None:
    found = judge(call().evidence())
    assert found.faults == []
    assert (found.frames_sent, found.frames_lost, found.frames_doubled) == (300, 0, 0)
    assert (found.gaps, found.skips, found.stale_frames, found.clears_missing) == (0, 0, 0, 0)
    assert found.inbound_ms == pytest.approx([2.0] * 249)  # without the first second
    assert found.outbound_ms == pytest.approx([1.0, 1.0])
    assert found.added_ms == pytest.approx([3.0])  # of the greeting the way in is not known
    assert found.queue_ms == pytest.approx([19.0, 19.0])
    assert found.barge_in_to_clear_ms == pytest.approx([3.0])
    assert (found.truncations, found.truncation_error_ms) == (1, [0.0])
    assert found.speech_to_audio_ms == pytest.approx([520.0])  # tick 120 to tick 146


def test_without_records_only_what_the_caller_hears_is_judged() -> None:
    found = judge(call().evidence(has_records=False))
    assert found.faults == []
    assert found.speech_to_audio_ms == pytest.approx([520.0])
    assert found.inbound_ms == found.outbound_ms == found.truncation_error_ms == []


def test_times_of_a_call_with_a_network_of_its_own_are_not_the_bridges() -> None:
    found = judge(call().evidence(has_network=True))
    assert found.frames_sent == 300
    assert found.inbound_ms == found.outbound_ms == found.speech_to_audio_ms == []


def test_a_warning_of_the_carrier_and_an_error_of_the_model_count() -> None:
    scene = call()
    scene.warnings.append(Warning_(31951, "no message", 101.0))
    scene.session.errors.append(ModelError(102.0, "no such item", "bad"))
    found = judge(scene.evidence())
    assert (found.warnings, found.model_errors) == (1, 1)
    assert found.faults == [
        (101.0, "carrier warning 31951: no message"),
        (102.0, "model error bad: no such item"),
    ]


def test_a_step_that_waited_in_vain_for_the_agent_is_unanswered() -> None:
    scene = call()
    first = scene.steps[0]
    scene.steps[0] = replace(first, timed_out=True)
    found = judge(scene.evidence())
    assert found.unanswered == 1
    assert found.faults == [(first.began, "step 0: nothing of the agent for too long")]


@pytest.mark.parametrize(
    ("outcome", "ended_by", "lost"),
    [
        ("completed", "caller", False),
        ("completed", "document", True),
        ("failed", "caller", True),
        ("completed", "error", True),
    ],
)
def test_a_call_is_lost_that_did_not_end_as_its_caller_wanted(
    outcome: str, ended_by: str, lost: bool
) -> None:
    scene = call()
    scene.outcome, scene.ended_by = outcome, ended_by
    assert is_lost(scene.evidence()) is lost


def test_what_arrives_before_it_was_sent_was_told_by_another_clock() -> None:
    assert clock_ms(judge(call().evidence())) == pytest.approx(2.0)
    assert clock_ms(Findings()) is None
    scene = call()
    scene.session.arrivals = [(at - 3.0, ms) for at, ms in scene.session.arrivals]
    assert clock_ms(judge(scene.evidence())) == pytest.approx(-2998.0)


def test_a_call_without_a_stream_is_judged_by_its_warnings_alone() -> None:
    scene = call()
    scene.warnings.append(Warning_(110, "no verb", 101.0))
    whole = scene.evidence()
    unconnected = replace(whole, result=replace(whole.result, streams=()), session=None)
    found = judge(unconnected)
    assert [what for _, what in found.faults] == ["carrier warning 110: no verb"]
    assert is_lost(unconnected)

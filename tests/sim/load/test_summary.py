from array import array
from dataclasses import replace

import pytest

from bridge.sim.load.judged import Judged, judged
from bridge.sim.load.plan import Plan, Stage
from bridge.sim.load.report import BROKEN, INVALID, PASSED, report_of
from bridge.sim.load.runner import Run, Target
from bridge.sim.load.summary import NEED_ONE_CLOCK, NEED_RECORDS, no_measures, summarize
from tests.sim.load.scene import OPENED_AT, call

PLAN = Plan((Stage("steady", 1.0, "rate", 1),))
TARGET = Target("http://127.0.0.1/twilio/voice", "AC1", "token")


def calls(*errors_ms: float) -> list[Judged]:
    """Calls whose truncation was off by so much."""
    found = []
    for number, error_ms in enumerate(errors_ms):
        scene = call(number)
        scene.session.truncations[0].audio_end_ms += error_ms
        found.append(judged(scene.evidence()))
    return found


def test_measures_are_of_all_calls_together() -> None:
    found = summarize(calls(0.0, -100.0, 50.0), has_records=True).measures()
    assert found["truncation_error_max_ms"] == 100.0  # however it is off
    assert found["truncation_error_p50_ms"] == 50.0
    assert found["inbound_p99_ms"] == pytest.approx(2.0)
    assert found["end_of_speech_to_first_audio_p50_ms"] == pytest.approx(520.0)
    assert found["webhook_max_ms"] == 5.0
    assert (found["calls_lost"], found["calls_unmatched"]) == (0, 0)


def test_without_records_what_needs_them_is_not_measured() -> None:
    unknown = judged(call().evidence(has_records=False))
    found = summarize([unknown], has_records=False).measures()
    assert {name for name in NEED_RECORDS if found[name] is not None} == set()
    assert found["truncation_error_p99_ms"] is None
    assert found["outbound_skips"] == 0


def test_a_call_that_spoke_and_was_not_found_is_unmatched() -> None:
    unknown = judged(call().evidence(has_records=False))
    assert summarize([unknown, *calls(0.0)], has_records=True).unmatched == 1


def test_of_two_clocks_what_crosses_from_one_to_the_other_is_not_measured() -> None:
    scene = call()
    scene.session.arrivals = [(at - 100.0, ms) for at, ms in scene.session.arrivals]
    found = summarize([judged(scene.evidence())], has_records=True)
    assert not found.one_clock
    assert found.measures()["inbound_p99_ms"] is None
    assert found.measures()["end_of_speech_to_first_audio_p50_ms"] == pytest.approx(520.0)


def test_one_clock_is_told_by_most_calls() -> None:
    early = calls(0.0)[0]
    early.findings.inbound_ms = [-20.0] * 300
    assert summarize([early, *calls(0.0, 0.0)], has_records=True).one_clock
    assert not summarize([early], has_records=True).one_clock


def test_what_holds_one_clock_against_another_is_not_measured() -> None:
    early = calls(0.0)[0]
    early.findings.inbound_ms = [-5000.0] * 300
    found = summarize([early], has_records=True).measures()
    assert {name for name in NEED_ONE_CLOCK if found[name] is not None} == set()
    assert found["caller_frames_lost"] == 0


def test_the_level_is_that_of_the_call_that_is_furthest_off() -> None:
    found = calls(0.0, 0.0)
    found[0].findings.agent_level_db = [-7.04]
    found[1].findings.agent_level_db = [2.0]
    assert summarize(found, has_records=True).measures()["agent_level_error_db"] == 7.0


def test_an_error_of_truncation_is_told_by_its_size_and_each_side_of_it() -> None:
    summary = summarize(calls(0.0, -100.0, 50.0), has_records=True)
    found = report_of(PLAN, TARGET, run(), summary, [])
    assert found["latency_ms"]["truncation_error"]["max"] == 100.0
    measured = {each["name"]: each["measured"] for each in found["slo"]}
    error = found["latency_ms"]["truncation_error"]
    assert error["p99"] == measured["truncation_error_p99_ms"]
    assert found["correctness"]["told_too_little_ms"] == 100.0
    assert found["correctness"]["told_too_much_ms"] == 50.0


def test_a_bound_that_was_asked_for_and_not_measured_breaks_the_run() -> None:
    unknown = judged(call().evidence(has_records=False))
    summary = summarize([unknown], has_records=False)
    assert report_of(PLAN, TARGET, run(), summary, [])["verdict"] == PASSED
    asking = replace(PLAN, slo={"playback_gaps": 3})
    found = report_of(asking, TARGET, run(), summary, [])
    assert (found["verdict"], found["exit_code"]) == (BROKEN, 1)
    assert found["notes"] == [
        "playback_gaps was asked for and not measured: its bound of 3 is not met"
    ]


def test_every_measure_there_can_be_is_named_where_there_was_no_call() -> None:
    assert set(no_measures()) == set(summarize(calls(0.0), has_records=True).measures())


def run(late_ms: float = 0.0) -> Run:
    made = Run(OPENED_AT, started=2, ended=2, peak=2, calls_s=14.0, ended_at=OPENED_AT + 10.0)
    made.lateness.late_ms.extend([late_ms] * 100)
    return made


def test_a_run_without_fault_passes_and_one_with_a_fault_is_broken() -> None:
    for error_ms, verdict in ((0.0, PASSED), (500.0, BROKEN)):
        found = report_of(PLAN, TARGET, run(), summarize(calls(error_ms), has_records=True), [])
        assert found["verdict"] == verdict
        assert len(found["faults"]) == (error_ms > 0)


def test_a_late_generator_makes_a_run_invalid_whatever_it_found() -> None:
    summary = summarize(calls(500.0), has_records=True)
    found = report_of(PLAN, TARGET, run(late_ms=11.0), summary, [])
    assert (found["verdict"], found["exit_code"]) == (INVALID, 3)
    assert found["invalid_because"] == ["the generator woke 11 ms late (p99, limit 10 ms)"]
    assert report_of(PLAN, TARGET, run(late_ms=9.0), summary, [])["verdict"] == BROKEN


def test_callers_that_speak_late_make_a_run_invalid_too() -> None:
    late = replace(calls(0.0)[0], frames_late_ms=call_late_by(12.0))
    found = report_of(PLAN, TARGET, run(), summarize([late], has_records=True), [])
    assert found["invalid_because"] == [
        "the generator sent caller frames 12 ms late (p99, limit 10 ms)"
    ]


def call_late_by(ms: float) -> "array[float]":
    return array("d", [ms] * 300)


def test_a_run_of_no_call_says_nothing() -> None:
    nobody = replace(run(), started=0, lateness=run().lateness)
    found = report_of(PLAN, TARGET, nobody, summarize([], has_records=True), [])
    assert found["verdict"] == INVALID

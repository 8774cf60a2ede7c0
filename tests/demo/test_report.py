"""What counts as a good demonstration."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from bridge.demo.report import as_json, report_of, transcript
from bridge.sim.carrier.warning import Warning_
from tests.demo.calls import RECORDS, RESULT, STORY, SUMMARY, TOLD, evidence

WRONG_LINES = [
    {"item_id": "b", "role": "caller", "heard": "something else", "unheard": ""},
]


def failures(**different: Any) -> list[str]:
    return list(report_of(evidence(**different)).failures)


def test_a_call_as_it_should_be_has_no_failures() -> None:
    report = report_of(evidence())
    assert report.failures == ()
    facts = as_json(report)
    assert facts["passed"] is True
    assert facts["word_error_rate"]["overall"] == 0.0
    assert [each["rate"] for each in facts["word_error_rate"]["utterances"]] == [0.0, 0.0]
    assert [
        (each["told_ms"], each["true_ms"], each["error_ms"]) for each in facts["barge_ins"]
    ] == [(2990, 3000.0, -10.0)]
    assert facts["latencies"]["answer_ms"]["turns"] == [1500.0, None]
    assert facts["latencies"]["stages_ms"]["total"] == {"median": 400.0, "max": 400.0}
    assert facts["call"]["ended_by"] == "rest"


@pytest.mark.parametrize(
    ("different", "told"),
    [
        ({"lines": WRONG_LINES}, "word error rate"),
        ({"functions": []}, "find_passage was not called"),
        ({"records": RECORDS[:1]}, "1 caller turns, fewer than 2"),
        ({"told": []}, "0 barge-ins with a truncation"),
        ({"told": [TOLD | {"told_ms": 2950}]}, "error -50 ms"),
        ({"told": [TOLD | {"from_bytes": 80}]}, "does not begin where playback began"),
        ({"stream": None}, "0 barge-ins with a truncation"),
        ({"errors": Counter(bad=2)}, "errors: 2 x bad"),
        ({"malformed": Counter(model=1)}, "malformed: 1 x model"),
        ({"notes": [{"at": 1.0, "kind": "response_failed", "detail": "x"}]}, "response_failed: x"),
        ({"outcome": "caller hung up"}, "not by the agent's goodbye"),
        ({"result": replace(RESULT, ended_by="caller")}, "ended by caller"),
        (
            {"result": replace(RESULT, warnings=(Warning_(31951, "invalid message", 1.0),))},
            "carrier warning 31951",
        ),
        (
            {"result": replace(RESULT, errors=(Warning_(31921, "closed", 1.0),))},
            "carrier error 31921",
        ),
    ],
)
def test_each_thing_that_went_wrong_is_told(different: dict[str, Any], told: str) -> None:
    found = failures(**different)
    assert len(found) == 1 and told in found[0]
    assert as_json(report_of(evidence(**different)))["passed"] is False


def test_arguments_count_where_they_are_asked_for() -> None:
    wanted = replace(STORY.expected, arguments={"words": "it was"})
    assert failures(story=replace(STORY, expected=wanted)) == []
    other = replace(STORY.expected, arguments={"words": "4711"})
    (told,) = failures(story=replace(STORY, expected=other))
    assert "was not called with {'words': '4711'}" in told


def test_the_transcript_has_the_published_text_beside_what_was_heard() -> None:
    lines = transcript(report_of(evidence()))["lines"]
    assert [(line["who"], line["heard"], line["unheard"]) for line in lines] == [
        (line["role"], line["heard"], line["unheard"]) for line in SUMMARY["lines"]
    ]
    assert [line["reference"] for line in lines if line["who"] == "caller"] == [
        "it was the best of times",
        "we had nothing before us",
    ]


def test_where_turns_were_cut_otherwise_no_line_claims_a_text() -> None:
    lines = [*SUMMARY["lines"], SUMMARY["lines"][3]]
    told = transcript(report_of(evidence(lines=lines)))
    assert {line["reference"] for line in told["lines"] if line["who"] == "caller"} == {None}
    assert told["reference"] == "it was the best of times we had nothing before us"

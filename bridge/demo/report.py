"""The report of a demonstration, and what is wrong with it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bridge.demo.barge_ins import BargeIn, barge_ins
from bridge.demo.evidence import Evidence
from bridge.demo.latencies import latencies
from bridge.demo.word_score import Score, overall, scores

Json = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """``failures`` is empty where everything expected has happened."""

    evidence: Evidence
    scores: tuple[Score, ...]
    barge_ins: tuple[BargeIn, ...]
    failures: tuple[str, ...]

    @property
    def word_error_rate(self) -> float:
        return overall(self.scores)


def report_of(evidence: Evidence) -> Report:
    said = [each.text for each in evidence.story.said]
    each = tuple(scores(said, " ".join(evidence.heard_of_caller)))
    stream, told = evidence.stream, evidence.summary["told"]
    cuts = tuple(barge_ins(stream, told)) if stream else ()
    return Report(evidence, each, cuts, tuple(_failures(evidence, each, cuts)))


def as_json(report: Report) -> Json:
    evidence = report.evidence
    result, summary = evidence.result, evidence.summary
    return {
        "passed": not report.failures,
        "failures": list(report.failures),
        "story": evidence.story.name,
        "seconds": round(evidence.seconds, 1),
        "call": {
            "call_sid": result.call_sid,
            "outcome": result.outcome,
            "ended_by": result.ended_by,
            "bridge_outcome": summary["outcome"],
            "seconds": summary["seconds"],
            "caller_turns": len(evidence.turns),
            "heard_turns": len(evidence.heard_of_caller),
            "timings": asdict(result.timings),
        },
        "word_error_rate": {
            "overall": round(report.word_error_rate, 4),
            "utterances": [asdict(each) | {"rate": round(each.rate, 4)} for each in report.scores],
        },
        "barge_ins": [_barge_in(each) for each in report.barge_ins],
        "latencies": latencies(evidence),
        "functions": summary["functions"],
        "errors": {
            "model": summary["errors"],
            "malformed": summary["malformed"],
            "carrier": [asdict(each) for each in result.errors],
        },
        "warnings": [asdict(each) for each in result.warnings],
        "notes": summary["notes"],
    }


def transcript(report: Report) -> Json:
    """The call as read: each line with what was heard of it and what was not; a caller's line has
    the published text beside it, where the turns are those that were said."""
    evidence = report.evidence
    said = [each.text for each in evidence.story.said]
    whole = len(said) == len(evidence.heard_of_caller)
    references = iter(said if whole else ())
    lines = []
    for line in evidence.summary["lines"]:
        shown = {"who": line["role"], "heard": line["heard"], "unheard": line["unheard"]}
        if line["role"] == "caller":
            shown["reference"] = next(references, None)
        lines.append(shown)
    return {"lines": lines, "reference": " ".join(said)}


def _barge_in(each: BargeIn) -> Json:
    rounded = {
        "at_s": round(each.at_s, 3),
        "true_ms": None if each.true_ms is None else round(each.true_ms, 1),
        "error_ms": None if each.error_ms is None else round(each.error_ms, 1),
    }
    return asdict(each) | rounded


def _failures(evidence: Evidence, each: Sequence[Score], cuts: Sequence[BargeIn]) -> Iterator[str]:
    expected, summary, result = evidence.story.expected, evidence.summary, evidence.result
    rate, limit = overall(each), expected.word_error_rate
    if limit is not None and rate > limit:
        yield f"word error rate {rate:.1%}, more than {limit:.0%}"
    if not _called(summary["functions"], expected.function, expected.arguments):
        wanted = f" with {dict(expected.arguments)}" if expected.arguments else ""
        yield f"the function {expected.function} was not called{wanted}"
    if len(evidence.turns) < expected.caller_turns:
        yield f"{len(evidence.turns)} caller turns, fewer than {expected.caller_turns}"
    yield from _barge_in_failures(cuts, expected.barge_ins, expected.barge_in_error_ms)
    for peer in ("errors", "malformed"):
        yield from (f"{peer}: {count} x {name}" for name, count in summary[peer].items())
    yield from (f"the bridge notes {note['kind']}: {note['detail']}" for note in summary["notes"])
    yield from (f"carrier warning {each.code}: {each.text}" for each in result.warnings)
    yield from (f"carrier error {each.code}: {each.text}" for each in result.errors)
    if (result.outcome, result.ended_by, summary["outcome"]) != ("completed", "rest", "completed"):
        yield f"the call was ended by {result.ended_by}, not by the agent's goodbye"


def _barge_in_failures(cuts: Sequence[BargeIn], at_least: int, error_ms: float) -> Iterator[str]:
    measured = [each for each in cuts if each.error_ms is not None]
    if len(measured) < at_least:
        yield f"{len(measured)} barge-ins with a truncation, fewer than {at_least}"
    for each in measured:
        assert each.error_ms is not None
        if abs(each.error_ms) > error_ms:
            yield f"barge-in at {each.at_s:.1f} s: error {each.error_ms:+.0f} ms"
        if not each.start_confirmed:
            yield f"barge-in at {each.at_s:.1f} s: the item does not begin where playback began"


def _called(
    functions: Sequence[Mapping[str, Any]], name: str, arguments: Mapping[str, str] | None
) -> bool:
    asked = [json.loads(each["arguments"]) for each in functions if each["name"] == name]
    return any(arguments is None or each == arguments for each in asked)

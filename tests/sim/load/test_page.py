"""The page of a load test: whole, alone, and true to its report."""

import copy
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from bridge.sim.load.figures import spread
from bridge.sim.load.page import page_of, write
from bridge.sim.load.page_capacity import capacity
from bridge.sim.load.page_html import NOT_MEASURED, data_size, number, table
from bridge.sim.load.page_plots import Series, Tick, histogram, line_plot, nice_ticks, stacked

Json = dict[str, Any]
EVIL = """<script>alert("1")</script>&'"""
VOID = {"meta", "link", "wbr"}
MEASURED = (
    "inbound",
    "outbound",
    "added_latency",
    "barge_in_to_clear",
    "truncation_error",
    "end_of_speech_to_first_audio",
    "queue_to_ear",
    "webhook",
    "socket_open",
    "first_media",
    "first_audio",
)


def report(**changes: Any) -> Json:
    """Of a small run that passed; ``changes`` replace its fields."""
    some = spread(np.linspace(0.2, 4.0, 200))
    made: Json = {
        "url": "http://127.0.0.1:8080/twilio/voice",
        "began": "2026-01-31T09:30:00+00:00",
        "seconds": 12.5,
        "verdict": "passed",
        "exit_code": 0,
        "invalid_because": [],
        "machine": {"processor": "Z80", "cores": 1, "system": "CP/M 2.2", "python": "3.11.7"},
        "plan": {
            "stages": [{"name": "steady", "seconds": 5.0, "kind": "rate", "value": 2.0}],
            "scenarios": [
                {
                    "name": "rude",
                    "behaviour": "barge_in",
                    "weight": 3,
                    "calls": 1234,
                    "lost": 0,
                    "faults": 0,
                }
            ],
        },
        "calls": {"started": 1234, "answered": 1233, "lost": 1, "peak": 77, "unmatched": 0},
        "timeline": [
            {
                "at_s": float(n),
                "running": n,
                "started": n,
                "ended": 0,
                "lost": 0,
                "late_ms": 1.5,
                "frames": 0,
                "server": {"core_percent": 5.0 * n, "rss_bytes": 10**8},
            }
            for n in (1, 2, 3)
        ],
        "latency_ms": dict.fromkeys(MEASURED, some),
        "correctness": {"playback_gaps": 0, "needs_records": ["playback_gaps"]},
        "budget": [
            {"part": "caller frame to the model", "by": "bridge", "p50_ms": 1.0, "p99_ms": 2.0},
            {"part": "queue to the ear", "by": "carrier", "p50_ms": 9.0, "p99_ms": 18.0},
        ],
        "generator": {
            "late_ms": some,
            "frames_late_ms": some,
            "limit_ms": 20.0,
            "cpu_s": 1.0,
            "core_percent": 8.0,
            "cpu_us_per_frame": 206.7,
            "run_queue_wait_s": None,
        },
        "server": {
            "pid": 4711,
            "cpu_s": 0.5,
            "cpu_us_per_frame": 96.9,
            "core_percent": 2.5,
            "core_percent_per_call": 0.459,
            "rss_start_bytes": 103_000_000,
            "rss_peak_bytes": 105_000_000,
            "rss_bytes_per_call": 98_000,
            "rss_after": [(309, 104_000_000), (1234, 105_000_000)],
        },
        "slo": [
            {"name": "calls_lost", "measured": 0, "bound": 2, "met": True},
            {"name": "inbound_p99_ms", "measured": 3.97, "bound": 10, "met": True},
        ],
        "faults": [],
        "lost_calls": [],
        "notes": [],
        "capacity": None,
    }
    return copy.deepcopy(made) | changes


class Reader(HTMLParser):
    """What a browser would see: the text of each element, and every attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.rows: list[list[str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_the_page_is_written_whole_and_every_element_is_closed(tmp_path: Path) -> None:
    write(report(), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and page == page_of(report())
    assert {"h1", "table", "svg", "figure"} <= read(page).tags


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    page = page_of(report())
    reader = read(page)
    assert {"script", "img", "iframe", "object", "a", "form"} & reader.tags == set()
    leading = [each for each in reader.attributes if each[1] in ("src", "href", "srcset", "action")]
    assert leading == [("link", "href", "data:,")]
    assert not [each for each in reader.attributes if each[1].startswith("on")]
    assert "url(" not in page and "@import" not in page


def test_the_page_has_colours_for_both_schemes_and_the_width_of_a_phone() -> None:
    page = page_of(report())
    style = page.partition("<style>")[2].partition("</style>")[0]
    light, _, dark = style.partition("@media (prefers-color-scheme: dark)")
    named = set(re.findall(r"var\((--\w+)\)", style))
    for scheme in (light, dark.partition("}\n}")[0]):
        assert named <= set(re.findall(r"(--\w+):", scheme))
    assert 'name="viewport" content="width=device-width' in page


@pytest.mark.parametrize("verdict", ["passed", "broken", "invalid"])
def test_the_verdict_stands_first_with_what_became_of_the_calls(verdict: str) -> None:
    text = read(page_of(report(verdict=verdict))).text
    assert verdict.capitalize() in text.partition("What must hold")[0]
    assert "1,234 calls started, 1,233 answered, 1 lost, 77 at once at most, in 12.5 s." in text


def test_a_broken_bound_and_a_reason_to_distrust_are_told_above_all() -> None:
    bad = {"name": "truncation_error_p99_ms", "measured": 512.4, "bound": 60, "met": False}
    page = read(page_of(report(verdict="invalid", invalid_because=["41 ms late"], slo=[bad])))
    top = page.text.partition("What must hold")[0]
    assert "41 ms late" in top
    assert "truncation error, p99: 512 ms, more than 60 ms" in top
    assert ["truncation error, p99", "512 ms", "≤ 60 ms", "not met"] in page.rows


def test_a_bound_that_was_asked_for_and_not_measured_is_told_above_all() -> None:
    unknown = {"name": "playback_gaps", "measured": None, "bound": 0, "met": False}
    page = read(page_of(report(verdict="broken", slo=[unknown])))
    top = page.text.partition("What must hold")[0]
    assert "playback gaps: not measured, and its bound was asked for" in top
    assert "1 bound not measured" not in top
    assert ["playback gaps", "not measured", "≤ 0", "not met"] in page.rows


def test_levels_are_told_in_decibels() -> None:
    faint = {"name": "agent_level_error_db", "measured": 26.0, "bound": 6, "met": False}
    page = read(page_of(report(slo=[faint])))
    assert ["level of answers, off by", "26 dB", "≤ 6 dB", "not met"] in page.rows


def test_every_bound_is_in_the_table_and_one_that_was_not_measured_is_neither() -> None:
    unknown = {"name": "playback_gaps", "measured": None, "bound": 0, "met": None}
    page = read(page_of(report(slo=[*report()["slo"], unknown])))
    assert ["calls lost", "0", "≤ 2", "met"] in page.rows
    assert ["added latency, caller to model, p99", "3.97 ms", "≤ 10 ms", "met"] in page.rows
    assert ["playback gaps", NOT_MEASURED, "≤ 0", "not known"] in page.rows
    assert "1 bound not measured." in page.text


def test_what_was_not_measured_is_said_to_be_so() -> None:
    nothing = dict.fromkeys(MEASURED)
    made = report(latency_ms=nothing, server=None, budget=[], correctness={"needs_records": []})
    made["generator"] |= {"late_ms": None, "frames_late_ms": None}
    for second in made["timeline"]:
        second["server"] = None
    page = read(page_of(made))
    assert [row for row in page.rows if row[0] == "webhook answered"][0][1] == NOT_MEASURED
    assert "Not measured: the server" in page.text
    assert "Not measured: it needs the model's records." in page.text


def test_memory_is_told_by_the_calls_that_had_ended() -> None:
    assert ["309", "104 MB"] in read(page_of(report())).rows


def test_a_run_without_a_call_has_a_page_too() -> None:
    made = report(timeline=[], latency_ms=dict.fromkeys(MEASURED), verdict="invalid")
    assert "Invalid" in read(page_of(made)).text


def test_each_distribution_has_its_percentiles_in_plot_and_table() -> None:
    found = spread([10.0] * 94 + [20.0] * 3 + [30.0] * 3)
    page = read(page_of(report(latency_ms=dict.fromkeys(MEASURED, found))))
    (row,) = (row for row in page.rows if row[0] == "end of speech to first audio")
    assert row[1:] == ["100", "10", "10", "20", "30", "30"]
    for mark in ("p50 10", "p95 20", "p99 30"):
        assert mark in page.text


def test_a_text_of_the_report_is_never_markup() -> None:
    made = report(url=EVIL, notes=[EVIL], invalid_because=[EVIL], command=EVIL, began=EVIL)
    made["machine"] |= {"processor": EVIL, "system": EVIL}
    made["plan"]["stages"][0]["name"] = EVIL
    made["plan"]["scenarios"][0] |= {"name": EVIL, "behaviour": EVIL}
    made["slo"][0]["name"] = EVIL
    made["budget"][0] |= {"part": EVIL, "by": EVIL}
    call = {"call": 1, "scenario": EVIL, "call_sid": EVIL}
    made["faults"] = [{**call, "at_s": 1.0, "what": EVIL}]
    made["lost_calls"] = [{**call, "outcome": EVIL, "ended_by": EVIL, "errors": [EVIL]}]
    made["latency_ms"][EVIL] = made["latency_ms"]["webhook"]
    made["correctness"][EVIL] = 1
    page = page_of(made)
    shown = read(page)
    assert "<script" not in page and "script" not in shown.tags
    assert shown.text.count(EVIL) > 15
    assert "&lt;" not in shown.text  # nor is anything escaped twice


def step(calls: int, verdict: str = "passed", p99_ms: float = 1.0) -> Json:
    return {
        "concurrency": calls,
        "verdict": verdict,
        "broken": [] if verdict == "passed" else ["added_latency_p99_ms", "playback_gaps"],
        "inbound_p99_ms": p99_ms,
        "added_latency_p99_ms": 2 * p99_ms,
        "core_percent": None,
        "frames_late_p99_ms": 0.5,
    }


def test_a_search_for_the_capacity_shows_its_knee_and_each_step() -> None:
    steps = [step(20), step(40), step(60, "broken", 60.0)]
    page = read(page_of(report(capacity={"knee": 40, "why": "at 60 calls", "steps": steps})))
    assert "40 calls at once go well" in page.text
    assert ["60", "broken", "60", "120", NOT_MEASURED] in page.rows
    assert "60 calls: added latency, both ways, p99; playback gaps" in page.text


def test_an_invalid_step_is_listed_and_not_drawn() -> None:
    valid = [step(20), step(40), step(60, "broken", 60.0)]
    invalid = [step(60, "invalid", 9000.0), step(80, "invalid", 9000.0)]
    shown = capacity(report(capacity={"knee": 40, "why": "", "steps": [*valid, *invalid]})).text
    assert shown.count("9,000") == 2
    without = capacity(report(capacity={"knee": 40, "why": "", "steps": valid})).text
    figure = re.compile("<figure>.*</figure>", re.DOTALL)
    assert figure.findall(shown) == figure.findall(without) != []


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, NOT_MEASURED), (0, "0"), (0.4559, "0.46"), (12.34, "12.3"), (123.4, "123")],
)
def test_a_number_is_shown_to_three_figures(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_memory_is_shown_in_the_unit_that_fits() -> None:
    assert [data_size(n) for n in (12, 98_000, 105_000_000, 2e9)] == [
        "12 B",
        "98 kB",
        "105 MB",
        "2 GB",
    ]


def test_a_row_that_is_short_is_filled_up_and_an_empty_table_says_so() -> None:
    (row,) = read(table(("a", "b", "c"), [(1, None)]).text).rows[1:]
    assert row == ["1", NOT_MEASURED, ""]
    assert table(("a",), [], "nothing at all").text == '<p class="quiet">nothing at all</p>'


@pytest.mark.parametrize(("low", "high"), [(0, 9), (0, 0.001), (-3, -1), (0, 12345), (0.2, 0.9)])
def test_ticks_are_few_and_reach_both_ends(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 8
    assert ticks[0] <= low and ticks[-1] >= high


def drawing(figure: str) -> ElementTree.Element:
    """Well formed, or this raises."""
    drawn = ElementTree.fromstring(figure).find("svg")
    assert drawn is not None
    return drawn


def classed(drawn: ElementTree.Element, css: str) -> list[ElementTree.Element]:
    return [each for each in drawn.iter() if css in each.get("class", "").split()]


def test_a_bar_is_as_high_as_its_count_and_an_empty_bucket_has_none() -> None:
    drawn = drawing(histogram("Of", [(1.0, 10), (2.0, 0), (3.0, 5)], [Tick(1.5, "p50")], "ms").text)
    tall, short = (float(each.get("height", "")) for each in classed(drawn, "bar"))
    assert tall == pytest.approx(2 * short)
    (mark,) = classed(drawn, "mark")
    first, second = (float(each.get("x", "")) for each in classed(drawn, "bar"))
    assert first < float(mark.get("d", "").split()[0].removeprefix("M")) < second


def test_a_line_is_broken_where_nothing_was_measured() -> None:
    points = [(0.0, 1.0), (1.0, 2.0), (2.0, None), (3.0, 1.0)]
    drawn = drawing(line_plot("Of", [Series("one", points)], "ms").text)
    assert len(classed(drawn, "line")) == 2


def test_the_parts_of_a_bar_are_as_long_as_their_values_and_touch() -> None:
    drawn = drawing(stacked("Of", [("one", 30.0), ("two", 10.0)], "ms").text)
    (one,), (two,) = classed(drawn, "fill1"), classed(drawn, "fill2")
    ends = float(one.get("x", "")) + float(one.get("width", ""))
    assert ends == pytest.approx(float(two.get("x", "")))
    assert float(one.get("width", "")) == pytest.approx(3 * float(two.get("width", "")), rel=0.01)


def test_the_names_of_percentiles_that_are_close_stand_below_each_other() -> None:
    marks = [Tick(2.0, "p50 2"), Tick(2.01, "p95 2"), Tick(2.02, "p99 2")]
    drawn = drawing(histogram("Of", [(1.0, 1), (2.0, 9), (3.0, 1)], marks, "ms").text)
    heights = [each.get("y") for each in classed(drawn, "told")]
    assert len(heights) == len(set(heights)) == 3

"""The page of one call: one file, no script, every text escaped."""

import re
from html.parser import HTMLParser

import msgspec
import pytest

from bridge.records.happenings import FROM_SPEECH
from bridge.records.page import page
from bridge.records.record import CallRecord
from tests.records.sample import HOSTILE, NOON, RECORD, sound

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Reading(HTMLParser):
    """Tags with their attributes, the text, and whether all that was opened was closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def names(self) -> set[str]:
        return {name for name, _ in self.tags}


@pytest.fixture(scope="module")
def whole() -> str:
    return page(RECORD, sound())


def test_a_caller_cannot_write_into_the_page(whole: str) -> None:
    reading = Reading(whole)
    assert reading.open == []
    assert not {"script", "img", "iframe", "link", "a"} & reading.names()
    assert not any(name.startswith("on") for _, attrs in reading.tags for name in attrs)
    assert 'alert("x")' in reading.text  # it is shown, as words
    assert "\x1b" not in whole and "\x07" not in whole


@pytest.mark.parametrize(
    "field", ["call_sid", "caller", "called", "agent", "variant", "model", "outcome_detail"]
)
def test_no_field_can(field: str) -> None:
    record = msgspec.structs.replace(RECORD, **{field: HOSTILE}, cost=None, cost_unknown=HOSTILE)
    reading = Reading(page(record, None))
    assert not {"script", "img"} & reading.names()
    assert reading.open == []


def test_it_refers_to_nothing_outside_of_itself(whole: str) -> None:
    with_player = page(RECORD, sound(), player=True)
    for html in (whole, with_player):
        links = [
            value
            for _, attrs in Reading(html).tags
            for name, value in attrs.items()
            if name in ("src", "href", "srcset", "poster") and value
        ]
        assert all(each.startswith("data:audio/wav;base64,") for each in links)
        assert not re.search(r"url\(|@import", html)
        assert "default-src 'none'" in html
    assert "<audio" not in whole
    assert "<audio" in with_player


def test_what_there_is_to_know_stands_on_it(whole: str) -> None:
    text = Reading(whole).text
    for word in ("front-desk, version 7 (trial)", "find_order", "the caller broke in"):
        assert word in text
    for word in ("3094", "940", "1800", "to a function's result", FROM_SPEECH):
        assert word in text
    for word in ("left us yesterday evening.", "(not transcribed)", "0.209684", "cached audio"):
        assert word in text


def test_what_was_not_heard_is_marked(whole: str) -> None:
    assert '<span class="unheard" title="not heard">left us yesterday evening.</span>' in whole


def test_the_picture_shows_both_channels_and_a_line_for_what_happened(whole: str) -> None:
    paths = [attrs for name, attrs in Reading(whole).tags if name == "path"]
    assert [each["class"] for each in paths] == ["left", "right"]
    assert all(len(each["d"] or "") > 5_000 for each in paths)
    lines = [attrs["class"] for name, attrs in Reading(whole).tags if name == "line"]
    assert lines.count("cut") == 1 and lines.count("answer") == 4


def test_a_call_of_which_hardly_anything_is_known_has_a_page() -> None:
    html = page(CallRecord(call_sid="CA1", started_at=NOON, cost_unknown="no price"))
    text = Reading(html).text
    assert "There is no recording" in text
    assert "There is no transcript" in text
    assert "no price" in text

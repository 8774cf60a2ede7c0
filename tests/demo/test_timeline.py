"""The picture of a call."""

import re
import xml.etree.ElementTree as ET

from bridge.demo.report import report_of
from bridge.demo.timeline import HEIGHT, LANE, fitting, level_path, timeline
from tests.demo.calls import MS, evidence

SVG = "{http://www.w3.org/2000/svg}"


def drawn() -> ET.Element:
    return ET.fromstring(timeline(report_of(evidence())))


def of_kind(kind: str) -> list[ET.Element]:
    return [each for each in drawn().iter() if kind in each.get("class", "").split()]


def test_the_picture_is_xml_with_both_legs_turns_marks_and_the_cut() -> None:
    assert drawn().tag == f"{SVG}svg"
    assert len(of_kind("turn")) == 4  # two of each side
    assert len(of_kind("mark")) == 1 and len(of_kind("flushed")) == 1
    assert len(of_kind("cut")) == 1
    assert [each.text for each in of_kind("told")] == ["told 2990 ms, true 3000"]
    assert [each.text for each in of_kind("function") if each.text] == ["find_passage"]


def test_the_cut_stands_where_it_happened() -> None:
    axis = {each.text: float(each.get("x", "")) for each in of_kind("soft")}
    (cut,) = of_kind("cut")
    second = (axis["5"] - axis["0"]) / 5
    assert abs(float(cut.get("x1", "")) - (axis["0"] + 3.5 * second)) < 0.2


def test_nothing_is_drawn_outside_the_picture() -> None:
    root = drawn()
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    assert height == HEIGHT
    for each in root.iter():
        for name in ("x", "x1", "x2"):
            assert 0 <= float(each.get(name, 0)) <= width
        for name in ("y", "y1", "y2"):
            assert 0 <= float(each.get(name, 0)) <= height


def test_it_refers_to_nothing_outside_itself_and_knows_dark_ground() -> None:
    text = timeline(report_of(evidence()))
    assert not re.search(r"href|url\(|@import|src=", text)
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme: dark" in text


def test_the_level_is_floor_in_silence_and_higher_where_it_is_louder() -> None:
    def heights(ulaw: bytes) -> list[float]:
        points = re.findall(r"L[\d.]+ ([\d.]+)", level_path(ulaw, LANE))
        return [LANE - float(y) for y in points[:-1]]

    (silent,) = heights(b"\xff" * 50 * MS)
    (soft,) = heights(b"\x40\xc0" * 25 * MS)
    (loud,) = heights(b"\x10\x90" * 25 * MS)
    assert silent == 0 < soft < loud <= LANE


def test_words_are_cut_behind_a_word() -> None:
    assert fitting("it was the best", 500) == "it was the best"
    assert fitting("it was the best", 60) == "it was…"
    assert fitting("incredulity", 20) == ""

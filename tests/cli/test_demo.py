"""The demonstration, from end to end: the slowest test there is."""

import json
import wave
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from bridge.demo.word_score import overall, scores
from bridge.sim.recordings import TWO_CITIES
from bridge.sim.voice.transcriber import Transcriber
from tests.cli.offhook import offhook, reported

RATE_HZ = 8000


def test_the_book_line_is_called_and_everything_expected_happens(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = offhook("demo", "--json", "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    report = reported(done)
    assert report == json.loads((out / "report.json").read_text())
    assert report["passed"] and report["failures"] == []
    assert report["seconds"] <= 120
    assert report["word_error_rate"]["overall"] <= 0.15
    assert report["call"]["caller_turns"] >= 4
    assert report["call"]["ended_by"] == "rest"
    assert [each["name"] for each in report["functions"]] == ["find_passage"]
    assert json.loads(report["functions"][0]["output"])["title"] == "A Tale of Two Cities"
    assert report["barge_ins"]
    for each in report["barge_ins"]:
        assert abs(each["told_ms"] - each["true_ms"]) <= 40
        assert each["start_confirmed"]
    assert report["errors"] == {"model": {}, "malformed": {}, "carrier": []}
    assert report["warnings"] == [] and report["notes"] == []
    assert ET.parse(out / "timeline.svg").getroot().tag.endswith("svg")
    _check_transcript(out)
    _check_sound(out)


def _check_transcript(out: Path) -> None:
    told = json.loads((out / "transcript.json").read_text())
    assert told["reference"] == " ".join(TWO_CITIES)
    callers = [line for line in told["lines"] if line["who"] == "caller"]
    assert [line["reference"] for line in callers] == list(TWO_CITIES)
    agents = [line for line in told["lines"] if line["who"] == "assistant"]
    assert "Dickens" in agents[1]["heard"] and "French Revolution" in agents[1]["unheard"]
    assert agents[-1]["heard"].endswith("Goodbye.") and agents[-1]["unheard"] == ""


def _check_sound(out: Path) -> None:
    """The right channel, heard by a listener of its own, says what the transcript calls heard."""
    with wave.open(str(out / "call.wav")) as file:
        sides = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    said, heard = sides[:, 0], sides[:, 1]
    assert _loudest_dbfs(said) > -20 and _loudest_dbfs(heard) > -25
    told = json.loads((out / "transcript.json").read_text())
    lines = [line["heard"] for line in told["lines"] if line["who"] == "assistant"]
    found = Transcriber().transcribe(heard.tobytes(), RATE_HZ)
    assert overall(scores(lines, found)) <= 0.25, found


def _loudest_dbfs(side: "np.ndarray[tuple[int], np.dtype[np.int16]]") -> float:
    frames = side[: side.size // 160 * 160].reshape(-1, 160).astype(np.float64)
    return float(10 * np.log10((frames**2).mean(axis=1).max() / 32768**2))

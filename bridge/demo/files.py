"""What a demonstration leaves behind."""

import json
from pathlib import Path

from bridge.demo.report import Report, as_json, transcript
from bridge.demo.timeline import timeline
from bridge.sim.stereo import write_stereo


def write(report: Report, out: Path) -> None:
    """``call.wav``, ``timeline.svg`` (both where a stream came about), ``transcript.json`` and
    ``report.json``."""
    stream = report.evidence.stream
    if stream is not None:
        write_stereo(out / "call.wav", stream.sent_ulaw, stream.heard)
        (out / "timeline.svg").write_text(timeline(report), encoding="utf-8")
    for name, data in (("transcript", transcript(report)), ("report", as_json(report))):
        text = json.dumps(data, indent=1, ensure_ascii=False)
        (out / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")

"""Messages as the vendors' documents print them: the oracle for ``wire``."""

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_DATA = Path(__file__).parents[1] / "data"


def twilio_messages(sender: str) -> list[Json]:
    """Media Streams messages of ``sender``, which is "carrier" or "server"."""
    rows = json.loads((_DATA / "twilio-media-messages.json").read_text())
    return [row["message"] for row in rows if row["from"] == sender]


def realtime_events(sender: str, dialect: str) -> list[Json]:
    """Realtime events of ``sender`` ("client" or "server") in ``dialect`` ("ga", "preview")."""
    rows = json.loads((_DATA / "realtime-messages.json").read_text())
    return [row["message"] for row in rows if row["from"] == sender and dialect in row["dialects"]]


def realtime_document() -> Json:
    """Every event and key of three dialects."""
    document: Json = json.loads((_DATA / "realtime-events.json").read_text())
    return document

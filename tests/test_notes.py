"""What a call notes: with its CallSid, and bounded."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest

from bridge.call.actions import Note, Outcome
from bridge.functions import from_python
from bridge.live import LiveCall
from bridge.log import configure, in_call
from bridge.notes import KEPT_OF_A_KIND, Notes
from bridge.records.context import CallContext
from bridge.sim.carrier.caller import At, HangUp
from bridge.sim.model.reply import FunctionCall, Reply, Spoken
from tests.support.ends import sid
from tests.support.stage import Stage, spoken
from tests.support.switchboard import SOCKET_AFTER_S, Switchboard
from tests.support.virtual_time import run

TALKS = (HangUp(At(4.0)),)
Lines = list[dict[str, str]]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """JSON lines; the logging of the test run is put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("info", True, stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(log: io.StringIO) -> Lines:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def disturbed(*frames: str, stop: bool = True) -> LiveCall:
    """A call whose carrier sends these two seconds after the start."""
    ended: list[LiveCall] = []

    async def on_end(live: LiveCall, context: CallContext) -> None:
        ended.append(live)

    async def main() -> None:
        board = Switchboard((spoken(1000),), on_end=on_end)
        calling = asyncio.create_task(board.call(1, TALKS))
        await asyncio.sleep(SOCKET_AFTER_S + 2)
        carrier = board._carriers[sid(1)]
        carrier.socket.put(frames)
        if not stop:
            carrier.socket.break_off("closed with 1009: too big")
        await calling

    run(main())
    return ended[0]


def test_what_a_sockets_callback_writes_has_the_call_sid(log: io.StringIO) -> None:
    disturbed("{", json.dumps({"event": "start"}))
    told = [line for line in lines(log) if line["level"] == "warning"]
    assert told
    assert {line.get("call_sid") for line in told} == {sid(1)}


def test_a_stream_of_somebody_else_is_told_with_the_call_it_came_for(log: io.StringIO) -> None:
    async def main() -> None:
        board = Switchboard()
        admission = await board.admit(1)
        assert admission is not None
        streaming = asyncio.create_task(board.stream(admission, 1))
        await asyncio.sleep(0)
        board._carriers[sid(1)].stream.call_sid = sid(2)
        await streaming

    run(main())
    (told,) = [line for line in lines(log) if "refused" in line["message"]]
    assert told["call_sid"] == sid(1)


def test_what_a_function_writes_has_the_call_sid(log: io.StringIO) -> None:
    def look_up() -> str:
        """Looks something up."""
        logging.getLogger("bridge.tried").warning("looked up")
        return "found"

    script = (Reply((Spoken("wait", 500), FunctionCall("look_up", "{}"))), spoken(500))
    offered = {"look_up": from_python(look_up, name="look_up")}

    async def main() -> None:
        with in_call(sid(0)):
            stage = Stage(TALKS, script, offered=offered)
        assert await stage.run() is Outcome.CALLER_HUNG_UP

    run(main())
    (told,) = [line for line in lines(log) if line["message"] == "looked up"]
    assert told["call_sid"] == sid(0)


def test_a_flood_of_one_kind_makes_a_few_lines_and_a_few_notes(log: io.StringIO) -> None:
    live = disturbed(*["{"] * 2000)
    notes = [note.detail for _, note in live.notes if note.kind == "carrier_malformed"]
    assert len(notes) == KEPT_OF_A_KIND + 1
    assert notes[-1].endswith("(the last of 2000)")
    assert len([line for line in lines(log) if "malformed" in line["message"]]) == len(notes)
    assert live.call.counts.malformed["carrier"] == 2000


def test_the_first_of_a_kind_stay_in_order_and_the_last_comes_at_the_end() -> None:
    notes = Notes()
    for number in range(8):
        notes.add(number, Note("often", f"{number}"))
    notes.add(8, Note("once"))
    assert [note.detail for _, note in notes.kept] == ["0", "1", "2", "3", "4", ""]
    notes.end()
    notes.end()
    assert notes.kept[6:] == [(7, Note("often", "7 (the last of 8)"))]


def test_why_the_carriers_socket_closed_is_told_unless_it_said_stop(log: io.StringIO) -> None:
    live = disturbed(stop=False)
    told = [line["message"] for line in lines(log) if "carrier_closed" in line["message"]]
    assert told == ["carrier_closed: closed with 1009: too big"]
    assert "carrier_closed" in [note.kind for _, note in live.notes]
    assert "carrier_closed" not in [note.kind for _, note in disturbed().notes]

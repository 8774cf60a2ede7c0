import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from bridge.log import configure, in_call

SID = "CA0123456789abcdef0123456789abcdef"
logger = logging.getLogger("bridge.tried")


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """The logging of the test run is put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(
    level: str = "info", *, as_json: bool = False, secrets: tuple[str, ...] = ()
) -> io.StringIO:
    stream = io.StringIO()
    configure(level, as_json, secrets=secrets, stream=stream)
    return stream


def test_a_line_has_time_level_logger_call_message_and_extra() -> None:
    stream = lines()
    logger.info("heard %d ms", 120, extra={"call_sid": SID, "item": "item_1"})
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 INFO bridge\.tried "
        + SID
        + r" heard 120 ms item=item_1\n",
        stream.getvalue(),
    )


def test_as_json_a_line_is_one_object() -> None:
    stream = lines(as_json=True)
    extra = {"call_sid": SID, "heard_ms": 120, "share": 0.123456789012, "ok": True, "none": None}
    logger.warning("a\nb %s", "\ud800", extra=extra)
    told = json.loads(stream.getvalue())
    assert stream.getvalue().count("\n") == 1
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "level": "warning",
        "logger": "bridge.tried",
        "call_sid": SID,
        "message": "a\nb \\ud800",
        "heard_ms": 120,
        "share": 0.123456789012,
        "ok": True,
        "none": None,
    }


def test_what_comes_by_extra_cannot_stand_for_our_own_fields() -> None:
    stream = lines(as_json=True)
    logger.info("said", extra={"level": "error", "time": "never"})
    told = json.loads(stream.getvalue())
    assert told["level"] == "info"
    assert told["time"] != "never"


def test_every_line_inside_a_call_carries_its_sid_and_so_do_its_tasks() -> None:
    stream = lines(as_json=True)

    async def say(what: str) -> None:
        logger.info("%s", what)

    async def call(sid: str) -> None:
        with in_call(sid):
            async with asyncio.TaskGroup() as group:
                group.create_task(say(sid))

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(call("CA1"))
            group.create_task(call("CA2"))
        logger.info("outside")

    asyncio.run(both())
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert sorted((each.get("call_sid"), each["message"]) for each in told[:2]) == [
        ("CA1", "CA1"),
        ("CA2", "CA2"),
    ]
    assert "call_sid" not in told[2]


def test_a_logger_adapter_gives_the_sid_too() -> None:
    stream = lines()
    logging.LoggerAdapter(logger, {"call_sid": SID}).info("said")
    assert f"bridge.tried {SID} said" in stream.getvalue()


@pytest.mark.parametrize("as_json", [True, False])
def test_no_digits_of_a_telephone_number_get_into_the_log(as_json: bool) -> None:
    stream = lines("debug", as_json=as_json)
    number = "+14155550123"
    logger.info("call from %s", number)
    logger.info("form %s", {"From": number, "To": "(415) 555-0123"})
    logger.info("said", extra={"caller": number, "bare": 14155550123, "form": {"From": number}})
    try:
        raise ValueError(f"no route to {number}")
    except ValueError:
        logger.exception("failed")
    logged = stream.getvalue()
    assert not re.search(r"415.{0,3}555", logged)
    assert "no route to ***23" in logged
    assert "Traceback" in logged


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_gets_into_the_log(as_json: bool) -> None:
    stream = lines(as_json=as_json, secrets=("hunter2", "", "hunter2-long"))
    logger.info(
        "with %s", "hunter2-long", extra={"auth_token": "abc", "headers": {"api-key": "k3y"}}
    )
    logger.info("Authorization: Bearer %s", "qwertyuiop")
    logged = stream.getvalue()
    for secret in ("hunter2", "-long", "abc", "k3y", "qwertyuiop"):
        assert secret not in logged


def test_a_peers_line_break_makes_no_line_of_its_own() -> None:
    stream = lines()
    logger.info("said %s", "x\r\n2026-01-01 ERROR bridge all is lost\x1b[31m")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_a_line_below_the_level_is_not_even_formatted() -> None:
    class Costly:
        def __str__(self) -> str:
            raise AssertionError("formatted")

    stream = lines("warning")
    logger.info("%s", Costly())
    assert stream.getvalue() == ""


def test_libraries_that_tell_of_every_request_are_quiet() -> None:
    stream = lines("debug")
    for name in ("twilio.http_client", "httpx", "azure.core.pipeline", "websockets.client"):
        logging.getLogger(name).info("request")
        logging.getLogger(name).debug("request")
    assert stream.getvalue() == ""


def test_configuring_twice_writes_each_line_once() -> None:
    lines()
    stream = lines()
    logger.info("said")
    assert stream.getvalue().count("said") == 1


def test_the_log_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", json=False)
    logger.info("said")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith(" INFO bridge.tried said\n")


def test_an_exception_that_has_left_a_call_is_logged_with_its_call_sid() -> None:
    stream = lines(as_json=True)

    async def main() -> None:
        async def socket(broken: bool) -> None:
            try:
                with in_call(SID):
                    if broken:
                        raise RuntimeError("a bug")
            except RuntimeError:
                logger.exception("a socket failed")
            else:
                logger.info("all is well")

        await asyncio.create_task(socket(True))
        await asyncio.create_task(socket(False))

    asyncio.run(main())
    first, other = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["call_sid"] == SID and "a bug" in first["exception"]
    assert "call_sid" not in other

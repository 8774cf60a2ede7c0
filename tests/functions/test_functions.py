import asyncio
import functools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from bridge.agents.document import FunctionSpec
from bridge.functions.functions import (
    MAX_ABANDONED,
    MAX_RESULT_CHARS,
    Function,
    FunctionsError,
    from_python,
    load_functions,
    run,
)


class Place(BaseModel):
    title: str
    floor: int = 0


def find_order(
    number: str,
    day: date | None = None,
    size: Literal["small", "large"] = "small",
    place: Place | None = None,
    note: Annotated[str, Field(description="Anything else.")] = "",
) -> dict[str, Any]:
    """Find an order."""
    return {"number": number, "day": day, "size": size, "place": place, "note": note}


def offered(call: Callable[..., Any], timeout_s: float = 5.0, **told: Any) -> Function:
    return from_python(call, name="tried", description="Tried.", timeout_s=timeout_s, **told)


def answer(function: Function, arguments: str = "{}") -> str:
    return asyncio.run(run(function, arguments))


def error_of(text: str) -> str:
    told = json.loads(text)
    assert list(told) == ["error"]
    return str(told["error"])


def test_the_schema_comes_from_the_signature_and_the_description_from_the_docstring() -> None:
    function = from_python(find_order, name="find_order")
    assert function.description == "Find an order."
    assert function.parameters["type"] == "object"
    assert function.parameters["required"] == ["number"]
    assert function.parameters["additionalProperties"] is False
    properties = function.parameters["properties"]
    assert properties["number"] == {"type": "string"}
    assert properties["size"] == {
        "type": "string",
        "enum": ["small", "large"],
        "default": "small",
    }
    assert properties["note"]["description"] == "Anything else."
    assert "title" in function.parameters["$defs"]["Place"]["properties"]


def test_arguments_arrive_in_the_types_of_the_signature() -> None:
    function = from_python(find_order, name="find_order")
    arguments = '{"number": "A1", "day": "2026-01-02", "place": {"title": "x", "floor": 2}}'
    assert json.loads(answer(function, arguments)) == {
        "number": "A1",
        "day": "2026-01-02",
        "size": "small",
        "place": {"title": "x", "floor": 2},
        "note": "",
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('"\ud800"', "not JSON"),
        ("[1]", "one JSON object"),
        ("null", "one JSON object"),
        ("{}", "number: Missing required argument"),
        ('{"number": 1}', "number: Input should be a valid string"),
        ('{"number": "A", "size": "huge"}', "size: Input should be 'small' or 'large'"),
        ('{"number": "A", "colour": "red"}', "colour: Unexpected"),
    ],
)
def test_wrong_arguments_are_told_to_the_model(arguments: str, told: str) -> None:
    text = error_of(answer(from_python(find_order, name="find_order"), arguments))
    assert text.startswith("wrong arguments: ")
    assert told in text


def test_a_written_schema_is_what_arguments_are_checked_by() -> None:
    def double(count: int, unit: str = "") -> str:
        return f"{count * 2}{unit}"

    schema = {
        "type": "object",
        "properties": {"count": {"type": "integer", "maximum": 9}},
        "required": ["count"],
    }
    function = offered(double, parameters=schema)
    assert function.parameters is schema
    assert answer(function, '{"count": 4}') == "8"
    assert (
        error_of(answer(function, '{"count": 10}')) == "wrong arguments: count: must be at most 9"
    )
    assert "count is missing" in error_of(answer(function))
    assert "colour: not known" in error_of(answer(function, '{"count": 1, "colour": 1}'))


def test_a_model_that_sends_nothing_for_no_arguments_is_understood() -> None:
    assert answer(offered(lambda: "yes"), "") == "yes"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (None, '{"ok": true}'),
        ("", '{"result": ""}'),
        (" \n", '{"result": ""}'),
        ({"a": [1, 2.5, None, True]}, '{"a":[1,2.5,null,true]}'),
        (0, "0"),
        ([], "[]"),
        (date(2026, 1, 2), '"2026-01-02"'),
        (Place(title="x"), '{"title":"x","floor":0}'),
        ("a\ud800b", "a?b"),
    ],
)
def test_any_result_becomes_a_text_that_is_not_empty(value: Any, text: str) -> None:
    async def given() -> Any:
        return value

    assert answer(offered(given)) == text
    assert answer(offered(lambda: value)) == text


def test_a_result_without_a_json_form_is_an_error_result() -> None:
    assert "cannot be written as JSON" in error_of(answer(offered(lambda: threading.Lock())))


def test_a_long_result_is_cut_and_says_so() -> None:
    text = answer(offered(lambda: "x" * (MAX_RESULT_CHARS + 1)))
    assert text.startswith("x" * MAX_RESULT_CHARS + " … (cut:")
    assert len(text) < MAX_RESULT_CHARS + 60
    assert answer(offered(lambda: "x" * MAX_RESULT_CHARS)) == "x" * MAX_RESULT_CHARS


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ValueError("no such order"), "tried failed: ValueError: no such order"),
        (TimeoutError("database"), "tried failed: TimeoutError: database"),
        (ValueError("x" * 10_000), "tried failed: ValueError: xxx"),
        (ValueError("a\ud800"), "tried failed: ValueError: a?"),
    ],
)
def test_an_exception_is_an_error_result_without_a_trace(failure: Exception, told: str) -> None:
    def fails() -> None:
        raise failure

    async def fails_later() -> None:
        raise failure

    for call in (fails, fails_later):
        text = error_of(answer(offered(call)))
        assert text.startswith(told)
        assert "Traceback" not in text
        assert len(text) < 600


@pytest.mark.parametrize("failure", [SystemExit(1), StopIteration(), asyncio.CancelledError()])
def test_no_function_can_end_the_call_or_the_program(failure: BaseException) -> None:
    def fails() -> None:
        raise failure

    async def fails_later() -> None:
        raise failure

    assert error_of(answer(offered(fails))).startswith("tried failed: ")
    assert error_of(answer(offered(fails_later))).startswith("tried failed: ")


def test_an_async_function_that_never_returns_gets_its_time_out_result() -> None:
    async def waits() -> None:
        await asyncio.Event().wait()

    text = error_of(answer(offered(waits, timeout_s=0.01)))
    assert text == "tried did not answer within 0.01 s"


def test_a_sync_function_that_never_returns_starves_neither_loop_nor_others() -> None:
    released = threading.Event()
    stuck = from_python(
        lambda: released.wait(), name="stuck", description="Never returns.", timeout_s=0.02
    )

    async def all_of_it() -> tuple[list[str], str, float]:
        began = time.monotonic()
        texts = await asyncio.gather(*(run(stuck, "{}") for _ in range(MAX_ABANDONED)))
        took_s = time.monotonic() - began
        other = await run(offered(lambda: "well"), "{}")
        return [error_of(text) for text in texts], other, took_s

    try:
        texts, other, took_s = asyncio.run(all_of_it())
        assert texts == ["stuck did not answer within 0.02 s"] * MAX_ABANDONED
        assert other == "well"
        assert took_s < 2
        # One more thread of that function would be one too many ...
        assert "stuck is out of order" in error_of(answer(stuck))
    finally:
        released.set()
    for thread in threading.enumerate():
        if thread.name == "stuck":
            thread.join(5)
    # ... until they have come back after all.
    assert answer(stuck) == "true"


def test_a_thread_that_never_returns_does_not_keep_the_program_from_ending() -> None:
    program = """
import asyncio, threading
from bridge.functions import from_python, run
stuck = from_python(lambda: threading.Event().wait(), name="s", description="d", timeout_s=0.01)
print(asyncio.run(run(stuck, "{}")))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert "did not answer" in done.stdout
    assert done.stderr == ""


def test_a_sync_function_that_answers_too_late_hurts_nobody() -> None:
    released = threading.Event()

    async def all_of_it() -> tuple[str, str]:
        late = await run(offered(lambda: released.wait(), timeout_s=0.01), "{}")
        released.set()
        return late, await run(offered(lambda: "next"), "{}")

    late, following = asyncio.run(all_of_it())
    assert "did not answer" in error_of(late)
    assert following == "next"


@pytest.mark.parametrize("sync", [True, False])
def test_it_can_be_cancelled_at_any_time(sync: bool) -> None:
    released = threading.Event()

    async def waits() -> None:
        await asyncio.Event().wait()

    async def all_of_it() -> None:
        function = offered((lambda: released.wait()) if sync else waits)
        task = asyncio.create_task(run(function, "{}"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    try:
        asyncio.run(all_of_it())
    finally:
        released.set()


def test_sync_functions_run_off_the_loop_and_async_ones_on_it() -> None:
    async def there() -> str:
        return threading.current_thread().name

    async def all_of_it() -> tuple[str, str, str]:
        here = threading.current_thread().name
        apart = await run(offered(lambda: threading.current_thread().name), "{}")
        return here, apart, await run(offered(there), "{}")

    here, apart, on_loop = asyncio.run(all_of_it())
    assert apart != here
    assert on_loop == here


def test_a_callable_object_a_method_and_a_partial_are_functions_too() -> None:
    @dataclass
    class Shop:
        """A shop."""

        city: str

        def __call__(self, item: str) -> str:
            return f"{item} in {self.city}"

        async def later(self, item: str) -> str:
            return f"{item} later in {self.city}"

        def awaitable(self, item: str) -> Awaitable[str]:
            return self.later(item)

    shop = Shop("Paris")
    assert answer(from_python(shop, name="shop"), '{"item": "tea"}') == "tea in Paris"
    assert answer(offered(shop.later), '{"item": "tea"}') == "tea later in Paris"
    assert answer(offered(shop.awaitable), '{"item": "tea"}') == "tea later in Paris"
    part = functools.partial(find_order, number="A1")
    assert from_python(part, name="part").description == "Find an order."
    assert json.loads(answer(offered(part)))["number"] == "A1"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "offhook_test_shop.py").write_text(
        "class Orders:\n"
        "    @staticmethod\n"
        "    def find(number: str) -> str:\n"
        "        'Find an order.'\n"
        "        return number\n"
        "def silent(number: str) -> str:\n"
        "    return number\n"
        "def untyped(number):\n"
        "    'Untyped.'\n"
        "def splat(*numbers: str):\n"
        "    'Any numbers.'\n"
        "def open_ended(**numbers: str):\n"
        "    'Any numbers.'\n"
        "def unknown(number: 'Number'):\n"
        "    'A number.'\n"
        "def wild(number: Orders):\n"
        "    'A number.'\n"
        "TABLE = {}\n"
    )
    (tmp_path / "offhook_test_broken.py").write_text("1 / 0\n")
    info = tmp_path / "offhook_test_shop-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offhook-test-shop\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[offhook.functions]\nfind_order = offhook_test_shop:Orders.find\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("shop")
def test_functions_are_loaded_by_module_or_by_entry_point() -> None:
    loaded = load_functions(
        [
            FunctionSpec("first", "offhook_test_shop:Orders.find", timeout_s=3),
            FunctionSpec("find_order", "find_order"),
            FunctionSpec("told", "offhook_test_shop:silent", description="Quiet."),
        ],
        default_timeout_s=7,
    )
    assert {name: each.timeout_s for name, each in loaded.items()} == {
        "first": 3,
        "find_order": 7,
        "told": 7,
    }
    assert loaded["told"].description == "Quiet."
    assert answer(loaded["find_order"], '{"number": "A1"}') == "A1"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("entry_point", "told"),
    [
        ("nowhere_at_all:f", "needs the module nowhere_at_all"),
        ("offhook_test_shop:nothing", "has no attribute 'nothing'"),
        ("offhook_test_shop:TABLE", "is a dict; name a function"),
        ("offhook_test_broken:f", "ZeroDivisionError"),
        ("offhook_test_shop:silent", "has no docstring"),
        ("offhook_test_shop:untyped", "'number' has no type"),
        ("offhook_test_shop:splat", "'numbers' cannot be given by name"),
        ("offhook_test_shop:open_ended", "takes **numbers"),
        ("offhook_test_shop:unknown", "annotation that is not defined"),
        ("offhook_test_shop:wild", "types that JSON cannot carry"),
        ("find_orders", "(installed: find_order)"),
        ("offhook_test_shop.silent", "write offhook_test_shop:silent"),
    ],
)
def test_a_function_that_cannot_be_offered_is_named_with_the_mend(
    entry_point: str, told: str
) -> None:
    with pytest.raises(FunctionsError) as caught:
        load_functions([FunctionSpec("tried", entry_point)])
    message = str(caught.value)
    assert message.startswith(f"function tried: {entry_point} ")
    assert told in message
    assert "; " in message


@pytest.mark.usefixtures("shop")
def test_all_functions_that_cannot_be_offered_are_told_at_once() -> None:
    specs = [FunctionSpec("a", "nowhere_at_all:f"), FunctionSpec("b", "offhook_test_shop:TABLE")]
    with pytest.raises(FunctionsError) as caught:
        load_functions(specs)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "function a",
        "function b",
    ]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"properties": {"number": {}}}, "needs 'number'; list it under required"),
        ({"properties": {"number": {}, "x": {}}, "required": ["number"]}, "does not take 'x'"),
    ],
)
def test_a_written_schema_has_to_agree_with_the_function(schema: dict[str, Any], told: str) -> None:
    spec = FunctionSpec("tried", "offhook_test_shop:Orders.find", None, schema)
    with pytest.raises(FunctionsError, match=told):
        load_functions([spec])

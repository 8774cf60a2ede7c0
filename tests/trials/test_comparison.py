"""Two courses of a call, laid side by side and printed."""

from io import StringIO

from rich.console import Console

from bridge.trials.caller_turns import CallerTurn
from bridge.trials.columns import columns
from bridge.trials.comparison import Difference, Exchange, Row, differences, rows
from bridge.trials.paced_caller import Gap, PacedRecord
from bridge.trials.replay import Replayed
from bridge.trials.stereo import Stereo
from bridge.trials.stored import Course, FunctionRun, SpokenLine, StoredCall


def caller(text: str) -> SpokenLine:
    return SpokenLine("caller", text)


def agent(text: str, unheard: str = "") -> SpokenLine:
    return SpokenLine("assistant", text, unheard)


def course(
    *lines: SpokenLine,
    functions: tuple[FunctionRun, ...] = (),
    latencies_ms: tuple[float, ...] = (),
) -> Course:
    return Course(lines, functions, "completed", 10.0, latencies_ms)


def exchange(*lines: SpokenLine) -> Exchange:
    said = tuple(line for line in lines if line.role == "caller")
    return Exchange(said, tuple(line for line in lines if line.role != "caller"))


GREETING, HELLO = agent("This is it."), caller("Hello.")
ORDER, BYE = caller("4711."), caller("Bye.")


def test_exchanges_stand_beside_each_other_by_what_the_caller_said() -> None:
    then = course(GREETING, HELLO, agent("Yes?"), ORDER, agent("Sent."), BYE, agent("Bye."))
    now = course(GREETING, ORDER, agent("It is sent."), BYE, agent("Farewell."))
    assert rows(then, now) == [
        Row(exchange(GREETING), exchange(GREETING)),
        Row(exchange(HELLO, agent("Yes?")), None),
        Row(exchange(ORDER, agent("Sent.")), exchange(ORDER, agent("It is sent."))),
        Row(exchange(BYE, agent("Bye.")), exchange(BYE, agent("Farewell."))),
    ]


def test_words_heard_otherwise_still_stand_beside_each_other() -> None:
    then = course(HELLO, agent("Yes?"), caller("Forty seven eleven."), agent("Sent."))
    now = course(HELLO, agent("Yes?"), ORDER, agent("Sent."))
    _, order = rows(then, now)
    assert order.then is not None and order.now == exchange(ORDER, agent("Sent."))


def test_words_of_the_caller_in_a_row_are_one_exchange() -> None:
    both = course(HELLO, ORDER, agent("One."), agent("Two."))
    (row,) = rows(both, both)
    assert row.then == Exchange((HELLO, ORDER), (agent("One."), agent("Two.")))


def replayed(then: Course, now: Course, *records: PacedRecord) -> Replayed:
    turns = tuple(CallerTurn(0, 0, 0, b"", Gap(0)) for _ in range(1))
    return Replayed(StoredCall("CA1", then, Stereo(b"", b"")), now, turns, records)


SAID = PacedRecord(0, 1.0, "as planned", 0.0)


def run(name: str, arguments: str = "{}") -> FunctionRun:
    return FunctionRun(name, arguments, "{}", 0.1)


def test_functions_are_held_against_each_other_by_name_and_order() -> None:
    then = course(functions=(run("a", '{"n": 1}'), run("a", '{"n": 2}'), run("b")))
    now = course(functions=(run("a", '{ "n":1 }'), run("a", '{"n": 3}'), run("c")))
    assert differences(replayed(then, now, SAID)) == [
        Difference("arguments", 'a {"n": 2}', 'a {"n": 3}'),
        Difference("function", "not called", "c {}"),
        Difference("function", "b {}", "not called"),
    ]


def test_a_turn_that_got_no_answer_is_told_and_hanging_up_is_not() -> None:
    waited = PacedRecord(0, 1.0, "no answer", 0.0)
    left = PacedRecord(1, 9.0, "no answer", 0.0)
    (told,) = differences(replayed(course(), course(), waited, left))
    assert told == Difference("caller", "turn 1: after an answer", "turn 1: no answer came")


def test_near_latencies_are_the_same() -> None:
    then, now = course(latencies_ms=(500.0,)), course(latencies_ms=(590.0,))
    assert differences(replayed(then, now, SAID)) == []


def test_the_columns_show_where_the_caller_cut_the_agent_short() -> None:
    then = course(HELLO, agent("It is", "sent already."))
    out = StringIO()
    console = Console(file=out, width=80, force_terminal=False)
    console.print(columns(replayed(then, course(HELLO), SAID), "then: CA1", "now: draft"))
    shown = out.getvalue()
    assert "then: CA1" in shown and "now: draft" in shown
    assert "agent: It is ✂ sent already." in shown
    assert "completed, 10.0 s, 0 barge-in(s)" in shown
    assert "no differences" in shown

"""A stored call run again with the same agent, and with another one."""

import json
from dataclasses import replace

import numpy as np

from bridge.agents.document import load
from bridge.sim.model.rules import Patterns, load_patterns
from bridge.sim.voice.samples import from_pcm, resample, to_pcm
from bridge.sim.voice.speaker import Speaker
from bridge.trials.comparison import facts
from bridge.trials.engines import Engines
from bridge.trials.paced_caller import Answered, Gap, Over
from bridge.trials.replay import Replayed, replay
from bridge.trials.stereo import Stereo
from bridge.trials.stored import Course, FunctionRun, StoredCall
from telcodecs.g711 import ulaw_encode
from tests.support.stored import ORDERS, REPLIES, Words, config_of, hold

SAID = (
    ("It is 4711.", Answered(900)),
    ("Wait, what?", Over(1200)),
    ("And now", Gap(700)),
    ("Goodbye.", Answered(600)),
)
STORED, WORDS = hold(SAID, Answered(1000))


def again(
    replies: Patterns = REPLIES,
    *,
    document: str = ORDERS,
    stored: StoredCall = STORED,
    words: Words = WORDS,
) -> Replayed:
    return replay(stored, config_of(load(document)), replies, words.open)


def as_bytes(replayed: Replayed) -> bytes:
    return json.dumps(facts(replayed, "local"), indent=1).encode()


def hows(replayed: Replayed) -> list[str]:
    return [each.how for each in replayed.records]


def test_the_same_agent_says_the_same_again() -> None:
    found = again()
    assert found.now.lines == STORED.course.lines
    assert found.now.outcome == STORED.course.outcome == "completed"
    assert found.now.barge_ins == STORED.course.barge_ins
    assert hows(found) == ["as planned"] * 4
    assert facts(found, "local")["differences"] == []


def test_run_twice_it_is_the_same_to_the_byte() -> None:
    assert as_bytes(again()) == as_bytes(again())


def test_the_cut_falls_where_it_fell() -> None:
    cut = [line for line in again().now.lines if line.unheard]
    assert [line.heard for line in cut] == ["Order 4711"]


def test_an_agent_that_is_slower_now_is_told() -> None:
    quick = replace(STORED.course, latencies_ms=(300.0, 310.0, 900.0))
    (told,) = facts(again(stored=replace(STORED, course=quick)), "local")["differences"]
    assert (told["what"], told["then"], told["now"]) == ("latency", "310 ms", "1096 ms")


def test_functions_answer_what_they_answered() -> None:
    then = FunctionRun("find_order", '{"number": "1"}', '{"number":"0","state":"lost"}', 2.0)
    stored = replace(STORED, course=replace(STORED.course, functions=(then,)))
    found = again(stored=stored)
    (now,) = found.now.functions
    assert (now.output, now.arguments) == (then.output, '{"number": "4711"}')
    assert now.took_s == 2.0
    (told,) = facts(found, "local")["differences"]
    assert (told["what"], told["then"]) == ("arguments", 'find_order {"number": "1"}')


def test_a_function_called_more_often_finds_nothing() -> None:
    stored = replace(STORED, course=replace(STORED.course, functions=()))
    found = again(stored=stored)
    assert "no result of this function" in found.now.functions[0].output
    (told,) = [each for each in facts(found, "local")["differences"] if each["what"] == "function"]
    assert told["then"] == "not called"


def test_a_turn_waits_for_the_end_of_a_longer_answer() -> None:
    long = "Your order is sent. " * 10
    replies = load_patterns(f"rules: [{{hears: '4711', says: '{long}'}}]\notherwise: Yes.")
    said = (("It is 4711.", Answered(900)), ("Thank you.", Answered(900)))
    stored, words = hold(said, Answered(1000))
    found = again(replies, stored=stored, words=words)
    answer = next(line for line in found.now.lines if line.heard.startswith("Your order"))
    assert answer.unheard == ""
    assert found.now.barge_ins == 0


def test_a_turn_over_an_answer_that_is_short_now_comes_after_it() -> None:
    replies = load_patterns("rules: [{hears: '4711', says: Sent.}]\notherwise: Yes.")
    found = again(replies)
    assert hows(found)[1] == "the answer was shorter"
    told = [each["what"] for each in facts(found, "local")["differences"]]
    assert told == ["function", "barge-ins", "caller"]


def test_an_agent_that_hangs_up_early_leaves_turns_unsaid() -> None:
    replies = load_patterns("rules: [{hears: '4711', says: Goodbye., calls: end_call}]")
    found = again(replies)
    assert found.now.outcome == "completed"
    told = facts(found, "local")["differences"]
    assert {"what": "caller", "then": "4 turns", "now": "turns 2 to 4: not said any more"} in told


def test_an_agent_without_a_greeting_is_spoken_to_all_the_same() -> None:
    silent = "\n".join(line for line in ORDERS.splitlines() if not line.startswith("greeting"))
    found = again(document=silent)
    assert hows(found)[0] == "no answer"
    assert found.now.outcome == "completed"


def test_the_callers_words_are_shown_though_the_agent_asks_for_none() -> None:
    silent = "\n".join(line for line in ORDERS.splitlines() if "whisper" not in line)
    found = again(document=silent)
    assert [line.heard for line in found.now.lines if line.role == "caller"] == [
        text for text, _ in SAID
    ]


def _spoken(text: str) -> bytes:
    pcm = b"".join(each.pcm for each in Speaker().speak(text))
    return ulaw_encode(to_pcm(resample(from_pcm(pcm), 24_000, 8_000) * np.float32(0.7)))


def test_real_engines_hear_the_words_and_hear_them_again() -> None:
    said = _spoken("Hello, can you tell me when the shop is open on Sunday?")
    quiet = b"\xff" * 8 * 2000
    sound = Stereo(quiet + said + quiet, b"\xff" * (2 * len(quiet) + len(said)))
    stored = StoredCall(
        "CA1", Course((), (), "caller hung up", len(sound.agent_ulaw) / 8000), sound
    )
    agent = config_of(load("name: x\ninstructions: You help."))
    engines = Engines()
    one, other = (replay(stored, agent, None, engines.open) for _ in range(2))
    (heard,) = [line.heard for line in one.now.lines if line.role == "caller"]
    assert "shop" in heard and "Sunday" in heard
    assert as_bytes(one) == as_bytes(other)

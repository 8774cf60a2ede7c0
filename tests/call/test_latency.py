"""Where the time of an answer went."""

from bridge.call.latency import Firsts, Latency, TurnTimes, firsts


def turn(latency: Latency, ended_at: float, response_id: str = "r1") -> None:
    """The caller has spoken, and the service answers."""
    latency.speech_stopped(ended_at + 0.5, ended_at)
    latency.committed(ended_at + 0.5)
    latency.response_created(response_id, ended_at + 0.6)


def sounds(latency: Latency, response_id: str, at: float) -> None:
    latency.audio(response_id, f"item of {response_id}", at)
    latency.heard(f"item of {response_id}", at + 0.1)


def test_a_turn_s_time_falls_into_its_stages() -> None:
    latency = Latency()
    latency.speech_stopped(10.5, 10.0)
    latency.committed(10.51)
    latency.response_created("r1", 10.55)
    latency.audio("r1", "a", 10.75)
    latency.heard("a", 10.85)
    (only,) = latency.turns
    assert only.since == "speech"
    assert only.stages_ms() == {
        "commit": 510.0,
        "function": None,
        "response": 40.0,
        "first_audio": 200.0,
        "heard": 100.0,
        "total": 850.0,
    }


def test_where_the_end_of_speech_is_not_known_the_verdict_is_what_counts_and_it_says_so() -> None:
    latency = Latency()
    latency.speech_stopped(10.5)
    latency.committed(10.51)
    latency.response_created("r1", 10.55)
    assert latency.turns[0].since == "verdict"
    assert latency.turns[0].stages_ms()["commit"] == 10.0


def test_only_the_first_audio_and_the_first_sound_count() -> None:
    latency = Latency()
    latency.response_created("r1", 0.0)
    for second in (1.0, 2.0):
        latency.audio("r1", "a", second)
    for second in (3.0, 4.0):
        latency.heard("a", second)
    assert latency.turns == [
        TurnTimes(response_created_at=0.0, first_audio_at=1.0, first_heard_at=3.0)
    ]


def test_a_greeting_has_no_caller_s_turn_before_it() -> None:
    latency = Latency()
    latency.asked("Greet the caller.")
    latency.response_created("r1", 1.0)
    sounds(latency, "r1", 1.2)
    assert latency.turns[0].since is None
    assert latency.turns[0].stages_ms()["total"] is None
    assert firsts(latency.turns) == [Firsts()]


def test_a_turn_belongs_to_one_response_unless_another_goes_on_with_it() -> None:
    latency = Latency()
    turn(latency, 1.0)
    latency.response_created("r2", 3.0)
    assert [each.speech_ended_at for each in latency.turns] == [1.0, None]


def test_the_answer_to_a_function_counts_from_the_caller_s_speech() -> None:
    latency = Latency()
    turn(latency, 1.0)
    sounds(latency, "r1", 1.9)  # "One moment..."
    latency.calls_function("r1")
    latency.goes_on("r1", None, 3.0)
    latency.asked(None)
    latency.response_created("r2", 3.2)
    sounds(latency, "r2", 3.9)
    assert firsts(latency.turns) == [Firsts(), Firsts(1000.0, 3000.0)]
    assert latency.turns[1].stages_ms() == {
        "commit": 500.0,
        "function": 1500.0,
        "response": 200.0,
        "first_audio": 700.0,
        "heard": 100.0,
        "total": 3000.0,
    }


def test_a_function_called_without_a_word_leaves_the_caller_waiting_for_the_answer() -> None:
    latency = Latency()
    turn(latency, 1.0)
    latency.calls_function("r1")
    latency.goes_on("r1", None, 3.0)
    latency.asked(None)
    latency.response_created("r2", 3.2)
    sounds(latency, "r2", 3.9)
    assert firsts(latency.turns) == [Firsts(), Firsts(3000.0, 3000.0)]


def test_a_chain_of_functions_has_one_answer() -> None:
    latency = Latency()
    turn(latency, 1.0)
    for number in (1, 2):
        latency.calls_function(f"r{number}")
        latency.goes_on(f"r{number}", None, 1.0 + number)
        latency.asked(None)
        latency.response_created(f"r{number + 1}", 1.1 + number)
    sounds(latency, "r3", 3.9)
    assert firsts(latency.turns) == [Firsts(), Firsts(), Firsts(3000.0, 3000.0)]


def test_a_preamble_is_no_answer_when_none_came() -> None:
    latency = Latency()
    turn(latency, 1.0)
    sounds(latency, "r1", 1.9)
    latency.calls_function("r1")
    turn(latency, 5.0, "r2")  # the caller went on before there was a result
    assert firsts(latency.turns) == [Firsts(1000.0, None), Firsts()]


def test_a_late_result_belongs_to_the_turn_that_called_the_function() -> None:
    latency = Latency()
    turn(latency, 1.0)
    latency.calls_function("r1")
    turn(latency, 5.0, "r2")
    sounds(latency, "r2", 5.9)
    latency.goes_on("r1", None, 8.0)
    latency.asked(None)
    latency.response_created("r3", 8.1)
    sounds(latency, "r3", 8.9)
    assert firsts(latency.turns) == [Firsts(), Firsts(1000.0, 1000.0), Firsts(8000.0, 8000.0)]


def test_what_is_said_for_somebody_else_answers_nothing() -> None:
    latency = Latency()
    turn(latency, 1.0)
    latency.calls_function("r1")
    latency.asked("Say exactly these words: We close at six.")
    latency.response_created("r2", 2.0)
    sounds(latency, "r2", 2.1)
    latency.goes_on("r1", None, 3.0)
    latency.asked(None)
    latency.response_created("r3", 3.2)
    sounds(latency, "r3", 3.9)
    assert firsts(latency.turns) == [Firsts(), Firsts(), Firsts(3000.0, 3000.0)]


def test_where_we_ask_for_the_answer_what_else_we_asked_for_is_not_it() -> None:
    latency = Latency(service_answers=False)
    latency.speech_stopped(1.5, 1.0)
    latency.committed(1.5)
    latency.asked("Say exactly these words: We close at six.")
    latency.response_created("r1", 1.6)
    latency.asked(None)
    latency.response_created("r2", 2.0)
    assert [each.since for each in latency.turns] == [None, "speech"]


def test_an_answer_of_the_service_that_comes_first_is_that_to_the_turn() -> None:
    latency = Latency()
    latency.speech_stopped(1.5, 1.0)
    latency.committed(1.5)
    latency.asked("Say exactly these words: We close at six.")
    latency.response_created("r1", 1.6)
    latency.again("r1")
    latency.response_created("r2", 2.0)  # what was asked for
    latency.asked(None)
    latency.response_created("r3", 3.0)
    assert [each.since for each in latency.turns] == ["speech", None, "speech"]


def test_an_answer_that_failed_and_came_once_more_counts_from_the_same_speech() -> None:
    latency = Latency()
    turn(latency, 1.0)
    latency.again("r1")
    latency.asked(None)
    latency.response_created("r2", 3.0)
    latency.again("r2", "Say that you cannot help with that.")
    latency.asked("Say that you cannot help with that.")
    latency.response_created("r3", 4.0)
    sounds(latency, "r3", 4.4)
    assert firsts(latency.turns) == [Firsts(), Firsts(), Firsts(3500.0, 3500.0)]


def test_a_new_turn_forgets_one_that_was_never_answered() -> None:
    latency = Latency()
    latency.speech_stopped(1.0)
    latency.committed(1.1)
    latency.speech_stopped(2.0)
    latency.response_created("r1", 2.2)
    assert latency.turns == [
        TurnTimes(since="verdict", speech_ended_at=2.0, response_created_at=2.2)
    ]


def test_a_response_is_heard_by_its_own_sound_alone() -> None:
    latency = Latency()
    latency.audio("unknown", "x", 0.5)
    latency.heard("x", 0.5)
    turn(latency, 1.0)
    latency.audio("r1", "a", 1.9)
    turn(latency, 4.0, "r2")
    latency.audio("r2", "b", 4.9)
    latency.heard("a", 5.0)
    assert [each.first_heard_at for each in latency.turns] == [5.0, None]


def test_nothing_is_heard_before_it_was_said() -> None:
    latency = Latency()
    turn(latency, 1.0)
    latency.audio("r1", "a", 2.0)
    latency.heard("a", 1.9)
    assert latency.turns[0].first_heard_at == 2.0


def test_what_cannot_be_followed_is_passed_over() -> None:
    latency = Latency()
    latency.calls_function("lost")
    latency.goes_on("lost", None, 1.0)
    latency.again("lost")
    latency.asked(None)
    latency.response_created("r1", 2.0)
    assert latency.turns == [TurnTimes(response_created_at=2.0)]

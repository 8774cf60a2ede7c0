"""Where the time of a turn went."""

from bridge.call.latency import Latency, TurnTimes


def test_a_turn_s_time_falls_into_its_stages() -> None:
    latency = Latency()
    latency.speech_stopped(10.0)
    latency.committed(10.01)
    latency.response_created(10.05)
    latency.audio(10.25)
    latency.heard(10.35)
    (turn,) = latency.turns
    assert turn.stages_ms() == {
        "commit": 10.0,
        "response": 40.0,
        "first_audio": 200.0,
        "heard": 100.0,
        "total": 350.0,
    }


def test_only_the_first_audio_and_the_first_mark_count() -> None:
    latency = Latency()
    latency.response_created(0.0)
    for second in (1.0, 2.0):
        latency.audio(second)
    for second in (3.0, 4.0):
        latency.heard(second)
    assert latency.turns == [
        TurnTimes(response_created_at=0.0, first_audio_at=1.0, first_heard_at=3.0)
    ]


def test_a_greeting_has_no_caller_s_turn_before_it() -> None:
    latency = Latency()
    latency.response_created(1.0)
    stages = latency.turns[0].stages_ms()
    assert set(stages.values()) == {None}


def test_a_turn_belongs_to_one_response() -> None:
    latency = Latency()
    latency.speech_stopped(1.0)
    latency.response_created(2.0)
    latency.response_created(3.0)
    assert [turn.speech_stopped_at for turn in latency.turns] == [1.0, None]


def test_a_new_turn_forgets_one_that_was_never_answered() -> None:
    latency = Latency()
    latency.speech_stopped(1.0)
    latency.committed(1.1)
    latency.speech_stopped(2.0)
    latency.response_created(2.2)
    assert latency.turns == [TurnTimes(speech_stopped_at=2.0, response_created_at=2.2)]


def test_nothing_is_heard_before_it_was_said() -> None:
    latency = Latency()
    latency.audio(0.5)
    latency.heard(0.5)
    latency.response_created(1.0)
    latency.heard(1.5)  # a mark of an earlier answer
    latency.audio(2.0)
    latency.heard(1.9)
    assert latency.turns[0].first_heard_at == 2.0

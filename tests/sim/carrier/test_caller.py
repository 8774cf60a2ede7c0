"""The person on the phone: when they speak, press and hang up."""

from bridge.sim.carrier.caller import (
    After,
    AfterAgent,
    At,
    Caller,
    EchoCaller,
    HangUp,
    OverAgent,
    Press,
    Say,
    ScriptedCaller,
    Step,
)
from bridge.sim.carrier.line import SILENT_FRAME, level_dbfs

LOUD = b"\x00\x80" * 80
FAINT = b"\xfe\x7e" * 80  # about -72 dBFS
WORDS = b"\x10\x90" * 240  # 60 ms


def talk(caller: Caller, heard: list[bytes], start: float = 50.0) -> list[bytes | None]:
    return [caller.frame(start + k * 0.02, frame) for k, frame in enumerate(heard)]


def first_word(said: list[bytes | None]) -> int:
    return next(k for k, frame in enumerate(said) if frame != SILENT_FRAME)


def script(*steps: Step) -> ScriptedCaller:
    return ScriptedCaller(steps)


def test_a_caller_without_a_script_is_silent() -> None:
    assert talk(script(), [SILENT_FRAME] * 5) == [SILENT_FRAME] * 5


def test_at_counts_from_the_first_frame() -> None:
    said = talk(script(Say(WORDS, At(0.1))), [SILENT_FRAME] * 20)
    assert first_word(said) == 5
    assert said[5:8] == [WORDS[:160], WORDS[160:320], WORDS[320:]]
    assert said[8:] == [SILENT_FRAME] * 12


def test_an_utterance_is_padded_to_whole_frames() -> None:
    said = talk(script(Say(b"\x00" * 161, At(0.0))), [SILENT_FRAME] * 3)
    assert said == [b"\x00" * 160, b"\x00" + b"\xff" * 159, SILENT_FRAME]


def test_after_counts_from_the_end_of_the_step_before() -> None:
    caller = script(Say(WORDS, At(0.0)), Say(WORDS, After(100)))
    said = talk(caller, [SILENT_FRAME] * 20)
    assert [frame != SILENT_FRAME for frame in said[:12]] == [True] * 3 + [False] * 5 + [
        True
    ] * 3 + [False]
    first, second = caller.records
    assert first.ended is not None
    assert round(first.ended - first.began, 3) == 0.06
    assert round(second.began - first.ended, 3) == 0.1


def test_after_agent_waits_for_speech_and_then_for_quiet() -> None:
    caller = script(Say(WORDS, AfterAgent(quiet_ms=200)))
    said = talk(caller, [SILENT_FRAME] * 50 + [LOUD] * 20 + [SILENT_FRAME] * 20)
    assert first_word(said) == 50 + 20 + 9  # the tenth quiet frame completes 200 ms
    assert not caller.records[0].timed_out


def test_a_pause_of_the_agent_shorter_than_asked_is_not_its_end() -> None:
    caller = script(Say(WORDS, AfterAgent(quiet_ms=200)))
    said = talk(caller, ([LOUD] * 10 + [SILENT_FRAME] * 9) * 3 + [SILENT_FRAME] * 5)
    assert first_word(said) == 3 * 19


def test_a_faint_line_is_quiet() -> None:
    assert level_dbfs(FAINT) < -45
    caller = script(Say(WORDS, AfterAgent(quiet_ms=100)))
    said = talk(caller, [FAINT] * 30 + [LOUD] * 5 + [FAINT] * 10)
    assert first_word(said) == 39


def test_the_last_of_an_interrupted_answer_is_not_taken_for_an_answer() -> None:
    caller = script(Say(WORDS, At(0.0)), Say(WORDS, AfterAgent(quiet_ms=100)))
    talk(caller, [LOUD] * 6 + [SILENT_FRAME] * 50)  # three frames during, three after the words
    assert len(caller.records) == 1


def test_after_agent_without_speech_counts_only_the_quiet() -> None:
    caller = script(Say(WORDS, AfterAgent(quiet_ms=100, spoke=False)))
    assert first_word(talk(caller, [LOUD] * 5 + [SILENT_FRAME] * 10)) == 9


def test_over_agent_speaks_while_the_agent_does() -> None:
    caller = script(Say(WORDS, OverAgent(heard_ms=300)))
    heard = [SILENT_FRAME] * 10 + [LOUD] * 40
    assert first_word(talk(caller, heard)) == 10 + 14


def test_over_agent_counts_anew_after_each_step() -> None:
    caller = script(Say(WORDS, OverAgent(100)), Say(WORDS, OverAgent(100)))
    talk(caller, [LOUD] * 30)
    first, second = caller.records
    assert first.ended is not None
    assert round(second.began - first.ended, 3) == 0.08  # the fifth loud frame since


def test_a_silent_agent_does_not_hang_the_script() -> None:
    caller = script(
        Say(WORDS, AfterAgent(), no_later_than_s=1.0), HangUp(AfterAgent(), no_later_than_s=0.5)
    )
    said = talk(caller, [SILENT_FRAME] * 90)
    assert first_word(said) == 50
    assert [record.timed_out for record in caller.records] == [True, True]
    assert caller.hung_up


def test_press_leaves_the_digit_to_be_taken() -> None:
    caller = script(Press("5", At(0.02)), Press("#", After(0)))
    talk(caller, [SILENT_FRAME] * 2)
    assert caller.digits == ["5"]
    assert caller.digits.pop() == "5"
    talk(caller, [SILENT_FRAME], start=50.04)
    assert caller.digits == ["#"]


def test_hang_up_ends_the_script() -> None:
    caller = script(Say(WORDS, At(0.0)), HangUp(After(40)))
    talk(caller, [SILENT_FRAME] * 5)
    assert not caller.hung_up
    talk(caller, [SILENT_FRAME], start=50.10)
    assert caller.hung_up
    assert caller.done


def test_a_step_that_never_ended_says_so() -> None:
    caller = script(Say(WORDS, At(0.0), label="passage"))
    talk(caller, [SILENT_FRAME])
    record = caller.records[0]
    assert record.ended is None
    assert record.step.label == "passage"
    assert caller.speaking
    assert not caller.done


def test_echo_comes_back_later_and_fainter() -> None:
    caller = EchoCaller(script(), delay_ms=60, gain_db=-20)
    said = talk(caller, [LOUD] + [SILENT_FRAME] * 5)
    assert said[:3] == [SILENT_FRAME] * 3
    assert said[3] is not None
    assert abs(level_dbfs(said[3]) - level_dbfs(LOUD) + 20) < 0.5
    assert said[4:] == [SILENT_FRAME] * 2


def test_echo_is_added_to_what_is_said() -> None:
    quiet_words = b"\x40\xc0" * 80
    caller = EchoCaller(script(Say(quiet_words * 10, At(0.0))), delay_ms=0, gain_db=0.0)
    assert caller.frame(0.0, SILENT_FRAME) == quiet_words
    both = caller.frame(0.02, quiet_words)
    assert both is not None
    assert abs(level_dbfs(both) - level_dbfs(quiet_words) - 6) < 0.5


def test_an_echo_caller_presses_and_hangs_up_like_the_one_within() -> None:
    inner = script(Press("1", At(0.0)), HangUp(After(20)))
    caller = EchoCaller(inner, delay_ms=100, gain_db=-30)
    talk(caller, [SILENT_FRAME] * 2)
    assert caller.digits == ["1"]
    assert caller.hung_up

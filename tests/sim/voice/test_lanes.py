"""Engines at work, step by step."""

from collections.abc import Iterator

from bridge.sim.voice.frames import Body, Close, Frame
from bridge.sim.voice.jobs import Detect, Failed, Probabilities, Result, Speech
from bridge.sim.voice.lanes import WAITING_JOBS, Detection, Lane, Task

Sent = list[tuple[int, int, Body]]


class Counting:
    """A detector that tells how many bytes it has had; an odd push is too much for it."""

    def __init__(self) -> None:
        self._total = 0

    def push(self, pcm: bytes, rate_hz: int) -> tuple[float, ...]:
        if len(pcm) % 2:
            raise ValueError("half a sample")
        self._total += len(pcm)
        return (float(self._total),)


def detection() -> tuple[Detection, Sent]:
    sent: Sent = []
    return Detection(Counting, lambda *frame: sent.append(frame)), sent


def lane() -> tuple[Lane, Sent]:
    sent: Sent = []
    return Lane("speech", lambda *frame: sent.append(frame)), sent


def sentences(*texts: str) -> Iterator[Result]:
    for number, text in enumerate(texts, start=1):
        yield Speech(text, b"", last=number == len(texts))


def said(sent: Sent) -> list[str]:
    return [body.text for _, _, body in sent if isinstance(body, Speech)]


def test_each_session_has_a_detector_of_its_own_until_it_closes() -> None:
    lanes, sent = detection()
    jobs: list[tuple[int, Body]] = [
        (1, Detect(bytes(2), 8000)),
        (2, Detect(bytes(4), 8000)),
        (1, Detect(bytes(2), 8000)),
        (1, Close()),
        (1, Detect(bytes(2), 8000)),
    ]
    for number, (session, body) in enumerate(jobs):
        lanes.frames.put(Frame(session, number, body))
        lanes.step()
    assert sent == [
        (1, 0, Probabilities((2.0,))),
        (2, 1, Probabilities((4.0,))),
        (1, 2, Probabilities((4.0,))),
        (1, 4, Probabilities((2.0,))),
    ]


def test_a_detectors_fault_is_the_answer_to_its_job_alone() -> None:
    lanes, sent = detection()
    for number, size in enumerate((1, 2)):
        lanes.frames.put(Frame(1, number, Detect(bytes(size), 8000)))
        lanes.step()
    assert sent == [(1, 0, Failed("detection: half a sample")), (1, 1, Probabilities((2.0,)))]


def test_long_speech_takes_turns_with_others() -> None:
    speech, sent = lane()
    speech.put(Task(1, 1, sentences("a1", "a2", "a3")))
    speech.put(Task(2, 2, sentences("b1")))
    for _ in range(4):
        speech.step()
    assert said(sent) == ["a1", "b1", "a2", "a3"]


def test_dropped_speech_is_not_spoken_on() -> None:
    speech, sent = lane()
    speech.put(Task(1, 1, sentences("a1", "a2")))
    speech.step()
    speech.drop(1)
    speech.put(Task(1, 2, sentences("b1")))
    speech.step()
    speech.step()
    assert said(sent) == ["a1", "b1"]


def test_an_engines_fault_ends_its_job_and_no_other() -> None:
    def broken() -> Iterator[Result]:
        raise RuntimeError("no such sound")
        yield

    speech, sent = lane()
    speech.put(Task(1, 1, broken()))
    speech.put(Task(1, 2, sentences("b1")))
    speech.step()
    speech.step()
    assert sent[0] == (1, 1, Failed("speech: no such sound"))
    assert said(sent) == ["b1"]


def test_too_many_waiting_jobs_are_refused_until_some_are_done() -> None:
    speech, sent = lane()
    for number in range(WAITING_JOBS + 1):
        speech.put(Task(1, number, sentences("a")))
    assert sent == [(1, WAITING_JOBS, Failed(f"speech: {WAITING_JOBS} jobs are waiting"))]
    speech.step()
    speech.put(Task(1, 1000, sentences("b")))
    assert len(sent) == 2

"""The process that hosts the voice engines: ``python -m bridge.sim.voice.worker``.

Frames come in on standard input and go out on standard output; the process ends when its
input does. Detection, transcription and speech have a thread each, so that none waits for
another; the engines leave Python's lock while they work.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

from bridge.sim.voice.frames import Body, Close, Drop, Frame, Ready, pack, read
from bridge.sim.voice.jobs import Detect, Failed, Speak, Transcribe, Transcript
from bridge.sim.voice.lanes import Detection, Lane, Task


class Outlet:
    """Standard output, written frame by frame by all threads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, session: int, number: int, body: Body) -> None:
        try:
            with self._lock:
                self._stream.write(pack(Frame(session, number, body)))
                self._stream.flush()
        except BrokenPipeError:  # nobody listens any more
            os._exit(0)


def main() -> None:
    # Control-C in a terminal reaches the whole group; the end of our input is what counts.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outlet = Outlet(_own_stdout())
    try:
        post = _engines(outlet)
    except Exception as problem:  # whatever keeps an engine from loading is told as the answer
        outlet.send(0, 0, Failed(str(problem)))
        return
    outlet.send(0, 0, Ready())
    while (frame := read(sys.stdin.buffer)) is not None:
        post(frame)
    # The threads may be inside an engine, where Python cannot stop them; nothing of theirs
    # is worth waiting for.
    os._exit(0)


def _own_stdout() -> BinaryIO:
    """Standard output for frames alone: what libraries print goes to standard error."""
    ours = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return ours


def _engines(outlet: Outlet) -> Callable[[Frame], None]:
    """Loads and starts the engines; the result takes each frame to its thread."""
    from bridge.sim.voice.detector import Detector
    from bridge.sim.voice.speaker import Speaker
    from bridge.sim.voice.transcriber import Transcriber

    speaker, transcriber = Speaker(), Transcriber()
    Detector().push(bytes(1024), 8000)
    transcriber.transcribe(b"\x00\x40" * 8000, 8000)
    detection = Detection(Detector, outlet.send)
    transcription = Lane("transcription", outlet.send)
    speech = Lane("speech", outlet.send)
    for run in (detection.run, transcription.run, speech.run):
        threading.Thread(target=run, daemon=True).start()

    def post(frame: Frame) -> None:
        session, number = frame.session, frame.number
        match frame.body:
            case Detect() | Close():
                detection.frames.put(frame)
            case Transcribe(pcm, rate_hz):
                result = (Transcript(transcriber.transcribe(*each)) for each in [(pcm, rate_hz)])
                transcription.put(Task(session, number, result))
            case Speak(text):
                speech.put(Task(session, number, speaker.speak(text)))
            case Drop():
                transcription.drop(number)
                speech.drop(number)

    return post


if __name__ == "__main__":
    main()

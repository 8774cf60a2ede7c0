"""Calls judged while others still run: each as soon as its session at the model is over too."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bridge.sim.carrier.caller import Say
from bridge.sim.load.evidence import Evidence
from bridge.sim.load.judged import Ended, Judged, judged
from bridge.sim.load.records import Ask, RecordsMissing, Session, Spoken, matched
from bridge.sim.load.voiceprint import BLOCKS

BATCH: Final = 25  # calls that have ended for one question to the model
SETTLE_S: Final = 2.0  # the model's side of the last calls may end a little later
LOOK_S: Final = 0.2
ONLY_COUNT: Final = 1 << 53  # asked for what was closed after so many, a model tells no session


@dataclass(frozen=True)
class Verdicts:
    """``problem``: why the model's side is not known; empty where it is, None: none was asked."""

    calls: tuple[Judged, ...]
    problem: str | None


class Court:
    """``take`` calls as they end; ``close`` it when all have."""

    def __init__(self, ask: Ask | None, sleep: Callable[[float], None] = time.sleep) -> None:
        """``ask`` tells the model's records. It is asked at once for how many there are: what was
        before is of no call here."""
        self._ask = ask
        self._sleep = sleep
        self._problem: str | None = None
        self._after = 0
        self._ahead_s = 0.0
        self._waiting: list[Ended] = []
        self._waited_for = 0  # calls that the last answer did not know
        self._sessions: dict[int, Session] = {}  # that no call has been found for, by number
        self._taken: set[int] = set()
        self._judged: list[Judged] = []
        if ask is not None:
            self._problem = ""
            self._inquire(ONLY_COUNT)

    def take(self, ended: Ended) -> None:
        if self._ask is None or self._problem or not has_spoken(ended):
            self._judge(ended, None)
            return
        self._waiting.append(ended)
        if len(self._waiting) >= self._waited_for + BATCH:
            self._sit(self._after)

    def close(self) -> Verdicts:
        self._sit(self._after)
        until_s = SETTLE_S
        while self._waiting and not self._problem and until_s > 0:
            self._sleep(LOOK_S)
            until_s -= LOOK_S
            self._sit(self._after)
        if self._waiting and not self._problem:
            self._sit(None)  # sessions that are still open
        for ended in self._waiting:
            self._judge(ended, None)
        self._waiting = []
        return Verdicts(tuple(self._judged), self._problem)

    def _sit(self, after: int | None) -> None:
        """Judges every call whose session is known by now."""
        if not self._waiting:
            return
        self._inquire(after)
        spoken = [
            Spoken(each.number % BLOCKS, each.began_at, each.ended_at) for each in self._waiting
        ]
        found = matched(spoken, self._sessions.values(), self._ahead_s)
        pairs = list(zip(self._waiting, found, strict=True))
        for ended, session in pairs:
            if session is not None:
                self._judge(ended, self._sessions.pop(session.number))
                self._taken.add(session.number)
        self._waiting = [ended for ended, session in pairs if session is None]
        self._waited_for = len(self._waiting)

    def _inquire(self, after: int | None) -> None:
        if self._ask is None or self._problem:
            return
        try:
            told = self._ask(after)
        except RecordsMissing as missing:
            self._problem = str(missing)
            return
        self._after, self._ahead_s = told.closings, told.ahead_s
        for session in told.sessions:
            if session.number not in self._taken:
                self._sessions[session.number] = session

    def _judge(self, ended: Ended, session: Session | None) -> None:
        evidence = Evidence(ended.number, ended.scenario, ended.has_network, ended.result, session)
        self._judged.append(judged(evidence))


def has_spoken(ended: Ended) -> bool:
    """Only then its voice can tell which session was its own."""
    steps = ended.result.steps
    return bool(ended.result.streams) and any(isinstance(each.step, Say) for each in steps)

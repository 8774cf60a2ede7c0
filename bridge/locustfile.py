"""A user of Locust who telephones.

``host`` is the voice webhook. Each task is a whole call, made by a process of asyncio beside this
one: Locust patches the sockets and threads of its own process, and a caller who must speak every
20 ms should not stand in line there. There is one for each worker, started with it, so that the
first calls do not wait for it.
"""

import json
import logging
import os
import subprocess
import time
from argparse import ArgumentParser
from dataclasses import asdict
from itertools import count
from secrets import randbelow
from typing import Any

import gevent
from gevent import GreenletExit
from gevent.event import AsyncResult
from locust import User, constant, task
from locust import events as locust_events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from bridge.interpreter import PYTHON, import_path
from bridge.settings import DEVELOPMENT_AUTH_TOKEN
from bridge.sim.load.call_process import CallAsked, CallEnded
from bridge.sim.load.plan import DEFAULT_SCENARIOS
from bridge.sim.load.voiceprint import BLOCKS

ACCOUNT_SID = "AC" + "0" * 31 + "1"
KIND = "PHONE"  # the first column of Locust's table
CALL, CUT_OFF = "call", "call cut off by the end of the test"
SCENARIOS = ",".join(f"{each.name}={each.weight:g}" for each in DEFAULT_SCENARIOS)

logger = logging.getLogger(__name__)


class CallFailed(Exception):
    """The call was not completed, or the carrier found something to object to."""


def add_options(parser: ArgumentParser) -> None:
    """A master hands them on to its workers; they are fields of its web page too."""
    add = parser.add_argument_group("telephone").add_argument
    add("--phone-from", default="+15005550006", help="who calls")
    add("--phone-to", default="+15005550001", help="who is called")
    add("--phone-scenarios", default=SCENARIOS, help="who telephones how often")
    add("--phone-time-limit-s", type=float, default=60.0, help="longest call")


locust_events.init_command_line_parser.add_listener(add_options)


class CallProcess:
    """Places calls; when it ends, what still runs has failed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [*PYTHON, "-m", "bridge.sim.load.call_process"],
            env=os.environ | import_path(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._running: dict[int, AsyncResult] = {}
        self._reader = gevent.spawn(self._read)

    @property
    def alive(self) -> bool:
        return not self._reader.dead

    def call(self, asked: CallAsked) -> CallEnded:
        """Hangs up where the user who waits for it is stopped."""
        result = self._running[asked.id] = AsyncResult()
        try:
            self._write(asdict(asked))
            ended: CallEnded = result.get()
            return ended
        finally:
            if self._running.pop(asked.id, None) and self.alive:
                self._write({"hang_up": asked.id})

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            ended = CallEnded(**json.loads(line))
            if result := self._running.pop(ended.id, None):
                result.set(ended)
        for result in self._running.values():
            result.set_exception(CallFailed("the process that places the calls has ended"))
        self._running.clear()


class Calls:
    """The process of this worker, which is started anew where it has ended."""

    def __init__(self) -> None:
        self._ids = count(randbelow(BLOCKS))  # workers do not all speak with the same voices
        self._process: CallProcess | None = None

    def call(self, **asked: Any) -> CallEnded:
        return self.started().call(CallAsked(id=next(self._ids), **asked))

    def started(self) -> CallProcess:
        if self._process is None or not self._process.alive:
            self._process = CallProcess()
        return self._process


CALLS = Calls()


def start_before_users(environment: Environment, **_: Any) -> None:
    """A master has no users of its own."""
    if not isinstance(environment.runner, MasterRunner):
        CALLS.started()


locust_events.init.add_listener(start_before_users)


def fail_without_calls(environment: Environment, **_: Any) -> None:
    """A test in which calls begin and none of them ends has shown nothing."""
    if isinstance(environment.runner, WorkerRunner):
        return  # it hands its figures on, and keeps none
    told = environment.stats.entries
    if (CUT_OFF, KIND) in told and (CALL, KIND) not in told:
        logger.error("no call came to its end: let the test last longer")
        environment.process_exit_code = 1


locust_events.quitting.add_listener(fail_without_calls)


class PhoneUser(User):
    """Calls ``host`` again and again. TWILIO_AUTH_TOKEN signs, or the development token.

    Locust's table has a line for each whole ``call``, whose failures are those of calls, for the
    answer to the ``webhook``, for ``stream start to first audio`` and for
    ``end of speech to first audio``, which a call has many of. Calls that still run when their
    user is stopped have a line of their own; ``--stop-timeout`` lets them end.
    """

    host = "http://127.0.0.1:8080/twilio/voice"
    wait_time = constant(1)

    @task
    def call(self) -> None:
        began = time.monotonic()
        try:
            ended = CALLS.call(**self._asked())
        except CallFailed as lost:
            self._tell(CALL, 0.0, exception=lost)
            return
        except GreenletExit:  # so Locust stops a user
            self._tell(CUT_OFF, (time.monotonic() - began) * 1000)
            raise
        failed = CallFailed(ended.problem) if ended.problem else None
        self._tell("webhook", ended.webhook_ms)
        self._tell("stream start to first audio", ended.first_audio_ms)
        for ms in ended.answers_ms:
            self._tell("end of speech to first audio", ms)
        self._tell(CALL, ended.call_ms, ended.heard_bytes, failed)

    def _asked(self) -> dict[str, Any]:
        options = self.environment.parsed_options
        token = os.environ.get("TWILIO_AUTH_TOKEN", "").split(",")[0]
        return {
            "webhook_url": self.host,
            "account_sid": os.environ.get("TWILIO_ACCOUNT_SID") or ACCOUNT_SID,
            "auth_token": token or DEVELOPMENT_AUTH_TOKEN,
            "from_number": options.phone_from,
            "to_number": options.phone_to,
            "scenarios": options.phone_scenarios,
            "time_limit_s": options.phone_time_limit_s,
        }

    def _tell(
        self, name: str, ms: float | None, size: int = 0, exception: Exception | None = None
    ) -> None:
        if ms is None:
            return
        self.environment.events.request.fire(
            request_type=KIND,
            name=name,
            response_time=ms,
            response_length=size,
            exception=exception,
            context={},
        )

"""The log: one line for each event on stderr, without telephone numbers and secrets.

Give values as lazy arguments or by ``extra``; whatever a record holds is masked when it is
written. Inside ``in_call`` every line of the task, and of the tasks it starts, has the CallSid.
"""

import logging
import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec

from bridge.masking import mask

_CALL_SID: ContextVar[str | None] = ContextVar("call_sid", default=None)

# What a record has by itself; anything beyond came by ``extra``.
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# They say on every request, at INFO or DEBUG, what belongs in no log: URLs, bodies, headers.
_TALKATIVE: Final = ("azure", "httpcore", "httpx", "twilio", "urllib3", "websockets")


def configure(
    level: str, json: bool, *, secrets: Collection[str] = (), stream: TextIO | None = None
) -> None:
    """Replaces all handlers of the root logger. ``level`` is debug, info, warning or error;
    ``json``: one object a line; ``secrets`` are masked wherever they stand; ``stream`` is stderr
    where none is given.

    The fields of JSON: time, level, logger, message, call_sid (in a call), exception (if any),
    and what came by ``extra``."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    kept = sorted({each for each in secrets if each}, key=len, reverse=True)
    handler.setFormatter(_Lines(_json if json else _text, kept))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def in_call(call_sid: str) -> Iterator[None]:
    """Lines written inside carry ``call_sid``, those of tasks started inside as well. So does what
    the task writes after an exception has left it: whoever logs that one stands outside."""
    token = _CALL_SID.set(call_sid)
    yield
    _CALL_SID.reset(token)


@dataclass(frozen=True)
class _Line:
    """One record, masked."""

    time: str
    level: str
    logger: str
    call_sid: str | None
    message: str
    extra: dict[str, Any]
    trace: str


class _Lines(logging.Formatter):  # a handler takes nothing else
    def __init__(self, write: Callable[[_Line], str], secrets: Collection[str]) -> None:
        super().__init__()
        self._write = write
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        extra = {key: value for key, value in vars(record).items() if key not in _OWN}
        call_sid = extra.pop("call_sid", None) or _CALL_SID.get()
        line = _Line(
            time=datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            level=record.levelname,
            logger=record.name,
            call_sid=None if call_sid is None else self._masked(call_sid),
            message=self._masked(record.getMessage()),
            extra={key: self._value(key, value) for key, value in extra.items()},
            trace=self._masked(self._trace(record)),
        )
        return self._write(line)

    def _masked(self, value: object) -> str:
        """As UTF-8 can hold it, for a peer's text may have lone surrogates."""
        return mask(str(value).encode(errors="backslashreplace").decode(), self._secrets)

    def _value(self, key: str, value: object) -> Any:
        """Numbers stay numbers, unless one could be somebody's."""
        if value is None or isinstance(value, bool | float):
            return value
        prefix = f"{key}="  # a name such as auth_token tells of a secret
        text = self._masked(f"{prefix}{value}").removeprefix(prefix)
        return value if isinstance(value, int) and text == str(value) else text

    def _trace(self, record: logging.LogRecord) -> str:
        if record.exc_info and record.exc_info[0] is not None:
            return self.formatException(record.exc_info)
        return record.stack_info or ""


def _json(line: _Line) -> str:
    fields = {
        "time": line.time,
        "level": line.level.lower(),
        "logger": line.logger,
        "call_sid": line.call_sid,
        "message": line.message,
        "exception": line.trace or None,
    }
    given = {key: value for key, value in fields.items() if value is not None}
    return msgspec.json.encode(
        given | {k: v for k, v in line.extra.items() if k not in given}
    ).decode()


def _text(line: _Line) -> str:
    extra = [f"{key}={value}" for key, value in line.extra.items()]
    parts = [line.time, line.level, line.logger, line.call_sid, line.message, *extra]
    # A control character in a peer's text must not make a line that looks like ours.
    text = _CONTROL.sub(lambda found: repr(found[0])[1:-1], " ".join(filter(None, parts)))
    return f"{text}\n{line.trace}" if line.trace else text

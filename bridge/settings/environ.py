"""Reading environment variables, with every problem noted instead of the first one raised."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from bridge.settings.limits import Limit
from bridge.settings.variables import VARIABLES

_DEFAULTS = {each.name: each.default for each in VARIABLES}
_NUMBER = re.compile(r"\d+(\.\d+)?")


class Environ:
    """Each reading method answers a usable value even for a bad one, and notes the problem:
    so all the others are still looked at. An empty variable is one that is not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def wrong(self, name: str, problem: str) -> None:
        """``problem`` says what is wrong and, behind a semicolon, how to mend it."""
        self.problems.append(f"{name}: {problem}")

    def given(self, name: str) -> str | None:
        """The variable as it was set."""
        return self._environ.get(name, "").strip() or None

    def text(self, name: str) -> str:
        """The variable, or its default."""
        return self.given(name) or _DEFAULTS[name]

    def choice(self, name: str, choices: Sequence[str]) -> str:
        value = self.text(name).lower()
        if value and value not in choices:
            self.wrong(name, f"{value!r} is not known; give {' or '.join(choices)}")
            return _DEFAULTS[name]
        return value

    def port(self, name: str) -> int:
        value = self.text(name)
        if not (value.isascii() and value.isdigit() and int(value) <= 65_535):
            self.wrong(name, f"{value!r} is not a port; give a number from 0 (any free) to 65535")
            return int(_DEFAULTS[name])
        return int(value)

    def limit(self, limit: Limit) -> float | int:
        name, allowed = limit.variable, limit.range
        value = self.given(name)
        if value is None:
            return limit.default
        kind = "whole number" if limit.whole else "number"
        mend = f"give a {kind} from {allowed.low:g} to {allowed.high:g}"
        if not (value.isascii() and _NUMBER.fullmatch(value)) or (limit.whole and "." in value):
            self.wrong(name, f"{value!r} is not a {kind}; {mend}")
            return limit.default
        number = int(value) if limit.whole else float(value)
        if not allowed.low <= number <= allowed.high:
            self.wrong(name, f"{value} is out of range; {mend}")
        elif limit.whole and number % allowed.step:
            self.wrong(name, f"{value} is no multiple of {allowed.step}; {mend}, in such steps")
        return number

    def file(self, name: str, what: str) -> Path | None:
        """The path of a file that is there; ``what`` should be."""
        value = self.given(name)
        if value is None:
            return None
        path = expand(value)
        if not path.is_file():
            self.wrong(name, f"there is no file {value}; give the path of {what}")
        return path

    def url(self, name: str, schemes: Sequence[str], *, path: bool, example: str) -> str | None:
        """A URL without a trailing slash: an origin, or with a ``path`` where that is allowed."""
        value = self.text(name)
        if not value:
            return None
        try:
            parts = urlsplit(value)
            problem = _url_problem(parts, schemes, path)
        except ValueError:
            problem = "is not a URL"
        if problem:
            self.wrong(name, f"{problem}; give one like {example}")
            return None
        return value.rstrip("/")

    def unknown(self) -> list[str]:
        """A warning for each variable that is meant for us but that nothing reads."""
        warnings = []
        for name in sorted(self._environ):
            if name.startswith("OFFHOOK_") and name not in _DEFAULTS:
                near = get_close_matches(name, _DEFAULTS, n=1)
                mend = f"did you mean {near[0]}?" if near else "it has no effect."
                warnings.append(f"{name} is not a setting: {mend}")
        return warnings


def expand(value: str) -> Path:
    return Path(value).expanduser() if value.startswith("~") else Path(value)


def _url_problem(parts: SplitResult, schemes: Sequence[str], path: bool) -> str | None:
    """What is wrong, never with the URL itself: it might hold a password or a key."""
    if parts.scheme not in schemes:
        return f"does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    if not parts.hostname or re.search(r"\s", parts.netloc + parts.path):
        return "names no host"
    if parts.username is not None or parts.password is not None:
        return "holds a user name or password"
    if parts.port == 0:
        return "has port 0"
    if parts.query or parts.fragment:
        return "has something behind a ? or #"
    if not path and parts.path not in ("", "/"):
        return "has a path, only the origin belongs here"
    return None

"""The arrows between the parts, as the code draws them: read from its imports, nothing is run.

``wire`` and ``call`` know no clock, no loop and no log. The simulators are readings of their own
of the vendors' documents, so they share nothing with the bridge but the codecs.
"""

import ast
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
Sources = Mapping[str, str]  # module name to text

IO_AND_TIME = frozenset(
    {
        "asyncio",
        "concurrent",
        "contextvars",
        "datetime",
        "importlib",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "queue",
        "random",
        "secrets",
        "select",
        "selectors",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "threading",
        "time",
        "uuid",
        "warnings",
    }
)
# All that a part may import from outside of the standard library.
MAY_IMPORT = {
    "telcodecs": {"telcodecs", "numpy", "audioop"},
    "bridge.wire": {"bridge.wire", "msgspec", "twilio"},
    "bridge.call": {"bridge.call", "bridge.wire", "telcodecs"},
}
# Where the two readings meet.
MEET = ("bridge.rehearsal", "bridge.trials", "bridge.cli")
ABOVE_WEB = ("bridge.web", "bridge.cli", "bridge.demo", "bridge.serving", "bridge.console")


def sources() -> dict[str, str]:
    found = {}
    for root, package in ((ROOT, "bridge"), (ROOT / "codecs", "telcodecs")):
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = path.read_text()
    return found


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


def imports(text: str, known: Iterable[str]) -> set[str]:
    """Every module the text imports anywhere, functions and type checks included."""
    modules = set(known)
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            whence = "." * node.level + (node.module or "")
            for alias in node.names:
                name = f"{whence}.{alias.name}"
                found.add(name if name in modules else whence)
    return found


def reached(start: str, all_sources: Sources) -> set[str]:
    """All modules of ours that importing this one brings along."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in all_sources:
            continue
        seen.add(name)
        parents = name.split(".")
        waiting += [".".join(parents[:n]) for n in range(1, len(parents))]
        waiting += imports(all_sources[name], all_sources)
    return seen


def faults(all_sources: Sources) -> list[str]:
    """Every arrow that points the wrong way, in words."""
    found = []
    for name, text in all_sources.items():
        wanted = imports(text, all_sources)
        found += [f"{name} imports {other}" for other in sorted(wanted) if _wrong(name, other)]
        found += _wrong_together(name, wanted)
        if within(name, "bridge.sim"):
            brought = sorted(reached(name, all_sources))
            found += [f"{name} brings {other} along" for other in brought if _core(other)]
    return found


def _core(name: str) -> bool:
    return within(name, "bridge.wire") or within(name, "bridge.call")


def _wrong(name: str, other: str) -> bool:
    if other.startswith(".") or within(other, "tests"):
        return True
    if within(other, "bridge.web") and not any(within(name, part) for part in ABOVE_WEB):
        return True
    if within(name, "bridge.transport") and within(other, "bridge.call"):
        return True
    for part, allowed in MAY_IMPORT.items():
        if within(name, part):
            standard = other.split(".")[0] in sys.stdlib_module_names
            clock_or_io = standard and _core(name) and other.split(".")[0] in IO_AND_TIME
            ours = any(within(other, allow) for allow in allowed)
            return clock_or_io or not (standard or ours)
    return False


def _wrong_together(name: str, wanted: set[str]) -> list[str]:
    sim = any(within(other, "bridge.sim") for other in wanted)
    core = any(_core(other) for other in wanted)
    if sim and core and not any(within(name, part) for part in MEET):
        return [f"{name} imports both the simulators and the bridge"]
    return []


def test_every_arrow_points_the_right_way() -> None:
    assert faults(sources()) == []


def test_all_parts_are_looked_at() -> None:
    names = set(sources())
    assert {"bridge.wire.twilio", "bridge.call.call", "bridge.sim", "telcodecs.g711"} <= names


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("bridge.wire.twilio", "import asyncio"),
        ("bridge.wire.twilio", "from time import monotonic"),
        ("bridge.wire.twilio", "import bridge.call.turns"),
        ("bridge.wire.twilio", "import telcodecs"),
        ("bridge.wire.twilio", "from bridge import settings"),
        ("bridge.call.clock", "def later():\n    import logging"),
        ("bridge.call.clock", "import socket, random"),
        ("bridge.call.clock", "import msgspec"),
        ("bridge.call.clock", "from bridge.transport import carrier"),
        ("bridge.call.clock", "from bridge import live"),
        ("bridge.call.clock", "from .turns import State"),
        ("telcodecs.pcm", "import bridge"),
        ("bridge.sim.rest", "from bridge.wire import twilio"),
        ("bridge.sim.rest", "import bridge.live"),
        ("bridge.sim.rest", "from bridge import live"),
        ("bridge.live", "from bridge.web import app"),
        ("bridge.live", "import bridge.sim.rest\nimport bridge.call.turns"),
        ("bridge.live", "from tests.call import phone"),
        ("bridge.transport.carrier", "import bridge.call.turns"),
    ],
)
def test_a_wrong_arrow_is_found(module: str, text: str) -> None:
    small = {
        "bridge": "",
        "bridge.wire": "",
        "bridge.wire.twilio": "import msgspec",
        "bridge.call.turns": "from enum import Enum",
        "bridge.call.clock": "from bridge.wire import twilio\nfrom telcodecs import pcm",
        "bridge.live": "import asyncio\nfrom bridge.call import clock",
        "bridge.settings": "",
        "bridge.sim.rest": "import time\nimport telcodecs.pcm",
        "bridge.transport.carrier": "from bridge.wire import twilio",
        "bridge.web.app": "from bridge import live",
        "bridge.rehearsal": "import bridge.sim.rest\nimport bridge.call.clock",
        "telcodecs.pcm": "import numpy",
    }
    assert faults(small) == []
    assert any(fault.startswith(module) for fault in faults(small | {module: text}))

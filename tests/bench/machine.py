"""What a measurement was made on."""

import os
import platform
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

LIBRARIES = ("uvloop", "uvicorn", "websockets", "picows", "msgspec", "numpy", "fastapi")


def machine() -> dict[str, str]:
    found = [f"{name} {metadata.version(name)}" for name in LIBRARIES if find_spec(name)]
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(found),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()

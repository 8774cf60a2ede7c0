"""Is there room for what calls leave behind, and may we write there?"""

import shutil
import tempfile
from pathlib import Path

from bridge.doctor.finding import Finding, failed, good

CHECK = "disk"
MEGABYTE = 1 << 20
PROBE = b"offhook\n"


def check(state_dir: Path, spool_max_mb: int) -> Finding:
    """Writes one file that is gone at once; a directory that is missing is not made."""
    place = _nearest(state_dir)
    try:
        with tempfile.TemporaryFile(dir=place, buffering=0) as probe:
            probe.write(PROBE)
        free_mb = shutil.disk_usage(place).free // MEGABYTE
    except OSError as error:
        return failed(
            CHECK,
            f"nothing can be written to {state_dir}: {error.strerror or type(error).__name__}",
            "give the directory to the user that runs offhook, or name another one in"
            " OFFHOOK_STATE_DIR",
        )
    if free_mb < spool_max_mb:
        return failed(
            CHECK,
            f"{free_mb} MB are free for {state_dir}; records may take {spool_max_mb} MB while the"
            " store is away, recordings come on top",
            "free some space, or lower OFFHOOK_SPOOL_MAX_MB",
        )
    missing = "" if state_dir.exists() else " (made at the first start)"
    return good(CHECK, f"{state_dir}{missing} can be written, {free_mb} MB are free")


def _nearest(path: Path) -> Path:
    """The directory, or that of its parents in which it would be made."""
    for each in (path, *path.absolute().parents):
        if each.exists():
            return each
    return path

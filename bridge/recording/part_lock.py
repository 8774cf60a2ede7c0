"""Whose a recording's part is: the process that writes it holds a lock, which ends with it.

Windows does not need that: there nobody can rename a file that is open.
"""

import sys
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":

    def lock(file: BinaryIO) -> None:
        pass

    def locked(path: Path) -> bool:
        return False

else:
    import fcntl

    def lock(file: BinaryIO) -> None:
        """Until the file is closed. Raises ``OSError`` where somebody else has it."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def locked(path: Path) -> bool:
        """Somebody else writes it now. Raises ``OSError``."""
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

"""Characters that a terminal or a page would obey, in texts that others have written."""

import re
from typing import Final

# Tab and line ends are text. PostgreSQL stores no NUL, and a terminal obeys many of the others.
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")


def control_problem(text: str) -> str | None:
    """What is wrong with a text that is to be kept, and the mend."""
    found = _CONTROL.search(text)
    return found and f"holds a control character (U+{ord(found[0]):04X}); remove it"


def without_control(text: str) -> str:
    """Of several lines; nothing else changes."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def printable(text: str) -> str:
    """In one line, without control and direction characters. Line ends become blanks."""
    shown = " ".join(text.split())
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in shown)

"""Words that instructions dictate: "Say exactly: ...", "Greet the caller with: ..."."""

import re

_TELL = r"\b(?:repeat|say|speak|read)\b[^:.!?\n\"]*"
SAY = re.compile(
    rf"\b(?:say|speak)\s*:\s*(.+)|{_TELL}\b(?:exactly|following|verbatim|word for word)\b"
    r"[^:\n\"]*(?::|(?=\"))\s*(.+)",
    re.IGNORECASE | re.DOTALL,
)
REPEAT_EXACTLY = re.compile(
    r"\brepeat exactly the following[^:\n]*:\s*(.+)", re.IGNORECASE | re.DOTALL
)
GREET = re.compile(
    r"\b(?:greet|welcome)\b[^:.!?\n\"]*(?::|(?=\"))\s*(.+)", re.IGNORECASE | re.DOTALL
)
WANTS_GREETING = re.compile(r"\b(greet|welcome|say hello)\b", re.IGNORECASE)
CLOSING = {'"': '"', "\u201c": "\u201d"}


def dictated_by_request(requested: str) -> str | None:
    """The words that a response's own instructions dictate."""
    found = SAY.search(requested) or GREET.search(requested)
    return None if found is None else _exactly(found)


def dictated_always(text: str) -> str | None:
    """The words of a "repeat exactly the following" that stands in a longer text."""
    found = REPEAT_EXACTLY.search(text)
    return None if found is None else _exactly(found)


def dictated_greeting(instructions: str) -> str | None:
    """The words with which a session's instructions have the caller greeted."""
    found = GREET.search(instructions)
    return None if found is None else _exactly(found)


def _exactly(found: re.Match[str]) -> str | None:
    """To the closing quote if there are quotes, else to the end of the paragraph."""
    text = next(group for group in found.groups() if group is not None).strip()
    closing = CLOSING.get(text[:1])
    if closing is not None and closing in text[1:]:
        words = text[1 : text.index(closing, 1)]
    elif text[:1] == "'" and text.endswith("'"):
        words = text[1:-1]
    else:
        words = re.split(r"\n\s*\n", text)[0].strip()
    return words if words.strip() else None

"""JSON values as YAML text, the same values always as the same text.

Mappings keep their order, texts of more than one line are ``|`` blocks that keep every character,
and there are no anchors, so that the text reads and compares well.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import yaml

# What may stand in a block as it is: printable, and no line break but the newline.
_BLOCK = re.compile(
    "[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
_BREAK = re.compile("[\n\r\x85\u2028\u2029]")
_MAX_KEY_CHARS = 1_000  # YAML 1.1, 7.3: behind 1024 nothing is a key without a "?"


def yaml_text(value: Mapping[str, Any]) -> str:
    """``value`` holds what JSON knows and nothing else, and is not nested without bound."""
    return "".join(f"{line}\n" for line in _mapping(value))


def _mapping(value: Mapping[str, Any]) -> Iterator[str]:
    for key, each in value.items():
        written = _scalar(key)
        if len(written) > _MAX_KEY_CHARS:
            yield f"? {written}"
            yield from _placed(":", each)
        else:
            yield from _placed(f"{written}:", each)


def _listing(value: Sequence[Any]) -> Iterator[str]:
    for each in value:
        if isinstance(each, Mapping | list | tuple) and each:
            first, *rest = _block(each)
            yield f"- {first}"
            yield from _indented(rest)
        else:
            yield from _placed("-", each)


def _block(value: Mapping[str, Any] | Sequence[Any]) -> Iterator[str]:
    return _mapping(value) if isinstance(value, Mapping) else _listing(value)


def _placed(before: str, value: Any) -> Iterator[str]:
    """A value behind its key or dash."""
    if isinstance(value, Mapping | list | tuple) and value:
        yield before
        yield from _indented(_block(value))
    elif isinstance(value, str) and "\n" in value and _BLOCK.fullmatch(value):
        yield f"{before} |{_hints(value)}"
        yield from _indented(value.removesuffix("\n").split("\n"))
    else:
        yield f"{before} {_scalar(value)}"


def _indented(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    return (f"  {line}" if line else line for line in lines)


def _hints(text: str) -> str:
    """YAML 1.1, 4.2.1: how far a block is indented, where that cannot be seen from its first line,
    and what becomes of the newlines at its end."""
    indentation = "2" if text[0] in " \t\n" else ""
    if not text.endswith("\n"):
        return f"{indentation}-"
    return f"{indentation}+" if text.endswith("\n\n") or text == "\n" else indentation


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _float(value)
        case str():
            return _quoted(value)
    return "{}" if isinstance(value, Mapping) else "[]" if value in ([], ()) else str(value)


def _float(value: float) -> str:
    """Plain digits; YAML 1.1 reads few of the forms with an exponent."""
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = f"{Decimal(repr(value)):f}"
    return text if "." in text else f"{text}.0"


def _quoted(text: str) -> str:
    """Quoted only where YAML would read it differently; in one line."""
    style = '"' if _BREAK.search(text) else None
    listed = yaml.dump([text], default_style=style, allow_unicode=True, width=math.inf)
    return str(listed)[2:-1]

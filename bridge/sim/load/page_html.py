"""Text, numbers and tables as HTML. What is not ``Html`` yet is escaped on its way in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

NOT_MEASURED: Final = "not measured"


@dataclass(frozen=True)
class Html:
    """Markup of ours, with every text in it escaped."""

    text: str


Content = Html | str
Cell = Content | float | None  # None: not measured


def html(content: Content) -> str:
    return content.text if isinstance(content, Html) else escape(content)


def joined(contents: Iterable[Content]) -> Html:
    return Html("\n".join(html(each) for each in contents))


def breaking(name: str) -> Html:
    """A name that may go to the next line after an underscore."""
    return Html(escape(name).replace("_", "_<wbr>"))


def element(tag: str, content: Content, css: str = "") -> Html:
    """``css``: its classes."""
    marked = f' class="{escape(css)}"' if css else ""
    return Html(f"<{tag}{marked}>{html(content)}</{tag}>")


def number(value: float | None, unit: str = "") -> str:
    """To three figures or so; a number that is not there was not measured."""
    if value is None:
        return NOT_MEASURED
    size = abs(value)
    if value == int(value) or size >= 100:
        shown = f"{value:,.0f}"
    else:
        shown = f"{value:.1f}" if size >= 10 else f"{value:.2f}"
    return f"{shown} {unit}".strip()


def data_size(n_bytes: float | None) -> str:
    if n_bytes is None:
        return NOT_MEASURED
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(n_bytes) >= size:
            return number(n_bytes / size, unit)
    return number(n_bytes, "B")


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], empty: str = "none") -> Html:
    """Numbers stand to the right. It scrolls by itself where the page is narrow."""
    found = [[*row, *[""] * (len(head) - len(row))] for row in rows]
    if not found:
        return element("p", empty, "quiet")
    body = [element("tr", joined(_cell(each) for each in row)) for row in found]
    columns = zip(*found, strict=True)
    css = [_css(column) for column in columns]
    top = element("tr", joined(element("th", *each) for each in zip(head, css, strict=True)))
    whole = Html(f"<table><thead>{top.text}</thead><tbody>{joined(body).text}</tbody></table>")
    return element("div", whole, "scroll")


def _css(column: Iterable[Cell]) -> str:
    return "number" if any(isinstance(each, int | float) for each in column) else ""


def _cell(content: Cell) -> Html:
    match content:
        case None:
            return element("td", NOT_MEASURED, "quiet")
        case int() | float():
            return element("td", number(content), "number")
        case _:
            return element("td", content)


def facts(pairs: Iterable[tuple[str, Content]]) -> Html:
    """Names with a value each."""
    return element(
        "dl",
        joined(
            element("div", joined((element("dt", name), element("dd", value))))
            for name, value in pairs
        ),
    )

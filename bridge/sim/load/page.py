"""The report of a load test as one HTML page that needs nothing else: no script, no request."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from bridge.sim.load import page_sections as sections
from bridge.sim.load.page_capacity import capacity
from bridge.sim.load.page_html import Html, element, html, joined
from bridge.sim.load.page_latencies import latencies

Json = dict[str, Any]
SECTIONS: Final[tuple[tuple[str, Callable[[Json], Html]], ...]] = (
    ("What must hold", sections.bounds),
    ("Calls over time", sections.calls),
    ("Latency", latencies),
    ("Where the time goes", sections.budget),
    ("What was heard", sections.correctness),
    ("Faults", sections.faults),
    ("The server", sections.server),
    ("The generator itself", sections.generator),
    ("Scenarios", sections.scenarios),
    ("The run", sections.run),
)
# The page may load nothing at all; the empty icon keeps a browser from asking for one.
HEAD: Final = """\
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">"""


def write(report: Json, path: Path) -> None:
    """``report`` as ``report.report_of`` makes it. Raises ``OSError``."""
    path.write_text(page_of(report), encoding="utf-8")


def page_of(report: Json) -> str:
    title = f"Load test {report['verdict']}: {report['url']}"
    style = files("bridge.sim.load").joinpath("page.css").read_text(encoding="utf-8")
    shown = list(SECTIONS)
    if report["capacity"]:
        shown.insert(0, ("Capacity", capacity))
    body = joined(
        (
            element("h1", f"Load test of {report['url']}"),
            element("p", sections.began(report), "quiet"),
            sections.verdict(report),
            *(_section(name, part(report)) for name, part in shown),
        )
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n{HEAD}\n'
        f"<title>{html(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{body.text}\n</body>\n</html>\n"
    )


def _section(name: str, content: Html) -> Html:
    return element("section", joined((element("h2", name), content)))

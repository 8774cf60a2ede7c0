"""Which of an agent's texts is meant: its draft, what is published, or a version."""

from dataclasses import dataclass
from typing import Final

from bridge.agents.problems import Problem
from bridge.store.agents import AgentStore, Draft, Version
from bridge.store.problems import Invalid, NotFound

DRAFT: Final = "draft"
PUBLISHED: Final = "published"


@dataclass(frozen=True)
class Text:
    """``which`` is for people, such as "version 3". Texts are as they were written."""

    which: str
    text: str
    tests: str


async def text_of(agents: AgentStore, name: str, which: str) -> Text:
    """``which``: draft, published, or the number of a version. Raises StoreProblem."""
    if which == DRAFT:
        return of(await agents.draft(name))
    if which == PUBLISHED:
        row = await agents.get(name)
        if row.published is None:
            raise NotFound("name", f"no version of {name} is published; publish its draft first")
        return of(await agents.version(name, row.published))
    if not which.isdecimal() or not which.isascii():
        mend = f"'{which}' is none of them; write draft, published, or a number such as 3"
        raise Invalid("version", [Problem(1, 1, "version", mend)])
    return of(await agents.version(name, int(which)))


async def wanted(agents: AgentStore, name: str, which: str | None) -> Text:
    """``which`` None: the draft where there is one, else what is published."""
    if which is not None:
        return await text_of(agents, name, which)
    row = await agents.get(name)
    return await text_of(agents, name, PUBLISHED if row.draft_revision is None else DRAFT)


def of(kept: Draft | Version) -> Text:
    which = f"draft {kept.revision}" if isinstance(kept, Draft) else f"version {kept.number}"
    return Text(which, kept.text, kept.tests)

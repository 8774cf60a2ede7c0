"""Can the agents answer: are their documents valid, and their functions there?"""

from collections.abc import Callable, Sequence
from functools import partial

from bridge.agents.default import default_agent
from bridge.agents.document import Agent, load, load_file
from bridge.agents.problems import AgentError
from bridge.doctor.apart import apart
from bridge.doctor.finding import Finding, failed, good
from bridge.doctor.store import ready
from bridge.functions import Allowed, Function, FunctionsError, load_functions
from bridge.settings import Settings
from bridge.store.agents import AgentStore

CHECK = "agent"
MEND = (
    "mend what is named here; `offhook agents validate NAME` looks at a document again, and"
    " functions must be installed beside offhook"
)


async def check(settings: Settings) -> Finding:
    """The agent of the settings, and every published one."""
    source = str(settings.agent_path or "the built-in agent")
    problems = await apart(lambda: _problems(source, lambda: own_agent(settings), settings, None))
    published, allowed = await _published(settings), Allowed(settings.store.functions)
    for title, text in published:
        read = partial(load, text, source=title)
        problems += await apart(partial(_problems, title, read, settings, allowed))
    if problems:
        return failed(CHECK, "\n".join(problems), MEND)
    also = f", and {len(published)} published" if published else ""
    return good(CHECK, f"{source}{also}: valid, all functions are there")


def own_agent(settings: Settings) -> Agent:
    """The one that answers where the store names none. Raises AgentError."""
    return load_file(settings.agent_path) if settings.agent_path else default_agent()


def functions_of(
    agent: Agent, settings: Settings, allowed: Allowed | None = None
) -> dict[str, Function]:
    """Imports what the document names. Raises FunctionsError, and whatever an import raises."""
    return load_functions(
        agent.functions,
        default_timeout_s=settings.limits.function_timeout_s,
        allowed=allowed,
    )


def _problems(
    title: str, read: Callable[[], Agent], settings: Settings, allowed: Allowed | None
) -> list[str]:
    try:
        functions_of(read(), settings, allowed)
    except AgentError as error:  # names the document and the line by itself
        return str(error).splitlines()
    except FunctionsError as error:
        return [f"{title}: {each}" for each in error.problems]
    return []


async def _published(settings: Settings) -> Sequence[tuple[str, str]]:
    """Titles and texts."""
    found = []
    async with ready(settings) as database:
        if database is not None:
            agents = AgentStore(database)
            for row in await agents.list():
                if row.published is not None:
                    version = await agents.version(row.name, row.published)
                    found.append((f"{row.name}, version {row.published}", version.text))
    return found

"""Any agent that a document can describe."""

from typing import Any

from hypothesis import strategies as st

from bridge.agents.document import (
    Agent,
    AgentLimits,
    FunctionSpec,
    Interruption,
    LookUp,
    Recording,
    Transcription,
    TurnDetection,
    Variable,
)
from bridge.agents.template import RESERVED

characters = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\n \t:#-'\"|>{}%")


def texts(max_size: int = 60, min_size: int = 1) -> st.SearchStrategy[str]:
    stripped = st.text(characters, max_size=max_size).map(str.strip)
    return stripped.filter(lambda text: len(text) >= min_size)


def thousandths(low: int, high: int) -> st.SearchStrategy[float]:
    return st.integers(low, high).map(lambda each: each / 1000)


def optional(given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | given


plain = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | thousandths(-(10**9), 10**9)
    | st.text(characters, max_size=40)
)
json_values = st.recursive(
    plain,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.text(characters, max_size=12), below, max_size=3)
    ),
    max_leaves=8,
)
schemas = st.fixed_dictionaries(
    {"type": st.just("object")},
    optional={
        "properties": st.dictionaries(
            st.text(characters, min_size=1, max_size=12),
            st.fixed_dictionaries({}, optional={"default": json_values, "description": texts()}),
            max_size=3,
        ),
        "description": st.text(characters, max_size=40),
    },
)
turns = (
    st.builds(
        TurnDetection,
        st.just("server_vad"),
        optional(thousandths(0, 1000)),
        optional(st.integers(0, 5000)),
        st.integers(20, 10_000),
        st.none(),
        optional(st.integers(5000, 30_000)),
    )
    | st.builds(
        TurnDetection,
        st.just("semantic_vad"),
        silence_duration_ms=st.none(),
        eagerness=st.sampled_from([None, "low", "medium", "high", "auto"]),
    )
    | st.just(TurnDetection("none", silence_duration_ms=None))
)
functions = st.builds(
    FunctionSpec,
    st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True).filter(lambda name: name != "end_call"),
    st.just("shop.orders:find"),
    optional(texts()),
    optional(schemas),
    optional(thousandths(100, 600_000)),
) | st.just(FunctionSpec("weather", "weather"))
names = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True).filter(
    lambda name: name not in RESERVED and name not in ("y", "n", "yes", "no", "on", "off", "null")
)
lookups = st.builds(
    LookUp,
    st.sampled_from(["https://crm.example.com/caller?a=b#c", "http://[2001:db8::1]:8080/x"]),
    st.integers(50, 10_000),
    st.dictionaries(
        st.sampled_from(["X-Key", "Authorization"]),
        st.from_regex(r"[ -~]{0,20}", fullmatch=True),
    ),
)


@st.composite
def variables(draw: st.DrawFn, sources: list[str]) -> Variable:
    source = draw(st.none() | st.sampled_from(sources))
    default = texts(min_size=0)
    return Variable(
        draw(optional(texts())), draw(default if source is None else optional(default)), source
    )


@st.composite
def agents(draw: st.DrawFn) -> Agent:
    language = draw(st.sampled_from([None, "en", "de"]))
    heard = draw(st.sampled_from([None, "de"])) or language
    lookup = draw(optional(lookups))
    sources = ["caller", "called", "local_time", "parameter:tier"]
    declared = draw(
        st.dictionaries(names, variables([*sources, "lookup:name"] if lookup else sources))
    )
    words = texts(200).map(lambda text: text.replace("{", "(")) if declared else texts(200)
    return Agent(
        name=draw(texts()),
        instructions=draw(words),
        greeting=draw(optional(words)),
        voice=draw(optional(texts())),
        model=draw(optional(texts())),
        temperature=draw(optional(thousandths(600, 1200))),
        max_output_tokens=draw(optional(st.integers(1, 4096))),
        speed=draw(optional(thousandths(250, 1500))),
        language=language,
        turn_detection=draw(turns),
        interruption=Interruption(draw(st.booleans())),
        noise_reduction=draw(st.sampled_from([None, "near_field", "far_field"])),
        transcription=draw(optional(st.builds(Transcription, texts(), st.just(heard), texts()))),
        audio_format=draw(st.sampled_from(["pcm16", "g711_ulaw"])),
        functions=tuple(draw(st.lists(functions, max_size=3, unique_by=lambda each: each.name))),
        end_call=draw(st.booleans()),
        languages=tuple(draw(st.lists(st.sampled_from(["en", "de", "pt-BR", "no"]), max_size=3))),
        timezone=draw(st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"])),
        variables=declared,
        lookup=lookup,
        limits=draw(
            st.builds(
                AgentLimits, optional(st.integers(10, 86_400)), optional(st.integers(1, 100_000))
            )
        ),
        recording=draw(st.builds(Recording, st.booleans(), optional(st.integers(0, 36_500)))),
    )

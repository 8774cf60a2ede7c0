"""The agent: who answers the phone, as one YAML document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast

from bridge.agents.problems import AgentError, Problem
from bridge.agents.schema import schema_problems
from bridge.agents.section import Section
from bridge.agents.template import is_template, used
from bridge.agents.tree import compose
from bridge.agents.values import Marked, json_value
from bridge.agents.variable_fields import (
    MAX_VALUE_CHARS,
    SOURCE,
    SOURCE_FORM,
    URL,
    URL_FORM,
    VARIABLE_FIELDS,
    check_texts,
    headers,
)
from bridge.agents.zones import zone

END_CALL: Final = "end_call"  # the name of the built-in function

TurnDetectionType = Literal["server_vad", "semantic_vad", "none"]
Eagerness = Literal["low", "medium", "high", "auto"]
NoiseReduction = Literal["near_field", "far_field"]
AudioFormat = Literal["pcm16", "g711_ulaw"]


@dataclass(frozen=True)
class TurnDetection:
    """None in a field: the service's default. ``silence_duration_ms`` is always named, for the
    service's own default is shorter than documented and cuts callers off."""

    type: TurnDetectionType = "server_vad"
    threshold: float | None = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = 500
    eagerness: Eagerness | None = None
    idle_timeout_ms: int | None = None


@dataclass(frozen=True)
class Interruption:
    """May the caller cut the assistant short?"""

    enabled: bool = True


@dataclass(frozen=True)
class Transcription:
    """On Azure ``model`` is the name of a deployment."""

    model: str
    language: str | None = None
    prompt: str | None = None


@dataclass(frozen=True)
class FunctionSpec:
    """``entry_point`` is ``package.module:attribute``, or a name in the entry-point group
    ``offhook.functions``. None: ``description`` comes from the docstring, ``parameters`` from the
    signature, ``timeout_s`` from the settings."""

    name: str
    entry_point: str
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    timeout_s: float | None = None


@dataclass(frozen=True)
class Variable:
    """``source`` is ``from`` in the document: caller, called, local_time, parameter:NAME or
    lookup:KEY. None: ``default`` is its value. A default of None: an empty text, and a note."""

    description: str | None = None
    default: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class LookUp:
    """A question to a system of ours, before the call."""

    url: str
    timeout_ms: int = 1500
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AgentLimits:
    """None: as the settings have it. ``max_concurrent`` counts in one process."""

    max_call_s: int | None = None
    max_concurrent: int | None = None


@dataclass(frozen=True)
class Recording:
    """``retention_days`` None: as the settings have it; 0: for ever."""

    enabled: bool = False
    retention_days: int | None = None


@dataclass(frozen=True)
class Agent:
    """None in a field: the service's default, unless the field says otherwise."""

    name: str
    instructions: str
    greeting: str | None = None  # None: the caller speaks first
    voice: str | None = None
    model: str | None = None  # in place of the deployment or model of the settings
    temperature: float | None = None
    max_output_tokens: int | None = None
    speed: float | None = None
    language: str | None = None  # of the caller, ISO 639-1
    turn_detection: TurnDetection = TurnDetection()
    interruption: Interruption = Interruption()
    noise_reduction: NoiseReduction | None = None  # None: off
    transcription: Transcription | None = None  # of the caller; None: off
    audio_format: AudioFormat = "pcm16"
    functions: tuple[FunctionSpec, ...] = ()
    end_call: bool = True  # the assistant may hang up by itself
    languages: tuple[str, ...] = ()  # that it speaks, the first one first; none: any
    timezone: str = "UTC"
    variables: Mapping[str, Variable] = field(default_factory=dict)
    lookup: LookUp | None = None
    limits: AgentLimits = AgentLimits()
    recording: Recording = Recording()

    def warnings(self, dialect_name: str) -> tuple[str, ...]:
        """Fields without effect in a dialect ("ga", "preview" or "preview-2024-10")."""
        return tuple(_warnings(self, dialect_name))


FIELDS: Final = tuple(Agent.__dataclass_fields__)
_TURN_FIELDS: Final = tuple(TurnDetection.__dataclass_fields__)
_FUNCTION_FIELDS: Final = tuple(FunctionSpec.__dataclass_fields__)

_LANGUAGE = "[a-z]{2}"
_LANGUAGES = "[a-z]{2,3}(-[A-Za-z0-9]{2,8})?"
_LANGUAGE_FORM = "two small letters, such as en"


def load(text: str, *, source: str = "agent.yaml") -> Agent:
    """Raises ``AgentError`` with every problem, each with its line in ``source``."""
    problems: list[Problem] = []
    top = Section(compose(text, source), "", FIELDS, problems)
    agent = _agent(top)
    check_texts(top, agent.variables, agent.lookup is not None)
    if problems:
        raise AgentError(source, problems)
    return agent


def load_file(path: Path) -> Agent:
    """Raises ``AgentError`` for a file that cannot be read, too."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        mend = f"cannot be read ({error.strerror}); check the path and its permissions"
        raise AgentError(str(path), [Problem(1, 1, "", mend)]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(line, 1, "", "is not UTF-8; save the file in that encoding")
        raise AgentError(str(path), [problem]) from None
    return load(text, source=str(path))


def _agent(top: Section) -> Agent:
    end_call = top.flag("end_call")
    language = top.text("language", 2, _LANGUAGE, _LANGUAGE_FORM)
    return Agent(
        name=top.needed_text("name", 100, "Front desk"),
        instructions=top.needed_text("instructions", 100_000, "You answer the phone of ..."),
        greeting=top.text("greeting", 2_000),
        voice=top.text("voice", 200),
        model=top.text("model", 200),
        temperature=top.number("temperature", 0.6, 1.2),
        max_output_tokens=_max_output_tokens(top),
        speed=top.number("speed", 0.25, 1.5),
        language=language,
        turn_detection=_turn_detection(top),
        interruption=_interruption(top),
        noise_reduction=cast(
            NoiseReduction | None, top.choice("noise_reduction", ("near_field", "far_field"))
        ),
        transcription=_transcription(top, language),
        audio_format=cast(
            AudioFormat, top.choice("audio_format", ("pcm16", "g711_ulaw")) or "pcm16"
        ),
        functions=_functions(top, reserved=() if end_call is False else (END_CALL,)),
        end_call=end_call is not False,
        languages=top.texts("languages", _LANGUAGES, "a language such as en or pt-BR"),
        timezone=zone(top, "timezone") or "UTC",
        variables=_variables(top),
        lookup=_lookup(top),
        limits=_limits(top),
        recording=_recording(top),
    )


def _max_output_tokens(top: Section) -> int | None:
    """The service's word for no bound is "inf", which is its default."""
    node = top.get("max_output_tokens")
    if node is not None and node.value in ("inf", ".inf"):
        return None
    return top.whole("max_output_tokens", 1, 4096)


def _turn_detection(top: Section) -> TurnDetection:
    if top.given("turn_detection") and top.get("turn_detection") is None:
        mend = "write turn_detection: {type: none} to switch it off, or remove the line"
        top.wrong_field("turn_detection", f"is empty; {mend}")
    part = top.section("turn_detection", _TURN_FIELDS, "{type: server_vad}")
    if part is None:
        return TurnDetection()
    asked = part.choice("type", ("server_vad", "semantic_vad", "none"))
    chosen = cast(TurnDetectionType, asked or "server_vad")
    silence_ms = part.whole("silence_duration_ms", 20, 10_000)
    if asked or part.get("type") is None:
        _foreign_fields(part, chosen)
    return TurnDetection(
        type=chosen,
        threshold=part.number("threshold", 0, 1),
        prefix_padding_ms=part.whole("prefix_padding_ms", 0, 5_000),
        silence_duration_ms=500 if silence_ms is None and chosen == "server_vad" else silence_ms,
        eagerness=cast(
            Eagerness | None, part.choice("eagerness", ("low", "medium", "high", "auto"))
        ),
        idle_timeout_ms=part.whole("idle_timeout_ms", 5_000, 30_000),
    )


def _foreign_fields(part: Section, chosen: TurnDetectionType) -> None:
    """Each type of turn detection has its own fields; one of another type voids the session."""
    server = ("threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms")
    own: dict[str, Sequence[str]] = {"server_vad": server, "semantic_vad": ("eagerness",)}
    for key in _TURN_FIELDS[1:]:
        if part.get(key) is not None and key not in own.get(chosen, ()):
            other = "server_vad" if key in server else "semantic_vad"
            part.wrong_field(key, f"belongs to type {other}; remove it, or write type: {other}")


def _interruption(top: Section) -> Interruption:
    part = top.section("interruption", ("enabled",), "{enabled: true}")
    return Interruption(part is None or part.flag("enabled") is not False)


def _transcription(top: Section, language: str | None) -> Transcription | None:
    part = top.section("transcription", ("model", "language", "prompt"), "{model: whisper-1}")
    if part is None:
        return None
    own_language = part.text("language", 2, _LANGUAGE, _LANGUAGE_FORM)
    return Transcription(
        model=part.needed_text("model", 200, "whisper-1"),
        language=own_language or language,
        prompt=part.text("prompt", 4_000),
    )


def _functions(top: Section, reserved: Sequence[str]) -> tuple[FunctionSpec, ...]:
    taken, specs = set(reserved), []
    for part in top.sections("functions", _FUNCTION_FIELDS, "name: find_order"):
        spec = _function(part)
        if spec.name in taken:
            why = "is built in" if spec.name in reserved else "is the name of another function"
            part.wrong_field("name", f"'{spec.name}' {why}; choose another name")
        taken |= {spec.name} - {""}
        specs.append(spec)
    return tuple(specs)


def _function(part: Section) -> FunctionSpec:
    form = "letters, digits, _ and -"
    name = part.needed_text("name", 64, "find_order", "[A-Za-z0-9_-]+", form)
    entry_form = "package.module:attribute, or the name of an entry point"
    return FunctionSpec(
        name=name,
        entry_point=part.text("entry_point", 300, r"[\w.-]+(:[\w.]+)?", entry_form) or name,
        description=part.text("description", 4_000),
        parameters=_parameters(part),
        timeout_s=part.number("timeout_s", 0.1, 600),
    )


def _parameters(part: Section) -> Mapping[str, Any] | None:
    node = part.get("parameters")
    if node is None:
        return None
    marks: Marked = {}
    schema = json_value(node, part, marks)
    for path, message in schema_problems(schema):
        where = marks.get(path, marks.get(path[:-1], node))
        part.wrong(where, ".".join(["parameters", *map(str, path)]), message)
    if not isinstance(schema, Mapping):
        return None
    if schema.get("type") != "object":
        part.wrong(node, "parameters.type", "must be object; add a line 'type: object'")
    return schema


def _variables(top: Section) -> Mapping[str, Variable]:
    found: dict[str, Variable] = {}
    for name, part in top.named("variables", VARIABLE_FIELDS, "{from: caller}"):
        found[name] = Variable(
            part.text("description", 1_000),
            part.text("default", MAX_VALUE_CHARS, may_be_empty=True),
            part.text("from", 200, SOURCE, SOURCE_FORM),
        )
        if found[name].source is None and part.get("from") is None and part.get("default") is None:
            part.wrong_field("default", "is missing; add it, or a line like 'from: caller'")
    return found


def _lookup(top: Section) -> LookUp | None:
    part = top.section("lookup", ("url", "timeout_ms", "headers"), "{url: https://...}")
    if part is None:
        return None
    url = part.needed_text("url", 2_000, "https://crm.example.com/caller", URL, URL_FORM)
    return LookUp(url, part.whole("timeout_ms", 50, 10_000) or 1500, headers(part))


def _limits(top: Section) -> AgentLimits:
    part = top.section("limits", ("max_call_s", "max_concurrent"), "{max_call_s: 600}")
    if part is None:
        return AgentLimits()
    return AgentLimits(
        part.whole("max_call_s", 10, 86_400), part.whole("max_concurrent", 1, 100_000)
    )


def _recording(top: Section) -> Recording:
    part = top.section("recording", ("enabled", "retention_days"), "{enabled: true}")
    if part is None:
        return Recording()
    return Recording(part.flag("enabled") is True, part.whole("retention_days", 0, 36_500))


def _warnings(agent: Agent, dialect: str) -> list[str]:
    turn, first = agent.turn_detection, dialect == "preview-2024-10"
    without_effect = {
        "temperature": dialect == "ga" and agent.temperature is not None,
        "turn_detection.idle_timeout_ms": dialect != "ga" and turn.idle_timeout_ms is not None,
        "turn_detection.type: semantic_vad": first and turn.type == "semantic_vad",
        "noise_reduction": first and agent.noise_reduction is not None,
        "speed": first and agent.speed is not None,
        "interruption.enabled: false": first and not agent.interruption.enabled,
    }
    told = [
        f"{field} has no effect in the {dialect} dialect; it is left out."
        for field, applies in without_effect.items()
        if applies
    ]
    if dialect != "ga" and agent.voice in ("marin", "cedar"):
        told.append(f"voice: {agent.voice} exists in the ga dialect only; choose another voice.")
    if turn.type == "none":
        told.append("turn_detection.type: none leaves it to nobody to tell when the caller ends.")
    return [*told, *_text_warnings(agent)]


def _text_warnings(agent: Agent) -> list[str]:
    """What is of no use, or not what it looks like."""
    texts = [agent.instructions, agent.greeting or ""]
    if not agent.variables:
        literal = any(is_template(text) for text in texts)
        told = "{{ or {% is taken word for word, for no variables are declared."
        return [told] if literal else []
    named = frozenset[str]().union(*(used(text) for text in texts))
    told_unused = [
        f"variables.{name} is used in no text; use it as {{{{ {name} }}}}, or remove it."
        for name in agent.variables
        if name not in named
    ]
    asked = any((each.source or "").startswith("lookup:") for each in agent.variables.values())
    if agent.lookup is not None and not asked:
        told_unused.append("lookup is not asked: no variable has from: lookup:KEY.")
    return told_unused

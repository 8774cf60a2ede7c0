import pytest

from bridge.agents.default import default_agent, default_text
from bridge.agents.document import (
    FIELDS,
    Agent,
    FunctionSpec,
    Interruption,
    Transcription,
    TurnDetection,
    load,
)
from bridge.agents.problems import AgentError, Problem

SMALL = "name: Front desk\ninstructions: Be brief.\n"

WHOLE = """\
name: Front desk
instructions: |
  You answer the phone.
  Be brief.
greeting: Good morning.
voice: marin
model: voice-2
temperature: 0.7
max_output_tokens: 1000
speed: 1.1
language: en
turn_detection:
  type: server_vad
  threshold: 0.6
  prefix_padding_ms: 200
  silence_duration_ms: 600
  idle_timeout_ms: 8000
interruption: {enabled: false}
noise_reduction: far_field
transcription: {model: whisper-1, prompt: Order numbers.}
audio_format: g711_ulaw
functions:
  - name: find_order
    entry_point: shop.orders:find
    description: Find an order by its number.
    timeout_s: 3
    parameters:
      type: object
      properties:
        number: {type: string, minLength: 3}
        exact: {type: boolean, default: true}
      required: [number]
  - name: weather
end_call: false
"""


def problems(text: str) -> list[Problem]:
    with pytest.raises(AgentError) as caught:
        load(text)
    return list(caught.value.problems)


def only_problem(text: str) -> Problem:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def test_a_whole_document() -> None:
    assert load(WHOLE) == Agent(
        name="Front desk",
        instructions="You answer the phone.\nBe brief.",
        greeting="Good morning.",
        voice="marin",
        model="voice-2",
        temperature=0.7,
        max_output_tokens=1000,
        speed=1.1,
        language="en",
        turn_detection=TurnDetection("server_vad", 0.6, 200, 600, None, 8000),
        interruption=Interruption(enabled=False),
        noise_reduction="far_field",
        transcription=Transcription("whisper-1", "en", "Order numbers."),
        audio_format="g711_ulaw",
        functions=(
            FunctionSpec(
                name="find_order",
                entry_point="shop.orders:find",
                description="Find an order by its number.",
                parameters={
                    "type": "object",
                    "properties": {
                        "number": {"type": "string", "minLength": 3},
                        "exact": {"type": "boolean", "default": True},
                    },
                    "required": ["number"],
                },
                timeout_s=3.0,
            ),
            FunctionSpec(name="weather", entry_point="weather"),
        ),
        end_call=False,
    )


def test_a_small_document_has_the_defaults() -> None:
    agent = load(SMALL)
    assert agent == Agent(name="Front desk", instructions="Be brief.")
    assert agent.greeting is None
    assert agent.audio_format == "pcm16"
    assert agent.turn_detection.silence_duration_ms == 500
    assert agent.interruption.enabled
    assert agent.end_call


def test_an_empty_field_is_one_that_is_not_there() -> None:
    empty = [key for key in FIELDS if key not in ("name", "instructions", "turn_detection")]
    assert load(SMALL + "".join(f"{key}:\n" for key in empty)) == load(SMALL)


def test_the_default_agent_is_a_valid_document_that_greets_and_can_hang_up() -> None:
    agent = default_agent()
    assert agent == load(default_text())
    assert agent.greeting
    assert agent.end_call
    assert agent.turn_detection.silence_duration_ms == 500
    for dialect in ("ga", "preview", "preview-2024-10"):
        assert agent.warnings(dialect) == ()


def test_an_error_has_source_line_column_field_and_mend() -> None:
    with pytest.raises(AgentError) as caught:
        load("name: x\ninstructions: y\nturn_detection:\n  threshold: 1.5\n", source="desk.yaml")
    assert str(caught.value) == (
        "desk.yaml:4:14: turn_detection.threshold: '1.5' is out of range;"
        " write a number from 0 to 1"
    )


def test_all_problems_are_told_at_once_in_the_order_of_the_lines() -> None:
    found = problems("speed: fast\nfunctions:\n- name: a b\n- 3\nend_call: maybe\nlanguage: eng\n")
    assert [(each.line, each.field) for each in found] == [
        (1, "name"),
        (1, "instructions"),
        (1, "speed"),
        (3, "functions[0].name"),
        (4, "functions[1]"),
        (5, "end_call"),
        (6, "language"),
    ]
    assert all("; " in each.message for each in found)


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("greetings: x", "greeting"),
        ("turn_detection: {treshold: 0.5}", "threshold"),
        ("interruption: {enable: true}", "enabled"),
        ("transcription: {model: w, lang: en}", "language"),
        ("functions: [{name: f, entrypoint: a}]", "entry_point"),
    ],
)
def test_an_unknown_field_is_told_with_the_nearest_one(line: str, near: str) -> None:
    assert f"did you mean '{near}'?" in only_problem(SMALL + line).message


def test_an_unknown_field_like_no_other_is_told_with_all_of_them() -> None:
    problem = only_problem(SMALL + "qqq: 1")
    assert (problem.line, problem.column, problem.field) == (3, 1, "qqq")
    assert all(key in problem.message for key in FIELDS)


def test_a_field_that_stands_twice_is_an_error() -> None:
    problem = only_problem(SMALL + "voice: ash\nvoice: sage\n")
    assert (problem.line, problem.field) == (4, "voice")
    assert "line 3" in problem.message


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("voice: yes", "'yes' is read as true or false by YAML; put quotes around it"),
        ("language: no", "'no' is read as true or false by YAML; put quotes around it"),
        ("voice: 007", "'007' is read as a number by YAML; put quotes around it"),
        ("voice: 2026-01-02", "'2026-01-02' is read as a date by YAML; put quotes around it"),
        ("on: 1", "the key 'on' is read as true or false by YAML; quote it"),
        ("1: 1", "the key '1' is read as a number by YAML; quote it"),
        ("end_call: yes", "'yes' is not a switch; write true or false"),
        ("end_call: 'true'", "'true' is not a switch; write true or false"),
        ("speed: 1:10", "'1:10' is not a number"),
        ("max_output_tokens: 0x10", "'0x10' is not a whole number"),
        ("max_output_tokens: 010", "'010' is not a whole number"),
        ("max_output_tokens: 1_000", "'1_000' is not a whole number"),
        ("speed: '1'", "'1' is not a number"),
        ("speed: .nan", "'.nan' is not a number"),
    ],
)
def test_what_yaml_reads_differently_is_told_plainly(line: str, told: str) -> None:
    assert told in only_problem(SMALL + line).message


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("temperature: 0.59", "temperature"),
        ("temperature: 1.21", "temperature"),
        ("speed: 0.2", "speed"),
        ("speed: 1.6", "speed"),
        ("max_output_tokens: 0", "max_output_tokens"),
        ("max_output_tokens: 4097", "max_output_tokens"),
        ("max_output_tokens: 1.5", "max_output_tokens"),
        ("turn_detection: {threshold: -0.1}", "turn_detection.threshold"),
        ("turn_detection: {idle_timeout_ms: 4999}", "turn_detection.idle_timeout_ms"),
        ("turn_detection: {idle_timeout_ms: 30001}", "turn_detection.idle_timeout_ms"),
        ("turn_detection: {silence_duration_ms: 10}", "turn_detection.silence_duration_ms"),
        ("turn_detection: {prefix_padding_ms: -1}", "turn_detection.prefix_padding_ms"),
        ("turn_detection: {type: vad}", "turn_detection.type"),
        ("turn_detection: [server_vad]", "turn_detection"),
        ("turn_detection:", "turn_detection"),
        ("noise_reduction: near-field", "noise_reduction"),
        ("noise_reduction: {type: near_field}", "noise_reduction"),
        ("audio_format: pcm", "audio_format"),
        ("interruption: true", "interruption"),
        ("transcription: {language: en}", "transcription.model"),
        ("language: EN", "language"),
        ("greeting: ''", "greeting"),
        ("greeting: [hello]", "greeting"),
        ("functions: {name: f}", "functions"),
        ("functions: [{entry_point: a:b}]", "functions[0].name"),
        ("functions: [{name: ''}]", "functions[0].name"),
        ("functions: [{name: f, entry_point: 'a b'}]", "functions[0].entry_point"),
        ("functions: [{name: f, timeout_s: 0}]", "functions[0].timeout_s"),
        ("functions: [{name: f}, {name: f}]", "functions[1].name"),
        ("functions: [{name: end_call}]", "functions[0].name"),
    ],
)
def test_a_value_that_cannot_be_meant_is_an_error_in_its_field(line: str, field: str) -> None:
    problem = only_problem(SMALL + line)
    assert (problem.line, problem.field) == (3, field)


def test_the_bounds_themselves_are_allowed() -> None:
    low = "temperature: 0.6\nspeed: 0.25\nmax_output_tokens: 1\nturn_detection: {threshold: 0}\n"
    high = "temperature: 1.2\nspeed: 1.5\nmax_output_tokens: 4096\nturn_detection: {threshold: 1}"
    assert load(SMALL + low).temperature == 0.6
    assert load(SMALL + high).max_output_tokens == 4096


@pytest.mark.parametrize("word", ["inf", ".inf"])
def test_no_bound_on_the_output_may_be_written(word: str) -> None:
    assert load(SMALL + f"max_output_tokens: {word}").max_output_tokens is None


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ("type: semantic_vad, threshold: 0.5", "threshold"),
        ("type: semantic_vad, silence_duration_ms: 500", "silence_duration_ms"),
        ("type: semantic_vad, idle_timeout_ms: 6000", "idle_timeout_ms"),
        ("type: server_vad, eagerness: low", "eagerness"),
        ("eagerness: low", "eagerness"),
        ("type: none, prefix_padding_ms: 300", "prefix_padding_ms"),
    ],
)
def test_a_field_of_another_type_of_turn_detection_is_an_error(fields: str, wrong: str) -> None:
    problem = only_problem(f"{SMALL}turn_detection: {{{fields}}}")
    assert problem.field == f"turn_detection.{wrong}"
    assert "belongs to type" in problem.message


def test_semantic_turn_detection_names_no_silence() -> None:
    turn = load(SMALL + "turn_detection: {type: semantic_vad, eagerness: high}").turn_detection
    assert turn == TurnDetection("semantic_vad", silence_duration_ms=None, eagerness="high")


def test_turn_detection_can_be_off_and_that_is_warned_of() -> None:
    agent = load(SMALL + "turn_detection: {type: none}")
    assert agent.turn_detection.type == "none"
    assert len(agent.warnings("ga")) == 1


def test_end_call_is_free_for_a_function_where_the_built_in_one_is_off() -> None:
    agent = load(SMALL + "end_call: false\nfunctions: [{name: end_call}]")
    assert agent.functions[0].name == "end_call"


def test_the_transcription_speaks_the_callers_language() -> None:
    text = SMALL + "language: de\ntranscription: {model: w}\n"
    assert load(text).transcription == Transcription("w", "de")
    text = SMALL + "language: de\ntranscription: {model: w, language: en}\n"
    assert load(text).transcription == Transcription("w", "en")


@pytest.mark.parametrize(
    ("schema", "line", "field"),
    [
        ("type: string", 6, "type"),
        ("type: object\n    properties: {a: {type: text}}", 7, "properties.a.type"),
        ("type: object\n    properties: {a: 3}", 7, "properties.a"),
        ("type: object\n    properties:\n      a: {}\n    required: [b]", 9, "required.0"),
        ("type: object\n    required: b", 7, "required"),
        ("type: object\n    properties: 3\n    required: [a]", 7, "properties"),
        ("type: object\n    properties: {a: {enum: x}}", 7, "properties.a.enum"),
        ("type: object\n    properties: {a: {pattern: '('}}", 7, "properties.a.pattern"),
        ("type: object\n    properties: {a: {minimum: x}}", 7, "properties.a.minimum"),
        ("type: object\n    properties: {a: {maxItems: 0x1}}", 7, "properties.a.maxItems"),
        ("type: object\n    properties: {a: {anyOf: 1}}", 7, "properties.a.anyOf"),
        ("type: object\n    properties: {a: {default: 2026-01-02}}", 7, "properties.a.default"),
        ("type: object\n    properties: {no: {}}", 7, "properties"),
        ("type: object\n    type: object", 7, "type"),
    ],
)
def test_a_schema_that_is_none_is_told_with_its_own_line(
    schema: str, line: int, field: str
) -> None:
    text = SMALL + "functions:\n- name: f\n  parameters:\n    " + schema
    found = [(each.line, each.field) for each in problems(text)]
    assert (line, f"functions[0].parameters.{field}") in found


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("", 1, "is empty"),
        ("# nothing\n", 1, "is empty"),
        ("- a\n", 1, "is not a mapping"),
        ("name: a: b\n", 1, "is not YAML"),
        ("name: x\n\tvoice: y\n", 2, "is not YAML"),
        ("name: x\n---\nname: y\n", 2, "is not YAML"),
        ("name: 'x\n", 2, "is not YAML"),
        ("name: x\ninstructions: a\x07b\n", 2, "a character that YAML does not allow"),
        ('name: x\ninstructions: "\\U00110000"\n', 2, "U00110000 is no character; the last one"),
        ("%YAML 1." + "9" * 5000 + "\n---\nname: x\n", 1, "a number that YAML cannot read"),
        ("name: &a x\ninstructions: *a\n", 2, "refers to another place"),
        ("name: " + "[" * 5000, 1, "nested deeper"),
        ("name: " + "x" * 300_000, 1, "is longer"),
    ],
)
def test_a_text_that_is_no_document_is_one_error(text: str, line: int, told: str) -> None:
    problem = only_problem(text)
    assert problem.line == line
    assert told in problem.message
    assert "; " in problem.message


@pytest.mark.parametrize("escaped", ["\\0", "\\u0000", "\\e", "\\x07", "\\x7f", "\\x9b", "\\r"])
@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('voice: "a%sb"', "voice"),
        (
            'functions: [{name: f, entry_point: "a:b", description: "%s"}]',
            "functions[0].description",
        ),
        ('variables: {city: {default: "%s"}}', "variables.city.default"),
        ('lookup: {url: "https://a.example", headers: {X: "%s"}}', "lookup.headers.X"),
        ('"a%s": b', ""),
    ],
)
def test_a_control_character_is_refused_wherever_it_stands(
    line: str, field: str, escaped: str
) -> None:
    problem = only_problem(SMALL + line % escaped + "\n")
    assert (problem.line, problem.field) == (3, field)
    assert "holds a control character (U+00" in problem.message
    assert problem.message.endswith("; remove it")


def test_tabs_and_line_ends_are_text() -> None:
    assert load('name: x\ninstructions: "a\\tb\\nc\\r\\nd"\n').instructions == "a\tb\nc\r\nd"


def test_a_tag_runs_no_code() -> None:
    problem = only_problem(SMALL + "voice: !!python/object/apply:os.getcwd []")
    assert problem.field == "voice"


@pytest.mark.parametrize(
    ("line", "dialect", "field"),
    [
        ("temperature: 0.8", "ga", "temperature"),
        ("voice: marin", "preview", "voice"),
        ("turn_detection: {idle_timeout_ms: 6000}", "preview", "idle_timeout_ms"),
        ("turn_detection: {type: semantic_vad}", "preview-2024-10", "semantic_vad"),
        ("noise_reduction: near_field", "preview-2024-10", "noise_reduction"),
        ("speed: 1.1", "preview-2024-10", "speed"),
        ("interruption: {enabled: false}", "preview-2024-10", "interruption"),
    ],
)
def test_a_field_without_effect_in_a_dialect_is_warned_of(
    line: str, dialect: str, field: str
) -> None:
    told = load(SMALL + line).warnings(dialect)
    assert len(told) == 1
    assert field in told[0]


@pytest.mark.parametrize(
    ("line", "dialect"),
    [
        ("temperature: 0.8", "preview"),
        ("temperature: 0.8", "preview-2024-10"),
        ("voice: marin", "ga"),
        ("turn_detection: {idle_timeout_ms: 6000}", "ga"),
        ("turn_detection: {type: semantic_vad}", "preview"),
        ("interruption: {enabled: false}", "ga"),
    ],
)
def test_a_field_with_effect_is_not_warned_of(line: str, dialect: str) -> None:
    assert load(SMALL + line).warnings(dialect) == ()

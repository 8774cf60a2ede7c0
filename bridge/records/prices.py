"""The price table: what tokens, minutes of speech and minutes of telephone cost, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Protocol, TypeVar

import yaml

from bridge.agents.problems import AgentError, Problem
from bridge.agents.section import NUMBER, Section, shown
from bridge.agents.tree import compose

NAME_MAX_CHARS = 128


@dataclass(frozen=True)
class TokenPrices:
    """US dollars for a million tokens of one kind."""

    into: Decimal
    cached: Decimal
    out: Decimal = Decimal(0)


@dataclass(frozen=True)
class ModelPrices:
    """``model`` is a pattern in which * stands for anything."""

    model: str
    since: date
    text: TokenPrices
    audio: TokenPrices
    image: TokenPrices


@dataclass(frozen=True)
class HeardPrices:
    """US dollars for a million tokens: ``text`` is the prompt, ``audio`` what was said, ``out`` the
    words found in it."""

    text: Decimal
    audio: Decimal
    out: Decimal


@dataclass(frozen=True)
class TranscriptionPrices:
    """By the minute of audio or by a million tokens: the other one is None."""

    model: str
    since: date
    minute: Decimal | None
    tokens: HeardPrices | None


@dataclass(frozen=True)
class CarrierPrices:
    """Each begun minute counts whole."""

    since: date
    call_minute: Decimal
    stream_minute: Decimal


class Dated(Protocol):
    @property
    def since(self) -> date: ...


class Named(Dated, Protocol):
    @property
    def model(self) -> str: ...


Row = TypeVar("Row", bound=Dated)
NamedRow = TypeVar("NamedRow", bound=Named)


@dataclass(frozen=True)
class Prices:
    """Every look-up answers None where no row fits the name and the day."""

    models: tuple[ModelPrices, ...]
    transcriptions: tuple[TranscriptionPrices, ...]
    carriers: tuple[CarrierPrices, ...]

    def model(self, name: str, day: date) -> ModelPrices | None:
        return _best(self.models, name, day)

    def transcription(self, name: str, day: date) -> TranscriptionPrices | None:
        return _best(self.transcriptions, name, day)

    def carrier(self, day: date) -> CarrierPrices | None:
        return _newest(self.carriers, day)


def _newest(rows: Sequence[Row], day: date) -> Row | None:
    return max((row for row in rows if row.since <= day), key=lambda r: r.since, default=None)


def _best(rows: Sequence[NamedRow], name: str, day: date) -> NamedRow | None:
    """Of the patterns that fit the longest, and of its rows the newest."""
    fitting = [row for row in rows if row.since <= day and fnmatchcase(name, row.model)]
    return max(fitting, key=lambda row: (len(row.model), row.since), default=None)


def load(path: Path | None) -> Prices:
    """None: the table that comes along. Raises ``AgentError`` and ``OSError``."""
    if path is None:
        own = files("bridge.records").joinpath("prices.yaml").read_text(encoding="utf-8")
        return read(own, "prices.yaml")
    return read(path.read_text(encoding="utf-8"), str(path))


def read(text: str, source: str) -> Prices:
    """Raises ``AgentError`` with every problem and its line."""
    problems: list[Problem] = []
    top = Section(
        compose(text, source),
        "",
        ("models", "transcription", "carrier"),
        problems,
        of="a price table",
    )
    prices = Prices(
        tuple(map(_model, top.sections("models", _MODEL, "model: gpt-realtime-2*"))),
        tuple(map(_transcription, top.sections("transcription", _SPEECH, "model: whisper-1"))),
        tuple(map(_carrier, top.sections("carrier", _CARRIER, "from: 2026-01-01"))),
    )
    if problems:
        raise AgentError(source, problems)
    return prices


_MODEL = ("model", "from", "text", "audio", "image")
_SPEECH = ("model", "from", "minute", "tokens")
_CARRIER = ("from", "call_minute", "stream_minute")
_TOKENS = ("in", "cached", "out")
_HEARD = ("in", "cached", "audio", "out")  # cached: taken for long, and not asked for


def _model(row: Section) -> ModelPrices:
    return ModelPrices(
        _name(row),
        _since(row),
        _tokens(row, "text"),
        _tokens(row, "audio"),
        _tokens(row, "image"),
    )


def _transcription(row: Section) -> TranscriptionPrices:
    by_minute, by_token = row.given("minute"), row.given("tokens")
    if by_minute == by_token:
        row.wrong_field("minute", "either this or tokens is needed; write one of both")
    return TranscriptionPrices(
        _name(row),
        _since(row),
        _money(row, "minute") if by_minute else None,
        _heard(row) if by_token else None,
    )


def _carrier(row: Section) -> CarrierPrices:
    return CarrierPrices(_since(row), _money(row, "call_minute"), _money(row, "stream_minute"))


def _name(row: Section) -> str:
    return row.needed_text("model", NAME_MAX_CHARS, "gpt-realtime-2*")


def _since(row: Section) -> date:
    node = row.get("from")
    if node is None:
        row.wrong_field("from", "is missing; add a line like 'from: 2026-01-31'")
        return date.min
    try:
        return date.fromisoformat(str(node.value))
    except ValueError:
        row.wrong(node, "from", f"{shown(node)} is not a date; write one like 2026-01-31")
        return date.min


def _tokens(row: Section, key: str) -> TokenPrices:
    """What comes in has a price always; without one of its own a cached token costs the same."""
    part = row.section(key, _TOKENS, "{in: 4.00, cached: 0.40, out: 16.00}")
    if part is None:
        if not row.given(key):
            row.wrong_field(key, "is missing; add {in: …, cached: …, out: …}")
        return TokenPrices(Decimal(0), Decimal(0))
    into = _money(part, "in")
    cached = _money(part, "cached") if part.given("cached") else into
    return TokenPrices(into, cached, _money(part, "out") if part.given("out") else Decimal(0))


def _heard(row: Section) -> HeardPrices:
    """Without a price of its own a token of audio costs what one of text does."""
    part = row.section("tokens", _HEARD, "{in: 2.50, audio: 6.00, out: 10.00}")
    if part is None:
        return HeardPrices(Decimal(0), Decimal(0), Decimal(0))
    text = _money(part, "in")
    audio = _money(part, "audio") if part.given("audio") else text
    return HeardPrices(text, audio, _money(part, "out") if part.given("out") else Decimal(0))


def _money(row: Section, key: str) -> Decimal:
    """As it is written, to the last digit: no binary fraction is in between."""
    node = row.get(key)
    if node is None:
        row.wrong_field(key, f"is missing; add {key}: and US dollars like 0.40")
    elif not isinstance(node, yaml.ScalarNode) or not NUMBER.fullmatch(str(node.value)):
        row.wrong(node, key, f"{shown(node)} is no amount; write US dollars like 0.40")
    elif (amount := Decimal(str(node.value))) < 0:
        row.wrong(node, key, f"{amount} is less than nothing; write US dollars like 0.40")
    else:
        return amount
    return Decimal(0)

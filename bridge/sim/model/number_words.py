"""Numbers in English speech, as words or as digits."""

import re

DIGITS = "oh zero one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
UNITS = (
    {word: max(0, value - 1) for value, word in enumerate(DIGITS)}
    | {word: 10 + value for value, word in enumerate(TEENS)}
    | {word: 20 + 10 * value for value, word in enumerate(TENS)}
)
SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
REPEATS = {"double": 2, "triple": 3}

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[a-z]+|[.?!;]")

Number = int | float


def digit_strings(text: str) -> list[str]:
    """Each run of spoken figures as digits: "four seven, one one" and "47 11" are "4711"."""
    return [_digits(run) for run in _runs(text)]


def numbers(text: str) -> list[Number]:
    """Each run of spoken figures as a number; "twenty five" is 25, "four seven" is 47."""
    return [_value(run) for run in _runs(text)]


def _runs(text: str) -> list[list[str]]:
    """Tokens that belong to one figure; commas and hyphens do not part them, words do."""
    runs: list[list[str]] = []
    open_run = False
    tokens = _TOKEN.findall(text.lower())
    for at, token in enumerate(tokens):
        follows = tokens[at + 1] if at + 1 < len(tokens) else ""
        starts = token[0].isdigit() or token in UNITS or (token in REPEATS and follows in UNITS)
        joins = open_run and (
            token in SCALES
            or (token == "point" and _is_figure(follows))
            or (token == "and" and tokens[at - 1] in SCALES and _is_figure(follows))
        )
        if starts and not open_run and not (token == "oh" and not _is_figure(follows)):
            runs.append([token])
            open_run = True
        elif (starts and open_run) or joins:
            runs[-1].append(token)
        else:
            open_run = False
    return runs


def _is_figure(token: str) -> bool:
    return token in UNITS or token[:1].isdigit()


def _digits(run: list[str]) -> str:
    if any(token in SCALES for token in run):
        return str(_value(run))
    pieces: list[str] = []
    repeat = 1
    for token in run:
        if token in REPEATS:
            repeat = REPEATS[token]
        elif token[0].isdigit():
            pieces.append(re.sub(r"\D", "", token) * repeat)
            repeat = 1
        elif token in UNITS:
            _append(pieces, UNITS[token], repeat)
            repeat = 1
    return "".join(pieces)


def _append(pieces: list[str], value: int, repeat: int) -> None:
    # "forty seven" is one figure: the seven takes the nought's place.
    tens = pieces and len(pieces[-1]) == 2 and pieces[-1][1] == "0" and pieces[-1] != "10"
    if tens and 0 < value < 10 and repeat == 1:
        pieces[-1] = pieces[-1][0] + str(value)
    else:
        pieces.append(str(value) * repeat)


def _value(run: list[str]) -> Number:
    if "point" in run:
        whole, after = run[: run.index("point")], run[run.index("point") + 1 :]
        fraction = _digits([token for token in after if _is_figure(token)])
        return float(f"{int(_value(whole))}.{fraction or 0}")
    if len(run) == 1 and run[0][0].isdigit():
        return _numeral(run[0])
    if any(token in SCALES for token in run):
        return _scaled(run)
    return int(_digits(run))


def _numeral(token: str) -> Number:
    plain = re.sub(r",(?=\d{3}\b)", "", token)
    return (
        float(plain.replace(",", "."))
        if re.fullmatch(r"\d+[.,]\d+", plain)
        else int(re.sub(r"\D", "", plain))
    )


def _scaled(run: list[str]) -> int:
    total = group = 0
    for token in run:
        if token in SCALES and SCALES[token] == 100:
            group = max(1, group) * 100
        elif token in SCALES:
            total, group = total + max(1, group) * SCALES[token], 0
        elif token[0].isdigit():
            group += int(re.sub(r"\D", "", token))
        elif token in UNITS:
            group += UNITS[token]
    return total + group

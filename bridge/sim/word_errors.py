"""How many words of a known text were heard wrong."""

import re

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def words(text: str) -> list[str]:
    """Words to compare: lower case, no punctuation, hyphens as spaces, digits one by one."""
    text = text.lower().replace("\u2019", "'")
    text = re.sub(r"\d", lambda digit: f" {DIGITS[int(digit[0])]} ", text)
    return [word.strip("'") for word in re.findall(r"[^\W_]+(?:'[^\W_]+)*", text)]


def word_error_rate(reference: str, hypothesis: str) -> float:
    """Words substituted, deleted or inserted, per word of the reference.

    Raises ``ValueError`` when the reference has no words.
    """
    wanted = words(reference)
    if not wanted:
        raise ValueError("a reference without words has no word error rate")
    return word_errors(wanted, words(hypothesis)) / len(wanted)


def word_errors(wanted: list[str], heard: list[str]) -> int:
    """The fewest edits that make one of the other (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for done, word in enumerate(wanted, start=1):
        diagonal, row[0] = row[0], done
        for at, other in enumerate(heard, start=1):
            swapped = diagonal + (word != other)
            diagonal, row[at] = row[at], min(swapped, row[at] + 1, row[at - 1] + 1)
    return row[-1]

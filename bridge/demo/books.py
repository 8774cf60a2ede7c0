"""A small shelf of books, searched by the words of a passage."""

import functools
import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import yaml

ENOUGH = 0.4  # of the weight of what was heard
TAIL_WORDS = 6  # by so many the place in the text is found
NEXT_WORDS = 12

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Book:
    title: str
    author: str
    year: int
    text: str


@functools.cache
def shelf() -> tuple[Book, ...]:
    text = files("bridge.demo").joinpath("books.yaml").read_text(encoding="utf-8")
    return tuple(Book(**each) for each in yaml.safe_load(text))


def find_passage(words: str) -> dict[str, str | int]:
    """Find the book that a passage stands in, by the words the caller reads from it.

    Returns title, author, year and the words that come next; or what went wrong as "error".
    """
    heard = words_of(words)
    book, share = likeliest(heard, shelf())
    if book is None or share < ENOUGH:
        logger.info("find_passage: no book")
        return {"error": "I do not know this passage."}
    logger.info("find_passage: %s, %.0f %% of the words", book.title, 100 * share)
    return {
        "title": book.title,
        "author": book.author,
        "year": book.year,
        "next_words": next_words(heard, book.text),
    }


def likeliest(heard: Sequence[str], books: Sequence[Book]) -> tuple[Book | None, float]:
    """The book with most of the words, and their share: a word of few books weighs more."""
    words = {book: set(words_of(book.text)) for book in books}
    spread = Counter(word for each in words.values() for word in each)
    weights = {word: 1 / spread[word] if word in spread else 1.0 for word in set(heard)}
    whole = sum(weights.values())
    if not whole:
        return None, 0.0
    shares = {
        book: sum(weight for word, weight in weights.items() if word in words[book]) / whole
        for book in books
    }
    best = max(books, key=lambda book: shares[book])
    return best, shares[best]


def next_words(heard: Sequence[str], text: str) -> str:
    """What the text goes on with behind the place where ``heard`` ends; "" at its end.

    The place is where most of the last words heard stand right before it, in their order.
    """
    printed = text.replace("—", "— ").split()
    plain = ["".join(words_of(word)) for word in printed]
    tail = ["".join(words_of(word)) for word in heard[-TAIL_WORDS:]]

    def agreeing(end: int) -> int:
        before = plain[max(0, end - len(tail)) : end]
        return sum(a == b for a, b in zip(reversed(before), reversed(tail), strict=False))

    place = max(range(1, len(plain) + 1), key=agreeing)
    return " ".join(printed[place : place + NEXT_WORDS]).replace("— ", "—")


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.lower().replace("’", "'"))

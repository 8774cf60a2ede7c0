"""A passage, found by its words."""

import pytest

from bridge.demo.books import Book, find_passage, likeliest, next_words, shelf, words_of
from bridge.sim.recordings import TWO_CITIES


@pytest.mark.parametrize("book", shelf(), ids=lambda book: str(book.title))
def test_each_book_is_found_by_the_first_words_of_its_text(book: Book) -> None:
    found = find_passage(" ".join(book.text.split()[:8]))
    assert (found["title"], found["author"], found["year"]) == (book.title, book.author, book.year)


def test_every_utterance_of_the_reader_is_in_its_book_and_the_next_one_follows() -> None:
    for said, follows in zip(TWO_CITIES, TWO_CITIES[1:], strict=False):
        found = find_passage(said)
        assert found["title"] == "A Tale of Two Cities"
        assert words_of(str(found["next_words"]))[:5] == words_of(follows)[:5]


def test_misheard_words_still_find_the_book_and_the_place() -> None:
    found = find_passage("It was a string of hope, it was the sinter of despair")
    assert found["title"] == "A Tale of Two Cities"
    assert str(found["next_words"]).startswith("we had everything")


@pytest.mark.parametrize("words", ["", "?!", "What time does the train to London leave"])
def test_what_is_in_no_book_is_said_to_be_in_none(words: str) -> None:
    assert find_passage(words) == {"error": "I do not know this passage."}


def test_a_word_of_one_book_weighs_more_than_words_of_many() -> None:
    book, share = likeliest(["it", "was", "the", "ishmael"], shelf())
    assert book is not None and book.title == "Moby-Dick"
    assert share > 0.5


def test_behind_the_last_word_nothing_follows() -> None:
    assert next_words(["c", "d"], "a b c d") == ""
    assert next_words(["a", "b"], "a b c—d") == "c—d"

"""Orders by their number."""

from bridge.demo.orders import find_order


def test_an_order_is_found_however_its_digits_are_written() -> None:
    for number in ("4711", "4 7 1 1", "no. 47-11"):
        assert find_order(number)["state"] == "on its way, and comes tomorrow"


def test_the_number_is_told_digit_by_digit_so_that_it_is_spoken_so() -> None:
    assert find_order("4711")["number"] == "4 7 1 1"
    assert find_order("12") == {"error": "There is no order 1 2."}

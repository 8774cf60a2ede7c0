"""What the model is told of speech that was cut off."""

import pytest

from bridge.call.playback import Heard
from bridge.call.truncation import Told, Truncations
from bridge.wire.dialect import DeleteItem, Truncate


def heard(heard_ms: float, received_ms: float, item: str = "a", content_index: int = 0) -> Heard:
    return Heard(item, content_index, heard_ms, received_ms, 1600)


def whys(truncations: Truncations) -> list[str]:
    return [told.why for told in truncations.told]


def test_an_item_cut_in_the_middle_is_truncated_at_once() -> None:
    truncations = Truncations()
    assert truncations.cut([heard(1460.7, 3000.0)], []) == [Truncate("a", 0, 1460)]
    assert truncations.told == [Told("a", 1460.7, 3000.0, 1460, "cut", 1600)]


def test_the_content_part_is_named() -> None:
    assert Truncations().cut([heard(500, 3000, content_index=1)], []) == [Truncate("a", 1, 500)]


@pytest.mark.parametrize("closed", [[], ["a"]], ids=["open", "closed"])
def test_of_an_item_in_parts_the_first_that_was_cut_is_truncated(closed: list[str]) -> None:
    truncations = Truncations()
    parts = [heard(600, 2000), heard(0, 2000, content_index=1)]
    assert truncations.cut(parts, closed) == [Truncate("a", 0, 600)]
    assert truncations.item_closed("a") == []
    assert len(truncations.told) == 1
    heard_out = [heard(2000, 2000), heard(700, 2000, content_index=1)]
    assert truncations.cut(heard_out, closed) == [Truncate("a", 1, 700)]


@pytest.mark.parametrize("earlier", [[heard(1990, 2000)], []], ids=["in account", "forgotten"])
def test_behind_a_part_that_was_heard_nothing_is_deleted(earlier: list[Heard]) -> None:
    truncations = Truncations()
    assert truncations.cut([*earlier, heard(0, 500, content_index=1)], ["a"]) == [
        Truncate("a", 1, 0)
    ]
    assert truncations.cut([*earlier, heard(30, 80, content_index=1)], ["a"]) == []
    assert whys(truncations) == ["cut", "heard to the end"]


def test_an_item_of_which_every_part_is_unheard_is_deleted_once() -> None:
    parts = [heard(0, 50), heard(0, 500, content_index=1)]
    assert Truncations().cut(parts, ["a"]) == [DeleteItem("a")]


def test_zero_milliseconds_means_delete() -> None:
    # A truncation at 0 ms is refused; an item nobody heard must go all the same.
    truncations = Truncations()
    assert truncations.cut([heard(0.9, 3000.0)], ["a"]) == [DeleteItem("a")]
    assert truncations.told[0].told_ms is None
    assert whys(truncations) == ["unheard: deleted"]


def test_an_open_item_is_deleted_when_it_is_closed() -> None:
    truncations = Truncations()
    assert truncations.cut([heard(0.0, 400.0)], []) == []
    assert truncations.late_audio("a", 200.0) == []
    assert truncations.item_closed("a") == [DeleteItem("a")]


def test_near_the_end_of_a_closed_item_nothing_is_told() -> None:
    # The service's own length may be 85 ms short: a truncation there is an error.
    truncations = Truncations()
    assert truncations.cut([heard(2901.0, 3000.0)], ["a"]) == []
    assert whys(truncations) == ["heard to the end"]
    assert truncations.cut([heard(2900.0, 3000.0, "b")], ["b"]) == [Truncate("b", 0, 2900)]


def test_near_the_end_of_what_came_so_far_it_waits_for_more() -> None:
    truncations = Truncations()
    assert truncations.cut([heard(950.0, 1000.0)], []) == []
    assert truncations.late_audio("a", 49.0) == []
    assert truncations.late_audio("a", 1.0) == [Truncate("a", 0, 950)]
    assert truncations.told[0].received_ms == 1050.0


def test_when_no_more_comes_the_item_was_heard() -> None:
    truncations = Truncations()
    truncations.cut([heard(950.0, 1000.0)], [])
    assert truncations.item_closed("a") == []
    assert whys(truncations) == ["heard to the end"]


def test_the_margin_is_a_setting() -> None:
    assert Truncations(0).cut([heard(1000.0, 1000.0)], ["a"]) == [Truncate("a", 0, 1000)]


def test_an_item_is_truncated_once() -> None:
    truncations = Truncations()
    truncations.cut([heard(500.0, 3000.0)], [])
    assert truncations.late_audio("a", 500.0) == []
    assert truncations.item_closed("a") == []
    assert len(truncations.told) == 1


def test_items_are_told_in_the_order_they_played() -> None:
    items = [heard(2000.0, 2000.0, "a"), heard(700.0, 2000.0, "b"), heard(0.0, 2000.0, "c")]
    messages = Truncations().cut(items, ["a", "b", "c"])
    assert messages == [Truncate("b", 0, 700), DeleteItem("c")]


def test_items_that_were_not_cut_are_no_concern() -> None:
    truncations = Truncations()
    assert truncations.late_audio("z", 100.0) == []
    assert truncations.item_closed("z") == []


def test_an_item_too_short_to_be_cut_is_kept_or_deleted_whichever_is_truer() -> None:
    barely, mostly = Truncations(100), Truncations(100)
    assert barely.cut([Heard("a", 0, 5.0, 100.0)], {"a"}) == [DeleteItem("a")]
    assert mostly.cut([Heard("a", 0, 60.0, 100.0)], {"a"}) == []
    assert [told.why for told in (*barely.told, *mostly.told)] == [
        "unheard: deleted",
        "heard to the end",
    ]

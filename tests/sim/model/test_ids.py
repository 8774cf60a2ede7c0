"""Identifiers look like the service's."""

from bridge.sim.model.ids import Ids


def test_an_id_begins_with_its_second_in_base_62() -> None:
    # Checked by hand: 1 795 000 000 - 1 576 800 000 = 218 200 000
    # = 14*62**4 + 47*62**3 + 33*62**2 + 48*62 + 8 in the digits 0-9, A-Z, a-z.
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value = 0
    name = Ids(0).new("item", 1_795_000_000.9)
    for char in name.removeprefix("item_")[:5]:
        value = value * 62 + digits.index(char)
    assert value == 218_200_000


def test_ids_are_21_characters_and_sort_by_their_second() -> None:
    ids = Ids(0)
    names = [ids.new("resp", 1_795_000_000 + seconds) for seconds in range(0, 500, 50)]
    assert names == sorted(names)
    assert {len(name) for name in names} == {len("resp_") + 21}


def test_a_seed_repeats_itself_and_another_does_not() -> None:
    assert Ids(1).new("item", 0) == Ids(1).new("item", 0)
    assert Ids(1).new("item", 0) != Ids(2).new("item", 0)


def test_call_ids_keep_to_32_characters() -> None:
    assert len(Ids(0).call()) <= 32

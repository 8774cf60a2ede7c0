"""The garbage collector: frozen at the start, its pauses measured."""

import gc

from bridge.collector import watched


def test_what_exists_is_frozen_and_each_collection_is_measured() -> None:
    with watched() as pauses:
        assert gc.get_freeze_count() > 1_000
        gc.collect()
        gc.collect()
        assert pauses.count >= 2
        assert 0 < pauses.longest_s <= pauses.total_s
    assert gc.get_freeze_count() == 0
    count = pauses.count
    gc.collect()
    assert pauses.count == count

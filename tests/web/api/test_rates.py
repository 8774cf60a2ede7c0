"""Buckets of requests: so many at once, then so many a second."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.web.api.rates import BUCKETS_MAX, Buckets, Rate

RATE = Rate(per_s=2, burst=4)


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    buckets = Buckets("token", RATE)
    assert [buckets.take("a", 0.0).allowed for _ in range(5)] == [True] * 4 + [False]
    assert buckets.take("a", 0.5).allowed
    assert not buckets.take("a", 0.5).allowed


def test_each_key_has_a_bucket_of_its_own() -> None:
    buckets = Buckets("token", RATE)
    for _ in range(9):
        buckets.take("a", 0.0)
    assert buckets.take("b", 0.0).allowed


def test_looking_takes_nothing() -> None:
    buckets = Buckets("token", Rate(per_s=1, burst=1))
    assert all(buckets.look("a", 0.0).allowed for _ in range(3))
    assert buckets.take("a", 0.0).allowed
    assert not buckets.look("a", 0.0).allowed


def test_the_headers_say_what_is_left_and_when_to_come_again() -> None:
    buckets = Buckets("token", Rate(per_s=0.5, burst=2))
    assert buckets.take("a", 0.0).headers() == {
        "RateLimit-Policy": '"token";q=2;w=4',
        "RateLimit": '"token";r=1;t=2',
    }
    buckets.take("a", 0.0)
    refused = buckets.take("a", 0.0)
    assert refused.headers()["Retry-After"] == "2"
    assert buckets.take("a", 0.0 + refused.retry_s).allowed


def test_the_memory_of_keys_is_bounded() -> None:
    buckets = Buckets("address", RATE)
    for number in range(BUCKETS_MAX + 10):
        buckets.take(str(number), 0.0)
    assert len(buckets._levels) == BUCKETS_MAX


@given(st.lists(st.floats(0, 3), max_size=100))
def test_never_more_than_the_burst_and_the_rate(pauses: list[float]) -> None:
    buckets, now, allowed = Buckets("token", RATE), 0.0, 0
    for pause in pauses:
        now += pause
        allowed += buckets.take("a", now).allowed
    assert allowed <= RATE.burst + RATE.per_s * now + 1e-6

"""One direction of a connection: late, bunched, never out of order."""

from bridge.sim.carrier.delivery import Link, Stall

TICKS = [k * 0.02 for k in range(500)]


def test_a_plain_link_delivers_at_once() -> None:
    link = Link()
    assert [link.arrival(now) for now in TICKS] == TICKS


def test_a_constant_delay_is_added_to_each() -> None:
    link = Link(delay_ms=50)
    assert link.arrival(1.0) == 1.05
    assert link.arrival(1.02) == 1.07


def test_jitter_stays_within_its_bound_and_keeps_the_order() -> None:
    link = Link(delay_ms=30, jitter_ms=100, seed=7)
    arrivals = [link.arrival(now) for now in TICKS]
    assert arrivals == sorted(arrivals)
    late_ms = [(at - now) * 1000 for at, now in zip(arrivals, TICKS, strict=True)]
    assert min(late_ms) >= 30 - 1e-6
    assert max(late_ms) <= 130 + 1e-6
    assert max(late_ms) - min(late_ms) > 50


def test_the_same_seed_is_the_same_link() -> None:
    first, again, other = (Link(jitter_ms=40, seed=seed) for seed in (1, 1, 2))
    assert [first.arrival(t) for t in TICKS] == [again.arrival(t) for t in TICKS]
    assert [first.arrival(t) for t in TICKS] != [other.arrival(t) for t in TICKS]


def test_a_stall_holds_everything_back_and_ends_in_a_burst() -> None:
    link = Link(stalls=[Stall(at_s=1.0, ms=233)], origin=100.0)
    arrivals = [link.arrival(100.0 + now) for now in TICKS]
    held = [at for at in arrivals if abs(at - 101.233) < 1e-6]
    assert len(held) == 12  # of 1.00, 1.02 ... 1.22
    assert not [at for at in arrivals if 101.0 <= at < 101.2329]


def test_stalls_count_from_the_first_message_where_no_origin_is_given() -> None:
    link = Link(stalls=[Stall(at_s=0.5, ms=100)])
    link.arrival(7.0)
    assert link.arrival(7.55) == 7.6

"""Whatever is said, lost, late or interrupted: what must hold in every call."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.call.actions import EndCall, Outcome
from bridge.call.call import Message
from bridge.wire import realtime
from bridge.wire.dialect import CancelResponse, DeleteItem, Truncate
from bridge.wire.twilio import Clear, Mark, Media
from tests.call.phone import DECIDING, Phone

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("says"), st.integers(1, 1200)),
        st.tuples(st.just("waits"), st.integers(0, 1500)),
        st.tuples(st.just("marks come back"), st.integers(1, 8)),
        st.tuples(st.just("a mark is lost"), st.just(0)),
        st.tuples(st.just("next item"), st.integers(0, 3)),
        st.tuples(st.just("next response"), st.just(0)),
        st.tuples(st.just("interrupts"), st.just(0)),
    ),
    max_size=40,
)

ORDER = (Clear, CancelResponse, Truncate, DeleteItem)  # of the messages on barge-in


@dataclass
class Peers:
    """A model and a carrier that do as the steps say, and keep the truth."""

    phone: Phone
    response: int = 0
    item: int = 0
    interrupted: bool = False
    received_ms: Counter[str] = field(default_factory=Counter)
    marks: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    def step(self, kind: str, amount: int) -> None:
        name, phone = f"i{self.item}", self.phone
        match kind:
            case "says":
                self.received_ms[name] += amount
                messages = phone.says(f"r{self.response}", name, amount)
                if self.interrupted:
                    assert not any(isinstance(m, Media | Mark) for m in messages)
                self.check(messages)
            case "waits":
                self.check(phone.tick(phone.now + amount / 1000))
            case "marks come back":
                back, self.marks = self.marks[:amount], self.marks[amount:]
                self.check(phone.hears(*back))
            case "a mark is lost":
                self.marks = self.marks[1:]
            case "next item":
                self.check(self.close(name, amount))
                self.item += 1
            case "next response":
                self.check(self.close(name, 3))
                done = realtime.ResponseDone(f"r{self.response}", "completed")
                self.check(phone.model(done))
                self.response, self.item, self.interrupted = self.response + 1, self.item + 1, False
                self.check(phone.begins(f"r{self.response}"))
            case _:
                self.interrupted = True
                messages = phone.interrupts()
                places = [ORDER.index(type(message)) for message in messages]
                assert places == sorted(places)
                self.check(messages + phone.model(realtime.Committed("u")))

    def close(self, name: str, how: int) -> list[Message]:
        """Both announcements of an item's end may be missing."""
        response = f"r{self.response}"
        audio = realtime.AudioDone(response, name)
        whole = realtime.OutputItemDone(response, realtime.Item(name))
        return self.phone.model(*[audio] * (how & 1), *[whole] * (how >> 1))

    def check(self, messages: list[Message]) -> None:
        for message in messages:
            match message:
                case Truncate(item_id, _, audio_end_ms):
                    assert 0 < audio_end_ms <= self.received_ms[item_id] - 100
                    self.told[item_id] += 1
                case DeleteItem(item_id):
                    self.told[item_id] += 1
                case Mark(name):
                    assert name not in self.seen
                    self.seen.add(name)
                    self.marks.append(name)
        assert max(self.told.values(), default=0) <= 1


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_audio_end_ms_never_passes_what_was_received(steps: list[tuple[str, int]]) -> None:
    peers = Peers(Phone(DECIDING, carrier_silence_timeout_s=1e6, truncation_margin_ms=100))
    peers.phone.ready()
    peers.phone.begins("r0")
    for kind, amount in steps:
        peers.step(kind, amount)


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_every_call_is_over_some_time_after_it_was_closed(steps: list[tuple[str, int]]) -> None:
    peers = Peers(Phone(DECIDING, carrier_silence_timeout_s=1e6))
    peers.phone.ready()
    peers.phone.begins("r0")
    for kind, amount in steps:
        peers.step(kind, amount)
    phone = peers.phone
    closed_at = phone.now
    ended = phone.call.close(Outcome.DRAINED, closed_at)
    for _ in range(1000):
        due = phone.call.deadline()
        if due is None:
            break
        ended += phone.tick(max(due, phone.now))
    assert [m for m in ended if isinstance(m, EndCall)] == [EndCall(Outcome.DRAINED)]
    assert phone.now <= closed_at + 10.0


def test_the_property_is_about_something() -> None:
    peers = Peers(Phone(DECIDING))
    peers.phone.ready()
    peers.phone.begins("r0")
    for step in (("says", 1000), ("waits", 500), ("interrupts", 0), ("says", 1000)):
        peers.step(*step)
    assert peers.told == {"i0": 1}

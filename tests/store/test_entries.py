"""A line for each entry: whatever is torn or damaged is not taken for an entry."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.store.entries import Entry, line, read

payloads = st.binary(max_size=40).map(lambda data: data.replace(b"\n", b" "))
entries = st.lists(
    st.builds(
        Entry, st.integers(1, 10**9), st.sampled_from(("call.started", "call.ended")), payloads
    ),
    max_size=6,
)


@given(entries)
def test_what_is_written_is_read(written: list[Entry]) -> None:
    found = read(b"".join(map(line, written)), 100)
    assert found.entries == tuple(written)
    assert found.damaged == 0


@given(entries, st.data())
def test_cut_at_any_byte_whole_entries_are_kept_and_the_torn_one_is_not(
    written: list[Entry], data: st.DataObject
) -> None:
    text = b"".join(map(line, written))
    cut = data.draw(st.integers(0, len(text)))
    whole = text[:cut].count(b"\n")
    found = read(text[:cut], 100)
    assert found.entries == tuple(written[:whole])
    assert found.consumed == sum(len(line(entry)) for entry in written[:whole])


@given(entries.filter(bool), st.data())
def test_a_damaged_line_is_passed_over_and_the_others_are_read(
    written: list[Entry], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(written) - 1))
    lines = [line(entry) for entry in written]
    at = data.draw(st.integers(0, len(lines[number]) - 2))  # the newline stays
    wrong = data.draw(st.sampled_from(b"z~{").filter(lambda b: b != lines[number][at]))
    lines[number] = lines[number][:at] + bytes([wrong]) + lines[number][at + 1 :]
    found = read(b"".join(lines), 100)
    assert found.entries == tuple(written[:number] + written[number + 1 :])
    assert found.damaged == 1


@given(entries, st.integers(0, 8))
def test_no_more_are_read_than_asked_for(written: list[Entry], limit: int) -> None:
    text = b"".join(map(line, written))
    first = read(text, limit)
    rest = read(text[first.consumed :], 100)
    assert len(first.entries) == min(limit, len(written))
    assert first.entries + rest.entries == tuple(written)

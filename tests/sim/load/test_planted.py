"""Faults of what is heard, planted in the server: each turns the gate red by its own measure."""

import pytest

from tests.sim.load.test_loadtest import SHORT, broken, load


@pytest.mark.parametrize(
    ("fault", "measure"),
    [
        ("tail", "agent_frames_lost"),
        ("noise", "agent_audio_unrecognised"),
        ("faint_caller", "caller_level_error_db"),
        ("unasked", "clears_unasked"),
    ],
)
def test_a_planted_fault_is_told_by_its_measure(fault: str, measure: str) -> None:
    found = load(SHORT, fault)
    assert found["verdict"] == "broken"
    assert measure in broken(found), found["faults"]

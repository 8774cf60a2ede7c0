"""Room for what calls leave behind."""

from pathlib import Path

from bridge.doctor import disk


def test_a_directory_that_can_be_written_is_good_and_left_as_it_was(tmp_path: Path) -> None:
    assert disk.check(tmp_path, 1).state == "good"
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_missing_is_not_made(tmp_path: Path) -> None:
    finding = disk.check(tmp_path / "a" / "b", 1)
    assert finding.state == "good" and "made at the first start" in finding.told
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_fails(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    finding = disk.check(file / "state", 1)  # root may write anywhere, but not below a file
    assert finding.state == "failed"
    assert str(file) in finding.told and "OFFHOOK_STATE_DIR" in finding.mend


def test_less_room_than_the_spool_may_take_fails(tmp_path: Path) -> None:
    finding = disk.check(tmp_path, 1 << 40)
    assert finding.state == "failed"
    assert "MB are free" in finding.told and "OFFHOOK_SPOOL_MAX_MB" in finding.mend

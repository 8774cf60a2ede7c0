from pathlib import Path

import pytest

from bridge.agents.document import load_file
from bridge.agents.problems import AgentError


def test_a_file_is_read_as_utf8_with_or_without_its_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + "name: Zoë\ninstructions: x\n".encode())
        assert load_file(path).name == "Zoë"


def test_a_file_in_another_encoding_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_bytes("name: x\ngreeting: Zoë\n".encode("latin-1"))
    with pytest.raises(AgentError, match=r"agent\.yaml:2:1: is not UTF-8; save"):
        load_file(path)


def test_a_missing_file_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match=r"none\.yaml:1:1: cannot be read"):
        load_file(tmp_path / "none.yaml")

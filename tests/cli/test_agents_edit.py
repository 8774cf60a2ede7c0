"""offhook agents edit: nothing that was typed is lost, and nobody overwrites anybody."""

import os
import pty
import subprocess
import sys

import pytest

from tests.cli.offhook import TIMEOUT_S, offhook
from tests.cli.shell import Shell

SHOP = "name: Shop\ninstructions: Sell books.\n"
MILL = "name: Mill\ninstructions: Sell flour.\n"
WRONG = "name: Mill\ninstructions: Sell flour.\nvoize: alloy\n"
THEIRS = SHOP + "voice: echo\n"
ALLOY = SHOP + "voice: alloy\n"
GREETS = "conversations: [{name: greets, turns: [{says: [mill]}]}]\n"

WHILE_IT_IS_OPEN = """
environ = os.environ | {{"EDITOR": sys.executable + " {other}"}}
for each in {commands}:
    command = [sys.executable, "-m", "bridge", "agents", each, "shop"]
    subprocess.run(command, env=environ, check=True, capture_output=True)
path.write_text({text!r})
"""


@pytest.fixture
def shop(shell: Shell) -> Shell:
    """Version 1 of ``shop`` is published."""
    shell.done("agents", "new", "shop", "--from", shell.file("first.yaml", SHOP))
    shell.done("agents", "publish", "shop")
    return shell


def writes(shell: Shell, text: str) -> None:
    shell.editor(f"path.write_bytes({text.encode()!r})")


def shown(shell: Shell, *arguments: object) -> tuple[str, str]:
    found = shell.reported("agents", "show", "shop", *arguments)
    return found["shown"], found["text"]


def left_behind(shell: Shell) -> list[str]:
    return [path.read_text() for path in shell.folder.glob("offhook-*/*")]


def test_a_draft_is_made_of_what_is_published(shop: Shell) -> None:
    shop.editor(f"assert path.read_text() == {SHOP!r}; path.write_text({MILL!r})")
    assert "draft 2 saved" in shop.done("agents", "edit", "shop", "--author", "ann")
    assert shown(shop) == ("draft 2", MILL)
    assert shown(shop, "--version", 1)[1] == SHOP
    (row,) = shop.reported("agents", "list")["agents"]
    assert (row["published"], row["updated_by"]) == (1, "ann")
    assert left_behind(shop) == []


def test_a_draft_is_edited_further(shop: Shell) -> None:
    writes(shop, MILL)
    shop.done("agents", "edit", "shop")
    shop.editor("path.write_text(path.read_text() + 'voice: alloy\\n')")
    assert "draft 3 saved" in shop.done("agents", "edit", "shop")
    assert shown(shop) == ("draft 3", MILL + "voice: alloy\n")


def test_every_byte_is_kept(shop: Shell) -> None:
    odd = "\ufeff# é\u2028\r\nname: 'Mill'\r\ninstructions: Sell flour.  "
    writes(shop, odd)
    shop.done("agents", "edit", "shop")
    assert shown(shop)[1] == odd


def test_nothing_changed_makes_no_draft(shop: Shell) -> None:
    shop.editor("")
    assert "nothing changed" in shop.done("agents", "edit", "shop")
    assert shown(shop)[0] == "version 1"
    assert left_behind(shop) == []


def test_visual_comes_before_editor_and_may_have_arguments(shop: Shell) -> None:
    script = shop.file("two words.py", f"import sys; open(sys.argv[2], 'w').write({MILL!r})")
    shop.monkeypatch.setenv("EDITOR", "/no/such/editor")
    shop.monkeypatch.setenv("VISUAL", f"{sys.executable} '{script}' --wait")
    shop.done("agents", "edit", "shop")
    assert shown(shop)[1] == MILL


@pytest.mark.parametrize(
    ("given", "told"), [("/no/such/editor", "is not there"), ("vi 'x", "is no command")]
)
def test_an_editor_that_cannot_be_run_ends_with_2(shop: Shell, given: str, told: str) -> None:
    shop.monkeypatch.delenv("VISUAL", raising=False)
    shop.monkeypatch.setenv("EDITOR", given)
    assert told in shop.refused(2, "agents", "edit", "shop")


def test_a_wrong_text_is_told_with_line_and_mend_and_kept_in_a_file(shop: Shell) -> None:
    writes(shop, WRONG)
    told = shop.refused(1, "agents", "edit", "shop")
    assert "shop.yaml:3:1: voize: is not a field of an agent; did you mean 'voice'?" in told
    path = next(shop.folder.glob("offhook-*/shop.yaml"))
    assert f"nothing is saved; your text is in {path}" in told
    assert path.read_text() == WRONG and path.parent.stat().st_mode & 0o077 == 0
    assert shown(shop) == ("version 1", SHOP)


def test_a_text_that_is_not_utf_8_is_told_and_kept(shop: Shell) -> None:
    shop.editor("path.write_bytes(b'name: caf\\xe9\\n')")
    assert "shop.yaml:1:1: is not UTF-8" in shop.refused(1, "agents", "edit", "shop")
    assert len(list(shop.folder.glob("offhook-*/shop.yaml"))) == 1


def test_an_editor_that_fails_saves_nothing(shop: Shell) -> None:
    shop.editor(f"path.write_text({MILL!r}); sys.exit(3)")
    assert "the editor ended with 3; nothing is saved" in shop.refused(1, "agents", "edit", "shop")
    assert shown(shop)[0] == "version 1"
    assert left_behind(shop) == [MILL]


def test_tests_are_edited_by_themselves(shop: Shell) -> None:
    writes(shop, GREETS)
    shop.done("agents", "edit", "shop", "--tests")
    found = shop.reported("agents", "show", "shop")
    assert (found["shown"], found["text"]) == ("draft 2", SHOP)
    assert found["test_conversations"] == GREETS
    writes(shop, "conversations: [{name: x}]")
    assert "shop.tests.yaml:1:" in shop.refused(1, "agents", "edit", "shop", "--tests")
    writes(shop, MILL)
    shop.done("agents", "edit", "shop")
    assert shop.reported("agents", "show", "shop")["test_conversations"] == GREETS


@pytest.mark.parametrize(
    ("begun", "commands", "kept"),
    [
        (False, ["edit"], THEIRS),
        (True, ["edit"], THEIRS),
        (True, ["discard"], SHOP),
        (True, ["publish"], ALLOY),
        (False, ["edit", "publish"], THEIRS),
    ],
)
def test_what_somebody_else_did_meanwhile_is_not_overwritten(
    shop: Shell, begun: bool, commands: list[str], kept: str
) -> None:
    if begun:
        writes(shop, ALLOY)
        shop.done("agents", "edit", "shop")
    other = shop.file("other.py", f"import sys; open(sys.argv[1], 'w').write({THEIRS!r})")
    shop.editor(WHILE_IT_IS_OPEN.format(other=other, commands=commands, text=MILL))
    told = shop.refused(1, "agents", "edit", "shop", "--author", "ann")
    assert "somebody else changed it meanwhile" in told and "your text is in" in told
    assert left_behind(shop) == [MILL]
    assert shown(shop)[1] == kept


def test_ctrl_c_in_the_editor_is_not_ours(shop: Shell) -> None:
    shop.editor(f"import signal; os.kill(os.getppid(), signal.SIGINT); path.write_text({MILL!r})")
    done = offhook("agents", "edit", "shop", settings=shop.settings)
    assert done.returncode == 0, done.stderr
    assert shown(shop) == ("draft 2", MILL)


def test_somebody_at_a_terminal_can_edit_it_again(shop: Shell) -> None:
    shop.editor(f"path.write_text({MILL!r} if 'voize' in path.read_text() else {WRONG!r})")
    terminal, end = pty.openpty()
    os.write(terminal, b"y\n")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bridge", "agents", "edit", "shop"],
            stdin=end,
            stdout=subprocess.PIPE,
            stderr=end,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        told = os.read(terminal, 65_536).decode()
    finally:
        os.close(terminal)
        os.close(end)
    assert done.returncode == 0, told
    assert "voize" in told and "Edit it again?" in told
    assert "draft 2 saved" in done.stdout
    assert shown(shop)[1] == MILL

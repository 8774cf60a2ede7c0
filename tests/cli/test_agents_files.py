"""offhook agents export and import: agents in git, to the byte."""

from pathlib import Path

import pytest

from tests.cli.shell import Shell

SHOP = "name: Shop\ninstructions: Sell books.\n"
MILL = "name: Mill\ninstructions: Sell flour.\n"
GREETS = "# é\r\nconversations: [{name: greets, turns: [{says: [mill]}]}]"
TEXTS = {
    "plain": SHOP,
    "without an end": SHOP.strip(),
    "of Windows": SHOP.replace("\n", "\r\n"),
    "of both kinds": "name: Shop\r\n\n# x\rinstructions: Sell books. \n",
    "with a mark": "\ufeff" + SHOP,
    "of the world": SHOP + "greeting: 'Grüß Gott 📚\u2028'\n",
}


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def history(shell: Shell, name: str = "shop") -> list[tuple[int, str]]:
    shown = shell.reported("agents", "show", name)
    return [(each["number"], each["note"]) for each in shown["history"]]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_export_and_import_give_the_same_bytes(shell: Shell, text: str) -> None:
    git = shell.file("git/shop.yaml", text).parent
    shell.file("git/shop.tests.yaml", GREETS)
    shell.done("agents", "import", git, "--publish")
    out = shell.folder / "out"
    shell.done("agents", "export", "--out", out)
    assert bytes_in(out) == bytes_in(git)
    assert shell.run("agents", "export", "shop").stdout_bytes == text.encode()
    assert "is version 1 already, nothing changed" in shell.done("agents", "import", out)
    shell.done("agents", "delete", "shop", "--yes")
    shell.done("agents", "import", out, "--publish")
    again = shell.folder / "again"
    shell.done("agents", "export", "shop", "--out", again)
    assert bytes_in(again) == bytes_in(git)


def test_what_is_published_already_changes_nothing(shell: Shell) -> None:
    path = shell.file("shop.yaml", SHOP)
    shell.done("agents", "import", path, "--publish", "--note", "from git")
    before = shell.reported("agents", "list")
    for more in ((), ("--publish",)):
        told = shell.done("agents", "import", path, *more)
        assert told == "shop: is version 1 already, nothing changed\n"
    assert shell.reported("agents", "list") == before
    assert history(shell) == [(1, "from git")]


def test_import_makes_a_draft_and_the_same_again_is_the_same_draft(shell: Shell) -> None:
    path = shell.file("shop.yaml", SHOP)
    assert shell.done("agents", "import", path) == "shop: draft 1\n"
    assert "is draft 1 already" in shell.done("agents", "import", path)
    assert "version 1 is published" in shell.done("agents", "import", path, "--publish")
    path.write_text(MILL)
    assert shell.done("agents", "import", path) == "shop: draft 2\n"
    assert shell.reported("agents", "show", "shop", "--version", 1)["text"] == SHOP


def test_the_draft_of_somebody_else_is_not_replaced_unasked(shell: Shell) -> None:
    path = shell.file("shop.yaml", SHOP)
    shell.done("agents", "import", path, "--author", "ann")
    path.write_text(MILL)
    told = shell.refused(1, "agents", "import", path)
    assert "has one by ann" in told and "--replace-draft" in told
    assert shell.reported("agents", "show", "shop")["text"] == SHOP
    shell.done("agents", "import", path, "--replace-draft")
    assert shell.reported("agents", "show", "shop")["text"] == MILL


def test_one_wrong_file_keeps_all_from_being_imported(shell: Shell) -> None:
    folder = shell.file("git/good.yaml", SHOP).parent
    wrong = shell.file("git/wrong.yaml", SHOP + "voize: alloy\n")
    shell.file("git/worse.yaml", SHOP)
    shell.file("git/worse.tests.yaml", "conversations: [{name: x}]")
    told = shell.refused(1, "agents", "import", folder)
    assert f"{wrong}:3:1: voize" in told and "worse.tests.yaml:1:" in told
    assert "nothing is imported" in told
    assert shell.reported("agents", "list") == {"agents": []}


def test_two_files_of_one_agent_are_refused(shell: Shell) -> None:
    first, second = shell.file("a/shop.yaml", SHOP), shell.file("b/shop.yaml", MILL)
    told = shell.refused(2, "agents", "import", first.parent, second.parent)
    assert f"{second}:1:1: is the agent shop, and so is {first}" in told
    assert shell.reported("agents", "list") == {"agents": []}
    assert shell.done("agents", "import", first.parent, first) == "shop: draft 1\n"


def test_without_a_file_of_tests_they_stay_and_an_empty_one_removes_them(shell: Shell) -> None:
    path, tests = shell.file("shop.yaml", SHOP), shell.file("shop.tests.yaml", GREETS)
    shell.done("agents", "import", path, "--publish")
    tests.unlink()
    path.write_text(MILL)
    shell.done("agents", "import", path, "--publish")
    assert shell.reported("agents", "show", "shop")["test_conversations"] == GREETS
    tests.write_text("")
    shell.done("agents", "import", path, "--publish")
    assert shell.reported("agents", "show", "shop")["test_conversations"] == ""


def test_tests_that_an_agent_no_longer_has_are_not_left_in_the_folder(shell: Shell) -> None:
    shell.done("agents", "import", shell.file("shop.yaml", SHOP), "--publish")
    out = shell.file("out/shop.tests.yaml", GREETS).parent
    shell.done("agents", "export", "shop", "--out", out)
    assert bytes_in(out) == {"shop.yaml": SHOP.encode(), "shop.tests.yaml": b""}


def test_drafts_and_older_versions_can_be_exported(shell: Shell) -> None:
    path = shell.file("shop.yaml", SHOP)
    shell.done("agents", "import", path, "--publish")
    path.write_text(MILL)
    shell.done("agents", "import", path, "--publish")
    shell.drafted("other", "not: yet\n")
    out = shell.folder / "out"
    shell.done("agents", "export", "--out", out)
    assert bytes_in(out) == {"shop.yaml": MILL.encode()}
    shell.done("agents", "export", "--out", out, "--draft")
    assert bytes_in(out) == {"shop.yaml": MILL.encode(), "other.yaml": b"not: yet\n"}
    first = shell.run("agents", "export", "shop", "--version", 1)
    assert first.stdout_bytes == SHOP.encode()

"""offhook agents: what is written, kept, published and taken back."""

import sys
from pathlib import Path

import pytest

from tests.cli.shell import Shell

SHOP = "name: Shop\ninstructions: Sell books.\n"
MILL = "name: Mill\ninstructions: Sell flour.\n"
WRONG = "name: Shop\ninstructions: Sell books.\nvoize: alloy\n"
TOLD = "shop:3:1: voize: is not a field of an agent; did you mean 'voice'?"
GREETS = "conversations: [{name: greets, turns: [{says: [mill]}]}]\n"


@pytest.fixture
def shop(shell: Shell) -> Shell:
    """Version 1 of ``shop`` is published."""
    shell.done("agents", "new", "shop", "--from", shell.file("first.yaml", SHOP))
    shell.done("agents", "publish", "shop", "--note", "the first")
    return shell


def drafted(shell: Shell, text: str, tests: str | None = None) -> None:
    path = shell.file("drafted/shop.yaml", text)
    if tests is not None:
        shell.file("drafted/shop.tests.yaml", tests)
    shell.done("agents", "import", path, "--replace-draft")


def exported(shell: Shell, *arguments: object) -> bytes:
    done = shell.run("agents", "export", "shop", *arguments)
    assert done.exit_code == 0, done.output
    return done.stdout_bytes


def kept_texts(shell: Shell) -> list[str]:
    """What edits left behind."""
    return [path.read_text() for path in shell.folder.glob("offhook-*/*")]


def test_a_new_agent_is_listed_with_its_draft_and_becomes_version_1(shell: Shell) -> None:
    assert "there are no agents" in shell.done("agents", "list")
    shell.done("agents", "new", "shop")
    first = shell.done("agents", "show", "shop")
    assert "name: Shop\n" in first and "Offhook" not in first and "OFFHOOK_" not in first
    (row,) = shell.reported("agents", "list")["agents"]
    assert (row["name"], row["published"], row["draft_revision"]) == ("shop", None, 1)
    assert "version 1 is published" in shell.done("agents", "publish", "shop")
    (row,) = shell.reported("agents", "list")["agents"]
    assert (row["published"], row["draft_revision"], row["updated_by"]) == (1, None, "kim")
    assert "shop" in shell.done("agents", "list")


def test_a_new_agent_is_not_made_of_a_file_that_is_not_valid(shell: Shell) -> None:
    wrong, empty = shell.file("wrong.yaml", WRONG), shell.file("empty.yaml", "")
    told = shell.refused(1, "agents", "new", "shop", "--from", wrong)
    assert TOLD.replace("shop", str(wrong)) in told
    told = shell.refused(1, "agents", "new", "shop", "--from", empty)
    assert f"{empty}:1:1: is empty" in told
    good = shell.file("good.yaml", SHOP)
    tests = shell.file("good.tests.yaml", "conversations: [{name: x}]")
    told = shell.refused(1, "agents", "new", "shop", "--from", good)
    assert f"{tests}:1:" in told
    long = shell.file("long.yaml", SHOP + "#" * 300_000)
    told = shell.refused(1, "agents", "new", "shop", "--from", long)
    assert told.startswith(f"{long}:1:1: ") and "is longer than" in told
    assert shell.reported("agents", "list") == {"agents": []}
    absent = SHOP + "functions:\n  - {name: find, entry_point: 'no_such_module:find'}\n"
    done = shell.run("agents", "new", "shop", "--from", shell.file("absent.yaml", absent))
    assert done.exit_code == 0
    assert "warning: " in done.stderr and "no_such_module" in done.stderr


def test_show_has_the_versions_with_author_and_note_and_the_text(shop: Shell) -> None:
    drafted(shop, MILL)
    shop.done("agents", "publish", "shop", "--author", "ann", "--note", "flour now")
    shown = shop.reported("agents", "show", "shop", "--version", 1)
    assert (shown["shown"], shown["text"]) == ("version 1", SHOP)
    history = [(each["number"], each["author"], each["note"]) for each in shown["history"]]
    assert history == [(2, "ann", "flour now"), (1, "kim", "the first")]
    told = shop.done("agents", "show", "shop")
    assert "2 published" in told and "flour now" in told and MILL in told


def test_the_draft_is_shown_before_the_published_version(shop: Shell) -> None:
    assert shop.reported("agents", "show", "shop")["shown"] == "version 1"
    drafted(shop, MILL)
    assert shop.reported("agents", "show", "shop")["shown"] == "draft 2"


def test_a_file_is_validated_without_any_store(shell: Shell) -> None:
    shell.monkeypatch.setenv("OFFHOOK_STATE_DIR", "/dev/null/none")
    shell.monkeypatch.setenv("OFFHOOK_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    good, wrong = shell.file("good.yaml", SHOP), shell.file("shop.yaml", WRONG)
    assert f"{good}: valid" in shell.done("agents", "validate", good)
    told = shell.refused(1, "agents", "validate", good, wrong)
    assert f"{wrong}:3:1: voize: is not a field of an agent; did you mean 'voice'?" in told


def test_validate_reports_every_problem_as_json(shell: Shell) -> None:
    wrong = shell.file("shop.yaml", WRONG)
    shell.file("shop.tests.yaml", "conversations: [{name: x}]")
    (found,) = shell.failed("agents", "validate", wrong)["documents"]
    places = [(Path(each["source"]).name, each["line"]) for each in found["problems"]]
    assert places == [("shop.yaml", 3), ("shop.tests.yaml", 1)]


def test_a_function_that_is_not_there_is_a_problem_unless_it_is_left_out(shell: Shell) -> None:
    text = SHOP + "functions:\n  - {name: find, entry_point: 'no.such:find'}\n"
    path = shell.file("shop.yaml", text)
    told = shell.refused(1, "agents", "validate", path)
    assert f"{path}:4:" in told and "needs the module no" in told
    assert "valid" in shell.done("agents", "validate", path, "--no-functions")
    shell.monkeypatch.setenv("OFFHOOK_FUNCTIONS", "no.such")
    drafted(shell, text)  # where it is published it may be there
    told = shell.refused(1, "agents", "publish", "shop")
    assert told.startswith("shop:4:") and "needs the module no" in told


def test_a_function_that_the_store_s_agents_may_not_name_is_refused_by_every_command(
    shell: Shell,
) -> None:
    text = SHOP + "functions:\n  - {name: find, entry_point: 'antigravity:geohash'}\n"
    path = shell.file("shop.yaml", text)
    assert "valid" not in shell.refused(1, "agents", "import", path, "--publish")
    drafted(shell, text)
    tries = (
        (1, "agents", "validate", "shop"),
        (1, "agents", "publish", "shop"),
        (2, "agents", "test", "shop"),
        (2, "agents", "try", "shop"),
    )
    for code, *arguments in tries:
        told = shell.refused(code, *arguments)
        assert "functions[0].entry_point" in told
        assert "add antigravity to OFFHOOK_FUNCTIONS" in " ".join(told.split())
    assert "antigravity" not in sys.modules


def test_publish_refuses_what_is_not_valid_with_line_and_mend(shop: Shell) -> None:
    shop.drafted("other", WRONG)
    told = shop.refused(1, "agents", "publish", "other")
    assert TOLD.replace("shop", "other") in told
    assert shop.reported("agents", "show", "other")["published"] is None


def test_publish_wants_the_draft_that_was_seen(shop: Shell) -> None:
    drafted(shop, MILL)
    assert "somebody else changed it" in shop.refused(
        1, "agents", "publish", "shop", "--revision", 1
    )
    assert "version 2" in shop.done("agents", "publish", "shop", "--revision", 2)


def test_tests_that_are_required_have_to_pass(shop: Shell) -> None:
    shop.done("agents", "require-tests", "shop")
    drafted(shop, SHOP + "greeting: The fair.\n")
    assert "tests: are required and there are none" in shop.refused(1, "agents", "publish", "shop")
    drafted(shop, SHOP + "greeting: The fair.\n", GREETS)
    told = shop.refused(1, "agents", "publish", "shop")
    assert "1 of 1 failed: greets" in told and "said: The fair." in told
    drafted(shop, SHOP + "greeting: The mill.\n", GREETS)
    assert "version 2 is published" in shop.done("agents", "publish", "shop")
    shop.done("agents", "require-tests", "shop", "--off")
    drafted(shop, SHOP + "greeting: The fair.\n", GREETS)
    assert "version 3 is published" in shop.done("agents", "publish", "shop")


def test_what_is_published_is_told_with_the_trials_that_go_on_beside_it(shop: Shell) -> None:
    drafted(shop, MILL)
    assert "trial" not in shop.done("agents", "publish", "shop")
    shop.done("routes", "set", "*", "--agent", "shop", "--trial", "2:100")
    shop.done("routes", "set", "+4930123456", "--agent", "shop", "--trial", "1:20")
    shop.done("routes", "set", "+4989123456", "--agent", "shop", "--trial", "2:0")
    told = shop.done("agents", "rollback", "shop", 1).splitlines()
    assert told == [
        "shop: version 1 is published again",
        "route *: all callers get version 2, which is on trial there; "
        "to end it: offhook routes set '*' --no-trial",
        "route +4930123456: version 1 is on trial there, and all get it now; "
        "to end it: offhook routes set +4930123456 --no-trial",
    ]
    drafted(shop, MILL + "voice: alloy\n")
    told = shop.done("agents", "publish", "shop").splitlines()
    assert told[0] == "shop: version 3 is published"
    assert [each.split(",")[0] for each in told[1:]] == [
        "route *: all callers get version 2",
        "route +4930123456: 20 in 100 callers get version 1",
    ]
    path = shop.file("shop.yaml", MILL + "voice: echo\n")
    told = shop.done("agents", "import", path, "--publish").splitlines()
    assert told[0] == "shop: version 4 is published"
    assert len(told) == 3


def test_a_rollback_gives_the_same_bytes_again(shop: Shell) -> None:
    drafted(shop, MILL)
    shop.done("agents", "publish", "shop")
    assert exported(shop) == MILL.encode()
    shop.done("agents", "rollback", "shop", 1)
    assert exported(shop) == SHOP.encode()
    assert shop.reported("agents", "show", "shop")["published"] == 1
    assert "has no version 9" in shop.refused(2, "agents", "rollback", "shop", 9)


def test_any_two_texts_can_be_compared(shop: Shell) -> None:
    drafted(shop, MILL, GREETS)
    told = shop.done("agents", "diff", "shop").splitlines()
    assert told[:2] == ["--- shop.yaml (version 1)", "+++ shop.yaml (draft 2)"]
    assert "-name: Shop" in told and "+name: Mill" in told
    assert "+++ shop.tests.yaml (draft 2)" in told and f"+{GREETS.strip()}" in told
    shop.done("agents", "publish", "shop")
    back = shop.reported("agents", "diff", "shop", "published", 1)
    assert (back["old"], back["new"], back["same"]) == ("version 2", "version 1", False)
    assert shop.reported("agents", "diff", "shop", 2, "published")["same"]
    assert "are the same" in shop.done("agents", "diff", "shop", 2, 2)


def test_a_last_line_without_an_end_is_a_difference(shop: Shell) -> None:
    drafted(shop, SHOP.strip())
    told = shop.done("agents", "diff", "shop").splitlines()
    assert told[-2:] == ["+instructions: Sell books.", "\\ No newline at end of file"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "nobody"), "there is no agent nobody"),
        (("show", "shop", "--draft", "--version", "1"), "exclude each other"),
        (("show", "shop", "--draft"), "has no draft"),
        (("diff", "shop", "1", "last"), "write draft, published, or a number"),
        (("publish", "shop"), "has no draft"),
        (("discard", "shop"), "there is nothing to discard"),
        (("new", "Shop"), "small letters, digits and -"),
        (("new", "x", "--from", "/no/such.yaml"), "/no/such.yaml:1:1: cannot be read"),
        (("validate", "/no/such.yaml"), "cannot be read"),
        (("validate", "x.yaml", "--draft"), "it has no drafts"),
        (("edit", "nobody"), "there is no agent nobody"),
        (("export",), "name one agent"),
        (("export", "shop", "--draft"), "has no draft"),
        (("export", "shop", "--out", "/dev/null/x"), "name a folder"),
        (("import", "/no/such.yaml"), "cannot be read"),
        (("import", "/dev"), "holds no NAME.yaml"),
        (("import", "/no/such/folder"), "/no/such/folder:1:1: is not there; check the path"),
        (("import", "/dev/null"), "is not called as an agent is"),
        (("rollback", "shop", "x"), "valid integer"),
    ],
)
def test_what_cannot_be_asked_for_ends_with_2(
    shop: Shell, arguments: tuple[str, ...], told: str
) -> None:
    shop.editor("")
    assert told in shop.refused(2, "agents", *arguments)


def test_a_store_that_is_away_ends_with_1(shell: Shell) -> None:
    shell.monkeypatch.setenv("OFFHOOK_DATABASE_URL", "postgresql://kim:pass@127.0.0.1:1/none")
    told = shell.refused(1, "agents", "list")
    assert "the database cannot be used" in told and "pass" not in told


def test_a_name_that_is_taken_ends_with_1(shop: Shell) -> None:
    assert "choose another name" in shop.refused(1, "agents", "new", "shop")


def test_a_draft_can_be_discarded_and_an_agent_deleted(shop: Shell) -> None:
    drafted(shop, MILL)
    shop.done("agents", "discard", "shop")
    assert shop.reported("agents", "show", "shop")["draft_revision"] is None
    assert shop.run("agents", "delete", "shop", typed="n\n").exit_code == 1
    assert "version 1" in shop.done("agents", "show", "shop")
    shop.done("agents", "delete", "shop", "--yes")
    assert shop.reported("agents", "list") == {"agents": []}

"""What the document of a store may name, and what it may not."""

import sys
from pathlib import Path

import pytest

from bridge.agents.document import FunctionSpec, load
from bridge.functions import BUILT_IN_ALONE, Allowed, FunctionsError, load_functions
from bridge.functions.placed import refused, unloadable

MODULE = "offhook_test_till"
TILL = '''
import functools
import os
from subprocess import getoutput

class Till:
    @staticmethod
    def count() -> int:
        """Count the till."""
        return 7

def total() -> int:
    """The total."""
    return 9

def _secret() -> int:
    """Not for others."""
    return 1

part = functools.partial(total)
'''


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"{MODULE}.py").write_text(TILL)
    (tmp_path / f"{MODULE}_of_others.py").write_text(TILL)
    monkeypatch.syspath_prepend(str(tmp_path))


def told(entry_point: str, *modules: str) -> str:
    with pytest.raises(FunctionsError) as caught:
        load_functions([FunctionSpec("f", entry_point)], allowed=Allowed(modules))
    return str(caught.value)


@pytest.mark.usefixtures("till")
@pytest.mark.parametrize("entry_point", [f"{MODULE}:total", "subprocess:getoutput", "os:system"])
def test_what_nobody_allowed_is_refused_with_the_mend_and_not_imported(entry_point: str) -> None:
    before = dict(sys.modules)
    module = entry_point.partition(":")[0]
    text = told(entry_point)
    assert f"function f: {entry_point} is in no module that may be used here; " in text
    assert f"add {module} to OFFHOOK_FUNCTIONS" in text
    assert dict(sys.modules) == before


@pytest.mark.usefixtures("till")
@pytest.mark.parametrize("attribute", ["total", "Till.count", "part"])
def test_an_allowed_module_gives_its_functions(attribute: str) -> None:
    spec = FunctionSpec("f", f"{MODULE}:{attribute}", description="It counts.", parameters={})
    assert list(load_functions([spec], allowed=Allowed([MODULE]))) == ["f"]


@pytest.mark.usefixtures("till")
def test_a_module_is_allowed_with_all_inside_it_and_nothing_beside_it() -> None:
    assert "needs the module" in told("json.nothing_there:f", "json")
    assert "may be used here" in told(f"{MODULE}_of_others:total", MODULE)
    assert "may be used here" in told("json:loads", "json.decoder")


@pytest.mark.usefixtures("till")
@pytest.mark.parametrize(
    ("attribute", "why"),
    [
        ("os.system", "goes through a module"),
        ("getoutput", "is of the module subprocess"),
        ("functools.partial", "goes through a module"),
        ("_secret", "names _secret, which is private"),
        ("total.__globals__.clear", "names __globals__, which is private"),
        ("Till.__init__", "names __init__, which is private"),
    ],
)
def test_an_allowed_module_is_no_way_to_what_it_imports(attribute: str, why: str) -> None:
    assert why in told(f"{MODULE}:{attribute}", MODULE)


def test_the_demo_s_functions_need_no_setting() -> None:
    for each in ("bridge.demo.orders:find_order", "bridge.demo.books:find_passage"):
        assert load_functions([FunctionSpec("f", each)], allowed=BUILT_IN_ALONE)


def test_an_installed_entry_point_needs_no_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "offhook_test_installed-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offhook-test-till\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[offhook.functions]\ntill = offhook_test_installed:total\n"
    )
    (tmp_path / "offhook_test_installed.py").write_text(TILL)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_functions([FunctionSpec("till", "till")], allowed=BUILT_IN_ALONE)
    assert "may be used here" in told("offhook_test_installed:total")


@pytest.mark.usefixtures("till")
def test_refused_is_only_what_may_not_be_named_each_with_its_line() -> None:
    text = (
        "name: Shop\ninstructions: You help.\nfunctions:\n"
        "  - {name: a, entry_point: 'os:system'}\n"
        f"  - {{name: b, entry_point: '{MODULE}:nothing'}}\n"
    )
    agent, allowed = load(text), Allowed([MODULE])
    assert [(each.line, each.field) for each in refused(agent, text, allowed)] == [
        (4, "functions[0].entry_point")
    ]
    assert len(unloadable(agent, text, allowed)) == 2

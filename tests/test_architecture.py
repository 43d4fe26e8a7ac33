"""The rules of the architecture; `python -m tests.architecture --list RULE` prints what breaks one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture import FLOORS, ROOT, RULES, Architecture


@pytest.fixture(scope="module")
def architecture() -> Architecture:
    return Architecture()


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_the_architecture_holds(architecture: Architecture, rule: str) -> None:
    found = getattr(architecture, rule)
    assert (found() if callable(found) else found) == []


def test_packages_are_imported_by_their_full_names() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and (node.level or str(node.module).split(".")[0] in FLOORS))
        or (isinstance(node, ast.Import) and any(alias.name.split(".")[0] in FLOORS for alias in node.names))
    ]
    assert wrong == []


LOWER = (
    '"""Lower."""\n\nfrom handeye.agent.upper import Upper\n\n\nclass Scene:\n    def told(self) -> None:\n'
    + "        pass\n" * 80
)
UPPER = '"""Upper, beside it."""\n\nfrom handeye.tools.lower import Scene\n\n\nclass Upper:\n    """Upper."""\n'
RETIRED = '"""Retired."""\n\n\ndef lines() -> int:\n    """One."""\n    said = 1\n    return said\n'
TWIN = '"""Twin."""\n\n\nclass Upper:\n    """Another one."""\n'


def test_each_rule_finds_what_breaks_it(tmp_path: Path) -> None:
    for floor in FLOORS:
        (tmp_path / floor / "inner").mkdir(parents=True)
    (tmp_path / "tools" / "lower.py").write_text(LOWER)
    (tmp_path / "agent" / "upper.py").write_text(UPPER)
    (tmp_path / "agent" / "inner" / "upper.py").write_text(TWIN)
    (tmp_path / "scenarios" / "retired.py").write_text(RETIRED)
    architecture = Architecture(tmp_path)
    assert {rule: bool(found() if callable(found := getattr(architecture, rule)) else found) for rule in RULES} == (
        dict.fromkeys(RULES, True)
    )

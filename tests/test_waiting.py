"""Nothing in the path of a step sleeps in the hope that something is over by then: waits poll, and are named here."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOORS = ("tools", "perception", "policies", "agent")
SLEEPS = {"sleep", "wait_for_timeout"}

#: Functions that may sleep, and what they wait for.
NAMED = {
    "tools/browser/perform.py:answer_dialog": "the seconds that the action `wait` names",
    "tools/browser/page_changes.py:_page": "a page on its way to another document; settle looks again at once",
    "tools/desktop/desktop_input.py:click": "clicks that must not become one double-click, and the gap in one",
    "tools/desktop/desktop_input.py:drag": "the steps of the pointer; a program cannot report that it saw them",
    "tools/desktop/backends/pyautogui_backend.py:lent": "a program that pastes and cannot say when it has",
    "tools/desktop/backends/pyautogui_backend.py:_write_piece": "the same, piece by piece",
    "tools/desktop/backends/x11.py:_wait_until_read": "a program that cannot say that it has read its keys",
}


def sleeps() -> dict[str, bool]:
    """Every function that sleeps, as `path:name`, and whether all its sleeps are turns of a loop that looks again."""
    found: dict[str, bool] = {}
    for path in sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")):
        _walk(ast.parse(path.read_text("utf-8")), f"{path.relative_to(ROOT)}", "", False, found)
    return found


def _walk(node: ast.AST, path: str, function: str, looping: bool, found: dict[str, bool]) -> None:
    for child in ast.iter_child_nodes(node):
        inside, turning = function, looping
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inside, turning = child.name, False
        elif isinstance(child, ast.While | ast.For):
            turning = True
        elif isinstance(child, ast.Call):
            called = child.func.attr if isinstance(child.func, ast.Attribute) else getattr(child.func, "id", "")
            if called in SLEEPS:
                name = f"{path}:{inside}"
                found[name] = found.get(name, True) and looping
        _walk(child, path, inside, turning, found)


def test_every_wait_polls_or_is_named_with_its_reason() -> None:
    blind = {name for name, polls in sleeps().items() if not polls}
    assert blind == set(NAMED), "a sleep that looks at nothing: wait for evidence, or name here what it waits for"

"""Recognises suites and Midscene flows among YAML files. It imports nothing, because pytest calls it for every file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TARGETS = ("web", "page", "browser", "target", "computer")
OTHERS = ("android", "ios", "harmony", "interface")
HOOKS = ("beforeAll", "beforeEach", "afterEach", "afterAll")


def is_flow(value: Any) -> bool:
    """Whether a file's content is Midscene's and not a suite."""
    return isinstance(value, dict) and "scenarios" not in value and ("tasks" in value or "cases" in value)


def is_suite(path: Path) -> bool:
    """Whether a file may be a suite or a flow, by what stands in it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if re.search(r"^(?:scenarios|ground)\s*:", text, re.MULTILINE):
        return True
    flow = re.search(r"^(?:tasks|cases)\s*:", text, re.MULTILINE)
    target = re.search(rf"^(?:{'|'.join((*TARGETS, *OTHERS, *HOOKS))})\s*:", text, re.MULTILINE)
    return bool(flow and target)

"""pyautogui's calls, under OpenCUA's headings (`## Thought:`, `## Action:`, `## Code:`) or alone; and bare calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.call_actions import CALLS
from handeye.perception.dialects.python_calls import action_of
from handeye.perception.dialects.thought import thought_of

if TYPE_CHECKING:
    from handeye.perception.dialects.coordinates import Picture

CODE = re.compile(r"^#{1,4} ?Code:\s*+", re.MULTILINE)
CALL = re.compile(r"\b(?:(?:pyautogui|computer)\.[A-Za-z_]\w{0,40}|time\.sleep)\s?\(")
#: A call that stands at the start of a line, as Holo answers, or of `<answer>`, as AutoGLM does.
BARE = re.compile(rf"(?:^[ \t]*+|<answer>\s*+)((?:{'|'.join(CALLS)})\()", re.MULTILINE)
OPERATION = re.compile(r"^#{1,4} ?Action:\s*+([^\n]*+)", re.MULTILINE)


def read(text: str, picture: Picture) -> tuple[str, dict[str, Any]] | None:
    """Thought and action fields of the first call under `## Code:`, or of the first of pyautogui's; None without."""
    return _read(CODE.search(text) or CALL.search(text), text, picture)


def read_bare(text: str, picture: Picture) -> tuple[str, dict[str, Any]] | None:
    """The same of the first call that stands at the start of a line."""
    return _read(BARE.search(text), text, picture)


def _read(found: re.Match[str] | None, text: str, picture: Picture) -> tuple[str, dict[str, Any]] | None:
    if not found:
        return None
    before = text[: found.start()]
    operation = OPERATION.search(before)
    said = " ".join(operation[1].split()) if operation else ""
    start = found.end() if found[0].startswith("#") else found.start(found.re.groups)
    return thought_of(before[: operation.start()] if operation else before) or said, action_of(
        text[start:], said, picture
    )

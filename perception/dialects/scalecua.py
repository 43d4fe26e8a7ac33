"""`<action>click(x=0.5, y=0.5)</action>`, as ScaleCUA and UI-Venus write it, each with its own names of calls.

ScaleCUA: `<think>…</think><operation>…</operation><action>…</action>`; UI-Venus ends with `<conclusion>`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.python_calls import action_of
from handeye.perception.dialects.thought import TAG, thought_of

if TYPE_CHECKING:
    from handeye.perception.dialects.coordinates import Picture

ACTION = re.compile(r"<action>(.*?)(?:</action>|$)", re.DOTALL)
OPERATION = re.compile(r"<operation>(.*?)(?:</operation>|$)", re.DOTALL)
FENCED = re.compile(r"\s*+(?:```\w*+\s*+)?+\{")


def read(text: str, picture: Picture) -> tuple[str, dict[str, Any]] | None:
    """Thought and action fields of the first `<action>`; None when there is none, or it holds JSON instead of calls."""
    found = ACTION.search(text)
    if not found or FENCED.match(found[1]):
        return None
    operation = OPERATION.search(text)
    said = " ".join(TAG.sub("", operation[1]).split()) if operation else ""
    return thought_of(text[: found.start()]) or said, action_of(found[1], said, picture)

"""UI-TARS: `Thought: …` and `Action: click(start_box='(197,525)')`, several actions a paragraph apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.call_actions import CALLS
from handeye.perception.dialects.python_calls import action_of
from handeye.perception.dialects.thought import thought_of

if TYPE_CHECKING:
    from handeye.perception.dialects.coordinates import Picture

#: `## Action:` is a heading of OpenCUA's, which has words under it.
ACTION = re.compile(r"^[ \t]*+(?:\*\*)?Actions?[:：](?:\*\*)?\s*+(?=[A-Za-z_][\w.]{0,60}\s?[(（]|```)", re.MULTILINE)
#: After the thought on the same line: an allowed call has to follow.
INLINE = re.compile(rf"(?<![#\w])(?<!# )Action[:：]\s*+(?=(?:{'|'.join(CALLS)})[(（])")


def read(text: str, picture: Picture) -> tuple[str, dict[str, Any]] | None:
    """Thought and action fields of the first call after `Action:`; None when there is none."""
    found = ACTION.search(text) or INLINE.search(text)
    if not found:
        return None
    said = thought_of(text[: found.start()])
    return said, action_of(text[found.end() :], said, picture)

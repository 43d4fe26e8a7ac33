"""What a model says before its action."""

from __future__ import annotations

import re

TAG = re.compile(
    r"</?(?:think|operation|action|answer|tool_call|tools|ref|b?box)>|<\|?tool_call\|?>|```(?:json|python)?"
)
#: Headings of the families that have some: `Thought:`, `Reflection:`, `Action_Summary:`, `# Step 3:`, `## Thought:`.
HEADING = re.compile(
    r"^[ \t]*+(?:#{1,4} ?)?(?:\*\*)?(?:Step \d{1,4}|Thought|Reflection|Action_Summary|Observation)"
    r"[:：]?(?:\*\*)?[:：]?[ \t]*+",
    re.MULTILINE,
)


def thought_of(text: str) -> str:
    """The thought in what stands before an action, on one line."""
    return " ".join(TAG.sub(" ", HEADING.sub(" ", text)).split())

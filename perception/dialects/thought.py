"""What a model says before its action."""

from __future__ import annotations

import re

THINK = re.compile(r"<think>(.*?)(?:</think>|$)", re.DOTALL)
TAG = re.compile(r"</?(?:think|operation|action|tool_call|tools|ref|box)>|```(?:json|python)?")
#: Headings of the families that have some: `Thought:`, `Reflection:`, `Action_Summary:`, `# Step 3:`, `## Thought:`.
HEADING = re.compile(
    r"^[ \t]*+(?:#{1,4} ?)?(?:\*\*)?(?:Step \d{1,4}|Thought|Reflection|Action_Summary|Observation):?(?:\*\*)?:?[ \t]*+",
    re.MULTILINE,
)


def thought_of(text: str) -> str:
    """The thought in what stands before an action, on one line."""
    inside = THINK.search(text)
    return " ".join(TAG.sub(" ", HEADING.sub(" ", inside[1] if inside else text)).split())

"""Parses answers whose action is a call in Python syntax: pyautogui, OpenCUA, ScaleCUA, UI-Venus, UI-TARS and more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.call_actions import CALLS
from handeye.perception.dialects.python_calls import parse_call
from handeye.perception.dialects.reasoning import TAG, one_line_reasoning

if TYPE_CHECKING:
    from handeye.perception.dialects.coordinates import CoordinateFrame

#: OpenCUA's headings: `## Thought:`, `## Action:` with a sentence, `## Code:` with the call.
OPENCUA_CODE = re.compile(r"^#{1,4} ?Code:\s*+", re.MULTILINE)
OPENCUA_ACTION = re.compile(r"^#{1,4} ?Action:\s*+([^\n]*+)", re.MULTILINE)
PYAUTOGUI_CALL = re.compile(r"\b(?:(?:pyautogui|computer)\.[A-Za-z_]\w{0,40}|time\.sleep)\s?\(")
#: A call at the start of a line, as Holo answers, or after `<answer>`, as AutoGLM does.
BARE_CALL = re.compile(rf"(?:^[ \t]*+|<answer>\s*+)((?:{'|'.join(CALLS)})\()", re.MULTILINE)
#: ScaleCUA: `<think>…</think><operation>…</operation><action>…</action>`. UI-Venus ends with `<conclusion>`.
ACTION_TAG = re.compile(r"<action>(.*?)(?:</action>|$)", re.DOTALL)
OPERATION_TAG = re.compile(r"<operation>(.*?)(?:</operation>|$)", re.DOTALL)
JSON_START = re.compile(r"\s*+(?:```\w*+\s*+)?+\{")
#: UI-TARS: `Thought: …` and `Action: click(start_box='(197,525)')`, with a blank line between several actions.
#: `## Action:` is a heading of OpenCUA, with words under it.
ACTION_HEADING = re.compile(
    r"^[ \t]*+(?:\*\*)?Actions?[:：](?:\*\*)?\s*+(?=[A-Za-z_][\w.]{0,60}\s?[(（]|```)", re.MULTILINE
)
#: After the reasoning on the same line, an allowed call must follow.
INLINE_HEADING = re.compile(rf"(?<![#\w])(?<!# )Action[:：]\s*+(?=(?:{'|'.join(CALLS)})[(（])")


def parse_pyautogui(text: str, frame: CoordinateFrame) -> tuple[str, dict[str, Any]] | None:
    """Return reasoning and action fields of the call under `## Code:`, or of the first call of pyautogui; else None."""
    return _parse_call_at(OPENCUA_CODE.search(text) or PYAUTOGUI_CALL.search(text), text, frame)


def parse_bare_call(text: str, frame: CoordinateFrame) -> tuple[str, dict[str, Any]] | None:
    """Return reasoning and action fields of the first allowed call at the start of a line; None without one."""
    return _parse_call_at(BARE_CALL.search(text), text, frame)


def parse_action_tag(text: str, frame: CoordinateFrame) -> tuple[str, dict[str, Any]] | None:
    """Return reasoning and action fields of the first `<action>`; None without one, or when it contains JSON."""
    found = ACTION_TAG.search(text)
    if not found or JSON_START.match(found[1]):
        return None
    operation = OPERATION_TAG.search(text)
    intent = " ".join(TAG.sub("", operation[1]).split()) if operation else ""
    return one_line_reasoning(text[: found.start()]) or intent, parse_call(found[1], intent, frame)


def parse_action_heading(text: str, frame: CoordinateFrame) -> tuple[str, dict[str, Any]] | None:
    """Return reasoning and action fields of the first call after `Action:`; None without one."""
    found = ACTION_HEADING.search(text) or INLINE_HEADING.search(text)
    if not found:
        return None
    reasoning = one_line_reasoning(text[: found.start()])
    return reasoning, parse_call(text[found.end() :], reasoning, frame)


def _parse_call_at(found: re.Match[str] | None, text: str, frame: CoordinateFrame) -> tuple[str, dict[str, Any]] | None:
    if not found:
        return None
    before = text[: found.start()]
    operation = OPENCUA_ACTION.search(before)
    intent = " ".join(operation[1].split()) if operation else ""
    start = found.end() if found[0].startswith("#") else found.start(found.re.groups)
    reasoning = one_line_reasoning(before[: operation.start()] if operation else before)
    return reasoning or intent, parse_call(text[start:], intent, frame)

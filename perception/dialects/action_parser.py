"""Parses a model's answer into an action, with the dialects of its profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.dialects.boxes import parse_click_at_point
from handeye.perception.dialects.call_formats import (
    parse_action_heading,
    parse_action_tag,
    parse_bare_call,
    parse_pyautogui,
)
from handeye.perception.dialects.coordinates import CoordinateFrame
from handeye.perception.dialects.reasoning import one_line_reasoning, separated, storable
from handeye.perception.dialects.tool_call import parse_json_object, parse_tool_call
from handeye.tools.actions import KINDS, describe
from handeye.tools.actions import parse_action as action_from
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from handeye.perception.dialects.reasoning import Separated
    from handeye.perception.internvl.profiles import Dialect, ModelProfile
    from handeye.tools.actions import Action

    Parser = Callable[[str, CoordinateFrame], tuple[str, dict[str, Any]] | None]

#: Answers are cut to this length after their reasoning was removed. An action takes a few hundred characters, and a
#: text to type takes a few thousand.
MOST_CHARACTERS = 64_000
REASONING_CHARACTERS, ERROR_CHARACTERS = 600, 450

#: Each parser returns the reasoning and the fields of an action, or None when the text is not in its format.
PARSERS: dict[Dialect, Parser] = {
    "tool_call": parse_tool_call,
    "scalecua": parse_action_tag,
    "json": parse_json_object,
    "ui_tars": parse_action_heading,
    "ui_venus": parse_action_tag,
    "pyautogui": parse_pyautogui,
    "calls": parse_bare_call,
    "point": parse_click_at_point,
}

#: The answer format that the prompt requests, by the first dialect of the model's profile.
EXAMPLE = '<tool_call>{"kind": "click", "target": "the Save button"}</tool_call>'
EXAMPLES: dict[Dialect, str] = {"scalecua": "<action>click(x=0.5, y=0.5)</action>"}


def parse_action(
    text: str | Separated,
    profile: ModelProfile,
    size: tuple[int, int],
    *,
    origin: tuple[int, int] = (0, 0),
    kinds: Collection[str] = frozenset(KINDS),
    tools: Collection[str] = (),
) -> tuple[str, Action]:
    """Return the reasoning and the action of an answer about an image of `size` (width, height).

    `text` is what an engine has separated, or a whole text, whose reasoning is separated first. Points are converted
    from the profile's coordinates to pixels of the screenshot. `origin` is the position of the image's top left corner
    on the screenshot. `tools` are the names of custom tools that may be called.

    Raises ActionRefused, with a sentence for the model, when there is no action, its kind is not in `kinds`, or its
    fields are not valid.
    """
    parts = separated(text)
    try:
        if parts.trouble:
            raise ActionRefused(parts.trouble)
        frame = CoordinateFrame(profile, size, origin, frozenset(tools))
        reasoning, action = _parse(parts.answer[:MOST_CHARACTERS], frame, profile)
    except ActionRefused as error:
        # The message may quote text of the model, which can be of any length.
        raise ActionRefused(storable(" ".join(str(error).split())[:ERROR_CHARACTERS])) from None
    if action.kind not in kinds if action.kind != "call" else not tools:
        offered = ", ".join(kind for kind in KINDS if (kind in kinds if kind != "call" else tools))
        raise ActionRefused(f"{action.kind} cannot be done here; choose one of {offered}")
    reasoning = one_line_reasoning(parts.reasoning[:MOST_CHARACTERS]) or reasoning
    return storable(reasoning[:REASONING_CHARACTERS]) or describe(action), action


def _parse(text: str, frame: CoordinateFrame, profile: ModelProfile) -> tuple[str, Action]:
    """Return the result of the profile's first dialect that recognises the text."""
    for dialect in profile.dialects:
        parsed = PARSERS[dialect](text, frame)
        if parsed is not None:
            reasoning, fields = parsed
            return reasoning, action_from(fields)
    example = EXAMPLES.get(profile.dialects[0], EXAMPLE)
    raise ActionRefused(f"the answer holds no action ({_excerpt(text)}); write one as {example}")


def _excerpt(text: str) -> str:
    words = " ".join(text.split())
    return f"it begins “{words[:60]}”" if words else "it is empty"

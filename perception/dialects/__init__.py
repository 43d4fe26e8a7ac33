"""What models write, read: places on the screen, and actions, in each family's own way of writing them.

Model-written code is parsed, looked up in a list of allowed calls, and never executed. What cannot be read is refused
in a sentence that can go back to the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.dialects import boxes, pyautogui, scalecua, tool_call, ui_tars
from handeye.perception.dialects.boxes import parse_boxes, parse_point
from handeye.perception.dialects.coordinates import Picture
from handeye.perception.dialects.reasoning import separated, storable
from handeye.perception.dialects.thought import thought_of
from handeye.tools.actions import KINDS, describe
from handeye.tools.actions import parse_action as action_from
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from handeye.perception.dialects.reasoning import Separated
    from handeye.perception.internvl.profiles import Dialect, ModelProfile
    from handeye.tools.actions import Action

    Reader = Callable[[str, Picture], tuple[str, dict[str, Any]] | None]

__all__ = ["parse_action", "parse_boxes", "parse_point"]

#: Longer answers are cut, after their reasoning was taken off: an action takes a few hundred characters, and text to
#: type a few thousand.
MOST_CHARACTERS = 64_000
THOUGHT_CHARACTERS, REASON_CHARACTERS = 600, 450

READERS: dict[Dialect, Reader] = {
    "tool_call": tool_call.read,
    "scalecua": scalecua.read,
    "json": tool_call.read_bare,
    "ui_tars": ui_tars.read,
    "ui_venus": scalecua.read,
    "pyautogui": pyautogui.read,
    "calls": pyautogui.read_bare,
    "point": boxes.read,
}


def parse_action(
    text: str | Separated,
    profile: ModelProfile,
    size: tuple[int, int],
    *,
    origin: tuple[int, int] = (0, 0),
    kinds: Collection[str] = frozenset(KINDS),
    tools: Collection[str] = (),
) -> tuple[str, Action]:
    """The thought and the action of an answer about a picture of `size` (width, height).

    `text` is what an engine has separated, or a whole text, whose reasoning is taken off first. Points are converted
    from the profile's coordinates to pixels of the screenshot, on which the picture's top left corner lies at `origin`.
    `tools` are names of custom tools, for a call of one. Raises ActionRefused when there is no action, it is not one of
    `kinds`, or it cannot be used, in words that can go back to the model.
    """
    said = separated(text)
    try:
        if said.trouble:
            raise ActionRefused(said.trouble)
        picture = Picture(profile, size, origin, frozenset(tools))
        thought, action = _read(said.answer[:MOST_CHARACTERS], picture, profile)
    except ActionRefused as error:
        # What the model wrote may stand in the reason, at any length.
        raise ActionRefused(storable(" ".join(str(error).split())[:REASON_CHARACTERS])) from None
    if action.kind not in kinds if action.kind != "call" else not tools:
        offered = ", ".join(kind for kind in KINDS if (kind in kinds if kind != "call" else tools))
        raise ActionRefused(f"{action.kind} cannot be done here; choose one of {offered}")
    thought = thought_of(said.reasoning[:MOST_CHARACTERS]) or thought
    return storable(thought[:THOUGHT_CHARACTERS]) or describe(action), action


def _read(text: str, picture: Picture, profile: ModelProfile) -> tuple[str, Action]:
    for dialect in profile.dialects:
        found = READERS[dialect](text, picture)
        if found is not None:
            thought, fields = found
            return thought, action_from(fields)
    example = EXAMPLES.get(profile.dialects[0], EXAMPLE)
    raise ActionRefused(f"the answer holds no action ({_start(text)}); write one as {example}")


#: What is asked for, by a profile's first dialect.
EXAMPLE = '<tool_call>{"kind": "click", "target": "the Save button"}</tool_call>'
EXAMPLES: dict[Dialect, str] = {"scalecua": "<action>click(x=0.5, y=0.5)</action>"}


def _start(text: str) -> str:
    words = " ".join(text.split())
    return f"it begins “{words[:60]}”" if words else "it is empty"

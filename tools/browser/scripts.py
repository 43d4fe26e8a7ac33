"""The JavaScript that handeye keeps in every frame, and how it is asked."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import ElementHandle, Frame

#: Where a document keeps it.
KEY = "document[Symbol.for('handeye')]"
NAMES = (
    "say, collect, standing, node, place, blocked, rest, stamp, facts, stored, under, view, extent, wheel, focused, "
    "mark, stir, shown, keyboard, give, edited, leave, hitTest, arm, disarm, turned, pressed"
)


@cache
def source() -> str:
    """Installs it in a document, once."""
    folder = files(__package__)
    names = (
        "accessible_names.js",
        "elements.js",
        "secret_fields.js",
        "page_state.js",
        "press_check.js",
        "change_tracker.js",
        "hit_test.js",
    )
    parts = [(folder / name).read_text("utf-8") for name in names]
    body = "\n".join(parts)
    keep = f"Object.defineProperty(document, Symbol.for('handeye'), {{ value: {{ {NAMES} }} }});"
    return f"(() => {{ if ({KEY}) return;\n{body}\n{keep} }})()"


async def ask(frame: Frame, function: str, argument: Any = None) -> Any:
    """What a function of ours says in a frame; raises Playwright's errors."""
    call = f"async (argument) => {KEY} ? {KEY}.say(await {KEY}.{function}(argument)) : undefined"
    answer = await frame.evaluate(call, argument)
    if answer is None:
        await frame.evaluate(source())
        answer = await frame.evaluate(call, argument)
    return json.loads(answer)


async def ask_about(handle: ElementHandle, function: str, argument: Any = None) -> Any:
    """The same, about an element of a frame where it is installed."""
    return json.loads(await handle.evaluate(f"(el, argument) => {KEY}.say({KEY}.{function}(el, argument))", argument))


async def quickly(frame: Frame, function: str, argument: Any = None, seconds: float = 2.0) -> Any:
    """What a frame that matters less says, or None when it does not answer in time or is going away."""
    from playwright.async_api import Error

    try:
        return await asyncio.wait_for(ask(frame, function, argument), seconds)
    except (Error, TimeoutError):
        return None

"""Install handeye's JavaScript in frames and call its functions.

All script files are joined into one function scope, so that pages cannot see their names. The public functions are
properties of one object, stored in the document under a registered symbol.
"""

from __future__ import annotations

import asyncio
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import ElementHandle, Frame

#: JavaScript expression of the object with the functions.
KEY = "document[Symbol.for('handeye')]"
NAMES = (
    "toJson, collect, elementState, node, framePlacement, blockersAt, waitForRest, drawingStamp, documentInfo, "
    "storedItems, elementAt, viewport, frameSize, wheelPoint, focused, startTracking, pageChanges, secretRegions, "
    "insertSecret, editedFields, blurFocused, hitTest, startComparison, endComparison, changeOf, pressElement"
)


@cache
def script_source() -> str:
    """Return JavaScript that installs the functions in a document, unless they are installed."""
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


async def call_script(frame: Frame, function: str, argument: Any = None) -> Any:
    """Call a function in a frame and return its result. Raises Playwright's errors."""
    call = f"async (argument) => {KEY} ? {KEY}.toJson(await {KEY}.{function}(argument)) : undefined"
    answer = await frame.evaluate(call, argument)
    if answer is None:
        await frame.evaluate(script_source())
        answer = await frame.evaluate(call, argument)
    return json.loads(answer)


async def call_script_on(handle: ElementHandle, function: str, argument: Any = None) -> Any:
    """Call a function with an element as its first argument, in a frame where the script is installed."""
    return json.loads(
        await handle.evaluate(f"(el, argument) => {KEY}.toJson({KEY}.{function}(el, argument))", argument)
    )


async def try_call_script(frame: Frame, function: str, argument: Any = None, seconds: float = 2.0) -> Any:
    """Like `call_script`, but None when the frame does not answer within `seconds` or is removed."""
    from playwright.async_api import Error

    try:
        return await asyncio.wait_for(call_script(frame, function, argument), seconds)
    except (Error, TimeoutError):
        return None

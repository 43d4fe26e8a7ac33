"""The calls that models may write, and the action that each of them means.

All families share one table. A name that two families have (`click`, `scroll`, `wait`) takes the arguments of both.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.tools.browsergym_aliases import PIXELS_PER_NOTCH
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.dialects.coordinates import CoordinateFrame

Fields = dict[str, Any]

#: Names of arguments for a place: two numbers, or one value with both of them.
PLACE = ("x", "y", "start_box", "point", "start_point", "box", "coordinate")
STARTS, ENDS = ("start_box", "start_point", "start", "from_coord"), ("end_box", "end_point", "end", "to_coord")
#: Arguments of pyautogui that no action needs.
PACE = ("duration", "interval", "tween", "logScreenshot", "_pause")
#: The end of a refusal of something that only a phone has.
PHONE_ONLY = "that is a phone's; use the actions that were offered"


class CallArguments(NamedTuple):
    """The arguments of a call, with the data needed to convert them."""

    fields: Fields
    intent: str
    """The model's own description of the action."""
    frame: CoordinateFrame


class CallSpec(NamedTuple):
    """An allowed call: the names of its arguments in order (`*`: any number of keys), and its conversion."""

    names: tuple[str, ...]
    make: Callable[[CallArguments], Fields]
    ignored: tuple[str, ...] = ()


def parse_call_place(given: Fields, frame: CoordinateFrame) -> Fields:
    """Return the target at the place in the arguments; raises KeyError when there is none."""
    value = next((given[name] for name in (*PLACE[2:], *STARTS) if name in given), None)
    return frame.parse_place(value) if value is not None else {"point": frame.pixel_point_xy(given["x"], given["y"])}


def clamp_notches(amount: float) -> int:
    """Return the amount as a number of wheel notches from 1 to 100."""
    return min(100, max(1, round(abs(amount))))


def swipe_to_scroll(start: list[int], end: list[int]) -> Fields:
    """Return the scroll action for a swipe; the content moves with the finger."""
    across, down = end[0] - start[0], end[1] - start[1]
    sideways = "left" if across > 0 else "right"
    way = sideways if abs(across) > abs(down) else "up" if down > 0 else "down"
    amount = clamp_notches(math.hypot(across, down) / PIXELS_PER_NOTCH)
    return {"kind": "scroll", "direction": way, "amount": amount, "target": {"point": start}}


def _click(button: str, count: int) -> Callable[[CallArguments], Fields]:
    def make(given: CallArguments) -> Fields:
        fields = given.fields
        return {
            "kind": "click",
            "target": parse_call_place(fields, given.frame),
            "button": fields.get("button", button),
            "count": fields.get("clicks", count),
        }

    return make


def _move(given: CallArguments) -> Fields:
    return {"kind": "move", "target": parse_call_place(given.fields, given.frame)}


def _drag(given: CallArguments) -> Fields:
    return {"kind": "drag", "start": _drag_end(given, STARTS), "end": _drag_end(given, ENDS)}


def _drag_end(given: CallArguments, names: tuple[str, ...]) -> Fields:
    value = next((given.fields[name] for name in names if name in given.fields), None)
    if value is None:
        raise KeyError(names[0])
    return given.frame.parse_place(value)


def _drag_to(_: CallArguments) -> Fields:
    raise ActionRefused("dragTo needs a place to start; write moveTo(x, y) and dragTo(x, y) on two lines")


def _swipe(given: CallArguments) -> Fields:
    return swipe_to_scroll(_drag_end(given, STARTS)["point"], _drag_end(given, ENDS)["point"])


def _scroll(axis: tuple[str, str]) -> Callable[[CallArguments], Fields]:
    def make(given: CallArguments) -> Fields:
        fields = given.fields
        way = str(fields.get("direction") or "").lower()
        if not way and any(name in fields for name in ENDS):
            return _swipe(given)
        made: Fields = {"kind": "scroll", "direction": way}
        if not way:
            amount = float(fields["clicks"])
            made |= {"direction": axis[0] if amount > 0 else axis[1], "amount": clamp_notches(amount)}
        elif "clicks" in fields:
            made["amount"] = clamp_notches(float(fields["clicks"]))
        placed = any(name in fields for name in (*PLACE, *STARTS))
        return made | ({"target": parse_call_place(fields, given.frame)} if placed else {})

    return make


def _press(given: CallArguments) -> Fields:
    keys = given.fields["keys"]
    pressed = [_text(key) for key in keys] if isinstance(keys, list) else [_text(keys)]
    if len(set(pressed)) != 1:
        raise ActionRefused("press takes one key at a time; use hotkey for keys that are held together")
    return {"kind": "key", "keys": pressed[0], "count": int(given.fields.get("presses", 1)) * len(pressed)}


def _hotkey(given: CallArguments) -> Fields:
    keys = given.fields["keys"]
    if isinstance(keys, str):
        keys = re.split(r"[\s+]+", keys.strip()) if len(keys.strip()) > 1 else [keys.strip()]
    names = keys[0] if len(keys) == 1 and isinstance(keys[0], list) else keys
    if not names or any(not isinstance(name, str) or not name for name in names):
        raise ActionRefused("hotkey needs the keys to press together, such as hotkey('ctrl', 'c')")
    return {"kind": "key", "keys": "+".join(names)}


def _key(keys: str) -> Callable[[CallArguments], Fields]:
    return lambda _: {"kind": "key", "keys": keys}


def _type(name: str, after: str = "") -> Callable[[CallArguments], Fields]:
    return lambda given: {"kind": "type", "text": _text(given.fields[name]) + after}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]} is not a text in quotes")
    return value


def _ask(given: CallArguments) -> Fields:
    return {"kind": "ask", "question": given.fields.get("content") or given.intent or "What should I do here?"}


def _done(name: str) -> Callable[[CallArguments], Fields]:
    return lambda given: {"kind": "done", "answer": _text(given.fields.get(name, ""))}


def _terminate(given: CallArguments) -> Fields:
    fields = given.fields
    success = str(fields.get("status", "success")).lower() == "success"
    return {"kind": "done", "success": success, "answer": _text(fields.get("info", fields.get("answer", "")))}


def _refused(reason: str) -> Callable[[CallArguments], Fields]:
    def make(_: CallArguments) -> Fields:
        raise ActionRefused(reason)

    return make


def _do(given: CallArguments) -> Fields:
    """Convert AutoGLM's call `do`, which names the action in an argument: https://github.com/zai-org/Open-AutoGLM"""
    name = _text(given.fields["action"]).strip().lower()
    make = DONE_BY.get(name)
    if make is None:
        raise ActionRefused(f"do has no action {name[:40]!r} here; choose one of {', '.join(DONE_BY)}")
    return make(given)


def _element(button: str, count: int) -> Callable[[CallArguments], Fields]:
    def make(given: CallArguments) -> Fields:
        target = given.frame.parse_place(given.fields["element"])
        return {"kind": "click", "target": target, "button": button, "count": count}

    return make


def _wait(given: CallArguments) -> Fields:
    found = re.match(r"\s*([0-9]{1,4}(?:\.[0-9]{1,3})?)", str(given.fields.get("duration", 3)))
    if not found:
        raise ActionRefused(f"do was given the duration {str(given.fields['duration'])[:40]!r}; give seconds")
    return {"kind": "wait", "seconds": float(found[1])}


_HELD = "keys cannot be held from one action to the next; use hotkey('ctrl', 'c') for a chord"
_LEFT = CallSpec(PLACE, _click("left", 1))
_RIGHT = CallSpec(PLACE, _click("right", 1), PACE)
_DOUBLE = CallSpec(("x", "y", "button", *PLACE[2:]), _click("left", 2), PACE)
_SCROLL = ("clicks", "x", "y", "direction", *PLACE[2:], *STARTS[2:], *ENDS)
_WAIT = CallSpec(("seconds",), lambda given: {"kind": "wait", **given.fields})
_PHONE = CallSpec(("app_name", "app", "name"), _refused(f"apps cannot be opened by name here: {PHONE_ONLY}"))
_HOME = CallSpec((), _refused(f"there is no such button here: {PHONE_ONLY}"))
_BACK = CallSpec((), lambda _: {"kind": "back"})

CALLS: dict[str, CallSpec] = {
    # pyautogui, OpenCUA and ScaleCUA
    "click": CallSpec(("x", "y", "clicks", "button", *PLACE[2:]), _click("left", 1), PACE),
    "doubleClick": _DOUBLE,
    "tripleClick": CallSpec(_DOUBLE.names, _click("left", 3), PACE),
    "triple_click": CallSpec(_DOUBLE.names, _click("left", 3), PACE),
    "rightClick": _RIGHT,
    "middleClick": CallSpec(PLACE, _click("middle", 1), PACE),
    "moveTo": CallSpec(("x", "y"), _move, PACE),
    "dragTo": CallSpec(("x", "y", "button"), _drag_to, PACE),
    "scroll": CallSpec(_SCROLL, _scroll(("up", "down"))),
    "hscroll": CallSpec(_SCROLL, _scroll(("right", "left"))),
    "press": CallSpec(("keys", "presses"), _press, PACE),
    "hotkey": CallSpec(("*",), _hotkey),
    "keyDown": CallSpec(("key",), _refused(_HELD)),
    "keyUp": CallSpec(("key",), _refused(_HELD)),
    "write": CallSpec(("message",), _type("message"), PACE),
    "typewrite": CallSpec(("message",), _type("message"), PACE),
    "sleep": _WAIT,
    "wait": _WAIT,
    "call_user": CallSpec(("content",), _ask),
    "response": CallSpec(("answer",), lambda given: {"kind": "done", "answer": _text(given.fields["answer"])}),
    "terminate": CallSpec(("status", "info", "answer"), _terminate),
    "swipe": CallSpec((*STARTS, *ENDS), _swipe),
    # UI-TARS
    "left_single": _LEFT,
    "left_double": _DOUBLE,
    "right_single": _RIGHT,
    "hover": CallSpec(PLACE, _move),
    "drag": CallSpec((*STARTS, *ENDS), _drag),
    "type": CallSpec(("content",), _type("content")),
    "finished": CallSpec(("content",), _done("content")),
    "long_press": _RIGHT,
    "open_app": _PHONE,
    "press_home": _HOME,
    "press_back": _BACK,
    # UI-Venus; its Type presses Enter afterwards
    "Click": CallSpec(PLACE, _click("left", 1)),
    "DoubleClick": _DOUBLE,
    "LongPress": _RIGHT,
    "Hover": CallSpec(PLACE, _move),
    "Drag": CallSpec((*STARTS, *ENDS), _drag),
    "Scroll": CallSpec((*STARTS, *ENDS, "direction", "box"), _scroll(("up", "down"))),
    "Type": CallSpec(("content",), _type("content", "\n")),
    "Hotkey": CallSpec(("*",), _hotkey),
    "Wait": _WAIT,
    "Finished": CallSpec(("content",), _done("content")),
    "CallUser": CallSpec(("content",), _ask),
    "Launch": _PHONE,
    "PressBack": _BACK,
    "PressEnter": CallSpec((), _key("enter")),
    "PressHome": _HOME,
    "PressRecent": _HOME,
    # AutoGLM
    "do": CallSpec(("action", "element", "text", "start", "end", "app", "duration", "message", "instruction"), _do),
    "finish": CallSpec(("message",), _done("message")),
}

DONE_BY: dict[str, Callable[[CallArguments], Fields]] = {
    "tap": _element("left", 1),
    "double tap": _element("left", 2),
    # A long press opens the context menu, as the right mouse button does.
    "long press": _element("right", 1),
    "type": _type("text"),
    "type_name": _type("text"),
    "swipe": _swipe,
    "back": lambda _: {"kind": "back"},
    "wait": _wait,
    "take_over": lambda given: {"kind": "ask", "question": _text(given.fields.get("message", "")) or given.intent},
}

#: The calls that a refusal lists. They cover everything a mouse and a keyboard can do.
OFFERED = ("click", "doubleClick", "rightClick", "moveTo", "dragTo", "scroll", "press", "hotkey", "write", "wait")

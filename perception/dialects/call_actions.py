"""What models may call, in every family's vocabulary, and which of our actions each call is.

One table for all: names that two families share (`click`, `scroll`, `wait`) take the arguments of both.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.tools.browsergym_aliases import PIXELS_PER_NOTCH
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.dialects.coordinates import Picture

Fields = dict[str, Any]

#: Names of arguments that hold a place: two numbers, or one value with both in it.
PLACE = ("x", "y", "start_box", "point", "start_point", "box", "coordinate")
STARTS, ENDS = ("start_box", "start_point", "start", "from_coord"), ("end_box", "end_point", "end", "to_coord")
#: What pyautogui takes besides, and no action of ours needs.
PACE = ("duration", "interval", "tween", "logScreenshot", "_pause")
#: What is not on a keyboard or a screen of ours, and what to do instead.
ELSEWHERE = "that is a phone's; use the actions that were offered"


class Given(NamedTuple):
    """What a call was given, and where."""

    fields: Fields
    said: str
    """What the model said it would do."""
    picture: Picture


class Allowed(NamedTuple):
    """A call that may be written: the names of its arguments in order (`*`: any number of keys), and what it means."""

    names: tuple[str, ...]
    make: Callable[[Given], Fields]
    ignored: tuple[str, ...] = ()


def place(given: Fields, picture: Picture) -> Fields:
    """The target at the place that a call was given; KeyError when it was given none."""
    value = next((given[name] for name in (*PLACE[2:], *STARTS) if name in given), None)
    return picture.spelt(value) if value is not None else {"point": picture.named(given["x"], given["y"])}


def notches(amount: float) -> int:
    """A number of wheel notches that one action may turn: 1 to 100."""
    return min(100, max(1, round(abs(amount))))


def scrolled(start: list[int], end: list[int]) -> Fields:
    """The scroll that a finger's swipe makes: what is under the finger goes with it."""
    across, down = end[0] - start[0], end[1] - start[1]
    sideways = "left" if across > 0 else "right"
    way = sideways if abs(across) > abs(down) else "up" if down > 0 else "down"
    amount = notches(math.hypot(across, down) / PIXELS_PER_NOTCH)
    return {"kind": "scroll", "direction": way, "amount": amount, "target": {"point": start}}


def _click(button: str, count: int) -> Callable[[Given], Fields]:
    def make(given: Given) -> Fields:
        fields = given.fields
        return {
            "kind": "click",
            "target": place(fields, given.picture),
            "button": fields.get("button", button),
            "count": fields.get("clicks", count),
        }

    return make


def _move(given: Given) -> Fields:
    return {"kind": "move", "target": place(given.fields, given.picture)}


def _drag(given: Given) -> Fields:
    return {"kind": "drag", "start": _end_of(given, STARTS), "end": _end_of(given, ENDS)}


def _end_of(given: Given, names: tuple[str, ...]) -> Fields:
    value = next((given.fields[name] for name in names if name in given.fields), None)
    if value is None:
        raise KeyError(names[0])
    return given.picture.spelt(value)


def _drag_to(_: Given) -> Fields:
    raise ActionRefused("dragTo needs a place to start; write moveTo(x, y) and dragTo(x, y) on two lines")


def _swipe(given: Given) -> Fields:
    return scrolled(_end_of(given, STARTS)["point"], _end_of(given, ENDS)["point"])


def _scroll(axis: tuple[str, str]) -> Callable[[Given], Fields]:
    def make(given: Given) -> Fields:
        fields = given.fields
        way = str(fields.get("direction") or "").lower()
        if not way and any(name in fields for name in ENDS):
            return _swipe(given)
        made: Fields = {"kind": "scroll", "direction": way}
        if not way:
            amount = float(fields["clicks"])
            made |= {"direction": axis[0] if amount > 0 else axis[1], "amount": notches(amount)}
        elif "clicks" in fields:
            made["amount"] = notches(float(fields["clicks"]))
        placed = any(name in fields for name in (*PLACE, *STARTS))
        return made | ({"target": place(fields, given.picture)} if placed else {})

    return make


def _press(given: Given) -> Fields:
    keys = given.fields["keys"]
    pressed = [_text(key) for key in keys] if isinstance(keys, list) else [_text(keys)]
    if len(set(pressed)) != 1:
        raise ActionRefused("press takes one key at a time; use hotkey for keys that are held together")
    return {"kind": "key", "keys": pressed[0], "count": int(given.fields.get("presses", 1)) * len(pressed)}


def _hotkey(given: Given) -> Fields:
    keys = given.fields["keys"]
    if isinstance(keys, str):
        keys = re.split(r"[\s+]+", keys.strip()) if len(keys.strip()) > 1 else [keys.strip()]
    names = keys[0] if len(keys) == 1 and isinstance(keys[0], list) else keys
    if not names or any(not isinstance(name, str) or not name for name in names):
        raise ActionRefused("hotkey needs the keys to press together, such as hotkey('ctrl', 'c')")
    return {"kind": "key", "keys": "+".join(names)}


def _key(keys: str) -> Callable[[Given], Fields]:
    return lambda _: {"kind": "key", "keys": keys}


def _type(name: str, after: str = "") -> Callable[[Given], Fields]:
    return lambda given: {"kind": "type", "text": _text(given.fields[name]) + after}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]} is not a text in quotes")
    return value


def _ask(given: Given) -> Fields:
    return {"kind": "ask", "question": given.fields.get("content") or given.said or "What should I do here?"}


def _done(name: str) -> Callable[[Given], Fields]:
    return lambda given: {"kind": "done", "answer": _text(given.fields.get(name, ""))}


def _terminate(given: Given) -> Fields:
    fields = given.fields
    success = str(fields.get("status", "success")).lower() == "success"
    return {"kind": "done", "success": success, "answer": _text(fields.get("info", fields.get("answer", "")))}


def _refused(reason: str) -> Callable[[Given], Fields]:
    def make(_: Given) -> Fields:
        raise ActionRefused(reason)

    return make


def _do(given: Given) -> Fields:
    """AutoGLM's one call for everything: https://github.com/zai-org/Open-AutoGLM"""
    name = _text(given.fields["action"]).strip().lower()
    make = DONE_BY.get(name)
    if make is None:
        raise ActionRefused(f"do has no action {name[:40]!r} here; choose one of {', '.join(DONE_BY)}")
    return make(given)


def _element(button: str, count: int) -> Callable[[Given], Fields]:
    def make(given: Given) -> Fields:
        target = given.picture.spelt(given.fields["element"])
        return {"kind": "click", "target": target, "button": button, "count": count}

    return make


def _waited(given: Given) -> Fields:
    found = re.match(r"\s*([0-9]{1,4}(?:\.[0-9]{1,3})?)", str(given.fields.get("duration", 3)))
    if not found:
        raise ActionRefused(f"do was given the duration {str(given.fields['duration'])[:40]!r}; give seconds")
    return {"kind": "wait", "seconds": float(found[1])}


_HELD = "keys cannot be held from one action to the next; use hotkey('ctrl', 'c') for a chord"
_AT = Allowed(PLACE, _click("left", 1))
_RIGHT = Allowed(PLACE, _click("right", 1), PACE)
_DOUBLE = Allowed(("x", "y", "button", *PLACE[2:]), _click("left", 2), PACE)
_SCROLL = ("clicks", "x", "y", "direction", *PLACE[2:], *STARTS[2:], *ENDS)
_WAIT = Allowed(("seconds",), lambda given: {"kind": "wait", **given.fields})
_PHONE = Allowed(("app_name", "app", "name"), _refused(f"apps cannot be opened by name here: {ELSEWHERE}"))
_HOME = Allowed((), _refused(f"there is no such button here: {ELSEWHERE}"))
_BACK = Allowed((), lambda _: {"kind": "back"})

CALLS: dict[str, Allowed] = {
    # pyautogui, OpenCUA and ScaleCUA
    "click": Allowed(("x", "y", "clicks", "button", *PLACE[2:]), _click("left", 1), PACE),
    "doubleClick": _DOUBLE,
    "tripleClick": Allowed(_DOUBLE.names, _click("left", 3), PACE),
    "triple_click": Allowed(_DOUBLE.names, _click("left", 3), PACE),
    "rightClick": _RIGHT,
    "middleClick": Allowed(PLACE, _click("middle", 1), PACE),
    "moveTo": Allowed(("x", "y"), _move, PACE),
    "dragTo": Allowed(("x", "y", "button"), _drag_to, PACE),
    "scroll": Allowed(_SCROLL, _scroll(("up", "down"))),
    "hscroll": Allowed(_SCROLL, _scroll(("right", "left"))),
    "press": Allowed(("keys", "presses"), _press, PACE),
    "hotkey": Allowed(("*",), _hotkey),
    "keyDown": Allowed(("key",), _refused(_HELD)),
    "keyUp": Allowed(("key",), _refused(_HELD)),
    "write": Allowed(("message",), _type("message"), PACE),
    "typewrite": Allowed(("message",), _type("message"), PACE),
    "sleep": _WAIT,
    "wait": _WAIT,
    "call_user": Allowed(("content",), _ask),
    "response": Allowed(("answer",), lambda given: {"kind": "done", "answer": _text(given.fields["answer"])}),
    "terminate": Allowed(("status", "info", "answer"), _terminate),
    "swipe": Allowed((*STARTS, *ENDS), _swipe),
    # UI-TARS
    "left_single": _AT,
    "left_double": _DOUBLE,
    "right_single": _RIGHT,
    "hover": Allowed(PLACE, _move),
    "drag": Allowed((*STARTS, *ENDS), _drag),
    "type": Allowed(("content",), _type("content")),
    "finished": Allowed(("content",), _done("content")),
    "long_press": _RIGHT,
    "open_app": _PHONE,
    "press_home": _HOME,
    "press_back": _BACK,
    # UI-Venus; its Type presses Enter afterwards
    "Click": Allowed(PLACE, _click("left", 1)),
    "DoubleClick": _DOUBLE,
    "LongPress": _RIGHT,
    "Hover": Allowed(PLACE, _move),
    "Drag": Allowed((*STARTS, *ENDS), _drag),
    "Scroll": Allowed((*STARTS, *ENDS, "direction", "box"), _scroll(("up", "down"))),
    "Type": Allowed(("content",), _type("content", "\n")),
    "Hotkey": Allowed(("*",), _hotkey),
    "Wait": _WAIT,
    "Finished": Allowed(("content",), _done("content")),
    "CallUser": Allowed(("content",), _ask),
    "Launch": _PHONE,
    "PressBack": _BACK,
    "PressEnter": Allowed((), _key("enter")),
    "PressHome": _HOME,
    "PressRecent": _HOME,
    # AutoGLM
    "do": Allowed(("action", "element", "text", "start", "end", "app", "duration", "message", "instruction"), _do),
    "finish": Allowed(("message",), _done("message")),
}

DONE_BY: dict[str, Callable[[Given], Fields]] = {
    "tap": _element("left", 1),
    "double tap": _element("left", 2),
    # What a finger gets by staying, a mouse gets by its right button.
    "long press": _element("right", 1),
    "type": _type("text"),
    "type_name": _type("text"),
    "swipe": _swipe,
    "back": lambda _: {"kind": "back"},
    "wait": _waited,
    "take_over": lambda given: {"kind": "ask", "question": _text(given.fields.get("message", "")) or given.said},
}

#: Those that a refusal names: enough for whatever a mouse and a keyboard do.
OFFERED = ("click", "doubleClick", "rightClick", "moveTo", "dragTo", "scroll", "press", "hotkey", "write", "wait")

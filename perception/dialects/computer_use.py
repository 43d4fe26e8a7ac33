"""Converts calls of Qwen's tools `computer_use` and `mobile_use`, and of relatives, to actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.call_actions import PHONE_ONLY, clamp_notches, swipe_to_scroll
from handeye.tools.browsergym_aliases import PIXELS_PER_NOTCH
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.dialects.coordinates import CoordinateFrame

Fields = dict[str, Any]

TOOLS = frozenset({"computer_use", "computer", "mobile_use"})


def computer_use_fields(given: Fields, frame: CoordinateFrame) -> Fields:
    """Return the action fields for the arguments of the tool.

    Raises ActionRefused for an unknown action, with a list of the known ones, and for a missing argument.
    """
    name = given.get("action")
    make = ACTIONS.get(name.strip().lower()) if isinstance(name, str) else None
    if make is None:
        raise ActionRefused(f"computer_use has no action {str(name)[:40]!r}; choose one of {', '.join(ACTIONS)}")
    try:
        return make(given, frame)
    except KeyError as error:
        raise ActionRefused(f"computer_use {name} needs {error.args[0]}; give it") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise ActionRefused(f"computer_use {name} was given a value it cannot use ({error}); mend it") from None


def _click(button: str, count: int) -> Callable[[Fields, CoordinateFrame], Fields]:
    def make(given: Fields, frame: CoordinateFrame) -> Fields:
        return {"kind": "click", "target": frame.parse_place(given["coordinate"]), "button": button, "count": count}

    return make


def _move(given: Fields, frame: CoordinateFrame) -> Fields:
    return {"kind": "move", "target": frame.parse_place(given["coordinate"])}


def _drag(given: Fields, frame: CoordinateFrame) -> Fields:
    if "start_coordinate" not in given:
        raise ActionRefused("left_click_drag needs start_coordinate and coordinate; give both ends")
    start, end = frame.parse_place(given["start_coordinate"]), frame.parse_place(given["coordinate"])
    return {"kind": "drag", "start": start, "end": end}


def _key(given: Fields, _: CoordinateFrame) -> Fields:
    keys = given["keys"] if "keys" in given else given["text"]
    if isinstance(keys, list) and not all(isinstance(key, str) for key in keys):
        raise TypeError(f"{str(keys)[:40]} are not names of keys")
    return {"kind": "key", "keys": "+".join(map(str, keys)) if isinstance(keys, list) else str(keys)}


def _scroll(axis: tuple[str, str]) -> Callable[[Fields, CoordinateFrame], Fields]:
    def make(given: Fields, frame: CoordinateFrame) -> Fields:
        if "scroll_direction" in given:
            return _scroll_notches(given, frame)
        pixels = float(given["pixels"])
        # Positive numbers scroll up or right.
        way = axis[0] if pixels > 0 else axis[1]
        made: Fields = {"kind": "scroll", "direction": way, "amount": clamp_notches(pixels / PIXELS_PER_NOTCH)}
        if "coordinate" in given:
            made["target"] = frame.parse_place(given["coordinate"])
        return made

    return make


def _scroll_notches(given: Fields, frame: CoordinateFrame) -> Fields:
    """Convert Anthropic's scroll, which has a direction and a number of notches."""
    made: Fields = {
        "kind": "scroll",
        "direction": str(given["scroll_direction"]).lower(),
        "amount": clamp_notches(float(given.get("scroll_amount", 3))),
    }
    if given.get("coordinate") is not None:
        made["target"] = frame.parse_place(given["coordinate"])
    return made


def _swipe(given: Fields, frame: CoordinateFrame) -> Fields:
    start, end = frame.parse_place(given["coordinate"]), frame.parse_place(given["coordinate2"])
    return swipe_to_scroll(start["point"], end["point"])


def _system_button(given: Fields, _: CoordinateFrame) -> Fields:
    made = BUTTONS.get(str(given["button"]).strip().lower())
    if made is None:
        raise ActionRefused(f"there is no button {str(given['button'])[:40]!r} here: {PHONE_ONLY}")
    return dict(made)


def _refuse_open(_: Fields, __: CoordinateFrame) -> Fields:
    raise ActionRefused(f"apps cannot be opened by name here: {PHONE_ONLY}")


def _absolute(given: Fields, frame: CoordinateFrame) -> Fields:
    return {"kind": "click", "target": {"point": frame.pixel_point_xy(given["x"], given["y"])}}


def _done(given: Fields, _: CoordinateFrame) -> Fields:
    status = str(given.get("status", "success")).lower()
    answer = given.get("text", given.get("info", ""))
    return {"kind": "done", "success": status == "success", "answer": answer}


def _refuse_hold(_: Fields, __: CoordinateFrame) -> Fields:
    raise ActionRefused("buttons and keys cannot be held from one action to the next; use left_click_drag, or key")


#: Buttons of a phone that have an equivalent on a desktop.
BUTTONS: dict[str, Fields] = {
    "back": {"kind": "back"},
    "enter": {"kind": "key", "keys": "enter"},
    "menu": {"kind": "key", "keys": "menu"},
}

ACTIONS: dict[str, Callable[[Fields, CoordinateFrame], Fields]] = {
    "left_click": _click("left", 1),
    "right_click": _click("right", 1),
    "middle_click": _click("middle", 1),
    "double_click": _click("left", 2),
    "triple_click": _click("left", 3),
    "mouse_move": _move,
    "left_click_drag": _drag,
    "type": lambda given, _: {"kind": "type", "text": given["text"]},
    "key": _key,
    "scroll": _scroll(("up", "down")),
    "hscroll": _scroll(("right", "left")),
    "wait": lambda given, _: {"kind": "wait", "seconds": given.get("time", given.get("seconds", 3))},
    "answer": lambda given, _: {"kind": "done", "answer": given["text"]},
    "terminate": _done,
    # mobile_use
    "click": _click("left", 1),
    # A long press opens the context menu, as the right mouse button does.
    "long_press": _click("right", 1),
    "swipe": _swipe,
    "system_button": _system_button,
    "open": _refuse_open,
    # Holo
    "click_absolute": _absolute,
    # Anthropic
    "left_mouse_down": _refuse_hold,
    "left_mouse_up": _refuse_hold,
    "hold_key": _refuse_hold,
    # Fara
    "visit_url": lambda given, _: {"kind": "navigate", "url": given["url"]},
    "history_back": lambda _, __: {"kind": "back"},
}

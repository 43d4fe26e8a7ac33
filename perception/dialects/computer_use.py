"""Qwen's tools `computer_use` and `mobile_use`, whose arguments name a mouse, keyboard or finger action, as ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.call_actions import ELSEWHERE, notches, scrolled
from handeye.tools.browsergym_aliases import PIXELS_PER_NOTCH
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.dialects.coordinates import Picture

Fields = dict[str, Any]

TOOLS = frozenset({"computer_use", "computer", "mobile_use"})


def fields(given: Fields, picture: Picture) -> Fields:
    """The fields of our action for the tool's arguments.

    Raises ActionRefused for an action the tool does not have, listing those it has, and for a missing argument.
    """
    name = given.get("action")
    make = ACTIONS.get(name.strip().lower()) if isinstance(name, str) else None
    if make is None:
        raise ActionRefused(f"computer_use has no action {str(name)[:40]!r}; choose one of {', '.join(ACTIONS)}")
    try:
        return make(given, picture)
    except KeyError as error:
        raise ActionRefused(f"computer_use {name} needs {error.args[0]}; give it") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise ActionRefused(f"computer_use {name} was given a value it cannot use ({error}); mend it") from None


def _click(button: str, count: int) -> Callable[[Fields, Picture], Fields]:
    def make(given: Fields, picture: Picture) -> Fields:
        return {"kind": "click", "target": picture.spelt(given["coordinate"]), "button": button, "count": count}

    return make


def _move(given: Fields, picture: Picture) -> Fields:
    return {"kind": "move", "target": picture.spelt(given["coordinate"])}


def _drag(given: Fields, picture: Picture) -> Fields:
    if "start_coordinate" not in given:
        raise ActionRefused("left_click_drag needs start_coordinate besides coordinate; give both ends")
    start, end = picture.spelt(given["start_coordinate"]), picture.spelt(given["coordinate"])
    return {"kind": "drag", "start": start, "end": end}


def _key(given: Fields, _: Picture) -> Fields:
    keys = given["keys"] if "keys" in given else given["text"]
    if isinstance(keys, list) and not all(isinstance(key, str) for key in keys):
        raise TypeError(f"{str(keys)[:40]} are not names of keys")
    return {"kind": "key", "keys": "+".join(map(str, keys)) if isinstance(keys, list) else str(keys)}


def _scroll(axis: tuple[str, str]) -> Callable[[Fields, Picture], Fields]:
    def make(given: Fields, picture: Picture) -> Fields:
        if "scroll_direction" in given:
            return _turned(given, picture)
        pixels = float(given["pixels"])
        # Positive numbers go up, or right.
        way = axis[0] if pixels > 0 else axis[1]
        made: Fields = {"kind": "scroll", "direction": way, "amount": notches(pixels / PIXELS_PER_NOTCH)}
        if "coordinate" in given:
            made["target"] = picture.spelt(given["coordinate"])
        return made

    return make


def _turned(given: Fields, picture: Picture) -> Fields:
    """Anthropic's scroll: a direction, and how many notches."""
    made: Fields = {
        "kind": "scroll",
        "direction": str(given["scroll_direction"]).lower(),
        "amount": notches(float(given.get("scroll_amount", 3))),
    }
    if given.get("coordinate") is not None:
        made["target"] = picture.spelt(given["coordinate"])
    return made


def _swipe(given: Fields, picture: Picture) -> Fields:
    start, end = picture.spelt(given["coordinate"]), picture.spelt(given["coordinate2"])
    return scrolled(start["point"], end["point"])


def _system_button(given: Fields, _: Picture) -> Fields:
    made = BUTTONS.get(str(given["button"]).strip().lower())
    if made is None:
        raise ActionRefused(f"there is no button {str(given['button'])[:40]!r} here: {ELSEWHERE}")
    return dict(made)


def _open(_: Fields, __: Picture) -> Fields:
    raise ActionRefused(f"apps cannot be opened by name here: {ELSEWHERE}")


def _absolute(given: Fields, picture: Picture) -> Fields:
    return {"kind": "click", "target": {"point": picture.named(given["x"], given["y"])}}


def _done(given: Fields, _: Picture) -> Fields:
    status = str(given.get("status", "success")).lower()
    answer = given.get("text", given.get("info", ""))
    return {"kind": "done", "success": status == "success", "answer": answer}


def _held(_: Fields, __: Picture) -> Fields:
    raise ActionRefused("buttons and keys cannot be held from one action to the next; use left_click_drag, or key")


#: A phone's buttons that a screen of ours has, too.
BUTTONS: dict[str, Fields] = {
    "back": {"kind": "back"},
    "enter": {"kind": "key", "keys": "enter"},
    "menu": {"kind": "key", "keys": "menu"},
}

ACTIONS: dict[str, Callable[[Fields, Picture], Fields]] = {
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
    # What a finger gets by staying, a mouse gets by its right button.
    "long_press": _click("right", 1),
    "swipe": _swipe,
    "system_button": _system_button,
    "open": _open,
    # Holo
    "click_absolute": _absolute,
    # Anthropic
    "left_mouse_down": _held,
    "left_mouse_up": _held,
    "hold_key": _held,
    # Fara
    "visit_url": lambda given, _: {"kind": "navigate", "url": given["url"]},
    "history_back": lambda _, __: {"kind": "back"},
}

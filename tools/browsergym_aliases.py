"""BrowserGym's action names, translated into ours, so that policies and benchmarks written for it can be used.

Names and parameters: the action space of BrowserGym (`click`, `fill`, `mouse_click`, `goto`, …). A `bid` is an element
id and becomes a target's `element`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Fields = dict[str, Any]

#: Pixels that one notch of the wheel scrolls in Chromium.
PIXELS_PER_NOTCH = 100


def _bid(value: Any) -> Fields:
    return {"element": str(value)}


def _modifiers(value: Fields) -> list[str]:
    names = {"control": "ctrl", "controlormeta": "ctrl"}
    return [names.get(str(name).lower(), str(name).lower()) for name in value.get("modifiers", ())]


def _click(count: int) -> Callable[[Fields], Fields]:
    def make(value: Fields) -> Fields:
        at = _bid(value["bid"]) if "bid" in value else [value["x"], value["y"]]
        button = value.get("button", "left")
        return {"kind": "click", "target": at, "button": button, "count": count, "modifiers": _modifiers(value)}

    return make


def _scroll(value: Fields) -> Fields:
    dx, dy = float(value.get("delta_x", 0)), float(value.get("delta_y", 0))
    if (dx == 0) == (dy == 0):
        raise ActionRefused(f"scroll by ({dx:g}, {dy:g}) goes two ways or none; give one of delta_x and delta_y")
    length = dx or dy
    way = ("right" if dx > 0 else "left") if dx else ("down" if dy > 0 else "up")
    made: Fields = {"kind": "scroll", "direction": way, "amount": max(1, round(abs(length) / PIXELS_PER_NOTCH))}
    if "x" in value:
        made["target"] = [value["x"], value["y"]]
    return made


def _options(value: Fields) -> str:
    options = value["options"]
    if isinstance(options, list):
        if len(options) != 1:
            raise ActionRefused(f"select_option was given {len(options)} options; choose one at a time")
        options = options[0]
    return str(options)


def _files(value: Fields) -> list[str]:
    files = value["file"]
    return [str(name) for name in files] if isinstance(files, list) else [str(files)]


BROWSERGYM: dict[str, Callable[[Fields], Fields]] = {
    "click": _click(1),
    "dblclick": _click(2),
    "mouse_click": _click(1),
    "mouse_dblclick": _click(2),
    "check": _click(1),
    "uncheck": _click(1),
    "focus": _click(1),
    "hover": lambda v: {"kind": "move", "target": _bid(v["bid"])},
    "mouse_move": lambda v: {"kind": "move", "target": [v["x"], v["y"]]},
    "fill": lambda v: {"kind": "type", "text": v["value"], "target": _bid(v["bid"]), "clear": True},
    "clear": lambda v: {"kind": "type", "text": "", "target": _bid(v["bid"]), "clear": True},
    "keyboard_type": lambda v: {"kind": "type", "text": v["text"]},
    "keyboard_insert_text": lambda v: {"kind": "type", "text": v["text"]},
    "press": lambda v: {"kind": "key", "keys": v["key_comb"], "target": _bid(v["bid"])},
    "keyboard_press": lambda v: {"kind": "key", "keys": v["key"]},
    "select_option": lambda v: {"kind": "select", "target": _bid(v["bid"]), "option": _options(v)},
    "drag_and_drop": lambda v: {"kind": "drag", "start": _bid(v["from_bid"]), "end": _bid(v["to_bid"])},
    "mouse_drag_and_drop": lambda v: {
        "kind": "drag",
        "start": [v["from_x"], v["from_y"]],
        "end": [v["to_x"], v["to_y"]],
    },
    "scroll": _scroll,
    "scroll_at": _scroll,
    "upload_file": lambda v: {"kind": "upload", "target": _bid(v["bid"]), "paths": _files(v)},
    "mouse_upload_file": lambda v: {"kind": "upload", "target": [v["x"], v["y"]], "paths": _files(v)},
    "goto": lambda v: {"kind": "navigate", "url": v["url"]},
    "go_back": lambda _: {"kind": "back"},
    "go_forward": lambda _: {"kind": "forward"},
    "new_tab": lambda _: {"kind": "tabs", "do": "new"},
    "tab_close": lambda v: {"kind": "tabs", "do": "close", "index": v.get("index", -1)},
    "tab_focus": lambda v: {"kind": "tabs", "do": "switch", "index": v["index"]},
    "noop": lambda v: {"kind": "wait", "seconds": float(v.get("wait_ms", 1000)) / 1000},
    "send_msg_to_user": lambda v: {"kind": "done", "answer": v["text"]},
    "report_infeasible": lambda v: {"kind": "done", "success": False, "answer": v["reason"]},
}


#: Parameters that BrowserGym alone has: they tell apart the kinds that both vocabularies use.
PARAMETERS = frozenset({"bid", "delta_x", "delta_y"})


def from_browsergym(kind: str, fields: Mapping[str, Any]) -> Fields | None:
    """The fields of our action for one of BrowserGym's; None when BrowserGym has no such name.

    Raises ActionRefused for a missing parameter or one of a wrong type.
    """
    make = BROWSERGYM.get(kind)
    if make is None:
        return None
    try:
        return make(dict(fields))
    except KeyError as error:
        given = ", ".join(fields) or "nothing"
        raise ActionRefused(f"{kind} needs {error.args[0]}; it was given {given}") from None
    except (TypeError, ValueError) as error:
        raise ActionRefused(f"{kind} was given a value it cannot use ({error}); see `handeye actions`") from None

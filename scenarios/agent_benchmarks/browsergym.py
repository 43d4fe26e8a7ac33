"""Parses BrowserGym's action strings to handeye's actions, and writes them.

Examples: `click('a12')`, `fill('b3', 'x')`, `mouse_click(10, 20)`, `tab_focus(1)`. The text is parsed and looked up in
a list of allowed calls with literal arguments; it is never executed. Several calls in one text are performed in order.
A bid is an element's id. Source: `browsergym.core.action.functions` of github.com/ServiceNow/BrowserGym.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.tools.actions import (
    Ask,
    Back,
    Click,
    Done,
    Drag,
    Forward,
    Key,
    Move,
    Navigate,
    Scroll,
    Select,
    Tabs,
    Type,
    Upload,
    Wait,
    describe,
    parse_action,
)
from handeye.tools.browser.input import KEYS, MODIFIERS
from handeye.tools.browsergym_aliases import PIXELS_PER_NOTCH
from handeye.tools.errors import ActionRefused
from handeye.tools.keyboard import parse_chord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.tools.actions import Action, Target
    from handeye.tools.element import Element

#: The limit of characters: a longer text is not an action, and parsing it would take long.
MOST_CHARACTERS, MOST_CALLS = 24_000, 50
FENCE = re.compile(r"^\s*```\w*\n|\n?```\s*$")

#: The allowed calls, with their parameters in order.
CALLS: dict[str, tuple[str, ...]] = {
    "noop": ("wait_ms",),
    "send_msg_to_user": ("text",),
    "report_infeasible": ("reason",),
    "fill": ("bid", "value"),
    "clear": ("bid",),
    "check": ("bid",),
    "uncheck": ("bid",),
    "select_option": ("bid", "options"),
    "click": ("bid", "button", "modifiers"),
    "dblclick": ("bid", "button", "modifiers"),
    "hover": ("bid",),
    "press": ("bid", "key_comb"),
    "focus": ("bid",),
    "drag_and_drop": ("from_bid", "to_bid"),
    "upload_file": ("bid", "file"),
    "scroll": ("delta_x", "delta_y"),
    "scroll_at": ("x", "y", "delta_x", "delta_y"),
    "mouse_move": ("x", "y"),
    "mouse_down": ("x", "y", "button"),
    "mouse_up": ("x", "y", "button"),
    "mouse_click": ("x", "y", "button"),
    "mouse_dblclick": ("x", "y", "button"),
    "mouse_drag_and_drop": ("from_x", "from_y", "to_x", "to_y"),
    "mouse_upload_file": ("x", "y", "file"),
    "keyboard_down": ("key",),
    "keyboard_up": ("key",),
    "keyboard_press": ("key",),
    "keyboard_type": ("text",),
    "keyboard_insert_text": ("text",),
    "goto": ("url",),
    "go_back": (),
    "go_forward": (),
    "new_tab": (),
    "tab_close": (),
    "tab_focus": ("index",),
}
#: Arguments in CSS pixels, which are rounded to integers.
PLACES = frozenset({"x", "y", "from_x", "from_y", "to_x", "to_y"})


class BrowserGymCall(NamedTuple):
    """A call with its arguments by name."""

    name: str
    given: dict[str, Any]

    @property
    def point(self) -> tuple[int, int]:
        """Return two arguments as a point."""
        return self.given["x"], self.given["y"]


def read_actions(text: str, elements: Sequence[Element] = (), *, scale: float = 1.0) -> list[Action]:
    """Return the actions that a text means, in order; their targets contain the bids as `element`.

    `elements` tell whether a checkbox is checked already. Coordinates, in CSS pixels, are multiplied by `scale` to
    pixels of the screenshot. Raises ActionRefused, with a sentence for the model, for anything but allowed calls with
    literals.
    """
    calls = [_placed(each, scale) for each in _calls(text)]
    found: list[Action] = []
    held: list[str] = []
    while calls:
        call = calls.pop(0)
        match call.name:
            case "mouse_down":
                found.append(_held_mouse(call, calls))
            case "keyboard_down":
                held.append(str(call.given["key"]))
            case "keyboard_up":
                if call.given["key"] not in held:
                    raise ActionRefused(f"{call.given['key']} is not held; keys are held within one answer only")
                held.remove(call.given["key"])
            case "keyboard_press" if held:
                found.append(parse_action({"kind": "key", "keys": "+".join([*held, call.given["key"]])}))
            case "mouse_up":
                raise ActionRefused("no mouse button is held; a button is held within one answer only")
            case _ if held:
                raise ActionRefused(f"{held[0]} is held while {call.name} is called; hold keys for keyboard_press only")
            case _:
                found += _actions(call, elements)
    if held:
        raise ActionRefused(f"{held[0]} is held at the end; a key is let go in the same answer, or use keyboard_press")
    return found


def resolved(action: Action, elements: Sequence[Element]) -> Action:
    """Return the action with a point in place of every bid. Raises ActionRefused for an unknown bid."""
    update: dict[str, Any] = {}
    by_id = {element.id: element for element in elements}
    for name in ("start", "end", "target"):
        target: Target | None = getattr(action, name, None)
        if target is None or target.point is not None or not target.element:
            continue
        element = by_id.get(target.element)
        if element is None:
            raise ActionRefused(f"no element has the bid {target.element!r}; take one of the last observation")
        update[name] = target.model_copy(update={"point": element.box.centre, "box": element.box})
    return action.model_copy(update=update)


def write_action(action: Action, *, scale: float = 1.0) -> str:
    """Return the action as BrowserGym's calls, one per line: with bids where the target has an element, else with
    coordinates.

    Coordinates are divided by `scale` to CSS pixels. Raises ActionRefused for an action that BrowserGym does not have.
    """
    match action:
        case Click(target=target, button=button, count=1 | 2 as count, modifiers=held):
            return _written(
                {1: "click", 2: "dblclick"}[count], target, scale, *_clicked(target, button, held, describe(action))
            )
        case Move(target=target):
            return _call("hover", target.element) if target.element else _call("mouse_move", *_point(target, scale))
        case Drag(start=start, end=end) if start.element and end.element:
            return _call("drag_and_drop", start.element, end.element)
        case Drag(start=start, end=end, via=via):
            between = [_call("mouse_move", x / scale, y / scale) for x, y in via]
            begin, last = _point(start, scale), _point(end, scale)
            if not between:
                return _call("mouse_drag_and_drop", *begin, *last)
            return "\n".join([_call("mouse_down", *begin), *between, _call("mouse_up", *last)])
        case Type(text=text, target=target, clear=clear):
            return _typed(text, target, clear, scale)
        case Key(keys=keys, count=count, target=target):
            name = _chord(keys)
            if target and target.element:
                return "\n".join([_call("press", target.element, name)] * count)
            before = [_written("click", target, scale)] if target else []
            return "\n".join([*before, *[_call("keyboard_press", name)] * count])
        case Scroll(direction=direction, amount=amount, target=target):
            way = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}[direction]
            turn = _call("scroll", *(step * amount * PIXELS_PER_NOTCH for step in way))
            return "\n".join([*([write_action(Move(target=target), scale=scale)] if target else []), turn])
        case Select(target=target, option=option) if target.element:
            return _call("select_option", target.element, option)
        case Upload(target=target, paths=paths):
            if target.element:
                return _call("upload_file", target.element, list(paths))
            return _call("mouse_upload_file", *_point(target, scale), list(paths))
        case Wait(seconds=seconds, text=""):
            return _call("noop", round(seconds * 1000))
        case Tabs(do="new"):
            return _call("new_tab")
        case Tabs(do="close", index=-1):
            return _call("tab_close")
        case Tabs(do="switch", index=index) if index >= 0:
            return _call("tab_focus", index)
        case Done(success=success, answer=answer):
            return _call("send_msg_to_user" if success else "report_infeasible", answer)
        case _:
            return _plain(action)


def _plain(action: Action) -> str:
    match action:
        case Navigate(url=url):
            return _call("goto", url)
        case Back():
            return _call("go_back")
        case Forward():
            return _call("go_forward")
        case Ask(question=question):
            return _call("send_msg_to_user", question)
    raise ActionRefused(f"BrowserGym has no action for “{describe(action)}”; choose another one")


# Reading


def _calls(text: str) -> list[BrowserGymCall]:
    code = FENCE.sub("", text).strip()
    if len(code) > MOST_CHARACTERS:
        raise ActionRefused(f"the answer has {len(code)} characters, over {MOST_CHARACTERS}; write short calls")
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ActionRefused(f"{code[:60]!r} is no call; write one such as click('a12')") from error
    if not body:
        raise ActionRefused("the answer is empty; write a call such as click('a12')")
    if len(body) > MOST_CALLS:
        raise ActionRefused(f"the answer has {len(body)} calls, over {MOST_CALLS}; do less at a time")
    return [_read(each) for each in body]


def _read(statement: ast.stmt) -> BrowserGymCall:
    node = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS):
        call = ast.unparse(statement)[:60]
        raise ActionRefused(f"{call!r} is not an allowed call; choose one of {', '.join(CALLS)}")
    name, known = node.func.id, CALLS[node.func.id]
    if len(node.args) > len(known) or not all(each.arg in known for each in node.keywords):
        raise ActionRefused(f"{name} takes {', '.join(known) or 'nothing'}; leave out what else was given")
    try:
        values = [ast.literal_eval(each) for each in node.args]
        named = {str(each.arg): ast.literal_eval(each.value) for each in node.keywords}
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise ActionRefused(f"{name} takes numbers, texts and lists only; write them out") from None
    if twice := [each for each in known[: len(values)] if each in named]:
        raise ActionRefused(f"{name} was given {twice[0]} twice; give it once")
    return BrowserGymCall(name, dict(zip(known, values, strict=False)) | named)


def _placed(call: BrowserGymCall, scale: float) -> BrowserGymCall:
    given = dict(call.given)
    optional = {"button", "modifiers", "wait_ms"}
    lacking = [name for name in CALLS[call.name] if name not in given and name not in optional]
    if lacking:
        raise ActionRefused(f"{call.name} needs {lacking[0]}; give it")
    for name in PLACES & set(given):
        if isinstance(given[name], bool) or not isinstance(given[name], int | float) or abs(given[name]) > 1e6:
            raise ActionRefused(f"{call.name}: {name} is {given[name]!r}; give a number of pixels on the page")
        given[name] = round(given[name] * scale)
    if "key" in given and not isinstance(given["key"], str):
        raise ActionRefused(f"{call.name}: key is {given['key']!r}; give a key's name in quotes")
    return BrowserGymCall(call.name, given)


def _held_mouse(down: BrowserGymCall, calls: list[BrowserGymCall]) -> Action:
    """Return the action from a press of a button to its release: a click, or a drag over the points between."""
    button, via = down.given.get("button", "left"), list[tuple[int, int]]()
    while calls and calls[0].name == "mouse_move":
        via.append(calls.pop(0).point)
    if not calls or calls[0].name != "mouse_up" or calls[0].given.get("button", "left") != button:
        raise ActionRefused("mouse_down needs mouse_move and mouse_up after it, in the same answer")
    end = calls.pop(0).point
    if end == down.point and not via:
        return parse_action({"kind": "click", "target": down.point, "button": button})
    if button != "left":
        raise ActionRefused(f"nothing is dragged with the {button} button here; use the left one")
    return parse_action({"kind": "drag", "start": down.point, "end": end, "via": via})


def _actions(call: BrowserGymCall, elements: Sequence[Element]) -> list[Action]:
    given = call.given
    if call.name in ("check", "uncheck"):
        element = next((each for each in elements if each.id == str(given["bid"])), None)
        if element is not None and element.checked is (call.name == "check"):
            return [Wait(seconds=0)]
    if call.name in ("scroll", "scroll_at"):
        try:
            across, down = float(given["delta_x"]), float(given["delta_y"])
        except (TypeError, ValueError):
            raise ActionRefused(f"{call.name} takes pixels; give numbers such as scroll(0, 200)") from None
        at: dict[str, Any] = {name: given[name] for name in ("x", "y") if name in given}
        ways = [each for each in ((across, 0.0), (0.0, down)) if any(each)] or [(0.0, 0.0)]
        return [parse_action({"kind": "scroll", **at, "delta_x": x, "delta_y": y}) for x, y in ways]
    return [parse_action({"kind": call.name, **given})]


# Writing


def _call(name: str, *values: Any) -> str:
    return f"{name}({', '.join(_literal(value) for value in values)})"


def _literal(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _written(name: str, target: Target, scale: float, *more: Any) -> str:
    if target.element:
        return _call(name, target.element, *more)
    return _call(f"mouse_{name}", *_point(target, scale), *more)


def _clicked(target: Target, button: str, held: Sequence[str], call: str) -> list[Any]:
    if held and not target.element:
        raise ActionRefused(f"BrowserGym holds no keys over coordinates, as “{call}” does; aim at an element")
    if held:
        return [button, [MODIFIERS[each] for each in held]]
    return [] if button == "left" else [button]


def _typed(text: str, target: Target | None, clear: bool, scale: float) -> str:
    if target is None:
        before = [_call("keyboard_press", "Control+a"), _call("keyboard_press", "Delete")] if clear else []
        return "\n".join([*before, _call("keyboard_type", text)])
    if clear and target.element:
        return _call("fill", target.element, text)
    first = _written("click", target, scale)
    return "\n".join([first, _typed(text, None, clear, scale)])


def _point(target: Target, scale: float) -> tuple[float, float]:
    if target.point is None:
        raise ActionRefused(f"{target} was not found yet; BrowserGym needs its place or its bid")
    return target.point.x / scale, target.point.y / scale


def _chord(keys: str) -> str:
    held, key = parse_chord(keys)
    return "+".join([*(MODIFIERS[each] for each in held), KEYS.get(key, key)])

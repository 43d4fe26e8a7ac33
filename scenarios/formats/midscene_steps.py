"""Converts a Midscene step, such as `aiTap`, to a step in plain English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class MappedStep(NamedTuple):
    """What a step of a flow became."""

    words: str
    """Empty where there is nothing to do."""
    message: str = ""
    """The message of a check that does not hold."""


class Unmapped(Exception):
    """A step that has no counterpart; the key to point at, and why."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(why)
        self.key = key


#: Of any verb: how Midscene locates and caches, which eyes of our own do their own way.
IGNORED = frozenset({"deepLocate", "deepThink", "cacheable", "domIncluded", "screenshotIncluded"})
GOALS = ("ai", "aiAct", "aiAction")
POINTED = {"aiTap": "click", "aiHover": "hover over", "aiDoubleClick": "double-click", "aiRightClick": "right-click"}
QUERIES = ("aiQuery", "aiString", "aiNumber", "aiBoolean", "aiAsk")
#: Pixels of a notch of a mouse's wheel.
NOTCH = 100
EDGES = {"scrollToBottom": "scroll to the bottom", "untilBottom": "scroll to the bottom",
         "scrollToTop": "scroll to the top", "untilTop": "scroll to the top",
         "scrollToRight": "scroll right by 100 times", "untilRight": "scroll right by 100 times",
         "scrollToLeft": "scroll left by 100 times", "untilLeft": "scroll left by 100 times"}  # fmt: skip
#: A query that gives the shape of its answer in TypeScript's notation: `{name: string}[]`, `string[]`.
SHAPE = re.compile(
    r"\{[^{}]*\w\??\s*:[^{}]*\}|\b(?:string|number|boolean|date|any)\s*\[\s*\]|\bArray\s*<", re.IGNORECASE
)
SEVERAL = "a query for several things has no counterpart here; ask for one thing in words"
ONCE = ("singleAction", "once", None)


def map_step(step: dict[str, Any]) -> MappedStep:
    """The step in plain English. Raises Unmapped, with the key, for what has no counterpart."""
    verb = next((key for key in step if key in VERBS), "")
    if not verb:
        first = next(iter(step), "")
        raise Unmapped(first, f"`{first}` is no step that handeye can do; it knows {', '.join(VERBS)}")
    make, keys = VERBS[verb]
    value = step[verb]
    more = {key: each for key, each in step.items() if key != verb and key not in IGNORED}
    if isinstance(value, dict) and verb not in ("aiQuery",):  # {prompt: …, and what else it takes}
        more = {key: each for key, each in {**value, **more}.items() if key not in IGNORED}
        value = more.pop("prompt", more.pop("locate", None) if verb in POINTED else None)
    for key in more:
        if key not in keys:
            raise Unmapped(key if key in step else verb, f"`{key}` of {verb} has no counterpart here")
    return make(verb, value, more)


def quoted(text: object) -> str:
    """As something typed or a label: in quotes that the text does not hold."""
    value = str(text)
    pairs = (('"', '"'), ("“", "”"), ("«", "»"), ("'", "'"))
    return next((f"{a}{value}{b}" for a, b in pairs if a not in value and b not in value), f'"{value}"')


def _phrase(value: object, verb: str) -> str:
    if isinstance(value, dict):
        if value.get("images"):
            raise Unmapped(verb, "a target given by `images` has no counterpart here; describe it in words")
        value = value.get("prompt")
    text = str(value or "").strip()
    if not text:
        raise Unmapped(verb, f"{verb} says nothing; describe what is meant")
    cut = re.search(r"[,;\n]|\b(?:and|then)\b", text)
    return quoted(text) if cut and not re.search(r"[\"“”«»]", text) else text


def _goal(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:  # noqa: ARG001
    text = str(value or "").strip()
    if not text:
        raise Unmapped(verb, f"{verb} says nothing; write what is to be done")
    return MappedStep(text)


def _pointed(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:
    return MappedStep(f"{POINTED[verb]} {_phrase(value or more.get('locate'), verb)}")


def _input(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:
    # Before there was `value`, the verb itself held the text and `locate` the field.
    text, field = (more["value"], value or more.get("locate")) if "value" in more else (value, more.get("locate"))
    mode = more.get("mode", "replace")
    if not field:
        return MappedStep(f"type {quoted(text)}")
    phrase = _phrase(field, verb)
    if mode == "clear" or text in ("", None):
        return MappedStep(f"clear {phrase}")
    if mode in ("typeOnly", "append"):
        return MappedStep(f"type {quoted(text)} into {phrase}")
    return MappedStep(f"set {phrase} to {quoted(text)}")


def _press(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:
    key, place = (more["keyName"], value or more.get("locate")) if "keyName" in more else (value, more.get("locate"))
    keys = "+".join(str(each) for each in key) if isinstance(key, list) else str(key or "")
    if not keys:
        raise Unmapped(verb, f"{verb} names no key; give keyName, such as Enter")
    return MappedStep(f"press {keys} in {_phrase(place, verb)}" if place else f"press {keys}")


def _scroll(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:
    kind, direction = more.get("scrollType"), more.get("direction", "down")
    place = value or more.get("locate")
    inside = f" in {_phrase(place, verb)}" if place else ""
    if kind in EDGES:
        return MappedStep(EDGES[kind] + inside)
    if kind not in ONCE or direction not in ("up", "down", "left", "right"):
        raise Unmapped(verb, f"scrolling {kind or ''} {direction} has no counterpart here")
    distance = more.get("distance")
    by = f" by {distance} pixels" if isinstance(distance, int | float) and distance else ""
    return MappedStep(f"scroll {direction}{by}{inside}")


def _wait(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:
    seconds = float(more.get("timeout", 15_000)) / 1000
    return MappedStep(f"wait up to {seconds:g} seconds until {_goal(verb, value, more).words}")


def _assert(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:
    return MappedStep(f"check that {_goal(verb, value, more).words}", str(more.get("errorMessage", "")))


def _sleep(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:  # noqa: ARG001
    try:
        seconds = float(value) / 1000
    except (TypeError, ValueError):
        raise Unmapped(verb, f"sleep takes milliseconds, not {value!r}") from None
    return MappedStep(f"wait {seconds:g} seconds") if seconds > 0 else MappedStep("")


def _query(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:
    if isinstance(value, dict):
        raise Unmapped(verb, SEVERAL)
    if SHAPE.search(str(value)):
        raise Unmapped(verb, SEVERAL)
    name = re.sub(r"\W+", "_", str(more.get("name", "")))
    question = _goal(verb, value, more).words
    return MappedStep(f"remember {question} as {name}" if name else f"read {question}")


def _go(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:
    url = str(value or more.get("url") or "").strip()
    if not url:
        raise Unmapped(verb, f"{verb} names no address; give one, such as https://example.com")
    return MappedStep(f"go to {url}")


def _back(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:  # noqa: ARG001
    return MappedStep({"back": "go back", "forward": "go forward", "reload": "reload the page"}[verb])


def _report(verb: str, value: Any, more: dict[str, Any]) -> MappedStep:  # noqa: ARG001
    return MappedStep("")  # every step's picture is in the report


Make = tuple["Callable[[str, Any, dict[str, Any]], MappedStep]", frozenset[str]]
NONE, LOCATE = frozenset[str](), frozenset({"locate"})
VERBS: dict[str, Make] = {
    **dict.fromkeys(GOALS, (_goal, NONE)),
    **dict.fromkeys(POINTED, (_pointed, LOCATE)),
    "aiInput": (_input, frozenset({"value", "locate", "mode", "autoDismissKeyboard"})),
    "aiKeyboardPress": (_press, frozenset({"keyName", "locate"})),
    "aiScroll": (_scroll, frozenset({"scrollType", "direction", "distance", "locate"})),
    "aiWaitFor": (_wait, frozenset({"timeout", "checkIntervalMs"})),
    "aiAssert": (_assert, frozenset({"errorMessage", "name"})),
    **{verb: (_query, frozenset({"name"})) for verb in QUERIES},
    "sleep": (_sleep, NONE),
    "gotoUrl": (_go, frozenset({"url"})),
    **dict.fromkeys(("back", "forward", "reload"), (_back, NONE)),
    "recordToReport": (_report, frozenset({"title", "content"})),
    "logScreenshot": (_report, frozenset({"title", "content"})),
}

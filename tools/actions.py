"""Everything a hand can do: a closed, frozen union tagged by `kind`.

The docstrings are what a model reads (`handeye actions` prints them), so each says what happens, in one sentence.
BrowserGym's names for the same things are accepted as aliases of `kind`, see `parse_action`.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from handeye.tools.browsergym_aliases import PARAMETERS, from_browsergym
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from collections.abc import Mapping

# Control characters cannot be typed or displayed, except tab and line feed.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$", max_length=20_000)]
Modifier = Literal["ctrl", "shift", "alt", "meta"]


#: What the journal, the trace and the checkpoint can hold: SQLite's integers have 64 bits, and UTF-8 no surrogates.
MOST_INTEGER = 2**63 - 1
#: Of one action: the levels, the values and the characters of everything in it.
MOST_DEPTH, MOST_VALUES, MOST_CHARACTERS = 20, 10_000, 200_000
#: No screen has a pixel further from its corner than this.
FURTHEST = 1_000_000
UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def check_storable(value: Any) -> None:
    """Raise ValueError for a value that could not be stored, or not be read back as it was.

    That are integers beyond 64 bits, numbers that are not finite, lone surrogates and control characters in a text or
    a name, and more levels, values or characters than one action has.
    """
    pending, count, characters = [(value, 0)], 0, 0
    while pending:
        item, depth = pending.pop()
        count += 1
        if count > MOST_VALUES or depth > MOST_DEPTH:
            raise ValueError(f"it holds more than {MOST_VALUES} values or {MOST_DEPTH} levels; give less at a time")
        if isinstance(item, str):
            characters += len(item)
            if characters > MOST_CHARACTERS:
                raise ValueError(f"it holds more than {MOST_CHARACTERS} characters; give less at a time")
            if found := UNSTORABLE.search(item):
                raise ValueError(f"a text holds U+{ord(found[0]):04X}, which cannot be typed or stored; leave it out")
        elif isinstance(item, int) and not -MOST_INTEGER - 1 <= item <= MOST_INTEGER:
            raise ValueError("an integer must lie between -2^63 and 2^63 - 1; write a larger one as text")
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError(f"a number must be finite, got {item}; give one that is")
        elif isinstance(item, dict):
            pending += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, (list, tuple)):
            pending += [(part, depth + 1) for part in item]


class Frozen(BaseModel):
    """The base of all actions: immutable, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        check_storable(value)
        return value


class Target(Frozen):
    """What an action aims at. Written as words ("the Save button"), a point [x, y], or both once it was found."""

    phrase: Text = ""
    """In words; empty when only a point was given."""
    point: Point | None = None
    """In pixels of the screenshot the action was chosen on."""
    element: str = ""
    """The id of the element under the point, when one is known."""
    box: Box | None = None
    """The box that was found, in pixels of the same screenshot."""

    @model_validator(mode="before")
    @classmethod
    def _words_or_point(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"phrase": value}
        if isinstance(value, (list, tuple)) and len(value) == 2:
            return {"point": value}
        return value

    @field_validator("point", "box")
    @classmethod
    def _near(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and any(abs(each) > FURTHEST for each in value):
            raise ValueError(f"a coordinate must lie between -{FURTHEST} and {FURTHEST} pixels; give one on the screen")
        return value

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.phrase.strip() or self.point or self.element):
            raise ValueError("a target needs words or a point")
        return self

    def __str__(self) -> str:
        if self.phrase:
            return f"“{self.phrase}”"
        return f"({self.point.x}, {self.point.y})" if self.point else self.element


class Click(Frozen):
    """Press a mouse button on something: once, or `count` times; hold `modifiers` meanwhile."""

    kind: Literal["click"] = "click"
    target: Target
    button: Literal["left", "middle", "right"] = "left"
    count: Annotated[int, Field(ge=1, le=3)] = 1
    modifiers: tuple[Modifier, ...] = ()


class Move(Frozen):
    """Move the mouse over something without pressing, to open a hover menu or a tooltip."""

    kind: Literal["move"] = "move"
    target: Target


class Drag(Frozen):
    """Press the left button on `start`, move to `end`, and let go there."""

    kind: Literal["drag"] = "drag"
    start: Target
    end: Target
    via: SkipJsonSchema[tuple[Point, ...]] = ()
    """Passed on the way, in pixels of the screenshot; for scripts: models are not offered it."""


class Type(Frozen):
    """Type text where the keyboard is, or into `target` after clicking it; `clear` replaces what it held."""

    kind: Literal["type"] = "type"
    text: Text
    target: Target | None = None
    clear: bool = False


class Key(Frozen):
    """Press a key or a chord, such as "enter", "ctrl+s" or "alt+f4", `count` times; `target` gets the focus first."""

    kind: Literal["key"] = "key"
    keys: Annotated[str, StringConstraints(pattern=r"^\S{1,40}$")]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    target: Target | None = None


class Scroll(Frozen):
    """Turn the wheel by `amount` notches over something, or over the middle of the screen."""

    kind: Literal["scroll"] = "scroll"
    direction: Literal["up", "down", "left", "right"] = "down"
    amount: Annotated[int, Field(ge=1, le=100)] = 3
    target: Target | None = None


class Wait(Frozen):
    """Wait some seconds, or until the screen shows `text` (then `seconds` is the longest to wait)."""

    kind: Literal["wait"] = "wait"
    seconds: Annotated[float, Field(ge=0, le=600)] = 5.0
    text: Text = ""


class Zoom(Frozen):
    """Look at something more closely; the next picture shows only its surroundings, enlarged."""

    kind: Literal["zoom"] = "zoom"
    target: Target


class Navigate(Frozen):
    """Open a web address in the current tab."""

    kind: Literal["navigate"] = "navigate"
    url: Annotated[str, StringConstraints(min_length=1, max_length=8000)]


class Back(Frozen):
    """Go to the previous page."""

    kind: Literal["back"] = "back"


class Forward(Frozen):
    """Go to the next page, after going back."""

    kind: Literal["forward"] = "forward"


class Reload(Frozen):
    """Load the page anew."""

    kind: Literal["reload"] = "reload"


class Tabs(Frozen):
    """Open, close or switch to a browser tab; `index` counts from 0, and -1 is the last."""

    kind: Literal["tabs"] = "tabs"
    do: Literal["new", "switch", "close"]
    index: Annotated[int, Field(ge=-1, le=999)] = -1


class Window(Frozen):
    """Bring the window of a title, or of a part of it, to the front (`focus`: with the keyboard), or close it."""

    kind: Literal["window"] = "window"
    do: Literal["focus", "raise", "close"]
    title: Annotated[Text, Field(min_length=1)]


class Select(Frozen):
    """Choose an option of a drop-down list by its text."""

    kind: Literal["select"] = "select"
    target: Target
    option: Text


class Upload(Frozen):
    """Give files to a file field or an upload button."""

    kind: Literal["upload"] = "upload"
    target: Target
    paths: Annotated[tuple[Text, ...], Field(min_length=1)]


class Extract(Frozen):
    """Read something off the screen into the answer, such as "the order number"; `target` says where it stands."""

    kind: Literal["extract"] = "extract"
    what: Text
    target: Target | None = None


class Remember(Frozen):
    """Keep a fact for later steps, under a short name."""

    kind: Literal["remember"] = "remember"
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    text: Text


class Call(Frozen):
    """Use one of the tools listed below, with its `arguments` by name; its result is part of the step."""

    kind: Literal["call"] = "call"
    tool: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class Ask(Frozen):
    """Ask the person a question, when the goal leaves something open or needs their consent."""

    kind: Literal["ask"] = "ask"
    question: Annotated[Text, Field(min_length=1)]


class Done(Frozen):
    """End the run: the goal is reached, or (with `success` false) cannot be; `answer` says what was found."""

    kind: Literal["done"] = "done"
    success: bool = True
    answer: Text = ""


Action = Annotated[
    Click
    | Move
    | Drag
    | Type
    | Key
    | Scroll
    | Wait
    | Zoom
    | Navigate
    | Back
    | Forward
    | Reload
    | Tabs
    | Window
    | Select
    | Upload
    | Extract
    | Remember
    | Call
    | Ask
    | Done,
    Field(discriminator="kind"),
]

ACTIONS: tuple[type[Frozen], ...] = get_args(get_args(Action)[0])
KINDS: dict[str, type[Frozen]] = {model.model_fields["kind"].default: model for model in ACTIONS}
ADAPTER: TypeAdapter[Any] = TypeAdapter(Action)

#: Those that a device performs; the others (zoom, extract, remember, call, ask, done) the loop does itself.
HAND_KINDS = frozenset(KINDS) - {"zoom", "extract", "remember", "call", "ask", "done"}


def parse_action(value: Mapping[str, Any]) -> Action:
    """An action from its JSON form, under our names or BrowserGym's.

    Raises ActionRefused, naming the permitted kinds or the wrong field, in words that can go back to a model.
    """
    fields = dict(value)
    kind = fields.get("kind")
    if not isinstance(kind, str) or kind not in KINDS or PARAMETERS & set(fields):
        rest = {name: each for name, each in fields.items() if name != "kind"}
        translated = from_browsergym(kind, rest) if isinstance(kind, str) else None
        if translated is None:
            raise ActionRefused(f"no action is called {str(kind)[:60]!r}; choose one of {', '.join(KINDS)}")
        fields = translated
    try:
        action: Action = ADAPTER.validate_python(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part not in KINDS) or "the action"
        raise ActionRefused(f"{fields.get('kind')}: {where}: {first['msg']}; see `handeye actions`") from None
    return action


def targets(action: Action) -> dict[str, Target]:
    """The action's targets by field name, in the order the hand meets them."""
    found = {name: getattr(action, name) for name in ("start", "end", "target") if hasattr(action, name)}
    return {name: target for name, target in found.items() if target is not None}


def same_aim(one: Action, two: Action) -> bool:
    """Whether two actions do the same to the same thing, as far as their words tell; how a field is cleared is no
    difference."""
    aims = {"start", "end", "target"}
    if one.model_dump(exclude=aims | {"clear"}) != two.model_dump(exclude=aims | {"clear"}):
        return False
    ours, theirs = targets(one), targets(two)
    return ours.keys() == theirs.keys() and all(
        (ours[name].element and ours[name].element == theirs[name].element)
        or (ours[name].phrase == theirs[name].phrase if ours[name].phrase else ours[name].point == theirs[name].point)
        for name in ours
    )


def describe(action: Action) -> str:
    """The action as a person would say it, on one line."""
    match action:
        case Click(target=target, button=button, count=count, modifiers=modifiers):
            verb = {1: "click", 2: "double-click", 3: "triple-click"}[count]
            held = "".join(f"{modifier}+" for modifier in modifiers)
            return f"{held}{'' if button == 'left' else button + ' '}{verb} {target}"
        case Move(target=target):
            return f"move to {target}"
        case Drag(start=start, end=end, via=via):
            return f"drag {start} {''.join(f'over ({x}, {y}) ' for x, y in via)}to {end}"
        case Type(text=text, target=target, clear=clear):
            if clear:
                return f"fill {target} with “{text}”" if target else f"replace what is there by “{text}”"
            return f"type “{text}”{f' in {target}' if target else ''}"
        case Key(keys=keys, count=count, target=target):
            times = f" {count} times" if count > 1 else ""
            return f"press {keys}{times}{f' on {target}' if target else ''}"
        case Scroll(direction=direction, amount=amount, target=target):
            return f"scroll {direction} by {amount}{f' over {target}' if target else ''}"
        case Wait(seconds=seconds, text=text):
            return f"wait until “{text}” shows, at most {seconds:g} s" if text else f"wait {seconds:g} s"
        case Zoom(target=target):
            return f"look closer at {target}"
        case Navigate(url=url):
            return f"open {url}"
        case Tabs(do=do, index=index):
            return f"{do} tab{'' if do == 'new' else f' {index}'}"
        case Window(do=do, title=title):
            return f"{do} the window “{title}”"
        case Select(target=target, option=option):
            return f"choose “{option}” in {target}"
        case Upload(target=target, paths=paths):
            return f"give {', '.join(paths)} to {target}"
        case Extract(what=what, target=target):
            return f"read {what}{f' at {target}' if target else ''}"
        case Remember(name=name, text=text):
            return f"remember {name}: “{text}”"
        case Call(tool=tool, arguments=arguments):
            # Whole, as JSON: a person who allows a call allows these arguments and no others.
            texts = (f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
            return f"use {tool}{' with ' if arguments else ''}{', '.join(texts)}"
        case Ask(question=question):
            return f"ask “{question}”"
        case Done(success=success, answer=answer):
            return f"{'done' if success else 'give up'}{f': {answer}' if answer else ''}"
        case _:
            return str(action.kind)

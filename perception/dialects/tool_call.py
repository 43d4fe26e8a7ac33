"""Parses actions written as JSON, in `<tool_call>` or alone: handeye's own form, and those of other tools."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.computer_use import ACTIONS, TOOLS, computer_use_fields
from handeye.perception.dialects.coordinates import PLACES
from handeye.perception.dialects.reasoning import one_line_reasoning
from handeye.perception.dialects.tagged_calls import FUNCTION, NAMED, parse_tagged_call
from handeye.tools.actions import KINDS
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from handeye.perception.dialects.coordinates import CoordinateFrame

OPEN = "<tool_call>"
#: The start of a call, also as Qwen3-Coder and Gemma 4 may write it.
CALL_START = re.compile(r"<tool_call>|<\|tool_call>|(?=<function=[\w.-]{1,80}>)")
REASONING_KEYS = ("thought", "think", "reason", "reasoning", "rationale", "conclusion")
ARGUMENT_KEYS = ("arguments", "args", "parameters", "params", "input")
NAME_KEYS = ("function", "name", "action", "tool", "type")
#: The most opening braces that are tried as the start of an action.
MOST_OBJECTS = 24


class TooDeep(ActionRefused):
    """The JSON is nested too deeply to be parsed."""


def parse_tool_call(text: str, frame: CoordinateFrame) -> tuple[str, dict[str, Any]] | None:
    """Return reasoning and action fields of the first `<tool_call>`; None without one."""
    opened = CALL_START.search(text)
    if not opened:
        return None
    before, rest = text[: opened.start()], text[opened.end() :]
    name = FUNCTION.match(rest) or NAMED.match(rest)
    if call := parse_tagged_call(rest, typed=bool(name and name[1] in frame.tools)):
        return _to_action_fields(call, before, frame)
    start = rest.find("{")
    if start < 0:
        raise ActionRefused(f"the tool call holds no JSON object; write {OPEN}" + '{"kind": …}</tool_call>')
    return _to_action_fields(_decode_object(rest[start:]), before, frame)


def parse_json_object(text: str, frame: CoordinateFrame) -> tuple[str, dict[str, Any]] | None:
    """Return reasoning and action fields of the first JSON object that is an action; None without one."""
    place, broken = -1, None
    for _ in range(MOST_OBJECTS):
        place = text.find("{", place + 1)
        if place < 0:
            break
        try:
            value = _decode_object(text[place:])
        except TooDeep as error:
            raise broken or error from None  # the objects inside of it are as deep and take as long
        except ActionRefused as error:
            broken = broken or error
            continue
        if any(name in value for name in ("kind", *NAME_KEYS)):
            return _to_action_fields(value, text[:place], frame)
    if broken and re.search(r'"(?:kind|name|action)"', text):
        raise broken
    return None


def _to_action_fields(value: dict[str, Any], before: str, frame: CoordinateFrame) -> tuple[str, dict[str, Any]]:
    reasoning = next((str(value[name]) for name in REASONING_KEYS if isinstance(value.get(name), str)), "")
    kind, fields = _unwrap({name: item for name, item in value.items() if name not in REASONING_KEYS})
    if kind in frame.tools:  # a custom tool, called by its own name
        return reasoning or one_line_reasoning(before), {"kind": "call", "tool": kind, "arguments": fields}
    if kind == "call" and isinstance(fields.get("arguments"), str):
        fields["arguments"] = _decode_object(fields["arguments"].strip() or "{}")
    reasoning = reasoning or next(
        (str(fields.pop(name)) for name in REASONING_KEYS if isinstance(fields.get(name), str)), ""
    )
    return reasoning or one_line_reasoning(before), _convert_fields(kind, fields, frame)


def _unwrap(value: dict[str, Any], depth: int = 0) -> tuple[str, dict[str, Any]]:
    """Return the kind and the fields of an action, whatever objects its name and its arguments are wrapped in."""
    if isinstance(value.get("kind"), str):
        return value["kind"], {name: item for name, item in value.items() if name != "kind"}
    if depth and len(value) == 1:
        ((key, item),) = value.items()
        if key in KINDS and isinstance(item, dict):
            return key, dict(item)  # browser-use: `{"click": {"point": [500, 400]}}`
    named = next((name for name in ("kind", *NAME_KEYS) if name in value), None)
    name = value[named] if named else None
    if isinstance(name, list) and name and isinstance(name[0], dict):
        name = name[0]  # a list of actions: only the first is used, because its effect is not known yet
    if isinstance(name, dict) and depth < 3:
        return _unwrap(name, depth + 1)
    if not isinstance(name, str):
        raise ActionRefused('the JSON names no action; write {"kind": "click", "target": …}')
    for key in ARGUMENT_KEYS:
        if key in value:
            arguments = value[key]
            if isinstance(arguments, str):
                arguments = _decode_object(arguments.strip() or "{}")
            if not isinstance(arguments, dict):
                raise ActionRefused(f"the {key} of {name[:40]} are not a JSON object; write them as one")
            return name, dict(arguments)
    return name, {key: item for key, item in value.items() if key != named}


def _convert_fields(kind: str, fields: dict[str, Any], frame: CoordinateFrame) -> dict[str, Any]:
    """Return the fields of an action, with points in pixels of the screenshot."""
    fields = {name: item for name, item in fields.items() if item is not None}
    if kind in TOOLS:
        batch = fields.get("actions")
        if "action" not in fields and isinstance(batch, list) and batch and isinstance(batch[0], dict):
            fields = {name: item for name, item in batch[0].items() if item is not None}
            fields.setdefault("action", fields.get("type"))
        return computer_use_fields(fields, frame)
    plain = kind.strip().lower()
    if plain not in KINDS:
        if plain in ACTIONS:
            return computer_use_fields({**fields, "action": plain}, frame)
        return {**_browsergym_fields(fields, frame), "kind": kind}
    known = KINDS[plain].model_fields
    for name in ("target", "start", "end"):
        if name in known and name in fields:
            fields[name] = frame.parse_target(fields[name])
    if "target" in known and "target" not in fields:
        for name in PLACES:
            if name in fields:
                place = fields.pop(name)
                fields["target"] = frame.parse_place(place) if isinstance(place, str) else frame.parse_target(place)
                break
        else:
            if "x" in fields and "y" in fields:
                fields["target"] = {"point": frame.pixel_point_xy(fields.pop("x"), fields.pop("y"))}
    if plain == "key" and isinstance(fields.get("keys"), list):
        fields["keys"] = "+".join(str(key) for key in fields["keys"])
    return {**fields, "kind": plain}


def _browsergym_fields(fields: dict[str, Any], frame: CoordinateFrame) -> dict[str, Any]:
    """Return the fields of a BrowserGym action, with its coordinates in pixels of the screenshot."""
    made = dict(fields)
    for across, down in (("x", "y"), ("from_x", "from_y"), ("to_x", "to_y")):
        if across in made and down in made:
            made[across], made[down] = frame.pixel_point_xy(made[across], made[down])
    return made


def _decode_object(text: str) -> dict[str, Any]:
    """Return the JSON object at the start of a text; raises ActionRefused when there is no whole object."""
    try:
        value, _ = DECODER.raw_decode(text)
    except RecursionError:
        raise TooDeep("the JSON of the action is nested too deeply; write one flat object") from None
    except ValueError as error:
        reason = str(error)[:100]
        raise ActionRefused(f"the JSON of the action cannot be read ({reason}); write one whole object") from None
    if not isinstance(value, dict):
        raise ActionRefused("the JSON of the action is not an object; write {…}")
    return value


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large")
    return number


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number")


DECODER = json.JSONDecoder(parse_float=_finite_number, parse_constant=_refuse_constant, strict=False)

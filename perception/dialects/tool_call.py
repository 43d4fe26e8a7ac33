"""Actions as JSON, in `<tool_call>` or bare: our own, `{"name": …, "arguments": …}`, and those of Qwen's tools."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects import computer_use, tagged
from handeye.perception.dialects.coordinates import PLACES
from handeye.perception.dialects.thought import thought_of
from handeye.tools.actions import KINDS
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from handeye.perception.dialects.coordinates import Picture

OPEN = "<tool_call>"
#: The same, as Qwen3-Coder and Gemma 4 may write it.
OPENS = re.compile(r"<tool_call>|<\|tool_call>|(?=<function=[\w.-]{1,80}>)")
THOUGHTS = ("thought", "think", "reason", "reasoning", "rationale", "conclusion")
ARGUMENTS = ("arguments", "args", "parameters", "params", "input")
NAMES = ("function", "name", "action", "tool", "type")
#: So many opening braces of bare text are tried as the start of an action.
TRIES = 24


class TooDeep(ActionRefused):
    """JSON deeper than can be read."""


def read(text: str, picture: Picture) -> tuple[str, dict[str, Any]] | None:
    """Thought and action fields of the first `<tool_call>`; None when there is none."""
    opened = OPENS.search(text)
    if not opened:
        return None
    before, rest = text[: opened.start()], text[opened.end() :]
    name = tagged.FUNCTION.match(rest) or tagged.NAMED.match(rest)
    if call := tagged.call_in(rest, typed=bool(name and name[1] in picture.tools)):
        return _understood(call, before, picture)
    start = rest.find("{")
    if start < 0:
        raise ActionRefused(f"the tool call holds no JSON object; write {OPEN}" + '{"kind": …}</tool_call>')
    return _understood(_decode(rest[start:]), before, picture)


def read_bare(text: str, picture: Picture) -> tuple[str, dict[str, Any]] | None:
    """Thought and action fields of the first JSON object that is an action; None when there is none."""
    place, broken = -1, None
    for _ in range(TRIES):
        place = text.find("{", place + 1)
        if place < 0:
            break
        try:
            value = _decode(text[place:])
        except TooDeep as error:
            raise broken or error from None  # what it holds is as deep, and takes as long
        except ActionRefused as error:
            broken = broken or error
            continue
        if any(name in value for name in ("kind", *NAMES)):
            return _understood(value, text[:place], picture)
    if broken and re.search(r'"(?:kind|name|action)"', text):
        raise broken
    return None


def _understood(value: dict[str, Any], before: str, picture: Picture) -> tuple[str, dict[str, Any]]:
    thought = next((str(value[name]) for name in THOUGHTS if isinstance(value.get(name), str)), "")
    kind, fields = _flat({name: item for name, item in value.items() if name not in THOUGHTS})
    if kind in picture.tools:  # called by its own name, as models are taught to
        return thought or thought_of(before), {"kind": "call", "tool": kind, "arguments": fields}
    if kind == "call" and isinstance(fields.get("arguments"), str):
        fields["arguments"] = _decode(fields["arguments"].strip() or "{}")
    thought = thought or next((str(fields.pop(name)) for name in THOUGHTS if isinstance(fields.get(name), str)), "")
    return thought or thought_of(before), _fields(kind, fields, picture)


def _flat(value: dict[str, Any], depth: int = 0) -> tuple[str, dict[str, Any]]:
    """Kind and fields of an action, however its name and its arguments are wrapped."""
    if isinstance(value.get("kind"), str):
        return value["kind"], {name: item for name, item in value.items() if name != "kind"}
    if depth and len(value) == 1:
        ((key, item),) = value.items()
        if key in KINDS and isinstance(item, dict):
            return key, dict(item)  # browser-use: `{"click": {"point": [500, 400]}}`
    named = next((name for name in ("kind", *NAMES) if name in value), None)
    name = value[named] if named else None
    if isinstance(name, list) and name and isinstance(name[0], dict):
        name = name[0]  # a list of actions: what follows the first was chosen before its effect was seen
    if isinstance(name, dict) and depth < 3:
        return _flat(name, depth + 1)
    if not isinstance(name, str):
        raise ActionRefused('the JSON names no action; write {"kind": "click", "target": …}')
    for key in ARGUMENTS:
        if key in value:
            arguments = value[key]
            if isinstance(arguments, str):
                arguments = _decode(arguments.strip() or "{}")
            if not isinstance(arguments, dict):
                raise ActionRefused(f"the {key} of {name[:40]} are not a JSON object; write them as one")
            return name, dict(arguments)
    return name, {key: item for key, item in value.items() if key != named}


def _fields(kind: str, fields: dict[str, Any], picture: Picture) -> dict[str, Any]:
    """The fields of one of our actions, points in pixels."""
    fields = {name: item for name, item in fields.items() if item is not None}
    if kind in computer_use.TOOLS:
        batch = fields.get("actions")
        if "action" not in fields and isinstance(batch, list) and batch and isinstance(batch[0], dict):
            fields = {name: item for name, item in batch[0].items() if item is not None}
            fields.setdefault("action", fields.get("type"))
        return computer_use.fields(fields, picture)
    plain = kind.strip().lower()
    if plain not in KINDS:
        if plain in computer_use.ACTIONS:
            return computer_use.fields({**fields, "action": plain}, picture)
        return {**_pairs(fields, picture), "kind": kind}
    wanted = KINDS[plain].model_fields
    for name in ("target", "start", "end"):
        if name in wanted and name in fields:
            fields[name] = picture.target(fields[name])
    if "target" in wanted and "target" not in fields:
        for name in PLACES:
            if name in fields:
                place = fields.pop(name)
                fields["target"] = picture.spelt(place) if isinstance(place, str) else picture.target(place)
                break
        else:
            if "x" in fields and "y" in fields:
                fields["target"] = {"point": picture.named(fields.pop("x"), fields.pop("y"))}
    if plain == "key" and isinstance(fields.get("keys"), list):
        fields["keys"] = "+".join(str(key) for key in fields["keys"])
    return {**fields, "kind": plain}


def _pairs(fields: dict[str, Any], picture: Picture) -> dict[str, Any]:
    """BrowserGym's fields with its pairs of coordinates in pixels."""
    made = dict(fields)
    for across, down in (("x", "y"), ("from_x", "from_y"), ("to_x", "to_y")):
        if across in made and down in made:
            made[across], made[down] = picture.named(made[across], made[down])
    return made


def _decode(text: str) -> dict[str, Any]:
    """The JSON object at the start of a text; ActionRefused when it is cut short, too deep or none."""
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


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large")
    return number


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number")


DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant, strict=False)

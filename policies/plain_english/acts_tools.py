"""Using custom tools: “use stock with article "lamp", most 3”."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.acts_forms import spoken
from handeye.policies.plain_english.moment import Fail, Moment, Next, Step
from handeye.tools.actions import Call
from handeye.tools.custom_tools import signature

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handeye.policies.decision import PolicyInput
    from handeye.tools.custom_tools import Tool


def use_tool(clause: c.UseTool, moment: Moment) -> Step:
    """Call the tool of the clause."""
    last = moment.last
    if moment.progress.stage == "used" and last and not moment.refused:
        # The evidence of an interrupted call is its error; its effect is unknown.
        if moment.failed or (last.outcome.kind == "unknown" and last.outcome.evidence == last.result):
            return Fail(last.result)
        moment.progress.answers.append([clause.tool, last.result])
        moment.progress.it = last.result
        return Next()
    tool = next((each for each in moment.task.tools if each.name == clause.tool), None)
    if tool is None:
        return Fail(missing([clause], moment.task))
    fields = tool.schema.get("properties") or {}
    given: dict[str, Any] = {}
    for name, text, quoted in clause.arguments:
        key = name if name in fields else name.replace(" ", "_")
        if key not in fields:
            return Fail(f"the tool {tool.name} takes {signature(tool.schema)}, and no {name}")
        given[key] = _value(spoken(text, moment, not quoted), quoted, fields[key], tool)
    return moment.do(Call(tool=tool.name, arguments=given), f"use {tool.name}", "used")


def missing(program: Iterable[c.Clause], task: PolicyInput) -> str:
    """What to say of the tools that a goal names and the run has not; empty when it has all of them."""
    names = [each.name for each in task.tools]
    lacking = {each.tool for each in program if isinstance(each, c.UseTool) and each.tool not in names}
    if not lacking:
        return ""
    there = f"there are: {', '.join(names)}" if names else "there are none"
    return f"no tool of this run is called {', '.join(sorted(lacking))}; {there}; name tools with --tool"


def _value(text: str, quoted: bool, schema: Any, tool: Tool) -> Any:
    """A value as the tool's schema wants it: what stands without quotes may be a number or true or false."""
    kinds = _kinds(schema, tool.schema.get("$defs") or {})
    if quoted and not kinds & {"array", "object"}:
        return text
    if not quoted and "string" in kinds and not kinds & {"integer", "number", "boolean"}:
        return text
    if not quoted and not re.fullmatch(r"-?\d+(?:\.\d+)?|true|false|null", text):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _kinds(schema: Any, definitions: dict[str, Any]) -> set[str]:
    """The JSON types that a schema takes, as far as it says so itself."""
    if not isinstance(schema, dict):
        return set()
    if name := str(schema.get("$ref", "")).rpartition("/")[2]:
        return _kinds({**definitions.get(name, {}), "$ref": ""}, definitions)
    inner = [_kinds(each, definitions) for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))]
    kind = schema.get("type", ())
    return {kind} if isinstance(kind, str) else set(kind).union(*inner)

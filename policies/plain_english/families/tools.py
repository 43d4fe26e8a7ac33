"""Calling custom tools."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Value

family = Family("Use tools")


@family.frame(
    "use|call|run [the] tool <name:word> [with <arguments>]",
    "use|call|run [the] <name:word> tool [with <arguments>]",
    "use|call|run <name:word> with <arguments>",
)
def use_tool(name: Value, arguments: tuple[tuple[str, str, bool], ...] = ()) -> Made:
    """Call a tool."""
    if not name.quoted and name.text.lower() in ("the", "a", "an", "it"):
        return None
    return c.UseTool(tool=name.text, arguments=arguments)


family.examples.update({
    'use stock with article "lamp", most 3': "UseTool(tool='stock', arguments=(('article', 'lamp', True), ('most', '3', False)))",
})  # fmt: skip

"""Explicit English names a tool and gives it arguments, which are what its schema wants."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from handeye.policies.plain_english import clauses as c
from handeye.policies.plain_english import parse
from handeye.policies.plain_english.acts_tools import _value
from handeye.tools.custom_tools import tool


@pytest.mark.parametrize(
    ("goal", "name", "arguments"),
    [
        ('use stock with article "lamp", most 3', "stock", [("article", "lamp", True), ("most", "3", False)]),
        ('use stock with article "lamp" and count 2', "stock", [("article", "lamp", True), ("count", "2", False)]),
        ('use stock with order="b 7", search: "x", and most=-2.5', "stock",
         [("order", "b 7", True), ("search", "x", True), ("most", "-2.5", False)]),
        ('call the tool files.read with path "a, b and c", all true', "files.read",
         [("path", "a, b and c", True), ("all", "true", False)]),
        ("use the stock tool", "stock", []),
        ("run the tool warehouse-stock", "warehouse-stock", []),
        ("use mail with to ada@example.org", "mail", [("to", "ada@example.org", False)]),
    ],
)  # fmt: skip
def test_a_tool_is_named_with_its_arguments(goal: str, name: str, arguments: list[Any]) -> None:
    assert parse(f'click "Save", {goal}, then click "Done"')[1:] == [
        c.UseTool(tool=name, arguments=tuple(arguments)),
        c.ClickOn(target='"Done"'),
    ]


def test_a_step_after_the_arguments_is_a_step() -> None:
    made = parse('use stock with article "lamp" and type "x" and press 3')
    assert [type(each) for each in made] == [c.UseTool, c.Write, c.PressKeys]


@pytest.mark.parametrize("goal", ['use coupon with "SAVE10"', "use the enter key", 'use the "Save" button'])
def test_what_names_no_arguments_is_no_tool(goal: str) -> None:
    assert not any(isinstance(each, c.UseTool) for each in parse(goal))


class Place(BaseModel):
    city: str


@tool
def everything(
    text: str, number: int, share: float | None, on: bool, either: int | str, names: list[str], place: Place,
    day: Literal["monday"], many: list[int] | None = None,
) -> str:  # fmt: skip
    """Take everything."""
    return text


@pytest.mark.parametrize(
    ("name", "text", "quoted", "value"),
    [
        ("text", "3", False, "3"),
        ("text", "true", True, "true"),
        ("number", "3", False, 3),
        ("number", "3", True, "3"),  # pydantic makes a number of it
        ("share", "-2.5", False, -2.5),
        ("share", "null", False, None),
        ("on", "true", False, True),
        ("either", "3", False, 3),
        ("names", '["a", "b"]', True, ["a", "b"]),
        ("names", "a, b", True, "a, b"),
        ("place", '{"city": "Ulm"}', True, {"city": "Ulm"}),
        ("many", "[1]", True, [1]),
        ("day", "monday", False, "monday"),
    ],
)
def test_values_are_what_the_schema_wants(name: str, text: str, quoted: bool, value: Any) -> None:
    assert _value(text, quoted, everything.schema["properties"][name], everything) == value

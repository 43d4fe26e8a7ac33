"""A model can call a tool by its own arguments and by no others, and what it writes is read in every usual form."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from handeye.perception.dialects import parse_action
from handeye.perception.engines.grammar import action_grammar
from handeye.perception.engines.schema_grammar import arguments
from handeye.perception.internvl.profiles import INTERNVL3, SCALECUA
from handeye.tools.actions import Call
from handeye.tools.custom_tools import tool
from handeye.tools.errors import ActionRefused

SIZE = (1280, 800)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Size(BaseModel):
    width: int
    height: Annotated[int, Field(ge=1, le=50)] = 10


class Tree(BaseModel):
    name: str
    leaves: list[Tree] = []


@tool
def stock(
    article: str, warehouse: Literal["north", "south"] = "north", most: Annotated[int, Field(ge=1, le=9)] = 9
) -> int:
    """How many pieces are in stock."""
    return len(article)


@tool
def paint(what: list[str], size: Size, colour: Colour, glossy: bool = False, coats: float | None = None) -> str:
    """Paint things."""
    return str(what)


@tool
def now() -> str:
    """What time it is."""
    return "noon"


@tool
def plant(tree: Tree) -> str:
    """Plant a tree."""
    return tree.name


TOOLS = [stock, paint, now, plant]


@pytest.fixture(scope="module")
def fits() -> Any:
    """Whether a call is let through by the grammar of these tools."""
    xgrammar = pytest.importorskip("xgrammar")
    vocabulary = [bytes([byte]) for byte in range(256)] + [b"<stop>"]
    info = xgrammar.TokenizerInfo(vocabulary, stop_token_ids=[256])
    compiler = xgrammar.GrammarCompiler(info)
    compiled = compiler.compile_grammar(action_grammar(INTERNVL3, {"done"}, tools=TOOLS))

    def check(call: str) -> bool:
        matcher = xgrammar.GrammarMatcher(compiled, terminate_without_stop_token=True)
        text = f"Why.\n<tool_call>\n{call}\n</tool_call>"
        return bool(matcher.accept_string(text)) and bool(matcher.is_terminated())

    return check


def call(name: str, **given: Any) -> str:
    return json.dumps({"kind": "call", "tool": name, "arguments": given}, ensure_ascii=False)


@pytest.mark.parametrize(
    "written",
    [
        call("stock", article="a “lamp”\nwith\ttabs"),
        call("stock", article="", warehouse="south", most=3),
        call("stock", article="x", most=9),
        call("now"),
        call("paint", what=["a", "b"], size={"width": -3, "height": 50}, colour="red", glossy=True, coats=2.5),
        call("paint", what=[], size={"width": 0}, colour="blue", coats=None),
        call("plant", tree="oak", depth=3),  # a tree may hold trees: any object that is not deep
    ],
)
def test_what_fits_a_tool_can_be_written(written: str, fits: Any) -> None:
    assert fits(written)
    _, action = parse_action(f"Why.\n<tool_call>\n{written}\n</tool_call>", INTERNVL3, SIZE, tools=["stock"])
    assert isinstance(action, Call)
    assert action.arguments == json.loads(written)["arguments"]


@pytest.mark.parametrize(
    "written",
    [
        call("shell", command="ls"),
        call("stock"),
        call("stock", article=3),
        call("stock", article="x", warehouse="west"),
        call("stock", article="x", most=0),
        call("stock", article="x", most=10),
        call("stock", article="x", colour="red"),
        call("now", when="later"),
        call("paint", what="a", size={"width": 1}, colour="red"),
        call("paint", what=["a"], size={"height": 1}, colour="red"),
        call("paint", what=["a"], size={"width": 1}, colour="green"),
        '{"kind": "call", "tool": "now"}',
    ],
)
def test_what_no_tool_takes_cannot_be_written(written: str, fits: Any) -> None:
    assert not fits(written)


def test_without_tools_no_call_is_on_offer() -> None:
    assert action_grammar(INTERNVL3, {"done", "call"}) == action_grammar(INTERNVL3, {"done"})
    with pytest.raises(ActionRefused, match="call cannot be done here; choose one of"):
        parse_action(f"<tool_call>{call('stock', article='x')}</tool_call>", INTERNVL3, SIZE)


@pytest.mark.parametrize(
    "written",
    [
        '<tool_call>{"name": "stock", "arguments": {"article": "lamp", "x": 1, "y": 2}}</tool_call>',
        '{"function": {"name": "stock", "arguments": "{\\"article\\": \\"lamp\\", \\"x\\": 1, \\"y\\": 2}"}}',
        '<tool_call>{"kind": "stock", "article": "lamp", "x": 1, "y": 2}</tool_call>',
        '{"kind": "call", "tool": "stock", "arguments": "{\\"article\\": \\"lamp\\", \\"x\\": 1, \\"y\\": 2}"}',
    ],
)
@pytest.mark.parametrize("profile", [INTERNVL3, SCALECUA], ids=["internvl", "scalecua"])
def test_a_tool_called_by_its_own_name_is_a_call_and_its_numbers_are_no_places(written: str, profile: Any) -> None:
    _, action = parse_action(written, profile, SIZE, tools=["stock"])
    assert action == Call(tool="stock", arguments={"article": "lamp", "x": 1, "y": 2})


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "object", "properties": {"a": True, 'b"\n\\': {"type": ["string", "null"]}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/nowhere"}}},
        {"type": "object", "properties": {"a": {"type": "integer", "minimum": 9, "maximum": 1}}},
        {"type": "object", "properties": {"a": {"enum": []}, "b": {"anyOf": ["wrong"]}}},
        {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(400)}},
        {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "array", "maxItems": 10**9}}}},
        {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1e300}}},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {"a": {"prefixItems": [{"type": "integer"}, {}], "type": "array"}}},
    ],
)
def test_whatever_schema_a_server_sends_makes_a_grammar(schema: dict[str, Any]) -> None:
    xgrammar = pytest.importorskip("xgrammar")
    rules: dict[str, str] = {}

    def add(name: str, body: str, tokens: int) -> str:
        rules[name] = f"{name}[max_tokens={tokens}] ::= {body}"
        return name

    root = arguments(schema, 600, add)
    xgrammar.Grammar.from_ebnf("\n".join([f"root ::= {root}", *rules.values()]))

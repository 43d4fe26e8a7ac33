"""Actions are a closed, frozen union, read from JSON under our names or BrowserGym's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import ValidationError

from handeye.tools.actions import ACTIONS, ADAPTER, HAND_KINDS, KINDS, Click, Target, describe, parse_action, targets
from handeye.tools.browsergym_aliases import BROWSERGYM
from handeye.tools.element import Element
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Box, Point

FOR_HANDS = """click move drag type key scroll wait zoom navigate back forward reload tabs window select upload"""
FOR_MINDS = """extract remember call ask done"""


def parsed(value: dict[str, Any]) -> Any:
    return parse_action(value)


def test_the_kinds_are_those_of_the_design() -> None:
    assert list(KINDS) == f"{FOR_HANDS} {FOR_MINDS}".split()
    assert set(KINDS) > HAND_KINDS


def test_every_action_says_in_a_sentence_what_it_does() -> None:
    for model in ACTIONS:
        assert model.__doc__, model
        assert model.__doc__.strip().endswith("."), model


def test_actions_cannot_be_changed_or_given_unknown_fields() -> None:
    click = parsed({"kind": "click", "target": "Save"})
    with pytest.raises(ValidationError):
        click.count = 2
    with pytest.raises(ActionRefused, match="colour"):
        parsed({"kind": "click", "target": "Save", "colour": "red"})


def test_a_target_is_words_or_a_point() -> None:
    assert parsed({"kind": "click", "target": "the Save button"}).target.phrase == "the Save button"
    assert parsed({"kind": "click", "target": [3, 4]}).target.point == (3, 4)
    with pytest.raises(ActionRefused, match="words or a point"):
        parsed({"kind": "click", "target": "  "})


def test_an_unknown_kind_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ActionRefused, match=r"'clik'.*click, move, drag"):
        parsed({"kind": "clik", "target": "Save"})


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"kind": None},
        {"kind": ["click"]},
        {"kind": "click"},
        {"kind": "click", "target": {"point": ["a", 1]}},
        {"kind": "click", "target": [1e309, 2]},
        {"kind": "click", "target": [float("nan"), 2]},
        {"kind": "click", "target": "x", "count": 4},
        {"kind": "key", "keys": "ctrl s"},
        {"kind": "type", "text": "bell \x07"},
        {"kind": "wait", "seconds": -1},
        {"kind": "upload", "target": "x", "paths": []},
        {"kind": "fill", "bid": "a"},
        {"kind": "scroll", "delta_x": "much", "delta_y": 0},
    ],
)
def test_a_wrong_action_is_refused_in_one_line(value: dict[str, Any]) -> None:
    with pytest.raises(ActionRefused) as caught:
        parsed(value)
    assert "\n" not in str(caught.value)


@given(st.dictionaries(st.text(max_size=8), st.recursive(st.none() | st.floats() | st.text(), st.lists), max_size=4))
def test_whatever_is_given_is_an_action_or_refused(value: dict[str, Any]) -> None:
    try:
        action = parsed(value)
    except ActionRefused:
        return
    assert action.kind in KINDS


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        (
            "click",
            {"bid": "a51", "button": "right"},
            {"kind": "click", "target": {"element": "a51"}, "button": "right"},
        ),
        ("dblclick", {"bid": "12"}, {"kind": "click", "target": {"element": "12"}, "count": 2}),
        ("mouse_click", {"x": 10, "y": 20}, {"kind": "click", "target": [10, 20]}),
        ("hover", {"bid": "b8"}, {"kind": "move", "target": {"element": "b8"}}),
        (
            "fill",
            {"bid": "237", "value": "x"},
            {"kind": "type", "text": "x", "target": {"element": "237"}, "clear": True},
        ),
        ("press", {"bid": "88", "key_comb": "Enter"}, {"kind": "key", "keys": "Enter", "target": {"element": "88"}}),
        ("keyboard_type", {"text": "hi"}, {"kind": "type", "text": "hi"}),
        (
            "select_option",
            {"bid": "4", "options": ["blue"]},
            {"kind": "select", "target": {"element": "4"}, "option": "blue"},
        ),
        ("scroll", {"delta_x": 0, "delta_y": -200}, {"kind": "scroll", "direction": "up", "amount": 2}),
        ("goto", {"url": "http://a.b"}, {"kind": "navigate", "url": "http://a.b"}),
        ("tab_focus", {"index": 2}, {"kind": "tabs", "do": "switch", "index": 2}),
        ("noop", {"wait_ms": 500}, {"kind": "wait", "seconds": 0.5}),
        ("send_msg_to_user", {"text": "42"}, {"kind": "done", "answer": "42"}),
        ("report_infeasible", {"reason": "no"}, {"kind": "done", "success": False, "answer": "no"}),
    ],
)
def test_browsergym_names_mean_the_same(name: str, parameters: dict[str, Any], expected: dict[str, Any]) -> None:
    assert parsed({"kind": name, **parameters}) == ADAPTER.validate_python(expected)


def test_our_names_win_over_browsergyms() -> None:
    assert set(BROWSERGYM) & set(KINDS) == {"click", "scroll"}
    assert parsed({"kind": "scroll", "direction": "up"}).direction == "up"


def test_targets_come_in_the_order_the_hand_meets_them() -> None:
    drag = parsed({"kind": "drag", "end": "bin", "start": "file"})
    assert [target.phrase for target in targets(drag).values()] == ["file", "bin"]
    assert targets(parsed({"kind": "type", "text": "x"})) == {}


def test_every_action_has_a_description() -> None:
    examples: list[tuple[dict[str, Any], str]] = [
        ({"kind": "click", "target": "Save", "count": 2, "modifiers": ["ctrl"]}, "ctrl+double-click “Save”"),
        ({"kind": "click", "target": "Save", "button": "right"}, "right click “Save”"),
        ({"kind": "type", "text": "a", "target": "Email", "clear": True}, "fill “Email” with “a”"),
        ({"kind": "wait", "text": "Ready"}, "wait until “Ready” shows, at most 5 s"),
        ({"kind": "done", "success": False, "answer": "gone"}, "give up: gone"),
    ]
    for value, words in examples:
        assert describe(parsed(value)) == words
    assert describe(Click(target=Target(point=Point(3, 4)))) == "click (3, 4)"


def test_half_a_surrogate_pair_is_refused_in_actions_and_mended_in_what_screens_say() -> None:
    halves: list[dict[str, Any]] = [
        {"kind": "type", "text": "\ud800x"},
        {"kind": "upload", "target": "a", "paths": ["\ud800"]},
    ]
    for value in halves:
        with pytest.raises(ActionRefused):
            parsed(value)
    element = Element(id="e1", box=Box(0, 0, 1, 1), role="text", name="half \ud83d, whole 🌍", source="dom")
    assert element.name == "half \ufffd, whole 🌍"
    element.model_dump_json()


#: What JSON and Python can write, and a file or a database cannot hold or give back.
UNSTORABLE: list[Any] = [
    2**63,
    -(2**63) - 1,
    10**40,
    float("nan"),
    float("inf"),
    "\ud800",
    "a\udfff",
    "\x00",
    "\x1b[2J",
]


@pytest.mark.parametrize("value", UNSTORABLE, ids=repr)
def test_what_cannot_be_stored_is_refused_wherever_it_stands(value: Any) -> None:
    for arguments in ({"n": value}, {"deep": [[{"n": value}]]}, {str(value): 1}):
        # As text a large number is fine.
        if not isinstance(value, str) and "n" not in arguments and "deep" not in arguments:
            continue
        with pytest.raises(ActionRefused):
            parsed({"kind": "call", "tool": "t", "arguments": arguments})
    with pytest.raises(ActionRefused):
        parsed({"kind": "click", "target": {"point": [5, 5], "element": value}})
    with pytest.raises(ActionRefused):
        parsed({"kind": "click", "target": {"point": [5, value]}})
    with pytest.raises(ActionRefused):
        parsed({"kind": "navigate", "url": value})


def test_too_much_at_once_is_refused() -> None:
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    for arguments in ({"a": deep}, {"a": list(range(20_000))}, {"a": ["x" * 30_000] * 10}):
        with pytest.raises(ActionRefused, match="it holds more than"):
            parsed({"kind": "call", "tool": "t", "arguments": arguments})
    with pytest.raises(ActionRefused, match="between -1000000 and 1000000 pixels"):
        parsed({"kind": "move", "target": [4, 10**9]})


@given(
    st.dictionaries(
        st.text(max_size=4),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text(st.characters(exclude_categories=()), max_size=6),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_an_accepted_action_can_be_stored_and_read_back(arguments: dict[str, Any]) -> None:
    try:
        action = parsed({"kind": "call", "tool": "t", "arguments": arguments})
    except ActionRefused:
        return
    serde = JsonPlusSerializer()
    held = action.model_dump(mode="json")
    assert serde.loads_typed(serde.dumps_typed(held)) == held
    assert json.loads(json.dumps(held, ensure_ascii=False).encode()) == held

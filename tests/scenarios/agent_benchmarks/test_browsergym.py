"""BrowserGym's action strings: read, written, refused, and done in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from handeye.scenarios.agent_benchmarks.browsergym import read_actions, write_action
from handeye.scenarios.agent_benchmarks.browsergym_agent import GivenDevice, GymAgent
from handeye.scenarios.agent_benchmarks.browsergym_env import Begun, Environment, miniwob
from handeye.tools.actions import Click, Key, Target, Type, describe, parse_action
from handeye.tools.browser import Browser
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack
    from pathlib import Path

#: What is written, how we say it, and how it is written back where that differs.
SAID = [
    ("click('a12')", ["click a12"], ""),
    ("click('a12', button='right')", ["right click a12"], "click('a12', 'right')"),
    ("click('1', modifiers=['Shift'])", ["shift+click 1"], "click('1', 'left', ['Shift'])"),
    ("dblclick('a12')", ["double-click a12"], ""),
    ("hover('b8')", ["move to b8"], ""),
    ("fill('237', 'x y')", ["fill 237 with “x y”"], ""),
    ("clear('996')", ["fill 996 with “”"], "fill('996', '')"),
    ("select_option('c48', ['red'])", ["choose “red” in c48"], "select_option('c48', 'red')"),
    ("press('a26', 'Control+a')", ["press Control+a on a26"], ""),
    ("drag_and_drop('56', '498')", ["drag 56 to 498"], ""),
    ("mouse_click(10.4, 20)", ["click (10, 20)"], "mouse_click(10, 20)"),
    ("mouse_drag_and_drop(1, 2, 3, 4)", ["drag (1, 2) to (3, 4)"], ""),
    ("mouse_down(1, 2)\nmouse_move(5, 5)\nmouse_up(9, 9)", ["drag (1, 2) over (5, 5) to (9, 9)"], ""),
    ("mouse_down(1, 2, 'right')\nmouse_up(1, 2, 'right')", ["right click (1, 2)"], "mouse_click(1, 2, 'right')"),
    ("keyboard_type('Hi')", ["type “Hi”"], ""),
    ("keyboard_press('Meta+Shift+t')", ["press Meta+Shift+t"], ""),
    ("keyboard_down('Alt')\nkeyboard_press('x')\nkeyboard_up('Alt')", ["press Alt+x"], "keyboard_press('Alt+x')"),
    ("scroll(0, -200)", ["scroll up by 2"], ""),
    ("scroll(100, 300)", ["scroll right by 1", "scroll down by 3"], "scroll(100, 0)\nscroll(0, 300)"),
    ("goto('http://a.example')", ["open http://a.example"], ""),
    ("go_back()", ["back"], ""),
    ("new_tab()", ["new tab"], ""),
    ("tab_close()", ["close tab -1"], ""),
    ("tab_focus(1)", ["switch tab 1"], ""),
    ("upload_file('63', ['a.txt', 'b.txt'])", ["give a.txt, b.txt to 63"], ""),
    ("noop(500)", ["wait 0.5 s"], ""),
    ("send_msg_to_user('42')", ["done: 42"], ""),
    ("report_infeasible('no field')", ["give up: no field"], ""),
    ("```python\nclick('1')  # the first\n```", ["click 1"], "click('1')"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said", "written"), SAID)
def test_calls_are_our_actions_and_ours_are_theirs(text: str, said: list[str], written: str) -> None:
    actions = read_actions(text)
    assert [describe(each) for each in actions] == said
    assert "\n".join(map(write_action, actions)) == (written or text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_any_text_survives_being_written_and_read(text: str) -> None:
    action = Type(text=text, target=Target(element="a'1"), clear=True)
    assert read_actions(write_action(action)) == [action]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the answer is empty"),
        ("click", "'click' is not an allowed call"),
        ("import os", "'import os' is not an allowed call"),
        ("x = click('1')", "is not an allowed call"),
        ("page.click('1')", "is not an allowed call"),
        ("click(open('written', 'w'))", "click takes numbers, texts and lists only"),
        ("click(*['1'])", "click takes numbers, texts and lists only"),
        ("click('1', nope=2)", "click takes bid, button, modifiers"),
        ("click('1', bid='2')", "click was given bid twice"),
        ("fill('1')", "fill needs value"),
        ("mouse_click('1', 2)", "x is '1'; give a number of pixels"),
        ("scroll(0, 0)", "goes two ways or none"),
        ("select_option('1', ['a', 'b'])", "2 options; choose one at a time"),
        ("mouse_down(1, 2)", "needs mouse_move and mouse_up after it"),
        ("mouse_up(1, 2)", "no mouse button is held"),
        ("keyboard_down('Shift')", "is held at the end"),
        ("keyboard_type(5)", "text"),
        ("click('1')\n" * 51, "51 calls, over 50"),
        ("click(" * 5000, "over 24000"),
    ],
)
def test_what_is_no_allowed_call_of_plain_values_is_refused_and_never_run(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ActionRefused, match=re.escape(said)):
        read_actions(text)
    assert not (tmp_path / "written").exists()


def test_an_action_without_browsergym_counterpart_is_refused() -> None:
    for fields in ({"kind": "reload"}, {"kind": "zoom", "target": [1, 2]}, {"kind": "click", "target": "Save"}):
        with pytest.raises(ActionRefused, match="BrowserGym"):
            write_action(parse_action(fields))
    triple = Click(target=Target(element="1"), count=3)
    with pytest.raises(ActionRefused, match="triple-click"):
        write_action(triple)
    assert write_action(Key(keys="enter", count=2)) == "keyboard_press('Enter')\nkeyboard_press('Enter')"
    assert write_action(Type(text="x", target=Target(element="7"))) == "click('7')\nkeyboard_type('x')"


@pytest.fixture(scope="module")
def controls(shop: str) -> Iterator[tuple[Environment, dict[str, Any]]]:
    """An episode on a page of controls, and its first observation."""

    def start(seed: int, up: ExitStack) -> Begun:
        return Begun(up.enter_context(Browser(f"{shop}/controls.html", viewport=(600, 400))), "change things")

    with Environment(start, lambda browser, answer: None if answer is None else float(answer == "42")) as it:
        yield it, it.reset()[0]


def test_an_agent_of_theirs_drives_our_browser(controls: tuple[Environment, dict[str, Any]], shop: str) -> None:
    environment, seen = controls
    known = re.findall(r"\[(\w+)\] (\w+) '([^']*)'", seen["axtree_txt"])
    bids = {name: bid for bid, role, name in known if role != "text"}
    assert seen["goal"] == "change things"
    assert seen["screenshot"].shape == (400, 600, 3)
    assert "checked" in next(line for line in seen["axtree_txt"].splitlines() if "'News'" in line)
    assert seen["extra_element_properties"][bids["Far away"]]["visibility"] == 0.0

    step = environment.step(f"fill('{bids['Name']}', 'it\\'s')\ncheck('{bids['News']}')\ncheck('{bids['Terms']}')")
    assert step.observation["last_action_error"] == ""
    tree = step.observation["axtree_txt"]
    assert 'value="it\'s"' in tree
    assert re.findall(r"checkbox '(\w+)',.* checked", tree) == ["News", "Terms"]  # the first was so before
    tree = environment.step(f"select_option('{bids['Colour']}', 'red')").observation["axtree_txt"]
    assert "value='red'" in tree
    step = environment.step(f"click('{bids['Far away']}')")  # far below what is shown
    assert "'Reached'" in step.observation["axtree_txt"]
    step = environment.step("click('nope')")
    assert "no element has the bid 'nope'" in step.observation["last_action_error"]
    step = environment.step(f"new_tab()\ngoto('{shop}/orders.html')")
    assert step.observation["url"].endswith("/orders.html")
    assert environment.step("tab_close()").observation["url"].endswith("/controls.html")
    assert not step.terminated
    step = environment.step("send_msg_to_user('42')")
    assert (step.reward, step.terminated, step.truncated) == (1.0, True, False)
    with pytest.raises(UsageError, match="call reset first"):
        environment.step("noop(0)")


def test_an_accessibility_tree_of_theirs_is_read_as_elements_and_a_text_has_its_holders_bid() -> None:
    def node(
        number: int, role: str, name: str = "", parent: int = 0, bid: str = "", **states: object
    ) -> dict[str, Any]:
        told: dict[str, Any] = {"nodeId": str(number), "parentId": str(parent), "ignored": False}
        told |= {"role": {"type": "role", "value": role}, "name": {"type": "computedString", "value": name}}
        told["properties"] = [
            {"name": key, "value": {"type": "boolean", "value": each}} for key, each in states.items()
        ]
        return told | ({"browsergym_id": bid} if bid else {})

    nodes = [
        node(1, "RootWebArea", "Page", focused=True),
        node(2, "generic", parent=1, bid="a1"),
        node(3, "StaticText", "sed", parent=2),
        node(4, "InlineTextBox", "sed", parent=3),
        node(5, "button", "Save", parent=1, bid="7", disabled=True),
        node(6, "StaticText", "Save", parent=5),
        node(7, "checkbox", "Terms", parent=1, bid="8", checked="true", focused=True),
        node(8, "button", "Hidden", parent=1, bid="9"),
        node(9, "none", parent=1, bid="10"),
    ]
    box = {"bbox": [10.0, 20.0, 30.0, 10.0], "visibility": 1.0, "clickable": True}
    seen = {
        "goal": "click sed",
        "screenshot": numpy.full((100, 200, 3), 255, numpy.uint8),
        "axtree_object": {"nodes": nodes},
        "extra_element_properties": {"a1": box, "7": box, "8": box, "9": box | {"bbox": None}, "10": box},
    }
    found = GivenDevice(seen).elements()
    assert [(each.id, each.role, each.name) for each in found] == [
        ("a1", "text", "sed"),
        ("7", "button", "Save"),
        ("8", "checkbox", "Terms"),
    ]
    assert (found[0].box, found[1].enabled, found[2].checked, found[2].focused) == ((10, 20, 40, 30), False, True, True)
    assert GymAgent().get_action(seen)[0] == "click('a1')"


def test_what_is_read_off_the_picture_has_no_bid_and_is_clicked_by_its_place() -> None:
    picture = Image.new("RGB", (300, 120), "white")
    ImageDraw.Draw(picture).text((40, 40), "Continue", "black", ImageFont.load_default(32))
    seen = {"goal": 'click "Continue"', "screenshot": numpy.asarray(picture)}
    action, _ = GymAgent().get_action(seen)
    place = re.fullmatch(r"mouse_click\((\d+), (\d+)\)", action)
    assert place, action
    assert 40 < int(place[1]) < 180
    assert 40 < int(place[2]) < 80


def test_our_agent_works_in_their_environment_and_says_what_it_cannot_do() -> None:
    agent = GymAgent()
    with miniwob("enter-text", max_steps=6) as environment:
        seen, _ = environment.reset(seed=1)
        wanted = re.search(r'"(.+)"', seen["goal"])
        assert wanted
        action, info = agent.get_action(seen)
        assert re.fullmatch(rf"fill\('\w+', '{wanted[1]}'\)", action)
        assert info["by"] == "plain english"
        step = environment.step(action)
        assert (step.reward, step.terminated) == (0.0, False)
        step = environment.step(agent.get_action(step.observation)[0])
        assert (step.reward, step.terminated, step.truncated) == (1.0, True, False)

        seen, _ = environment.reset(seed=1)  # by coordinates, in the page's own pixels
        places = {each["role"]["value"]: each["browsergym_id"] for each in seen["axtree_object"]["nodes"]}
        left, top, width, height = seen["extra_element_properties"][places["button"]]["bbox"]
        step = environment.step(f"mouse_click({left + width / 2}, {top + height / 2})")
        assert (step.reward, step.terminated) == (-1.0, True)  # nothing was entered
    agent.reset()
    action, _ = agent.get_action(seen | {"goal": "win a game of tic-tac-toe"})
    assert action.startswith("report_infeasible(")

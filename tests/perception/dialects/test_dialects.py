"""What models write: places and actions are read in every spelling, and everything else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handeye.perception.dialects import parse_action, parse_boxes, parse_point
from handeye.perception.internvl.profiles import INTERNVL3, SCALECUA, ModelProfile
from handeye.tools.errors import ActionRefused

SIZE = (2000, 1000)
PIXELS = ModelProfile(name="pixels", space="pixels")


def fields(text: str, profile: ModelProfile = INTERNVL3, size: tuple[int, int] = SIZE, **more: Any) -> dict[str, Any]:
    """The action in an answer as its fields, without the defaults."""
    action = parse_action(text, profile, size, **more)[1]
    return {"kind": action.kind, **action.model_dump(mode="json", exclude_defaults=True)}


def thought(text: str, profile: ModelProfile = INTERNVL3) -> str:
    return parse_action(text, profile, SIZE)[0]


def refusal(text: str, profile: ModelProfile = INTERNVL3, **more: Any) -> str:
    with pytest.raises(ActionRefused) as caught:
        parse_action(text, profile, SIZE, **more)
    said = str(caught.value)
    assert "\n" not in said
    assert 0 < len(said) < 500
    return said


@pytest.mark.parametrize(
    "text",
    [
        "<ref>the search button</ref><box>[[100, 200, 300, 400]]</box>",
        "<ref>the search button</ref><box>[[100,200,300,400]]</box>",
        "<ref>row (7, 8) of [1,2,3,4]</ref><box> [[ 100 ,\n200\t, 300,400 ]] </box><|im_end|>",
        "[[100, 200, 300, 400]]",
        "[100, 200, 300, 400]",
        "[100 200 300 400]",
        "The button is at [[100.0, 200, 300, 400.00]].",
        '{"bbox_2d": [100, 200, 300, 400], "label": "Save"}',
        "(100, 200, 300, 400)",
        "<|box_start|>(100,200),(300,400)<|box_end|>",
        "[[300, 400, 100, 200]]",
        "<think>perhaps [[1, 2, 3, 4]]</think>[[100, 200, 300, 400]]",
        "[[0.1, 0.2, 0.3, 0.4]]",
    ],
)
def test_a_box_is_read_in_every_spelling(text: str) -> None:
    assert parse_boxes(text, INTERNVL3, SIZE)[0] == (200, 200, 600, 400)


def test_several_boxes_are_read_in_order_and_the_first_one_counts() -> None:
    text = "a cat<box>[[10,20,300,400],[520,18,880,402]]</box>"
    assert parse_boxes(text, INTERNVL3, SIZE) == [(20, 20, 600, 400), (1040, 18, 1760, 402)]
    assert parse_point(text, INTERNVL3, SIZE) == (310, 210)


@pytest.mark.parametrize(
    "text",
    [
        "(500, 250)",
        "[500, 250]",
        "[[500,250]]",
        "x=500, y=250",
        "<point>500 250</point>",
        "click(x=0.5, y=0.25)",
        '{"point_2d": [500, 250]}',
        "<ref>a (1, 2)</ref> it is at (500,250).",
        "[[490, 240, 510, 260]]",
    ],
)
def test_a_point_is_read_in_every_spelling(text: str) -> None:
    assert parse_point(text, INTERNVL3, SIZE) == (1000, 250)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[-1, -1, -1, -1]]",
        "[-1,-1]",
        "It is not on the screen.",
        "[[100, 200, 3000, 400]]",
        "[[nan, 200, 300, 400]]",
        "[[1e309, 2, 3, 4]]",
        "[[1e2, 2e2, 3e2, 4e2]]",
        "[[١٠٠, ٢٠٠, ٣٠٠, ٤٠٠]",
        "[[inf, inf, inf, inf]]",
        "[[100, 200, 300]]",
        "<box>[[100, 200, 300, 400",
        "<ref>the button at (10, 20)</ref>",
        "<think>it might be (10, 20)</think>",
        "[" * 100_000,
        "9" * 100_000,
        "1, " * 50_000,
    ],
)
def test_what_is_no_place_on_the_screen_is_none(text: str) -> None:
    assert parse_point(text, INTERNVL3, SIZE) is None
    assert parse_boxes(text, INTERNVL3, SIZE) == []


def test_a_place_that_is_off_the_screen_does_not_hide_one_that_is_on_it() -> None:
    assert parse_point("[[5000, 1, 2, 3]] or [[100, 200, 300, 400]]", INTERNVL3, SIZE) == (400, 300)


def test_each_profile_has_its_own_coordinates() -> None:
    assert parse_point("(500, 250)", INTERNVL3, SIZE) == (1000, 250)
    assert parse_point("(500, 250)", PIXELS, SIZE) == (500, 250)
    assert parse_point("(0.5, 0.25)", SCALECUA, SIZE) == (1000, 250)
    assert parse_point("(500, 250)", SCALECUA, SIZE) is None
    assert parse_point("(1999, 999)", PIXELS, SIZE) == (1999, 999)
    assert parse_point("(1, 1)", SCALECUA, SIZE) == (1999, 999)
    assert parse_point("(0, 1000)", INTERNVL3, SIZE) == (0, 999)


SAVE = {"kind": "click", "target": {"phrase": "the Save button"}}
MIDDLE = {"kind": "click", "target": {"point": [1000, 250]}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<tool_call>{"kind": "click", "target": "the Save button"}</tool_call>', SAVE),
        ('Click Save.\n<tool_call>\n{"kind": "click", "target": "the Save button"}\n', SAVE),
        ('<tool_call>{"name": "click", "arguments": {"target": "the Save button"}}</tool_call>', SAVE),
        ('<tool_call>{"name": "click", "arguments": "{\\"target\\": \\"the Save button\\"}"}</tool_call>', SAVE),
        ('{"type": "function", "function": {"name": "click", "arguments": {"target": "the Save button"}}}', SAVE),
        ('{"thought": "so", "action": {"kind": "click", "target": "the Save button"}}', SAVE),
        ('{"action": "click", "target": {"phrase": "the Save button"}}', SAVE),
        ('```json\n{"kind": "Click", "target": "the Save button", "button": null}\n```', SAVE),
        ('some {braces} first, then {"kind": "click", "target": "the Save button"}', SAVE),
        ('{"kind": "click", "target": [500, 250]}', MIDDLE),
        ('{"kind": "click", "target": "(500, 250)"}', MIDDLE),
        ('{"kind": "click", "target": {"x": 500, "y": "250"}}', MIDDLE),
        ('{"kind": "click", "point": [500, 250]}', MIDDLE),
        ('{"kind": "click", "x": 500, "y": 250}', MIDDLE),
        ('{"kind": "mouse_click", "x": 500, "y": 250}', MIDDLE),
        ('{"action": "CLICK", "args": {"x": 0.5, "y": 0.25}}', MIDDLE),
        (
            '<tool_call>{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [500, 250]}}',
            MIDDLE,
        ),
        ('{"action": "left_click", "coordinate": [500, 250]}', MIDDLE),
        (
            '{"kind": "click", "target": [[490, 240, 510, 260]]}',
            {"kind": "click", "target": {"point": [1000, 250], "box": [980, 240, 1020, 260]}},
        ),
        (
            '{"kind": "click", "target": "<ref>Save</ref><box>[[490, 240, 510, 260]]</box>"}',
            {"kind": "click", "target": {"phrase": "Save", "point": [1000, 250], "box": [980, 240, 1020, 260]}},
        ),
        (
            '{"kind": "drag", "start": [100, 100], "end": "the bin"}',
            {"kind": "drag", "start": {"point": [200, 100]}, "end": {"phrase": "the bin"}},
        ),
        ('{"kind": "type", "text": "Grüße\\n世界 🌍"}', {"kind": "type", "text": "Grüße\n世界 🌍"}),
        ('{"kind": "key", "keys": ["ctrl", "s"]}', {"kind": "key", "keys": "ctrl+s"}),
        ('{"kind": "remember", "name": "order", "text": "42"}', {"kind": "remember", "name": "order", "text": "42"}),
        ('{"kind": "done", "answer": "In stock"}', {"kind": "done", "answer": "In stock"}),
        (
            '{"kind": "click", "target": "lamp (2, 3) in the list"}',
            {"kind": "click", "target": {"phrase": "lamp (2, 3) in the list"}},
        ),
        ('{"kind": "click", "target": "2024"}', {"kind": "click", "target": {"phrase": "2024"}}),
    ],
)
def test_json_actions_are_read_in_every_spelling(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


def use(**arguments: Any) -> dict[str, Any]:
    return fields("<tool_call>" + json.dumps({"name": "computer_use", "arguments": arguments}) + "</tool_call>")


def test_computer_use_actions_become_ours() -> None:
    at = {"point": [1000, 250]}
    assert use(action="right_click", coordinate=[500, 250]) == {"kind": "click", "target": at, "button": "right"}
    assert use(action="double_click", coordinate=[500, 250]) == {"kind": "click", "target": at, "count": 2}
    assert use(action="mouse_move", coordinate=[500, 250]) == {"kind": "move", "target": at}
    assert use(action="type", text="hi") == {"kind": "type", "text": "hi"}
    assert use(action="key", keys=["ctrl", "s"]) == {"kind": "key", "keys": "ctrl+s"}
    assert use(action="scroll", pixels=-250) == {"kind": "scroll", "amount": 2}
    assert use(action="scroll", pixels=300, coordinate=[500, 250]) == {
        "kind": "scroll",
        "direction": "up",
        "target": at,
    }
    assert use(action="hscroll", pixels=50)["direction"] == "right"
    assert use(action="wait", time=2) == {"kind": "wait", "seconds": 2}
    assert use(action="terminate", status="failure") == {"kind": "done", "success": False}
    assert use(action="answer", text="42") == {"kind": "done", "answer": "42"}
    drag = use(action="left_click_drag", start_coordinate=[0, 0], coordinate=[500, 250])
    assert drag == {"kind": "drag", "start": {"point": [0, 0]}, "end": at}


def cua(code: str) -> dict[str, Any]:
    return fields(f"<operation>So</operation>\n<action>\n{code}\n</action>", SCALECUA)


def test_scalecua_calls_become_ours() -> None:
    at = {"point": [1000, 250]}
    assert cua("click(x=0.5, y=0.25)") == MIDDLE
    assert cua("click(0.5, 0.25, clicks=2, button='right')") == MIDDLE | {"count": 2, "button": "right"}
    assert cua("pyautogui.doubleClick(x=0.5, y=0.25)") == MIDDLE | {"count": 2}
    assert cua("rightClick(x=0.5, y=0.25)") == MIDDLE | {"button": "right"}
    assert cua("moveTo(x=0.5, y=0.25)") == {"kind": "move", "target": at}
    assert cua("moveTo(0, 0)\ndragTo(0.5, 0.25, button='left')") == {
        "kind": "drag",
        "start": {"point": [0, 0]},
        "end": at,
    }
    assert cua("scroll(clicks=-5)") == {"kind": "scroll", "amount": 5}
    assert cua("scroll(clicks=2, x=0.5, y=0.25)") == {"kind": "scroll", "direction": "up", "amount": 2, "target": at}
    assert cua("press('enter')") == {"kind": "key", "keys": "enter"}
    assert cua("press(keys=['down', 'down'])") == {"kind": "key", "keys": "down", "count": 2}
    assert cua("press(keys='tab', presses=3)") == {"kind": "key", "keys": "tab", "count": 3}
    assert cua("hotkey('ctrl', 'c')") == cua("hotkey(['ctrl', 'c'])") == cua("hotkey(keys=['ctrl', 'c'])")
    assert cua("hotkey('ctrl', 'c')") == {"kind": "key", "keys": "ctrl+c"}
    assert cua("write(message='it\\'s\\n🌍')") == {"kind": "type", "text": "it's\n🌍"}
    assert cua("click(x=0.5, y=0.25)\nwrite(message='hi')") == {"kind": "type", "text": "hi", "target": at}
    assert cua("wait(seconds=3)") == {"kind": "wait", "seconds": 3}
    assert cua("call_user()") == {"kind": "ask", "question": "So"}
    assert cua("response(answer='42')") == {"kind": "done", "answer": "42"}
    assert cua("terminate(status='failure', info='no lamp')") == {"kind": "done", "success": False, "answer": "no lamp"}
    assert cua("```python\nclick(x=0.5, y=0.25)\n```") == MIDDLE


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os').system('touch /tmp/x')",
        "os.system('ls')",
        "exec('1')",
        "click(x=__import__('os').getpid(), y=0)",
        "click(x=(lambda: 0.5)(), y=0.1)",
        "write(message=f'{1+1}')",
        "write(message=open('/etc/passwd').read())",
        "click.__class__.__call__(x=1, y=1)",
        "import os",
        "x = click(0.1, 0.2)",
        "if True:\n    click(0.1, 0.2)",
        "[click(0.1, 0.2) for _ in range(9)]",
        "click(**{'x': 0.1, 'y': 0.2})",
        "click(*[0.1, 0.2])",
        "click(x=0.1, y=0.2, hook=1)",
        "click(x=0.1)",
        "click()",
        "click(x='0.1; rm', y=0.2)",
        "click(x=True, y=0.2)",
        "click(x=1e999, y=0.2)",
        "click(x=7, y=0.2)",
        "click(x=0.1, y=0.2, clicks=99)",
        "dragTo(0.1, 0.2)",
        "keyDown('shift')",
        "press(['a', 'b'])",
        "hotkey()",
        "scroll()",
        "click(x=0.1, y=0.2",
        "",
        "-" * 20_000 + "1",
        "(" * 9000,
        "click(x=" + "[" * 150 + "]" * 150 + ", y=0)",
        "click(x=" + "9" * 5000 + ", y=0)",
        "a." * 9000 + "b()",
        "click(0.1, 0.2)" * 3000,
        "\x00",
    ],
)
def test_code_is_never_run_and_what_is_not_allowed_is_refused(code: str) -> None:
    refusal(f"<action>{code}</action>", SCALECUA)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("I will click the button.", "the answer holds no action"),
        ("<tool_call>click the button</tool_call>", "holds no JSON object"),
        ('<tool_call>{"kind": "click", "target": "Save', "cannot be read"),
        ('{"kind": "click", "target": "Save', "cannot be read"),
        ('{"kind": "clack", "target": "Save"}', "'clack'; choose one of click"),
        ('{"kind": "click"}', "target"),
        ('{"kind": "click", "target": "Save", "speed": 3}', "speed"),
        ('{"kind": "click", "target": ""}', "target"),
        ('{"kind": "click", "target": [1500, 20]}', "coordinate 1500 is outside 0 to 1000"),
        ('{"kind": "click", "target": [1, 2, 3]}', "2 or 4 numbers, not 3"),
        ('{"kind": "click", "target": ["a", "b"]}', "is not a coordinate"),
        ('{"kind": "click", "target": [true, false]}', "is not a coordinate"),
        ('{"kind": "click", "target": 7}', "a target cannot be 7"),
        ('{"kind": "click", "target": [NaN, 2]}', "NaN is not a number"),
        ('{"kind": "wait", "seconds": 1e309}', "too large"),
        ('{"kind": "click", "target": [' + "9" * 400 + ", 2]}", "off the screen"),
        ('{"kind": "type", "text": "a\x07b"}', "text"),
        ('{"name": "click", "arguments": [1, 2]}', "are not a JSON object"),
        ('{"name": "computer_use", "arguments": {"action": "fly"}}', "has no action 'fly'"),
        ('{"name": "computer_use", "arguments": {"action": "left_click"}}', "needs coordinate"),
        (
            '{"name": "computer_use", "arguments": {"action": "left_click_drag", "coordinate": [1, 2]}}',
            "start_coordinate",
        ),
        ('{"name": "click", "arguments": {"kind": "navigate", "url": "http://evil"}}', "target"),
        ('{"kind": {"kind": {"kind": {"kind": {"kind": "done"}}}}}', "names no action"),
        ('<tool_call>{"a": ' + '{"a": ' * 5000, "nested too deeply"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words_for_the_model(text: str, says: str) -> None:
    assert says in refusal(text)


def test_an_action_that_is_not_on_offer_is_refused_with_those_that_are() -> None:
    said = refusal('{"kind": "navigate", "url": "http://a"}', kinds={"click", "done"})
    assert said == "navigate cannot be done here; choose one of click, done"


def test_a_picture_that_is_a_part_of_the_screen_is_mapped_to_its_place() -> None:
    text = '<tool_call>{"kind": "click", "target": [500, 500]}</tool_call>'
    assert fields(text, size=(400, 200), origin=(300, 100))["target"]["point"] == [500, 200]
    assert fields('{"kind": "mouse_click", "x": 0, "y": 1000}', size=(400, 200), origin=(300, 100))["target"][
        "point"
    ] == [300, 299]


def test_the_thought_is_what_stands_before_the_action() -> None:
    call = '<tool_call>{"kind": "back"}</tool_call>'
    assert thought(f"The page is wrong.\n{call}") == "The page is wrong."
    assert thought(f"<think>\nThe page\nis wrong.</think>{call}") == "The page is wrong."
    assert thought('<tool_call>{"thought": "Go back.", "kind": "back"}</tool_call>') == "Go back."
    assert thought(call) == "back"
    assert thought("<think>Why</think><operation>What</operation><action>press('a')</action>", SCALECUA) == "Why"
    assert thought("<operation>What</operation><action>press('a')</action>", SCALECUA) == "What"
    assert len(thought("long " * 1000 + call)) <= 600


def test_either_family_may_answer_in_the_others_form() -> None:
    assert fields("<action>click(x=0.5, y=0.25)</action>", INTERNVL3) == MIDDLE
    assert fields('<tool_call>{"kind": "click", "target": [0.5, 0.25]}</tool_call>', SCALECUA) == MIDDLE
    assert fields('<action>{"kind": "click", "target": [0.5, 0.25]}</action>', SCALECUA) == MIDDLE

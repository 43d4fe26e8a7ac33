"""Other families' answers: every form that is published is read as what its authors mean by it."""

from __future__ import annotations

from typing import Any

import pytest

from handeye.perception.dialects import PARSERS, parse_action, parse_boxes, parse_point
from handeye.perception.internvl.families import FOREIGN, SmartResize
from handeye.perception.internvl.profiles import INTERNVL3, PROFILES, SCALECUA, ModelProfile, profile_for
from handeye.tools.actions import Click, describe
from handeye.tools.errors import ActionRefused

#: 1% of a side is 20 or 10 pixels.
SIZE = (2000, 1000)
#: Sides that smart_resize leaves as they are, so that pixels are pixels.
EVEN = (1960, 980)

A = INTERNVL3
B = SCALECUA
C, C15 = PROFILES["ui_tars"], PROFILES["ui_tars_1_5"]
D, D_A3B = PROFILES["opencua"], PROFILES["opencua_a3b"]
E25, E3 = PROFILES["qwen2_5_vl"], PROFILES["qwen3_vl"]
F, G = PROFILES["ui_venus"], PROFILES["os_atlas"]


def at(x: int, y: int, **more: Any) -> dict[str, Any]:
    return {"kind": "click", "target": {"point": [x, y]}, **more}


def fields(text: str, profile: ModelProfile, size: tuple[int, int] = SIZE) -> dict[str, Any]:
    action = parse_action(text, profile, size)[1]
    return {"kind": action.kind, **action.model_dump(mode="json", exclude_defaults=True)}


@pytest.mark.parametrize(
    ("text", "profile", "size", "boxes"),
    [
        ("<ref>the search button</ref><box>[[912, 31, 944, 58]]</box>", A, SIZE, [(1824, 31, 1888, 58)]),
        (
            "a cat<box>[[10,20,300,400],[520,18,880,402]]</box>",
            A,
            SIZE,
            [(20, 20, 600, 400), (1040, 18, 1760, 402)],
        ),
        ("[[453, 120, 498, 140]]", A, SIZE, [(906, 120, 996, 140)]),
        ('{"bbox_2d": [10, 20, 110, 60], "label": "Save"}', E25, EVEN, [(10, 20, 110, 60)]),
        ('{"bbox_2d": [10, 20, 110, 60], "label": "Save"}', E3, SIZE, [(20, 20, 220, 60)]),
        (
            (
                "<|object_ref_start|>language switch (1, 2)<|object_ref_end|>"
                "<|box_start|>(576,12),(592,42)<|box_end|><|im_end|>"
            ),
            G,
            SIZE,
            [(1152, 12, 1184, 42)],
        ),
        ("<|begin_of_box|>[[100, 200, 300, 400]]<|end_of_box|>", PROFILES["glm_v"], SIZE, [(200, 200, 600, 400)]),
        ("[200, 100, 400, 300]", PROFILES["gemini"], SIZE, [(200, 200, 600, 400)]),
        ('[{"box_2d": [200, 100, 400, 300], "label": "Save"}]', PROFILES["gemini"], SIZE, [(200, 200, 600, 400)]),
        ("[[-1, -1, -1, -1]]", A, SIZE, []),
        ("The target is not on the screen.", A, SIZE, []),
    ],
)
def test_boxes_of_every_family(text: str, profile: ModelProfile, size: tuple[int, int], boxes: list[Any]) -> None:
    assert parse_boxes(text, profile, size) == boxes


@pytest.mark.parametrize(
    ("text", "profile", "size", "point"),
    [
        ("[[453, 120, 498, 140]]", A, SIZE, (951, 130)),
        ("[[0.4518, 0.12, 0.498, 0.14]]", A, SIZE, (949, 130)),
        ("<action>\nclick(x=0.3674, y=0.9192)\n</action>", B, SIZE, (734, 919)),
        ("(197,525)", C, SIZE, (394, 525)),
        ("<|box_start|>(197,525)<|box_end|>", C, SIZE, (394, 525)),
        ("<point>200 300</point>", C, SIZE, (400, 300)),
        ("Action: click(start_box='(197,525)')", C15, EVEN, (197, 525)),
        ("pyautogui.click(x=1443, y=343)", D, EVEN, (1443, 343)),
        ("pyautogui.click(x=0.5, y=0.25)", D_A3B, SIZE, (1000, 250)),
        ('{"point_2d": [60, 40]}', E3, SIZE, (120, 40)),
        ('{"point_2d": [60, 40]}', E25, EVEN, (60, 40)),
        ("[497, 212]", F, SIZE, (994, 212)),
        ("[-1,-1]", F, SIZE, None),
        ("[[497,212]]", G, SIZE, (994, 212)),
        ("(980, 490)", PROFILES["gta1"], EVEN, (980, 490)),
        ("Click(352, 348)", PROFILES["holo"], EVEN, (352, 348)),
        ('{"action":"click_absolute","x":352,"y":348}', PROFILES["holo"], EVEN, (352, 348)),
        ("x=0.50, y=0.25", PROFILES["kimi_vl"], SIZE, (1000, 250)),
        ("[0.49, 0.42]", PROFILES["showui"], SIZE, (980, 420)),
        ("(0.49,0.40)", PROFILES["seeclick"], SIZE, (980, 400)),
        ("(999, 250)", PROFILES["uground"], SIZE, (1998, 250)),
        ("<|begin_of_box|>[500, 250]<|end_of_box|>", PROFILES["glm_v"], SIZE, (1000, 250)),
        ("[250, 500]", PROFILES["gemini"], SIZE, (1000, 250)),
        ('{"x": 500, "y": 250}', PROFILES["gemini"], SIZE, (1000, 250)),
        ('<point x="12.3" y="45.6" alt="Save">Save</point>', PROFILES["molmo"], SIZE, (246, 456)),
        ('<points x1="0.5" y1="0.9" x2="50" y2="50" alt="a">a</points>', PROFILES["molmo"], SIZE, (10, 9)),
        ('{"action":"CLICK","args":{"x":0.41,"y":0.22}}', PROFILES["os_genesis"], SIZE, (820, 220)),
        ("x=1e309, y=0.5", PROFILES["kimi_vl"], SIZE, None),
        ("x=NaN, y=NaN", PROFILES["kimi_vl"], SIZE, None),
        ("x: 500, y: 250", A, SIZE, (1000, 250)),
        ("maxx=500, y=250", A, SIZE, None),
    ],
)
def test_points_of_every_family(text: str, profile: ModelProfile, size: tuple[int, int], point: Any) -> None:
    assert parse_point(text, profile, size) == point


DRAG = {"kind": "drag", "start": {"point": [200, 200]}, "end": {"point": [600, 400]}}


@pytest.mark.parametrize(
    ("text", "profile", "expected"),
    [
        ("<action>\nclick(x=0.3674, y=0.9192)\n</action>", B, at(734, 919)),
        (
            (
                "<think>The menu is open; Save As is third.</think>\n<operation>Click Save As</operation>\n"
                "<action>\nclick(x=0.0812, y=0.2143, clicks=1, button='left')\n</action>"
            ),
            B,
            at(162, 214),
        ),
        (
            "<operation>Copy the selection</operation><action>hotkey('ctrl', 'c')</action>",
            B,
            {"kind": "key", "keys": "ctrl+c"},
        ),
        ('{"action":"CLICK","args":{"x":0.41,"y":0.22}}', B, at(820, 220)),
        ("Thought: I need the File menu.\nAction: click(start_box='(197,525)')", C, at(394, 525)),
        ("Action: click(start_box='<|box_start|>(197,525)<|box_end|>')", C, at(394, 525)),
        ("Action: click(point='<point>200 300</point>')", C, at(400, 300)),
        (
            "Action: click(start_box='(100,200,300,400)')",
            C,
            {"kind": "click", "target": {"point": [400, 300], "box": [200, 200, 600, 400]}},
        ),
        (
            "Action: drag(start_box='<|box_start|>(100,200)<|box_end|>', end_box='<|box_start|>(300,400)<|box_end|>')",
            C,
            DRAG,
        ),
        (
            "Action: drag(start_point='<point>100 200</point>', end_point='<point>300 400</point>')",
            C,
            DRAG,
        ),
        ("Action: type(content='hello world\\n')", C, {"kind": "type", "text": "hello world\n"}),
        ("Action: type(content='it\\'s \\\"so\\\"')", C, {"kind": "type", "text": 'it\'s "so"'}),
        ("Action: type(content='it's so')", C, {"kind": "type", "text": "it's so"}),
        ("Action: left_double(start_box='(197,525)')", C, at(394, 525, count=2)),
        ("Action: right_single(start_box='(197,525)')", C, at(394, 525, button="right")),
        ("Action: hotkey(key='ctrl c')", C, {"kind": "key", "keys": "ctrl+c"}),
        (
            "Action: scroll(start_box='(500,250)', direction='up')",
            C,
            {"kind": "scroll", "direction": "up", "target": {"point": [1000, 250]}},
        ),
        ("Action: wait()", C, {"kind": "wait"}),
        ("Action: finished(content='42')", C, {"kind": "done", "answer": "42"}),
        ("Thought: Which one?\nAction: call_user()", C, {"kind": "ask", "question": "Which one?"}),
        ("Action: press_back()", C, {"kind": "back"}),
        (
            "Reflection: no.\nAction_Summary: again\nAction: click(start_box='(1,2)')\n\nclick(start_box='(3,4)')",
            C,
            at(2, 2),
        ),
        ("## Code:\npyautogui.click(x=1443, y=343)", D, at(1443, 343)),
        (
            (
                "# Step 3:\n## Thought:\nThe box is empty.\n## Action:\nType the name.\n"
                "## Code:\n```python\nimport pyautogui\n# the name\npyautogui.write(message='Ann')\n```"
            ),
            D,
            {"kind": "type", "text": "Ann"},
        ),
        ("pyautogui.hotkey(keys=['ctrl', 'c'])", D, {"kind": "key", "keys": "ctrl+c"}),
        ("computer.triple_click(x=10, y=20)", D, at(10, 20, count=3)),
        ("computer.terminate(status='success')", D, {"kind": "done"}),
        ("computer.terminate(status='failure')", D, {"kind": "done", "success": False}),
        (
            "pyautogui.moveTo(200, 200)\npyautogui.dragTo(600, 400, duration=0.5, button='left')",
            D,
            DRAG,
        ),
        ("pyautogui.hscroll(-3)", D, {"kind": "scroll", "direction": "left"}),
        ("time.sleep(2)\npyautogui.press('enter')", D, {"kind": "wait", "seconds": 2.0}),
        (
            (
                '<tool_call>\n{"name": "computer_use", "arguments": {"action": "left_click", '
                '"coordinate": [812, 64]}}\n</tool_call>'
            ),
            E3,
            at(1624, 64),
        ),
        (
            '<tool_call>{"name": "computer_use", "arguments": {"action": "key", "keys": ["ctrl", "s"]}}</tool_call>',
            E3,
            {"kind": "key", "keys": "ctrl+s"},
        ),
        (
            '<tool_call>{"name": "mobile_use", "arguments": {"action": "click", "coordinate": [500, 250]}}</tool_call>',
            E3,
            at(1000, 250),
        ),
        (
            (
                '<tool_call>{"name": "mobile_use", "arguments": {"action": "long_press", "coordinate": [500, 250], '
                '"time": 2}}</tool_call>'
            ),
            E3,
            at(1000, 250, button="right"),
        ),
        (
            (
                '<tool_call>{"name": "mobile_use", "arguments": {"action": "swipe", "coordinate": [500, 800], '
                '"coordinate2": [500, 300]}}</tool_call>'
            ),
            E3,
            {"kind": "scroll", "amount": 5, "target": {"point": [1000, 800]}},
        ),
        (
            '<tool_call>{"name": "mobile_use", "arguments": {"action": "system_button", "button": "Back"}}</tool_call>',
            E3,
            {"kind": "back"},
        ),
        (
            "<think>..</think><action>Click(box=(497, 212))</action><conclusion>Opened settings</conclusion>",
            F,
            at(994, 212),
        ),
        ("<action>Type(content='hotel')</action>", F, {"kind": "type", "text": "hotel\n"}),
        ("<action>Drag(start=(100, 200), end=(300, 400))</action>", F, DRAG),
        (
            "<action>Scroll(start=(500, 250), end=(500, 10), direction='down')</action>",
            F,
            {"kind": "scroll", "target": {"point": [1000, 250]}},
        ),
        ("<action>Hotkey(keys=['ctrl', 'a'])</action>", F, {"kind": "key", "keys": "ctrl+a"}),
        ("<action>PressEnter()</action>", F, {"kind": "key", "keys": "enter"}),
        ("<action>Finished(content='Paris')</action>", F, {"kind": "done", "answer": "Paris"}),
        ("<action>CallUser(content='Which?')</action>", F, {"kind": "ask", "question": "Which?"}),
        ("[497, 212]", F, at(994, 212)),
        ("[[497,212]]", G, at(994, 212)),
        ("Click(352, 348)", PROFILES["holo"], at(352, 348)),
        ('{"action":"click_absolute","x":352,"y":348}', PROFILES["holo"], at(352, 348)),
        ('{"kind": "click", "target": {"x": 500, "y": 250}}', PROFILES["gemini"], at(1000, 250)),
        ('{"kind": "click", "target": [250, 500]}', PROFILES["gemini"], at(1000, 250)),
    ],
)
def test_actions_of_every_family(text: str, profile: ModelProfile, expected: dict[str, Any]) -> None:
    plain = profile.model_copy(update={"resize": None})  # pixels as they are: resizing is tested below
    assert fields(text, plain) == expected


@pytest.mark.parametrize(
    ("text", "profile"),
    [
        ("[-1,-1]", F),
        ("Action: open_app(app_name='Mail')", C),
        ("Action: press_home()", C),
        ("<action>Launch(app='Mail')</action>", F),
        ('<tool_call>{"name": "mobile_use", "arguments": {"action": "system_button", "button": "Home"}}', E3),
        ('<tool_call>{"name": "mobile_use", "arguments": {"action": "open", "text": "Mail"}}', E3),
        ("Action: click(start_box='nowhere')", C),
        ("Action: click(start_box='(1e309,NaN)')", C),
        ("Action: drag(start_box='(1,2)')", C),
        ("Action: type(content=open('x').read())", C),
        ("pyautogui.click(x=__import__('os').getpid(), y=3)", D),
        ("computer.os.system('ls')", D),
        ("I would use pyautogui for that.", D),
        ("click it", PROFILES["holo"]),
        ("(5000, 1)", PROFILES["uground"]),
    ],
)
def test_what_has_no_place_here_is_refused(text: str, profile: ModelProfile) -> None:
    with pytest.raises(ActionRefused):
        parse_action(text, profile, SIZE)


def test_the_thought_stands_without_its_headings() -> None:
    def thought(text: str, profile: ModelProfile) -> str:
        return parse_action(text, profile, SIZE)[0]

    assert thought("Thought: I need the menu.\nAction: click(start_box='(1,2)')", C) == "I need the menu."
    assert thought("**Thought:** So.\n**Action:** click(start_box='(1,2)')", C) == "So."
    text = "# Step 3:\n## Thought:\nIt is empty.\n## Action:\nType.\n## Code:\npyautogui.write(message='Ann')"
    assert thought(text, D) == "It is empty."
    assert thought("## Action:\nType it.\n## Code:\npyautogui.write(message='Ann')", D) == "Type it."
    assert thought("<think>So.</think><action>PressBack()</action><conclusion>Gone</conclusion>", F) == "So."


def test_only_the_first_action_counts() -> None:
    assert fields("<action>click(x=0.5, y=0.5)\nclick(x=0.1, y=0.1)</action>", B) == at(1000, 500)
    assert fields("<action>click(x=0.5, y=0.5)</action><action>press('a')</action>", B) == at(1000, 500)
    two = '<tool_call>{"kind": "back"}</tool_call><tool_call>{"kind": "forward"}</tool_call>'
    assert fields(two, A) == {"kind": "back"}
    assert fields("Action: wait()\n\nclick(start_box='(1", C) == {"kind": "wait"}
    assert fields("pyautogui.press('a')\nimport os; os.system('x')", D) == {"kind": "key", "keys": "a"}
    moved = fields("<action>moveTo(x=0.1, y=0.2)\nclick(x=0.3, y=0.4)</action>", B)
    assert moved == {"kind": "move", "target": {"point": [200, 200]}}


@pytest.mark.parametrize(
    ("rule", "size", "seen"),
    [
        # Worked out by hand from the published formula.
        (SmartResize(), (1920, 1080), (1932, 1092)),
        (SmartResize(), (1280, 800), (1288, 812)),
        (SmartResize(), (10, 10), (56, 56)),
        (SmartResize(), (8000, 4000), (5068, 2520)),
        (SmartResize(most=2_109_744), (1920, 1080), (1932, 1092)),
        (SmartResize(most=2_109_744), (3840, 2160), (1932, 1064)),
        (SmartResize(least=100 * 28 * 28), (100, 100), (280, 280)),
        (SmartResize(factor=32), (1280, 800), (1280, 800)),
        (SmartResize(), (20000, 28), (19992, 28)),
    ],
)
def test_pictures_are_resized_as_the_model_does(
    rule: SmartResize, size: tuple[int, int], seen: tuple[int, int]
) -> None:
    assert rule.size(*size) == seen


def test_pixels_of_the_resized_picture_are_mapped_back() -> None:
    assert parse_point("(966, 546)", C15, (1920, 1080)) == (960, 540)
    assert parse_point("(1932, 1092)", C15, (1920, 1080)) == (1919, 1079)
    assert parse_point("(1933, 1092)", C15, (1920, 1080)) is None
    assert parse_boxes("[[0, 0, 1932, 1092]]", E25, (1920, 1080)) == [(0, 0, 1920, 1080)]


@pytest.mark.parametrize(
    ("model", "profile"),
    [
        ("ByteDance-Seed/UI-TARS-1.5-7B", "ui_tars_1_5"),
        ("UI-TARS-72B-DPO", "ui_tars"),
        ("doubao-1-5-ui-tars-250428", "ui_tars"),
        ("xlangai/OpenCUA-32B", "opencua"),
        ("xlangai/OpenCUA-A3B", "opencua_a3b"),
        ("xlangai/Aguvis-7B-720P", "aguvis"),
        ("Qwen/Qwen2-VL-7B-Instruct", "qwen2_vl"),
        ("Qwen/Qwen2.5-VL-72B-Instruct", "qwen2_5_vl"),
        ("Qwen/Qwen3-VL-8B-Instruct", "qwen3_vl"),
        ("mPLUG/GUI-Owl-1.5-8B-Instruct", "qwen3_vl"),
        ("inclusionAI/UI-Venus-1.5-8B", "ui_venus"),
        ("OS-Copilot/OS-Atlas-Base-4B", "os_atlas"),
        ("OS-Copilot/OS-Genesis-4B-AC", "os_genesis"),
        ("Salesforce/GTA1-7B", "gta1"),
        ("Hcompany/Holo1.5-7B", "holo"),
        ("moonshotai/Kimi-VL-A3B-Instruct", "kimi_vl"),
        ("showlab/ShowUI-2B", "showui"),
        ("cckevinn/SeeClick", "seeclick"),
        ("osunlp/UGround-V1-7B", "uground"),
        ("zai-org/GLM-4.5V", "glm_v"),
        ("gemini-2.5-pro", "gemini"),
        ("allenai/Molmo-7B-D-0924", "molmo"),
        ("OpenGVLab/ScaleCUA-7B", "scalecua_qwen2_5"),
        ("scalecua", "scalecua_qwen2_5"),
        ("me/ScaleCUA-InternVL3-8B", "scalecua"),
        ("inclusionAI/UI-Venus-Ground-72B", "ui_venus_ground"),
        ("inclusionAI/UI-Venus-2-8B", "ui_venus"),
        ("Hcompany/Holo2-30B-A3B", "holo2"),
        ("allenai/Molmo2-4B", "molmo2"),
        ("allenai/MolmoWeb-8B", "molmo2"),
        ("microsoft/Fara-7B", "fara"),
        ("mPLUG/GUI-Owl-32B", "qwen2_5_gui"),
        ("xlangai/Jedi-7B-1080p", "qwen2_5_gui"),
        ("InfiX-ai/InfiGUI-G1-7B", "qwen2_5_gui"),
        ("Tongyi-MAI/MAI-UI-2B", "mai_ui"),
        ("google/gemma-3-27b-it", "gemma"),
        ("Qwen/Qwen3.5-35B-A3B", "qwen3_vl"),
        ("Qwen/Qwen3-VL-32B-Thinking", "qwen3_vl_thinking"),
        ("zai-org/AutoGLM-Phone-9B", "autoglm"),
        ("ScaleCUA-Qwen2.5-VL-7B", "scalecua_qwen2_5"),
        ("OpenGVLab/InternVL3-8B-hf", "internvl3"),
    ],
)
def test_a_family_is_known_by_its_name(model: str, profile: str) -> None:
    assert profile_for(model)[0].name == profile


def test_every_profile_parses_the_format_that_its_prompt_requests() -> None:
    for profile in PROFILES.values():
        assert set(profile.dialects) <= set(PARSERS)
        text = '<tool_call>{"kind": "back"}</tool_call>'
        assert fields(text, profile) == {"kind": "back"}
        assert fields("Why.\n<tool_call>\n" + '{"kind": "click", "target": "the Save button"}', profile)["target"] == {
            "phrase": "the Save button"
        }
    assert set(FOREIGN) < set(PROFILES)


@pytest.mark.parametrize(
    ("profile", "text", "size", "point"),
    [
        # 1000x700 is seen as 1008x700, and 2000x1000 as 1988x1008.
        ("scalecua_qwen2_5", "<action>click(x=504, y=350)</action>", (1000, 700), (500, 350)),
        ("ui_venus_ground", "[994, 504]", (2000, 1000), (1000, 500)),
        ("holo2", '{"action": "click_absolute", "x": 250, "y": 750}', (1200, 800), (300, 600)),
        ("molmo2", '<points coords="1 1 052 713">the gear</points>', (1000, 2000), (52, 1426)),
        ("gemma", '{"box_2d": [100, 200, 300, 400]}', (1000, 1000), (300, 200)),
        (
            "mai_ui",
            '<grounding_think>Top [7, 7].</grounding_think>{"coordinate": [333, 666]}',
            (1000, 1000),
            (333, 666),
        ),
        (
            "fara",
            '{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [504, 350]}}',
            (1000, 700),
            (500, 350),
        ),
        ("qwen2_5_gui", '{"point_2d": [504, 350]}', (1000, 700), (500, 350)),
        ("autoglm", '<think>x</think><answer>do(action="Tap", element=[250,750])</answer>', (1200, 800), (300, 600)),
    ],
)
def test_places_are_read_in_the_space_of_the_family(
    profile: str, text: str, size: tuple[int, int], point: tuple[int, int]
) -> None:
    action = parse_action(text, PROFILES[profile], size)[1]
    assert isinstance(action, Click)
    assert action.target.point == point


@pytest.mark.parametrize(
    ("profile", "text", "said"),
    [
        ("ui_tars", "Thought：find it\nAction：click（start_box='（30，870）'）", "click (30, 870)"),
        ("ui_tars", "I open the list. Action: click(start_box='<bbox>10 20 30 40</bbox>')", "click (20, 30)"),
        ("ui_tars", "Action：type(content='a（b）')", "type “a（b）”"),
        (
            "qwen3_vl",
            (
                "<tool_call>\n<function=computer_use>\n<parameter=action>\nkey\n</parameter>\n<parameter=keys>\n"
                '["ctrl", "s"]\n</parameter>\n</function>\n</tool_call>'
            ),
            "press ctrl+s",
        ),
        ("qwen3_vl", "<function=type><parameter=text>[1]</parameter></function>", "type “[1]”"),
        (
            "glm_v",
            (
                "<tool_call>computer_use\n<arg_key>action</arg_key>\n<arg_value>left_click</arg_value>\n"
                "<arg_key>coordinate</arg_key>\n<arg_value>[5, 6]</arg_value>\n</tool_call>"
            ),
            "click (5, 6)",
        ),
        (
            "gemma",
            '<|tool_call>call:type{text:<|"|>so "it" is<|"|>,clear:true}<tool_call|>',
            'replace what is there by “so "it" is”',
        ),
        ("gemma", "<|tool_call>call:click{target:{point:[700,20]}}<tool_call|>", "click (20, 700)"),
        ("autoglm", 'do(action="Type", text="x, y")', "type “x, y”"),
        ("autoglm", 'do(action="Swipe", start=[500,800], end=[500,200])', "scroll down by 6 over (500, 800)"),
        ("autoglm", 'do(action="Wait", duration="2 seconds")', "wait 2 s"),
        ("autoglm", 'finish(message="It is 4.")', "done: It is 4."),
        (
            "internvl3",
            '{"name": "computer", "input": {"action": "scroll", "scroll_direction": "down", "scroll_amount": 4}}',
            "scroll down by 4",
        ),
        (
            "internvl3",
            '{"name": "computer", "input": {"actions": [{"action": "left_click", "coordinate": [3, 4]}, {}]}}',
            "click (3, 4)",
        ),
        (
            "internvl3",
            '{"memory": "", "action": [{"type": {"text": "Ann"}}, {"click": {"point": [1, 2]}}]}',
            "type “Ann”",
        ),
    ],
)
def test_other_ways_to_write_a_call(profile: str, text: str, said: str) -> None:
    assert describe(parse_action(text, PROFILES[profile], (1000, 1000))[1]) == said


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ("ui_tars", "Action: click(start_box='<bbox>a b c d</bbox>')"),
        ("ui_tars", "Action：click(start_box='（一，二）')"),
        (
            "qwen3_vl",
            "<function=click><parameter=point>[x, 2]</parameter></function>",
        ),
        ("qwen3_vl", "<tool_call><function=click><parameter=target>the OK button</parameter><parameter=button>ri"),
        (
            "qwen3_vl",
            '{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": "there"}}',
        ),
        ("gemma", "<|tool_call>call:click{x:5,y:up}<tool_call|>"),
        ("gemma", "<|tool_call>call:click{x:5,y:" + "[" * 500),
        ("autoglm", 'do(action="Tap", element=["a", "b"])'),
        ("autoglm", 'do(action="Launch", app="Mail")'),
        ("internvl3", '{"action": []}'),
        ("internvl3", '{"kind": "click", "point": "here"}'),
        ("internvl3", '{"name": "computer", "input": {"action": "left_click", "coordinate": {"x": "a", "y": 2}}}'),
    ],
)
def test_what_is_no_number_and_no_whole_call_is_refused(profile: str, text: str) -> None:
    with pytest.raises(ActionRefused):
        parse_action(text, PROFILES[profile], (1000, 1000))

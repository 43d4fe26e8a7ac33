"""Answers made to break a parser: 100,000 of them, each read or refused at once, and no action that was not written."""

from __future__ import annotations

import ast
import contextlib
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handeye.perception import dialects
from handeye.perception.dialects import parse_action, parse_boxes, parse_point
from handeye.perception.dialects.reasoning import storable
from handeye.perception.internvl.profiles import PROFILES, ModelProfile
from handeye.tools.actions import Action
from handeye.tools.errors import ActionRefused

SIZE = (1280, 800)
#: Of CPU time, for one answer.
MOST_SECONDS = 0.1
TRIES = 100_000
#: One of each way to read.
SPEAKERS = tuple(
    PROFILES[name]
    for name in ("internvl3", "scalecua", "ui_tars", "opencua_a3b", "ui_venus", "holo", "gemini", "molmo")
)
#: What injected code would leave behind.
MARK = Path("/tmp/handeye-was-run-by-a-model")
CODE = f"__import__('os').system('touch {MARK}')"

GOOD = (
    'I see it.\n<tool_call>\n{"kind": "click", "target": "the Save button", "button": "right"}\n</tool_call>',
    '<tool_call>{"kind": "type", "text": "Grüße\\n世界 \\"x\\" \\u0416", "target": [512, 40], "clear": true}',
    '<tool_call>{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [812, 64]}}</tool_call>',
    '<tool_call>{"name": "mobile_use", "arguments": {"action": "swipe", "coordinate": [5, 8], "coordinate2": [5, 3]}}',
    '{"kind": "drag", "start": "<ref>the file</ref><box>[[1, 2, 3, 4]]</box>", "end": {"x": 0.5, "y": 0.25}}',
    '```json\n{"thought": "why", "action": {"kind": "navigate", "url": "https://example.org/a?b=c"}}\n```',
    '{"action":"CLICK","args":{"x":0.41,"y":0.22}} {"kind": "done", "answer": "It is 42."}',
    '{"kind": "upload", "target": "Files", "paths": ["/a/b.pdf", "c.png"]}',
    '{"kind": "key", "keys": ["ctrl", "shift", "t"], "count": 3}',
    "<think>so</think>\n<operation>Save As</operation>\n<action>\nclick(x=0.0812, y=0.2143, clicks=1)\n</action>",
    "<action>moveTo(x=0.1, y=0.2)\ndragTo(x=0.3, y=0.4)</action>",
    "<action>write(message='it\\'s\\n🌍')</action>",
    "<think>..</think><action>Type(content='hotel')</action><conclusion>Opened</conclusion>",
    "<action>Drag(start=(100, 200), end=(300, 400))</action>",
    "Thought: the menu.\nAction: click(start_box='<|box_start|>(197,525)<|box_end|>')\n\nwait()",
    "Action: drag(start_point='<point>100 200</point>', end_point='<point>300 400</point>')",
    "Action: type(content='it's \"so\" \\n')",
    "Action: hotkey(key='ctrl c')",
    "# Step 3:\n## Thought:\nIt is empty.\n## Action:\nType.\n## Code:\n```python\npyautogui.write(message='Ann')\n```",
    "pyautogui.hotkey(keys=['ctrl', 'c'])\ncomputer.terminate(status='failure', info='no lamp')",
    "Click(352, 348)",
    "<ref>the search button</ref><box>[[912, 31, 944, 58]]</box>",
    "<|object_ref_start|>switch<|object_ref_end|><|box_start|>(576,12),(592,42)<|box_end|><|im_end|>",
    '<point x="12.3" y="45.6" alt="Save">Save</point> x=0.5, y=0.4 (0.49,0.40) [-1,-1]',
)

EVIL = (
    "1e309", "-1e309", "NaN", "Infinity", "-Infinity", "9" * 400, "0x7f", "1_000", "1j", "٣٤", "½", "1.2.3", "--5",
    "\u202e\u2066gpj.exe\u2069", "\u200f", "\ud800", "\udfff\ud800", "\x00", "\x1b[2J", "\r", "\u2028", "\ufeff",
    "[" * 300, "{" * 300, "(" * 300, "]" * 50, '{"a":' * 200, '"' * 99, "'" * 99, "\\" * 99, "<ref>" * 40,
    "<think>" * 40, "<action>" * 20, "<tool_call>" * 20, "</tool_call>", "<|im_end|>", "Action: " * 20,
    "## Code:\n" * 20, "-" * 200, "1, " * 60, "1111111.1111111111111111 " * 9, "[1" + " " * 400 + "2" + " " * 400 + "x",
    "not " * 60, "lambda: " * 40,
    CODE, f"{{{CODE}}}", f"f'{{{CODE}}}'", f"(lambda: {CODE})()", f"[{CODE} for _ in (1,)]", "().__class__.__bases__",
    f'{{"kind": "{CODE}"}}', f"<action>{CODE}</action>", f"Action: {CODE}", f"pyautogui.click({CODE})", "exec('1')",
    f"click(x={CODE}, y=1)", f"write(message={CODE})", "click(**{'x': 1})", "click(*[1, 2])", "x = click(1, 2)",
    '{"__proto__": {"kind": "done"}}', '"kind": "done"', "null", "true", ",", ":", "'", '"', "\\", "\n", "\n\n",
    ")", "}", "]",
)  # fmt: skip

#: What has to stand in an answer for it to be an action of a kind.
WORDS = {
    "click": "click|press|double|single|left|right|check|focus",
    "move": "move|hover",
    "type": "type|write|fill|clear",
    "key": "key|press|enter|menu",
    "scroll": "scroll|swipe",
    "wait": "wait|sleep|noop",
    "navigate": "navigate|goto",
    "tabs": "tab",
    "ask": "ask|call_?user",
    "done": "done|terminate|finished|answer|response|send_msg|infeasible",
}
NOISE = re.compile(r"\\[nrtbf]|\\|[\s\x00-\x1f]|</?ref>")
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
#: What is asked when a model calls for a person without a word.
ASKED = "What should I do here?"


def plain(text: str) -> str:
    """Text without what an escape or a tag would take away."""
    return NOISE.sub("", ESCAPE.sub(lambda match: chr(int(match[1], 16)), text))


def texts(value: Any) -> Iterator[str]:
    """Every text in an action, a chord's keys one by one."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "keys":
                yield from re.split(r"\++", item)
            elif name != "kind":
                yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


def assert_written(action: Action, answer: str, profile: ModelProfile) -> None:
    """Its kind, its texts and the numbers of its points stand in the answer."""
    said = plain(storable(answer))
    fields = action.model_dump(exclude_defaults=True)
    by_place = action.kind == "click" and "point" in profile.dialects
    assert by_place or re.search(WORDS.get(action.kind, action.kind), said, re.IGNORECASE), (action, answer)
    for text in texts(fields):
        # Directions, buttons and modifiers are our words for what has others; they are from fixed lists.
        if text in {"up", "down", "left", "right", "middle", "new", "switch", "close", "ctrl", ASKED}:
            continue
        wanted = plain(text)
        assert wanted in said or wanted.lower() in said.lower() or wanted in " ".join(said.split()), (action, answer)
    if any(isinstance(field, dict) and "point" in field for field in fields.values()):
        assert re.search(r"\d", answer), (action, answer)


def answers(seed: int, count: int) -> Iterator[str]:
    """Answers that were good once: cut, spliced, stuffed and repeated."""
    rng = random.Random(seed)
    pick, below = rng.choice, rng.randrange
    for number in range(count):
        text = GOOD[number % len(GOOD)]
        for _ in range(1 + number % 3):
            here = below(len(text) + 1)
            match below(8):
                case 0:
                    text = text[:here]
                case 1:
                    text = text[here:]
                case 2:
                    text = text[:here] + pick(EVIL) + text[here:]
                case 3:
                    text = text[:here] + pick(EVIL) + text[here + below(20) :]
                case 4:
                    other = pick(GOOD)
                    text = text[:here] + other[below(len(other)) :]
                case 5:
                    text = text[:here] + text[here + 1 :]
                case 6:
                    text = text[:here] + chr(below(0x250)) + text[here + 1 :]
                case _:
                    text += pick(EVIL) + text[:here]
        yield text


def cut() -> Iterator[str]:
    """Every good answer, ended at every place."""
    for text in GOOD:
        for end in range(len(text) + 1):
            yield text[:end]


def read(answer: str, profile: ModelProfile) -> Action | None:
    """The action of an answer, or None when it is refused; nothing else may happen, and nothing may take long."""
    began = time.process_time()
    try:
        action: Action | None = parse_action(answer, profile, SIZE)[1]
    except ActionRefused as refusal:
        action, said = None, str(refusal)
    else:
        said = "yes"
    if time.process_time() - began > MOST_SECONDS:
        assert_quick(answer, profile)
    assert 0 < len(said) <= 500
    assert said.isprintable() or "\n" not in said
    return action


def assert_quick(answer: str, profile: ModelProfile) -> None:
    """A slow reading is measured again, because it may have been the machine."""
    for reader in (parse_action, parse_point, parse_boxes):
        seconds = []
        for _ in range(3):
            began = time.process_time()
            with contextlib.suppress(ActionRefused):
                reader(answer, profile, SIZE)
            seconds.append(time.process_time() - began)
        assert min(seconds) < MOST_SECONDS, (reader.__name__, min(seconds), len(answer), answer[:200])


@pytest.mark.parametrize("part", range(4))
def test_a_hundred_thousand_hostile_answers(part: int) -> None:
    MARK.unlink(missing_ok=True)
    read_as_actions = 0
    made = answers(part, TRIES // 4)
    for number, answer in enumerate(made):
        profile = SPEAKERS[number % len(SPEAKERS)]
        action = read(answer, profile)
        if action:
            read_as_actions += 1
            assert_written(action, answer, profile)
        if number % 4 == 0:
            point, boxes = parse_point(answer, profile, SIZE), parse_boxes(answer, profile, SIZE)
            for x, y in [point, *(box[:2] for box in boxes)] if point else []:
                assert 0 <= x < SIZE[0]
                assert 0 <= y < SIZE[1]
    # Damaged as they are, a good part of them still say what to do; else this would test only refusals.
    assert TRIES // 40 < read_as_actions < TRIES // 8
    assert not MARK.exists()


def test_answers_that_end_anywhere() -> None:
    for answer in cut():
        for profile in SPEAKERS:
            if action := read(answer, profile):
                assert_written(action, answer, profile)


MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    "unit",
    [
        *("[", "]", "{", "(", '"', "'", "\\", "<", "\n", " ", "a", "9", "-", "#", "\x00", "\ud800", "\u202e", "🌍"),
        *("<tool_call>", "<tool_call>{", "<action>", "<action>click(", "<think>", "<ref>", "</ref><ref>", "<box>[["),
        *("<operation>", "<|box_start|>(", "<|object_ref_start|>", "Action: click(", "Action:\n", "## Code:\n"),
        *('{"kind":', '{"kind": "click", "target": ', '[{"a":', "{}", '{"a": 1}', '"kind": "click", ', "[[1, 2, 3, "),
        *(
            "[1, 2",
            "(1,2),",
            "[1 ",
            "x=1, ",
            "x=0.5 y",
            "1,",
            "1111111.111",
            "<point x=",
            "pyautogui.click(",
            "click(1,",
        ),
        *("Thought: ", "**Thought:", "Step 1", "```", "```python\n", "import time\n", "a.b(", "'a' ", "\\'", "lambda:"),
        *("click(x=1, y=2)\n", "type(content='", "hotkey('a', ", CODE, f"f'{{{CODE}}}'", "-1e309, ", "NaN, "),
    ],
)
@pytest.mark.parametrize("before", ["", "<tool_call>{", "<action>click(x=", "Action: type(content='", "[1"])
def test_a_megabyte_of_anything_is_over_at_once(unit: str, before: str) -> None:
    answer = before + unit * (MEGABYTE // len(unit))
    for profile in SPEAKERS[:3] if before else SPEAKERS:
        if action := read(answer, profile):
            assert_written(action, answer[:100_000], profile)
    assert_quick(answer, SPEAKERS[5])


@pytest.mark.parametrize(
    "nested",
    [
        '{"kind": ' * 10_000,
        '{"kind": ' * 10_000 + '"done"' + "}" * 10_000,
        "<tool_call>" + '{"arguments": ' * 10_000,
        '<tool_call>{"kind": "click", "target": ' + "[" * 10_000 + "1, 2" + "]" * 10_000 + "}",
        "<action>click(x=" + "(" * 10_000 + "1" + ")" * 10_000 + ", y=1)</action>",
        "<action>" + "click(" * 10_000 + "</action>",
        "<action>click(x=" + "-" * 10_000 + "1, y=1)</action>",
        "<action>click(x=" + "not " * 5000 + "1, y=1)</action>",
        "<action>click(x=" + "1+" * 10_000 + "1, y=1)</action>",
        "<action>click(x=1" + ".a" * 10_000 + ", y=1)</action>",
        "<action>click(x=" + "lambda:" * 3000 + "1, y=1)</action>",
        "<action>click(x=1 if " + "1 if 1 else " * 1900 + "1, y=1)</action>",
        "<action>write(message=" + "'a' " * 5900 + ")</action>",
        "<action>write(message=f'" + "{" * 9000 + "')</action>",
        "<action>click(" + "x=1, " * 4700 + ")</action>",
    ],
)
def test_what_is_nested_ten_thousand_deep_is_refused(nested: str) -> None:
    for profile in SPEAKERS:
        assert read(nested, profile) is None


@pytest.mark.parametrize("tail", ["", "x", ")", ",1)x"])
def test_digits_that_could_be_split_in_many_ways_are_split_in_one(tail: str) -> None:
    numbers = "(1111111.1111111111111111,1111111.1111111111111111" + tail
    for answer in (f'{{"kind": "click", "target": "{numbers}"}}', f"Action: click(start_box='{numbers}')"):
        read(answer, SPEAKERS[0])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from(GOOD), st.sampled_from(EVIL), st.text(max_size=20), st.floats().map(repr)), max_size=8
    ).map("".join),
    st.sampled_from(SPEAKERS),
)
def test_no_combination_breaks_the_parsers(answer: str, profile: ModelProfile) -> None:
    if action := read(answer, profile):
        assert_written(action, answer, profile)
    parse_point(answer, profile, SIZE)
    parse_boxes(answer, profile, SIZE)


def test_nothing_in_the_dialects_can_run_what_a_model_wrote() -> None:
    """They call `ast.parse`, which builds a tree and runs nothing, in one place; and nothing that evaluates."""
    runs = {
        "eval",
        "exec",
        "compile",
        "literal_eval",
        "__import__",
        "import_module",
        "system",
        "Popen",
        "getattr",
    }
    parses = []
    for path in sorted(Path(dialects.__file__).parent.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            name = (
                called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
            )
            owner = called.value.id if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) else ""
            assert name not in runs or owner == "re", (path.name, name)
            if (owner, name) == ("ast", "parse"):
                parses.append(path.name)
                assert isinstance(node, ast.Call)
                assert [keyword.arg for keyword in node.keywords] == ["mode"]
    assert parses == ["python_calls.py"]

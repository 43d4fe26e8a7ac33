"""The grammar of answers: whatever a model writes under it is an action on offer, and nothing good is kept out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handeye.perception.dialects import parse_action, parse_boxes, parse_point
from handeye.perception.engines import open_engine
from handeye.perception.engines.ebnf import decimal, integer
from handeye.perception.engines.engine import Request
from handeye.perception.engines.grammar import action_grammar, box_grammar, without_budgets
from handeye.perception.engines.in_process.small_checkpoint import Language, build_small_checkpoint
from handeye.perception.internvl.profiles import (
    INTERNVL3,
    INTERNVL3_5,
    INTERNVL3_5_GPT_OSS,
    PROFILES,
    SCALECUA,
    ModelProfile,
)
from handeye.perception.internvl.prompt import ChatTurn, Prompt
from handeye.tools.actions import KINDS
from handeye.tools.errors import UsageError

xgrammar = pytest.importorskip("xgrammar", reason="needs handeye[transformers]")

SIZE = (1280, 800)
PIXELS = ModelProfile(name="pixels", space="pixels")
POINTS = ModelProfile(name="points", space="0-1000", answers="point", order="yx")
THINKS = INTERNVL3_5.with_thinking()

#: An answer for every kind, as the prompt asks for it, with as many fields as it has.
EXAMPLES: dict[str, list[str]] = {
    "click": [
        '{"kind": "click", "target": "the Save button"}',
        '{"kind": "click", "target": [0, 1000], "button": "right", "count": 2, "modifiers": ["ctrl", "shift"]}',
        '{"kind": "click", "target": "the \\"Save\\" button below 1. Überschrift 世界", "modifiers": []}',
    ],
    "move": ['{"kind": "move", "target": "the Edit menu"}'],
    "drag": ['{"kind": "drag", "start": "the lamp\'s picture", "end": [512, 40]}'],
    "type": [
        '{"kind": "type", "text": ""}',
        '{"kind": "type", "text": "Grüße\\n\\t世界 🌍 <b>bold<\\/b> \\"x\\" C:\\\\a", "target": "Name", "clear": true}',
        '{"kind": "type", "text": "{{secret:password}}", "target": "the password field"}',
        json.dumps({"kind": "type", "text": "A long paragraph, with everything it takes. " * 40}),
    ],
    "key": [
        '{"kind": "key", "keys": "enter"}',
        '{"kind": "key", "keys": "ctrl+shift+t", "count": 100, "target": "the list"}',
        '{"kind": "key", "keys": "alt+f4"}',
        '{"kind": "key", "keys": "ctrl++"}',
        '{"kind": "key", "keys": "\\""}',
    ],
    "scroll": [
        '{"kind": "scroll"}',
        '{"kind": "scroll", "direction": "up", "amount": 10, "target": "the table"}',
    ],
    "wait": ['{"kind": "wait", "seconds": 2.5}', '{"kind": "wait", "seconds": 600, "text": "Ready"}'],
    "zoom": ['{"kind": "zoom", "target": "the status bar"}'],
    "navigate": ['{"kind": "navigate", "url": "https://example.org/search?q=lamp&page=2#top"}'],
    "back": ['{"kind": "back"}'],
    "forward": ['{"kind": "forward"}'],
    "reload": ['{"kind": "reload"}'],
    "tabs": ['{"kind": "tabs", "do": "new"}', '{"kind": "tabs", "do": "close", "index": -1}'],
    "window": ['{"kind": "window", "do": "close", "title": "Save As"}'],
    "select": ['{"kind": "select", "target": "Country", "option": "Österreich"}'],
    "upload": ['{"kind": "upload", "target": "Choose files", "paths": ["/home/a/b c.pdf", "C:\\\\x.png"]}'],
    "extract": ['{"kind": "extract", "what": "the order number", "target": "the first row"}'],
    "remember": ['{"kind": "remember", "name": "order number", "text": "42"}'],
    "ask": ['{"kind": "ask", "question": "Which of the two lamps?"}'],
    "done": ['{"kind": "done"}', '{"kind": "done", "success": false, "answer": "There is none.\\nSorry."}'],
}


def answer(call: str) -> str:
    return f"The page asks for it.\n<tool_call>\n{call}\n</tool_call>"


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_checkpoint(tmp_path_factory.mktemp("grammar"))


@pytest.fixture(scope="session")
def tokenizer(small: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(small)


@pytest.fixture(scope="session")
def compiler(tokenizer: Any) -> Any:
    return xgrammar.GrammarCompiler(xgrammar.TokenizerInfo.from_huggingface(tokenizer), max_threads=1)


def accepts(compiler: Any, grammar: str, text: str) -> bool:
    """Whether a text is a whole answer under a grammar."""
    matcher = xgrammar.GrammarMatcher(compiler.compile_grammar(grammar), terminate_without_stop_token=True)
    return bool(matcher.accept_string(text)) and bool(matcher.is_terminated())


def test_every_kind_has_an_example_here() -> None:
    assert set(EXAMPLES) == set(KINDS) - {"call"}  # which has the arguments of the tools that are on offer


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_examples_of_every_kind_are_let_through(kind: str, compiler: Any) -> None:
    everything, alone = action_grammar(INTERNVL3, KINDS), action_grammar(INTERNVL3, [kind])
    for call in EXAMPLES[kind]:
        assert accepts(compiler, everything, answer(call)), call
        assert accepts(compiler, alone, answer(call)), call
        assert accepts(compiler, without_budgets(everything), answer(call)), call
        assert parse_action(answer(call), INTERNVL3, SIZE)[1].kind == kind
        assert not accepts(compiler, action_grammar(INTERNVL3, set(KINDS) - {kind}), answer(call)), call


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "back"}',
        '<tool_call>\n{"kind": "back"}\n</tool_call>',
        'Why.\n\n<tool_call>\n{"kind": "back"}\n</tool_call>',
        'Why.\n<tool_call>\n{"kind":"back"}\n</tool_call>',
        'Why.\n<tool_call>\n{"kind": "back"}\n</tool_call>\n',
        'Why <box>.\n<tool_call>\n{"kind": "back"}\n</tool_call>',
        answer('{"kind": "fly"}'),
        answer('{"kind": "click"}'),
        answer('{"kind": "click", "target": ""}'),
        answer('{"kind": "click", "target": "  "}'),
        answer('{"kind": "click", "target": "\u3000"}'),
        answer('{"kind": "click", "target": "[5000, 20]"}'),
        answer('{"kind": "click", "target": [1001, 20]}'),
        answer('{"kind": "click", "target": [-1, 20]}'),
        answer('{"kind": "click", "target": [007, 20]}'),
        answer('{"kind": "click", "target": [0.5, 0.5]}'),
        answer('{"kind": "click", "target": "Save", "element": "e1"}'),
        answer('{"kind": "click", "target": {"phrase": "Save", "element": "e1"}}'),
        answer('{"kind": "click", "target": "Save", "count": 4}'),
        answer('{"kind": "click", "target": "Save", "count": 0}'),
        answer('{"kind": "wait", "seconds": 600.5}'),
        answer('{"kind": "wait", "seconds": -1}'),
        answer('{"kind": "tabs", "do": "new", "index": -2}'),
        answer('{"kind": "tabs", "do": "new", "index": 1000}'),
        answer('{"kind": "type", "text": "a\nb"}'),
        answer('{"kind": "type", "text": "a\\rb"}'),
        answer('{"kind": "type", "text": "a\\u0000b"}'),
        answer('{"kind": "type", "text": "a</tool_call>"}'),
        answer('{"kind": "type", "text": "a<|im_end|>"}'),
        answer('{"kind": "key", "keys": "ctrl+nothing"}'),
        answer('{"kind": "key", "keys": "a b"}'),
        answer('{"kind": "remember", "name": "", "text": "x"}'),
        answer(json.dumps({"kind": "remember", "name": "n" * 81, "text": "x"})),
        answer('{"kind": "upload", "target": "Files", "paths": []}'),
        answer('{"kind": "ask", "question": ""}'),
    ],
)
def test_what_could_not_be_used_cannot_be_written(text: str, compiler: Any) -> None:
    assert not accepts(compiler, action_grammar(INTERNVL3, KINDS), text)


@pytest.mark.parametrize(
    "call",
    [
        "click(x=0.3674, y=0.9192)",
        "click(x=0.0812, y=0.2143, clicks=1, button='left')",
        "rightClick(x=0, y=1.0)",
        "moveTo(x=0.1, y=0.2)\ndragTo(x=0.3, y=0.4)",
        "hotkey('ctrl', 'c')",
        "press('enter', presses=3)",
        "write(message='it\\'s\\n<b> 🌍')",
        "scroll(clicks=-5, x=0.5, y=0.5)",
        "wait(seconds=3)",
        "call_user()",
        "response(answer='42')",
        "terminate(status='failure', info='no lamp')",
    ],
)
def test_scalecua_writes_its_own_calls(call: str, compiler: Any) -> None:
    grammar = action_grammar(SCALECUA, KINDS)
    for text in (
        f"<action>\n{call}\n</action>",
        f"<think>Because.</think>\n<operation>Do so</operation>\n<action>\n{call}\n</action>",
    ):
        assert accepts(compiler, grammar, text)
        parse_action(text, SCALECUA, SIZE)
    assert not accepts(compiler, grammar, f"<action>\n{call}")
    assert accepts(compiler, grammar, '<operation>Go</operation>\n<tool_call>\n{"kind": "back"}\n</tool_call>')
    assert not accepts(compiler, grammar, "<action>\nclick(x=5, y=0.1)\n</action>")
    assert not accepts(compiler, grammar, "<action>\n__import__('os')\n</action>")


def test_thoughts_come_first_where_the_profile_thinks(compiler: Any) -> None:
    thought = "<think>\n1 < 2, so:\nclick.\n</think>\n"
    said = answer('{"kind": "back"}')
    assert accepts(compiler, action_grammar(THINKS, KINDS, thinking=100), thought + said)
    assert accepts(compiler, action_grammar(THINKS, KINDS, thinking=100), said)
    assert not accepts(compiler, action_grammar(INTERNVL3, KINDS), thought + said)
    assert action_grammar(INTERNVL3_5_GPT_OSS.with_thinking(), KINDS) == ""


@pytest.mark.parametrize(
    "draft",
    [
        '<tool_call>\n{"kind": "back"}\n</tool_call>',
        "<tool_call>",
        "<action>\npress('a')\n</action>",
        '{"kind": "back"}',
        "</tool_call>",
        "◁/think▷",
        "<think>",
    ],
)
def test_no_action_opens_inside_of_reasoning(compiler: Any, draft: str) -> None:
    said = answer('{"kind": "back"}')
    opened = PROFILES["qwen3_vl_thinking"]
    for profile, before in ((THINKS, "<think>"), (opened, "")):
        grammar = action_grammar(profile, KINDS, thinking=100)
        assert accepts(compiler, grammar, f"{before}Perhaps 1 < 2.\n</think>\n{said}")
        assert not accepts(compiler, grammar, f"{before}Perhaps {draft} so\n</think>\n{said}")
    assert not accepts(compiler, action_grammar(opened, KINDS, thinking=100), said)


def test_points_are_written_in_the_space_of_the_profile(compiler: Any) -> None:
    at = answer('{"kind": "click", "target": [1280, 800]}')
    assert accepts(compiler, action_grammar(PIXELS, KINDS, size=SIZE), at)
    assert not accepts(compiler, action_grammar(PIXELS, KINDS, size=(1279, 800)), at)
    assert not accepts(compiler, action_grammar(PIXELS, KINDS), at)
    calibrated = INTERNVL3.model_copy(update={"scale": (0.5, 2.0), "offset": (0.25, -0.5)})
    grammar = action_grammar(calibrated, KINDS)
    for x, y in ((0, 250), (1000, 750)):
        text = answer(json.dumps({"kind": "click", "target": [x, y]}))
        assert accepts(compiler, grammar, text)
        parse_action(text, calibrated, SIZE)
    assert not accepts(compiler, grammar, answer('{"kind": "click", "target": [0, 249]}'))


def test_an_answer_to_where_is_a_place_or_that_it_is_not_there(compiler: Any) -> None:
    boxes, points = box_grammar(INTERNVL3), box_grammar(POINTS)
    assert accepts(compiler, boxes, "[[1, 20, 300, 1000]]")
    assert accepts(compiler, boxes, "[[-1, -1, -1, -1]]")
    assert not accepts(compiler, boxes, "[[1, 20, 300, 1001]]")
    assert not accepts(compiler, boxes, "It is here: [[1, 20, 300, 400]]")
    assert accepts(compiler, points, "[20, 1000]")
    assert accepts(compiler, points, "[-1, -1]")
    assert parse_point("[-1, -1]", POINTS, SIZE) is None
    assert parse_boxes("[[-1, -1, -1, -1]]", INTERNVL3, SIZE) == []
    assert accepts(compiler, box_grammar(SCALECUA), "<action>\nclick(x=0.5, y=0.25)\n</action>")
    assert accepts(compiler, box_grammar(PIXELS, (400, 300)), "[[0, 1, 400, 300]]")
    assert not accepts(compiler, box_grammar(PIXELS, (400, 300)), "[[0, 1, 400, 301]]")


@pytest.mark.parametrize(("least", "most"), [(0, 0), (1, 3), (0, 1000), (-1, 999), (1, 100), (7, 1919), (30, 45)])
def test_numbers_are_the_whole_range_and_no_more(least: int, most: int, compiler: Any) -> None:
    compiled = compiler.compile_grammar(f"root ::= {integer(least, most)}")

    def fits(text: str) -> bool:
        matcher = xgrammar.GrammarMatcher(compiled, terminate_without_stop_token=True)
        return bool(matcher.accept_string(text)) and bool(matcher.is_terminated())

    near = {*range(least - 3, least + 120), *range(most - 120, most + 12), 10 * most + 1}
    assert {number for number in near if fits(str(number))} == {n for n in near if least <= n <= most}


def test_decimals_stop_at_the_limit(compiler: Any) -> None:
    grammar = f"root ::= {decimal(0, 600)}"
    assert all(accepts(compiler, grammar, text) for text in ("0", "0.5", "2.75", "599.99", "600"))
    assert not any(accepts(compiler, grammar, text) for text in ("600.1", "601", "1.", ".5", "1.234", "-1", "1e3"))


def test_an_answer_too_short_for_an_action_is_refused_with_the_least_that_fits() -> None:
    with pytest.raises(UsageError, match="give at least 464 tokens") as caught:
        action_grammar(INTERNVL3, KINDS, longest=100)
    assert "100 tokens" in str(caught.value)
    assert action_grammar(INTERNVL3, KINDS, longest=464)
    with pytest.raises(UsageError, match="0 actions"):
        action_grammar(INTERNVL3, [])


@pytest.mark.model
@pytest.mark.parametrize(("language", "profile"), [("qwen2", INTERNVL3), ("qwen3", SCALECUA)])
def test_a_model_that_knows_nothing_writes_only_actions(
    language: Language, profile: ModelProfile, tmp_path: Path
) -> None:
    """100 tries each. Qwen 3's tokenizer has `<tool_call>` and `<think>` as tokens of their own, Qwen 2's has not."""
    import torch

    engine = open_engine(str(build_small_checkpoint(tmp_path, language=language)))
    grammar = action_grammar(profile, KINDS, longest=544)
    prompt = Prompt("", (ChatTurn("user", ("Goal: buy a lamp.",)),))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        answers = engine.generate(Request(prompt, max_tokens=544, temperature=1.0, samples=100, grammar=grammar))
    kinds = set()
    for answer in answers:
        assert answer.finish == "stop"
        kinds.add(parse_action(answer.text, profile, SIZE)[1].kind)
    assert len(kinds) > 5

"""What a model reasoned is never its answer: drafts in any form of reasoning, whole or in pieces, are not executed."""

from __future__ import annotations

import itertools
import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handeye.perception.dialects import parse_action, parse_boxes, parse_point
from handeye.perception.dialects.reasoning import separate
from handeye.perception.engines import open_engine
from handeye.perception.engines.engine import Request, answer_parts
from handeye.perception.engines.scripted import ScriptedEngine
from handeye.perception.engines.serving.reply_message import ReplyMessage
from handeye.perception.engines.serving.streaming import StreamReader, TextForwarder
from handeye.perception.internvl.calibration import numbers_in
from handeye.perception.internvl.profiles import INTERNVL3, INTERNVL3_5, PROFILES
from handeye.perception.internvl.prompt import ChatTurn, Prompt
from handeye.tools.actions import Click, Type
from handeye.tools.errors import ActionRefused

SIZE = (1000, 1000)
STOP = ("</tool_call>", "</action>")
PROMPT = Prompt("system", (ChatTurn("user", ("question",)),))

#: How families mark reasoning, with a place for it and one for the answer.
FORMS = {
    "tags": "<think>{draft}</think>\n{answer}",
    "other word": "<thinking>{draft}</thinking>{answer}",
    "thought": "<thought>\n{draft}\n</thought>\n\n{answer}",
    "capitals and attributes": '<Think effort="high">{draft}</THINK>{answer}',
    "word of the family": "<seed:think>{draft}</seed:think>{answer}",
    "grounding": "<grounding_think>{draft}</grounding_think>{answer}",
    "closing tag alone": "{draft}</think>\n\n{answer}",
    "closing tag alone, another": "{draft}</thinking>{answer}",
    "nested": "<think>a<think>{draft}</think>b {draft}</think>{answer}",
    "several": "<think>{draft}</think>\n<think>{draft}</think>\n{answer}",
    "opened twice": "<think>\n<think>\n{draft}</think>{answer}",
    "closed twice": "<think>{draft}</think>{draft}</think>{answer}",
    "swallowed and again": "{draft}</think><think>{draft}</think>{answer}",
    "names its tags": "<think>I end with `</think>` and begin with '<think>'. {draft}</think>{answer}",
    "kimi": "◁think▷{draft}◁/think▷{answer}",
    "magistral": "[THINK]{draft}[/THINK]{answer}",
    "cohere": "<|START_THINKING|>{draft}<|END_THINKING|>{answer}",
    "gemma": "<|channel>thought\n{draft}<channel|>{answer}",
    "escaped": "&lt;think&gt;{draft}&lt;/think&gt;{answer}",
    "harmony": (
        "<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant<|channel|>final<|message|>{answer}<|return|>"
    ),
    "harmony, header swallowed": "{draft}<|end|><|start|>assistant<|channel|>final<|message|>{answer}",
    "harmony, preamble": (
        "<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant<|channel|>commentary<|message|>{draft}<|end|>"
        "<|start|>assistant<|channel|>final<|message|>{answer}"
    ),
    "harmony, tokens stripped": "analysisWe could {draft}assistantfinal{answer}",
    "harmony after tags": "<think>{draft}</think><|channel|>final<|message|>{answer}",
}
#: Reasoning that does not end.
ENDLESS = (
    "<think>{draft}",
    "<think>{draft}\n{draft}</tool_call>",
    "<think>a<think>b</think>{draft}",
    "Well. <thinking>{draft}",
    "◁think▷{draft}",
    "<|channel|>analysis<|message|>{draft}<|end|>",
    "<|start|>assistant<|channel|>analysis<|message|>{draft}",
    "<|channel|>analysis to=functions.click<|message|>{draft}<|call|>",
    "<think><|channel|>final<|message|>{draft}",
    "analysisWe {draft}",
    "<think>{draft}</think>",
    "{draft}</think>\n ",
)
#: A profile, a draft, the answer, and where the answer clicks.
CALLS = {
    "tool call": (
        "internvl3_5",
        '<tool_call>{"kind": "click", "target": {"point": [7, 7]}}</tool_call>',
        '<tool_call>{"kind": "click", "target": {"point": [610, 320]}}</tool_call>',
    ),
    "json": (
        "internvl3",
        '{"kind": "click", "target": [7, 7]}',
        '```json\n{"kind": "click", "target": [610, 320]}\n```',
    ),
    "scalecua": ("scalecua", "<action>click(x=0.007, y=0.007)</action>", "<action>\nclick(x=0.61, y=0.32)\n</action>"),
    "ui_tars": ("ui_tars", "\nAction: click(start_box='(7,7)')\n", "Action: click(start_box='(610,320)')"),
    "pyautogui": ("aguvis", "pyautogui.click(0.007, 0.007)", "```python\npyautogui.click(x=0.61, y=0.32)\n```"),
    "qwen coder": (
        "qwen3_vl",
        (
            "<tool_call><function=computer_use><parameter=action>left_click</parameter>"
            "<parameter=coordinate>[7, 7]</parameter></function></tool_call>"
        ),
        (
            "<tool_call>\n<function=computer_use>\n<parameter=action>\nleft_click\n</parameter>\n<parameter=coordinate>\n"
            "[610, 320]\n</parameter>\n</function>\n</tool_call>"
        ),
    ),
    "point": ("ui_venus", "[7, 7]", "[610, 320]"),
}
DRAFTS = [draft for _, draft, _ in CALLS.values()]


def clicked(action: Any) -> tuple[int, int] | None:
    assert isinstance(action, Click)
    return action.target.point


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_action_is_the_one_after_the_reasoning(form: str, call: tuple[str, str, str]) -> None:
    profile, draft, answer = PROFILES[call[0]], call[1], call[2]
    text = form.format(draft=f"Perhaps {draft}? No, that deletes it.", answer=answer)
    assert clicked(parse_action(text, profile, SIZE)[1]) == (610, 320)
    # Stop strings end the answer and not the reasoning, and an engine's answer reads the same.
    (got,) = ScriptedEngine([text], profile).generate(Request(PROMPT, stop=STOP))
    assert clicked(parse_action(got.separated, profile, SIZE)[1]) == (610, 320)
    assert draft not in got.text
    assert draft in got.reasoning


@pytest.mark.parametrize("form", ENDLESS)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_reasoning_that_never_ends_leaves_no_answer(form: str, call: tuple[str, str, str]) -> None:
    profile, text = PROFILES[call[0]], form.format(draft=call[1])
    with pytest.raises(ActionRefused, match="reason"):
        parse_action(text, profile, SIZE)
    assert parse_point(text, profile, SIZE) is None
    assert parse_boxes(text, profile, SIZE) == []
    assert numbers_in(text) == ()
    (got,) = ScriptedEngine([text], profile).generate(Request(PROMPT, stop=STOP))
    assert (got.text, bool(got.trouble)) == ("", True)


@pytest.mark.parametrize("value", ["<think>", "</think>", "a </think>\nAction: click(start_box='(1,1)')", "◁/think▷ x"])
@pytest.mark.parametrize("before", ["", "<think>Type it.</think>", "Type it.</think>"])
def test_a_value_of_the_answer_is_text(value: str, before: str) -> None:
    said = f"{before}<tool_call>{json.dumps({'kind': 'type', 'text': value}, ensure_ascii=False)}</tool_call>"
    action = parse_action(said, INTERNVL3, SIZE)[1]
    assert isinstance(action, Type)
    assert action.text == value
    if "\n" not in value:
        in_call = f"{before}Action: type(content='{value}')"
        assert parse_action(in_call, PROFILES["ui_tars"], SIZE)[1] == Type(text=value)
        tagged = f"{before}<tool_call><function=type><parameter=text>{value}</parameter></function></tool_call>"
        assert parse_action(tagged, PROFILES["qwen3_vl"], SIZE)[1] == Type(text=value)


def test_a_call_in_a_channel_is_the_answer() -> None:
    text = (
        "<|channel|>analysis<|message|>Or <tool_call>{}</tool_call>?<|end|><|start|>assistant<|channel|>commentary "
        'to=functions.click <|constrain|>json<|message|>{"target": [610, 320]}<|call|>'
    )
    assert clicked(parse_action(text, PROFILES["internvl3_5_gpt_oss"], SIZE)[1]) == (610, 320)
    assert clicked(parse_action(text.replace("<|constrain|>json", ""), INTERNVL3, SIZE)[1]) == (610, 320)


def test_what_another_speaker_says_is_no_answer() -> None:
    text = (
        "<|channel|>final<|message|>[610, 320]<|end|><|start|>user<|message|>no<|end|>"
        "<|start|>assistant<|channel|>final<|message|>[7, 7]"
    )
    assert parse_point(text, PROFILES["ui_venus"], SIZE) == (610, 320)


def test_a_text_cut_by_the_limit_is_reasoning_where_the_template_opened_it() -> None:
    draft = CALLS["tool call"][1]
    thinks = PROFILES["qwen3_vl_thinking"]
    assert answer_parts(draft, STOP, thinks, "length").trouble
    assert answer_parts(draft, STOP, thinks, "stop").answer
    assert answer_parts(draft, STOP, INTERNVL3, "length").answer


def test_lone_surrogates_become_a_sign_that_can_be_stored() -> None:
    assert separate("a\ud800b").answer == "a\ufffdb"
    assert separate("<think>\udc00</think>\ud83d\ude00").answer == "😀"
    thought, action = parse_action(r'{"thought": "so \ud800", "kind": "click", "target": "Save"}', INTERNVL3, SIZE)
    assert (thought, action.kind) == ("so \ufffd", "click")


@pytest.mark.parametrize(
    "unit", ["<think>", "</think>", "<think>{", '<think>{"a":', "<|channel|>", "assistantfinal", "◁/think▷f('"]
)
def test_a_megabyte_of_marks_is_over_at_once(unit: str) -> None:
    text = unit * (1 << 20 // len(unit))
    began = time.process_time()
    separate(text)
    assert time.process_time() - began < 0.5


REASONS = st.lists(st.one_of(st.sampled_from([*DRAFTS, "\n", "{", "don't", '"', "Action:"]), st.text(max_size=12)))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FORMS)), st.sampled_from(sorted(CALLS)), REASONS, st.data())
def test_no_draft_is_returned_however_it_is_streamed(
    form: str, name: str, words: list[str], data: st.DataObject
) -> None:
    """Any reasoning around the drafts, in any form, in chunks of any size: the answer's own action, or none."""
    profile = PROFILES[CALLS[name][0]]
    draft = " ".join([*words, CALLS[name][1], *words])
    text = FORMS[form].format(draft=draft, answer=CALLS[name][2])
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)) | {0, len(text)})
    growing = StreamReader(TextForwarder(lambda _: None, STOP))
    for first, last in itertools.pairwise(cuts):
        event = {"choices": [{"index": 0, "delta": {"content": text[first:last]}}]}
        line = b"data: " + json.dumps(event).encode() + b"\n\n"
        growing.add(line[:9])
        growing.add(line[9:])
    growing.add(b"data:[DONE]\n\n")
    whole = growing.whole()
    assert whole is not None
    said = ReplyMessage(json.loads(whole)["choices"][0]["message"]).separated(STOP, profile, "stop")
    assert said is not None
    try:
        action = parse_action(said, profile, SIZE)[1]
    except ActionRefused:
        return
    assert clicked(action) == (610, 320)


def chat(odd: Any, *messages: dict[str, Any], stream: bool = False) -> None:
    left = iter(messages)

    def answer(handler: BaseHTTPRequestHandler, _: str) -> None:
        message = next(left)
        if not stream:
            odd.reply(handler, 200, json.dumps({"choices": [{"message": message}]}).encode())
            return
        deltas = [{name: value[at : at + 5]} for name, value in message.items() for at in range(0, len(value), 5)]
        events = [{"choices": [{"delta": delta, "finish_reason": ""}]} for delta in deltas]
        body = "".join(f"data:{json.dumps(event)}\r\n\r\n" for event in events)
        odd.reply(handler, 200, body.encode(), Content_Type="text/event-stream")

    odd.chat = answer


DRAFT, ANSWER = CALLS["tool call"][1:]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "message",
    [
        {"content": ANSWER, "reasoning": f"Or {DRAFT}?"},
        {"content": ANSWER, "reasoning_content": f"Or {DRAFT}? </think> {DRAFT}"},
        {"content": f"{DRAFT}</think>{ANSWER}", "reasoning": "so"},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": DRAFT}]},
                {"type": "text", "text": ANSWER},
            ]
        },
        {"content": [{"type": "text", "text": f"<think>{DRAFT}"}, {"type": "text", "text": f"</think>{ANSWER}"}]},
    ],
)
def test_fields_and_parts_of_a_server_are_distinguished(odd: Any, message: dict[str, Any], stream: bool) -> None:
    chat(odd, message, stream=stream)
    (got,) = open_engine(odd.url).generate(Request(PROMPT, stop=STOP, on_text=(lambda _: None) if stream else None))
    assert clicked(parse_action(got.separated, INTERNVL3_5, SIZE)[1]) == (610, 320)
    assert DRAFT in got.reasoning
    assert "</tool_call>" not in odd.bodies[0]["stop"]


def test_reasoning_alone_is_no_answer_of_a_server(odd: Any) -> None:
    chat(odd, {"content": None, "reasoning_content": DRAFT}, {"content": "", "reasoning": DRAFT})
    engine = open_engine(odd.url)
    for _ in range(2):
        (got,) = engine.generate(Request(PROMPT, stop=STOP))
        with pytest.raises(ActionRefused, match="reasoned and gave no answer"):
            parse_action(got.separated, INTERNVL3_5, SIZE)


ARGUMENTS = '{"target": {"point": [610, 320]}}'


@pytest.mark.parametrize(
    "call",
    [
        {"type": "function", "function": {"name": "click", "arguments": ARGUMENTS}},
        {"function": {"name": "click", "arguments": json.loads(ARGUMENTS)}},
        {"function": {"name": "computer_use", "arguments": '{"action": "left_click", "coordinate": [610, 320]}'}},
    ],
)
def test_a_call_that_the_server_took_out_is_the_answer(odd: Any, call: dict[str, Any]) -> None:
    chat(odd, {"content": f"Not {DRAFT}.", "tool_calls": [call]}, {"content": None, "tool_calls": [call]})
    engine = open_engine(odd.url)
    for _ in range(2):
        (got,) = engine.generate(Request(PROMPT, stop=STOP))
        assert clicked(parse_action(got.separated, INTERNVL3, SIZE)[1]) == (610, 320)


def test_a_call_streamed_in_pieces_is_put_together(odd: Any) -> None:
    pieces = [{"name": "click", "arguments": ""}, *({"arguments": ARGUMENTS[at : at + 7]} for at in range(0, 40, 7))]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None}]
    deltas += [{"tool_calls": [{"index": 0, "function": piece}]} for piece in pieces]
    body = "".join(f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n" for delta in deltas)
    odd.chat = lambda handler, _: odd.reply(
        handler, 200, (body + "data: [DONE]\n\n").encode(), Content_Type="text/event-stream"
    )
    (got,) = open_engine(odd.url).generate(Request(PROMPT, stop=STOP, on_text=lambda _: None))
    assert clicked(parse_action(got.separated, INTERNVL3, SIZE)[1]) == (610, 320)

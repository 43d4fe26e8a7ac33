"""The whole loop with a model: on a local checkpoint, and with scripted answers.

The small checkpoint has random weights, so its runs end anyhow; what is tested is that every part, from the screenshot
to the verdict, works on real code and real tokens.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from handeye.agent import Agent, RunOptions
from handeye.agent.event_log import Decided, Noted, read_events
from handeye.agent.resources import open_perception_and_policy
from handeye.agent.run_folder import RunConfig
from handeye.perception.engines import EngineOptions
from handeye.perception.model_perception import ModelPerception
from handeye.policies.best_of_n import BestOfN
from handeye.tools.errors import UsageError


def run_on(model: str, browser: Any, folder: Path) -> Any:
    perception, policy = open_perception_and_policy(model, options=EngineOptions(max_tiles=2))
    try:
        return Agent(
            browser, model, perception=perception, policy=policy, run_dir=folder, options=RunOptions(max_steps=2)
        ).run("count to two")
    finally:
        perception.close()


def check_that_it_was_asked(run: Any) -> None:
    assert run.status != "broken", run.reason  # held to the grammar, it may do, ask or claim anything
    assert run.usage.calls >= 1
    assert run.usage.tokens_in > 256  # the picture's tokens alone
    assert run.usage.tokens_out >= 1
    assert run.report.is_file()


@pytest.mark.model
@pytest.mark.timeout(300)
def test_a_local_checkpoint_runs_the_loop_to_an_honest_end(
    small_checkpoint: Path, browser: Any, tmp_path: Path
) -> None:
    run = run_on(str(small_checkpoint), browser, tmp_path / "run")
    check_that_it_was_asked(run)
    notes = [event.text for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Noted)]
    assert any("profile" in note or "CPU" in note for note in notes), notes


def test_the_answers_of_a_model_become_actions_on_the_page(browser: Any, tmp_path: Path) -> None:
    """InternVL's own formats all the way: a decision names its target, and the box of the answer is clicked."""
    box = next(element.box for element in browser.elements() if element.name == "Count")
    width, height = 1344, 896
    normalised = [round(value * 1000 / side) for value, side in zip(box, (width, height, width, height), strict=True)]
    answers = [
        'It counts. <tool_call>{"kind": "click", "target": "the Count button"}</tool_call>',
        f"<ref>the Count button</ref><box>[{normalised}]</box>",
        '<tool_call>{"kind": "done", "answer": "counted"}</tool_call>',
    ]
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    run = run_on(f"scripted:{tmp_path / 'answers.json'}", browser, tmp_path / "run")
    assert (run.status, run.answer, run.steps, run.usage.calls) == ("succeeded", "counted", 1, 3)
    assert "counted 1 times" in " ".join(element.name for element in browser.elements())


def test_the_best_of_several_decisions_is_carried_out_where_most_answers_see_its_target(
    browser: Any, tmp_path: Path
) -> None:
    count = next(element for element in browser.elements() if element.name == "Count")
    x, y = count.box.centre
    here, nowhere = f"[{round(x * 1000 / 1344)}, {round(y * 1000 / 896)}]", "[[-1, -1, -1, -1]]"
    idle = '<tool_call>{"kind": "click", "target": "the Idle button"}</tool_call>'
    counting = '<tool_call>{"kind": "click", "target": "the Count button"}</tool_call>'
    done = '<tool_call>{"kind": "done", "answer": "counted"}</tool_call>'
    (tmp_path / "answers").write_text("\n".join([idle, counting, here, here, nowhere, done, done]))
    (tmp_path / "critic").write_text("0.2 0.8\n0.9 0.1\n0.7 0.3")
    config = RunConfig(
        goal="",
        model=f"scripted:{tmp_path / 'answers'}",
        best_of=2,
        samples=3,
        critic=f"scripted:{tmp_path / 'critic'}",
    )
    run = Agent(browser, options=config, run_dir=tmp_path / "run").run("count to one")
    assert (run.status, run.answer, run.steps) == ("succeeded", "counted", 1), run.reason
    assert "counted 1 times" in " ".join(element.name for element in browser.elements())
    thoughts = [event for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Decided)]
    assert [(each.description, each.score) for each in thoughts[0].candidates] == [
        ("click “the Count button”", 0.45),
        ("click “the Idle button”", 0.1),
    ]
    (found,) = thoughts[0].groundings
    assert (found.phrase, found.votes, found.samples[2]) == ("the Count button", 2, None)
    assert count.box.holds(found.point)
    assert thoughts[0].confidence == pytest.approx(0.45)
    assert [each.votes for each in thoughts[1].candidates] == [2]
    assert run.to_json()["usage"]["calls"] == 2 + 2 + 2 + 2 + 1
    assert "window" not in run.to_json()["usage"]


def test_what_is_chosen_from_needs_a_model_and_a_critic_something_to_choose(tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("x")
    model = f"scripted:{tmp_path / 'answers'}"
    for more, words in (
        ({"model": "embedded", "best_of": 2}, "--best-of 2 needs a model"),
        ({"model": model, "critic": model}, "add --best-of"),
        ({"model": model, "best_of": 2, "policy": "plain-english"}, "leave out --policy plain-english"),
        ({"model": model, "best_of": 2, "critic": "scripted:nowhere"}, "the script nowhere"),
    ):
        with pytest.raises(UsageError, match=words):
            open_perception_and_policy(**more)
    perception, policy = open_perception_and_policy(model, best_of=4, samples=5)
    assert isinstance(perception, ModelPerception)
    assert isinstance(policy, BestOfN)
    assert (perception.samples, policy.n, policy.critic) == (5, 4, None)


def test_a_draft_in_the_reasoning_of_a_server_clicks_nothing(browser: Any, tmp_path: Path) -> None:
    """One answer in each form that a server may give; the drafts name Idle, the answers Count or nothing."""
    places = {element.name: element.box.centre for element in browser.elements()}
    points = {name: [round(x * 1000 / 1344), round(y * 1000 / 896)] for name, (x, y) in places.items()}
    draft, answer = (
        f'<tool_call>{{"kind": "click", "target": {{"point": {points[name]}}}}}</tool_call>'
        for name in ("Idle", "Count")
    )
    done = '<tool_call>{"kind": "done", "answer": "counted"}</tool_call>'
    messages: list[dict[str, Any]] = [
        {"content": answer, "reasoning_content": f"Shall I? {draft} No."},
        {"content": f"{draft} would be wrong.</think>{answer}"},
        {"content": f"<think>{draft}"},
        {"content": None, "reasoning": draft},
        {"content": f"{draft}<|end|><|start|>assistant<|channel|>final<|message|>{answer}"},
        {
            "content": f"Not {draft}",
            "tool_calls": [{"function": {"name": "done", "arguments": '{"answer": "counted"}'}}],
        },
        {"content": done},
    ]
    questions = iter(messages)
    held = messages[-1]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say({"data": [{"id": "InternVL3_5-8B"}]})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.say({"choices": [{"message": next(questions, held), "finish_reason": "stop"}]})

        def say(self, value: Any) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        config = RunConfig(goal="", model=f"http://127.0.0.1:{server.server_port}/v1")
        run = Agent(browser, options=config, run_dir=tmp_path / "run").run("count to three")
    finally:
        server.shutdown()
        server.server_close()
    thoughts = [event.description for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Decided)]
    here = f"click ({round(points['Count'][0] * 1.344 - 0.5)}"
    assert all(expected.startswith((here[:8], "done")) for expected in thoughts), thoughts
    assert "counted 3 times" in " ".join(element.name for element in browser.elements())
    assert (run.status, run.answer) == ("succeeded", "counted"), run.reason


def test_an_answer_that_cannot_be_stored_breaks_no_run(browser: Any, tmp_path: Path) -> None:
    answers = [
        r'So \ud800. <tool_call>{"kind": "call", "tool": "t", "arguments": {"n": 99999999999999999999999}}</tool_call>',
        r'<tool_call>{"kind": "click", "target": "the \ud83d button"}</tool_call>',
        '\ud800 <tool_call>{"thought": "so \\ud800", "kind": "done", "answer": "counted"}</tool_call>',
    ]
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    run = run_on(f"scripted:{tmp_path / 'answers.json'}", browser, tmp_path / "run")
    assert (run.status, run.answer) == ("succeeded", "counted"), run.reason
    (reasoning,) = [event for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Decided)]
    assert reasoning.reasoning == "so \ufffd"

"""The history of a long run has all of its steps within a limit, and every stored fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from handeye.agent.event_log import Decided, EventLog, Observed, Performed
from handeye.agent.recorder import FIRST_LINES, LAST_LINES, StepHistory
from handeye.agent.state import MAX_STEPS
from handeye.perception.internvl.prompt import MOST_KNOWN, PromptPrefix, decide_prompt
from handeye.perception.outcome import Outcome
from handeye.tools.actions import parse_action

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.agent.event_log import AnyEvent


def events(steps: int, message: str = "click “Row {}”") -> list[AnyEvent]:
    action = parse_action({"kind": "click", "target": "Row"})
    made: list[AnyEvent] = []
    for step in range(1, steps + 1):
        outcome = Outcome(kind="confirmed") if step > 1 else None
        made.append(Observed(step=step, screen="", size=(1, 1), outcome=outcome))
        made.append(Decided(step=step, reasoning="", action=action, description=message.format(step)))
        made.append(Performed(step=step))
    return made


def received(tmp_path: Path, reported: list[AnyEvent]) -> StepHistory:
    history = StepHistory(tmp_path / "none.jsonl")
    for event in reported:
        history.add(event)
    return history


def test_a_short_run_has_no_earlier_steps(tmp_path: Path) -> None:
    assert received(tmp_path, events(MAX_STEPS)).lines() == ()
    assert received(tmp_path, events(MAX_STEPS + 2)).lines() == (
        "1. click “Row 1”: confirmed",
        "2. click “Row 2”: confirmed",
    )


def test_a_thousand_steps_take_no_more_room_than_a_hundred(tmp_path: Path) -> None:
    lines = received(tmp_path, events(1000)).lines()
    assert len(lines) == FIRST_LINES + 1 + LAST_LINES
    assert lines[0].startswith("1. ")
    assert lines[FIRST_LINES] == f"{FIRST_LINES + 1}-{1000 - MAX_STEPS - LAST_LINES}. left out here"
    assert lines[-1] == f"{1000 - MAX_STEPS}. click “Row {1000 - MAX_STEPS}”: confirmed"
    same = received(tmp_path, events(500, "click “Next”")).lines()
    assert same == (f"1-{500 - MAX_STEPS}. click “Next” ({500 - MAX_STEPS} times): confirmed",)


def test_a_resumed_run_remembers_what_its_first_process_did(tmp_path: Path) -> None:
    reported = events(30)
    trace = EventLog(tmp_path / "trace.jsonl")
    for event in reported[:60]:
        trace.add(event)
    trace.close()
    resumed = StepHistory(trace.path)
    for event in reported[60:]:
        resumed.add(event)
    assert resumed.lines() == received(tmp_path, reported).lines()


def question(**reported: object) -> str:
    prompt = decide_prompt(PromptPrefix("system"), Image.new("RGB", (8, 8)), **reported)  # type: ignore[arg-type]
    return str(prompt.turns[0].parts[-1])


def test_the_history_has_every_fact_and_only_long_ones_are_cut() -> None:
    facts = {f"fact {number}": "short" for number in range(100)} | {"page": "x" * 20_000}
    text = question(facts=facts)
    assert all(f"Known: fact {number} = short\n" in text for number in range(100))
    assert "Known: page = xxx" in text
    assert MOST_KNOWN < len(text) < MOST_KNOWN + 3000
    assert question(facts={"a": "b"}) == question(facts={"a": "b"}, earlier=())
    assert question(earlier=["1-40. click “Next” (40 times): confirmed"]).startswith(
        "Earlier steps, in short:\n1-40. click “Next” (40 times): confirmed\nSteps so far: none"
    )

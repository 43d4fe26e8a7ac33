"""The second question about a screenshot, against the same question asked afresh."""

from __future__ import annotations

import time
from statistics import mean
from typing import TYPE_CHECKING

from benchmarks.lab import BOX, DECISION
from benchmarks.measuring import Row
from handeye.perception.engines.in_process.transformers_engine import InProcessEngine
from handeye.perception.engines.options import EngineOptions
from handeye.perception.internvl.prompt import Prompt, ground_prompt

if TYPE_CHECKING:
    from benchmarks.lab import Lab


def measure(lab: Lab, count: int = 1) -> Row:
    """On the first screens of the episode; both answers must be the same, and the second look must see no tile."""
    held, afresh = InProcessEngine(lab.checkpoint), InProcessEngine(lab.checkpoint, EngineOptions(cache_mb=0))
    for engine in (held, afresh):
        lab.ask(engine, Prompt("Hello", ()), BOX, 2)
    ours: list[float] = []
    reference: list[float] = []
    for screen in lab.screens[:count]:
        question = ground_prompt(held.profile, screen.image, "the Save button", lab.head)
        lab.ask(held, screen.ask(lab.head), DECISION)
        answers = []
        for engine, seconds in ((held, ours), (afresh, reference)):
            began = time.perf_counter()
            answers.append(lab.ask(engine, question, BOX))
            seconds.append(time.perf_counter() - began)
        assert answers[0].text == answers[1].text
        assert answers[0].tiles_reused == answers[0].tiles
        lab.say(f"ground after decide: {ours[-1]:.1f} s, afresh {reference[-1]:.1f} s")
    what = "grounding on a screenshot that was decided on; against the same question asked afresh, same tokens"
    return Row(mean(ours), mean(reference), "s", what, 1.0)

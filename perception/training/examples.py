"""Examples for tuning a checkpoint: questions with right answers, and pairs of a right and a wrong answer."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Literal

from handeye.perception.internvl.prompt import ChatTurn, Prompt
from handeye.perception.training.data.drawn import drawn
from handeye.perception.training.data.questions import PROFILE, questions, rejected
from handeye.perception.training.data.runs import (
    judgements,
    place_preferences,
    preferences,
    run_samples,
    trajectories,
)
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from handeye.perception.training.data.questions import TrainingQuestion
    from handeye.perception.training.data.screen import LabeledScreen

Stage = Literal["sft", "mpo", "critic"]
STAGES: tuple[Stage, ...] = ("sft", "mpo", "critic")
_SHORT = {
    "sft": "no step that was right",
    "mpo": "no place that was right, and no two ways to go on from one screen, one right and one wrong",
    "critic": "no step that a critic can rate",
}


@dataclass(frozen=True)
class Example:
    """One question, the answer to learn, and for a preference the answer that is worse."""

    prompt: Prompt
    answer: str
    rejected: str = ""


def of_runs(folder: Path, stage: Stage) -> list[Example]:
    """The examples that a folder of runs holds for a stage; raises UsageError where there are none."""
    runs = trajectories(folder)
    if stage == "mpo":
        pairs = [*preferences(runs), *(pair for run in runs for pair in place_preferences(run))]
        found = [_example(each.screen, each.question, each.rejected) for each in pairs]
    else:
        read = judgements if stage == "critic" else run_samples
        found = [_example(s.screen, q) for run in runs for s in read(run) for q in s.questions]
    if not found:
        raise UsageError(f"the runs in {folder} hold {_SHORT[stage]}, which {stage} learns from; name a folder of more")
    return found


def of_screens(stage: Stage, count: int, seed: int, level: int = 2) -> list[Example]:
    """Examples of drawn screens: places, texts and steps; for a preference the box of a neighbour is worse."""
    if stage == "critic":
        raise UsageError("a critic learns from what succeeded and what failed; name a folder of runs with --data")
    rng, found = Random(f"examples {seed} {stage}"), []  # noqa: S311 - screens, not secrets
    for _ in range(count):
        screen = drawn(rng.randrange(1 << 40), level)
        for question in questions(
            screen, rng, kinds=("ground",) if stage == "mpo" else ("ground", "ground", "read", "act")
        ):
            worse = rejected(question, screen, rng) if stage == "mpo" else ""
            if worse is not None:
                found.append(_example(screen, question, worse))
    return found


def _example(screen: LabeledScreen, question: TrainingQuestion, worse: str = "") -> Example:
    before: Sequence[str] = (question.before,) if question.before else ()
    prompt = Prompt(question.system or PROFILE.system, (ChatTurn("user", (*before, screen.image, question.prompt)),))
    return Example(prompt, question.answer, worse)

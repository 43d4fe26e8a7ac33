"""Recorded runs as training data: the screen of each step, its action, and whether the action was right.

The files of a run are read directly: `trace.jsonl` (events observed, decided, guarded, performed, ended) and
`screens/<digest>.webp`. The outcome of an action is in the next `observed` event.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from handeye.perception.internvl.prompt import CRITIC, PromptPrefix, PromptStep, critic_prompt, decide_prompt
from handeye.perception.outcome import Outcome
from handeye.perception.training.data.questions import (
    PROFILE,
    TrainingQuestion,
    grounded,
    spell_action,
    spelled,
    thousandths,
)
from handeye.perception.training.data.screen import LabeledScreen, LabeledTarget
from handeye.perception.training.data.shards import Sample
from handeye.tools.actions import describe, parse_action, targets
from handeye.tools.errors import ActionRefused, UsageError
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from handeye.tools.actions import Action

#: Versions of the event log that are read here, and what version 1 called its events.
VERSIONS = (1, 2)
EVENTS_1 = {"looked": "observed", "thought": "decided", "judged": "guarded", "acted": "performed"}
#: The prefix that the plain-English policy writes before its reasoning.
_CLAUSE = re.compile(r"^Clause \d+ of \d+: ")
#: Earlier steps in a prompt, at most.
_EARLIER_STEPS = 12


@dataclass(frozen=True)
class TrainingStep:
    """One step of a recorded run."""

    number: int
    picture: Path
    action: Action
    thought: str
    outcome: Outcome | None
    """The outcome of the action; None where the run ended before the next observation."""
    targets: tuple[LabeledTarget, ...]
    """The targets of the action whose boxes are known."""
    failed: bool = False
    """It was refused, or could not be performed."""
    result: str = ""

    def screen(self) -> LabeledScreen:
        """The screen before the action, with the targets of the action."""
        with Image.open(self.picture) as image:
            return LabeledScreen(
                image.convert("RGB"), self.targets, {"source": "run", "run": self.picture.parent.parent.name}
            )


@dataclass(frozen=True)
class Trajectory:
    """A run from its goal to its status."""

    folder: Path
    goal: str
    status: str
    steps: tuple[TrainingStep, ...]

    @property
    def succeeded(self) -> bool:
        """Whether the run succeeded."""
        return self.status == "succeeded"

    def right(self, step: TrainingStep) -> bool | None:
        """Whether a step was right: it had an effect in a run that succeeded; None where this is unknown."""
        effect = step.outcome.kind if step.outcome else "unknown"
        if step.failed or effect == "no_effect":
            return False
        if step.action.kind == "done" and step.action.success != self.succeeded:
            return False
        return True if self.succeeded and effect != "unexpected" else None

    def earlier_steps(self, step: TrainingStep) -> tuple[PromptStep, ...]:
        """Return the steps before one, in the form of the prompt."""
        before = [each for each in self.steps if each.number < step.number and each.outcome]
        return tuple(
            PromptStep(each.number, each.action, each.outcome, each.result)
            for each in before[-_EARLIER_STEPS:]
            if each.outcome
        )


class Preference(NamedTuple):
    """Two answers to one question about one screen; that of the question is the better one."""

    screen: LabeledScreen
    question: TrainingQuestion
    rejected: str


def trajectories(folder: Path) -> list[Trajectory]:
    """The runs in a folder such as `runs/`, or the one run that it is; raises UsageError where there is none.

    Runs without pictures, and runs that have not ended, are left out.
    """
    folders = (
        [folder] if (folder / "trace.jsonl").exists() else sorted(path.parent for path in folder.glob("*/trace.jsonl"))
    )
    if not folders:
        raise UsageError(f"{folder} holds no run (a folder with a trace.jsonl); name a run's folder, or that of many")
    return [run for each in folders if (run := _trajectory(each)) and run.steps and run.status]


def run_samples(run: Trajectory) -> Iterator[Sample]:
    """Each right step with the questions for its action and for the places it aimed at."""
    for step in run.steps:
        if run.right(step):
            screen = step.screen()
            aims = [aim for aim in targets(step.action).values() if aim.phrase and aim.box]
            places = [grounded(aim.phrase, aim.box, screen) for aim in aims if aim.box]
            yield Sample(screen, (_act(run, step, screen), *places))


def judgements(run: Trajectory) -> Iterator[Sample]:
    """For a critic: each step that was right or wrong, with `+` or `-` for an answer, in VisualPRM's protocol."""
    for step in run.steps:
        if (right := run.right(step)) is not None:
            screen = step.screen()
            proposal = f"{step.thought}\n{describe(_in_thousandths(step.action, screen.image.size))}"
            turn = critic_prompt(None, screen.image, run.goal, proposal, steps=run.earlier_steps(step)).turns[0].parts
            question = TrainingQuestion("judge", str(turn[-1]), "+" if right else "-", _first_box(step), system=CRITIC)
            yield Sample(screen, (question,))


def preferences(runs: Sequence[Trajectory]) -> Iterator[Preference]:
    """Two ways to go on from one screen towards one goal, of which one was right and the other was not."""
    by_place: dict[tuple[str, str], list[tuple[Trajectory, TrainingStep]]] = {}
    for run in runs:
        for step in run.steps:
            by_place.setdefault((run.goal, step.picture.name), []).append((run, step))
    for tried in by_place.values():
        for run, good in tried:
            if not run.right(good):
                continue
            screen = good.screen()
            question = _act(run, good, screen)
            # One action tried twice, in other words, is one wrong answer.
            wrong = {_spelled(bad, screen): _answer(bad, screen) for other, bad in tried if other.right(bad) is False}
            wrong.pop(_spelled(good, screen), None)
            yield from (Preference(screen, question, each) for each in wrong.values())


def place_preferences(run: Trajectory) -> Iterator[Preference]:
    """For each place that a right step aimed at in words: its box rather than one of the same size close by."""
    for step in run.steps:
        aims = [aim for aim in targets(step.action).values() if aim.phrase and aim.box] if run.right(step) else []
        for aim in aims:
            screen = step.screen()
            assert aim.box
            if wrong := _wrong_box(aim.box, screen.image.size, Random(f"{run.goal} {step.number} {aim.phrase}")):  # noqa: S311
                answer = spelled(wrong, screen.image.size, aim.phrase)
                yield Preference(screen, grounded(aim.phrase, aim.box, screen), answer)


def _wrong_box(box: Box, size: tuple[int, int], rng: Random) -> Box | None:
    """A box of the same size, one to three of its sides away; None where the picture has no room for one."""
    steps = [(x, y) for x in range(-3, 4) for y in range(-3, 4) if (x, y) != (0, 0)]
    moved = (
        Box(*(side + far for side, far in zip(box, 2 * (x * box.width, y * box.height), strict=True)))
        for x, y in rng.sample(steps, len(steps))
    )
    return next((each for each in moved if each.within(*size) == each), None)


def _act(run: Trajectory, step: TrainingStep, screen: LabeledScreen) -> TrainingQuestion:
    head = PromptPrefix(PROFILE.system, run.goal)
    parts = decide_prompt(head, screen.image, steps=run.earlier_steps(step)).turns[0].parts
    return TrainingQuestion(
        "act", str(parts[-1]), _answer(step, screen), _first_box(step), before=str(parts[0]), system=PROFILE.system
    )


def _answer(step: TrainingStep, screen: LabeledScreen) -> str:
    return spell_action(step.thought, _in_thousandths(step.action, screen.image.size))


def _spelled(step: TrainingStep, screen: LabeledScreen) -> str:
    return spell_action("", _in_thousandths(step.action, screen.image.size))


def _first_box(step: TrainingStep) -> Box | None:
    return next((aim.box for aim in targets(step.action).values() if aim.box), None)


def _in_thousandths(action: Action, size: tuple[int, int]) -> Action:
    """The action as a model writes it: aims in words, or as a point in thousandths of the picture."""
    changed = {
        name: aim.model_copy(
            update={
                "element": "", "box": None,
                "point": None if aim.phrase or not aim.point else thousandths(Box(*aim.point, *aim.point), size),
            }
        )
        for name, aim in targets(action).items()
    }  # fmt: skip
    return action.model_copy(update=changed)


def _trajectory(folder: Path) -> Trajectory | None:
    goal = status = ""
    steps: list[dict[str, Any]] = []
    for event in _events(folder / "trace.jsonl"):
        kind = EVENTS_1.get(str(event.get("event")), event.get("event"))
        if kind == "started":
            if event.get("version") not in VERSIONS:
                return None
            goal = goal or str(event.get("goal", ""))
        elif kind == "observed":
            if steps:
                steps[-1]["outcome"] = event.get("outcome")
            steps.append({"observed": event})
        elif kind == "decided" and steps:
            steps[-1]["decided"] = event
        elif kind == "guarded" and steps:
            steps[-1]["failed"] = event.get("decision", event.get("ruling")) in ("deny", "refuse")
        elif kind == "performed" and steps:
            steps[-1]["failed"] = bool(event.get("failed"))
            steps[-1]["result"] = str(event.get("result", ""))
        elif kind == "ended":
            status = str(event.get("status", event.get("verdict", "")))
    read = (_step(folder, step) for step in steps if "decided" in step)
    return Trajectory(folder, goal, status, tuple(step for step in read if step))


def _events(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:  # the incomplete last line of a run that was killed
                continue
            if isinstance(event, dict):
                yield event


def _step(folder: Path, record: dict[str, Any]) -> TrainingStep | None:
    """Return a step, or None where its picture is missing or its format is unknown."""
    look, decided = record["observed"], record["decided"]
    picture = folder / "screens" / f"{look['screen']}.webp"
    if not picture.exists():
        return None
    try:
        action = parse_action(decided["action"])
        outcome = Outcome.model_validate(record["outcome"]) if record.get("outcome") else None
    except (ActionRefused, ValueError, KeyError):
        return None
    reasoning = _CLAUSE.sub("", str(decided.get("reasoning", decided.get("thought", "")))) or describe(action)
    known = _known(action, decided.get("signatures") or decided.get("sights") or {})
    return TrainingStep(
        int(look["step"]),
        picture,
        action,
        reasoning,
        outcome,
        known,
        bool(record.get("failed")),
        str(record.get("result", "")),
    )


def _known(action: Action, signatures: dict[str, Any]) -> tuple[LabeledTarget, ...]:
    """What the action aimed at, with the role and the name that the page or the program gave it."""
    return tuple(
        LabeledTarget(aim.box, signatures.get(name, {}).get("role") or "text", signatures.get(name, {}).get("name", ""))
        for name, aim in targets(action).items()
        if aim.box
    )

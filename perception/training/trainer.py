"""The training loop: steps, schedule, exact checkpoints, metrics and their curve.

    folder/config.json, model.safetensors, heads.safetensors, …   the checkpoint, as transformers and handeye load it
    folder/training/state.pt                                      everything needed to continue; replaced atomically
    folder/training/metrics.jsonl                                 the losses of each step, the scores of each evaluation
    folder/training/curve.svg

A training that was killed continues exactly from its last state: the lesson of a step depends only on its number, and
the number of steps is estimated again only when a state is written.
"""

from __future__ import annotations

import json
import math
import os
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import torch

from handeye.perception.pocket_perception import FUSION
from handeye.perception.training import pointing, spelled_answers
from handeye.perception.training.checkpoint_card import EVALUATION, PLAN, machine, write_card
from handeye.perception.training.curve import draw
from handeye.perception.training.data.shards import shards
from handeye.perception.training.lessons import corpus
from handeye.perception.training.pocket import Pocket, preset
from handeye.perception.training.pointing_score import held_out
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from handeye.perception.training.pointing_score import PointingScore

STATE = "state.pt"
_WARM_UP = 20
#: The last part of the training, in which the learning rate falls to nothing.
_FALL = 0.3
_CLIP = 1.0
#: Steps before the first guess how many there will be.
_FIRST = 10


@dataclass(frozen=True)
class TrainingPlan:
    """What is to be trained, and for how long: for so many minutes, or so many steps."""

    out: Path
    preset: str = "tiny-cpu"
    minutes: float = 15.0
    steps: int = 0
    """0: as many as fit in the minutes. With a number the run is the same on every day."""
    seed: int = 0
    accumulate: int = 1
    """Lessons per step."""
    threads: int = 0
    """0: as torch chooses."""
    workers: int = 0
    """Processes that draw screens; 0: a thread of this one."""
    bf16: bool | None = None
    """None: on a GPU that has it."""
    compile: bool = False
    every: int = 200
    """Steps between states, looks at held-out screens among them."""
    screens: int = 100
    """Held-out screens of each level in a look."""
    shards: Path | None = None
    """A folder of shards, out of which half of the larger screens come."""


@dataclass
class TrainingState:
    """The progress of a training."""

    step: int = 0
    planned: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class News:
    """A progress report of a training."""

    step: int
    planned: int
    """How many steps there will be; 0 while that is not known."""
    seconds: float
    losses: dict[str, float]
    scores: tuple[PointingScore, ...] = ()
    """Of held-out screens, where this step looked at some."""


class Trainer:
    """A training that can be stopped at any time."""

    def __init__(self, plan: TrainingPlan) -> None:
        if plan.minutes <= 0 and plan.steps <= 0:
            raise UsageError(f"--minutes {plan.minutes:g} is no time to train in; give more than 0")
        self.plan, self.sizes = plan, preset(plan.preset)
        if plan.shards:
            shards(plan.shards)  # a missing folder is an error before the training starts
        if plan.threads:
            torch.set_num_threads(plan.threads)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.bf16 = self.device.type == "cuda" and torch.cuda.is_bf16_supported() if plan.bf16 is None else plan.bf16
        self.folder = plan.out / "training"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"{plan.out} cannot be written ({error}); name a folder you may write") from error
        self.pocket = Pocket.new(self.sizes, corpus(), plan.seed)
        self.pocket.model.to(self.device)
        self.pocket.heads.to(self.device)
        if self.bf16 and self.device.type == "cpu":
            # Measured: in bfloat16, eager attention takes a third less time here than the fused one.
            self.pocket.model.model.vision_tower.set_attn_implementation("eager")
        self.optimisers = _optimisers(self.pocket, self.sizes.rate)
        self.state = TrainingState()
        self.resumed = self._resume()
        self._write_plan()
        self._losses: Any = torch.compile(pointing.losses) if plan.compile else pointing.losses

    def run(
        self, tell: Callable[[News], None] = lambda _: None
    ) -> tuple[tuple[PointingScore, ...], tuple[PointingScore, ...]]:
        """Train to the end; the scores before the first step and after the last."""
        before = self._first_look(tell)
        after = before
        with _Drawers(self) as drawers:
            while not self._over():
                began = time.monotonic()
                number = self.state.step + 1
                last = number in (_FIRST, self.state.planned) or number % self.plan.every == 0
                lessons = drawers.lessons(alone=last)
                losses = self._step(lessons)
                self.state.step += 1
                self.state.seconds += time.monotonic() - began
                self._write({"step": self.state.step, "seconds": round(self.state.seconds, 2), "losses": losses})
                if last:
                    self._settle()
                scores = self._look() if last and (self.state.step != _FIRST or self._over()) else ()
                after = scores or after
                if last:
                    self._save()
                tell(self._news(losses, scores))
        self.pocket.save(self.plan.out)
        for stale in (self.plan.out / FUSION, self.folder / EVALUATION):  # they are about other weights
            stale.unlink(missing_ok=True)
        write_card(self.plan.out)
        return before, after

    def _write_plan(self) -> None:
        """Write what the checkpoint's card reports about the training: preset, seed, machine, version, data."""
        plan = {
            "preset": self.plan.preset,
            "numbers": f"{self.pocket.count():,}",
            "seed": self.plan.seed,
            "machine": f"{machine()}{', bfloat16' if self.bf16 else ''}",
            "version": version("handeye"),
            "tiles": self.sizes.tiles * self.plan.accumulate,
            "data": f"screens drawn by handeye{' and shards' if self.plan.shards else ''}",
        }
        write_atomically(self.folder / PLAN, json.dumps(plan, indent=1) + "\n")

    def rate(self) -> float:
        """How much of the full learning rate this step has."""
        done = self._done()
        return min(1.0, (self.state.step + 1) / _WARM_UP, max(0.02, (1 - done) / _FALL))

    def _done(self) -> float:
        return self.state.step / self.state.planned if self.state.planned else 0.0

    def _over(self) -> bool:
        return bool(self.state.planned) and self.state.step >= self.state.planned

    def _settle(self) -> None:
        """How many steps there will be, by how long those so far took."""
        if self.plan.steps:
            return
        left = max(0.0, 60 * self.plan.minutes - self.state.seconds)
        self.state.planned = self.state.step + math.floor(left * self.state.step / self.state.seconds)

    def _news(self, losses: dict[str, float], scores: tuple[PointingScore, ...]) -> News:
        return News(self.state.step, self.state.planned, self.state.seconds, losses, scores)

    def _step(self, lessons: list[Any]) -> dict[str, float]:
        rate = self.rate()
        total: dict[str, float] = {}
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["full"] * rate
        for lesson in lessons:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                spells = isinstance(lesson, spelled_answers.Spelled)
                found = spelled_answers.losses(self.pocket, lesson) if spells else self._losses(self.pocket, lesson)
            parts = 1 if spells else self.plan.accumulate
            loss = torch.stack(list(found.values())).sum() / parts
            loss.backward()
            for name, each in (("all", loss * parts), *found.items()):
                total[name] = total.get(name, 0.0) + float(each.detach()) / parts
        parameters = [each for _, each in self.pocket.parameters() if each.grad is not None]
        torch.nn.utils.clip_grad_norm_(parameters, _CLIP)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        if not math.isfinite(total["all"]):
            raise SetupError(f"the loss of step {self.state.step} is {total['all']}; train with another --seed")
        return total

    def _first_look(self, tell: Callable[[News], None]) -> tuple[PointingScore, ...]:
        lines = _lines(self.folder / "metrics.jsonl")
        if known := next((line["scores"] for line in lines if line.get("scores")), None):
            return tuple(_score(each) for each in known)
        scores = self._look()
        tell(self._news({}, scores))
        return scores

    def _look(self) -> tuple[PointingScore, ...]:
        levels = [number for number, share in enumerate(self.sizes.levels) if share]
        scores = tuple(held_out(self.pocket, level, self.plan.screens) for level in levels)
        self._write({"step": self.state.step, "scores": [asdict(score) for score in scores]})
        return scores

    def _write(self, line: dict[str, Any]) -> None:
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _save(self) -> None:
        whole = {
            "version": 1,
            "plan": self._about(),
            "state": asdict(self.state),
            "model": self.pocket.model.state_dict(),
            "heads": self.pocket.heads.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "chance": torch.get_rng_state(),
        }
        unfinished = self.folder / f"{STATE}.part"
        with unfinished.open("wb") as file:
            torch.save(whole, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.folder / STATE)
        draw(self.folder / "metrics.jsonl", self.folder / "curve.svg")

    def _about(self) -> dict[str, Any]:
        """The settings that must be equal to continue a training."""
        shards = {"shards": str(self.plan.shards)} if self.plan.shards else {}
        return {"preset": self.plan.preset, "seed": self.plan.seed, "accumulate": self.plan.accumulate} | shards

    def _resume(self) -> bool:
        if not (self.folder / STATE).exists():
            (self.folder / "metrics.jsonl").unlink(missing_ok=True)
            self.state.planned = self.plan.steps
            return False
        try:
            whole = torch.load(self.folder / STATE, map_location=self.device, weights_only=True)
            theirs = whole["plan"]
            mine = self._about()
            if theirs != mine:
                raise UsageError(f"{self.plan.out} was trained with {theirs}, not {mine}; name another folder")
            self.pocket.model.load_state_dict(whole["model"])
            self.pocket.heads.load_state_dict(whole["heads"])
            for optimiser, state in zip(self.optimisers, whole["optimisers"], strict=True):
                optimiser.load_state_dict(state)
            torch.set_rng_state(whole["chance"].cpu())
            self.state = TrainingState(**whole["state"])
        except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
            raise SetupError(f"{self.folder / STATE} cannot be read ({error}); delete it to begin anew") from error
        lines = [line for line in _lines(self.folder / "metrics.jsonl") if line["step"] <= self.state.step]
        (self.folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        if self.plan.steps:
            self.state.planned = self.plan.steps
        elif self._over():
            self._settle()
        return True


class _Drawers:
    """Makes the lessons of the next steps while the model learns from the current one."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer, self._count = trainer, max(1, trainer.plan.workers)
        self._pool: Executor = ThreadPoolExecutor(1)
        if trainer.plan.workers:
            self._pool = ProcessPoolExecutor(trainer.plan.workers, get_context("spawn"))
        self._ahead: dict[tuple[int, int], Future[list[Any]]] = {}

    def __enter__(self) -> _Drawers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def lessons(self, *, alone: bool) -> list[Any]:
        """The lessons of the next step; unless `alone`, those after it are begun.

        How many steps there will be is part of what a lesson follows from: those begun for another number are dropped.
        """
        sizes, plan, state = self._trainer.sizes, self._trainer.plan, self._trainer.state
        self._ahead = {key: each for key, each in self._ahead.items() if key[0] == state.planned}
        for step in range(state.step, state.step + (1 if alone else 1 + self._count)):
            if (state.planned, step) not in self._ahead:
                done = step / state.planned if state.planned else 0.0
                begun = self._pool.submit(_draw, sizes, plan.seed, step, plan.accumulate, done, plan.shards)
                self._ahead[state.planned, step] = begun
        return self._ahead.pop((state.planned, state.step)).result()


def _draw(sizes: Any, seed: int, step: int, parts: int, done: float, shards: Path | None) -> list[Any]:
    """The lessons of a step, and in some steps a row of spelled answers after them."""
    lessons: list[Any] = [pointing.practice(sizes, seed, step, part, done, shards) for part in range(parts)]
    row = spelled_answers.spelled(sizes, seed, step, done, shards)
    return [*lessons, row] if row else lessons


def _optimisers(pocket: Pocket, rate: float) -> list[Any]:
    """Muon for the matrices within layers, AdamW for all else."""
    inner = {name: each for name, each in pocket.parameters() if each.dim() == 2 and ".layer" in name}
    outer = [each for name, each in pocket.parameters() if name not in inner]
    made = [
        torch.optim.Muon(list(inner.values()), lr=rate, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(outer, lr=rate / 10, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    for optimiser in made:
        for group in optimiser.param_groups:
            group["full"] = group["lr"]
    return made


def _lines(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break  # a kill in the middle of a line
    return found


def _score(each: dict[str, Any]) -> PointingScore:
    from handeye.perception.training.pointing_score import PointingScore

    parts = {name: (part[0], part[1]) for name, part in each["parts"].items()}
    return PointingScore(each["level"], each["questions"], each["right"], each["shuffled"], parts)

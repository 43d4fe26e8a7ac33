"""Train a small InternVL to buy a lamp in the demo's shop: `python -m handeye.scenarios.demo.learn`.

The model memorises the nine screens of the shop and one goal, and does not generalise. It shows that the whole loop
works with real weights, tiles, tokens, boxes and clicks, in-process and served. It uses the picture alone: in training
the texts of a prompt are those of any screen, and with the picture of another step it gives the answer of that step.

It also learns the texts of the prompts. When they change much, train it again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.internvl.prompt import decide_prompt, ground_prompt, run_prefix, to_text
from handeye.perception.internvl.tiling import normalise, tile
from handeye.perception.training.packing import pack
from handeye.scenarios.demo.demo import PURCHASE
from handeye.scenarios.demo.learn_batches import END, Batch, jittered, questions, stack, text_of, texts
from handeye.scenarios.demo.learn_screens import LESSONS, collect
from handeye.tools.actions import KINDS
from handeye.tools.errors import HandeyeError, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from handeye.scenarios.demo.learn_model import Learner
    from handeye.scenarios.demo.learn_screens import LessonScreen

LEARNED = Path(__file__).parent / "learned"
SEED = 0
STEPS = 900
RATE = 2e-3
WARM_UP = 20
#: In the second half of the training one batch in so many has complete prompts, as in use. With short ones
#: (three times as fast) it has learned to look by then.
WHOLE = 2
CARD = """---
license: apache-2.0
library_name: transformers
---
# A model that has learned one thing

{parameters:,} parameters, trained on a CPU by `python -m handeye.scenarios.demo.learn --seed {seed} --steps {steps}` to
buy a lamp in handeye's demo shop. It has memorised nine screens and one goal; it does not generalise, and is of no use
for anything but proving that weights, tiles, tokens, boxes and clicks fit together:

    python -m handeye.scenarios.demo.shop --port 8000 &
    handeye run '{goal}' --on http://127.0.0.1:8000 --model scenarios/demo/learned

Everything it was trained on was made by that script. The questions' wording is part of what it learned: after a change
of it, train again.
"""


@dataclass(frozen=True)
class School:
    """The source of batches."""

    screens: list[LessonScreen]
    encode: Callable[[str], list[int]]
    filler: int
    """The token that fills shorter rows."""
    image_token: int
    steps: int
    """How many batches there will be."""
    chance: random.Random
    last_tiles: dict[tuple[int, int], NDArray[np.uint8]] = field(default_factory=dict)
    """The tiles of each screen in the last batch that had it, by lesson and style."""

    def batch(self, number: int) -> Batch:
        """Every lesson's screen once, in one style each; the same calls in the same order give the same batches."""
        from handeye.scenarios.demo.learn_model import TOKENS

        whole = 2 * number >= self.steps and number % WHOLE == 0
        lessons = self.chance.sample(range(len(LESSONS)), 3 if whole else len(LESSONS))
        keep = 1.0 if whole else 0.3 * self.chance.random() ** 2
        packs, tiles = [], []
        for lesson in lessons:
            screen = self.chance.choice([screen for screen in self.screens if screen.lesson == lesson])
            tiles.append(self._tiles(screen))
            examples = questions(screen, self.screens, self.chance, keep)
            tokens = [(text_of(prompt, TOKENS, len(tiles[-1])), answer + END) for prompt, answer in examples]
            pairs = [(self.encode(prompt), self.encode(answer)) for prompt, answer in tokens]
            packs.append(pack([pairs], self.image_token))
        return Batch(stack(packs, self.filler), normalise(np.concatenate(tiles)), lessons)

    def _tiles(self, screen: LessonScreen) -> NDArray[np.uint8]:
        """A picture is made anew one time in four, because making one takes as long as learning from it."""
        key = screen.lesson, screen.style
        if key not in self.last_tiles or self.chance.random() < 0.25:
            self.last_tiles[key] = tile(jittered(screen.image, self.chance), INTERNVL3.max_tiles).tiles
        return self.last_tiles[key]


def train(screens: list[LessonScreen], seed: int, steps: int, console: Console) -> tuple[Learner, Any]:
    """A model that has learned the screens, and its tokenizer."""
    import torch

    from handeye.scenarios.demo.learn_model import Learner, make_tokenizer

    torch.set_num_threads(1)  # so little work in each operation that two threads take longer; batches have the other
    torch.use_deterministic_algorithms(True)
    tokenizer = make_tokenizer(texts(screens))
    learner = Learner(tokenizer, seed)
    chance = random.Random(seed)  # noqa: S311 - the same again each time is the point
    school = School(
        screens, lambda text: tokenizer.encode(text, add_special_tokens=False), 0, learner.image_token, steps, chance
    )
    optimiser = torch.optim.AdamW(learner.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    columns = (TextColumn("training"), BarColumn(), TextColumn("{task.fields[losses]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress, ThreadPoolExecutor(1) as ahead:
        task = progress.add_task("training", total=steps, losses="")
        coming = ahead.submit(school.batch, 0)
        for step in range(steps):
            batch, coming = coming.result(), ahead.submit(school.batch, step + 1)
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1, (step + 1) / WARM_UP) * (1 + math.cos(math.pi * step / steps)) / 2
            losses = learner.losses(batch)
            optimiser.zero_grad()
            sum(losses.values()).backward()
            torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
            optimiser.step()
            line = ", ".join(f"{name} {loss.item():.4f}" for name, loss in losses.items())
            progress.update(task, advance=1, losses=line)
            if step % 30 == 0 or step == steps - 1:
                console.print(f"{step:4d}  {line}  ({time.process_time():.0f} s of CPU)")
        coming.cancel()
    return learner, tokenizer


def verify(folder: Path, console: Console) -> bool:
    """Whether the checkpoint buys the lamp through the whole loop; the shop's orders say so."""
    from handeye.agent import Agent, RunOptions
    from handeye.scenarios.demo.demo import is_the_purchase
    from handeye.scenarios.demo.shop import Shop
    from handeye.tools import Browser

    with tempfile.TemporaryDirectory(prefix="handeye-learned-") as place, Shop() as shop:
        with Browser(shop.url) as browser:
            run = Agent(browser, str(folder), run_dir=Path(place) / "run", options=RunOptions(max_steps=20)).run(
                PURCHASE
            )
        bought = is_the_purchase(shop.orders)
    console.print(f"the loop with {folder}: {run.status} after {run.steps} steps ({run.reason or run.answer})")
    return bought and run.status == "succeeded"


def remedy() -> str:
    """What to do when the learned model fails, and whether the questions have changed since it learned them."""
    learned = json.loads((LEARNED / "training.json").read_text(encoding="utf-8"))
    command = f"retrain with: python -m handeye.scenarios.demo.learn --seed {learned['seed']}"
    changed = learned["questions"] != fingerprint()
    return ("the questions' texts have changed since it learned them; " if changed else "") + command


def fingerprint() -> str:
    """A digest of the wording of all questions."""
    blank = Image.new("RGB", (1, 1))
    beginning = run_prefix(INTERNVL3, PURCHASE, KINDS)
    prompts = (decide_prompt(beginning, blank, about="a page"), ground_prompt(INTERNVL3, blank, "a thing", beginning))
    return hashlib.sha256("\n".join(to_text(prompt, [1], 1) for prompt in prompts).encode()).hexdigest()


def main() -> int:
    """Collect the screens, train, write and verify the checkpoint; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m handeye.scenarios.demo.learn", description=__doc__)
    parser.add_argument("--out", type=Path, default=LEARNED, help="folder for the checkpoint (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    console = Console(highlight=False)
    began, spent = time.monotonic(), time.process_time()
    try:
        import torch

        from handeye.perception.engines.in_process.small_checkpoint import save_checkpoint
    except ImportError as error:
        raise SetupError("training needs: pip install 'handeye[transformers]'") from error
    try:
        screens = collect(console.print)
        learner, tokenizer = train(screens, options.seed, options.steps, console)
        save_checkpoint(options.out, learner.model.to(torch.bfloat16), tokenizer)
        size = sum(parameter.numel() for parameter in learner.model.parameters())
        card = CARD.format(parameters=size, seed=options.seed, steps=options.steps, goal=PURCHASE)
        (options.out / "README.md").write_text(card, encoding="utf-8")
        made = {"seed": options.seed, "steps": options.steps, "questions": fingerprint()}
        (options.out / "training.json").write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
        stored = sum(file.stat().st_size for file in options.out.iterdir())
        console.print(
            f"{options.out}: {size:,} parameters, {stored:,} bytes, "
            f"{time.monotonic() - began:.0f} s, {time.process_time() - spent:.0f} s of CPU"
        )
        return 0 if verify(options.out, console) else 1
    except HandeyeError as error:
        console.print(f"error: {error}", style="red")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())

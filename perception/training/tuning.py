"""Tunes a checkpoint, InternVL3 or a small one: answers (sft), preferences (mpo), and the signs of a critic (critic).

LoRA (peft) trains low-rank additions to the matrices of the language part and merges them at the end, so the result is
a whole checkpoint. With rank 0 the whole language part is trained.
"""

from __future__ import annotations

import copy
import json
import math
import warnings
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from handeye.perception.internvl.prompt import to_text
from handeye.perception.internvl.tiling import normalise, tile
from handeye.perception.training.examples import STAGES, of_runs, of_screens
from handeye.perception.training.losses import mpo_loss, random_jpeg
from handeye.perception.training.packing import IGNORED, any_delta, pack, read
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from handeye.perception.training.examples import Example, Stage
    from handeye.perception.training.packing import Pack

STATE = "tuning.pt"
_INNER = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
#: The rate of the running mean of rewards, which MPO's quality term uses as its reference.
_FOLLOWS = 0.1


@dataclass(frozen=True)
class Tuning:
    """What is tuned, on what, and how."""

    base: str
    out: Path
    stage: Stage = "sft"
    data: Path | None = None
    """A folder of runs; None: drawn screens."""
    screens: int = 64
    """So many are drawn where there are no runs."""
    steps: int = 100
    examples: int = 2
    """Packed into one step."""
    rate: float = 1e-4
    rank: int = 16
    """Of LoRA; 0: all of the language part is learned."""
    beta: float = 0.1
    tiles: int = 6
    """The most tiles of a picture."""
    random_delta: bool = False
    """V2PE: visual tokens step by a random 1 to 1/256. For models that are used with such steps."""
    seed: int = 0
    every: int = 50
    """Steps between states."""


class Tuner:
    """A tuning that continues from its last state."""

    def __init__(self, tuning: Tuning) -> None:
        import torch

        from handeye.perception.engines.in_process.checkpoint import load_checkpoint

        if tuning.stage not in STAGES:
            raise UsageError(f"there is no stage {tuning.stage!r} ({', '.join(STAGES)}); choose one of these")
        self.tuning = tuning
        self.examples = (
            of_runs(tuning.data, tuning.stage) if tuning.data else of_screens(tuning.stage, tuning.screens, tuning.seed)
        )
        self.held = load_checkpoint(tuning.base)
        self.model, self._wrapped, self._frozen = self.held.model, None, None
        torch.manual_seed(tuning.seed)
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)
        if tuning.rank:
            self._add_lora()
        else:
            if tuning.stage == "mpo":
                self._frozen = copy.deepcopy(self.model)
            for name, parameter in self.model.named_parameters():
                parameter.requires_grad_("language_model" in name)
        self.learned = {name: each for name, each in self.model.named_parameters() if each.requires_grad}
        self.optimiser = torch.optim.AdamW(self.learned.values(), lr=tuning.rate, weight_decay=0.0)
        self.step, self.shift = 0, 0.0
        self.file = tuning.out / "training" / STATE
        self.resumed = self._resume()

    def run(self, tell: Callable[[int, dict[str, float]], None] = lambda _step, _losses: None) -> Path:
        """Tune to the end and write the checkpoint; its folder."""
        from handeye.perception.engines.in_process.small_checkpoint import save_checkpoint

        while self.step < self.tuning.steps:
            losses = self._step()
            self.step += 1
            with (self.file.parent / "metrics.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": self.step, "losses": losses}) + "\n")
            if self.step % self.tuning.every == 0 or self.step == self.tuning.steps:
                self._save()
            tell(self.step, losses)
        model = self._wrapped.merge_and_unload() if self._wrapped else self.model
        return save_checkpoint(self.tuning.out, model.eval(), self.held.tokenizer)

    def _step(self) -> dict[str, float]:
        import torch

        rng = Random(f"tuning {self.tuning.seed} {self.step}")  # noqa: S311 - order, not secrets
        chosen = rng.sample(self.examples, min(self.tuning.examples, len(self.examples)))
        row, pixels = self._row(chosen, rng)
        logits = read(self.model, row, pixels).float()
        right = self._log_likelihood(logits, row)
        weights = torch.from_numpy(row.weights[row.targets != IGNORED]).to(right.device)
        if self.tuning.stage == "mpo":
            with torch.no_grad(), self._wrapped.disable_adapter() if self._wrapped else nullcontext():
                before = self._log_likelihood(read(self._frozen or self.model, row, pixels).float(), row)
            # Odd questions of the row are the chosen answers, even ones the rejected.
            of = torch.from_numpy(row.parts[row.targets != IGNORED]).to(right.device)
            gain = torch.stack([(right - before)[of == number].sum() for number in range(1, 2 * len(chosen) + 1)])
            good, bad = gain[0::2], gain[1::2]
            written = of % 2 == 1
            generation = -(right * weights)[written].sum() / weights[written].sum()
            loss = mpo_loss(good, bad, generation, beta=self.tuning.beta, shift=self.shift)
            rewards = self.tuning.beta * float(torch.cat([good, bad]).detach().mean())
            self.shift += _FOLLOWS * (rewards - self.shift)
            losses = {"all": loss, "generation": generation, "margin": (good - bad).mean()}
        else:
            loss = -(right * weights).sum()
            losses = {"all": loss}
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.learned.values(), 1.0)
        left = 1 - self.step / self.tuning.steps
        for group in self.optimiser.param_groups:
            group["lr"] = self.tuning.rate * min(1.0, (self.step + 1) / 10, max(0.05, left / 0.3))
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if not math.isfinite(float(loss.detach())):
            raise SetupError(
                f"the loss of step {self.step} is {float(loss.detach())}; lower --rate {self.tuning.rate:g}"
            )
        return {name: float(each.detach()) for name, each in losses.items()}

    def _row(self, examples: list[Example], rng: Random) -> tuple[Pack, Any]:
        """The examples in one row, and their pictures' tiles."""
        import torch

        encode = self.held.tokenizer.encode
        end = self.held.tokenizer.decode([self.held.ends[0]])
        variants, tiles = [], []
        for each in examples:
            cut = [
                tile(random_jpeg(image, rng), self.tuning.tiles, self.held.tile).tiles for image in each.prompt.images
            ]
            tiles += cut
            text = to_text(each.prompt, [len(part) for part in cut], self.held.tokens_per_tile, self.held.template)
            question = encode(text, add_special_tokens=False)
            answers = [each.answer, *([each.rejected] if each.rejected else [])]
            variants.append([(question, encode(answer + end, add_special_tokens=False)) for answer in answers])
        delta = any_delta(rng) if self.tuning.random_delta else 1.0
        row = pack(variants, self.held.image_token, delta)
        if len(row.ids) > self.held.context:
            raise SetupError(
                f"a step's row has {len(row.ids):,} tokens and the model takes {self.held.context:,}; lower --tiles"
            )
        pixels = torch.cat([torch.from_numpy(normalise(part)) for part in tiles])
        return row, pixels.to(self.model.device, self.model.dtype)

    @staticmethod
    def _log_likelihood(logits: Any, row: Pack) -> Any:
        """The log-probability of each token of the answers."""
        import torch

        targets = torch.from_numpy(row.targets[row.targets != IGNORED]).to(logits.device)
        return logits.log_softmax(-1).gather(1, targets[:, None])[:, 0]

    def _add_lora(self) -> None:
        try:
            from peft import LoraConfig, get_peft_model
        except ImportError as error:
            raise SetupError("tuning with LoRA needs: pip install 'handeye[train]', or give --rank 0") from error
        rank = self.tuning.rank
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that it will drop
            self._wrapped = get_peft_model(self.model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=_INNER))

    def _save(self) -> None:
        import torch

        whole = {
            "tuning": self._about(),
            "step": self.step,
            "shift": self.shift,
            "learned": {name: each.detach() for name, each in self.learned.items()},
            "optimiser": self.optimiser.state_dict(),
        }
        unfinished = self.file.with_suffix(".part")
        torch.save(whole, unfinished)
        unfinished.replace(self.file)

    def _resume(self) -> bool:
        import torch

        self.file.parent.mkdir(parents=True, exist_ok=True)
        if not self.file.exists():
            (self.file.parent / "metrics.jsonl").unlink(missing_ok=True)
            return False
        whole = torch.load(self.file, map_location=self.model.device, weights_only=True)
        if whole["tuning"] != self._about():
            raise UsageError(f"{self.tuning.out} was tuned with {whole['tuning']}; name another folder")
        with torch.no_grad():
            for name, each in self.learned.items():
                each.copy_(whole["learned"][name])
        self.optimiser.load_state_dict(whole["optimiser"])
        self.step, self.shift = whole["step"], whole["shift"]
        return True

    def _about(self) -> dict[str, Any]:
        fields = asdict(self.tuning)
        return {name: fields[name] for name in ("base", "stage", "rank", "seed", "examples")}

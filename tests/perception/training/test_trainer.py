"""A training that is killed goes on to the last bit, and what it trains learns to look."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handeye.perception.training.pointing_score import PointingScore

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

STEPS, EVERY = 24, 12
#: A model so small that a step takes a twentieth of a second; it is trained as `tiny-cpu` is.
SIZES: dict[str, Any] = {"vision": (64, 1), "text": (64, 1), "keys": 32, "vocabulary": 400, "tiles": 8}
#: What is run in a process of its own, to be killed after its first state.
CHILD = f"""
import sys
from dataclasses import replace
from pathlib import Path
from handeye.perception.training import pocket
from handeye.perception.training.trainer import Trainer, TrainingPlan
pocket.PRESETS["small"] = replace(pocket.preset("tiny-cpu"), **{SIZES})
def tell(news):
    if news.step == {EVERY} + 4:
        print("told", flush=True)
        sys.stdin.read()
Trainer(TrainingPlan(Path(sys.argv[1]), "small", steps={STEPS}, every={EVERY}, threads=1, screens=24)).run(tell)
"""


def lines(folder: Path) -> list[dict[str, Any]]:
    file = folder / "training" / "metrics.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]


@pytest.fixture(scope="module")
def trained(
    one_thread: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, list[dict[str, Any]], tuple[PointingScore, ...]]]:
    """A folder whose training was killed after its first state and went on; what the killed one wrote; last scores."""
    from handeye.perception.training import pocket
    from handeye.perception.training.trainer import Trainer, TrainingPlan

    folder = tmp_path_factory.mktemp("pocket")
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == b"told\n"  # it stands still four steps after its state
        child.kill()
    assert child.returncode == -signal.SIGKILL
    killed = lines(folder)
    pocket.PRESETS["small"] = replace(pocket.preset("tiny-cpu"), **SIZES)
    trainer = Trainer(TrainingPlan(folder, "small", steps=STEPS, every=EVERY, threads=1, screens=24))
    assert trainer.resumed
    assert trainer.state.step == EVERY
    scores = trainer.run()[1]
    yield folder, killed, scores
    del pocket.PRESETS["small"]


def test_a_killed_training_goes_on_with_the_same_losses_to_the_last_bit(trained: Any) -> None:
    folder, killed, _ = trained
    before = {line["step"]: line["losses"] for line in killed if "losses" in line}
    after = {line["step"]: line["losses"] for line in lines(folder) if "losses" in line}
    assert sorted(after) == list(range(1, STEPS + 1))
    both = sorted(step for step in before if step > EVERY)
    assert len(both) >= 3
    assert {step: before[step] for step in both} == {step: after[step] for step in both}


def test_it_learns_to_look_within_a_few_steps(trained: Any) -> None:
    (score,) = trained[2]
    assert score.questions > 50
    assert score.right > score.shuffled + 0.15


def test_what_was_trained_is_a_checkpoint_and_a_pointer(trained: Any) -> None:
    from handeye.perception.pocket_inference import PhraseReading
    from handeye.perception.pocket_perception import Pointer, pocket_folder
    from handeye.perception.training.data.drawn import drawn

    folder, _, _ = trained
    assert pocket_folder(str(folder)) == folder
    assert pocket_folder(str(folder / "training")) is None
    assert (folder / "training" / "curve.svg").read_text().startswith("<svg")
    pointer = Pointer(PhraseReading(folder))
    # Shapes of a screen beside an empty one: tiles are told apart, and places are the picture's own.
    screen = drawn(7, 0, held_out=True)
    ground = screen.image.getpixel((0, 0))
    wide = Image.new("RGB", (448, 224), ground)
    wide.paste(screen.image, (224, 0))
    found = [pointer.point(wide, f"the {target.colour} {target.icon} icon") for target in screen.targets]
    assert all(place.point.x >= 224 for place in found if place)
    # Half of the picture is as it was: that tile is not looked at again.
    assert pointer.looked == 2
    pointer.point(wide.transpose(Image.Transpose.ROTATE_180), "the red heart icon")
    other = Image.new("RGB", (448, 224), ground)
    other.paste(drawn(8, 0, held_out=True).image, (224, 0))
    looked = pointer.looked
    pointer.point(other, "the red heart icon")
    assert pointer.looked == looked + 1


def test_a_trained_model_is_asked_about_icons_only(trained: Any) -> None:
    from handeye.perception.observation import Observation
    from handeye.perception.pocket_inference import PhraseReading
    from handeye.perception.pocket_perception import Fusion, PocketPerception
    from handeye.perception.training.data.drawn import drawn
    from handeye.tools.screenshot import Screenshot

    perception = PocketPerception(PhraseReading(trained[0]), fusion=Fusion(enough=1, sure=0, icons=1))
    observation = Observation(Screenshot(drawn(7, 0, held_out=True).image), reader=lambda _: ())
    found = [perception.ground(observation, f"the {name} icon") for name in ("heart", "star", "circle", "square")]
    assert "pocket" in {each.by for each in found if each}
    assert perception.ground(observation, "the Send invoice link") is None


def test_numpy_reads_what_torch_does(trained: Any) -> None:
    import torch

    from handeye.perception.pocket_inference import PhraseReading
    from handeye.perception.training.pocket import load

    folder, _, _ = trained
    pocket, reading = load(folder), PhraseReading(folder)
    pixels = np.random.default_rng(0).normal(0, 1.5, (3, 3, 224, 224)).astype(np.float32)
    keys, edges = reading.look(pixels)
    with torch.inference_mode():
        patches = pocket.look(torch.from_numpy(pixels))
        assert pocket.keys(patches).numpy() == pytest.approx(keys, abs=1e-3)
        assert pocket.classify_patches(patches)["edges"].numpy() == pytest.approx(edges, abs=3e-3)
        for phrase in ("the red heart icon", "Ünïcode’s 2nd  “x_y” — ½ 日本語", "A"):
            words = pocket.words(pocket.tokens([phrase]))
            assert words[0].numpy() == pytest.approx(reading.words(phrase), abs=1e-3)
            scores = pocket.scores(words, pocket.keys(patches).flatten(0, 1))[0]
            assert scores.numpy() == pytest.approx(reading.scores(phrase, keys), abs=2e-2)


def test_another_plan_for_the_same_folder_is_refused(trained: Any) -> None:
    from handeye.perception.training.trainer import Trainer, TrainingPlan
    from handeye.tools.errors import UsageError

    with pytest.raises(UsageError, match=r"was trained with .*name another folder"):
        Trainer(TrainingPlan(trained[0], "small", steps=STEPS, seed=5))

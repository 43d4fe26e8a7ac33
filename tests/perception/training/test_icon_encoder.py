"""The icon encoder is trained, continued, written, fitted and measured, on a few drawings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handeye.perception.icons.encoder import IconEncoder
from handeye.perception.icons.meanings import Meanings
from handeye.perception.icons.terms import name_terms, terms

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.perception.training.icon_pictures import RenderedSet

pytestmark = pytest.mark.model

SHAPES = ("disc", "bar", "cross", "frame")


def rendered(name: str, copies: int) -> RenderedSet:
    from handeye.perception.training.icon_pictures import RENDERED, RenderedSet
    from handeye.perception.training.icon_sets import IconSet

    pictures = []
    for number in range(copies * len(SHAPES)):
        image = Image.new("RGBA", (RENDERED, RENDERED))
        draw, low, high = ImageDraw.Draw(image), 6 + number // len(SHAPES), 41 - number // len(SHAPES)
        shape = SHAPES[number % len(SHAPES)]
        if shape == "disc":
            draw.ellipse((low, low, high, high), fill="black")
        elif shape == "frame":
            draw.rectangle((low, low, high, high), outline="black", width=4)
        else:
            draw.rectangle((low, 20, high, 26), fill="black")
            if shape == "cross":
                draw.rectangle((20, low, 26, high), fill="black")
        pictures.append(np.asarray(image))
    words = tuple((SHAPES[number % len(SHAPES)],) for number in range(len(pictures)))
    names = tuple(f"{each[0]}-{number}" for number, each in enumerate(words))
    return RenderedSet(IconSet(name, "1", "MIT", "train"), names, words, np.stack(pictures))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import torch

    from handeye.perception.training import icon_encoder
    from handeye.perception.training.icon_encoder import IconTrainer, lessons
    from handeye.perception.training.icon_model import write_model

    folder = tmp_path_factory.mktemp("icons")
    small = pytest.MonkeyPatch()
    small.setattr(icon_encoder, "_BATCH", 32)
    synonyms: dict[tuple[str, ...], Counter[str]] = {
        ("disc",): Counter(dot=2, circle=1),
        ("cross",): Counter(plus=3),
    }
    taught = lessons([rendered("one", 6)], synonyms)
    trainer = IconTrainer(taught, folder / "state.pt", 0, steps=2)
    trainer.run(lambda *_: None)
    trainer = IconTrainer(taught, folder / "state.pt", 0, steps=4)
    assert trainer.step == 2
    trainer.run(lambda *_: None)
    net, words = trainer.averaged()
    for name in ("icons.npz", "again.npz"):
        write_model(folder / name, net, words, taught, synonyms)
    with torch.no_grad():
        yield folder, trainer, net
    small.undo()


def test_numpy_computes_what_torch_does_and_the_file_is_the_same_each_time(trained: Any) -> None:
    import torch

    folder, trainer, net = trained
    assert trainer.step == 4
    pictures = trainer.pictures[:50]
    expected = net(torch.from_numpy(pictures.astype(np.float32) / 255)).numpy()
    assert IconEncoder(folder / "icons.npz").embed(pictures) == pytest.approx(expected, abs=4e-3)
    assert (folder / "icons.npz").read_bytes() == (folder / "again.npz").read_bytes()


def test_confidence_is_fitted_and_held_out_sets_are_measured(trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from handeye.perception.training import icon_score

    monkeypatch.setattr(icon_score, "CHOICES", 4)
    folder: Path = trained[0]
    path = folder / "again.npz"
    error = icon_score.fit_confidence(path, [rendered("two", 4)], {})
    assert 0 <= error < 0.5
    assert Meanings(path)._fit.any()
    (score,) = icon_score.score(path, [rendered("three", 5)], {})
    assert score.questions == 20
    assert score.known_alone > 0.25


def test_a_set_of_confidences_has_the_error_of_its_bins() -> None:
    from handeye.perception.training.icon_score import calibration_error

    chances = np.array([0.1, 0.1, 0.9, 0.9])
    assert calibration_error(chances, np.array([False, False, True, True])) == pytest.approx(0.1)
    assert calibration_error(chances, np.array([True, True, False, False])) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("trash-2-filled", "trash"), ("baseline-delete-outline", "delete"), ("format-bold", "format"), ("bold", "bold"),
     ("arrows-left-right", "arrow left right"), ("24-hours", "24 hour"), ("boxes", "box"), ("galleries", "gallery")],
)  # fmt: skip
def test_names_of_sets_lose_size_and_style(name: str, expected: str) -> None:
    assert " ".join(name_terms(name)) == expected


def test_words_that_fit_each_icon_are_no_terms() -> None:
    assert terms("the Trash-Can icon, and the trash can") == ("trash", "can")

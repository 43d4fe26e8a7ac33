"""Text and the model are put together as it was best on other screens; a data set is asked about by its own groups."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from handeye.perception.pocket_perception import Fusion, meant
from handeye.perception.training.checkpoint_card import write_card
from handeye.perception.training.fusion import Compared, ComparedAnswer, choose, data_set
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

#: Asked about the second half of these, the model is wrong: once where text is surer, once where the model is not sure.
ANSWERS = [
    ComparedAnswer(("icon",), (0.8, False), (0.9, True), "icon"),
    ComparedAnswer(("icon",), (-1, False), (0.55, True)),
    ComparedAnswer(("text",), (0.65, True), (0.95, False)),
    ComparedAnswer(("text",), (0.3, True), (0.2, False)),
    ComparedAnswer(("words",), (-1, True), (0.95, False), ""),
]


def test_the_fusion_that_is_most_often_right_is_chosen() -> None:
    compared = Compared("pictures", ANSWERS)
    fusion = choose([compared])
    assert fusion.enough <= 0.65
    assert fusion.icons > 0.8
    assert fusion.enough <= 0.3 or fusion.sure > 0.2
    assert compared.share("both", fusion) == 1
    # Nothing but what text has no answer to is asked of the model then.
    assert compared.share("both", Fusion(0, 0, 0)) == 0.8


@pytest.mark.parametrize(
    ("phrase", "says"),
    [
        ("the red Trash icon", "icon"),
        ("the red heart", "name"),
        ("the arrow left button", "name"),
        ("Save", ""),
        ("", ""),
    ],
)
def test_the_model_is_used_only_for_phrases_that_mean_an_icon(phrase: str, says: str) -> None:
    assert meant(phrase, {"heart", "arrow left"}) == says


def test_a_fusion_is_reported_by_groups() -> None:
    compared = Compared("pictures", ANSWERS)
    fusion = choose([compared])
    assert [compared.share(way, fusion, "icon") for way in ("text", "pocket", "both")] == [0, 1, 1]
    told = compared.to_json(fusion)["groups"]
    assert told["text"] == {"text": 1, "pocket": 0, "both": 1, "n": 2}


def test_a_fusion_is_stored_in_the_folder_of_its_model(tmp_path: Path) -> None:
    assert Fusion.read(tmp_path) == Fusion()
    Fusion(0.4, 0.15, 0.9).write(tmp_path)
    assert Fusion.read(tmp_path) == Fusion(0.4, 0.15, 0.9)
    (tmp_path / "fusion.json").write_text("{")
    with pytest.raises(SetupError, match=r"fusion\.json cannot be read .* evaluate the model again"):
        Fusion.read(tmp_path)


def test_a_data_set_is_queried_picture_by_picture_and_by_its_groups(tmp_path: Path) -> None:
    lines = []
    for number in range(6):
        Image.new("RGB", (64, 48), (number, 0, 0)).save(tmp_path / f"{number}.png")
        record = {"image": f"{number}.png", "bbox": [1, 2, 30, 40], "type": "icon", "theme": "dark"}
        lines += [record | {"instruction": f"thing {number} {part}"} for part in "ab"]
    file = tmp_path / "screens.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    assert [len(picture.questions) for picture in data_set(file)] == [2] * 6
    few = list(data_set(file, most=3))
    assert [picture.image.getpixel((0, 0)) for picture in few] == [(0, 0, 0), (2, 0, 0), (4, 0, 0)]
    assert few[1].questions[0] == ("thing 2 a", (1, 2, 30, 40), ("type icon", "theme dark"))
    file.write_text(json.dumps({"image": "0.png", "instruction": "what is not there", "bbox": None}))
    (picture,) = data_set(file)
    assert picture.questions == (("what is not there", None, ()),)
    file.write_text('{"image": "0.png"}')
    with pytest.raises(UsageError, match="each line needs an image, an instruction and a bbox"):
        list(data_set(file))


def test_the_card_tells_what_was_measured_and_nothing_else(tmp_path: Path) -> None:
    training = tmp_path / "training"
    training.mkdir()
    assert "not recorded" in write_card(tmp_path).read_text()
    (training / "about.json").write_text(json.dumps({"preset": "tiny-cpu", "seed": 3, "tiles": 16, "machine": "one"}))
    score = {"level": 0, "questions": 80, "shuffled": 0.15, "parts": {}}
    told = [
        {"step": 0, "scores": [score | {"right": 0.25}]},
        {"step": 30, "seconds": 60.0, "losses": {"all": 1.5}},
        {"step": 30, "scores": [score | {"right": 0.75}]},
    ]
    (training / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in told))
    whole = [Compared("level 0", ANSWERS).to_json(Fusion(0.5, 0.5, 0.9))]
    (training / "evaluation.json").write_text(
        json.dumps({"fusion": {"enough": 0.5, "sure": 0.5, "icons": 0.9}, "whole": whole})
    )
    card = write_card(tmp_path).read_text()
    for line in (
        "| seed | 3 |",
        "| pace | 8.0 tiles a second |",
        "| 0 | 80 | 25.0% | 15.0% | 75.0% | 15.0% |",
        "| level 0 | icon | 2 | 0.0% | 100.0% | 100.0% |",
    ):
        assert line in card


def test_a_wrong_place_costs_what_a_right_one_gains() -> None:
    wrong, right = (
        ComparedAnswer(("icon",), (-1, False), (0.2, False)),
        ComparedAnswer(("icon",), (-1, False), (0.2, True)),
    )
    assert choose([Compared("pictures", [wrong, wrong, right])]).sure > 0.2
    assert choose([Compared("pictures", [wrong, right, right])]).sure <= 0.2

"""The bundled pictures: targets are on them and unique, and the generator reproduces them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.suite.ground import GroundScenario
from handeye.scenarios.suites.grounding.make_pictures import HERE, main, make
from handeye.scenarios.suites.grounding.page_content import QuestionCandidate
from handeye.scenarios.suites.grounding.picture_plan import LANGUAGES, LAYOUTS, THEMES, plan
from handeye.scenarios.suites.grounding.question_choice import questions
from handeye.scenarios.suites.grounding.rendering import Rendered, Spot

#: One that is made anew: its font is there wherever these tests run.
MADE = "phone-dark-de-1"


def lines(folder: Path = HERE) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "screens.jsonl").read_text("utf-8").splitlines()]


def test_every_box_lies_on_its_picture() -> None:
    sizes = {}
    for path in (HERE / "screens").iterdir():
        with Image.open(path) as image:
            sizes[f"screens/{path.name}"] = image.size
    assert set(sizes) == {line["image"] for line in lines()}
    for line in lines():
        if line["type"] == "absent":
            assert line["bbox"] is None
            continue
        left, top, right, bottom = line["bbox"]
        width, height = sizes[line["image"]]
        assert 0 <= left < right <= width, line
        assert 0 <= top < bottom <= height, line


def test_there_are_enough_of_each_kind() -> None:
    asked = Counter(line["image"] for line in lines())
    assert len(asked) >= 150
    assert set(asked.values()) <= set(range(2, 7))
    shown = [{line["image"]: line[key] for line in lines()} for key in ("source", "theme", "language")]
    for pictures, wanted in zip(shown, (LAYOUTS, THEMES, LANGUAGES), strict=True):
        assert Counter(pictures.values()) == dict.fromkeys(wanted, len(asked) // len(wanted))
    assert {kind for kind, count in Counter(line["type"] for line in lines()).items() if count >= 50} == {
        "text", "icon", "widget", "absent",
    }  # fmt: skip
    sizes = Counter((line["type"], line["size"]) for line in lines())
    assert all(sizes[kind, size] >= 50 for kind in ("text", "icon") for size in ("small", "middle", "large"))
    assert len({(line["image"], line["instruction"]) for line in lines()}) == len(lines())
    assert sum(path.stat().st_size for path in (HERE / "screens").iterdir()) < 8_000_000


def test_the_generator_makes_these_pictures_and_the_same_each_time(tmp_path: Path) -> None:
    made = [tmp_path / "one", tmp_path / "two"]
    assert make(made[0], only=MADE, sheets=tmp_path) == 1
    assert main(["--folder", str(made[1]), "--only", MADE]) == 0
    picture = f"screens/{MADE}.webp"
    assert (made[0] / picture).read_bytes() == (made[1] / picture).read_bytes()
    assert lines(made[0]) == lines(made[1])
    committed = [line for line in lines() if line["image"] == picture]
    for new, old in zip(lines(made[0]), committed, strict=True):
        assert new | {"bbox": None} == old | {"bbox": None}
        # Another version of the browser may round otherwise.
        assert all(abs(one - two) <= 2 for one, two in zip(new["bbox"] or (), old["bbox"] or (), strict=True)), new
    with Image.open(made[0] / picture) as new_image, Image.open(HERE / picture) as old_image:
        assert new_image.size == old_image.size
        apart = ImageStat.Stat(ImageChops.difference(new_image.convert("RGB"), old_image.convert("RGB"))).mean
    assert max(apart) < 2
    assert (tmp_path / "1.png").stat().st_size > 10_000


def test_a_name_of_no_picture_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--folder", str(tmp_path), "--only", "toaster"]) == 2
    assert "no picture is called 'toaster'" in capsys.readouterr().err


def test_a_text_that_occurs_twice_is_no_target() -> None:
    save = QuestionCandidate("text", "Save", "", ("Save",))
    page = Rendered(Image.new("RGB", (100, 100)), (Spot(save, (1.4, 1.6, 30.2, 20.0)),), ("Save",), ())
    asked = plan("form", "light", "en", 1, 7)
    (found, *_) = questions(asked, page)
    assert (found["bbox"], found["size"]) == ([1, 1, 31, 20], "small")
    assert not any(line["bbox"] for line in questions(asked, page._replace(texts=("Save", "Save"))))


def test_the_suite_asks_for_most_of_them() -> None:
    scenarios = load_scenarios(HERE / "grounding.yaml")
    assert all(
        isinstance(scenario, GroundScenario) and 0.5 <= scenario.least <= 1 and scenario.items for scenario in scenarios
    )
    items = [item for scenario in scenarios if isinstance(scenario, GroundScenario) for item in scenario.items]
    assert len(items) == len(set(items_named(items))) >= 400


def items_named(items: list[Any]) -> list[tuple[str, str]]:
    return [(item.name, item.instruction) for item in items]

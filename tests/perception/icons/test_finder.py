"""Icons of pictures: where they are, what they show, and pictures that no screen looks like."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handeye.perception.icons import finder
from handeye.perception.icons.blobs import MOST, candidates
from handeye.perception.icons.crops import cut
from handeye.perception.icons.encoder import MODEL, IconEncoder
from handeye.perception.icons.finder import inferred_name, inferred_names, scores, screen_icons
from handeye.perception.observation import Observation
from handeye.tools.element import Element
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

ROOT = Path(__file__).parents[3]
SCREENS = ROOT / "scenarios/suites/grounding"


def screenshot(name: str) -> Screenshot:
    return Screenshot(Image.open(SCREENS / "screens" / name).convert("RGB"))


def asked(name: str) -> list[tuple[str, Box]]:
    """The plain questions about icons of a bundled screen: without a place or a neighbour."""
    lines = (json.loads(line) for file in sorted(SCREENS.glob("*.jsonl")) for line in file.read_text().splitlines())
    return [
        (each["instruction"], Box(*each["bbox"]))
        for each in lines
        if each["image"] == f"screens/{name}" and each["type"] == "icon" and each["bbox"]
        and re.fullmatch(r"the [\w ]+", each["instruction"]) and " next to " not in each["instruction"]
    ]  # fmt: skip


def test_icons_are_found_by_what_they_show_and_named() -> None:
    right = named = count = 0
    for name in ("settings-dark-de-2.webp", "calendar-light-de-1.webp", "settings-light-en-1.webp"):
        icons = screen_icons(screenshot(name))
        for phrase, box in asked(name):
            best = icons.matches(phrase)[0]
            right += box.holds(best.box.centre) and best.probability > 0.3
            named += inferred_name(icons, box) is not None
            count += 1
    assert count >= 5
    assert right >= 0.8 * count
    assert named >= 0.8 * count


def test_controls_without_a_name_get_an_inferred_one() -> None:
    name = "settings-dark-de-2.webp"
    boxes = {f"e{number}": (phrase, box) for number, (phrase, box) in enumerate(asked(name))}
    nameless = [Element(id=key, box=box, role="button", name="", source="dom") for key, (_, box) in boxes.items()]
    named = [each.model_copy(update={"id": f"{each.id}n", "name": "Go"}) for each in nameless]
    field = nameless[0].model_copy(update={"id": "field", "role": "textbox"})
    outside = nameless[0].model_copy(update={"id": "outside", "box": Box(5000, 5000, 5030, 5030)})
    plain = nameless[0].model_copy(update={"id": "plain", "box": Box(1200, 800, 1230, 830)})
    found = inferred_names(Observation(screenshot(name), (*nameless, *named, field, outside, plain)))
    assert set(found) <= set(boxes)
    assert len(found) >= 0.8 * len(boxes)
    assert all(0 < each.confidence < 1 and each.name for each in found.values())


def test_phrases_that_name_no_icon_match_nothing() -> None:
    icons = screen_icons(screenshot("settings-light-en-1.webp"))
    for phrase in ("", "the icon", "?!…", "三", "Xyzzyplugh"):
        assert icons.matches(phrase) == ()
    assert set(icons.scores("Xyzzyplugh")) == {0.0}
    assert max(icons.scores("the wheelchair icon")) < 0.5
    assert icons.matches("the icon that looks like an arrow") == icons.matches("arrow")
    assert icons.matches("trash " * 10_000)[0].probability <= 1


def test_the_same_pixels_give_the_same_numbers() -> None:
    shot = screenshot("settings-light-en-1.webp")
    pixels = np.asarray(shot.image)
    boxes = candidates(shot)[:40]
    pictures = cut(pixels, boxes)
    first, second = IconEncoder().embed(pictures), IconEncoder().embed(pictures)
    assert first.tobytes() == second.tobytes()
    assert np.allclose(IconEncoder().embed(pictures[7:8]), first[7:8], atol=1e-5)
    before = scores(pixels, boxes, "the arrow icon")
    finder._encoded.clear()
    assert scores(pixels, boxes, "the arrow icon") == before


def test_colour_and_polarity_do_not_change_an_icon() -> None:
    dark = np.asarray(screenshot("settings-light-en-1.webp").image)
    box = candidates(Screenshot(Image.fromarray(dark)))[0]
    one, two = cut(dark, [box]), cut(255 - dark, [box])
    assert int(np.abs(one.astype(int) - two).max()) <= 2


def full_of_icons() -> Image.Image:
    image = Image.new("RGB", (1600, 1000), "white")
    draw = ImageDraw.Draw(image)
    for at in range(40 * 25):
        x, y = at % 40 * 40, at // 40 * 40
        draw.ellipse((x + 8, y + 8, x + 28, y + 28), outline="black", width=1 + at % 3)
        draw.line((x + 12, y + 12, x + 18 + at % 9, y + 24), fill="black", width=2)
    return image


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (1, 1)),
        Image.new("RGB", (2, 3), "white"),
        Image.new("RGB", (640, 400), "navy"),
        Image.effect_noise((640, 400), 90).convert("RGB"),
        Image.effect_noise((20_000, 50), 60).convert("RGB"),
        full_of_icons(),
    ],
    ids=["one pixel", "six pixels", "one colour", "noise", "a strip", "full of icons"],
)
def test_any_picture_is_answered_within_a_bound(image: Image.Image) -> None:
    shot = Screenshot(image)
    assert len(candidates(shot)) <= MOST
    icons = screen_icons(shot)
    assert all(0 <= match.probability <= 1 for match in icons.matches("the trash icon"))
    assert all(box.within(*image.size) == box for box in icons.boxes)
    inferred_name(icons, Box(0, 0, *image.size))


def test_boxes_outside_a_picture_score_nothing() -> None:
    pixels = np.full((20, 20, 3), 255, np.uint8)
    assert scores(pixels, [Box(30, 30, 50, 50), Box(-9, -9, -1, -1), Box(5, 5, 5, 5), Box(0, 0, 20, 20)], "trash") == (
        0.0, 0.0, 0.0, 0.0,
    )  # fmt: skip


def test_the_model_is_small_and_its_sources_are_named() -> None:
    from handeye.perception.training.icon_sets import SETS

    assert MODEL.stat().st_size < 6_000_000
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for each in SETS:
        if each.split == "train":
            assert each.licence in {"MIT", "ISC", "Apache-2.0", "CC0-1.0", "CC-BY-4.0"}
            line = next(line for line in notice.splitlines() if line.startswith(f"  {each.name} "))
            assert line.endswith(each.licence.replace("CC-BY-4.0", "CC BY 4.0").replace("-2.0", " 2.0"))


def test_the_pocket_model_is_the_embedded_perception_now() -> None:
    from handeye.agent.resources import open_perception_and_policy

    perception, policy = open_perception_and_policy("pocket")
    assert (perception.name, policy.name) == ("embedded", "plain english")
    assert "--model embedded" in perception.notes[0]
    assert open_perception_and_policy("embedded")[0].notes == ()

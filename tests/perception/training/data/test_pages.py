"""Pages rendered in Chromium: what the page says lies where, does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import ImageChops

from handeye.perception.training.data.drawn import drawn
from handeye.perception.training.data.gallery import write_gallery
from handeye.perception.training.data.pages import PageRenderer
from handeye.perception.training.data.target_phrases import Names
from handeye.tools.browser import find_chromium
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PIL import Image

#: Chromium smooths a pixel by so many levels more or less from time to time.
SMOOTHED = 8

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium on this machine")


@pytest.fixture(scope="module")
def pages() -> Iterator[PageRenderer]:
    with PageRenderer() as chromium:
        yield chromium


def differs(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int] | None:
    levels = [255 if level > SMOOTHED else 0 for level in range(256)]
    return ImageChops.difference(one, other).point(levels * 3).getbbox()


@pytest.mark.parametrize(("seed", "held_out"), [(5, False), (1, True)])
def test_the_pixels_of_what_a_page_tells_of_lie_in_its_box(pages: PageRenderer, seed: int, held_out: bool) -> None:
    whole = pages.screen(seed, held_out)
    by_role = {target.role: number for number, target in enumerate(whole.targets)}
    assert len(by_role) > 4
    scale = float(whole.about["scale"])
    assert scale > 1
    for role, number in list(by_role.items())[:4]:
        target = whole.targets[number]
        without = pages.screen(seed, held_out, redact=number)
        assert without.targets == whole.targets
        found = differs(whole.image, without.image)
        assert found, target
        outside = [
            target.box[0] - found[0],
            target.box[1] - found[1],
            found[2] - target.box[2],
            found[3] - target.box[3],
        ]
        # Chromium smooths edges that fall between two pixels.
        assert max(outside) <= 2, (role, target, found)
        if role in {"text", "heading", "cell", "icon", "field", "combobox"}:
            assert min(outside) >= -2 * scale, (role, target, found)
        assert target.box.holds(Box(*found).centre)


def test_a_seed_is_one_page_whatever_was_rendered_before(pages: PageRenderer) -> None:
    first = pages.screen(8)
    pages.screen(9, held_out=True)
    again = pages.screen(8)
    assert differs(again.image, first.image) is None
    assert again.targets == first.targets
    assert again.about == first.about


def test_questions_about_pages_have_phrases(pages: PageRenderer) -> None:
    screen = pages.screen(2, size=(896, 896))
    assert screen.image.size == (896, 896)
    phrases = [phrase.text for phrase in Names(screen).phrases]
    assert len(phrases) > 10
    assert {target.role for target in screen.targets} >= {"button", "text"}
    assert any(target.icon for target in screen.targets)


def test_the_gallery_shows_each_box_where_it_is(pages: PageRenderer, tmp_path: Path) -> None:
    screens = [drawn(1, 0), drawn(2, 2)]
    address = write_gallery(screens, tmp_path / "shown").as_uri()
    view = pages.browser.new_page(viewport={"width": 1200, "height": 800})
    view.goto(address)
    for number, screen in enumerate(screens):
        article = view.locator("article").nth(number)
        assert article.locator("i").count() == len(screen.targets)
        picture = article.locator("img").bounding_box()
        shown = article.locator("i").first.bounding_box()
        assert picture
        assert shown
        scale = screen.image.width / picture["width"]
        place = (scale * (shown["x"] - picture["x"]), scale * (shown["y"] - picture["y"]))
        assert place == pytest.approx(screen.targets[0].box[:2], abs=2)
        item = article.locator("li[data-box]").first
        item.hover()
        assert article.locator("i.hot").count() == 1
    view.close()

"""Changed content of an image is distinguished from changed colours, a caret, and animations."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from handeye.tools.geometry import Box
from handeye.tools.pixel_change import redrawn


def button(text: str, ground: str = "#eeeeee", ink: str = "#111111", **more: tuple[int, int, int, int]) -> Image.Image:
    image = Image.new("RGB", (240, 80), "#ffffff")
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((20, 15, 220, 65), 8, fill=ground)
    pen.text((40, 30), text, fill=ink, font_size=22)
    for box in more.values():
        pen.rectangle(box, fill="#111111")
    return image


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        (button("Pay 5"), button("Pay 5"), False),
        (button("Pay 5"), button("Pay 8"), True),
        (button("Pay 5"), button("Pay 500"), True),
        (button("Next"), button("Pay all"), True),
        (button("Next"), button("Next", "#ffcc66"), False),
        (button("Next"), button("Next", "#224488", "#ffee88"), False),
        (button("Next"), button("Send", "#ffcc66"), True),
        (button("Next"), button("", "#eeeeee"), True),
        (button(""), button("Erase"), True),
        (button("Name"), button("Name", caret=(150, 28, 151, 52)), False),
    ],
)
def test_content_is_distinguished_from_colour(before: Image.Image, after: Image.Image, differs: bool) -> None:
    assert redrawn(before, after) is differs


def test_what_never_rests_is_left_out() -> None:
    one, two = button("Next"), button("Next")
    ImageDraw.Draw(two).ellipse((180, 20, 200, 40), outline="#111111", width=3)
    assert redrawn(one, two)
    assert not redrawn(one, two, [Box(178, 18, 204, 44)])
    assert redrawn(one, two.resize((120, 40)))

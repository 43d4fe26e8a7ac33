"""A click on a desktop hits the checked target: by names if the program reports them, else by pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handeye.perception.embedded import EmbeddedPerception
from handeye.tools import Virtual
from handeye.tools.actions import Click, Target
from handeye.tools.browser.launch import flags, need_chromium
from handeye.tools.desktop.target_check import TargetCheck
from handeye.tools.element import Element
from handeye.tools.errors import TargetChanged
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PAGE = """<title>Hover</title><body style='margin:0'><style>
button { position: absolute; left: 40px; width: 300px; height: 60px; font-size: 24px }
button:hover { background: #fc6 }</style>
<button style='top:40px' onclick='out.textContent = "Plain was pressed"'>Plain</button>
<button id=b style='top:140px' onclick='out.textContent = "Swapped was pressed"'>Later</button>
<script>b.onmousemove = () => { b.textContent = "Erase all" }</script>
<p id=out style='padding-top:240px'>"""


def screen(label: str) -> Image.Image:
    image = Image.new("RGB", (400, 200), "#dddddd")
    ImageDraw.Draw(image).text((150, 90), label, fill="#000000", font_size=20)
    return image


def frame(image: Image.Image) -> NDArray[np.uint32]:
    packed = image.convert("RGBA").tobytes("raw", "BGRA")
    return np.frombuffer(packed, np.uint32).reshape(image.height, image.width)


def button(name: str) -> Element:
    return Element(id="e1", box=Box(140, 80, 260, 120), role="button", name=name, source="accessibility")


@pytest.mark.parametrize(
    ("known", "label", "name", "held"),
    [
        (True, "Save", "Save", False),
        (True, "Save…", "Save", False),  # its program says that it is the same
        (True, "Wipe", "Wipe", True),
        (False, "Save", "", False),
        (False, "Wipe", "", True),
    ],
)
def test_a_label_is_compared(known: bool, label: str, name: str, held: bool) -> None:
    checked = TargetCheck(screen("Save"), (button("Save"),) if known else ())
    target = Target(phrase="Save", point=Point(170, 100), element="e1" if known else "")
    now = screen(label)

    def compare() -> None:
        checked.compare(target, lambda: frame(now), lambda: [button(name)] if known else [], careful=False)

    if held:
        with pytest.raises(TargetChanged, match="changed before it was pressed"):
            compare()
    else:
        compare()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtual]:
    folder = tmp_path_factory.mktemp("press")
    (folder / "page.html").write_text(PAGE)
    words = [str(need_chromium(headed=True)), *flags(headed=True), f"--user-data-dir={folder / 'profile'}"]
    with Virtual(" ".join([*words, "--kiosk", f"file://{folder / 'page.html'}"]), timeout=60) as virtual:
        yield virtual


def test_a_style_that_follows_the_pointer_is_pressed_and_another_label_is_not(page: Virtual) -> None:
    perception = EmbeddedPerception()
    perception.observe(page)
    page.perform(Click(target=Target(point=Point(150, 70))))
    page.settle()
    before = perception.observe(page)
    with pytest.raises(TargetChanged):
        page.perform(Click(target=Target(point=Point(150, 170))))
    page.settle()
    after = perception.observe(page)
    words = " ".join(each.name for each in after.words)
    assert "Plain was pressed" in words
    assert "Swapped" not in words
    assert before.screenshot.digest != after.screenshot.digest

"""What typing did, told from the signals of a program that names no elements."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from handeye.perception.outcome import judge
from handeye.perception.scene import Scene
from handeye.tools.actions import Type
from handeye.tools.device import Signals
from handeye.tools.screenshot import Screenshot

BEFORE = Signals(title="Untitled", tabs=("Untitled",))
MARKED = BEFORE.model_copy(update={"title": "*Untitled", "tabs": ("*Untitled",)})


def scene(signals: Signals, text: str = "") -> Scene:
    image = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(image).text((20, 20), text, "black", font_size=30)
    return Scene(Screenshot(image), signals=signals)


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (scene(MARKED, "hello"), "confirmed"),
        (scene(BEFORE, "hello"), "confirmed"),
        (scene(BEFORE), "no_effect"),
        (scene(BEFORE.model_copy(update={"tabs": ("Untitled", "Find"), "tab": 1, "title": "Find"})), "unexpected"),
        (scene(BEFORE.model_copy(update={"dialog": "Leave?"}), "hello"), "unexpected"),
    ],
)
def test_an_editor_that_marks_its_title_has_taken_the_text(after: Scene, kind: str) -> None:
    assert judge(Type(text="hello"), scene(BEFORE), after).kind == kind

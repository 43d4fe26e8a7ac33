"""Matching recorded targets: which signals agree, which elements must never match, and the reported reason."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from handeye.perception.observation import Observation
from handeye.perception.reading import ocr
from handeye.policies.replay.anchor_matching import find_target
from handeye.policies.replay.patches import cut_patch, find_patch
from handeye.policies.replay.signatures import TargetSignature, target_signature
from handeye.tools.actions import Target
from handeye.tools.element import Element
from handeye.tools.geometry import Box, Point
from handeye.tools.screenshot import Screenshot

SIZE = (600, 400)


def thing(role: str, name: str, left: int, top: int, **more: Any) -> Element:
    more.setdefault("id", f"{role}-{name}-{left}-{top}")
    return Element(role=role, name=name, box=Box(left, top, left + 90, top + 24), source="dom", **more)


def observation(*elements: Element, image: Image.Image | None = None) -> Observation:
    return Observation(Screenshot(image or Image.new("RGB", SIZE, "white")), elements)


def seen(element: Element, *others: Element) -> TargetSignature:
    return target_signature(
        Target(element=element.id, point=element.box.centre, box=element.box), observation(element, *others)
    )


def test_a_moved_and_restyled_element_is_found_by_its_selector_and_text() -> None:
    title = thing("heading", "Notes", 20, 20)
    signature = seen(thing("button", "Save", 100, 100), title)
    found = find_target(signature, observation(thing("button", "Save", 400, 300), thing("heading", "Notes", 300, 20)))
    assert found.place
    assert found.place.signals[:2] == ["selector", "text"]
    assert found.place.point == (445, 312)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ([thing("button", "Delete", 100, 100, key="id=save")], "it is called “Delete” now"),
        ([thing("button", "Save", 100, 100, covered=True)], "something lies over it"),
        ([thing("button", "Save", 100, 100, enabled=False)], "it is disabled"),
        ([], "nothing of “Save” is there"),
    ],
)
def test_what_is_another_thing_now_is_not_taken_for_it(now: list[Element], why: str) -> None:
    title = thing("heading", "Notes", 20, 20)
    signature = seen(thing("button", "Save", 100, 100, key="id=save"), title)
    found = find_target(signature, observation(title, *now))
    assert found.place is None
    assert why in found.says


def test_labels_that_changed_places_are_followed_by_their_words() -> None:
    title = thing("heading", "Notes", 20, 20)
    before = [thing("button", "Save", 100, 100), thing("button", "Delete", 300, 100), title]
    after = [thing("button", "Delete", 100, 100), thing("button", "Save", 300, 100), title]
    found = find_target(seen(*before), observation(*after))
    assert found.place
    assert found.place.point.x == 345


def rows(*names: str, top: int = 100) -> list[Element]:
    found: list[Element] = []
    for number, name in enumerate(names):
        row = f"row-{name}"
        down = top + 40 * number
        found.append(Element(id=row, role="row", name="", box=Box(10, down, 500, down + 30), source="dom"))
        found.append(thing("cell", name, 20, down, parent=row))
        found.append(thing("cell", "Admin", 140, down, parent=row))
        found.append(thing("button", "Remove", 300, down, parent=row))
    return found


def test_of_rows_that_look_alike_the_right_one_is_found_wherever_it_went_and_no_other_when_it_is_gone() -> None:
    before = rows("Ann", "Bob", "Cy")
    bob = before[7]
    signature = seen(bob, *(each for each in before if each is not bob))
    assert (signature.row_texts, signature.of) == (("Bob",), 3)
    found = find_target(signature, observation(*rows("Cy", "Ann", "Dora", "Bob")))
    assert found.place
    assert found.place.element
    assert found.place.element.parent == "row-Bob"
    gone = find_target(signature, observation(*rows("Ann", "Cy")))
    assert gone.place is None
    assert "“Bob” is no longer in its row" in gone.says


def test_the_last_row_that_is_left_is_not_the_one_that_is_gone() -> None:
    before = rows("Bob")
    signature = seen(before[3], *before[:3])
    assert signature.row_texts == ("Bob", "Admin")
    assert find_target(signature, observation(*rows("Bob", top=200))).place
    assert find_target(signature, observation(*rows("Ann"))).place is None


def test_two_equal_labels_are_distinguished_by_nearby_texts_or_refused() -> None:
    def cards(one: str, two: str) -> list[Element]:
        return [
            thing("text", one, 20, 40),
            thing("button", "Choose", 20, 70),
            thing("text", two, 300, 40),
            thing("button", "Choose", 300, 70),
        ]

    before = cards("Small", "Large")
    signature = seen(before[3], *before[:3])
    found = find_target(signature, observation(*cards("Large", "Small")))
    assert found.place
    assert found.place.element
    assert found.place.element.box.left == 20
    alone = signature.model_copy(update={"near": ()})
    assert "as good as each other" in find_target(alone, observation(*cards("Large", "Small"))).says


def test_numbers_that_tell_things_apart_are_not_taken_for_counts() -> None:
    def rooms(*numbers: int) -> list[Element]:
        displayed = [[thing("text", f"Room {n}", 20, 60 * n), thing("button", "Book", 150, 60 * n)] for n in numbers]
        return [element for pair in displayed for element in pair]

    before = rooms(1, 2)
    signature = seen(before[1], before[0], *before[2:])
    assert find_target(signature, observation(*rooms(2, 1))).place
    assert "“Room 1” is not near it any more" in find_target(signature, observation(*rooms(2))).says
    count, add = thing("text", "3 items", 20, 60), thing("button", "Add", 150, 60)
    assert find_target(seen(add, count), observation(thing("text", "4 items", 20, 60), add)).place


def drawn(*labels: tuple[str, int, int], font: int = 22, box: str = "#cde") -> Image.Image:
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for text, x, y in labels:
        draw.rectangle((x, y, x + 150, y + 50), fill=box, outline="#345")
        draw.text((x + 30, y + 12), text, fill="black", font=ImageFont.load_default(font))
    return image


def painted(image: Image.Image, point: Point) -> tuple[TargetSignature, Image.Image]:
    """The sight of a place in a drawing, as it is taken down after a run."""
    lines = ocr.read(Screenshot(image))
    at = Observation(Screenshot(image), reader=ocr.read)
    assert at.words == lines
    signature, png = cut_patch(target_signature(Target(point=point), at), image)
    return signature, Image.open(BytesIO(png))


def test_in_a_drawing_two_of_text_picture_and_layout_agree() -> None:
    before = drawn(("Start", 40, 60), ("Pause", 260, 60), ("Finish", 40, 200))
    signature, patch = painted(before, Point(110, 85))
    assert signature.text == "Start"
    moved = drawn(("Start", 200, 160), ("Pause", 420, 160), ("Finish", 200, 300), font=26, box="#fed")
    found = find_target(signature, Observation(Screenshot(moved), reader=ocr.read), patch)
    assert found.place
    assert {"text", "layout"} <= set(found.place.signals)
    assert 200 < found.place.point.x < 350
    assert 160 < found.place.point.y < 210
    other = drawn(("Erase", 40, 60), ("Pause", 260, 60), ("Finish", 40, 200))
    swapped = find_target(signature, Observation(Screenshot(other), reader=ocr.read), patch)
    assert swapped.place is None
    assert "“Start” is not written there any more" in swapped.says


def test_a_patch_matches_by_shape_and_colour_and_is_not_stored_for_plain_or_masked_areas() -> None:
    image = drawn(("Save", 40, 60))
    signature = TargetSignature(point=Point(110, 85), size=(150, 50))
    reported, png = cut_patch(signature, image)
    patch = Image.open(BytesIO(png))
    assert find_patch(patch, drawn(("Save", 300, 200)), reported.hold) == [(370, 225)]
    assert find_patch(patch, drawn(("Save", 300, 200), box="#f88"), reported.hold) == []
    assert cut_patch(signature, Image.new("RGB", SIZE, "white"))[1] == b""
    ImageDraw.Draw(image).rectangle((40, 60, 190, 110), fill="black")
    assert cut_patch(signature, image)[1] == b""

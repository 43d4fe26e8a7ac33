"""On pictures alone, of pages nobody has prepared it for, the point lies inside the label that was asked for."""

from __future__ import annotations

import random
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.observation import Observation
from handeye.perception.reading import ocr
from handeye.tools.browser.browser import Browser
from handeye.tools.element import Element
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

LABELS = """Save|Save As...|Cancel|Open|Delete|Settings|Sign in|Create account|Add to cart|Download|Help|Contact
Search|Home|Orders|Profile|Log out|Preferences|Share|Copy link|Print|Export as PDF|New folder|Rename|Refresh|Submit
Learn more|Terms|Send message|Reply|Archive|Notifications|Dashboard|Invoices|Billing|Apply|Reset|Undo|Redo|Buy now
Löschen|Abbrechen|Rechnung|Annuler|Guardar|Pause|Format|Tools|Window""".replace("\n", "|").split("|")
INKS = ["#0b57d0", "#c62828", "#2e7d32", "#6a1b9a", "#00838f", "#444"]


def page(number: int) -> str:
    """A made-up page: menu bar, links, coloured and outlined buttons, small fonts; light or dark."""
    dice = random.Random(number)
    labels = iter(dice.sample(LABELS, 22))
    dark = number % 2
    paper, ink = ("#1e1f24", "#e8e8ea") if dark else ("#fff", "#222")
    spans = "".join(f"<span style='padding:0 {dice.choice([7, 10])}px'>{next(labels)}</span>" for _ in range(6))
    links = "".join(f"<li><a href='#'>{next(labels)}</a></li>" for _ in range(5))
    look = "margin:6px;font:inherit"
    full = "".join(
        f"<button style='{look};background:{dice.choice(INKS)};color:#fff;border:0'>{next(labels)}</button>"
        for _ in range(7)
    )
    outlined = "".join(
        f"<button style='{look};background:none;color:inherit;border:1px solid'>{next(labels)}</button>"
        for _ in range(4)
    )
    font = f"{dice.choice([12, 13, 15])}px {dice.choice(['sans-serif', 'serif'])}"
    return (
        f"<!doctype html><meta charset=utf-8><style>body{{margin:0;background:{paper};color:{ink};font:{font}}}"
        f"a{{color:{'#8ab4f8' if dark else '#1a56c4'}}}</style>"
        f"<div style='padding:5px;background:{'#333' if dark else '#ddd'}'>{spans}</div><ul>{links}</ul>"
        f"<p>Lorem ipsum dolor sit amet, consectetur.</p>{full}<br>{outlined}"
    )


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: Any) -> list[tuple[Image.Image, list[tuple[str, Box]]]]:
    """Pictures of pages, with where each label stands according to the page."""
    folder = tmp_path_factory.mktemp("pages")
    found = []
    with Browser("about:blank", viewport=(1024, 640)) as browser:
        from handeye.tools.actions import Navigate

        for number in range(4):
            (folder / f"{number}.html").write_text(page(number))
            browser.perform(Navigate(url=(folder / f"{number}.html").as_uri()))
            browser.settle(3.0)
            labels = [
                (element.name, element.box)
                for element in browser.elements()
                if element.name in LABELS and element.role in {"button", "link", "text"}
            ]
            image = Image.open(BytesIO(_png(browser.capture().image)))
            found.append((image.convert("RGB"), labels))
    return found


def _png(image: Image.Image) -> bytes:
    held = BytesIO()
    image.save(held, "png")
    return held.getvalue()


def test_labels_are_hit_on_pictures_of_unknown_pages(rendered: Any) -> None:
    perception, missed, count = EmbeddedPerception(), [], 0
    for image, labels in rendered:
        for name, box in labels:
            grounding = perception.ground(Observation(Screenshot(image), reader=ocr.read), name)
            count += 1
            if grounding is None or not box.holds(grounding.point):
                missed.append((name, box, grounding))
    assert count >= 60
    assert len(missed) <= 0.04 * count, missed


def test_save_is_distinguished_from_save_as() -> None:
    line = "Save As..."
    image = Screenshot(Image.new("RGB", (400, 100), "white"))
    words = tuple(
        Element(id=f"t{i}", box=box, role="text", name=name, source="ocr")
        for i, (name, box) in enumerate([(line, Box(10, 10, 90, 30)), ("Save", Box(10, 50, 50, 70))])
    )
    observation = Observation(image, reader=lambda _: words)
    grounding = EmbeddedPerception().ground(observation, "Save")
    assert grounding is not None
    assert Box(10, 50, 50, 70).holds(grounding.point)


def test_what_the_platform_knows_comes_before_what_is_read() -> None:
    calls = []

    def reader(screenshot: Screenshot) -> tuple[Element, ...]:
        calls.append(screenshot)
        return ()

    button = Element(id="e1", box=Box(10, 10, 60, 30), role="button", name="Save", source="dom")
    observation = Observation(Screenshot(Image.new("RGB", (100, 100))), (button,), reader=reader)
    grounding = EmbeddedPerception().ground(observation, "the Save button")
    assert grounding is not None
    assert (grounding.by, grounding.element, calls) == ("dom", "e1", [])


def test_what_is_not_on_the_picture_is_not_found() -> None:
    observation = Observation(Screenshot(Image.new("RGB", (100, 100))), reader=lambda _: ())
    assert EmbeddedPerception().ground(observation, "Save") is None


FORM = """<!doctype html><meta charset=utf-8><body style="font:15px sans-serif;background:{paper};color:{ink}">
<p>E-mail<br><input style="width:220px;height:30px"></p>
<p><span style="display:inline-block;width:140px">Street:</span><input style="width:180px"></p>
<p><input placeholder="Coupon code" style="width:200px;height:34px;border:1px solid #888;border-radius:6px"></p>
<p><input type="checkbox" style="width:16px;height:16px"> I agree</p>
<p><button style="width:160px;padding:8px">Send</button></p>"""


@pytest.mark.parametrize(("paper", "ink"), [("#fff", "#222"), ("#e8e8ee", "#111")])
def test_fields_are_hit_on_a_picture_by_their_labels(tmp_path: Any, paper: str, ink: str) -> None:
    (tmp_path / "form.html").write_text(FORM.format(paper=paper, ink=ink))
    with Browser((tmp_path / "form.html").as_uri(), viewport=(800, 500)) as browser:
        picture, elements = browser.capture(), browser.elements()
    fields = [element.box for element in elements if element.role in {"textbox", "checkbox"}]
    observation = Observation(Screenshot(picture.image), reader=ocr.read)
    for phrase, box in zip(
        ("the E-mail field", "the Street field", "the Coupon code field", "the I agree checkbox"), fields, strict=True
    ):
        grounding = EmbeddedPerception().ground(observation, phrase)
        assert grounding is not None, phrase
        assert box.holds(grounding.point), (phrase, box, grounding)
    button = next(element.box for element in elements if element.role == "button")
    grounding = EmbeddedPerception().ground(observation, "Send")
    assert grounding is not None
    assert button.holds(grounding.point)

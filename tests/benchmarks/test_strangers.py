"""The yardstick itself: the truth of a page, the questions about it, and the figures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from benchmarks.strangers.harvest_programs import to_element as program_element
from benchmarks.strangers.harvest_web import KitServer, chromium, render, to_element
from benchmarks.strangers.icon_names import concept
from benchmarks.strangers.kits import KITS, Kit
from benchmarks.strangers.programs import PROGRAMS
from benchmarks.strangers.score import reliability, score, shares
from benchmarks.strangers.screens import Screen, TrueElement, read_screens, write_questions, write_screen
from benchmarks.strangers.templates import HELD_OUT, OPEN
from benchmarks.strangers.wording import questions
from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.reading.text_cache import TextCache
from handeye.tools.element import Element
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """<!doctype html><meta charset=utf-8><style>
body { font: 16px sans-serif; margin: 20px } .lid { position: absolute; left: 15px; top: 200px; width: 150px;
height: 60px; background: #ccc } .late { position: absolute; left: 20px; top: 210px }</style>
<h1>Parcel desk</h1>
<p><label>Recipient <input id=recipient></label></p>
<p><input type=checkbox id=gift><label for=gift>Wrap as a gift</label></p>
<p><button>Send parcel</button> <button style="visibility: hidden">Burn parcel</button>
<button><span style="position: absolute; width: 1px; height: 1px; overflow: hidden">Remove</span>
<svg class="bi bi-trash" width=20 height=20><rect width=20 height=20 /></svg></button></p>
<button class=late>Under the lid</button><div class=lid></div>
<p style="height: 20px; margin-top: 90px; overflow: hidden"><br><br><br><a href=x>Clipped away</a></p>"""


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Screen]:
    """The folder of a split with one screen, rendered at scale 2."""
    folder: Path = tmp_path_factory.mktemp("look")
    server = KitServer(Kit("parcel", "look", ()), {}, {"/": PAGE})
    with chromium() as browser:
        image, raw = render(browser, server, "/", (500, 340, 2.0), False)
    made = Screen("parcel-00", "parcel", "light", 2.0, image.size, tuple(to_element(each, 2.0) for each in raw))
    (folder / "pictures").mkdir()
    image.save(folder / "pictures" / "parcel-00.png")
    write_screen(folder, made)
    return folder, made


def test_the_truth_of_a_page_is_what_is_visible(screen: tuple[Path, Screen]) -> None:
    folder, made = screen
    assert read_screens(folder) == [made]
    assert made.size == (1000, 680)
    by_name = {each.name: each for each in made.elements if each.control}
    assert set(by_name) == {"Recipient", "Wrap as a gift", "Send parcel", "Remove"}
    assert [each.text for each in made.elements if each.role == "heading"] == ["Parcel desk"]
    send, gift = by_name["Send parcel"], by_name["Wrap as a gift"]
    assert send.text_box is not None
    assert send.box[0] < send.text_box[0] < send.text_box[2] < send.box[2]
    assert (gift.role, len(gift.also)) == ("checkbox", 1)
    assert gift.also[0][0] >= gift.box[2]
    assert (concept(by_name["Remove"].icon), by_name["Remove"].text) == ("trash", "")


def test_questions_are_scored_with_a_perception_and_with_the_floor(screen: tuple[Path, Screen], tmp_path: Path) -> None:
    folder, made = screen
    asked = questions(made, [])
    assert {each.type for each in asked} == {"text", "field", "icon", "absent"}
    assert write_questions(folder, {made.name: made}, asked, "look") == len(asked)
    reader = TextCache(tmp_path)
    answers = score(folder, EmbeddedPerception(), reader, listen=lambda _: None)
    assert len(list(reader.folder.iterdir())) == 1
    assert [each.instruction for each in answers] == [each.instruction for each in asked]
    assert shares(answers, floor=True)["text"]["correct"] == 1.0
    assert shares(answers)["all"]["n"] == len(asked)


def element(name: str, box: tuple[float, float, float, float], role: str = "button") -> TrueElement:
    return TrueElement(box, role, name, name, box, control=True)


def test_equal_names_are_asked_for_with_what_distinguishes_them() -> None:
    rows = [element("Edit", (400, top, 460, top + 30)) for top in (30, 90, 340, 620)]
    made = Screen("s", "kit", "light", 1.0, (1000, 700), tuple(rows))
    seen = {each.instruction: each for seed in range(40) for each in questions(made, [], seed) if each.type == "text"}
    assert len(seen) > 20
    for instruction, each in seen.items():
        row = rows.index(next(one for one in rows if one.box == each.box))
        words = [("first",), ("second",), ("third",), ("fourth", "last", "bottom", "lower")][row]
        assert any(re.search(rf"\b{word}\b", instruction) for word in words), instruction


def test_the_wordings_of_blind_are_others() -> None:
    for act, sentences in OPEN.sentences.items():
        assert not set(sentences) & set(HELD_OUT.sentences[act])
    rows = [element("Send parcel", (10, 10, 90, 40)), element("Settings", (10, 60, 90, 90), "link")]
    made = Screen("s", "kit", "light", 1.0, (1000, 700), tuple(rows))
    asked = [
        {each.instruction for seed in range(60) for each in questions(made, [], seed, templates)}
        for templates in (OPEN, HELD_OUT)
    ]
    assert len(asked[0] & asked[1]) < 0.3 * min(map(len, asked))


def test_absent_targets_are_on_no_part_of_the_screen() -> None:
    mine = [element("Send parcel", (10, 10, 90, 40)), element("Settings", (10, 60, 90, 90), "link")]
    other = [element(name, (10, 10, 90, 40)) for name in ("Send a parcel", "Setting", "Weather report", "Parcel list")]
    one = Screen("one", "a", "light", 1.0, (300, 200), tuple(mine))
    two = Screen("two", "b", "light", 1.0, (300, 200), tuple(other))
    asked = [each for seed in range(30) for each in questions(one, [two], seed) if each.type == "absent"]
    assert {each.name for each in asked if each.wording.startswith("absent-name")} == {"Weather report"}
    assert all(each.box is None and not each.holds((50, 25)) for each in asked)
    assert not {"gear", "paper plane"} & {each.name for each in asked}


@pytest.mark.parametrize(
    ("icon", "name"),
    [
        ("fas fa-trash-alt fa-lg", "trash"),
        ("bi bi-gear-fill", "gear"),
        ("ui-button-icon ui-icon ui-icon-closethick", "close"),
        ("bx bxl-github", "github"),
        ("fa fa-chevron-down", "arrow"),
        ("rounded-circle w-px-40", ""),
        ("uk-icon home", "home"),
    ],
)
def test_an_icon_has_the_name_of_its_class(icon: str, name: str) -> None:
    assert concept(icon) == name


@pytest.mark.parametrize(
    ("role", "name", "width", "read", "expected"),
    [
        ("button", "Zoom In (Ctrl++)", 32, "", ("button", "Zoom In", "", "named")),
        ("button", "sqrt", 40, "sqrt", ("button", "sqrt", "sqrt", "")),
        ("button", "Cancel", 120, "", ("button", "Cancel", "Cancel", "")),
        ("checkbox", "Slide Show", 32, "", ("button", "Slide Show", "", "named")),
        ("checkbox", "Wrap lines", 120, "", ("checkbox", "Wrap lines", "Wrap lines", "")),
        ("button", "GtkMenuButton", 32, "", ("button", "", "", "named")),
    ],
)
def test_an_accessible_name_is_text_only_where_it_is_visible(
    role: str, name: str, width: int, read: str, expected: tuple[str, ...]
) -> None:
    box = Box(10, 10, 10 + width, 42)
    found = Element(id="e1", box=box, role=role, name=name, source="accessibility")
    lines = [Element(id="t1", box=Box(12, 18, 8 + width, 34), role="text", name=read, source="ocr")] if read else []
    made = program_element(found, 1, lines)
    assert (made.role, made.name, made.text, made.icon) == expected


def test_the_calibration_error_is_the_weighted_distance_of_the_bins() -> None:
    pairs = [(0.95, True)] * 3 + [(0.95, False)] + [(0.25, False)] * 4
    error, bins = reliability(pairs)
    assert error == pytest.approx(0.5 * 0.2 + 0.5 * 0.25)
    assert [(each.count, each.right) for each in bins] == [(4, 0.0), (4, 0.75)]


def test_each_source_is_in_one_split() -> None:
    assert len({kit.name for kit in KITS}) == len(KITS)
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)
    assert len({kit.split for kit in KITS}) == len({program.split for program in PROGRAMS}) == 3
    assert all(kit.packages and bool(kit.pages) != bool(kit.markup) for kit in KITS)

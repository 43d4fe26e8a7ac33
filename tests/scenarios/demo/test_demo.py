"""The demo's status follows from its effects; a missing requirement is one error sentence."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from handeye.perception.embedded import EmbeddedPerception
from handeye.scenarios.demo import demo
from handeye.scenarios.demo.shop import OrderLine, ShopOrder

HERE = Path(demo.__file__).parent


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_all_three_parts_are_done_and_verified(tmp_path: Path, console: Console) -> None:
    assert demo.main(tmp_path, console) == 0, shown(console)
    end = shown(console).partition("verified by what was left behind")[2]
    assert end.count("✓") == 3
    paths = [Path(word) for word in end.split() if word.startswith(str(tmp_path))]
    assert [path.name for path in paths if path.exists()] == ["report.html", "report.html", paths[2].name]
    assert paths[2].suffix == ".png"


def test_the_bundled_picture_is_small_and_its_boxes_lie_on_it() -> None:
    assert (HERE / "mail.png").stat().st_size < 200_000
    with Image.open(HERE / "mail.png") as picture:
        width, height = picture.size
    boxes = json.loads((HERE / "mail.json").read_text(encoding="utf-8"))
    assert len(boxes) == 3
    assert all(0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height for x1, y1, x2, y2 in boxes.values())


LAMP = OrderLine("halo-desk-lamp", "Halo desk lamp", 1, 6900)


@pytest.mark.parametrize(
    "orders",
    [
        [],
        [ShopOrder("LO-1", "ada", (LAMP,)), ShopOrder("LO-2", "ada", (LAMP,))],
        [ShopOrder("LO-1", "bob", (LAMP,))],
        [ShopOrder("LO-1", "ada", (OrderLine("oak-stool", "Oak stool", 1, 11900),))],
        [ShopOrder("LO-1", "ada", (OrderLine("halo-desk-lamp", "Halo desk lamp", 2, 6900),))],
        [ShopOrder("LO-1", "ada", (LAMP, OrderLine("oak-stool", "Oak stool", 1, 11900)))],
    ],
)
def test_any_other_purchase_fails_the_demo(orders: list[ShopOrder]) -> None:
    assert demo.is_the_purchase([ShopOrder("LO-1", "ada", (LAMP,))])
    assert not demo.is_the_purchase(orders)


def test_a_missing_browser_is_a_sentence_and_the_rest_goes_on(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDEYE_CHROMIUM", str(tmp_path / "no-such-browser"))
    monkeypatch.setattr(demo, "EDITORS", ("no-such-editor",))
    assert demo.main(tmp_path, console) == 3
    text = shown(console)
    assert "no-such-browser" in text
    assert "apt-get install no-such-editor" in text
    assert "✓ picture" in text
    assert "Traceback" not in text


def test_a_point_outside_its_box_fails_the_demo(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = json.loads((HERE / "mail.json").read_text(encoding="utf-8"))
    (tmp_path / "mail.png").write_bytes((HERE / "mail.png").read_bytes())
    (tmp_path / "mail.json").write_text(json.dumps({phrase: [0, 0, 9, 9] for phrase in boxes}))
    monkeypatch.setattr(demo, "HERE", tmp_path)
    part = demo.find_things(tmp_path / "found", EmbeddedPerception(), console)
    assert not part.verified
    assert part.found.startswith("0 of 3")

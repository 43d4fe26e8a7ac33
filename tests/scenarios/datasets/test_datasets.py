"""Data sets are read as their authors publish them; an error names file and line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handeye.scenarios.datasets.item import Area
from handeye.scenarios.suite.ground import FORMATS, read_dataset
from handeye.tools.errors import UsageError
from tests.scenarios.drawn_pictures import Drawn, write_lines

Publish = Callable[[Path, list[Drawn]], Any]


def dump(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")


def copied(folder: Path, one: Drawn) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / one.path.name).write_bytes(one.path.read_bytes())
    return one.path.name


def sized(box: tuple[int, int, int, int]) -> list[int]:
    """Left, top, width, height."""
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def screenspot(folder: Path, drawn: list[Drawn], suffix: str = "", pictures: str = "screenspot_imgs") -> None:
    for part, some in (("desktop", drawn[:2]), ("mobile", drawn[2:4]), ("web", drawn[4:])):
        records = [
            {
                "img_filename": copied(folder / pictures, one),
                "bbox": sized(one.box),
                "instruction": f"press {one.word}",
                "data_type": "icon" if number else "text",
                "data_source": "windows",
            }
            for number, one in enumerate(some)
        ]
        dump(folder / f"screenspot_{part}{suffix}.json", records)


def screenspot_v2(folder: Path, drawn: list[Drawn]) -> None:
    screenspot(folder, drawn, "_v2", "screenspotv2_image")


def screenspot_pro(folder: Path, drawn: list[Drawn]) -> None:
    for application, some in (("photoshop", drawn[:3]), ("vscode", drawn[3:])):
        records = [
            {
                "img_filename": f"{application}_windows/{copied(folder / 'images' / f'{application}_windows', one)}",
                "bbox": list(one.box),
                "instruction": one.word,
                "instruction_cn": one.word,
                "id": f"{application}_windows_{number}",
                "application": application,
                "platform": "windows",
                "img_size": list(one.size),
                "ui_type": "text",
                "group": "Creative" if application == "photoshop" else "Dev",
            }
            for number, one in enumerate(some)
        ]
        dump(folder / "annotations" / f"{application}_windows.json", records)


def osworld_g(folder: Path, drawn: list[Drawn]) -> None:
    left, top, right, bottom = drawn[1].box
    shapes = [
        ("bbox", [float(number) for number in sized(drawn[0].box)]),
        ("polygon", [left, top, right, top, right, bottom, left, bottom]),
        ("refusal", [-1, -1, -1, -1]),
    ]
    records = [
        {
            "id": f"q-{number}",
            "image_path": copied(folder / "images", one),
            "image_size": list(one.size),
            "instruction": one.word,
            "box_type": kind,
            "box_coordinates": numbers,
            "GUI_types": ["Button", "Label"],
        }
        for number, (one, (kind, numbers)) in enumerate(zip(drawn, shapes, strict=False))
    ]
    dump(folder / "OSWorld-G.json", records)
    for record in records:
        record["instruction"] = f"the button that says {record['instruction']}"
    dump(folder / "OSWorld-G_refined.json", records)


PUBLISHED: dict[str, Publish] = {
    "screenspot": screenspot,
    "screenspot-v2": screenspot_v2,
    "screenspot-pro": screenspot_pro,
    "osworld-g": osworld_g,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_folder_is_recognised_by_its_files_and_boxes_are_given_by_corners(
    name: str, drawn: list[Drawn], tmp_path: Path
) -> None:
    PUBLISHED[name](tmp_path, drawn)
    dataset = read_dataset(tmp_path)
    assert dataset.format == name
    known = {one.path.name: one for one in drawn}
    for item in dataset.items:
        one = known[item.path.name]
        assert item.path.read_bytes() == one.path.read_bytes()
        assert one.word in item.instruction
        if item.truth is not None:
            assert item.truth.bounds == one.box
    assert len(dataset.items) == (3 if name == "osworld-g" else 6)
    assert read_dataset(tmp_path, name).items == dataset.items


def test_screenspot_keeps_part_type_and_source(drawn: list[Drawn], tmp_path: Path) -> None:
    screenspot(tmp_path, drawn)
    found = [(item.group, item.types, item.source) for item in read_dataset(tmp_path).items]
    parts = [(part, (kind,), "windows") for part in ("desktop", "mobile", "web") for kind in ("text", "icon")]
    assert found == parts
    web = read_dataset(tmp_path / "screenspot_web.json")
    assert [item.group for item in web.items] == ["web", "web"]


def test_screenspot_pro_keeps_group_and_application(drawn: list[Drawn], tmp_path: Path) -> None:
    screenspot_pro(tmp_path, drawn)
    items = read_dataset(tmp_path).items
    assert [item.group for item in items] == ["Creative"] * 3 + ["Dev"] * 3
    assert items[0].source == "photoshop windows"
    one = read_dataset(tmp_path / "annotations" / "vscode_windows.json")
    assert len(one.items) == 3


def test_osworld_g_knows_polygons_refusals_and_capabilities(drawn: list[Drawn], tmp_path: Path) -> None:
    osworld_g(tmp_path / "benchmark", drawn)
    dataset = read_dataset(tmp_path)
    box, outline, refusal = dataset.items
    assert box.truth is not None
    assert box.truth.kind == "box"
    assert outline.truth is not None
    assert outline.truth.kind == "polygon"
    assert refusal.truth is None
    assert box.types == ("Button", "Label")
    assert refusal.types == ("refusal", "Button", "Label")
    assert "OSWorld-G_refined.json was left out" in dataset.notes[0]
    refined = read_dataset(tmp_path / "benchmark" / "OSWorld-G_refined.json")
    assert refined.items[0].instruction.startswith("the button that says")
    dump(
        tmp_path / "benchmark" / "classification_result.json",
        {"classified": {"text_matching": [{"id": "q-0"}, {"id": "q-1"}], "layout_understanding": [{"id": "q-1"}]}},
    )
    sorted_out = [item.types for item in read_dataset(tmp_path).items]
    assert sorted_out == [("text_matching",), ("text_matching", "layout_understanding"), ("refusal",)]


def test_a_point_is_in_an_area_up_to_its_edge() -> None:
    box = Area("box", (10, 20, 30.5, 40))
    assert all(box.holds(point) for point in ((10, 20), (30, 40), (30.5, 30)))
    assert not any(box.holds(point) for point in ((9, 30), (31, 30), (20, 41)))
    # A U, open at the top: the hollow is inside the box around it and outside of the shape.
    hollow = Area("polygon", (0, 0, 10, 0, 10, 20, 20, 20, 20, 0, 30, 0, 30, 30, 0, 30))
    assert all(hollow.holds(point) for point in ((5, 5), (25, 5), (15, 25), (0, 0), (10, 10), (30, 30)))
    assert not any(hollow.holds(point) for point in ((15, 5), (15, 19), (-1, 5), (31, 31)))


GOOD = {"image": "0.png", "instruction": "Save", "bbox": [10, 10, 60, 40]}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"image": "0.png", "instruction": ', ["line 2", "not valid JSON"]),
        ("[1, 2]", ["line 2 holds [1, 2]", "an object"]),
        (json.dumps(GOOD | {"image": "nowhere.png"}), ["line 2", "there is no picture nowhere.png"]),
        (json.dumps(GOOD | {"image": 5}), ["line 2", "image is 5"]),
        (json.dumps(GOOD | {"instruction": " "}), ["line 2", 'instruction is " "']),
        (json.dumps({"image": "0.png", "bbox": [1, 2, 3, 4]}), ["line 2", "there is no instruction among image, bbox"]),
        (json.dumps({"image": "0.png", "instruction": "Save"}), ["line 2", "there is no bbox"]),
        (json.dumps(GOOD | {"bbox": [10, 10, 60]}), ["line 2", "bbox is [10, 10, 60]", "give 4 numbers"]),
        (json.dumps(GOOD | {"bbox": [10, 10, "60", 40]}), ["line 2", "give 4 numbers"]),
        ('{"image": "0.png", "instruction": "x", "bbox": [0, 0, NaN, 9]}', ["line 2", "give 4 numbers"]),
        (json.dumps(GOOD | {"bbox": [60, 10, 60, 40]}), ["line 2", "[60, 10, 60, 40] has no width or no height"]),
        (json.dumps(GOOD | {"bbox": [60, 10, 20, 40]}), ["line 2", "has no width or no height"]),
        (json.dumps(GOOD | {"bbox": [470, 10, 490, 40]}), ["line 2", "outside of 0.png (480x320)"]),
        (json.dumps(GOOD | {"bbox": [-5, 10, 20, 40]}), ["line 2", "outside of 0.png (480x320)"]),
        (json.dumps(GOOD | {"type": ["text"]}), ["line 2", 'type is ["text"]']),
    ],
)
def test_a_line_that_cannot_be_used_is_named(line: str, words: list[str], drawn: list[Drawn], tmp_path: Path) -> None:
    copied(tmp_path, drawn[0])
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(GOOD) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(UsageError) as told:
        read_dataset(path)
    assert str(path) in str(told.value)
    for word in words:
        assert word in str(told.value)


def test_a_thing_that_is_not_there_has_no_box(drawn: list[Drawn], tmp_path: Path) -> None:
    copied(tmp_path, drawn[0])
    path = write_lines(tmp_path / "q.jsonl", [GOOD | {"bbox": None}])
    assert read_dataset(path).items[0].truth is None


def test_a_published_box_may_extend_beyond_its_picture_but_not_be_outside(drawn: list[Drawn], tmp_path: Path) -> None:
    name = copied(tmp_path / "images", drawn[0])
    record = {"img_filename": name, "bbox": [470, 300, 40, 40], "instruction": "x", "data_type": "text"}
    dump(tmp_path / "screenspot_web.json", [record])
    assert len(read_dataset(tmp_path).items) == 1
    dump(tmp_path / "screenspot_web.json", [record | {"bbox": [500, 300, 40, 40]}])
    with pytest.raises(UsageError, match=r"record 1: bbox .* lies outside"):
        read_dataset(tmp_path)


def test_broken_json_of_a_benchmark_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "OSWorld-G.json").write_text('[\n  {"id": "a",\n  }\n]', encoding="utf-8")
    with pytest.raises(UsageError, match=r"OSWorld-G\.json, line 3, column \d+ is not valid JSON"):
        read_dataset(tmp_path)
    dump(tmp_path / "OSWorld-G.json", {"not": "a list"})
    with pytest.raises(UsageError, match="a list of records is expected"):
        read_dataset(tmp_path)


def test_a_shape_osworld_g_does_not_know_is_named(drawn: list[Drawn], tmp_path: Path) -> None:
    osworld_g(tmp_path, drawn)
    records = json.loads((tmp_path / "OSWorld-G.json").read_text())
    dump(tmp_path / "OSWorld-G.json", [records[0] | {"box_type": "circle"}])
    with pytest.raises(UsageError, match="'circle' is none of bbox, polygon, refusal"):
        read_dataset(tmp_path)
    dump(tmp_path / "OSWorld-G.json", [records[1] | {"box_coordinates": [1, 2, 3, 4]}])
    with pytest.raises(UsageError, match="4 numbers; a polygon has"):
        read_dataset(tmp_path)


def test_what_holds_no_data_set_is_reported(drawn: list[Drawn], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no data set at"):
        read_dataset(tmp_path / "nowhere")
    with pytest.raises(UsageError) as told:
        read_dataset(tmp_path, "parquet")
    assert all(name in str(told.value) for name in FORMATS)
    with pytest.raises(UsageError, match="cannot be recognised by its files' names"):
        read_dataset(tmp_path)
    for name in FORMATS:
        with pytest.raises(UsageError, match=f"holds no question in the format {name}"):
            read_dataset(tmp_path, name)
    (tmp_path / "q.jsonl").write_text("\n\n", encoding="utf-8")
    with pytest.raises(UsageError, match="holds no question"):
        read_dataset(tmp_path / "q.jsonl")
    screenspot(tmp_path, drawn)
    with pytest.raises(UsageError, match="holds jsonl and screenspot; choose one with --format"):
        read_dataset(tmp_path)


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x1e"])
def test_only_a_line_feed_ends_a_record(end: str, drawn: list[Drawn], tmp_path: Path) -> None:
    record = {"image": str(drawn[0].path), "instruction": f"press{end}Save", "bbox": list(drawn[0].box)}
    path = tmp_path / "all.jsonl"
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n" + json.dumps(record) + "\n", encoding="utf-8")
    assert [item.instruction for item in read_dataset(path).items] == [f"press{end}Save"] * 2


def test_boxes_given_as_shares_of_the_picture_are_refused(drawn: list[Drawn], tmp_path: Path) -> None:
    screenspot(tmp_path / "v1", drawn)
    path = tmp_path / "v1" / "screenspot_mobile.json"
    records = json.loads(path.read_text(encoding="utf-8"))
    records[1]["bbox"] = [0.25, 0.5, 0.125, 0.25]
    dump(path, records)
    with pytest.raises(UsageError, match=r"screenspot_mobile.json, record 2: bbox .* shares of the picture; give pix"):
        read_dataset(tmp_path / "v1")
    own = write_lines(
        tmp_path / "own.jsonl", [{"image": str(drawn[0].path), "instruction": "Save", "bbox": [0, 0, 1, 0.5]}]
    )
    with pytest.raises(UsageError, match=r"own.jsonl, line 1: bbox .*; give pixels of 0.png \(480x320\)"):
        read_dataset(own)

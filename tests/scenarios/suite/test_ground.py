"""Grounding items of suites: run by `handeye test`, and measured by `handeye eval`."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from typer.testing import CliRunner

from handeye.agent.cli import app
from handeye.scenarios.loading import find_files, load_scenarios
from handeye.scenarios.reporters import open_reporters
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite_run import run_all
from handeye.tools.errors import UsageError

SUITE = """name: pictures
ground:
  - {image: shot.png, instruction: Save, bbox: [20, 20, 140, 60], type: text, tags: quick}
  - image: shot.png
    instruction: Cancel
    bbox: [20, 20, 140, 60]
  - {image: shot.png, instruction: Rhubarb, bbox: null, name: what is not there}
  - dataset: set.jsonl
    at-least: 0.5
  - {dataset: set.jsonl, at-least: 0.9, limit: 2, name: most of a set}
  - {dataset: set.jsonl, where: {theme: [dark]}, name: dark ones}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite with a picture of two buttons and a data set about it."""
    folder = tmp_path_factory.mktemp("ground")
    picture = Image.new("RGB", (600, 300), "white")
    draw = ImageDraw.Draw(picture)
    for text, at in (("Save", (20, 20)), ("Cancel", (400, 200))):
        draw.rectangle((*at, at[0] + 120, at[1] + 40), outline="black", width=2)
        draw.text((at[0] + 30, at[1] + 8), text, "black", ImageFont.load_default(20))
    picture.save(folder / "shot.png")
    boxes = {"Save": [20, 20, 140, 60], "Cancel": [0, 0, 10, 10]}
    boxes["the Save button"] = boxes["Save"]
    lines = [
        json.dumps({"image": "shot.png", "instruction": name, "bbox": box, "theme": "light" if "C" in name else "dark"})
        for name, box in boxes.items()
    ]
    (folder / "set.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    return folder


def test_what_is_found_passes_and_what_is_found_elsewhere_fails_with_its_picture(folder: Path) -> None:
    assert find_files([folder]) == [folder / "suite.yaml"]
    output, said = folder / "out", StringIO()
    reporters = open_reporters("list,json,junit,html", Console(file=said, width=200), output)
    results = run_all(load_scenarios(folder / "suite.yaml"), Settings(output=output), 1, 0, reporters)
    for each in reporters:
        each.end(results, 1.0)
    assert [(each.name, each.status, each.line) for each in results] == [
        ("Save", "passed", 3),
        ("Cancel", "failed", 4),
        ("what is not there", "passed", 7),
        ("set.jsonl", "passed", 8),
        ("most of a set", "failed", 10),
        ("dark ones", "passed", 11),
    ]
    cancel, whole = results[1].attempts[0], results[4].attempts[0]
    assert cancel.reason.startswith("“Cancel” is in [20, 20, 140, 60] on shot.png; it is found at [4")
    with Image.open(cancel.checks[0].picture) as picture:
        assert picture.width > 100
    assert whole.measured == {"accuracy": 0.5, "n": 2}
    assert "at least 90.0% of 2 things are found; 1 of 2 are found (50.0%)" in whole.reason
    assert "Cancel" in said.getvalue()
    assert len(json.loads((output / "results.json").read_text())["results"]) == 6
    assert Xml.parse(output / "junit.xml").getroot().get("failures") == "2"
    assert "what is not there" in (output / "report.html").read_text("utf-8")


def test_eval_asks_the_same_questions(folder: Path) -> None:
    told = CliRunner().invoke(app, ["eval", str(folder / "suite.yaml"), "--json", "-"])
    assert told.exit_code == 0, told.output
    result = json.loads(told.stdout)
    assert (result["n"], result["correct"], result["format"]) == (10, 7, "suite")
    assert result["by_type"]["text"]["n"] == 1
    dark = result["by_field"]["theme"]["dark"]
    assert (dark["n"], dark["correct"], dark["by_type"]) == (5, 5, {})


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("image: shot.png\n", "image: none.png\n", 4, "there is no picture"),
        ("image: shot.png\n", "image: set.jsonl\n", 4, "is no picture"),
        ("    bbox: [20, 20, 140, 60]\n", "    bbox: [20, 20, 1400, 60]\n", 6, "is no box on the picture (600x300)"),
        ("    bbox: [20, 20, 140, 60]\n", "", 4, "`bbox` is missing"),
        ("    instruction: Cancel\n", "    instrction: Cancel\n", 5, "did you mean `instruction`?"),
        ("  - dataset: set.jsonl", "  - dataset: none.jsonl", 8, "there is no data set"),
        ("Rhubarb, bbox: null, name: what is not there", "Save, bbox: null, name: Cancel", 7, ""),
        ("  - dataset: set.jsonl", "  - dataset: set.jsonl\n    image: shot.png", 8, "either `image` or `dataset`"),
        ("theme: [dark]", "theme: [dark, grey]", 11, "no theme of set.jsonl is “grey”; there is dark, light"),
        ("type: text, tags: quick", "where: {theme: dark}", 3, "`where` selects from a data set"),
    ],
)
def test_a_mistake_is_reported_with_its_line(folder: Path, old: str, new: str, line: int, said: str) -> None:
    file = folder / "wrong.yml"
    file.write_text(SUITE.replace(old, new, 1), encoding="utf-8")
    if not said:  # names that are alike are told apart by their pictures
        assert load_scenarios(file)[2].name == "Cancel (shot.png)"
        file.unlink()
        return
    with pytest.raises(UsageError) as raised:
        load_scenarios(file)
    file.unlink()
    assert said in str(raised.value)
    assert str(raised.value).startswith(f"{file}:{line}: "), raised.value

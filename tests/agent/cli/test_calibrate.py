"""`handeye calibrate` writes a profile that the other commands take, and nothing when the fit is poor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from handeye.agent.cli import app
from handeye.agent.cli.calibrate import PAGE
from handeye.perception.engines import EngineOptions
from handeye.perception.internvl.calibration_page import SIZES, make_boards
from handeye.perception.internvl.profiles import profile_for


def handeye(*arguments: object) -> Result:
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert "Traceback" not in done.output, done.output
    return done


def script(path: Path, sizes: Any = SIZES, *, nonsense: bool = False) -> str:
    """A model that writes pixels, y first; its answers in the order in which the shapes are requested."""
    lines = []
    questions = [(made.size, target) for made in make_boards(24, 0, sizes) for target in made.targets]
    for number, (size, target) in enumerate(questions):
        left, top, right, bottom = target.box
        if nonsense or number % 6 == 5:
            left, top, right, bottom = number * 37 % size[0], number * 91 % size[1], 5, 7
        lines.append(f"[[{top}, {left}, {bottom}, {right}]]")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"scripted:{path}"


def test_the_profile_is_written_and_the_other_commands_take_it(tmp_path: Path) -> None:
    out = tmp_path / "mine.profile.json"
    done = handeye("calibrate", "--model", script(tmp_path / "answers.txt"), "--no-page", "--out", out, "--json")
    assert done.exit_code == 0, done.output
    reported = json.loads(done.stdout)
    assert (reported["fit"], reported["space"], reported["order"], reported["box"]) == (
        "good",
        "pixels",
        "yx",
        "corners",
    )
    assert (reported["asked"], reported["answered"], reported["agreed"]) == (24, 24, 20)
    assert reported["median_error"] <= 1
    assert reported["profile"] == str(out)
    with Image.open(reported["picture"]) as sheet:
        assert sheet.width == 1600
    profile, note = profile_for("some model", EngineOptions(profile=str(out)))
    assert str(out) in note
    assert profile.to_box((10, 20, 30, 40), (100, 100)) == (20, 10, 40, 30)


def test_shapes_are_rendered_on_a_page(tmp_path: Path) -> None:
    model = script(tmp_path / "answers.txt", (*SIZES, PAGE))
    done = handeye("calibrate", "--model", model, "--out", tmp_path / "mine.json")
    assert done.exit_code == 0, done.output
    assert "coordinates pixels, down first, a box as two corners" in done.stdout
    assert (tmp_path / "mine.json").is_file()


def test_a_poor_fit_writes_nothing_unless_it_must(tmp_path: Path) -> None:
    model, out = script(tmp_path / "answers.txt", nonsense=True), tmp_path / "mine.json"
    done = handeye("calibrate", "--model", model, "--no-page", "--out", out)
    assert done.exit_code == 1
    assert "poor fit" in done.stderr
    assert not out.exists()
    assert (tmp_path / "mine.png").is_file()
    reported = handeye("calibrate", "--model", model, "--no-page", "--out", out, "--force", "--json")
    assert reported.exit_code == 1
    assert json.loads(reported.stdout)["fit"] == "poor"
    assert out.is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--no-page"], 2, "the embedded default answers without coordinates"),
        (["--model", "scripted:nowhere.txt"], 2, "cannot be read"),
        (["--model", "{script}", "--targets", "160", "--no-page"], 2, "shapes have no room"),
        (["--model", "{script}", "--targets", "30", "--no-page"], 3, "is used up"),
        (["--model", "{script}", "--no-page", "--out", "{tmp}/no/such/folder/p.json"], 2, "cannot be written"),
    ],
)
def test_an_unusable_argument_is_reported(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    model = script(tmp_path / "answers.txt")
    given = [each.replace("{script}", model).replace("{tmp}", str(tmp_path)) for each in arguments]
    done = handeye("calibrate", *given)
    assert done.exit_code == code, done.output
    assert words in " ".join(done.stderr.split())

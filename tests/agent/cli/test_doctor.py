"""`handeye doctor` on a model: what it is, what it speaks, and what cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from handeye.agent.cli import app
from handeye.perception.internvl.profiles import INTERNVL3

pytestmark = pytest.mark.model


def doctor(*arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Its exit code, and its findings by what was looked at."""
    done = CliRunner().invoke(app, ["doctor", "--json", *arguments])
    return done.exit_code, {each["what"]: each for each in json.loads(done.stdout)["findings"]}


def test_it_shows_the_model_and_its_calibrated_profile(small_checkpoint: Path, tmp_path: Path) -> None:
    measured = INTERNVL3.model_copy(update={"name": "mine", "order": "yx", "scale": (1.02, 1.0), "answers": "point"})
    path = tmp_path / "mine.json"
    path.write_text(measured.model_dump_json(), encoding="utf-8")
    code, found = doctor("--model", str(small_checkpoint), "--profile", str(path), "--max-tiles", "6")
    assert code == 0
    assert "float32 on the CPU" in found[str(small_checkpoint)]["detail"]
    displayed = found["profile mine"]["detail"]
    for words in ("coordinates 0-1000", "down first", "a point", "times 1.020 across", "at most 6 tiles of 448 pixels"):
        assert words in displayed
    assert found["bitsandbytes"]["remedy"] == "pip install 'handeye[quantize]'"


def test_an_invalid_profile_is_reported_as_an_error_of_the_model(small_checkpoint: Path) -> None:
    code, found = doctor("--model", str(small_checkpoint), "--profile", "internvl9")
    assert code == 3
    assert "none of the profiles internvl2_5" in found[str(small_checkpoint)]["detail"]

"""Profiles: one per family, chosen by name or by option, and what their coordinates mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handeye.perception.engines.options import EngineOptions
from handeye.perception.internvl.chat_templates import TEMPLATES
from handeye.perception.internvl.profiles import (
    INTERNVL2_5,
    INTERNVL3,
    INTERNVL3_5,
    INTERNVL3_5_GPT_OSS,
    PROFILES,
    SCALECUA,
    THINKING,
    ModelProfile,
    profile_for,
)
from handeye.tools.errors import ActionRefused, UsageError

SIZE = (1920, 1080)


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("OpenGVLab/InternVL2_5-8B-MPO-hf", INTERNVL2_5),
        ("internvl2.5-1b", INTERNVL2_5),
        ("OpenGVLab/InternVL3-8B-hf", INTERNVL3),
        ("InternVL3-14B-AWQ", INTERNVL3),
        ("internvl3_5-8b", INTERNVL3_5),
        ("OpenGVLab/InternVL3_5-241B-A28B-HF", INTERNVL3_5),
        ("OpenGVLab/InternVL3_5-GPT-OSS-20B-A4B-Preview-HF", INTERNVL3_5_GPT_OSS),
        ("somebody/ScaleCUA-InternVL3-8B", SCALECUA),
    ],
)
def test_a_family_is_recognised_by_a_models_name(name: str, profile: ModelProfile) -> None:
    found, note = profile_for(name)
    assert found == profile
    assert f"profile {profile.name} (coordinates {profile.space}), by its name" in note


def test_a_name_of_no_family_gets_internvl3_and_says_so() -> None:
    profile, note = profile_for("my-own-model")
    assert profile is INTERNVL3
    assert "assumed: it is of no family known by name" in note


def test_names_in_the_original_format_have_the_original_knobs() -> None:
    assert profile_for("OpenGVLab/InternVL3-8B")[0].knobs == ("min_dynamic_patch", "max_dynamic_patch")
    for name in ("OpenGVLab/InternVL3-8B-hf", "OpenGVLab/InternVL3_5-8B-HF", "my-own-model"):
        assert profile_for(name)[0].knobs == ("min_patches", "max_patches")


def test_a_profile_chosen_by_option_decides_before_the_name() -> None:
    profile, note = profile_for("OpenGVLab/InternVL3-8B-hf", EngineOptions(profile="scalecua", max_tiles=6))
    assert (profile.name, profile.max_tiles) == ("scalecua", 6)
    assert "as chosen by --profile scalecua" in note


def test_every_profile_survives_its_file(tmp_path: Path) -> None:
    for name, profile in PROFILES.items():
        path = tmp_path / f"{name}.json"
        path.write_text(profile.model_dump_json(), encoding="utf-8")
        assert profile_for("x", EngineOptions(profile=str(path), max_tiles=profile.max_tiles))[0] == profile
        assert profile.template in TEMPLATES


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"name": "p"}', r"broken at space: field required"),
        ('{"name": "p", "space": "0-7"}', r"broken at space: input should be"),
        ('{"name": "p", "space": "0-1", "scale": [0, 1]}', r"broken at scale\.0: input should be greater than 0"),
        ('{"name": "p", "space": "0-1", "tilt": 3}', r"broken at tilt: extra inputs"),
        ('{"name": ', r"broken at the whole file: invalid json"),
        ("", r"broken at the whole file"),
    ],
)
def test_a_broken_profile_file_is_a_usage_error_that_names_the_field(
    content: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message) as caught:
        profile_for("x", EngineOptions(profile=str(path)))
    assert str(path) in str(caught.value)
    assert "handeye calibrate" in str(caught.value)


def test_an_unknown_profile_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none of the profiles internvl2_5, internvl3, internvl3_5, "):
        profile_for("x", EngineOptions(profile="internvl9"))
    with pytest.raises(UsageError, match="cannot be read"):
        profile_for("x", EngineOptions(profile=str(tmp_path)))


def test_thinking_is_a_system_text_for_families_that_can() -> None:
    profile, _ = profile_for("OpenGVLab/InternVL3_5-8B-HF", EngineOptions(thinking=True))
    assert profile.thinks
    assert profile.temperature == 0.6
    assert profile.system == f"{INTERNVL3_5.system}\n\n{THINKING}"
    assert profile.with_thinking() == profile
    assert not INTERNVL3_5.thinks
    with pytest.raises(
        UsageError, match=r"internvl3 have no such mode; those of internvl3_5, internvl3_5_gpt_oss have"
    ):
        profile_for("OpenGVLab/InternVL3-8B-hf", EngineOptions(thinking=True))


def test_gpt_oss_thinks_in_a_channel_of_its_own() -> None:
    quiet, loud = INTERNVL3_5_GPT_OSS, INTERNVL3_5_GPT_OSS.with_thinking()
    assert "Valid channels: final." in quiet.system
    assert "Valid channels: analysis, final." in loud.system
    assert TEMPLATES[quiet.template].ask.endswith("<|channel|>final<|message|>")
    assert TEMPLATES[loud.template].ask.endswith("<|start|>assistant")
    assert "<|end|>" in quiet.stop
    assert "<|end|>" not in loud.stop


def test_coordinates_become_pixels() -> None:
    assert INTERNVL3.to_point((500, 500), SIZE) == (960, 540)
    assert INTERNVL3.to_point((1000, 1000), SIZE) == (1919, 1079)
    assert INTERNVL3.to_box((912, 31, 944, 58), SIZE) == (1751, 33, 1812, 63)
    assert INTERNVL3.to_box((1000, 1000, 1000, 1000), SIZE) == (1919, 1079, 1920, 1080)
    assert SCALECUA.to_point((0.5, 0.25), SIZE) == (960, 270)
    pixels = ModelProfile(name="p", space="pixels")
    assert pixels.to_point((1919, 3), SIZE) == (1919, 3)
    assert INTERNVL3.to_point((0.5, 0.5), SIZE) == (960, 540)
    assert INTERNVL3.to_point((1, 0), SIZE) == (1, 0)
    for profile, values in ((INTERNVL3, (1001, 5)), (SCALECUA, (1.5, 0)), (pixels, (1921, 0)), (INTERNVL3, (-1, -1))):
        with pytest.raises(ActionRefused, match="is outside 0 to"):
            profile.to_point(values, SIZE)
    with pytest.raises(ActionRefused, match="nan is outside"):
        INTERNVL3.to_point((float("nan"), 1), SIZE)


def test_a_calibrated_profile_turns_scales_and_shifts() -> None:
    turned = ModelProfile(name="p", space="0-1000", order="yx")
    assert turned.to_point((250, 500), SIZE) == (960, 270)
    assert turned.to_box((31, 912, 58, 944), SIZE) == INTERNVL3.to_box((912, 31, 944, 58), SIZE)
    # A model that writes pixels of a picture 1792 wide, shown one 1920 wide, and is 10 pixels too high.
    measured = ModelProfile(name="p", space="pixels", scale=(1920 / 1792, 1.0), offset=(0.0, 10 / 1080))
    assert measured.to_point((896, 530), SIZE) == (960, 540)
    assert measured.to_point((1792, 1070), SIZE) == (1919, 1079)
    assert measured.to_point((1800, 1080), SIZE) == (1919, 1079)
    for values in ((1900, 5), (5, 1200), (float("inf"), 5)):
        with pytest.raises(ActionRefused, match=r"is outside .* \(as calibrated\)"):
            measured.to_point(values, SIZE)


def test_calibration_by_nothing_changes_no_pixel() -> None:
    plain = json.loads(INTERNVL3.model_dump_json())
    same = ModelProfile.model_validate(plain | {"scale": [1, 1], "offset": [0, 0]})
    for value in (0, 0.1, 333.3, 999.9, 1000):
        assert same.to_point((value, value), SIZE) == INTERNVL3.to_point((value, value), SIZE)


@pytest.mark.parametrize("tiles", [0, 41])
def test_a_bound_on_tiles_that_cannot_be_is_refused(tiles: int) -> None:
    with pytest.raises(UsageError, match="outside 1 to 40"):
        INTERNVL3.with_tiles(tiles)

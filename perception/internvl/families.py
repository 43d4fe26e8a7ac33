"""Profiles of other model families, as data, and the patterns that recognise their names.

These models run on servers. handeye asks all of them for its own answer format. A model that was trained on one format
only answers in that one, and the profile's dialects cover both. Where the coordinate space depends on the
base model, the version in the name decides.
"""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveInt


class SmartResize(BaseModel):
    """Sides become multiples of `factor`, and their product lies between `least` and `most` pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    factor: PositiveInt = 28
    """A patch's side times the patches merged into one token, in pixels."""
    least: PositiveInt = 4 * 28 * 28
    most: PositiveInt = 16384 * 28 * 28

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the picture that the model sees.

        The formula is `smart_resize` of qwen-vl-utils, which others have copied with limits of their own.
        """
        new_width, new_height = (max(self.factor, round(side / self.factor) * self.factor) for side in (width, height))
        if self.least <= new_width * new_height <= self.most:
            return new_width, new_height
        shrinks = new_width * new_height > self.most
        by = math.sqrt((self.most if shrinks else self.least) / (width * height))
        exact = (side * by / self.factor for side in (width, height))
        # A side of a very long picture must not vanish.
        across, down = (max(1, math.floor(side) if shrinks else math.ceil(side)) for side in exact)
        return across * self.factor, down * self.factor


#: Absolute coordinates of the resized picture: the limits of Qwen2.5-VL's own processor, and those of UI-TARS 1.5.
QWEN: dict[str, Any] = {"space": "pixels", "resize": SmartResize()}
TARS: dict[str, Any] = {"space": "pixels", "resize": SmartResize(least=100 * 28 * 28)}
THOUSANDTHS: dict[str, Any] = {"space": "0-1000"}
SHARES: dict[str, Any] = {"space": "0-1"}
POINT: dict[str, Any] = {"answers": "point"}


def _reads(*own: str) -> dict[str, Any]:
    return {"dialects": ("tool_call", *own, "json")}


#: A family's profile by its name, as fields of a `Profile`.
FOREIGN: dict[str, dict[str, Any]] = {
    "ui_tars": {**THOUSANDTHS, **POINT, **_reads("ui_tars")},
    "ui_tars_1_5": {**TARS, **POINT, **_reads("ui_tars")},
    "opencua": {**QWEN, **POINT, **_reads("pyautogui")},
    "opencua_a3b": {**SHARES, **POINT, **_reads("pyautogui")},
    "aguvis": {**SHARES, **POINT, **_reads("pyautogui")},
    "qwen2_vl": {**THOUSANDTHS, **_reads("pyautogui", "scalecua")},
    "qwen2_5_vl": {**QWEN, **_reads("pyautogui", "scalecua")},
    "qwen3_vl": {**THOUSANDTHS, **_reads("pyautogui", "scalecua")},
    # Its template opens the reasoning in the prompt.
    "qwen3_vl_thinking": {**THOUSANDTHS, **_reads("pyautogui", "scalecua"), "thinks": True, "opened": True},
    # OpenGVLab's ScaleCUA-3B, -7B and -32B (their cards, and the configuration of WebArenaLiteV2).
    "scalecua_qwen2_5": {
        "space": "pixels",
        "resize": SmartResize(most=2_109_744),
        **POINT,
        "dialects": ("scalecua", "tool_call", "json"),
    },
    # Version 1 of the grounder: ui_venus_ground_7b.py divides by the sides of the resized picture.
    "ui_venus_ground": {
        "space": "pixels",
        "resize": SmartResize(least=2_000_000, most=4_800_000),
        **POINT,
        **_reads("ui_venus", "point"),
    },
    "ui_venus": {**THOUSANDTHS, **POINT, **_reads("ui_venus", "point")},
    "os_atlas": {**THOUSANDTHS, **_reads("point")},
    "gta1": {**QWEN, **POINT, **_reads("point")},
    "holo": {**QWEN, **POINT, **_reads("calls", "point")},
    "holo2": {**THOUSANDTHS, **POINT, **_reads("calls", "point")},
    "fara": {**QWEN, **_reads("pyautogui")},
    # GUI models tuned from Qwen2.5-VL that answer with a place.
    "qwen2_5_gui": {**QWEN, **POINT, **_reads("pyautogui", "point")},
    # 0 to 999, `<grounding_think>…</grounding_think>{"coordinate": [x, y]}` (arXiv 2512.22047).
    "mai_ui": {**THOUSANDTHS, **POINT, **_reads("point")},
    "autoglm": {**THOUSANDTHS, **POINT, **_reads("calls", "point")},
    "kimi_vl": {**SHARES, **POINT, **_reads("pyautogui", "point")},
    "showui": {**SHARES, **POINT, **_reads("point")},
    "seeclick": {**SHARES, **POINT, **_reads("point")},
    # 0 to 999: the thousandth parts of a side that a place may fall into.
    "uground": {**THOUSANDTHS, **POINT, **_reads("point")},
    "os_genesis": {**SHARES, **POINT, **_reads("point")},
    "glm_v": {**THOUSANDTHS, **_reads("pyautogui", "point")},
    "gemini": {**THOUSANDTHS, "order": "yx", **_reads("point")},
    "gemma": {**THOUSANDTHS, "order": "yx", **_reads("point")},
    "molmo2": {**THOUSANDTHS, **POINT, **_reads("point")},
    "molmo": {"space": "0-100", **POINT, **_reads("point")},
}

#: The first pattern found in a model's name decides; case does not count.
NAMES: tuple[tuple[str, str], ...] = (
    (r"scale-?cua", "scalecua_qwen2_5"),
    (r"ui-?tars-?1[._]5", "ui_tars_1_5"),
    (r"ui-?tars", "ui_tars"),
    (r"opencua.*a3b", "opencua_a3b"),
    (r"opencua", "opencua"),
    (r"aguvis", "aguvis"),
    (r"ui-?venus-?ground", "ui_venus_ground"),
    (r"ui-?venus", "ui_venus"),
    (r"os-?atlas", "os_atlas"),
    (r"os-?genesis", "os_genesis"),
    (r"\bgta-?1", "gta1"),
    (r"\bholo-?2", "holo2"),
    (r"\bholo-?1", "holo"),
    (r"\bfara\b", "fara"),
    (r"\bmai-?ui", "mai_ui"),
    (r"auto-?glm", "autoglm"),
    (r"kimi-?vl", "kimi_vl"),
    (r"showui", "showui"),
    (r"seeclick", "seeclick"),
    (r"uground", "uground"),
    (r"\bglm-?[\d.]+v", "glm_v"),
    (r"gemini", "gemini"),
    (r"\b(?:code|med)?gemma-?[34]", "gemma"),
    (r"molmo-?(?:2|web)", "molmo2"),
    (r"molmo", "molmo"),
    (r"qwen-?3[._-]?vl.*thinking", "qwen3_vl_thinking"),
    # Qwen 3.5 and later see without "VL" in the name.
    (r"gui-?owl-?1[._]5|qwen-?3[._-]?vl|qwen-?3[._][5-9]", "qwen3_vl"),
    (r"gui-?owl|\bjedi\b|infi-?gui|gui-?r1\b|gui-?g2\b|\bse-?gui|zon-?ui", "qwen2_5_gui"),
    (r"qwen-?2[._]5-?vl", "qwen2_5_vl"),
    (r"qwen-?2-?vl", "qwen2_vl"),
)

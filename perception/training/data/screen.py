"""What every source of training data yields: a picture, and what is on it with exact boxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from handeye.tools.geometry import Box


@dataclass(frozen=True)
class LabeledTarget:
    """One thing on a screen that a phrase can ask for; its box is in pixels, right and bottom outside."""

    box: Box
    role: str
    """`button`, `link`, `field`, `checkbox`, `icon`, `text`, …, as `tools.element` names roles."""
    text: str = ""
    """The words that stand on it, empty for an icon."""
    icon: str = ""
    """What its drawing shows ("trash"), empty where there is only text."""
    colour: str = ""
    """The plain word for the colour it is told apart by, empty where it has none."""


@dataclass(frozen=True)
class LabeledScreen:
    """A picture (RGB) with everything on it; `about` says how it came to be (seed, theme, font, language, …)."""

    image: Image.Image
    targets: tuple[LabeledTarget, ...]
    about: Mapping[str, str] = field(default_factory=dict)

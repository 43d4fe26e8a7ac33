"""A labeled screen, which every source of training data produces: a picture and its targets with exact boxes."""

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
    """Its visible words, empty for an icon."""
    icon: str = ""
    """The name of its icon ("trash"), empty for text."""
    colour: str = ""
    """The plain word for the colour that distinguishes it, empty where it has none."""


@dataclass(frozen=True)
class LabeledScreen:
    """A picture (RGB) with everything on it; `about` says how it came to be (seed, theme, font, language, …)."""

    image: Image.Image
    targets: tuple[LabeledTarget, ...]
    about: Mapping[str, str] = field(default_factory=dict)

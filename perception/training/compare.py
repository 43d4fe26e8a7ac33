"""Whole held-out screens, asked as `handeye ground` is asked: text alone, the pocket model alone, and both together."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from handeye.perception import ocr
from handeye.perception.embedded import EmbeddedEyes
from handeye.perception.pocket_eyes import PocketEyes, Pointer
from handeye.perception.scene import Scene
from handeye.perception.training.data.drawn import drawn
from handeye.perception.training.data.naming import Names
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from handeye.perception.pocket_reading import Reading
    from handeye.perception.training.data.screen import Target

WAYS = ("text", "pocket", "both")
#: Things with text and things without are asked for so often on each screen.
_EACH = 3


@dataclass
class Compared:
    """Right answers of each way on one level's screens."""

    level: int
    right: dict[str, dict[str, list[bool]]] = field(default_factory=dict)
    """By way, then by kind of thing (`icon` or `text`) and by size: each answer."""
    seconds: list[float] = field(default_factory=list)
    """What the pocket model took for each screen, with the first of its questions."""

    def share(self, way: str, kind: str) -> float:
        """The share of right answers, 0 to 1; 0 where nothing was asked."""
        answers = self.right.get(way, {}).get(kind, [])
        return sum(answers) / len(answers) if answers else 0.0

    def asked(self, kind: str) -> int:
        """How many questions of a kind there were."""
        return len(self.right.get(WAYS[0], {}).get(kind, []))


def compare(reading: Reading, level: int, screens: int = 10) -> Compared:
    """Ask each way about so many held-out screens of a level."""
    pointer, embedded, both = Pointer(reading), EmbeddedEyes(), PocketEyes(reading)
    made = Compared(level, {way: defaultdict(list) for way in WAYS})
    for number in range(screens):
        rng = Random(f"compare {number} {level}")  # noqa: S311 - screens, not secrets
        screen = drawn(rng.randrange(1 << 40), level, held_out=True)
        scene = Scene(Screenshot(screen.image), reader=ocr.read)
        asked: list[tuple[str, Target]] = []
        names = Names(screen)
        for of_text in (False, True):
            numbers = [n for n, t in enumerate(screen.targets) if (bool(t.text) if of_text else t.icon and not t.text)]
            rng.shuffle(numbers)
            said = [
                (phrases, screen.targets[n]) for n in numbers if (phrases := [p.text for p in names.of(n) if p.plain])
            ]
            asked += [(rng.choice(phrases), target) for phrases, target in said[:_EACH]]
        began = time.monotonic()
        if asked:
            pointer.point(screen.image, asked[0][0])
            made.seconds.append(time.monotonic() - began)
        for phrase, target in asked:
            found = {
                "text": embedded.ground(scene, phrase),
                "pocket": pointer.point(screen.image, phrase),
                "both": both.ground(scene, phrase),
            }
            for way, place in found.items():
                hit = place is not None and target.box.holds(place.point)
                kind = "text" if target.text else "icon"
                made.right[way][kind].append(hit)
                made.right[way][f"{kind} {_size(max(target.box.width, target.box.height))}"].append(hit)
    return made


def _size(pixels: int) -> str:
    return next((f"up to {most} px" for most in (16, 24, 40) if pixels <= most), "larger")

"""Makes training batches from screens, with small variations each time.

Text that a model could use instead of the picture is removed: address, title and steps in a prompt are those of any
screen. What may differ between machines is varied: a few pixels, brightness, JPEG artefacts, the port in an address,
and how much of the system text is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageChops

from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.internvl.prompt import ChatTurn, Prompt, ground_prompt, to_text
from handeye.perception.training.packing import IGNORED
from handeye.scenarios.demo.learn_screens import LESSONS, PHRASES

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from handeye.perception.training.packing import Pack
    from handeye.scenarios.demo.learn_screens import LessonScreen

#: Grounding questions per picture, in addition to the question for the next action.
PLACES = 4
END = "<|im_end|>"


@dataclass(frozen=True)
class Batch:
    """One batch of rows and pictures."""

    rows: dict[str, NDArray[Any]]
    """As `stack` makes them."""
    pixels: NDArray[np.float32]
    """(pictures * tiles, 3, side, side)."""
    lessons: list[int]
    """The lesson of each picture."""


def stack(packs: Sequence[Pack], filler: int) -> dict[str, NDArray[Any]]:
    """Rows of one length: `ids`, `positions`, `parts`, `targets` (rows, tokens), `mask` (rows, 1, tokens, tokens).

    In the mask a token attends to the shared prefix and its own question, up to itself.
    """
    length = max(len(each.ids) for each in packs)

    def filled(rows: Sequence[NDArray[np.int64]], value: int) -> NDArray[np.int64]:
        return np.stack([np.pad(row, (0, length - len(row)), constant_values=value) for row in rows])

    parts = filled([each.parts for each in packs], -1)
    own = parts[:, :, None] == parts[:, None, :]
    mask = np.tril(own | (parts == 0)[:, None, :])
    return {
        "ids": filled([each.ids for each in packs], filler),
        "positions": filled([each.positions for each in packs], 0),
        "parts": parts,
        "targets": filled([each.targets for each in packs], IGNORED),
        "mask": mask[:, None],
    }


def questions(
    screen: LessonScreen, screens: Sequence[LessonScreen], chance: random.Random, keep: float
) -> list[tuple[Prompt, str]]:
    """Return the questions about a screen with their answers: the next action, and the places of some targets.

    `keep` is the share of the system text and the steps that stays, 0 to 1.
    """
    source = screen if chance.random() < 0.4 else chance.choice(screens)
    *opening, _, question = source.prompt.turns[-1].parts
    system = _thinned(source.prompt.system, keep, chance)

    def user_prompt(text: str) -> Prompt:
        return Prompt(system, (ChatTurn("user", (*opening, screen.image, text)),))

    port = f":{chance.randrange(1024, 65536)}"
    question = re.sub(r":\d{4,5}\b", port, str(question))
    *lines, last = question.split("\n")
    context = _thinned("\n".join(lines), max(keep, chance.choice((0.0, 0.2, 0.4))), chance)
    pairs = [(user_prompt(f"{context}\n{last}" if context else last), LESSONS[screen.lesson].answer)]
    there = [phrase for phrase in PHRASES if "-1" not in screen.boxes[phrase]]
    due = [LESSONS[screen.lesson].phrase] if LESSONS[screen.lesson].phrase else []
    for phrase in dict.fromkeys([*due, chance.choice(there), *chance.sample(PHRASES, PLACES)][:PLACES]):
        place = str(ground_prompt(INTERNVL3, screen.image, phrase).turns[-1].parts[-1])
        if chance.random() < 0.3:
            before, after = place.split(f"<ref>{phrase}</ref>")
            place = f"{_thinned(before, 0.8, chance, ' ')}<ref>{phrase}</ref>{_thinned(after, 0.8, chance, ' ')}"
        pairs.append((user_prompt(place), screen.boxes[phrase]))
    return pairs


def texts(screens: Sequence[LessonScreen]) -> list[str]:
    """All prompts and answers, as the corpus of the tokenizer."""
    found = [lesson.answer for lesson in LESSONS]
    for screen in screens:
        found += [screen.prompt.system, *screen.boxes.values()]
        found += [part for part in screen.prompt.turns[-1].parts if isinstance(part, str)]
        found += [str(ground_prompt(INTERNVL3, screen.image, phrase).turns[-1].parts[-1]) for phrase in PHRASES]
    return list(dict.fromkeys(found))


def text_of(prompt: Prompt, tokens_per_tile: int, tiles: int) -> str:
    """The prompt as the engine writes it."""
    return to_text(prompt, [tiles] * len(prompt.images), tokens_per_tile)


def jittered(image: Image.Image, chance: random.Random) -> Image.Image:
    """The picture as another day, machine or file format would have it; the same one picture in four."""
    if chance.random() < 0.25:
        return image
    shift = chance.randint(-2, 2), chance.randint(-2, 2)
    made = ImageChops.offset(image, *shift) if chance.random() < 0.5 else image
    if chance.random() < 0.5:
        factor = chance.uniform(0.97, 1.03)
        made = made.point([min(255, round(value * factor)) for value in range(256)] * 3)
    if chance.random() < 0.5:
        buffer = BytesIO()
        made.save(buffer, "JPEG", quality=chance.randint(75, 100))
        made = Image.open(buffer).convert("RGB")
    return made


def _thinned(text: str, keep: float, chance: random.Random, between: str = "\n") -> str:
    """The text with each of its lines (or words) there with that probability."""
    return between.join(part for part in text.split(between) if chance.random() < keep)

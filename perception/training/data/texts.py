"""Samples of text alone, which keep the language part alive: words for icons, coordinates, actions, sentences."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from handeye.perception.training.data import words
from handeye.perception.training.data.icons import SYNONYMS
from handeye.perception.training.data.questions import TrainingQuestion

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


def text_question(rng: Random) -> TrainingQuestion:
    """One question without a picture."""
    prompt, answer = rng.choice(_KINDS)(rng)
    return TrainingQuestion("text", prompt, answer, pictures=0)


def _synonym(rng: Random) -> tuple[str, str]:
    name, other = _pair(rng)
    form = rng.choice(("What else may the {} icon be called?", "Another word for the {} icon?"))
    return form.format(other), f"the {name} icon"


def _same(rng: Random) -> tuple[str, str]:
    name, other = _pair(rng)
    if rng.random() < 0.5:
        return f"Is the {other} icon the {name} icon?", "Yes."
    wrong = rng.choice([each for each in SYNONYMS if each != name])
    return f"Is the {other} icon the {wrong} icon?", f"No, it is the {name} icon."


def _middle(rng: Random) -> tuple[str, str]:
    left, top, right, bottom = _box(rng)
    form = rng.choice(("What is the middle of [[{}]]?", "Where is the centre of [[{}]]?"))
    return form.format(f"{left}, {top}, {right}, {bottom}"), f"[{(left + right) // 2}, {(top + bottom) // 2}]"


def _inside(rng: Random) -> tuple[str, str]:
    left, top, right, bottom = _box(rng)
    x, y = rng.randint(left, right), rng.randint(top, bottom)
    if rng.random() < 0.5:
        x, y = rng.randint(0, 999), rng.randint(0, 999)
    holds = left <= x <= right and top <= y <= bottom
    return f"Does [[{left}, {top}, {right}, {bottom}]] hold [{x}, {y}]?", "Yes." if holds else "No."


def _order(rng: Random) -> tuple[str, str]:
    one, other = rng.sample(range(1000), 2), rng.sample(range(1000), 2)
    axis, word = rng.choice(((0, "further left"), (1, "higher up")))
    if one[axis] == other[axis]:
        other[axis] = (one[axis] + 100) % 1000
    return f"Which is {word}, {one} or {other}?", str(min(one, other, key=lambda spot: spot[axis]))


def _size(rng: Random) -> tuple[str, str]:
    left, top, right, bottom = _box(rng)
    return f"How wide and high is [[{left}, {top}, {right}, {bottom}]]?", f"{right - left} by {bottom - top}"


def _spell(rng: Random) -> tuple[str, str]:
    word = rng.choice(words.ACTIONS[rng.choice(words.LANGUAGES)])
    return f"Spell “{word}”.", " ".join(word.replace(" ", "_"))


def _count(rng: Random) -> tuple[str, str]:
    sentence = words.sentence(rng)
    return f"How many words has “{sentence}”?", str(len(sentence.split()))


def _write(rng: Random) -> tuple[str, str]:
    word = rng.choice(words.ACTIONS["en"])
    field, text = rng.choice(words.FIELDS["en"]), words.value(rng)
    sentence, call = rng.choice(
        (
            (f"a click on {word}", {"kind": "click", "target": word}),
            (f"a double click on {word}", {"kind": "click", "target": word, "count": 2}),
            (f"typing “{text}” into {field}", {"kind": "type", "text": text, "target": field}),
            ("a press of the enter key", {"kind": "key", "keys": "enter"}),
            ("scrolling down", {"kind": "scroll", "direction": "down"}),
        )
    )
    return f"Write {sentence} as an action.", f"<tool_call>\n{json.dumps(call, ensure_ascii=False)}\n</tool_call>"


def _repeat(rng: Random) -> tuple[str, str]:
    sentence = words.sentence(rng)
    if rng.random() < 0.5:
        return f"Repeat: {sentence}", sentence
    return f"What is the last word of “{sentence}”?", sentence.rstrip(".").split()[-1]


_KINDS: tuple[Callable[[Random], tuple[str, str]], ...] = (
    _synonym, _same, _middle, _inside, _order, _size, _spell, _count, _write, _repeat,
)  # fmt: skip


def _pair(rng: Random) -> tuple[str, str]:
    name = rng.choice(list(SYNONYMS))
    return name, rng.choice(SYNONYMS[name])


def _box(rng: Random) -> tuple[int, int, int, int]:
    left, top = rng.randint(0, 900), rng.randint(0, 900)
    return left, top, rng.randint(left + 2, 1000), rng.randint(top + 2, 1000)

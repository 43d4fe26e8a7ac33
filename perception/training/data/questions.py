"""Questions about screens with known answers, in the prompts that handeye uses.

Boxes and points are InternVL's: thousandths of the picture, `<ref>…</ref><box>[[x1, y1, x2, y2]]</box>`. The pictures
stand between `before` and `prompt`; how many there are is `pictures`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.internvl.prompt import PromptPrefix, decide_prompt, ground_prompt
from handeye.perception.training.data import words
from handeye.perception.training.data.icons import SIGNS
from handeye.perception.training.data.target_phrases import LABELLED, Names
from handeye.tools.actions import Click, Key, Move, Scroll, Select, Type, Wait
from handeye.tools.actions import Target as Aim
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from PIL import Image

    from handeye.perception.training.data.screen import LabeledScreen
    from handeye.perception.training.data.target_phrases import Phrase
    from handeye.tools.actions import Action

Kind = Literal["ground", "read", "change", "act", "judge", "text"]
PROFILE = INTERNVL3
#: The answer for a target that is not on the screen.
ABSENT = "[[-1, -1, -1, -1]]"
_ABSENT_SHARE = 0.06
#: Attempts to draw a target that has a phrase.
_TRIES = 8
#: InternVL's own question, which it was trained with; handeye's adds the answer for a target that is not there.
INTERNVL_QUESTION = "Please provide the bounding box coordinate of the region this sentence describes: <ref>{}</ref>"


@dataclass(frozen=True)
class TrainingQuestion:
    """One question and its answer."""

    kind: Kind
    prompt: str
    answer: str
    target: Box | None = None
    """The box of the target, in pixels of the last picture; None if it is not on it."""
    phrase: str = ""
    """The words for the target that stand in the question."""
    before: str = ""
    """The text before the pictures."""
    pictures: int = 1
    system: str = ""
    """The system text, where the question depends on it."""


def questions(
    screen: LabeledScreen, rng: Random, count: int = 4, kinds: Sequence[Kind] = ("ground", "ground", "read", "act")
) -> list[TrainingQuestion]:
    """Some questions about a screen; each kind as often as it stands in `kinds`, fewer where there is little to ask.

    A target of a screen occurs in at most one question of each kind.
    """
    names = Names(screen)
    made: list[TrainingQuestion] = []
    for _ in range(3 * count):
        if len(made) == count:
            break
        kind = rng.choice(list(kinds))
        question = {"ground": ground, "read": read, "act": act}[kind](names, rng)
        if question and not any((each.kind, each.target) == (question.kind, question.target) for each in made):
            made.append(question)
    return made


def ground(names: Names, rng: Random) -> TrainingQuestion | None:
    """Ask for the box of a phrase; sometimes of a phrase that is not on the screen."""
    if rng.random() < _ABSENT_SHARE and len(names.screen.targets) > 4:
        sign = rng.choice(SIGNS)
        if names.known(sign):
            return None
        phrase = rng.choice((f"the {sign} icon", f"{sign} icon"))
        return TrainingQuestion("ground", asking(phrase, names.screen.image), ABSENT, None, phrase)
    chosen = _phrase(names, rng)
    return grounded(chosen.text, chosen.target.box, names.screen, rng.random() < 0.3) if chosen else None


def grounded(phrase: str, box: Box, screen: LabeledScreen, as_internvl: bool = False) -> TrainingQuestion:
    """Return the question for the box of a phrase."""
    prompt = INTERNVL_QUESTION.format(phrase) if as_internvl else asking(phrase, screen.image)
    return TrainingQuestion("ground", prompt, spelled(box, screen.image.size, phrase), box, phrase)


def asking(phrase: str, image: Image.Image) -> str:
    """Return the text of handeye's grounding question, without the picture."""
    return str(ground_prompt(PROFILE, image, phrase, PromptPrefix("")).turns[0].parts[-1])


def read(names: Names, rng: Random) -> TrainingQuestion | None:
    """Ask for the text at a box, or for what is drawn there."""
    screen = names.screen
    numbers = [n for n, target in enumerate(screen.targets) if target.text or target.icon]
    if not numbers:
        return None
    number = rng.choice(numbers)
    target = screen.targets[number]
    place = f"<box>{numbers_of(target.box, screen.image.size)}</box>"
    if target.text and (not target.icon or rng.random() < 0.7):
        return TrainingQuestion("read", f"What is written at {place}?", target.text, target.box)
    return TrainingQuestion("read", f"What is at {place}?", names.describe(number), target.box)


def change(before: LabeledScreen, after: LabeledScreen) -> TrainingQuestion:
    """Ask what changed between two pictures of one screen: what appeared, what is gone, or nothing."""
    prompt = "The second picture shows the screen of the first a moment later. What changed?"
    old, new = set(before.targets), set(after.targets)
    # A target inside another one appears and disappears with it: the largest is named.
    came = max(new - old, key=lambda target: target.box.area, default=None)
    gone = max(old - new, key=lambda target: target.box.area, default=None)
    if came is None and gone is None:
        return TrainingQuestion("change", prompt, "Nothing changed.", pictures=2)
    screen, target = (after, came) if came else (before, gone)
    assert target
    what = Names(screen).describe(screen.targets.index(target))
    place = spelled(target.box, screen.image.size, what)
    return TrainingQuestion(
        "change", prompt, f"{place} {'appeared' if came else 'is gone'}.", target.box, what, pictures=2
    )


def act(names: Names, rng: Random) -> TrainingQuestion | None:
    """Ask for the action of a one-step instruction; half of the targets are words, half are points."""
    if rng.random() < 0.12:
        goal, action = rng.choice(_WITHOUT_TARGET)
        return acting(goal, action, names.screen)
    chosen = _phrase(names, rng)
    if chosen is None:
        return None
    aim = (
        Aim(phrase=chosen.text)
        if rng.random() < 0.5
        else Aim(point=thousandths(chosen.target.box, names.screen.image.size))
    )
    goal, action = _goal_and_action(chosen, aim, rng)
    return acting(goal, action, names.screen, chosen)


def acting(goal: str, action: Action, screen: LabeledScreen, chosen: Phrase | None = None) -> TrainingQuestion:
    """The question for the next action towards a goal; a point in it is in thousandths."""
    turn = decide_prompt(PromptPrefix("", goal), screen.image).turns[0].parts
    answer = spell_action(f"{goal.rstrip('.')}.", action)
    return TrainingQuestion(
        "act",
        str(turn[-1]),
        answer,
        chosen.target.box if chosen else None,
        chosen.text if chosen else "",
        before=str(turn[0]),
    )


def spell_action(thought: str, action: Action) -> str:
    """Return reasoning and action in handeye's answer format."""
    fields = action.model_dump(mode="json", exclude_defaults=True)
    call = json.dumps({"kind": action.kind} | {name: _short(each) for name, each in fields.items()}, ensure_ascii=False)
    return f"{thought}\n<tool_call>\n{call}\n</tool_call>"


def rejected(question: TrainingQuestion, screen: LabeledScreen, rng: Random) -> str | None:
    """Return a wrong answer of the right form, for a preference pair: the box of another target; None without one."""
    others = [target.box for target in screen.targets if question.target and not target.box.overlap(question.target)]
    if question.kind != "ground" or not others or question.target is None:
        return None
    # The nearest targets are the hardest to distinguish.
    x, y = question.target.centre
    others.sort(key=lambda box: abs(box.centre.x - x) + abs(box.centre.y - y))
    return spelled(rng.choice(others[:4]), screen.image.size, question.phrase)


def spelled(box: Box, size: tuple[int, int], phrase: str) -> str:
    """Return a box in InternVL's format."""
    return f"<ref>{phrase}</ref><box>{numbers_of(box, size)}</box>"


def numbers_of(box: Box, size: tuple[int, int]) -> str:
    """The corners of a box in thousandths, `[[x1, y1, x2, y2]]`."""
    wholes = (*size, *size)
    return f"[[{', '.join(str(round(1000 * side / whole)) for side, whole in zip(box, wholes, strict=True))}]]"


def thousandths(box: Box, size: tuple[int, int]) -> Point:
    """The middle of a box in thousandths of the picture."""
    return Point(*(round(500 * sum(sides) / whole) for sides, whole in zip((box[::2], box[1::2]), size, strict=True)))


def _phrase(names: Names, rng: Random) -> Phrase | None:
    """A phrase for a target drawn by lot: every target is as likely as any other, however many phrases it has."""
    for _ in range(_TRIES if names.screen.targets else 0):
        if phrases := list(names.of(rng.randrange(len(names.screen.targets)))):
            return rng.choice(phrases)
    return None


def _goal_and_action(chosen: Phrase, aim: Aim, rng: Random) -> tuple[str, Action]:
    phrase, role = chosen.text, chosen.target.role
    if role == "combobox" and rng.random() < 0.6:
        option = rng.choice(words.THINGS["en"])
        return f"Choose “{option}” in {phrase}", Select(target=aim, option=option)
    if role in {"field", "textbox", "searchbox"} and rng.random() < 0.75:
        text = rng.choice((words.value(rng), rng.choice(words.PEOPLE), rng.choice(words.THINGS["en"]).lower()))
        form = rng.choice(("Type “{}” into {}", "Enter “{}” in {}", "Fill in “{}” at {}"))
        return form.format(text, phrase), Type(text=text, target=aim)
    if role in LABELLED - {"field", "textbox", "searchbox", "combobox"}:
        return f"{rng.choice(('Tick', 'Toggle', 'Click', 'Set'))} {phrase}", Click(target=aim)
    kind = rng.random()
    if kind < 0.06:
        return f"{rng.choice(('Double-click', 'Double click'))} {phrase}", Click(target=aim, count=2)
    if kind < 0.12:
        return f"{rng.choice(('Right-click', 'Open the context menu of'))} {phrase}", Click(target=aim, button="right")
    if kind < 0.18:
        return f"{rng.choice(('Hover over', 'Move the mouse over'))} {phrase}", Move(target=aim)
    return f"{rng.choice(('Click', 'Click on', 'Press', 'Choose', 'Tap'))} {phrase}", Click(target=aim)


_WITHOUT_TARGET: tuple[tuple[str, Action], ...] = (
    ("Scroll down", Scroll()),
    ("Scroll up", Scroll(direction="up")),
    ("Scroll further down the page", Scroll(amount=10)),
    ("Press Enter", Key(keys="enter")),
    ("Press Escape", Key(keys="escape")),
    ("Save with the keyboard", Key(keys="ctrl+s")),
    ("Select all", Key(keys="ctrl+a")),
    ("Copy what is selected", Key(keys="ctrl+c")),
    ("Paste", Key(keys="ctrl+v")),
    ("Wait a moment", Wait()),
)  # fmt: skip


def _short(field: object) -> object:
    """A target as a model writes it: its words, or its point."""
    if isinstance(field, dict) and set(field) <= {"phrase", "point"}:
        return field.get("phrase") or field.get("point")
    return field

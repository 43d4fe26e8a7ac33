"""Collects the training data of the demo: the screens of the shop, the action on each, and the places of targets.

All of it comes from the real loop: a scripted engine that knows the elements of the page answers in place of the model,
the loop performs its actions, and each question is stored with its picture and the right answer.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.reasoning import finished
from handeye.perception.engines.engine import Answer, OptionScores
from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.usage import Usage
from handeye.scenarios.demo.demo import PURCHASE
from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from handeye.perception.engines.engine import Request
    from handeye.perception.internvl.prompt import Prompt
    from handeye.tools.device import Device
    from handeye.tools.element import Element

#: The shop in other fonts: letters of other widths and weights, as on other machines.
STYLES = (
    "",
    "body { letter-spacing: .15px }",
    "body, button, input { letter-spacing: -.15px }",
    "body { font-family: 'Nimbus Sans', 'Liberation Sans', Arial, sans-serif }",
    "body { font-weight: 500; word-spacing: .5px } h1, .brand { letter-spacing: 0 }",
    "h1, .brand { font-family: 'Nimbus Roman', 'Liberation Serif', 'Times New Roman', serif }",
)
#: Two boxes that share this part of what they cover together are the same place, to the loop too.
SAME = 0.6
NOT_THERE = "[[-1, -1, -1, -1]]"


@dataclass(frozen=True)
class ShopLesson:
    """What to do on one screen."""

    thought: str
    action: dict[str, Any]
    role: str = ""
    name: str = ""
    """Of the element that the action's target means: its role, and how its name begins."""

    @property
    def answer(self) -> str:
        """The action as text, in the form of the prompt."""
        return f"{self.thought}\n<tool_call>\n{json.dumps(self.action)}\n</tool_call>"

    @property
    def phrase(self) -> str:
        """The phrase of the target, empty without one."""
        return str(self.action.get("target", ""))

    def box(self, elements: Sequence[Element], size: tuple[int, int]) -> str:
        """The answer to where its target is, in thousandths of a screen of that size."""
        for element in elements:
            if element.role == self.role and element.name.startswith(self.name) and element.box.within(*size):
                box = element.box
                corners = zip((box.left, box.top, box.right, box.bottom), size * 2, strict=True)
                return str([[round(1000 * min(max(place, 0), whole) / whole) for place, whole in corners]])
        return NOT_THERE


LESSONS = (
    ShopLesson("I am not logged in.", {"kind": "click", "target": "the Log in link"}, "link", "Log in"),
    ShopLesson(
        "The user name is missing.",
        {"kind": "type", "text": "ada", "target": "the user name field"},
        "textbox",
        "User name",
    ),
    ShopLesson(
        "The password is missing.",
        {"kind": "type", "text": "lovelace", "target": "the password field"},
        "textbox",
        "Password",
    ),
    ShopLesson("Name and password are there.", {"kind": "click", "target": "the Log in button"}, "button", "Log in"),
    ShopLesson(
        "I am logged in and look for a lamp.",
        {"kind": "type", "text": "lamp", "target": "the search field"},
        "searchbox",
        "Search",
    ),
    ShopLesson("The search says lamp.", {"kind": "click", "target": "the Search button"}, "button", "Search"),
    ShopLesson(
        "These are the lamps.", {"kind": "click", "target": "the first Add to cart button"}, "button", "Add to cart"
    ),
    ShopLesson("The lamp is in the cart.", {"kind": "click", "target": "the Check out button"}, "button", "Check out"),
    ShopLesson("The shop says thank you.", {"kind": "done", "answer": "The lamp is ordered."}),
)
PHRASES = tuple(lesson.phrase for lesson in LESSONS if lesson.phrase)


@dataclass(frozen=True)
class LessonScreen:
    """One screen that the loop observed, with all questions about it."""

    lesson: int
    """Which of the lessons is due on it."""
    style: int
    prompt: Prompt
    """The prompt for the next action, as the loop sent it."""
    boxes: dict[str, str]
    """The answer to each phrase of the lessons."""

    @property
    def image(self) -> Image.Image:
        """The screenshot of the prompt."""
        return self.prompt.images[-1]


class Teacher:
    """An engine that knows the lessons and the page: it stands in for the model while the screens are collected."""

    name = "teacher"
    profile = INTERNVL3
    notes: tuple[str, ...] = ()

    def __init__(self, device: Device, style: int = 0) -> None:
        self.screens: list[LessonScreen] = []
        self._device = device
        self._style = style

    def generate(self, request: Request) -> list[Answer]:
        """A question with `<ref>` asks where a phrase is on the latest screen; any other for the next action."""
        prompt = request.prompt
        question = str(prompt.turns[-1].parts[-1])
        if "<ref>" in question:
            text = self.screens[-1].boxes[question.partition("<ref>")[2].partition("</ref>")[0]]
        else:
            elements, image = self._device.elements(), prompt.images[-1]
            boxes = {lesson.phrase: lesson.box(elements, image.size) for lesson in LESSONS if lesson.phrase}
            self.screens.append(LessonScreen(len(self.screens), self._style, prompt, boxes))
            text = LESSONS[len(self.screens) - 1].answer
        return [Answer(finished(text, request.stop))] * request.samples

    def score_options(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:  # noqa: ARG002
        """It has only one answer, so there is nothing to compare."""
        return OptionScores((), Usage())

    def close(self) -> None:
        """Do nothing: no model is loaded."""


def collect(report: Callable[[str], None] = lambda _: None) -> list[LessonScreen]:
    """Buy a lamp through the real loop, once in each of the shop's styles: all lessons' screens, style by style.

    Raises ModelError when a purchase fails, as it does when the shop has changed and the lessons have not.
    """
    screens: list[LessonScreen] = []
    for style in range(len(STYLES)):
        report(f"looking at the shop, {style + 1} of {len(STYLES)}")
        screens += purchase(style)
    plain = {screen.lesson: screen.boxes for screen in screens if not screen.style}
    return [_steadied(screen, plain[screen.lesson]) for screen in screens]


def purchase(style: int) -> list[LessonScreen]:
    """One purchase by the teacher: a screen for each lesson. Raises ModelError as `collect` does."""
    from handeye.agent import Agent, RunOptions
    from handeye.perception.model_perception import ModelPerception
    from handeye.policies.internvl import InternVL
    from handeye.scenarios.demo.shop import Shop
    from handeye.tools import Browser

    with tempfile.TemporaryDirectory(prefix="handeye-learn-") as place, Shop(style=STYLES[style]) as shop:
        with Browser(shop.url) as browser:
            teacher = Teacher(browser, style)
            perception, policy = ModelPerception(teacher), InternVL(teacher)
            run = Agent(
                browser,
                perception=perception,
                policy=policy,
                options=RunOptions(approve="never"),
                run_dir=Path(place) / "run",
            ).run(PURCHASE)
        if run.status != "succeeded" or len(shop.orders) != 1 or len(teacher.screens) != len(LESSONS):
            raise ModelError(
                f"the lessons do not fit the shop: {run.status} after {len(teacher.screens)} screens ({run.reason}); "
                "mend LESSONS in learn_screens.py"
            )
        return teacher.screens


def _steadied(screen: LessonScreen, plain: dict[str, str]) -> LessonScreen:
    """The same with the plain style's answers wherever they still mean the same place.

    What a model can only guess from a letter's width would leave its answers unsure.
    """
    boxes = {phrase: plain[phrase] if _same(box, plain[phrase]) else box for phrase, box in screen.boxes.items()}
    return LessonScreen(screen.lesson, screen.style, screen.prompt, boxes)


def _same(one: str, other: str) -> bool:
    (a,), (b,) = json.loads(one), json.loads(other)
    if a[0] < 0 or b[0] < 0:
        return one == other
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, wide) * max(0, high)
    return bool(shared >= SAME * ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))

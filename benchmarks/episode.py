"""Ten screens as an agent meets them: typing, opening a menu, a new page, scrolling; driven in a real browser."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from handeye.perception.internvl.prompt import PromptStep, decide_prompt
from handeye.perception.outcome import Outcome
from handeye.scenarios.demo.shop import Shop
from handeye.tools.actions import Click, Scroll, Target, Type
from handeye.tools.browser import Browser

if TYPE_CHECKING:
    from PIL import Image

    from handeye.perception.internvl.prompt import Prompt, PromptPrefix
    from handeye.tools.actions import Action

SIZE = (1344, 896)
GOAL = "Write down that a lamp is missing, find one in the shop, and log in as ada to order two of them."
EDITOR = Path(__file__).parent / "editor.html"


class Move(NamedTuple):
    """How one screen is reached from the one before."""

    name: str
    action: Action | None = None
    """None: another window is opened."""
    role: str = ""
    element: str = ""
    """What it aims at: its role, and how its name begins."""


IN_THE_EDITOR = (
    Move("an editor with a note"),
    Move("a line typed", Type(text="- a lamp, two if they are cheap"), "textbox", "Note"),
    Move("a menu opened", Click(target=Target(phrase="the File menu")), "button", "File"),
)
IN_THE_SHOP = (
    Move("another window: the shop"),
    Move("scrolled down", Scroll(direction="down", amount=3)),
    Move("a new page: one lamp", Click(target=Target(phrase="the Arc floor lamp")), "link", "Arc floor lamp"),
    Move("a number typed", Type(text="2", target=Target(phrase="the quantity"), clear=True), "spinbutton", "Quantity"),
    Move("a new page: log in", Click(target=Target(phrase="the Log in link")), "link", "Log in"),
    Move("a name typed", Type(text="ada", target=Target(phrase="the user name field")), "textbox", "User name"),
    Move("a password typed", Type(text="secret", target=Target(phrase="the password field")), "textbox", "Password"),
)


@dataclass(frozen=True)
class Screen:
    """One look of the episode."""

    name: str
    """How it differs from the one before."""
    image: Image.Image
    history: tuple[PromptStep, ...]
    """What was done up to it."""

    def ask(self, head: PromptPrefix) -> Prompt:
        """The question for the next action."""
        return decide_prompt(head, self.image, steps=self.history)


def record(count: int = 10, folder: Path | None = None) -> list[Screen]:
    """The first `count` screens; as PNG files too where a folder is given."""
    screens: list[Screen] = []
    history: list[PromptStep] = []
    with ExitStack() as stack:
        shop = stack.enter_context(Shop())
        for address, moves in ((str(EDITOR), IN_THE_EDITOR), (shop.url, IN_THE_SHOP)):
            if len(screens) >= count:
                break
            browser = stack.enter_context(Browser(address, viewport=SIZE))
            for move in moves:
                if move.action:
                    action = _aimed(move, browser)
                    browser.perform(action)
                    done = Outcome(kind="confirmed", evidence=f"the screen shows {move.name}")
                    history.append(PromptStep(len(history) + 1, action, done))
                browser.settle()
                screens.append(Screen(move.name, browser.capture().image, tuple(history)))
    screens = screens[:count]
    for number, screen in enumerate(screens, 1):
        if folder:
            screen.image.save(folder / f"{number:02}.png")
    return screens


def _aimed(move: Move, browser: Browser) -> Action:
    """The move's action with the place of its element, which must be on the screen."""
    action = move.action
    if not move.role or not isinstance(action, Click | Type):
        assert action
        return action
    height = SIZE[1]
    found = next(
        each
        for each in browser.elements()
        if each.role == move.role and each.name.startswith(move.element) and 0 < each.box.centre.y < height
    )
    phrase = action.target.phrase if action.target else f"the {found.name}"
    target = Target(phrase=phrase, point=found.box.centre, element=found.id)
    return action.model_copy(update={"target": target})

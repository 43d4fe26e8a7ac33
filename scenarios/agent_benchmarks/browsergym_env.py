"""handeye's browser as a Gymnasium environment, for agents that were written for BrowserGym."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from handeye.scenarios.agent_benchmarks.browsergym import read_actions, resolved
from handeye.tools.actions import Done, Scroll, Tabs, Wait, targets
from handeye.tools.browsergym_aliases import PIXELS_PER_NOTCH
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from handeye.tools.actions import Action
    from handeye.tools.browser import Browser
    from handeye.tools.element import Element

#: The limit of wheel notches per action.
MOST_NOTCHES = 100


class Begun(NamedTuple):
    """A started episode."""

    browser: Browser
    goal: str


class EnvStep(NamedTuple):
    """The result of a step, in Gymnasium's order."""

    observation: dict[str, Any]
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]


class Environment:
    """A Gymnasium environment of episodes in a browser.

    `start` gets a seed and begins an episode; it registers what must be closed on the stack. `judge` gets the browser
    and the agent's answer (None before there is one). It returns the reward when the episode has ended, and None
    before.
    """

    def __init__(
        self,
        start: Callable[[int, ExitStack], Begun],
        judge: Callable[[Browser, str | None], float | None],
        *,
        max_steps: int = 30,
    ) -> None:
        self._start, self._judge, self._max_steps = start, judge, max_steps
        self._up = ExitStack()
        self._begun: Begun | None = None
        self._elements: list[Element] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:  # noqa: ARG002 - Gymnasium's
        """Begin an episode; return the observation and an info dict."""
        self.close()
        self._begun = self._start(seed or 0, self._up)
        self._steps, self._clock, self._answers, self._over = 0, time.monotonic(), list[dict[str, Any]](), False
        self._last, self._error = "", ""
        return self._observe(), {"goal": self._begun.goal}

    def step(self, action: str) -> EnvStep:
        """Perform the calls in a text, in order, up to the first error, which the observation contains."""
        if self._begun is None or self._over:
            raise UsageError("no episode is running; call reset first")
        browser, answer = self._begun.browser, None
        self._steps += 1
        self._last, self._error = action, ""
        try:
            for each in read_actions(action, self._elements, scale=browser.capture().scale):
                if isinstance(each, Done):
                    answer = each.answer
                    self._answers.append({"role": "assistant", "message": answer})
                    break
                self._do(each)
        except (ActionRefused, ActionFailed) as error:
            self._error = str(error)
        reward = self._judge(browser, answer)
        self._over = reward is not None or answer is not None
        truncated = not self._over and self._steps >= self._max_steps
        return EnvStep(self._observe(), reward or 0.0, self._over, truncated, {"steps": self._steps})

    def close(self) -> None:
        """Close the browser. A second call does nothing."""
        self._begun = None
        self._up.close()

    def _do(self, action: Action) -> None:
        assert self._begun is not None
        browser = self._begun.browser
        if isinstance(action, Wait):
            time.sleep(action.seconds)
        else:
            if isinstance(action, Tabs) and action.do == "close":
                action = Tabs(do="close", index=browser.signals().tab)
            browser.perform(self._within_reach(action))
        browser.settle()
        self._elements = browser.elements()

    def _within_reach(self, action: Action) -> Action:
        """Return the action with points, after its first target was scrolled into view."""
        assert self._begun is not None
        browser = self._begun.browser
        found = resolved(action, self._elements)
        first = next((target for target in targets(found).values() if target.element), None)
        if first is None or first.point is None:
            return found
        height = browser.capture().image.height
        off = first.point.y - height // 2
        if 0 <= first.point.y < height:
            return found
        amount = min(MOST_NOTCHES, math.ceil(abs(off) / (PIXELS_PER_NOTCH * browser.capture().scale)))
        browser.perform(Scroll(direction="down" if off > 0 else "up", amount=amount))
        browser.settle()
        self._elements = browser.elements()
        return resolved(action, self._elements)

    def _observe(self) -> dict[str, Any]:
        import numpy

        assert self._begun is not None
        browser, goal = self._begun
        screenshot, signals = browser.capture(), browser.signals()
        self._elements = browser.elements()
        size = screenshot.image.size
        return {
            "goal": goal,
            "goal_object": ({"type": "text", "text": goal},),
            "chat_messages": ({"role": "user", "message": goal}, *self._answers),
            "url": signals.url,
            "open_pages_titles": signals.tabs,
            "active_page_index": [signals.tab],
            "scale": screenshot.scale,
            "screenshot": numpy.asarray(screenshot.image.convert("RGB")),
            "axtree_object": {"nodes": [_node(each) for each in self._elements]},
            "axtree_txt": "\n".join(_line(each) for each in self._elements),
            "extra_element_properties": {each.id: _properties(each, size, screenshot.scale) for each in self._elements},
            "focused_element_bid": next((each.id for each in self._elements if each.focused), ""),
            "last_action": self._last,
            "last_action_error": self._error,
            "elapsed_time": [time.monotonic() - self._clock],
        }


def miniwob(name: str, *, max_steps: int = 30, seconds: float = 300.0) -> Environment:
    """Return the environment of one of MiniWoB++'s pages; the seed of an episode is the page's seed."""
    from handeye.scenarios.agent_benchmarks import miniwob as pages
    from handeye.scenarios.environment import serve_suite
    from handeye.scenarios.suite.schema import Serve

    if name not in pages.names():
        raise UsageError(f"MiniWoB++ has no task {name!r}; see `handeye bench miniwob --help`")

    def start(seed: int, up: ExitStack) -> Begun:
        url = up.enter_context(serve_suite(Serve(folder="."), pages.pages()))
        browser = up.enter_context(pages.open_page(f"{url}/miniwob/{name}.html"))
        return Begun(browser, pages.begin(browser, seed, seconds))

    def judge(browser: Browser, answer: str | None) -> float | None:  # noqa: ARG001 - the page alone decides
        ended = pages.ended(browser)
        return None if ended is None else float(ended["reward"])

    return Environment(start, judge, max_steps=max_steps)


def _line(element: Element) -> str:
    states = [name for name in ("focused", "checked", "selected", "expanded", "pressed") if getattr(element, name)]
    states += [] if element.enabled else ["disabled"]
    line = f"[{element.id}] {element.role} {element.name!r}"
    line += f" value={element.value!r}" if element.value else ""
    return ", ".join([line, *states])


def _node(element: Element) -> dict[str, Any]:
    """Return the value as Chromium's accessibility tree contains it."""
    states = {name: getattr(element, name) for name in ("checked", "selected", "expanded", "pressed")}
    states |= {"focused": element.focused or None, "disabled": not element.enabled or None}
    return {
        "nodeId": element.id,
        "browsergym_id": element.id,
        "role": {"type": "role", "value": "StaticText" if element.role == "text" else element.role},
        "name": {"type": "computedString", "value": element.name},
        "value": {"type": "string", "value": element.value},
        "properties": [
            {"name": name, "value": {"type": "booleanOrUndefined", "value": value}}
            for name, value in states.items()
            if value is not None
        ],
    }


def _properties(element: Element, size: tuple[int, int], scale: float) -> dict[str, Any]:
    left, top, right, bottom = (edge / scale for edge in element.box)
    visible = element.box.within(*size)
    return {
        "bbox": [left, top, right - left, bottom - top],
        "visibility": visible.area / element.box.area if visible and element.box.area else 0.0,
        "clickable": element.acts and element.enabled,
        "set_of_marks": element.acts and visible is not None and not element.covered,
    }

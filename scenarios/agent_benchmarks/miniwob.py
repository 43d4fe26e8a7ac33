"""MiniWoB++: small web pages with an instruction and a reward, from the package `miniwob` (MIT), in handeye's browser.

The pages are served on this machine and used as the package's environments do: the seed is set, an episode begins, the
instruction is read, and the page computes the reward. The raw reward without its decay over time counts. Nothing else
of the package is imported, and Selenium is not started. An episode lasts as long as the run may, because many models
need longer than the pages' 10 seconds. Source: Liu et al. 2018 (arXiv 1802.08802).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from handeye.policies.decision import Decision
from handeye.scenarios.agent_benchmarks.benchmark_task import BenchmarkAttempt, BenchmarkTask, TaskLimits
from handeye.scenarios.checks.run_check import CheckResult
from handeye.scenarios.suite.schema import ScenarioSpec, Serve, Suite
from handeye.tools.actions import Done
from handeye.tools.errors import ActionFailed, SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import JsonValue

    from handeye.agent.run_folder import RunResult as Run
    from handeye.perception.perception import Perception
    from handeye.policies.decision import Policy
    from handeye.policies.decision import PolicyInput as PolicyTask
    from handeye.tools.browser import Browser
    from handeye.tools.device import Device

#: The pages are 160x210 CSS pixels; four times as large and with a margin they are exactly 3x2 tiles.
VIEWPORT, SCALE = (336, 224), 4.0
#: Seconds until a page must have its episode ready.
READY = 20.0

#: Records the end of an episode. Only the first end counts, because further clicks may begin another one.
BEGIN = """([seed, milliseconds]) => {
  const end = core.endEpisode
  window.handeyeEpisode = null
  core.endEpisode = function () {
    const live = core.EP_TIMER !== null
    end.apply(core, arguments)
    if (live && !window.handeyeEpisode)
      window.handeyeEpisode = {reward: WOB_RAW_REWARD_GLOBAL, why: String(WOB_REWARD_REASON || "")}
  }
  Math.seedrandom(seed)
  core.setDataMode("train")
  core.EPISODE_MAX_TIME = milliseconds
  core.startEpisodeReal()
  core.clearTimer()
  const style = document.createElement("style")
  style.textContent = "#reward-display, #click-canvas { display: none !important }"
  document.head.append(style)
}"""
#: The page begins an episode at the end of its loading.
LOADED = "() => document.readyState === 'complete' && typeof core === 'object' && core.cover_div != null"
READ = "() => { const said = core.getUtterance(); return typeof said === 'string' ? said : said.utterance }"
ENDED = "() => window.handeyeEpisode || null"


@dataclass(frozen=True)
class MiniWobTask(BenchmarkTask):
    """One page with one seed."""

    attempt_runner: str = "handeye.scenarios.agent_benchmarks.miniwob:MiniWobAttempt"
    seed: int = 0


def pages() -> Path:
    """Return the folder of the package's pages. Raises SetupError when the package is not installed."""
    spec = find_spec("miniwob")
    folder = Path(spec.origin).parent / "html" if spec and spec.origin else None
    if folder is None or not (folder / "miniwob").is_dir():
        raise SetupError("MiniWoB++ is not installed; run: pip install 'handeye[bench]'")
    return folder


def names() -> list[str]:
    """Return the names of all pages, such as `click-button`."""
    return sorted(path.stem for path in (pages() / "miniwob").glob("*.html"))


def tasks(chosen: Sequence[str], seeds: Sequence[int], limits: TaskLimits) -> list[BenchmarkTask]:
    """Return the tasks: each page with each seed; `all` means all pages. Raises UsageError for an unknown name."""
    known = names()
    wanted = known if list(chosen) == ["all"] else list(dict.fromkeys(chosen))
    for name in wanted:
        if name not in known:
            close = get_close_matches(name, known, 3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are {len(known)}, such as {known[0]}"
            raise UsageError(f"MiniWoB++ has no task {name!r}; {hint}")
    file = pages() / "miniwob"
    suite = Suite(name="MiniWoB++", serve=Serve(folder="."), timeout=limits.seconds)
    return [
        MiniWobTask(
            suite=suite,
            file=file,
            spec=ScenarioSpec.model_validate(
                {
                    "name": name,
                    "goal": "what the page asks for",
                    "on": f"/miniwob/{name}.html",
                    "unchecked": True,
                    "line": 1,
                    "max-steps": limits.steps,
                }
            ),
            name=f"{name}, seed {seed}",
            group=name,
            seed=seed,
        )
        for name in wanted
        for seed in seeds
    ]


def open_page(url: str, *, headed: bool = False) -> Browser:
    """Return a browser with a page, enlarged so that a vision model can read it."""
    from handeye.tools.browser import Browser

    return Browser(url, headed=headed, viewport=VIEWPORT, scale=SCALE)


def begin(browser: Browser, seed: int, seconds: float) -> str:
    """Begin an episode on the browser's page, and return the instruction.

    Raises SetupError when the page does not become ready.
    """
    _await(browser, LOADED)
    # A run's own limit comes first, so that it is the run that says it had no more time.
    browser.run_script(BEGIN, [seed, round(1000 * (seconds + READY))])
    _await(browser, "() => WOB_TASK_READY")
    browser.settle()
    return str(browser.run_script(READ))


def ended(browser: Browser) -> dict[str, Any] | None:
    """Return the reward of the episode with its reason; None before its end, and while a dialog blocks the page."""
    try:
        state: dict[str, Any] | None = browser.run_script(ENDED)
    except ActionFailed:
        return None
    return state


def _await(browser: Browser, sign: str) -> None:
    deadline = time.monotonic() + READY
    while not browser.run_script(sign):
        if time.monotonic() > deadline:
            raise SetupError(f"the page did not become ready within {READY:g} s; try it again")
        time.sleep(0.02)


class MiniWobAttempt(BenchmarkAttempt[MiniWobTask]):
    """An episode of a page."""

    _ended: dict[str, Any] | None = None

    def open(self) -> Browser:
        """Open the page of the task."""
        return open_page(self.place, headed=self.settings.options.headed)

    def begin(self, device: Device) -> str:
        seconds = self.scenario.spec.timeout or self.scenario.suite.timeout
        return begin(cast("Browser", device), self.task.seed, seconds)

    def policy(self, device: Device, policy: Policy) -> Policy:
        """Return the policy of the agent."""
        return EndsWithPage(policy, lambda: self._look(cast("Browser", device)))

    def judge(self, device: Device, run: Run) -> list[CheckResult]:  # noqa: ARG002 - only the page's reward counts
        """Judge the episode by the page's reward."""
        ended = self._look(cast("Browser", device))
        seen = "it has given none" if ended is None else f"it gave {ended['reward']:g}"
        seen += f" ({ended['why']})" if ended and ended["why"] else ""
        rewarded = ended is not None and ended["reward"] > 0
        return [CheckResult.of(rewarded, "the page gives a reward", seen, "reward")]

    def measured(self) -> dict[str, JsonValue]:
        """Return the reward."""
        reward = float(self._ended["reward"]) if self._ended else 0.0
        return {"seed": self.task.seed, "reward": reward}

    def _look(self, browser: Browser) -> dict[str, Any] | None:
        """Return how the episode ended; None while it runs, and while a dialog blocks the page."""
        if self._ended is None:
            self._ended = ended(browser)
        return self._ended


class EndsWithPage:
    """A policy that stops when the page has ended its episode, because later actions belong to no episode."""

    def __init__(self, policy: Policy, ended: Callable[[], dict[str, Any] | None]) -> None:
        self._policy, self._ended = policy, ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._policy, name)

    def check(self, goal: str) -> None:
        """Check the goal with the wrapped policy."""
        self._policy.check(goal)

    def choose(self, task: PolicyTask, perception: Perception) -> Decision:
        """Return the end when the page has ended the episode, and otherwise the decision of the wrapped policy."""
        ended = self._ended()
        if ended is None:
            return self._policy.choose(task, perception)
        result = f"the page has ended the episode with reward {ended['reward']:g}"
        return Decision(reasoning=result, action=Done(success=ended["reward"] > 0, answer=result), by="miniwob")

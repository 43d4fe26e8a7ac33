"""MiniWoB++: small web pages with an instruction and a reward, from the package `miniwob` (MIT), in handeye's browser.

The package's pages are served on this machine and used as its own environments use them: the seed is set, an episode
begun, the instruction read, and the reward is the page's, without its loss by time. Nothing else of the package is
imported, and no Selenium started. As many models need longer than the pages' 10 seconds, an episode lasts as long as
the run may.
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
#: Seconds that a page has to make its episode ready.
READY = 20.0

#: What a page tells after its episode; the first end counts, as further clicks may begin another one.
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
#: The page begins by itself as the last thing of its loading.
LOADED = "() => document.readyState === 'complete' && typeof core === 'object' && core.cover_div != null"
READ = "() => { const said = core.getUtterance(); return typeof said === 'string' ? said : said.utterance }"
ENDED = "() => window.handeyeEpisode || null"


@dataclass(frozen=True)
class MiniWobTask(BenchmarkTask):
    """One page with one seed."""

    attempt_runner: str = "handeye.scenarios.agent_benchmarks.miniwob:MiniWobAttempt"
    seed: int = 0


def pages() -> Path:
    """The folder of the package's pages. Raises SetupError where it is not installed."""
    spec = find_spec("miniwob")
    folder = Path(spec.origin).parent / "html" if spec and spec.origin else None
    if folder is None or not (folder / "miniwob").is_dir():
        raise SetupError("MiniWoB++ is not installed; run: pip install 'handeye[bench]'")
    return folder


def names() -> list[str]:
    """Those of all pages, such as `click-button`."""
    return sorted(path.stem for path in (pages() / "miniwob").glob("*.html"))


def tasks(chosen: Sequence[str], seeds: Sequence[int], limits: TaskLimits) -> list[BenchmarkTask]:
    """Each page with each seed; `all` stands for all pages. Raises UsageError for a name that is none."""
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
    """A browser that shows a page large enough for eyes."""
    from handeye.tools.browser import Browser

    return Browser(url, headed=headed, viewport=VIEWPORT, scale=SCALE)


def begin(browser: Browser, seed: int, seconds: float) -> str:
    """Begin an episode on the page that the browser shows; returns the instruction.

    Raises SetupError for a page that does not become ready.
    """
    _await(browser, LOADED)
    # A run's own limit comes first, so that it is the run that says it had no more time.
    browser.run_script(BEGIN, [seed, round(1000 * (seconds + READY))])
    _await(browser, "() => WOB_TASK_READY")
    browser.settle()
    return str(browser.run_script(READ))


def ended(browser: Browser) -> dict[str, Any] | None:
    """The reward of the episode, and why it is that; None while it goes on, and while a dialog keeps the page."""
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


class MiniWobAttempt(BenchmarkAttempt):
    """An episode of a page."""

    _ended: dict[str, Any] | None = None

    def open(self) -> Browser:
        """Open the page of the task."""
        return open_page(self.place, headed=self.settings.options.headed)

    def begin(self, device: Device) -> str:
        seconds = self.scenario.spec.timeout or self.scenario.suite.timeout
        return begin(cast("Browser", device), cast("MiniWobTask", self.scenario).seed, seconds)

    def policy(self, device: Device, policy: Policy) -> Policy:
        """Return the policy of the agent."""
        return EndsWithPage(policy, lambda: self._look(cast("Browser", device)))

    def judge(self, device: Device, run: Run) -> list[CheckResult]:  # noqa: ARG002 - only the page's reward counts
        """Judge the episode by the page's reward."""
        ended = self._look(cast("Browser", device))
        seen = "it has given none" if ended is None else f"it gave {ended['reward']:g}"
        seen += f" ({ended['why']})" if ended and ended["why"] else ""
        state: Any = "passed" if ended and ended["reward"] > 0 else "failed"
        return [CheckResult(expected="the page gives a reward", status=state, actual=seen, kind="reward")]

    def measured(self) -> dict[str, JsonValue]:
        """Return the reward."""
        reward = float(self._ended["reward"]) if self._ended else 0.0
        return {"seed": cast("MiniWobTask", self.scenario).seed, "reward": reward}

    def _look(self, browser: Browser) -> dict[str, Any] | None:
        """Return how the episode ended; None while it runs, and while a dialog blocks the page."""
        if self._ended is None:
            self._ended = ended(browser)
        return self._ended


class EndsWithPage:
    """A policy that stops when the page has ended its episode: what is done afterwards belongs to no episode."""

    def __init__(self, policy: Policy, ended: Callable[[], dict[str, Any] | None]) -> None:
        self._policy, self._ended = policy, ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._policy, name)

    def check(self, goal: str) -> None:
        """As the policy does."""
        self._policy.check(goal)

    def choose(self, task: PolicyTask, perception: Perception) -> Decision:
        """The end, where the page has come to it; else what the policy chooses."""
        ended = self._ended()
        if ended is None:
            return self._policy.choose(task, perception)
        result = f"the page has ended the episode with reward {ended['reward']:g}"
        return Decision(reasoning=result, action=Done(success=ended["reward"] > 0, answer=result), by="miniwob")

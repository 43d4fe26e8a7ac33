"""Everything that the nodes of the loop share during one run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from handeye.tools.custom_tools import Toolbox
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.agent.effect_journal import EffectJournal
    from handeye.agent.event_log import AnyEvent
    from handeye.agent.page_inputs import LoadedPage
    from handeye.agent.recorder import StepHistory
    from handeye.agent.run_folder import RunFolder
    from handeye.perception.observation import Observation
    from handeye.perception.perception import Perception
    from handeye.perception.usage import Usage
    from handeye.policies.decision import Policy
    from handeye.policies.guard.guard import Guard
    from handeye.policies.limits import Limits
    from handeye.tools.device import Device, Settled


@dataclass
class RunContext:
    """The device, perception, policy, guard and files of one run, and what this process observed last."""

    device: Device
    perception: Perception
    policy: Policy
    guard: Guard
    limits: Limits
    folder: RunFolder
    journal: EffectJournal
    record: Callable[[AnyEvent], None]
    """Appends an event to the event log and passes it to the listener."""
    history: StepHistory
    tools: Toolbox = field(default_factory=Toolbox)
    """The custom tools of the run."""
    stop_requested: Callable[[], bool] = lambda: False
    redact: Callable[[str], str] = str
    """Replaces the values of secrets by their names."""
    sync_log: Callable[[], int] = lambda: 0
    """Writes the event log to the disk; returns its number of lines."""
    observation: Observation | None = None
    """The last observation of this process."""
    loaded_page: LoadedPage | None = None
    """What the page in front contained when it had just been loaded."""
    settled: Settled | None = None
    """How the wait after the last action ended; None after the next observation."""
    counted_until: float = field(default_factory=time.monotonic)
    """Until when the run's seconds are counted."""

    def observe(self, view: Box | Sequence[int] | None = None) -> Observation:
        """Capture the screen anew; `view` is the box to look at more closely, in pixels of the screenshot."""
        observation = self.perception.observe(self.device)
        self.observation = replace(observation, view=Box(*view)) if view else observation
        return self.observation

    def last_observation(self) -> Observation:
        """The last observation; a new one if this process has none yet."""
        return self.observation or self.observe()

    def usage(self) -> Usage:
        """What models have cost the policy and the perception of this process so far."""
        return self.policy.usage + self.perception.usage

    def count_seconds(self) -> float:
        """The seconds since the last call, for the run's time limit."""
        now = time.monotonic()
        seconds, self.counted_until = now - self.counted_until, now
        return seconds

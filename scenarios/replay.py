"""Doing a scenario again by its anchors: which policy carries out its parts, and what becomes of the anchors then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.agent.resources import EMBEDDED
from handeye.policies.plain_english import PlainEnglish
from handeye.policies.replay.policy import NoPolicy, ReplayPolicy
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.policies.decision import Policy
    from handeye.scenarios.anchors import AnchorUpdate, RunPart, ScenarioAnchors
    from handeye.scenarios.runner import Settings


class ScenarioReplay:
    """One attempt of a scenario, in the light of its anchors."""

    def __init__(self, settings: Settings, anchors: ScenarioAnchors) -> None:
        self.settings, self.anchors = settings, anchors
        self._used = True

    @property
    def lacking(self) -> str:
        """Why it cannot be tried without a model; empty when it can, or when a model may be asked."""
        if not self.settings.no_model or self.anchors.kept or self.settings.model == EMBEDDED:
            return ""
        why = self.anchors.stale or f"there is no {self.anchors.path}"
        return f"{why}; run it once without --no-model, so that it leaves anchors"

    def policy(self, inner: Policy, part: RunPart, goal: str) -> Policy:
        """Who carries out a part of the scenario: its anchors, and where they have drifted, `inner`."""
        known = self.anchors.kept.part(part) if self.anchors.kept else ()
        if not isinstance(inner, PlainEnglish):
            return ReplayPolicy(inner, known, self.anchors.picture, ask=not self.settings.no_model)
        if not known or any(each.clause is not None for each in known):
            return ReplayPolicy(inner, known, self.anchors.picture)
        # A model has made them, and only plain English is here: it goes its own way where it understands the goal.
        if self.settings.no_model or not _understood(inner, goal):
            return ReplayPolicy(NoPolicy(), known, self.anchors.picture, ask=False)
        self._used = False
        return inner

    def learn(self, runs: Path) -> AnchorUpdate:
        """Take in what a passed attempt has left in its folder."""
        return self.anchors.learn(runs, update=self.settings.update_anchors, used=self._used)


def _understood(policy: PlainEnglish, goal: str) -> bool:
    try:
        policy.check(goal)
    except ActionRefused:
        return False
    return True

"""Replays a scenario by its anchors, and updates the anchors after a passed attempt.

Data flows run → anchors file → policy: `ScenarioReplay.policy` returns the policy that repeats the stored steps;
`ScenarioReplay.update` reads the passed run's event log and writes `shop.anchors/<scenario>.yaml` next to the suite.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.agent.anchors_from_run import anchors_from_run
from handeye.agent.resources import EMBEDDED
from handeye.agent.run_folder import slug
from handeye.policies.plain_english import PlainEnglish
from handeye.policies.replay.anchors import REPLAY, RUN_PARTS, AnchorStore, anchor_diff
from handeye.policies.replay.policy import NoPolicy, ReplayPolicy
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.policies.decision import Policy
    from handeye.policies.replay.anchors import RunPart
    from handeye.scenarios.suite.scenario import Scenario

_PLAIN_NAME = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*")


class AnchorUpdate(NamedTuple):
    """What a passed attempt did with its anchors."""

    replayed: int = 0
    """The number of steps that were repeated."""
    healed: tuple[str, ...] = ()
    """Descriptions of the steps that were done another way."""
    note: str = ""
    """A note about the written file, or the diff that --update-anchors would write."""


class ScenarioReplay:
    """The anchors of one scenario during one attempt."""

    def __init__(self, scenario: Scenario, served: str = "", *, model: str = EMBEDDED, no_model: bool = False) -> None:
        """`served` is the address of the suite's server in this run; with `no_model`, a drifted step fails."""
        path = scenario.file.with_name(f"{scenario.file.stem}.anchors") / f"{anchor_file_name(scenario.name)}.yaml"
        self.store = AnchorStore(path, scenario.name, scenario_digest(scenario), served)
        self._model, self._no_model = model, no_model
        self._used = True

    @property
    def missing(self) -> str:
        """Why the scenario cannot run without a model; empty if it can, or if a model may be used."""
        if not self._no_model or self.store.stored or self._model == EMBEDDED:
            return ""
        why = self.store.stale or f"there is no {self.store.path}"
        return f"{why}; run it once without --no-model to record anchors"

    def policy(self, inner: Policy, part: RunPart, goal: str) -> Policy:
        """The policy for one part of the scenario: the anchors, and `inner` for steps that have drifted."""
        known = self.store.stored.part(part) if self.store.stored else ()
        if not isinstance(inner, PlainEnglish):
            return ReplayPolicy(inner, known, self.store.picture, ask=not self._no_model)
        if not known or any(each.clause is not None for each in known):
            return ReplayPolicy(inner, known, self.store.picture)
        # A model recorded these anchors. Plain English ignores them where it understands the goal.
        if self._no_model or not _understands(inner, goal):
            return ReplayPolicy(NoPolicy(), known, self.store.picture, ask=False)
        self._used = False
        return inner

    def update(self, runs: Path, *, update: bool) -> AnchorUpdate:
        """Read the runs of a passed attempt; write the anchors where there are none, or with `update`.

        `runs` holds one folder for each part. Anchors that were not followed in this attempt stay unchanged.
        """
        store = self.store
        parts = {name: anchors_from_run(runs / name) for name in RUN_PARTS if (runs / name / "trace.jsonl").exists()}
        patches = {digest: png for each in parts.values() for digest, png in each.patches.items()}
        replayed = sum(by == REPLAY for each in parts.values() for by in each.by)
        if store.stored is None:
            if store.write({name: each.anchors for name, each in parts.items()}, patches):
                return AnchorUpdate(replayed, (), f"anchors written to {store.path}")
            return AnchorUpdate(replayed, (), f"{store.folder} cannot be written: no anchors were saved")
        healed = tuple(step for name, each in parts.items() if store.stored.part(name) for step in each.healed())
        if not self._used:
            return AnchorUpdate()
        old = {name: list(store.stored.part(name)) for name in RUN_PARTS}
        merged = {name: each.merge_into(old[name]) for name, each in parts.items()}
        note = anchor_diff(store.text(old), store.text(old | merged), store.path.name) if healed else ""
        if update:
            fresh = {name: each.merge_into(old[name], refresh=True) for name, each in parts.items()}
            if store.text(old | fresh) != store.text(old):
                store.write(old | fresh, patches)
                note = f"anchors updated in {store.path}\n{note}".rstrip()
        return AnchorUpdate(replayed, healed, note)


def scenario_digest(scenario: Scenario) -> str:
    """A digest of what a scenario asks for: its steps, its device and where it starts."""
    suite, spec = scenario.suite, scenario.spec
    setup, teardown = ([each.step for each in steps] for steps in (suite.setup, suite.teardown))
    content: list[Any] = [setup, spec.wanted, teardown, suite.device, spec.on or suite.on]
    content += [sorted((name, str(value)) for name, value in suite.variables.items())]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:16]


def anchor_file_name(name: str) -> str:
    """A scenario's name as a file name, with a digest where characters had to be left out."""
    if _PLAIN_NAME.fullmatch(name) and len(name) <= 60:
        return slug(name, 60)
    return f"{slug(name, 60)}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _understands(policy: PlainEnglish, goal: str) -> bool:
    try:
        policy.check(goal)
    except ActionRefused:
        return False
    return True

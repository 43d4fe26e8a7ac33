"""What a finished run did, in the form that an export needs: its actions in order, and what its goal checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from handeye.agent.resources import looks_like_page
from handeye.agent.run_folder import RunFolder
from handeye.agent.run_view import read_run_view
from handeye.policies.plain_english import clauses as c
from handeye.policies.plain_english.parsing import parse
from handeye.tools.actions import Upload
from handeye.tools.device import Signals
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handeye.agent.run_folder import RunConfig
    from handeye.agent.run_view import RunView
    from handeye.policies.replay.signatures import TargetSignature
    from handeye.tools.actions import Action

#: Actions that change nothing.
_PASSIVE = frozenset({"ask", "done", "zoom"})
PLAIN_ENGLISH = "plain english"

DeviceName = Literal["browser", "virtual", "desktop"]


@dataclass(frozen=True)
class PerformedAction:
    """One action that was performed."""

    step: int
    action: Action
    description: str
    signatures: dict[str, TargetSignature]
    before: Signals
    after: Signals
    clause: int | None = None
    """Index of the clause of the goal, if the plain-English policy decided."""
    outcome: str = "unknown"
    dialog: tuple[bool, str] | None = None
    """The action opened a dialog: whether that was accepted, and the text that was typed into it."""

    @property
    def opened_tab(self) -> bool:
        """Whether a tab appeared that the action did not ask for."""
        return self.action.kind != "tabs" and len(self.after.tabs) > len(self.before.tabs)


@dataclass(frozen=True)
class StatedCheck:
    """A check that the goal contains."""

    clause: int
    text: str
    statement: c.Statement


@dataclass(frozen=True)
class Transcript:
    """What a run did."""

    config: RunConfig
    status: str
    actions: tuple[PerformedAction, ...]
    checks: tuple[StatedCheck, ...]
    """Empty if the goal is not in explicit steps."""
    explicit: bool
    """Whether the goal is explicit steps, which need no model."""
    end: Signals
    """The last observation."""

    @property
    def device(self) -> DeviceName:
        """The kind of device that the run used."""
        if looks_like_page(self.config.on) or self.config.on.startswith("cdp:"):
            return "browser"
        return "desktop" if self.config.on.startswith("desktop") else "virtual"

    @property
    def in_order(self) -> list[PerformedAction | StatedCheck]:
        """Actions and checks in the order of the goal's clauses."""
        entries: list[PerformedAction | StatedCheck] = []
        checks = list(self.checks)
        for action in self.actions:
            while checks and action.clause is not None and checks[0].clause < action.clause:
                entries.append(checks.pop(0))
            entries.append(action)
        return [*entries, *checks]


def read_transcript(path: Path) -> Transcript:
    """The transcript of the run in this folder. Raises UsageError if no action was performed or a file is damaged."""
    folder = RunFolder(path)
    config = folder.config
    if not folder.trace.is_file():
        raise UsageError(f"{path} has no {folder.trace.name}; export a run that has started")
    view = read_run_view(path)
    actions = _performed_actions(view)
    if not actions:
        raise UsageError(f"the run {path} performed no action; export a run that did")
    decisions = [step.decision for step in view.steps if step.decision]
    explicit = bool(decisions) and decisions[-1].by == PLAIN_ENGLISH
    config, actions = _with_absolute_paths(config, actions)
    return Transcript(
        config=config,
        status=str(folder.read().get("status") or "unfinished"),
        actions=tuple(_without_repeats(actions)),
        checks=tuple(_stated_checks(config.goal)) if explicit else (),
        explicit=explicit,
        end=next((step.observation.signals for step in reversed(view.steps) if step.observation), Signals()),
    )


def _performed_actions(view: RunView) -> list[PerformedAction]:
    actions = []
    for step in view.steps:
        decision = step.decision
        if decision is None or step.execution is None or step.execution.failed or decision.action.kind in _PASSIVE:
            continue
        before = step.observation.signals if step.observation else Signals()
        actions.append(
            PerformedAction(
                step=decision.step,
                action=decision.action,
                description=decision.description,
                signatures=dict(decision.signatures),
                before=before,
                after=step.next_observation.signals if step.next_observation else before,
                clause=decision.memo.get("at") if decision.by == PLAIN_ENGLISH else None,
                outcome=step.outcome.kind if step.outcome else "unknown",
            )
        )
    return actions


def _with_absolute_paths(config: RunConfig, actions: list[PerformedAction]) -> tuple[RunConfig, list[PerformedAction]]:
    """Replace the paths of uploaded files, which were relative to the folder that the run started in."""
    if not config.folder:
        return config, actions
    absolute: dict[str, str] = {}
    for index, performed in enumerate(actions):
        if isinstance(performed.action, Upload):
            absolute |= {path: str(Path(config.folder, Path(path).expanduser())) for path in performed.action.paths}
            paths = tuple(absolute[path] for path in performed.action.paths)
            actions[index] = replace(performed, action=performed.action.model_copy(update={"paths": paths}))
    goal = config.goal
    for clause in _upload_clauses(goal):
        source = clause.source
        for path in clause.paths:
            source = source.replace(path, absolute.get(path, path))
        goal = goal.replace(clause.source, source)
    return config.model_copy(update={"goal": goal}), actions


def _upload_clauses(goal: str) -> list[c.Give]:
    try:
        return [clause for clause in parse(goal) if isinstance(clause, c.Give)]
    except (ActionRefused, UsageError):
        return []


def _without_repeats(actions: list[PerformedAction]) -> Iterator[PerformedAction]:
    """The actions without those that had no effect and were tried again, and without waits that a policy added."""
    for index, performed in enumerate(actions):
        following = actions[index + 1] if index + 1 < len(actions) else None
        repeated = following and (following.action.kind, following.clause) == (performed.action.kind, performed.clause)
        if performed.outcome == "no_effect" and repeated:
            continue
        if performed.action.kind == "wait" and performed.clause is not None and not performed.action.text:
            continue
        yield performed


def _stated_checks(goal: str) -> Iterator[StatedCheck]:
    """What an explicit goal checks or waits for, with the index of its clause as the policy counts clauses."""
    try:
        clauses = parse(goal)
    except (ActionRefused, UsageError):
        return
    index = 0
    for clause in clauses:
        if isinstance(clause, c.Verify | c.Await):
            yield StatedCheck(index, clause.statement.said or clause.source, clause.statement)
        index += _clause_count([clause])


def _clause_count(clauses: Sequence[c.Clause]) -> int:
    """How many indices the clauses take: a condition precedes its own clauses, and a jump its "otherwise"."""
    count = 0
    for clause in clauses:
        count += 1
        if isinstance(clause, c.When):
            count += _clause_count(clause.then)
            count += 1 + _clause_count(clause.otherwise) if clause.otherwise else 0
    return count

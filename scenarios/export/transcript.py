"""What a finished run did, read from its trace: what an export has to tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from handeye.agent.event_log import Decided, Observed, Performed, read_events
from handeye.agent.resources import looks_like_page
from handeye.agent.run_folder import RunFolder
from handeye.policies.plain_english import clauses as c
from handeye.policies.plain_english.parsing import parse
from handeye.tools.actions import Upload
from handeye.tools.device import Signals
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handeye.agent.run_folder import RunConfig
    from handeye.policies.replay.signatures import TargetSignature
    from handeye.tools.actions import Action

#: What changes nothing.
_IDLE = frozenset({"ask", "done", "zoom"})
PLAIN = "plain english"

DeviceName = Literal["browser", "virtual", "desktop"]


@dataclass(frozen=True)
class PerformedAction:
    """One action that was carried out."""

    step: int
    action: Action
    said: str
    signatures: dict[str, TargetSignature]
    before: Signals
    after: Signals
    clause: int | None = None
    """Of the goal, where the policy follows clauses."""
    outcome: str = "unknown"
    dialog: tuple[bool, str] | None = None
    """It opened a dialog: whether that was accepted, and what was written into it."""

    @property
    def opened_tab(self) -> bool:
        return self.action.kind != "tabs" and len(self.after.tabs) > len(self.before.tabs)


@dataclass(frozen=True)
class StatedCheck:
    """Something that the goal has checked."""

    clause: int
    said: str
    statement: c.Statement


@dataclass(frozen=True)
class Transcript:
    """A run, as it is told again."""

    config: RunConfig
    status: str
    deeds: tuple[PerformedAction, ...]
    checked: tuple[StatedCheck, ...]
    """Empty where the goal is not in explicit steps."""
    explicit: bool
    """The goal itself is steps that need no model."""
    end: Signals
    """The last look."""

    @property
    def device(self) -> DeviceName:
        if looks_like_page(self.config.on) or self.config.on.startswith("cdp:"):
            return "browser"
        return "desktop" if self.config.on.startswith("desktop") else "virtual"

    @property
    def in_order(self) -> list[PerformedAction | StatedCheck]:
        """Actions, and between them what was checked."""
        told: list[PerformedAction | StatedCheck] = []
        rest = list(self.checked)
        for deed in self.deeds:
            while rest and deed.clause is not None and rest[0].clause < deed.clause:
                told.append(rest.pop(0))
            told.append(deed)
        return [*told, *rest]


def read_transcript(path: Path) -> Transcript:
    """What the run in this folder did. Raises UsageError when nothing was done, or nothing can be read."""
    folder = RunFolder(path)
    config = folder.config
    if not folder.trace.is_file():
        raise UsageError(f"{path} has no {folder.trace.name}; export a run that has begun")
    deeds, by, end = _deeds(folder.trace)
    if not deeds:
        raise UsageError(f"the run {path} has done nothing; export one that has carried out steps")
    explicit = by == PLAIN
    config, deeds = _with_whole_paths(config, deeds)
    return Transcript(
        config=config,
        status=str(folder.read().get("status") or "unfinished"),
        deeds=tuple(_once(deeds)),
        checked=tuple(_checked(config.goal)) if explicit else (),
        explicit=explicit,
        end=end,
    )


def _with_whole_paths(config: RunConfig, deeds: list[PerformedAction]) -> tuple[RunConfig, list[PerformedAction]]:
    """The files that were given away, by paths that mean the same wherever the export is kept."""
    if not config.folder:
        return config, deeds
    whole: dict[str, str] = {}
    for place, deed in enumerate(deeds):
        if isinstance(deed.action, Upload):
            whole |= {path: str(Path(config.folder, Path(path).expanduser())) for path in deed.action.paths}
            paths = tuple(whole[path] for path in deed.action.paths)
            deeds[place] = replace(deed, action=deed.action.model_copy(update={"paths": paths}))
    goal = config.goal
    for clause in _gives(goal):
        said = clause.source
        for path in clause.paths:
            said = said.replace(path, whole.get(path, path))
        goal = goal.replace(clause.source, said)
    return config.model_copy(update={"goal": goal}), deeds


def _gives(goal: str) -> list[c.Give]:
    try:
        return [clause for clause in parse(goal) if isinstance(clause, c.Give)]
    except (ActionRefused, UsageError):
        return []


def _deeds(trace: Path) -> tuple[list[PerformedAction], str, Signals]:
    deeds: list[PerformedAction] = []
    reasoning: Decided | None = None
    signals, by, waiting = Signals(), "", False
    for event in read_events(trace):
        match event:
            case Observed():
                signals = event.signals
                if waiting:
                    seen = event.outcome.kind if event.outcome else "unknown"
                    deeds[-1] = replace(deeds[-1], after=signals, outcome=seen)
                waiting = False
            case Decided():
                reasoning, by = event, event.by
            case Performed(failed=False) if (
                reasoning and reasoning.step == event.step and reasoning.action.kind not in _IDLE
            ):
                at = reasoning.memo.get("at") if reasoning.by == PLAIN else None
                deeds.append(
                    PerformedAction(
                        reasoning.step,
                        reasoning.action,
                        reasoning.description,
                        dict(reasoning.signatures),
                        signals,
                        signals,
                        at,
                    )
                )
                waiting = True
            case _:
                continue
    return deeds, by, signals


def _once(deeds: list[PerformedAction]) -> Iterator[PerformedAction]:
    """Without what came to nothing and was tried again, and without waits that a policy put in by itself."""
    for place, deed in enumerate(deeds):
        later = deeds[place + 1] if place + 1 < len(deeds) else None
        again = later and (later.action.kind, later.clause) == (deed.action.kind, deed.clause)
        if deed.outcome == "no_effect" and again:
            continue
        if deed.action.kind == "wait" and deed.clause is not None and not deed.action.text:
            continue
        yield deed


def _checked(goal: str) -> Iterator[StatedCheck]:
    """What an explicit goal checks or waits for, with the place of its clause in the goal as the policy counts them."""
    try:
        clauses = parse(goal)
    except (ActionRefused, UsageError):
        return
    place = 0
    for clause in clauses:
        if isinstance(clause, c.Verify | c.Await):
            yield StatedCheck(place, clause.statement.said or clause.source, clause.statement)
        place += _length([clause])


def _length(clauses: Sequence[c.Clause]) -> int:
    """So many places the clauses take: a condition stands before its own, and a jump before its "otherwise"."""
    count = 0
    for clause in clauses:
        count += 1
        if isinstance(clause, c.When):
            count += _length(clause.then) + (1 + _length(clause.otherwise) if clause.otherwise else 0)
    return count

"""The replay policy: repeats recorded steps, and asks another policy only for a step that has drifted."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from handeye.perception.usage import Usage
from handeye.policies.decision import Adapting, Decision
from handeye.policies.plain_english.english_policy import PlainEnglish
from handeye.policies.replay.anchor_matching import match_anchor, same_action, same_words
from handeye.policies.replay.anchors import READ_ANEW, REPLAY
from handeye.policies.replay.goal_checks import goal_checks
from handeye.tools.actions import Done, Scroll, Wait
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.observation import Observation
    from handeye.perception.outcome import Outcome
    from handeye.perception.perception import Perception
    from handeye.policies.decision import Policy, PolicyInput
    from handeye.policies.replay.anchor_matching import AnchorMatch, Patches
    from handeye.policies.replay.anchors import Anchor
    from handeye.tools.geometry import Box

#: Seconds of the waits for a target that is not there yet, and for a check that does not hold yet.
WAITS = (0.5, 1.0, 2.0)
#: So often a target off the screen is scrolled to, and so many pixels a notch of the wheel moves, about.
SCROLLS, NOTCH = 6, 100


#: The key of the replay state in a memo.
KEY = "replay"
#: Keys of earlier versions, which are still read.
_OLD_KEYS = {
    "fell": "other_policy_decided",
    "asked_policy": "other_policy_decided",
    "deed": "same_action_done",
    "vain": "had_no_effect",
    "held": "passed_checks",
    "whole": "all_signals",
    "own": "own_step",
    "ahead": "next_matched",
}


@dataclass(frozen=True)
class ReplayState:
    """The position in the anchors, and what the previous step was; stored in a decision's memo."""

    at: int = 0
    """The index of the next anchor."""
    last: int = -1
    """The index of the anchor that the previous step repeated; -1 for none."""
    step: int = -1
    """The index of the anchor that this decision repeats; -1 for none."""
    all_signals: bool = True
    """Whether all signals of the anchor agreed."""
    own_step: bool = False
    """A wait or a scroll of the replay itself, without an anchor."""
    other_policy_decided: bool = False
    """The previous step was decided by the other policy."""
    same_action_done: bool = False
    """That step performed the anchor's action."""
    had_no_effect: bool = False
    """The other policy was used because the anchor's action had no effect, not because its place was missing."""
    next_matched: bool = False
    """When it was used, the anchor after the drifted one matched the screen."""
    waits: int = 0
    scrolls: int = 0
    skipped: tuple[int, ...] = ()
    """Indexes of skipped optional anchors."""
    passed_checks: tuple[str, ...] = ()
    """Checks of the goal that passed on this observation."""

    @classmethod
    def read(cls, memo: dict[str, Any]) -> tuple[ReplayState, dict[str, Any]]:
        """The replay state of a memo, and the rest of the memo, which belongs to the other policy."""
        stored = {_OLD_KEYS.get(key, key): value for key, value in memo.get(KEY, {}).items()}
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        for name in ("skipped", "passed_checks"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known), {name: value for name, value in memo.items() if name != KEY}

    def note(self, decision: Decision, note: str = "", *, step: int = -1, own: bool = False) -> Decision:
        """The decision with this state in its memo."""
        stored = asdict(replace(self, step=step, own_step=own))
        default = asdict(ReplayState())
        changed = {name: value for name, value in stored.items() if value != default[name]}
        notes = (*decision.notes, note) if note else decision.notes
        return decision.model_copy(update={"memo": decision.memo | {KEY: changed}, "notes": notes})

    def without(self, optional: int) -> ReplayState:
        """The state after an optional anchor was skipped."""
        return replace(self, skipped=tuple(dict.fromkeys((*self.skipped, optional))))

    def with_late(self, optional: int) -> ReplayState:
        """The state after a skipped optional anchor was performed late."""
        return replace(self, skipped=tuple(each for each in self.skipped if each != optional))


class NoPolicy:
    """A placeholder where no other policy may be used."""

    name = "nobody"

    def __init__(self) -> None:
        self.usage = Usage()

    def check(self, goal: str) -> None:
        """Accept any goal: it never decides."""

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:  # noqa: ARG002
        raise ActionRefused("the step needs a model; omit --no-model")


class ReplayPolicy:
    """Repeats a step where at least two signals agree on its place; otherwise asks `inner` for this step.

    With plain English as `inner`, its clauses decide what happens, and anchors only give the places: checks, readings
    and conditions use the current screen. No model is used while the anchors match. The goal's checks in plain
    English are evaluated before the steps at which they passed when the anchors were recorded.

    Limit: a page that looks the same but behaves differently is not detected.
    """

    def __init__(
        self, inner: Policy, anchors: Sequence[Anchor] = (), patches: Patches | None = None, *, ask: bool = True
    ) -> None:
        """`patches` returns the picture of a digest; without `ask`, a drifted step ends the run as failed."""
        self.inner = inner
        self.anchors = tuple(anchors)
        self.name = REPLAY if self.anchors else inner.name
        self.ask = ask
        self.usage = inner.usage
        """The usage of the other policy."""
        self._patches: Patches = patches or (lambda _: None)
        if isinstance(inner, Adapting):
            self.adapts = True

    def check(self, goal: str) -> None:
        self.inner.check(goal)

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:
        """The next step: of the anchors where their signals agree, otherwise of the other policy."""
        try:
            return self._chosen(task, perception)
        finally:
            self.usage = self.inner.usage

    def _chosen(self, task: PolicyInput, perception: Perception) -> Decision:
        memory, memo = ReplayState.read(task.memo)
        own = replace(task, memo=memo)
        if isinstance(self.inner, PlainEnglish):
            return self._by_clauses(own, memory, perception) if self.anchors else self.inner.choose(own, perception)
        memory = replace(memory, passed_checks=self._held(own))
        return self._in_order(own, memory, perception)

    def close(self) -> None:
        """Close the other policy; may be called twice."""
        if close := getattr(self.inner, "close", None):
            close()

    # Plain English decides which clause is next; the anchor gives the place.

    def _by_clauses(self, task: PolicyInput, memory: ReplayState, perception: Perception) -> Decision:
        description = self.inner.choose(task, perception)
        clause, kind = description.memo.get("at"), description.action.kind
        if kind in READ_ANEW and not isinstance(description.action, Wait):
            return memory.note(description)
        ahead = [
            (at, each) for at, each in enumerate(self.anchors) if at >= memory.at and each.clause == clause
        ]  # fmt: skip
        alike = [(at, each) for at, each in ahead if same_words(each, description.action)]
        looking = isinstance(description.action, Wait | Scroll)
        if not alike and not (looking and ahead):
            return memory.note(description)
        at, anchor = alike[0] if alike else ahead[0]
        tried = match_anchor(anchor, task.observation, self._patches)
        if tried.action is None:
            after = at + 1 if alike else memory.at
            reason = f"step {at + 1} of {len(self.anchors)} was not done as before: {tried.says}"
            return replace(memory, at=after, last=-1).note(description, reason)
        staged = {name: anchor.memo[name] for name in ("stage", "tries", "kept") if name in anchor.memo and not alike}
        done = description.model_copy(update={"memo": description.memo | staged})
        return self._again(at, tried, memory, done.memo, done.reasoning, done.notes)

    # With a model, the anchors are followed in their order.

    def _in_order(self, task: PolicyInput, memory: ReplayState, perception: Perception) -> Decision:
        if not self.anchors or memory.at >= len(self.anchors):
            return self._other_decision(task, memory, perception, "")
        if memory.last >= 0 and task.steps and drifted(self.anchors[memory.last], task.steps[-1].outcome):
            memory = replace(memory, at=memory.last, same_action_done=True)
        vain = self._in_vain(task, memory)
        if reason := task.trouble or vain:
            return self._other_decision(
                task, replace(memory, had_no_effect=memory.had_no_effect or bool(vain)), perception, reason
            )
        if memory.other_policy_decided:  # the step was done by another way: go on from where the screen is now
            memory = self._resumed(task, memory)
        if memory.at >= len(self.anchors):
            return self._other_decision(task, memory, perception, "")
        if failed := self._checked(task, memory):
            return failed
        return self._next(task, memory, perception)

    def _in_vain(self, task: PolicyInput, memory: ReplayState) -> str:
        """Why a performed step had no effect, in words; empty when it had one."""
        if not memory.same_action_done or not task.steps:
            return ""
        drift = drifted(self.anchors[memory.at], task.steps[-1].outcome)
        return f"it had an effect before, and now: {drift}" if drift else ""

    def _next(self, task: PolicyInput, memory: ReplayState, perception: Perception) -> Decision:
        at = memory.at
        while True:
            anchor = self.anchors[at]
            tried = match_anchor(anchor, task.observation, self._patches)
            if tried.action is not None and (unread := self._unread(task, anchor)):
                return self._other_decision(task, replace(memory, at=at), perception, unread)
            if tried.action is not None:
                return self._again(
                    at, tried, replace(memory, at=at), anchor.memo, anchor.reasoning or anchor.description
                )
            if tried.away is not None and memory.scrolls < SCROLLS:
                return self._scrolled(task.observation, tried.away, anchor, memory)
            if not anchor.optional or at + 1 >= len(self.anchors):
                break
            at, memory = at + 1, memory.without(at)
        for earlier in memory.skipped:  # something optional may appear late
            late = match_anchor(self.anchors[earlier], task.observation, self._patches)
            if late.action is not None:
                known = self.anchors[earlier]
                return self._again(earlier, late, memory.with_late(earlier), known.memo, known.description, back=at)
        memory = replace(memory, at=at)
        if memory.waits < len(WAITS):
            wait = Wait(seconds=WAITS[memory.waits])
            memory = replace(memory, waits=memory.waits + 1)
            return self._own(wait, f"{anchor.description}: {tried.says}; wait a little", memory)
        return self._other_decision(task, memory, perception, f"step {at + 1}, {anchor.description}: {tried.says}")

    def _other_decision(self, task: PolicyInput, memory: ReplayState, perception: Perception, reason: str) -> Decision:
        """The decision of the other policy for one step that cannot be repeated."""
        if not self.ask and not isinstance(self.inner, PlainEnglish):
            reason = reason or "the steps that are known are done, and the goal is not known to be reached"
            answer = f"{reason}; and --no-model excludes a model"
            return Decision(reasoning="This was not so before", action=Done(success=False, answer=answer), by=REPLAY)
        anchor = self.anchors[memory.at] if memory.at < len(self.anchors) else None
        if anchor and reason:
            reasoning = f" ({anchor.reasoning})" if anchor.reasoning else ""
            goal = (
                f"{task.goal}\n\nSo far it was done as before. The next step was: {anchor.description}"
                f"{reasoning}. It cannot be repeated as it was, because {reason}"
                ". Do this one step on the screen as it is now. Say done only when the whole goal is reached."
            )
            task = replace(task, goal=goal)
        description = self.inner.choose(task, perception)
        if isinstance(description.action, Done) and description.action.success and (wrong := self._unmet(task, memory)):
            action = Done(success=False, answer=wrong)
            return Decision(reasoning="What the goal has checked is not so", action=action, by=REPLAY)
        note = f"not done as before: {reason}" if reason and self.anchors else ""
        deed = bool(anchor and same_action(anchor, description.action))
        ahead = bool(reason) and self._possible(memory.at + 1, task)
        return replace(
            memory, last=-1, other_policy_decided=True, same_action_done=deed, next_matched=ahead, waits=0, scrolls=0
        ).note(description, note)

    def _resumed(self, task: PolicyInput, memory: ReplayState) -> ReplayState:
        """The position after a step of the other policy: the drifted step again where that step only prepared it."""
        at, on = memory.at, replace(memory, other_policy_decided=False, same_action_done=False, had_no_effect=False)
        if not memory.had_no_effect and self._possible(at, task):
            return on
        cleared = not memory.next_matched and self._possible(at + 1, task)
        return replace(on, at=at + 1) if memory.same_action_done or cleared else on

    def _possible(self, at: int, task: PolicyInput) -> bool:
        return (
            at < len(self.anchors)
            and match_anchor(self.anchors[at], task.observation, self._patches).action is not None
        )

    # Checks of the goal

    def _held(self, task: PolicyInput) -> tuple[str, ...]:
        return tuple(
            each.description for each in goal_checks(task.goal).checks if each.evaluate(task.observation).holds
        )

    def _checked(self, task: PolicyInput, memory: ReplayState) -> Decision | None:
        """Evaluate the checks before the next step: a wait while one fails, then the end; None when all pass."""
        wanted = self.anchors[memory.at].checks
        for check in goal_checks(task.goal).checks:
            if check.description not in wanted or check.description in memory.passed_checks:
                continue
            says = check.evaluate(task.observation).says
            if memory.waits < len(WAITS):
                wait = Wait(seconds=WAITS[memory.waits])
                return self._own(wait, f"not yet: {says}", replace(memory, waits=memory.waits + 1))
            action = Done(success=False, answer=f"check that {check.description}: {says}")
            return Decision(reasoning="What the goal has checked is not so", action=action, by=REPLAY)
        return None

    def _unread(self, task: PolicyInput, anchor: Anchor) -> str:
        """Why the end needs a model: a check that no anchor contains; empty otherwise."""
        if anchor.action["kind"] != "done":
            return ""
        goal = goal_checks(task.goal)
        placed = {description for each in self.anchors for description in each.checks}
        open_ = [*goal.unread, *(each.description for each in goal.checks if each.description not in placed)]
        return f"“{open_[0]}” can only be judged by a model" if open_ else ""

    def _unmet(self, task: PolicyInput, memory: ReplayState) -> str:
        """A failed check of the goal's end, though the other policy reports success; empty for none."""
        wanted = self.anchors[-1].checks if self.anchors else ()
        goal = task.goal.partition("\n\nSo far it was done as before.")[0]
        wrong = (
            each
            for each in goal_checks(goal).checks
            if each.description in wanted and each.description not in memory.passed_checks
        )
        first = next(wrong, None)
        return f"check that {first.description}: {first.evaluate(task.observation).says}" if first else ""

    # Making decisions

    def _again(
        self,
        at: int,
        tried: AnchorMatch,
        memory: ReplayState,
        memo: dict[str, Any],
        reasoning: str,
        notes: tuple[str, ...] = (),
        back: int | None = None,
    ) -> Decision:
        assert tried.action is not None
        memory = replace(
            memory, at=at + 1 if back is None else back, last=at, step=at, all_signals=tried.whole, waits=0, scrolls=0
        )
        decision = Decision(reasoning=reasoning, action=tried.action, by=REPLAY, memo=memo, notes=notes)
        return memory.note(decision, f"as before, step {at + 1} of {len(self.anchors)}: {tried.says}", step=at)

    def _scrolled(self, observation: Observation, box: Box, anchor: Anchor, memory: ReplayState) -> Decision:
        middle = observation.screenshot.height // 2
        way = box.centre.y - middle
        amount = max(1, min(30, round(abs(way) / NOTCH)))
        scroll = Scroll(direction="down" if way > 0 else "up", amount=amount)
        return self._own(scroll, f"{anchor.description}: scroll to it", replace(memory, scrolls=memory.scrolls + 1))

    def _own(self, action: Wait | Scroll, reasoning: str, memory: ReplayState) -> Decision:
        """A wait or a scroll without an anchor."""
        decision = Decision(reasoning=reasoning, action=action, by=REPLAY)
        return replace(memory, last=-1, own_step=True).note(decision, own=True)


def drifted(anchor: Anchor, outcome: Outcome) -> str:
    """The outcome of a step that had an effect when recorded and has none or another now; empty for the same."""
    if anchor.effect == "confirmed" and outcome.kind in ("no_effect", "unexpected"):
        return outcome.evidence or outcome.kind
    return ""

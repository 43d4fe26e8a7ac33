"""The replay policy: repeats recorded steps, and asks another policy only for a step that has drifted."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from handeye.perception.usage import Usage
from handeye.policies.decision import Adapting, Decision
from handeye.policies.plain_english.english_policy import PlainEnglish
from handeye.policies.replay.anchor_action import match_anchor, same_action, same_words
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
    from handeye.policies.replay.anchor_action import AnchorMatch, Patches
    from handeye.policies.replay.anchors import Anchor
    from handeye.tools.geometry import Box

#: Seconds of the waits for a target that is not there yet, and for a check that does not hold yet.
WAITS = (0.5, 1.0, 2.0)
#: So often a target off the screen is scrolled to, and so many pixels a notch of the wheel moves, about.
SCROLLS, NOTCH = 6, 100


#: The key of the memo under which it stands.
KEY = "replay"


@dataclass(frozen=True)
class ReplayState:
    """The place in the anchors, and what the step before was."""

    at: int = 0
    """The anchor to be done next."""
    last: int = -1
    """The anchor that the step before did; -1 when it was none."""
    step: int = -1
    """The anchor that this very decision does; -1 when it is none."""
    whole: bool = True
    """Whether all of its signals agreed."""
    own: bool = False
    """A wait or a scroll that no anchor knows."""
    fell: bool = False
    """The step before was another policy's."""
    deed: bool = False
    """And did what the anchor does."""
    vain: bool = False
    """It was asked because what the anchor did had no effect, not because its place was not found."""
    ahead: bool = False
    """When it was asked, the step after the drifted one could have been done already."""
    waits: int = 0
    scrolls: int = 0
    skipped: tuple[int, ...] = ()
    """Optional anchors that were left out."""
    held: tuple[str, ...] = ()
    """What the goal checks, and holds on this look."""

    @classmethod
    def read(cls, memo: dict[str, Any]) -> tuple[ReplayState, dict[str, Any]]:
        """What a memo says of the replay, and the rest, which is the other policy's."""
        kept = dict(memo.get(KEY, {}))
        known = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        for name in ("skipped", "held"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known), {name: value for name, value in memo.items() if name != KEY}

    def note(self, decision: Decision, note: str = "", *, step: int = -1, own: bool = False) -> Decision:
        """The decision with this in its memo."""
        kept = asdict(replace(self, step=step, own=own))
        default = asdict(ReplayState())
        told = {name: value for name, value in kept.items() if value != default[name]}
        notes = (*decision.notes, note) if note else decision.notes
        return decision.model_copy(update={"memo": decision.memo | {KEY: told}, "notes": notes})

    def without(self, optional: int) -> ReplayState:
        """Having left out an optional anchor."""
        return replace(self, skipped=tuple(dict.fromkeys((*self.skipped, optional))))

    def with_late(self, optional: int) -> ReplayState:
        """Having done an optional anchor late."""
        return replace(self, skipped=tuple(each for each in self.skipped if each != optional))


class NoPolicy:
    """Stands in for a policy where none may be asked."""

    name = "nobody"

    def __init__(self) -> None:
        self.usage = Usage()

    def check(self, goal: str) -> None:
        """Any goal will do: it is never asked."""

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:  # noqa: ARG002
        raise ActionRefused("no model may be asked; leave out --no-model")


class ReplayPolicy:
    """Does a step again when at least two signals agree on where; else asks `inner` for this one step.

    Plain English is followed clause by clause, so that what a goal checks, reads or makes conditional is judged on the
    screen as it is now, and an anchor only says where. A model is not asked at all while the anchors hold; what the
    goal checks in plain English is judged where it held when the anchors were made.

    Not protected: a page that looks and reads the same, and does something else.
    """

    def __init__(
        self, inner: Policy, anchors: Sequence[Anchor] = (), patches: Patches | None = None, *, ask: bool = True
    ) -> None:
        """`patches` gives the picture of a digest; without `ask`, a step that has drifted ends the run as failed."""
        self.inner = inner
        self.anchors = tuple(anchors)
        self.name = REPLAY if self.anchors else inner.name
        self.ask = ask
        self.usage = inner.usage
        """What asking the other policy has cost."""
        self._patches: Patches = patches or (lambda _: None)
        if isinstance(inner, Adapting):
            self.adapts = True

    def check(self, goal: str) -> None:
        self.inner.check(goal)

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:
        """The next step: of the anchors where their signals agree, of the other policy where they do not."""
        try:
            return self._chosen(task, perception)
        finally:
            self.usage = self.inner.usage

    def _chosen(self, task: PolicyInput, perception: Perception) -> Decision:
        memory, memo = ReplayState.read(task.memo)
        own = replace(task, memo=memo)
        if isinstance(self.inner, PlainEnglish):
            return self._by_clauses(own, memory, perception) if self.anchors else self.inner.choose(own, perception)
        memory = replace(memory, held=self._held(own))
        return self._in_order(own, memory, perception)

    def close(self) -> None:
        """Let go of what the other policy holds; may be called twice."""
        if close := getattr(self.inner, "close", None):
            close()

    # Plain English: it says which clause is next, and what of it; the anchor says where.

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

    # A model: the anchors are followed in their order.

    def _in_order(self, task: PolicyInput, memory: ReplayState, perception: Perception) -> Decision:
        if not self.anchors or memory.at >= len(self.anchors):
            return self._asked(task, memory, perception, "")
        if memory.last >= 0 and task.steps and drifted(self.anchors[memory.last], task.steps[-1].outcome):
            memory = replace(memory, at=memory.last, deed=True)
        vain = self._in_vain(task, memory)
        if reason := task.trouble or vain:
            return self._asked(task, replace(memory, vain=memory.vain or bool(vain)), perception, reason)
        if memory.fell:  # the step was done by another way: go on from where the screen is now
            memory = self._resumed(task, memory)
        if memory.at >= len(self.anchors):
            return self._asked(task, memory, perception, "")
        if failed := self._checked(task, memory):
            return failed
        return self._next(task, memory, perception)

    def _in_vain(self, task: PolicyInput, memory: ReplayState) -> str:
        """Why a step that was done, as before or by the other policy, does not count; empty when it does."""
        if not memory.deed or not task.steps:
            return ""
        drift = drifted(self.anchors[memory.at], task.steps[-1].outcome)
        return f"it had an effect before, and now: {drift}" if drift else ""

    def _next(self, task: PolicyInput, memory: ReplayState, perception: Perception) -> Decision:
        at = memory.at
        while True:
            anchor = self.anchors[at]
            tried = match_anchor(anchor, task.observation, self._patches)
            if tried.action is not None and (unread := self._unread(task, anchor)):
                return self._asked(task, replace(memory, at=at), perception, unread)
            if tried.action is not None:
                return self._again(
                    at, tried, replace(memory, at=at), anchor.memo, anchor.reasoning or anchor.description
                )
            if tried.away is not None and memory.scrolls < SCROLLS:
                return self._scrolled(task.observation, tried.away, anchor, memory)
            if not anchor.optional or at + 1 >= len(self.anchors):
                break
            at, memory = at + 1, memory.without(at)
        for earlier in memory.skipped:  # what sometimes comes may come late
            late = match_anchor(self.anchors[earlier], task.observation, self._patches)
            if late.action is not None:
                known = self.anchors[earlier]
                return self._again(earlier, late, memory.with_late(earlier), known.memo, known.description, back=at)
        memory = replace(memory, at=at)
        if memory.waits < len(WAITS):
            wait = Wait(seconds=WAITS[memory.waits])
            memory = replace(memory, waits=memory.waits + 1)
            return self._own(wait, f"{anchor.description}: {tried.says}; wait a little", memory)
        return self._asked(task, memory, perception, f"step {at + 1}, {anchor.description}: {tried.says}")

    def _asked(self, task: PolicyInput, memory: ReplayState, perception: Perception, reason: str) -> Decision:
        """The decision of the other policy, for the one step that cannot be done as before."""
        if not self.ask and not isinstance(self.inner, PlainEnglish):
            reason = reason or "the steps that are known are done, and the goal is not known to be reached"
            answer = f"{reason}; and no model may be asked"
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
        return replace(memory, last=-1, fell=True, deed=deed, ahead=ahead, waits=0, scrolls=0).note(description, note)

    def _resumed(self, task: PolicyInput, memory: ReplayState) -> ReplayState:
        """Where to go on after a step of the other policy: at the drifted step where only the way to it was cleared."""
        at, on = memory.at, replace(memory, fell=False, deed=False, vain=False)
        if not memory.vain and self._possible(at, task):
            return on
        cleared = not memory.ahead and self._possible(at + 1, task)
        return replace(on, at=at + 1) if memory.deed or cleared else on

    def _possible(self, at: int, task: PolicyInput) -> bool:
        return (
            at < len(self.anchors)
            and match_anchor(self.anchors[at], task.observation, self._patches).action is not None
        )

    # What the goal checks.

    def _held(self, task: PolicyInput) -> tuple[str, ...]:
        return tuple(each.description for each in goal_checks(task.goal).checks if each.judge(task.observation).holds)

    def _checked(self, task: PolicyInput, memory: ReplayState) -> Decision | None:
        """What the goal has checked before the next step, judged anew: a wait while it does not hold, then the end."""
        wanted = self.anchors[memory.at].checks
        for check in goal_checks(task.goal).checks:
            if check.description not in wanted or check.description in memory.held:
                continue
            says = check.judge(task.observation).says
            if memory.waits < len(WAITS):
                wait = Wait(seconds=WAITS[memory.waits])
                return self._own(wait, f"not yet: {says}", replace(memory, waits=memory.waits + 1))
            action = Done(success=False, answer=f"check that {check.description}: {says}")
            return Decision(reasoning="What the goal has checked is not so", action=action, by=REPLAY)
        return None

    def _unread(self, task: PolicyInput, anchor: Anchor) -> str:
        """Why the end cannot be told without a model: a check that no anchor places."""
        if anchor.action["kind"] != "done":
            return ""
        goal = goal_checks(task.goal)
        placed = {description for each in self.anchors for description in each.checks}
        open_ = [*goal.unread, *(each.description for each in goal.checks if each.description not in placed)]
        return f"“{open_[0]}” can only be judged by a model" if open_ else ""

    def _unmet(self, task: PolicyInput, memory: ReplayState) -> str:
        """A check of the goal's end that does not hold, though the other policy says that all is done."""
        wanted = self.anchors[-1].checks if self.anchors else ()
        goal = task.goal.partition("\n\nSo far it was done as before.")[0]
        wrong = (
            each
            for each in goal_checks(goal).checks
            if each.description in wanted and each.description not in memory.held
        )
        first = next(wrong, None)
        return f"check that {first.description}: {first.judge(task.observation).says}" if first else ""

    # How a decision is made up.

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
            memory, at=at + 1 if back is None else back, last=at, step=at, whole=tried.whole, waits=0, scrolls=0
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
        """A step of its own that no anchor knows."""
        decision = Decision(reasoning=reasoning, action=action, by=REPLAY)
        return replace(memory, last=-1, own=True).note(decision, own=True)


def drifted(anchor: Anchor, outcome: Outcome) -> str:
    """What became of a step that had an effect before and has none, or another, now; empty where it went as before."""
    if anchor.effect == "confirmed" and outcome.kind in ("no_effect", "unexpected"):
        return outcome.evidence or outcome.kind
    return ""

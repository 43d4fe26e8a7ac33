"""The policy that follows explicit English steps, one clause after the other, without a model."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import handeye.policies.plain_english.acts_finding as acts_finding
import handeye.policies.plain_english.acts_forms as acts_forms
import handeye.policies.plain_english.acts_hands as acts_hands
import handeye.policies.plain_english.acts_items as acts_items
import handeye.policies.plain_english.acts_logging as acts_logging
import handeye.policies.plain_english.acts_looking as acts_looking
import handeye.policies.plain_english.acts_sums as acts_sums
import handeye.policies.plain_english.acts_tools as acts_tools
import handeye.policies.plain_english.acts_verbs as acts_verbs
import handeye.policies.plain_english.clauses as c
from handeye.perception.outcome_fields import SINCE_LEFT
from handeye.perception.usage import Usage
from handeye.policies.decision import Decision
from handeye.policies.plain_english.acts_each import EndEach, end_each, for_each, in_item
from handeye.policies.plain_english.acts_forms import offered
from handeye.policies.plain_english.checks import evaluate, name_screen
from handeye.policies.plain_english.moment import AmbiguousTarget, Fail, Moment, Next, Progress, Step
from handeye.policies.plain_english.parsing import parse
from handeye.policies.plain_english.reaching import once
from handeye.policies.plain_english.searching import wait_or_scroll
from handeye.tools.actions import Done, describe
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from handeye.perception.perception import Perception
    from handeye.perception.phrases.match import Match
    from handeye.perception.phrases.matching import Want
    from handeye.policies.decision import PolicyInput

ACTS: dict[type[c.Clause], Callable[[Any, Moment], Step]] = {
    c.ClickOn: acts_hands.click_on,
    c.Hover: acts_hands.hover,
    c.DragOnto: acts_hands.drag,
    c.PressKeys: acts_hands.press,
    c.Visit: acts_hands.visit,
    c.Go: acts_hands.go,
    c.UseTab: acts_hands.tab,
    c.ToWindow: acts_hands.window,
    c.ScrollBy: acts_hands.scroll,
    c.LookCloser: acts_hands.look_closer,
    c.Give: acts_hands.give,
    c.Operate: acts_verbs.operate,
    c.Adjust: acts_items.adjust,
    c.SortBy: acts_items.sort_by,
    c.AddNew: acts_items.add_new,
    c.Write: acts_forms.write,
    c.Empty: acts_forms.empty,
    c.Tick: acts_forms.tick,
    c.Choose: acts_forms.choose,
    c.LogIn: acts_logging.log_in,
    c.SearchFor: acts_logging.search,
    c.Pause: acts_looking.pause,
    c.Await: acts_looking.wait_until,
    c.Verify: acts_looking.verify,
    c.ReadOff: acts_looking.read_off,
    c.Keep: acts_looking.keep,
    c.AskPerson: acts_looking.ask_person,
    c.UseTool: acts_tools.use_tool,
    c.Locate: acts_finding.locate,
    c.Explore: acts_finding.explore,
    c.Expand: acts_finding.expand,
    c.Solve: acts_sums.solve,
    c.Compute: acts_sums.compute,
    c.SaveAs: acts_hands.save_as,
}


@dataclass(frozen=True, kw_only=True)
class _Jump(c.Clause):
    """Leaves out the clauses of an "otherwise"."""

    over: int


class PlainEnglish:
    """Follows a goal that spells its steps out; what it cannot carry out is refused before anything is done."""

    name = "plain english"
    usage = Usage()
    """Always nothing: no model is asked."""

    def check(self, goal: str) -> None:
        """Raise UsageError for an empty goal, and ActionRefused, naming the clause, for one no rule understands."""
        program_of(goal)

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:
        """The next action of the clause that is being worked on; `Done` when all are carried out or one cannot be."""
        program = program_of(task.goal)
        count = sum(not isinstance(clause, _Jump | EndEach) for clause in program)
        progress = Progress.from_memo(task.memo)
        notes: list[str] = []
        if not task.memo and (lacking := acts_tools.missing(program, task)):  # before anything is done
            return self._ended(task, progress, lacking, notes)
        for typed in task.steps[-2:-1]:
            if typed.outcome.kind == "unexpected" and typed.outcome.evidence.endswith(SINCE_LEFT):
                return self._ended(task, progress, f"{describe(typed.action)}: {typed.outcome.evidence}", notes)
        while progress.at < len(program):
            clause = program[progress.at]
            number = sum(not isinstance(each, _Jump | EndEach) for each in program[: progress.at]) + 1
            where = f"Clause {number} of {count}"
            if progress.loop:
                where += f", round {len(progress.loop['done']) + 1}"  # what one round did is none of the next one's
            moment = Moment(task, perception, progress, clause, where, list(notes))
            try:
                step = _in_loop(clause, moment, program)
            except AmbiguousTarget as error:
                step = Fail(str(error))
            step = once(step, moment)
            if isinstance(step, Decision):
                return step
            if isinstance(step, Fail):
                return self._ended(task, progress, f"{moment.where}, “{_short(clause.source)}”: {step.reason}", notes)
            notes += [note for note in moment.notes if note not in notes]
            notes += [step.note] if step.note else []
            progress.advance(1 + step.skip + int(progress.kept.get("skip", 0)))
        answer = "\n".join(text if len(progress.answers) == 1 else f"{what}: {text}" for what, text in progress.answers)
        return self._ended(task, progress, answer, notes, success=True)

    def _ended(
        self, task: PolicyInput, progress: Progress, answer: str, notes: list[str], *, success: bool = False
    ) -> Decision:
        if not success:
            answer = name_screen(answer, task.observation.signals)
        reasoning = "All clauses are carried out" if success else "This cannot be carried out"
        clean = "".join(letter for letter in answer if (letter >= " " and letter != "\x7f") or letter in "\n\t")
        action = Done(success=success, answer=clean[:20_000])
        return Decision(reasoning=reasoning, action=action, by=self.name, memo=progress.memo(), notes=tuple(notes))


def _in_loop(clause: c.Clause, moment: Moment, program: tuple[c.Clause, ...]) -> Step:
    """Act on a clause; one of a loop is tried within the item of the round first."""
    progress = moment.progress
    if isinstance(clause, c.ForEach):
        return for_each(clause, moment, len(flat(clause.then)))
    loop = progress.loop
    if isinstance(clause, EndEach | _Jump) or not loop or not loop["at"] < progress.at <= loop["end"]:
        return _act(clause, moment)
    head = program[loop["at"]]
    assert isinstance(head, c.ForEach)
    clause, tries = in_item(clause, moment, head)
    step: Step = Next()
    for place, each in enumerate(tries):
        each.progress = deepcopy(progress) if place < len(tries) - 1 else progress
        each.clause = clause
        step = _act(clause, each)
        acts = isinstance(step, Next) or (isinstance(step, Decision) and step.action.kind not in ("wait", "scroll"))
        if acts:
            for name in Progress.__dataclass_fields__:
                setattr(progress, name, getattr(each.progress, name))
            break
    return step


def _act(clause: c.Clause, moment: Moment) -> Step:
    if isinstance(clause, _Jump):
        return Next(skip=clause.over)
    if isinstance(clause, EndEach):
        return end_each(clause, moment)
    if isinstance(clause, c.When):
        finding = evaluate(clause.statement, moment.observation)
        if not finding.known and clause.statement.negated:
            return Fail(f"whether “{clause.statement.said}” cannot be told: {finding.says}")
        inside = len(flat(clause.then)) + bool(clause.otherwise)
        return Next(skip=0 if finding.holds else inside, note=f"“{clause.statement.said}”: {finding.says}")
    if clause.note:
        moment.notes.append(clause.note)
    return _all_parts(clause, moment) if clause.parts else ACTS[type(clause)](clause, moment)


def _all_parts(clause: c.Clause, moment: Moment) -> Step:
    """“A and B”: one control called so, else A and then B."""
    field = "option" if isinstance(clause, c.Choose) else "target"
    progress = moment.progress
    at = progress.kept.get("part")
    if at is None:
        at = _first_part(clause, getattr(clause, field), moment)
        if not isinstance(at, int):
            return at
        progress.kept["part"] = at
    if at < 0:
        return ACTS[type(clause)](replace(clause, parts=()), moment)
    notes: list[str] = []
    where = moment.where
    while True:
        moment.where = f"{where}, part {at + 1} of {len(clause.parts)}"  # what one part did is none of the next one's
        part = replace(clause, parts=(), **{field: clause.parts[at]})  # type: ignore[arg-type]
        moment.clause = part
        step = ACTS[type(part)](part, moment)
        if not isinstance(step, Next):
            return step
        notes += [step.note] if step.note else []
        at += 1
        if at >= len(clause.parts):
            return Next(note="; ".join(notes))
        progress.advance(0)
        progress.kept["part"] = at


def _first_part(clause: c.Clause, whole: str, moment: Moment) -> int | Step:
    """-1 where the whole is one label, 0 where every part is something here; else what to do about a missing one."""
    want: Want = _WANTS.get(type(clause), "click")
    if isinstance(clause, c.Choose) and clause.target:
        return -1 if offered(whole, clause.target, moment) else 0
    if any(match.score >= 0.7 and _fits(match, want) for match in moment.find(whole, want) if _holds_it(match)):
        return -1
    missing = [part for part in clause.parts if not moment.find(part, want)]
    if not missing or (want == "click" and missing != [*clause.parts] and missing[0] != clause.parts[0]):
        return 0
    return wait_or_scroll(moment, missing[0])


def _holds_it(match: Match) -> bool:
    """Whether a name holds all the words that were said, rather than being a part of them or only like them."""
    return not match.why.endswith("is part of it") and "nearly" not in match.why


def _fits(match: Match, want: Want) -> bool:
    return match.element.acts or match.element.source == "ocr" or want != "click"


_WANTS: dict[type[c.Clause], Want] = {c.Tick: "tick", c.Empty: "type", c.Write: "type"}


@lru_cache(maxsize=32)
def program_of(goal: str) -> tuple[c.Clause, ...]:
    """The clauses of a goal in a row, as a memo's `at` counts them. Raises what `parse` raises."""
    return tuple(flat(parse(goal)))


def flat(clauses: tuple[c.Clause, ...] | list[c.Clause]) -> list[c.Clause]:
    """Clauses in a row; a condition stands before its own, and is followed by a jump over its "otherwise".

    A loop stands before its own, which end with `EndEach`. Raises ActionRefused for a loop in a loop.
    """
    found: list[c.Clause] = []
    for clause in clauses:
        found.append(clause)
        if isinstance(clause, c.When):
            found += flat(clause.then)
            if clause.otherwise:
                others = flat(clause.otherwise)
                found += [_Jump(source=clause.source, over=len(others)), *others]
        elif isinstance(clause, c.ForEach):
            body = flat(clause.then)
            if any(isinstance(each, c.ForEach) for each in body):
                raise ActionRefused(f"I cannot carry out “{clause.source}”: it has a loop in a loop; say one at a time")
            found += [*body, EndEach(source=clause.source, back=len(body))]
    return found


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= 90 else words[:87] + "…"

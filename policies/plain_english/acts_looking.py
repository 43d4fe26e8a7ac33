"""Waiting, checking, reading, remembering and asking: one function per kind of clause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.observation import Observation
from handeye.perception.phrases.matching import shows
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import normal
from handeye.policies.plain_english.acts_forms import spoken
from handeye.policies.plain_english.checks import StatementResult, evaluate
from handeye.policies.plain_english.moment import Fail, Moment, Next, Step
from handeye.policies.plain_english.reading import read_value
from handeye.tools.actions import Ask, Remember, Wait

if TYPE_CHECKING:
    import handeye.policies.plain_english.clauses as c

#: Seconds that a check is given to become true, in waits of growing length.
CHECK_WAITS = (0.5, 1.5, 3.0)
_LONGEST = 8.0


def pause(clause: c.Pause, moment: Moment) -> Step:
    """Wait for the seconds of the clause."""
    if moment.progress.stage == "waited":
        return Next()
    return moment.do(Wait(seconds=clause.seconds), f"wait {clause.seconds:g} s", "waited")


def wait_until(clause: c.Await, moment: Moment) -> Step:
    """Wait until the statement of the clause holds."""
    finding = evaluate(clause.statement, moment.observation)
    if finding.holds:
        return Next()
    waited = float(moment.progress.kept.get("waited", 0.0))
    left = clause.seconds - waited
    if left <= 0.01:
        return Fail(f"after {clause.seconds:g} s still: {finding.says}")
    text = _sole_text(clause.statement)
    seconds = left if text else min(left, max(0.5, min(_LONGEST, waited)))
    moment.progress.kept["waited"] = waited + seconds
    what = unquote(clause.statement.said) or "that"
    return moment.do(
        Wait(seconds=seconds, text=text), f"wait until {what}" if text else f"not yet ({finding.says}); wait", "waiting"
    )


def _sole_text(statement: c.Statement) -> str:
    """The text to wait for, when the statement is no more than that one text shows."""
    plain = statement.kind == "shows" and len(statement.texts) == 1 and not statement.negated
    return statement.texts[0] if plain else ""


def verify(clause: c.Verify, moment: Moment) -> Step:
    """Check the statement of the clause; the screen has a few seconds to show it."""
    finding = evaluate(clause.statement, moment.observation)
    if finding.holds:
        return Next(note=finding.says)
    tries = moment.progress.tried("looked")
    if tries < len(CHECK_WAITS):
        text = _sole_text(clause.statement)
        seconds = sum(CHECK_WAITS) if text else CHECK_WAITS[tries]
        if text:
            moment.progress.tries["looked"] = len(CHECK_WAITS)
        return moment.do(Wait(seconds=seconds, text=text), f"not yet: {finding.says}; wait a little", "waiting")
    if (seen := _in_picture(clause.statement, moment.observation)) and seen.holds:
        moment.notes.append("read off the picture: the page itself does not hold this text")
        return Next(note=seen.says)
    amiss = next((past for past in reversed(moment.task.steps) if past.outcome.kind == "unexpected"), None)
    return Fail(f"{finding.says}; before that: {amiss.outcome.evidence}" if amiss else finding.says)


def _in_picture(statement: c.Statement, observation: Observation) -> StatementResult | None:
    """For text that is drawn rather than written: what OCR makes of it."""
    if statement.kind != "shows" or statement.negated or not observation.elements or observation.reader is None:
        return None
    drawn = Observation(observation.screenshot, (), observation.signals, observation.reader)
    tests = [shows(drawn, text) for text in statement.texts]
    return StatementResult(any(tests) if statement.any_of else all(tests), "the picture shows it")


def read_off(clause: c.ReadOff, moment: Moment) -> Step:
    """Read the value that the clause names."""
    if moment.progress.stage == "read":
        return Next()
    text = read_value(clause.what, moment.observation)
    if not text:
        if moment.progress.tried("waited") < 2:
            return moment.do(Wait(seconds=1), f"“{unquote(clause.what)}” is not there yet; wait a little", "")
        return moment.missing(clause.what)
    text = "".join(letter for letter in text if letter >= " " or letter in "\n\t")[:4000]
    if clause.aside and normal(text) == normal(unquote(clause.what)):
        return Fail(
            f"“{unquote(clause.what)}” is on the screen, but no value next to it; put the text to type in quotes"
        )
    if not clause.aside:
        moment.progress.answers.append([unquote(clause.what), text])
    moment.progress.it = text
    name = (clause.name or unquote(clause.what))[:80]
    return moment.do(Remember(name=name, text=text), f"it is “{text[:80]}”", "read")


def keep(clause: c.Keep, moment: Moment) -> Step:
    """Store the text of the clause as a fact."""
    if moment.progress.stage == "kept":
        return Next()
    text = spoken(clause.text, moment, False)
    moment.progress.it = text
    return moment.do(Remember(name=clause.name, text=text), f"remember it as {clause.name}", "kept")


def ask_person(clause: c.AskPerson, moment: Moment) -> Step:
    """Ask the person the question of the clause."""
    if moment.progress.stage == "asked" and moment.last:
        moment.progress.it = moment.last.result
        return Next()
    return moment.do(Ask(question=clause.question), "ask the person", "asked")

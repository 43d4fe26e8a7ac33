"""Getting at a target: wait for it, scroll to it, close what lies over it; and what to do when a click does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from handeye.perception.phrases.match import Match
from handeye.perception.phrases.matching import Want
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import alike
from handeye.perception.reading.groups import ancestors
from handeye.policies.decision import Decision
from handeye.policies.plain_english.clauses import Choose, Tick, Write
from handeye.policies.plain_english.moment import Fail, Moment, Next, Step
from handeye.policies.plain_english.searching import wait_or_scroll
from handeye.tools.actions import Click, Key, Scroll, Wait, same_aim, targets

if TYPE_CHECKING:
    from handeye.policies.decision import StepSummary
    from handeye.tools.actions import Action
    from handeye.tools.element import Element

#: So often a target is scrolled to.
SCROLLS = 12
#: Seconds of the wait after a click that changed nothing yet.
WAIT_SECONDS = 1.0
#: So often an answer to a request is waited for, and seconds of each wait; an answered one may take a wait to show.
ANSWERS, ANSWER_SECONDS = 10, 3.0
#: Pixels that a notch of the wheel scrolls, about.
NOTCH = 100
_OVERLAYS = frozenset({"dialog", "alertdialog"})

#: What closes a thing that is in the way without agreeing to anything, best first: language knowledge.
CLOSERS = (
    "reject all", "decline", "reject", "only necessary", "necessary only", "necessary cookies only", "essential only",
    "refuse", "deny", "no thanks", "no, thanks", "not now", "maybe later", "later", "skip", "close", "dismiss", "×",
    "x", "alle ablehnen", "ablehnen", "nur notwendige", "nein danke", "später", "schließen", "tout refuser",
    "refuser", "fermer", "non merci", "rechazar", "cerrar", "rifiuta", "chiudi", "got it", "ok",
)  # fmt: skip


def reach(moment: Moment, phrase: str, want: Want = "any") -> Match | Decision | Fail:
    """The thing a phrase means, on the screen and free; else the next action on the way there; else why not."""
    found = moment.find(phrase, want)
    if not found:
        return wait_or_scroll(moment, phrase)
    return clear(moment, found[0], phrase)


def is_label(words: str, moment: Moment) -> bool:
    """Whether something here that can be pressed is called exactly so."""
    found = moment.find(f'"{words}"', "click")
    return bool(found) and found[0].score >= 0.95 and found[0].element.acts


def clear(moment: Moment, match: Match, phrase: str) -> Match | Decision | Fail:
    """The match when it is on the screen and free; else the next action that helps. Raises Unclear like `decide`."""
    match = moment.decide(match, phrase)
    element = match.element
    visible = element.box.within(*moment.size)
    if visible is None or visible.height < min(4, element.box.height):
        return _scroll_to(moment, element, phrase)
    if element.covered:
        return _uncover(moment, match, phrase)
    return match


def _scroll_to(moment: Moment, element: Element, phrase: str) -> Decision | Fail:
    width, height = moment.size
    tries = moment.progress.tried("scrolled")
    seen = [element.box.top, element.box.left]
    still = moment.progress.kept.get("seen") == seen
    moment.progress.kept["seen"] = seen
    if tries >= SCROLLS or (still and tries > 2) or not moment.can("scroll"):
        place = f"({seen[1]}, {seen[0]}), off the screen ({width}x{height})"
        return Fail(f"“{unquote(phrase)}” is at {place}, and scrolling does not bring it in")
    direction: Literal["up", "down", "left", "right"]
    middle = element.box.centre
    if element.box.top >= height - 4:
        direction, distance = "down", middle.y - height // 2
    elif element.box.bottom <= 4:
        direction, distance = "up", height // 2 - middle.y
    elif element.box.left >= width:
        direction, distance = "right", middle.x - width // 2
    else:
        direction, distance = "left", width // 2 - middle.x
    amount = max(1, min(60, round(distance / NOTCH)))
    over = _neighbour(moment, element) if still else None
    target = moment.at(over) if over else None
    return moment.do(
        Scroll(direction=direction, amount=amount, target=target),
        f"scroll to “{unquote(phrase)}”",
        moment.progress.stage,
    )


def _neighbour(moment: Moment, element: Element) -> Element | None:
    """Something on the screen in the same list or area, to turn the wheel over."""
    by_id = {each.id: each for each in moment.observation.elements}
    mine = {each.id for each in ancestors(element, by_id)}
    related = [
        each
        for each in moment.visible(moment.observation.elements)
        if not each.covered and each.id != element.id and {up.id for up in ancestors(each, by_id)} & mine
    ]
    column = [
        each
        for each in moment.visible(moment.observation.elements)
        if not each.covered and abs(each.box.left - element.box.left) < 40
    ]
    return min(related or column, key=lambda each: abs(each.box.top - element.box.top), default=None)


def _uncover(moment: Moment, match: Match, phrase: str) -> Match | Decision | Fail:
    """Close what lies over a target, once; else scroll a little; else try all the same."""
    element = match.element
    if (
        moment.progress.dismissed < 3
        and not moment.progress.tried("dismissed")
        and (closer := closing(moment, element))
    ):
        moment.progress.dismissed += 1
        reasoning = f"something lies over “{unquote(phrase)}”: close it with “{closer.name or closer.description}”"
        moment.notes.append(f"closed what lay over “{unquote(phrase)}”")
        return moment.do(Click(target=moment.at(closer)), reasoning, moment.progress.stage)
    tries = moment.progress.tried("uncovered")
    if tries < 2 and moment.can("scroll"):
        neighbour = _neighbour(moment, element)
        down = element.box.centre.y > moment.size[1] // 2
        if tries % 2:
            down = not down
        over = moment.at(neighbour) if neighbour else None
        reasoning = f"“{unquote(phrase)}” is hidden: scroll a little"
        return moment.do(
            Scroll(direction="down" if down else "up", amount=2, target=over), reasoning, moment.progress.stage
        )
    moment.notes.append(f"“{unquote(phrase)}” seems to lie under something else")
    return match


def closing(moment: Moment, target: Element | None = None) -> Element | None:
    """The control that closes what lies over the page without agreeing to anything."""
    by_id = {each.id: each for each in moment.observation.elements}
    mine = {each.id for each in ancestors(target, by_id)} if target else set()
    best: tuple[int, float, Element] | None = None
    for element in moment.visible(moment.observation.elements):
        if not element.acts or element.covered or not element.enabled or element == target:
            continue
        over = any(up.role in _OVERLAYS and up.id not in mine for up in ancestors(element, by_id))
        for rank, words in enumerate(CLOSERS):
            score = max(alike(words, element.name).score, alike(words, element.description).score)
            if score >= 0.92 or (score >= 0.85 and over):
                key = (0 if over else 1, float(rank), element)
                if best is None or key[:2] < best[:2]:
                    best = key
                break
    return best[2] if best else None


def click_it(moment: Moment, match: Match, phrase: str, click: Click | None = None) -> Decision:
    """A click on what was found."""
    again = " again" if moment.progress.tried("clicked") else ""
    click = (click or Click(target=moment.aim(match, phrase))).model_copy(update={"target": moment.aim(match, phrase)})
    words = {1: "click", 2: "double-click", 3: "triple-click"}[click.count]
    named = match.element.name or match.element.description or unquote(phrase)
    return moment.do(click, f"{words} “{named[:60]}”{again}", "clicked")


def _takes_enter(moment: Moment, click: Click) -> bool:
    """Whether Enter can only press what was clicked: where a field has the keyboard, it would write a line there."""
    acting = {each.id for each in moment.observation.elements if each.acts and not each.takes_text}
    return click.target.element in acting and not any(each.focused for each in moment.fields())


def after_click(moment: Moment, phrase: str) -> Step | None:
    """What the last click came to; None when there was none, or it is to be done (again)."""
    last, progress = moment.last, moment.progress
    if progress.stage != "clicked" or last is None or moment.refused:
        return None
    if isinstance(last.action, Wait) and progress.tries.get("late") == 1:
        progress.tried("late")
        return None if last.outcome.evidence.startswith("nothing changed") else Next()
    if isinstance(last.action, Wait | Scroll) or "close it with" in last.reasoning:
        return None
    if not moment.failed:
        return Next()
    why = last.result or last.outcome.evidence
    if not last.result and not progress.tried("late"):
        return moment.do(Wait(seconds=WAIT_SECONDS), "nothing changed yet; wait a little", "clicked")
    if progress.tries.get("clicked", 1) < 2:
        return None
    if "has the focus" in last.outcome.evidence:
        return Next(note=f"nothing visible came of clicking “{unquote(phrase)}”")
    click = last.action if isinstance(last.action, Click) and last.action.button == "left" else None
    alone = click is not None and click.count == 1 and not last.result and _takes_enter(moment, click)
    if alone and not progress.tried("entered"):
        return moment.do(Key(keys="enter"), "clicking changed nothing: press Enter", "clicked")
    return Fail(f"“{unquote(phrase)}” was clicked twice and nothing came of it ({why})")


def once(step: Step, moment: Moment) -> Step:
    """The step, unless it would do again what the clause has done already and what a request has carried off.

    That the page does not show it is no reason to send it twice: its server may be slow, and after a resume the page
    has been loaded anew. It is waited for, and then the clause ends: well where it is known that it was done.
    """
    if isinstance(step, Next) or (isinstance(step, Decision) and step.again) or moment.refused:
        return step
    steps = [past for past in moment.task.steps if past.reasoning.startswith(f"{moment.where}: ")]
    last = next((past for past in reversed(steps) if not isinstance(past.action, Wait | Scroll)), None)
    if last is None or (isinstance(step, Decision) and not _repeats(step.action, last)):
        return step
    phrase = next((str(target) for target in targets(last.action).values()), last.action.kind)
    if last.settled:
        return Next(note=f"{phrase}: it was done before the run was resumed, though the page does not show it")
    if isinstance(step, Fail) and not last.awaited:
        return step
    if not last.sent:
        return step
    waited = moment.progress.tried("answered")
    if waited and not isinstance(moment.clause, Tick | Choose | Write) and not _unchanged(moment):
        return Next()
    if waited < (ANSWERS if last.awaited else 1):
        return moment.do(
            Wait(seconds=ANSWER_SECONDS), f"{last.sent[0]} was sent: wait for what it brings", moment.progress.stage
        )
    unanswered = " and not answered" if last.awaited else ""
    return Fail(
        f"{phrase}: {last.sent[0]} was sent{unanswered}, but nothing of it shows; it is not done again, as that may "
        "send it twice"
    )


def _repeats(action: Action, last: StepSummary) -> bool:
    """Whether an action is another attempt at the last one, which its outcome does not confirm."""
    if last.outcome.kind == "confirmed" and not last.settled:
        return False
    if same_aim(last.action, action):
        return True
    key = isinstance(last.action, Click) and isinstance(action, Key)
    ours, theirs = list(targets(action).values()), list(targets(last.action).values())
    return key and all(one.element == two.element or one.phrase == two.phrase for one in ours for two in theirs)


def _unchanged(moment: Moment) -> bool:
    return moment.last is None or moment.last.outcome.evidence.startswith("nothing changed")

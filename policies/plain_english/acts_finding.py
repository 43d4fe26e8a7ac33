"""Finding things, and opening closed parts: tabs, sections, rows of a tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.perception.phrases.match import Match
from handeye.perception.phrases.phrase import readings
from handeye.perception.phrases.quoting import unquote
from handeye.perception.reading.structure import structure_of
from handeye.policies.plain_english.acts_logging import can_search, search
from handeye.policies.plain_english.acts_verbs import operate
from handeye.policies.plain_english.clauses import Operate, SearchFor
from handeye.policies.plain_english.moment import AmbiguousTarget, Fail, Moment, Next, Step
from handeye.policies.plain_english.reaching import after_click, clear, click_it, reach

if TYPE_CHECKING:
    import handeye.policies.plain_english.clauses as c
    from handeye.tools.element import Element

#: Words for a place that say no more than that the thing is on the screen.
_PLACED = re.compile(r"\s+(?:below|above|here|there|shown|on\s+(?:the|this)\s+(?:page|screen))$", re.IGNORECASE)
#: A phrase that begins so describes a thing on the screen; another one may be a text to search for.
_ARTICLE = re.compile(r"(?:the|an?|this|that|these|those|all|every|each)\b", re.IGNORECASE)
#: A match is certain enough to end a search from here on.
_SURELY = 0.75


def locate(clause: c.Locate, moment: Moment) -> Step:
    """Bring the target of the clause into view; later clauses prefer the controls of its row or card."""
    for_search = SearchFor(text=unquote(clause.target), source=clause.source)
    if moment.progress.stage in ("typed", "entered"):
        return search(for_search, moment)
    found = [match for match in moment.find(clause.target) if match.score >= _SURELY]
    if not found and not _ARTICLE.match(clause.target) and can_search(moment):
        return search(for_search, moment)  # “find "lamp"” where nothing is called so, but the page can search
    seen = clear(moment, found[0], clause.target) if found else reach(moment, clause.target)
    if not isinstance(seen, Match):
        return seen
    moment.progress.located = clause.target
    return Next(note=f"“{unquote(clause.target)}” is there")


def explore(clause: c.Explore, moment: Moment) -> Step:
    """Allow the clauses after this one to open closed parts of the screen."""
    moment.progress.explore = clause.place or moment.progress.explore or "everywhere"
    return Next()


def expand(clause: c.Expand, moment: Moment) -> Step:
    """Expand or collapse what the clause names."""
    name, word = unquote(clause.target), "expanded" if clause.open else "collapsed"
    by_id = {each.id: each for each in moment.observation.elements}
    clicked = by_id.get(str(moment.progress.kept.get("part_of", "")))
    if moment.progress.stage == "clicked":
        if clicked is not None and clicked.expanded is clause.open:
            return Next()
        if (step := after_click(moment, clause.target)) is not None:
            gone = isinstance(step, Next) and clicked is not None and clicked.expanded is not None
            return Fail(f"“{name}” was clicked, and is not {word}") if gone else step
    found = _part_called(clause, moment)
    if found is None:
        verb = "expand" if clause.open else "collapse"
        return operate(Operate(verb=verb, thing=clause.target, source=clause.source), moment)
    if found.element.expanded is clause.open:
        return Next(note=f"“{name}” is {word} already")
    free = clear(moment, found, clause.target)
    if not isinstance(free, Match):
        return free
    moment.progress.kept["part_of"] = free.element.id
    return click_it(moment, free, clause.target)


def _part_called(clause: c.Expand, moment: Moment) -> Match | None:
    """The control that opens the part that a phrase names; for a kind alone (“the section”) the only closed one."""
    elements = moment.observation.elements
    parts = [each for each in elements if each.expanded is not None and not _is_container(each, elements)]
    if not parts:
        return None
    ids = {each.id for each in parts}
    target = _PLACED.sub("", clause.target)
    named = [m for m in moment.find(target, "click") if m.element.id in ids and m.score >= _SURELY]
    if named:
        return named[0]
    if all(query.text and not query.role for query in readings(target)):
        return None
    kinds = [query for query in readings(target) if query.role and not query.text]
    closed = [each for each in parts if each.expanded is not clause.open] or parts
    if kinds and kinds[0].ordinal:
        place = kinds[0].ordinal - 1 if kinds[0].ordinal > 0 else kinds[0].ordinal
        return Match(parts[place], 0.9, "") if -len(parts) <= place < len(parts) else None
    if not kinds or len(closed) > 1:
        if kinds:
            names = ", ".join(f"“{each.name or each.role}”" for each in closed[:5])
            raise AmbiguousTarget(f"{len(closed)} parts can be opened or closed here: {names}; say which one")
        return None
    return Match(closed[0], 0.8, "the only one")


def _is_container(part: Element, elements: tuple[Element, ...]) -> bool:
    """Whether a part has a control of the same name in it, so that it is the content rather than what opens it."""
    structure = structure_of(elements)
    inside = structure.held(structure.path(part))
    return any(each.id != part.id and each.acts and each.name == part.name for each in inside)

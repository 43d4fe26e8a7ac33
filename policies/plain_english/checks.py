"""Whether a statement holds on a scene, and what the scene says instead."""

from __future__ import annotations

import operator
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from handeye.perception.phrases.kinds import SUITS
from handeye.perception.phrases.match import Match
from handeye.perception.phrases.matching import find, shows
from handeye.perception.phrases.phrase import readings
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import words
from handeye.policies.plain_english.counting import how_many
from handeye.policies.plain_english.described import column_values, in_order
from handeye.policies.plain_english.reading import read_value
from handeye.tools.text_equality import contains, loose, same

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.perception.phrases.matching import Want
    from handeye.policies.plain_english.clauses import Statement
    from handeye.tools.device import Signals
    from handeye.tools.element import Element

_COMPARE = {"=": operator.eq, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_ROLES_OF_WORDS = {
    "spinner": {"progressbar"}, "progress bar": {"progressbar"}, "loading indicator": {"progressbar"},
    "error message": {"alert"}, "error": {"alert"}, "warning": {"alert"}, "message": {"alert", "status"},
    "notification": {"alert", "status"},
}  # fmt: skip


#: Kinds of things that a text which merely says the same is not.
_STRICT = frozenset(
    {
        "button",
        "link",
        "field",
        "search",
        "checkbox",
        "radio",
        "switch",
        "tab",
        "heading",
        "dialog",
        "option",
        "menuitem",
    }
)


def _of_kind(element: Element, roles: set[str]) -> bool:
    """Whether an element may be what a word such as “button” says: not where it is but a text that reads so."""
    if not roles or element.source == "ocr":
        return True
    if roles & {"heading", "dialog"}:
        return any(element.role in SUITS[role] for role in roles)
    return element.acts or any(element.role in SUITS[role] for role in roles)


class StatementResult(NamedTuple):
    """Whether a statement holds, and in words what is so instead."""

    holds: bool
    says: str
    known: bool = True
    """Whether the screen tells it at all; what it does not tell does not hold, denied or not."""


def evaluate(statement: Statement, observation: Observation) -> StatementResult:
    """Return whether the statement holds on this observation."""
    found = _evaluate(statement, observation)
    return found._replace(says=name_screen(found.says, observation.signals))


#: “the page” outside quotes.
_PAGE = re.compile(r"“[^”]*”|\b(?P<article>[Tt]he|this|a) page\b")


def name_screen(text: str, signals: Signals) -> str:
    """Return a message that says “window” instead of “page” where no page is shown, but a desktop."""
    if signals.url:
        return text
    return _PAGE.sub(lambda hit: f"{hit['article']} window" if hit["article"] else hit[0], text)


def _evaluate(statement: Statement, observation: Observation) -> StatementResult:
    if statement.also:
        targets = (statement.target, *statement.also)
        found = [evaluate(replace(statement, target=target, also=()), observation) for target in targets]
        wrong = [finding for finding in found if not finding.holds]
        says = "; ".join(finding.says for finding in (wrong or found))
        return StatementResult(not wrong, says, all(finding.known for finding in found))
    if statement.within:
        return _in_place(statement, observation)
    if statement.parts:
        whole = evaluate(replace(statement, parts=()), observation)
        there = whole.known if statement.kind != "visible" else whole.holds != statement.negated
        if there:
            return whole
        first, *others = statement.parts
        return evaluate(replace(statement, target=first, also=tuple(others), parts=()), observation)
    holds, says, known = _RULES[statement.kind](statement, observation)
    if not known:
        return StatementResult(False, says, False)
    if statement.negated and not holds and observation.signals.unanswered:
        return _unknown(f"“{observation.signals.unanswered[0]}” does not answer, so what it shows is unknown")
    return StatementResult(holds != statement.negated, says)


#: A page or screen by its name: what is on the screen now.
_SCREEN = re.compile(r"\b(?:page|screen|view|site|website|window)$", re.IGNORECASE)


def _in_place(statement: Statement, observation: Observation) -> StatementResult:
    """The statement, of the part of the screen that its place names."""
    inside = replace(statement, within="")
    if _SCREEN.search(statement.within):
        return evaluate(inside, observation)
    found = find(statement.within, observation.elements, want="any", size=_size(observation))
    if not found or found[0].score < 0.75:
        return _unknown(f"nothing here is called “{unquote(statement.within)}”")
    if found[0].rivals:
        return _unknown(f"several things here answer to “{unquote(statement.within)}”; say which one is meant")
    container = found[0].element
    held = _held_texts(container, observation)
    if statement.kind == "shows":
        tests = [any(_same(text, part, False) for part in held) for text in statement.texts]
        there = any(tests) if statement.any_of or statement.negated else all(tests)
        return StatementResult(
            there != statement.negated, f"“{unquote(statement.within)}” shows “{' '.join(held)[:80]}”"
        )
    return evaluate(replace(inside, target=f"{statement.target} in {statement.within}"), observation)


def _held_texts(container: Element, observation: Observation) -> list[str]:
    """The texts in a container: of its descendants, and all together."""
    from handeye.perception.reading.groups import descendants

    held = [container, *descendants(container, observation.elements)]
    return [part for each in held for part in (each.name, each.value) if part] + [" ".join(each.name for each in held)]


def _unknown(says: str) -> StatementResult:
    return StatementResult(False, says, False)


def _texts(statement: Statement, observation: Observation) -> StatementResult:
    missing = [text for text in statement.texts if not shows(observation, text)]
    if statement.negated or statement.any_of:
        there = [text for text in statement.texts if text not in missing]
        return StatementResult(
            bool(there), f"the page shows {_list(there)}" if there else f"the page does not show {_list(missing)}"
        )
    if not missing:
        return StatementResult(True, f"the page shows {_list(statement.texts)}")
    return StatementResult(False, f"the page does not show {_list(missing)}; {summary(missing[0], observation)}")


def summary(wanted: str, observation: Observation) -> str:
    """Return the text of the page that is nearest to a text that is missing."""
    from handeye.perception.phrases.matching import nearest

    elements = observation.elements or observation.words
    near = nearest(f'"{wanted}"', elements, 3)
    if near:
        return f"nearest is {_list(near)}"
    first = [
        element.name for element in elements if element.role in {"heading", "alert", "status", "text"} and element.name
    ]
    return f"it shows {_list([text[:60] for text in first[:3]])}" if first else "it shows no text"


def _title(statement: Statement, observation: Observation) -> StatementResult:
    return _compare(statement, observation.signals.title, "the title")


def _url(statement: Statement, observation: Observation) -> StatementResult:
    url = observation.signals.url
    if not url:
        return _unknown("this screen has no address")
    test = _same_address if statement.exact else _in_address
    tests = [test(text, url) for text in statement.texts]
    return StatementResult(any(tests) if statement.any_of or statement.negated else all(tests), f"the address is {url}")


def _in_address(text: str, url: str) -> bool:
    return text.strip().lower() in url.lower()


def _same_address(text: str, url: str) -> bool:
    """Whether an address, or the path at its end, is this."""
    wanted = text.strip().rstrip("/")
    bare = [each.rstrip("/") for each in (url, url.split("#")[0], url.split("?")[0].split("#")[0])]
    return any(each == wanted or each.endswith("/" + wanted.lstrip("/")) for each in bare)


def _open(statement: Statement, observation: Observation) -> StatementResult:
    """Decide which page is open by its address, title or first heading."""
    heading = next((element.name for element in observation.elements if element.role == "heading"), "")
    places = (observation.signals.url, observation.signals.title, heading)
    holds = any(_names(statement.texts[0], place) for place in places)
    return StatementResult(holds, f"the page is “{observation.signals.title or heading or observation.signals.url}”")


def _names(wanted: str, place: str) -> bool:
    """Whether the words stand in a row in a title or address, with the signs that belong to them: “C++” is not “C”."""
    if re.search(r"[^\w\s\-'’.&]", wanted):
        return contains(place, wanted, case=False)
    sought, there = "".join(words(wanted)), words(place)
    runs = ("".join(there[start:end]) for start in range(len(there)) for end in range(start + 1, len(there) + 1))
    return bool(sought) and len(there) < 200 and sought in runs


def _compare(statement: Statement, value: str, what: str) -> StatementResult:
    tests = [_same(text, value, statement.exact or not text, statement.negated) for text in statement.texts]
    holds = any(tests) if statement.any_of or (statement.negated and not statement.exact) else all(tests)
    return StatementResult(holds, f"{what} is {f'“{value}”' if value else 'empty'}")


def _same(text: str, value: str, whole: bool, negated: bool = False) -> bool:
    """Whether a value is a text, or holds it; where that is denied, a part of a word counts as well."""
    if whole:
        return same(text, value, case=False) or (not text and not value.strip())
    return contains(value, text, case=False) or (
        negated and (loose(text) or text) in (loose(value) if loose(text) else value)
    )


def _field(statement: Statement, observation: Observation) -> StatementResult:
    name = unquote(statement.target)
    if re.fullmatch(r"(?:the|an?)\s+(?:(?:main|page)\s+)?(?:heading|headline)", statement.target, re.IGNORECASE):
        return _headings(statement, observation)
    element = _held_in(statement.target, observation)
    if element is not None and element.secret:
        return _unknown(f"“{name}” is a secret field, which is never read")
    if element is not None:
        return _compare(statement, element.value, f"“{name}”")
    found = find(statement.target, observation.elements or observation.words, want="read", size=_size(observation))
    inside = _within(found, observation)
    if (
        inside
        and not statement.exact
        and all(_written(text, found[0].element, observation) for text in statement.texts)
    ):
        return StatementResult(True, f"“{name}” holds it")
    if value := read_value(statement.target, observation):
        # A value read from a text may have more words: “is not” is decided by the words that it lacks.
        loosely = replace(statement, exact=False) if statement.negated else statement
        finding = _compare(loosely, value, f"“{name}”")
        if finding.holds or not _said(statement, observation):
            return finding
    if _said(statement, observation):
        return StatementResult(not statement.negated, f"the page says “{unquote(statement.said)}”")
    if inside:
        return StatementResult(False, f"“{name}” holds “{inside[:80]}”")
    if not statement.texts[0] and statement.exact:
        return _unknown(f"the page does not say that “{name}” is empty")
    return _none(statement.target, observation, "nothing on the page is", "type")


def _said(statement: Statement, observation: Observation) -> bool:
    """Whether the page has the very sentence: “the cart is empty”."""
    said = re.sub(r"^(?:the|an?)\s+", "", unquote(statement.said), flags=re.IGNORECASE)
    return bool(said) and any(shows(observation, text) for text in (unquote(statement.said), said))


def _headings(statement: Statement, observation: Observation) -> StatementResult:
    """One of the headings is, or holds, what was said."""
    names = [element.name for element in observation.elements if element.role == "heading" and element.name]
    if not names:
        return _unknown("the page tells of no heading")
    tests = [any(_same(text, name, statement.exact, statement.negated) for name in names) for text in statement.texts]
    holds = any(tests) if statement.any_of or statement.negated else all(tests)
    return StatementResult(holds, f"the headings are {_list(names[:4])}")


def _held_in(phrase: str, observation: Observation) -> Element | None:
    """The field that a phrase names: the one called so, whatever its kind, before one that stands near such a text."""
    if any(query.role in ("row", "item") and query.ordinal and not query.text for query in readings(phrase)):
        return None  # a whole row is asked about, not the field in it
    named = _one(phrase, observation, "any")
    if named is not None and named.role in {"slider", "spinbutton"}:
        return named
    return _one(phrase, observation, "type") or _one(phrase, observation, "choose")


def _written(text: str, container: Element, observation: Observation) -> bool:
    """Whether a text stands in a container: in one thing, or across several that are not buttons or fields."""
    from handeye.perception.reading.groups import descendants

    held = [container, *descendants(container, observation.elements)]
    parts = [part for each in held for part in (each.name, each.value)]
    plain = " ".join(each.name for each in held[1:] if not each.acts)
    return any(_same(text, part, False) for part in (*parts, plain))


def _within(found: list[Match], observation: Observation) -> str:
    """All that is written in the best match: of a row, its cells."""
    from handeye.perception.reading.groups import descendants

    if not found or found[0].score < 0.75:
        return ""
    element = found[0].element
    return " ".join([element.name, element.value, *(each.name for each in descendants(element, observation.elements))])


def _one(phrase: str, observation: Observation, want: Want) -> Element | None:
    """The thing a phrase names; None where nothing is called so, or several are that differ in what is checked."""
    found = find(phrase, observation.elements, want=want, size=_size(observation))
    if not found or found[0].score < 0.75:
        return None
    first = found[0].element
    return None if any(_state(other.element) != _state(first) for other in found[0].rivals) else first


def _state(element: Element) -> tuple[object, ...]:
    return element.value, element.enabled, element.checked, element.selected, element.pressed, element.secret


def _none(phrase: str, observation: Observation, what: str, want: Want = "any") -> StatementResult:
    """Return a finding: the phrase matches nothing, or is ambiguous."""
    name, found = unquote(phrase), find(phrase, observation.elements, want=want, size=_size(observation))
    if found and found[0].score >= 0.75 and found[0].rivals:
        return _unknown(f"several things here answer to “{name}”, and they differ; say which one is meant")
    return _unknown(f"{what} called “{name}”")


def _checked(statement: Statement, observation: Observation) -> StatementResult:
    element = _one(statement.target, observation, "tick")
    name = unquote(statement.target)
    if element is None or element.checked is None:
        there = _one(statement.target, observation, "any")
        if there is None or there.pressed is None:
            return _none(statement.target, observation, "there is no checkbox", "tick")
        return StatementResult(there.pressed, f"“{name}” is {'on' if there.pressed else 'not on'}")
    return StatementResult(element.checked, f"“{name}” is {'ticked' if element.checked else 'not ticked'}")


def _selected(statement: Statement, observation: Observation) -> StatementResult:
    name = unquote(statement.target)
    ticked = _one(statement.target, observation, "tick")
    if ticked is not None and ticked.checked is not None:
        return StatementResult(ticked.checked, f"“{name}” is {'selected' if ticked.checked else 'not selected'}")
    chosen = [element for element in observation.elements if same(element.value, name, case=False)]
    if chosen:
        return StatementResult(True, f"“{name}” is selected")
    there = _one(statement.target, observation, "any")
    told = [state for state in (there.selected, there.pressed) if state is not None] if there else []
    if not told and not _offered(name, observation):
        return _unknown(f"the page does not tell whether “{name}” is selected")
    return StatementResult(any(told), f"“{name}” is {'selected' if any(told) else 'not selected'}")


def _offered(name: str, observation: Observation) -> bool:
    """Whether a list has an option of this name, chosen or not."""
    lists = (element for element in observation.elements if element.role in {"combobox", "listbox"})
    return any(contains(element.description, name, case=False) for element in lists)


def _enabled(statement: Statement, observation: Observation) -> StatementResult:
    element = _one(statement.target, observation, "any")
    name = unquote(statement.target)
    if element is None:
        return _none(statement.target, observation, "nothing on the page is")
    return StatementResult(element.enabled, f"“{name}” is {'enabled' if element.enabled else 'disabled'}")


def _focused(statement: Statement, observation: Observation) -> StatementResult:
    element = _one(statement.target, observation, "any")
    if element is None:
        return _none(statement.target, observation, "nothing on the page is")
    return StatementResult(element.focused, f"{observation.signals.focus or 'nothing'} has the focus")


def _visible(statement: Statement, observation: Observation) -> StatementResult:
    name = re.sub(r"^(?:the|an?|any|some)\s+", "", unquote(statement.target), flags=re.IGNORECASE)
    if roles := _ROLES_OF_WORDS.get(name.lower()):
        there = next((element for element in observation.elements if element.role in roles), None)
        if there is not None:
            return StatementResult(True, f"there is “{there.name or there.role}”")
    found = find(statement.target, observation.elements or observation.words, size=_size(observation))
    roles = {query.role for query in readings(statement.target) if query.role in _STRICT and query.text}
    found = [
        match
        for match in found
        if match.score >= 0.75 and not match.why.endswith("is part of it") and _of_kind(match.element, roles)
    ]
    if found:
        return StatementResult(True, f"“{name}” is there")
    if denial := _denied(name, observation):
        return StatementResult(False, f"the page says “{denial}”")
    if name and shows(observation, name):
        return StatementResult(True, f"the page shows “{name}”")
    return StatementResult(False, f"“{name}” is not there; {summary(name, observation)}")


#: Words that deny what follows them.
_DENYING = re.compile(
    r"(?:not|no|never|none|without|isn['’]t|aren['’]t|nicht|kein|keine|ohne|pas|aucun|aucune|sans|non|nessun|sin|ningún|não|nenhum"
    r"|sem|nie|brak|не|нет|без)\s+(?:an?\s+|yet\s+)?",
    re.IGNORECASE,
)


def _denied(name: str, observation: Observation) -> str:
    """The text that says of the very words that it is not so, where no other text has them: “Not available”."""
    texts = [
        each.name
        for each in (observation.elements or observation.words)
        if each.name and contains(each.name, name, case=False)
    ]
    rest = [_DENYING.match(text) for text in texts]
    denying = [
        hit is not None and same(text[hit.end() :].rstrip(" .!"), name, case=False)
        for text, hit in zip(texts, rest, strict=True)
    ]
    return texts[0] if texts and all(denying) else ""


def _count(statement: Statement, observation: Observation) -> StatementResult:
    number = how_many(statement.noun, observation)
    holds = bool(_COMPARE[statement.compare](number, statement.number))
    return StatementResult(holds, f"there are {number} {unquote(statement.noun)}")


def _dialog(statement: Statement, observation: Observation) -> StatementResult:
    roles = {"dialog", "alertdialog"} | ({"alert"} if re.search(r"\balert\b", statement.said, re.I) else set())
    boxes = [element for element in observation.elements if element.role in roles]
    if not statement.texts:
        there = bool(observation.signals.dialog or boxes)
        return StatementResult(there, "a dialog is open" if there else "no dialog is open")
    said = [observation.signals.dialog, *(_within([Match(box, 1.0, "")], observation) for box in boxes)]
    tests = [any(_same(text, each, False, statement.negated) for each in said if each) for text in statement.texts]
    holds = any(tests) if statement.any_of or statement.negated else all(tests)
    shown = next((each for each in said if each), "")
    return StatementResult(holds, f"the dialog says “{shown[:80]}”" if shown else "no dialog is open")


def _order(statement: Statement, observation: Observation) -> StatementResult:
    """Whether texts follow each other in reading order, or the values of a column go upwards (downwards counts not)."""
    if statement.texts:
        names = [element.name for element in observation.elements or observation.words]
        places = [
            next((place for place, name in enumerate(names) if contains(name, text, case=False)), None)
            for text in statement.texts
        ]
        missing = [text for text, place in zip(statement.texts, places, strict=True) if place is None]
        if missing:
            return _unknown(f"the page does not show {_list(missing)}")
        known = [place for place in places if place is not None]
        return StatementResult(
            known == sorted(set(known)), f"they stand at places {', '.join(str(p + 1) for p in known)}"
        )
    values = column_values(unquote(statement.target), observation.elements)
    if len(values) < 2:
        return _unknown(f"there is no column “{unquote(statement.target)}” with several values")
    return StatementResult(in_order(values), f"“{unquote(statement.target)}” has {_list(values[:5])}")


def _list(texts: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)


def _size(observation: Observation) -> tuple[int, int]:
    return observation.screenshot.width, observation.screenshot.height


_RULES = {
    "shows": _texts, "title": _title, "url": _url, "field": _field, "checked": _checked, "selected": _selected,
    "enabled": _enabled, "focused": _focused, "visible": _visible, "count": _count, "dialog": _dialog, "open": _open,
    "order": _order,
}  # fmt: skip

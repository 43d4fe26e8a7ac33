"""Whether a statement holds on a scene, and what the scene says instead."""

from __future__ import annotations

import operator
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from handeye.perception.matching import Match, find, shows
from handeye.perception.phrase import readings
from handeye.perception.quoting import unquote
from handeye.perception.wording import words
from handeye.policies.plain_english.counting import how_many
from handeye.policies.plain_english.reading import read_value
from handeye.tools.comparing import contains, literal, same

if TYPE_CHECKING:
    from handeye.perception.matching import Want
    from handeye.perception.scene import Scene
    from handeye.policies.plain_english.clauses import Statement
    from handeye.tools.element import Element

_COMPARE = {"=": operator.eq, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_ROLES_OF_WORDS = {
    "spinner": {"progressbar"}, "progress bar": {"progressbar"}, "loading indicator": {"progressbar"},
    "error message": {"alert"}, "error": {"alert"}, "warning": {"alert"}, "message": {"alert", "status"},
    "notification": {"alert", "status"},
}  # fmt: skip


class Finding(NamedTuple):
    """Whether a statement holds, and in words what is so instead."""

    holds: bool
    says: str


def evaluate(statement: Statement, scene: Scene) -> Finding:
    """Look whether the statement holds on this scene."""
    holds, says = _RULES[statement.kind](statement, scene)
    if statement.negated and not holds and scene.signals.unanswered:
        return Finding(False, f"“{scene.signals.unanswered[0]}” does not answer, so what it shows is unknown")
    return Finding(holds != statement.negated, says)


def _texts(statement: Statement, scene: Scene) -> Finding:
    missing = [text for text in statement.texts if not _text_shows(text, scene)]
    if statement.negated or statement.any_of:
        there = [text for text in statement.texts if text not in missing]
        return Finding(
            bool(there), f"the page shows {_list(there)}" if there else f"the page does not show {_list(missing)}"
        )
    if not missing:
        return Finding(True, f"the page shows {_list(statement.texts)}")
    return Finding(False, f"the page does not show {_list(missing)}; {summary(missing[0], scene)}")


def _text_shows(text: str, scene: Scene) -> bool:
    bare = re.sub(r"^(?:the|an?)\s+", "", text, flags=re.IGNORECASE)
    return shows(scene, text) or (bare != text and bool(bare) and shows(scene, bare))


def summary(wanted: str, scene: Scene) -> str:
    """What the page says, for somebody who looked for something else."""
    from handeye.perception.matching import nearest

    elements = scene.elements or scene.words
    near = nearest(f'"{wanted}"', elements, 3)
    if near:
        return f"nearest is {_list(near)}"
    first = [
        element.name for element in elements if element.role in {"heading", "alert", "status", "text"} and element.name
    ]
    return f"it shows {_list([text[:60] for text in first[:3]])}" if first else "it shows no text"


def _title(statement: Statement, scene: Scene) -> Finding:
    return _compare(statement, scene.signals.title, "the title")


def _url(statement: Statement, scene: Scene) -> Finding:
    url, wanted = scene.signals.url, statement.texts[0]
    same = url.rstrip("/") == wanted.rstrip("/") or url.split("?")[0].rstrip("/").endswith(wanted.rstrip("/"))
    return Finding(same or (not statement.exact and wanted.lower() in url.lower()), f"the address is {url}")


def _open(statement: Statement, scene: Scene) -> Finding:
    """Which page is open, told by its address, title or first heading."""
    heading = next((element.name for element in scene.elements if element.role == "heading"), "")
    wanted = "".join(words(statement.texts[0]))
    places = (scene.signals.url, scene.signals.title, heading)
    holds = any(wanted in "".join(words(place)) for place in places)
    return Finding(holds, f"the page is “{scene.signals.title or heading or scene.signals.url}”")


def _compare(statement: Statement, value: str, what: str) -> Finding:
    tests = [
        same(text, value, case=False) or literal(text) == literal(value)
        if statement.exact or not text
        else contains(value, text, case=False)
        for text in statement.texts
    ]
    holds = any(tests) if statement.any_of else all(tests)
    return Finding(holds, f"{what} is {f'“{value}”' if value else 'empty'}")


def _field(statement: Statement, scene: Scene) -> Finding:
    name = unquote(statement.target)
    element = _held_in(statement.target, scene)
    if element is not None and element.secret:
        return Finding(False, f"“{name}” is a secret field, which is never read")
    if element is not None:
        return _compare(statement, element.value, f"“{name}”")
    found = find(statement.target, scene.elements or scene.words, want="read", size=_size(scene))
    inside = _within(found, scene)
    if inside and not statement.exact and all(_written(text, found[0].element, scene) for text in statement.texts):
        return Finding(True, f"“{name}” holds it")
    if value := read_value(statement.target, scene):
        # Read off a text, a value may have more words to it: that it "is not" so is told only by what it does not hold.
        loosely = replace(statement, exact=False) if statement.negated else statement
        finding = _compare(loosely, value, f"“{name}”")
        if finding.holds or not shows(scene, unquote(statement.said)):
            return finding
    if statement.said and shows(scene, re.sub(r"^(?:the|an?)\s+", "", unquote(statement.said), flags=re.IGNORECASE)):
        return Finding(not statement.negated, f"the page says “{unquote(statement.said)}”")
    if not statement.texts[0] and statement.exact:
        return Finding(False, f"the page does not say that “{name}” is empty")
    return Finding(False, f"“{name}” holds “{inside[:80]}”" if inside else f"nothing on the page is called “{name}”")


def _held_in(phrase: str, scene: Scene) -> Element | None:
    """The field that a phrase names: the one called so, whatever its kind, before one that stands near such a text."""
    if any(query.role in ("row", "item") and query.ordinal and not query.text for query in readings(phrase)):
        return None  # a whole row is asked about, not the field in it
    named = _one(phrase, scene, "any")
    if named is not None and named.role in {"slider", "spinbutton"}:
        return named
    return _one(phrase, scene, "type") or _one(phrase, scene, "choose")


def _written(text: str, container: Element, scene: Scene) -> bool:
    """Whether a text stands in a container: in one thing, or across several that are not buttons or fields."""
    from handeye.perception.groups import descendants

    held = [container, *descendants(container, scene.elements)]
    parts = [part for each in held for part in (each.name, each.value)]
    plain = " ".join(each.name for each in held[1:] if not each.acts)
    return any(contains(part, text, case=False) for part in (*parts, plain))


def _within(found: list[Match], scene: Scene) -> str:
    """All that is written in the best match: of a row, its cells."""
    from handeye.perception.groups import descendants

    if not found or found[0].score < 0.75:
        return ""
    element = found[0].element
    return " ".join([element.name, element.value, *(each.name for each in descendants(element, scene.elements))])


def _one(phrase: str, scene: Scene, want: Want) -> Element | None:
    found = find(phrase, scene.elements, want=want, size=_size(scene))
    return found[0].element if found and found[0].score >= 0.75 else None


def _checked(statement: Statement, scene: Scene) -> Finding:
    element = _one(statement.target, scene, "tick")
    name = unquote(statement.target)
    if element is None or element.checked is None:
        return Finding(statement.negated, f"there is no checkbox called “{name}”")
    return Finding(element.checked, f"“{name}” is {'ticked' if element.checked else 'not ticked'}")


def _selected(statement: Statement, scene: Scene) -> Finding:
    name = unquote(statement.target)
    ticked = _one(statement.target, scene, "tick")
    if ticked is not None and ticked.checked is not None:
        return Finding(ticked.checked, f"“{name}” is {'selected' if ticked.checked else 'not selected'}")
    chosen = [element for element in scene.elements if same(element.value, name, case=False)]
    if chosen:
        return Finding(True, f"“{name}” is selected")
    there = _one(statement.target, scene, "any")
    told = [state for state in (there.selected, there.pressed) if state is not None] if there else []
    if not told and not _offered(name, scene):
        return Finding(statement.negated, f"the page does not tell whether “{name}” is selected")
    return Finding(any(told), f"“{name}” is {'selected' if any(told) else 'not selected'}")


def _offered(name: str, scene: Scene) -> bool:
    """Whether a list has an option of this name, chosen or not."""
    lists = (element for element in scene.elements if element.role in {"combobox", "listbox"})
    return any(contains(element.description, name, case=False) for element in lists)


def _enabled(statement: Statement, scene: Scene) -> Finding:
    element = _one(statement.target, scene, "any")
    name = unquote(statement.target)
    if element is None:
        return Finding(statement.negated, f"nothing on the page is called “{name}”")
    return Finding(element.enabled, f"“{name}” is {'enabled' if element.enabled else 'disabled'}")


def _focused(statement: Statement, scene: Scene) -> Finding:
    element = _one(statement.target, scene, "any")
    return Finding(element is not None and element.focused, f"{scene.signals.focus or 'nothing'} has the focus")


def _visible(statement: Statement, scene: Scene) -> Finding:
    name = re.sub(r"^(?:the|an?|any|some)\s+", "", unquote(statement.target), flags=re.IGNORECASE)
    if roles := _ROLES_OF_WORDS.get(name.lower()):
        there = next((element for element in scene.elements if element.role in roles), None)
        if there is not None:
            return Finding(True, f"there is “{there.name or there.role}”")
    found = find(statement.target, scene.elements or scene.words, size=_size(scene))
    if found and found[0].score >= 0.75 and not found[0].why.endswith("is part of it"):
        return Finding(True, f"“{name}” is there")
    if name and shows(scene, name):
        return Finding(True, f"the page shows “{name}”")
    return Finding(False, f"“{name}” is not there; {summary(name, scene)}")


def _count(statement: Statement, scene: Scene) -> Finding:
    number = how_many(statement.noun, scene)
    holds = bool(_COMPARE[statement.compare](number, statement.number))
    return Finding(holds, f"there are {number} {unquote(statement.noun)}")


def _dialog(statement: Statement, scene: Scene) -> Finding:
    boxes = [element for element in scene.elements if element.role in {"dialog", "alertdialog"}]
    if not statement.texts:
        there = bool(scene.signals.dialog or boxes)
        return Finding(there, "a dialog is open" if there else "no dialog is open")
    said = [scene.signals.dialog, *(_within([Match(box, 1.0, "")], scene) for box in boxes)]
    holds = all(any(contains(each, text, case=False) for each in said) for text in statement.texts)
    shown = next((each for each in said if each), "")
    return Finding(holds, f"the dialog says “{shown[:80]}”" if shown else "no dialog is open")


def _list(texts: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)


def _size(scene: Scene) -> tuple[int, int]:
    return scene.screenshot.width, scene.screenshot.height


_RULES = {
    "shows": _texts, "title": _title, "url": _url, "field": _field, "checked": _checked, "selected": _selected,
    "enabled": _enabled, "focused": _focused, "visible": _visible, "count": _count, "dialog": _dialog, "open": _open,
}  # fmt: skip

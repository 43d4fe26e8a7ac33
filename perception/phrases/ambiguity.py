"""Which of several matches are different controls that answer equally well, and how a person could tell them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.phrases.wording import OF_KIND, PARTLY, label_of
from handeye.perception.reading.groups import container_of
from handeye.perception.reading.structure import Structure, shared, structure_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.perception.phrases.match import Match
    from handeye.tools.element import Element

#: Scores closer than this are a tie …
TIE = 0.02
#: … and where labels say more or less than what is wanted, their length decides nothing.
TIE_PARTLY = 0.1
#: At most so many candidates are listed.
LISTED = 6

_NOUNS = {
    "row": "row", "dialog": "dialog", "alertdialog": "dialog", "form": "form", "listitem": "item", "region": "section",
    "group": "section", "term": "item", "definition": "item", "treeitem": "item", "tabpanel": "panel",
}  # fmt: skip
_CALLED = {"button": "button", "link": "link", "textbox": "field", "searchbox": "field", "spinbutton": "field",
           "combobox": "list", "listbox": "list", "checkbox": "checkbox", "radio": "radio button", "switch": "switch",
           "tab": "tab", "menuitem": "menu item", "heading": "heading"}  # fmt: skip


def rivals_of(first: Match, others: Sequence[Match], elements: Sequence[Element]) -> tuple[Match, ...]:
    """The matches that answer as well as the first and are other controls.

    As well: alike in the same way, with nearly the same score. Left out are what a person could not reach while they
    can reach the first (disabled, behind a modal dialog, the covered copy), and what does the same: a label and its
    control, a link in a card that is pressed as a whole, two links of one name to one address.
    """
    structure = structure_of(elements if isinstance(elements, tuple) else tuple(elements))
    found: list[Match] = []
    for other in others:
        if not _as_good(first, other) or not _as_reachable(first.element, other.element, structure):
            continue
        if any(same_control(each.element, other.element, structure) for each in (first, *found)):
            continue
        found.append(other)
    return tuple(found)


def _as_good(first: Match, other: Match) -> bool:
    partly = PARTLY <= first.kind < OF_KIND
    return first.kind == other.kind and first.score - other.score < (TIE_PARTLY if partly else TIE)


def _as_reachable(first: Element, other: Element, structure: Structure) -> bool:
    if (other.inert and not first.inert) or (first.enabled and not other.enabled):
        return False
    return first.covered or not other.covered or other.clipped or _siblings(first, other, structure)


def _siblings(one: Element, other: Element, structure: Structure) -> bool:
    """Whether they lie in two of several things alike, such as two cards of a list."""
    branch = shared(structure.path(one), structure.path(other)) + 1
    return branch in structure.items(one) and branch in structure.items(other)


def same_control(one: Element, other: Element, structure: Structure) -> bool:
    """Whether pressing either does the same, so that it does not matter which one is meant."""
    if one.id == other.id:
        return one.source != "ocr" or one.box.overlap(other.box) > 0.5 * other.box.area
    first, second = structure.path(one), structure.path(other)
    if shared(first, second) == min(len(first), len(second)):
        return True  # one in the other
    if one.box.overlap(other.box) > 0.5 * min(one.box.area, other.box.area) > 0:
        return True
    if one.role != "link" or other.role != "link" or not one.href or one.href != other.href:
        return False
    return one.name == other.name and not _siblings(one, other, structure)


def explain(phrase: str, tied: Sequence[Match], elements: Sequence[Element], means: Callable[[str], str]) -> str:
    """Why nothing was taken: the candidates, what each is in, and what to say instead.

    `means` returns the id of the one element that a phrase means, or nothing; only phrases that work are suggested.
    """
    shown, hints = [], []
    for number, match in enumerate(tied[:LISTED], start=1):
        element = match.element
        where, hint = _distinguished(element, elements)
        name = label_of(element) or element.role
        said = f"“{_short(name)}” " if len({label_of(each.element) for each in tied}) > 1 else ""
        shown.append(said + (where or f"number {number}, at ({element.box.centre.x}, {element.box.centre.y})"))
        if hint and means(hint) == element.id:
            hints.append(hint)
    more = f" and {len(tied) - LISTED} more" if len(tied) > LISTED else ""
    ordinal = f"the first {_noun_phrase(tied[0].element)}"
    if means(ordinal):
        hints.append(ordinal)
    example = f"; say which, e.g. {' or '.join(f'`{hint}`' for hint in (hints[:1] + hints[-1:])[: len(hints)])}"
    advice = example if hints else "; say which one, by its place or by what stands next to it"
    return f"{len(tied)} controls answer to “{_short(phrase)}”: {'; '.join(shown)}{more}{advice}"


def _noun_phrase(element: Element) -> str:
    name = label_of(element)
    kind = _CALLED.get(element.role, "")
    return f'"{name}" {kind}'.strip() if len(name) <= 60 and '"' not in name else kind or "one"


def _distinguished(element: Element, elements: Sequence[Element]) -> tuple[str, str]:
    """What it is in, for people; and the phrase that says so."""
    held = container_of(element, elements)
    if held is None:
        return "", ""
    texts = [
        each
        for each in (held.element, *held.members)
        if each is not None and each.name and each.id != element.id and each.role not in {"button", "checkbox"}
    ]
    if not texts:
        return "", ""
    title = next((each.name for each in texts if any(letter.isalpha() for letter in each.name)), texts[0].name)
    noun = _NOUNS.get(held.element.role, "card") if held.element else "card"
    hint = f'the {_noun_phrase(element)} in the {noun} with "{title}"' if len(title) <= 60 and '"' not in title else ""
    return f"in the {noun} “{_short(title)}”", hint


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "…"

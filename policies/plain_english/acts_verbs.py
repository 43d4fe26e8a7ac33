"""Verbs that are labels: "check out", "delete the third row", "add the first result to the cart", "reply to Bob"."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from handeye.perception.phrases.ambiguity import rivals_of
from handeye.perception.phrases.label_verbs import unexplained
from handeye.perception.phrases.match import Match
from handeye.perception.phrases.matching import is_name, shows
from handeye.perception.phrases.phrase import ANY_ROLE, readings
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import GLYPHS, PARTLY, alike, normal, way, words
from handeye.perception.reading.groups import Item, descendants, item_of, items_called, items_known_by
from handeye.perception.reading.structure import structure_of
from handeye.policies.plain_english.acts_hands import drag
from handeye.policies.plain_english.clauses import DragOnto
from handeye.policies.plain_english.described import UnclearItem, compares, described, items_of_words
from handeye.policies.plain_english.moment import AmbiguousTarget, Fail, Moment, Step
from handeye.policies.plain_english.reaching import after_click, clear, click_it, closing
from handeye.policies.plain_english.searching import wait_or_scroll
from handeye.tools.actions import Move

if TYPE_CHECKING:
    from collections.abc import Sequence

    import handeye.policies.plain_english.clauses as c
    from handeye.perception.phrases.phrase import Query
    from handeye.tools.element import Element

#: Where the control for something is usually found, when it is not on this page: language knowledge of the web.
HINTS: dict[str, tuple[str, ...]] = {
    "check out": ("cart", "basket", "view cart", "shopping cart", "bag"),
    "checkout": ("cart", "basket", "view cart", "shopping cart", "bag"),
    "log out": ("account", "my account", "profile", "menu", "user menu"),
    "sign out": ("account", "my account", "profile", "menu", "user menu"),
    "log in": ("account", "my account", "menu"),
    "sign in": ("account", "my account", "menu"),
    "sign up": ("account", "log in", "menu"),
}
#: Verbs that tick the box of an item rather than press a button in it.
_TICKING = frozenset({"check", "complete", "finish", "mark", "select", "tick", "do", "choose", "toggle"})
#: In an item, a cross takes it away.
_REMOVING = frozenset({"delete", "remove", "discard", "erase", "dismiss"})
_DIALOG = re.compile(
    r"(?:dialog(?:ue)?(?:\s+box)?|alert|pop-?\s?up|prompt|message(?:\s+box)?|modal|confirmation)", re.IGNORECASE
)
_YES = ("ok", "yes", "accept", "confirm", "continue", "allow", "agree", "leave", "ja", "akzeptieren")
_SHUT = ("close", "dismiss", "×", "cancel", "no", "not now", "schließen", "abbrechen", "nein", "ok")
_NO = ("cancel", "no", "close", "dismiss", "×", "not now", "abbrechen", "nein", "schließen", "ok")
#: What answers a dialog that is accepted or dismissed.
_ANSWERS = (
    dict.fromkeys(("accept", "confirm", "approve", "allow"), _YES)
    | dict.fromkeys(("cancel", "decline", "reject", "deny"), _NO)
    | dict.fromkeys(("dismiss", "close"), _SHUT)
)
#: Places that tell nothing more: everything on the page is in them.
_GENERIC = re.compile(
    r"(?:to|from|in|into|on|onto|off|of|at)\s+(?:(?:the|my|your|this|our)\s+)?(?:shopping\s+)?(?:cart|basket|bag|trolley|list"
    r"|table|page|screen|inbox|form|results?|menu|order|queue|favou?rites?|wish\s?list|playlist|app|application|site|website)",
    re.IGNORECASE,
)
_SMALL = re.compile(r"\b(?:the|an?|my|your|our|this|that|all|of)\b", re.IGNORECASE)
#: A control in an item answers to the verb from here on; on the whole page, from there on.
INSIDE, ANYWHERE = 0.7, 0.8


def operate(clause: c.Operate, moment: Moment) -> Step:
    """Press the control whose label is the verb of the clause."""
    if moment.progress.stage == "dragged" and (step := _as_drag(clause, moment)) is not None:
        return step
    if (step := after_click(moment, clause.verb)) is not None:
        if moment.progress.kept.pop("hint", ""):
            moment.progress.stage = ""
            moment.progress.tries.pop("clicked", None)
        else:
            return step
    if moment.progress.stage == "clicked" and moment.progress.kept.pop("hint", ""):
        moment.progress.stage = ""
    whole = " ".join(filter(None, (clause.verb, clause.thing, clause.place)))
    if clause.joined and (
        held := _control([clause.joined], moment.observation.elements or moment.observation.words, 0.95)
    ):
        moment.progress.kept["skip"] = 1
        return _press(held, clause.joined, moment)
    match = _find(clause, moment)
    if match is not None:
        return _press(match, whole, moment)
    if clause.certain and (hint := _hint(clause, moment)) and not moment.progress.tried("hinted"):
        free = clear(moment, hint, hint.element.name)
        if not isinstance(free, Match):
            return free
        moment.progress.kept["hint"] = hint.element.name
        moment.notes.append(f"no control is called “{whole}” here; it is usually found behind “{hint.element.name}”")
        return click_it(moment, free, hint.element.name)
    for other in (_as_drag, _bring_out):
        if (step := other(clause, moment)) is not None:
            return step
    late = wait_or_scroll(moment, whole)
    return _explained(clause, moment, late) if isinstance(late, Fail) else late


def _as_drag(clause: c.Operate, moment: Moment) -> Step | None:
    """“Move X to Y” where nothing here is called “move” and both are on the screen."""
    to = re.match(r"(?:to|into|onto|in|on)\s+(?P<end>.+)", clause.place, re.IGNORECASE)
    if clause.verb.lower() != "move" or not clause.thing or not to:
        return None
    both = [moment.find(each, "any") for each in (clause.thing, to["end"])]
    if moment.progress.stage != "dragged" and not all(found and found[0].score >= ANYWHERE for found in both):
        return None
    return drag(DragOnto(start=clause.thing, end=to["end"], source=clause.source), moment)


def _bring_out(clause: c.Operate, moment: Moment) -> Step | None:
    """The mouse over the item that is meant, once: some show their buttons only then."""
    items = _items(clause.thing, moment) if clause.thing else []
    if not items or not moment.can("move") or moment.progress.tried("hovered"):
        return None
    over = items[0].element or items[0].principal()
    if over is None or not isinstance(free := clear(moment, Match(over, 1.0, ""), clause.thing), Match):
        return None
    action = Move(target=moment.at(free.element, clause.thing))
    return moment.do(action, f"nothing in it is called “{clause.verb}”: see what it shows under the mouse", "hovered")


def _press(match: Match, whole: str, moment: Moment) -> Step:
    held = clear(moment, match, whole)
    if not isinstance(held, Match):
        return held
    return click_it(moment, held, match.element.name or whole)


def _find(clause: c.Operate, moment: Moment) -> Match | None:
    """The control that is meant: called like the clause, or in the item it speaks of, or called like its verb."""
    elements = moment.observation.elements or moment.observation.words
    verb, thing, place = clause.verb, unquote(clause.thing), unquote(clause.place)
    if not clause.certain:
        return _control([verb], elements, 0.95)
    spoken = [" ".join(filter(None, (verb, thing, place))), " ".join(filter(None, (verb, _bare(thing), _bare(place))))]
    if _DIALOG.fullmatch(_bare(thing)) and (names := _ANSWERS.get(verb.lower())):
        in_dialog = _in_dialog(elements)
        if found := _control(names, in_dialog or elements, 0.9):
            return found
    if not thing and not place:
        plain = _control([verb], elements, ANYWHERE) or _by_glyph(verb, moment)
        answers = _ANSWERS.get(verb.lower(), ())
        return plain or (_control(answers, _in_dialog(elements), 0.9) if answers else None)
    if found := _control(spoken, elements, 0.9) or _box_called(spoken, elements):
        return found
    if thing and (held := _in_its_container(clause, moment)):
        return held
    labels = [f"{verb} {_bare(place)}".strip()]
    if not place or _GENERIC.fullmatch(place):
        labels.append(verb)
    for phrase, labels_inside in _things(clause, labels):
        items = _items(phrase, moment)
        located = _LOCATED.match(place) and not _GENERIC.fullmatch(place)
        if phrase == clause.thing and located and _several(thing, elements):
            return None  # the place says which of them is meant, and nothing there does
        inside_each = [each for item in items if (each := _in_item(clause, labels_inside, item))]
        different = list({each.element.id: each for each in inside_each}.values())
        if different:
            more = _same_elsewhere(different[0], thing, elements) if len(different) == 1 and not place else []
            return replace(different[0], rivals=(*different[0].rivals, *different[1:], *more))
        if items:
            return None
    if found := _control(
        [f"{verb} {_bare(thing)}", *([f"{verb} {_bare(thing)} {_bare(place)}"] if place else [])], elements, ANYWHERE
    ):
        return found
    if thing and (
        inside := [
            m
            for m in moment.find(f'"{verb}" in {clause.thing}', "click")
            if m.element.acts and _serves(m.element, clause)
        ][:1]
    ):
        return inside[0] if inside[0].score >= 0.75 else None
    if verb.lower() in ("close", "dismiss") and (closer := closing(moment)):
        return Match(closer, 0.8, "closes what lies over the page")
    generic = _control(labels, [each for each in elements if _serves(each, clause)], 0.9)
    if generic is None or not _only(generic, labels, elements) or _specific(thing):
        return None
    return generic if not thing or _spoken_of(clause.thing, moment) else None


def _same_elsewhere(found: Match, thing: str, elements: Sequence[Element]) -> list[Match]:
    """Other controls of the same name whose part of the page names the same thing: Ann in the family, Ann at work."""
    same = [
        each for each in elements if each.acts and each.role == found.element.role and each.name == found.element.name
    ]
    structure = structure_of(elements)
    parts = structure.parts(same) if len(same) > 1 else []
    return [
        replace(found, element=each, rivals=())
        for each, part in zip(same, parts, strict=False)
        if each.id != found.element.id
        and not each.inert
        and part
        and any(normal(text.name) == normal(_bare(thing)) for text in structure.held(part))
    ]


_LOCATED = re.compile(r"(?:from|in|of|on|under|at|below|inside|within)\b", re.IGNORECASE)


def _several(thing: str, elements: Sequence[Element]) -> bool:
    """Whether several texts on the page are this name, so that the name alone does not say which is meant."""
    same = [each.box for each in elements if each.checked is None and normal(each.name) == normal(_bare(thing))]
    return any(one.overlap(other) == 0 for one in same for other in same)


def _in_item(clause: c.Operate, labels: Sequence[str], item: Item) -> Match | None:
    """The control of an item that a verb presses: called so, the cross that removes it, or the box that ticks it."""
    if found := _control(labels, [each for each in item.members if _serves(each, clause)], INSIDE):
        return replace(found, why=f"{found.why}, in “{item.text[:40]}”")
    crosses = [each for each in item.members if each.acts and GLYPHS.get(each.name.strip()) == "close"]
    if clause.verb.lower() in _REMOVING and len(crosses) == 1:
        return Match(crosses[0], 0.8, f"the cross in “{item.text[:40]}”")
    if clause.verb.lower() in _TICKING and (box := _box(item)):
        return Match(box, 0.8, f"the box of “{item.text[:40]}”")
    return None


#: What a page is about, without a name: what is done to it is done by the only control of the page for that.
_WHOLE = re.compile(
    r"(?:(?:it|this|that|the|my|your|our|all|whole|current|selected|new|these|those|changes?|page|form|item|items|product|article"
    r"|entry|order|purchase|payment|file|document|message|mail|email|e-mail|account|profile|settings?|selection|everything|dialog"
    r"|search|filters?|process|task|booking|reservation|registration|request|step|work|content|data|record|post|comment)\b\s*)+",
    re.IGNORECASE,
)


def _spoken_of(thing: str, moment: Moment) -> bool:
    """Whether the page is about a thing: it shows its name, or the thing is named by no more than its kind."""
    bare = _bare(unquote(thing))
    return bool(_WHOLE.fullmatch(unquote(thing).strip())) or not bare or shows(moment.observation, bare)


def _in_its_container(clause: c.Operate, moment: Moment) -> Match | None:
    """“Add X to the cart”: of several controls called “Add to cart”, the one that stands with X in one container."""
    names = [f"{clause.verb} {_bare(unquote(clause.place))}".strip(), clause.verb]
    controls = [
        each for each in moment.observation.elements if each.acts and each.role not in _FIELDS and _serves(each, clause)
    ]
    same = [each for each in controls if any(alike(name, each.name).score >= ANYWHERE for name in names if name)]
    if len(same) < 2 or _specific(clause.thing):
        return None
    label = max((each.name for each in same), key=lambda text: max(alike(name, text).score for name in names))
    thing = unquote(re.sub(r"^(?:the|an?|my)\s+", "", clause.thing, flags=re.IGNORECASE))
    in_label = {*words(_bare(unquote(clause.place)))} - _INTO <= {*words(label)}
    if clause.place and not in_label and not _GENERIC.fullmatch(clause.place):
        thing = f"{thing} {unquote(clause.place)}"  # “the invoice of Zoe”: the place says which thing it is
    if not any(normal(thing) in normal(each.name) for each in moment.observation.elements):
        return None  # what is not written here stands in no container
    for place in ("card", "row", "item"):
        found = moment.find(f'"{label}" in the {place} with "{thing}"', "click")
        if found and found[0].score >= 0.75 and found[0].element in same and not found[0].rivals:
            more = () if clause.place else _same_elsewhere(found[0], thing, moment.observation.elements)
            return replace(found[0], rivals=tuple(more))
    return None


def _serves(control: Element, clause: c.Operate) -> bool:
    """Whether a control's label names no other place than the clause: “Add to cart” is no “add … to the wishlist”."""
    into = _DESTINATION.search(control.name)
    if not into or not clause.place:
        return True
    said = " ".join((unquote(clause.thing), _bare(unquote(clause.place))))
    place = _bare(into["place"])
    return all(word in words(said) for word in words(place)) or any(
        alike(_bare(_DESTINATION.sub(r"\g<place>", spoken)), place).score >= ANYWHERE
        for spoken in (unquote(clause.place), f"{unquote(clause.thing)} {unquote(clause.place)}")
    )


_DESTINATION = re.compile(r"(?:^|\s)(?:to|into|onto|from|off)\s+(?P<place>.+)$", re.IGNORECASE)
_INTO = frozenset({"to", "into", "in", "onto", "on", "from"})
_FIELDS = frozenset({"checkbox", "radio", "textbox", "option", "combobox", "searchbox"})


def _in_dialog(elements: Sequence[Element]) -> list[Element]:
    """What lies in an open dialog."""
    boxes = [element for element in elements if element.role in {"dialog", "alertdialog"}]
    return [each for box in boxes for each in descendants(box, elements)]


def _things(clause: c.Operate, labels: list[str]) -> list[tuple[str, list[str]]]:
    """Phrases that may name an item, with the labels its control may have."""
    found = [(clause.thing, labels)] if clause.thing else []
    if clause.place:
        rest = re.sub(r"^\w+\s+", "", clause.place)
        if clause.thing:
            found.insert(0, (f"{clause.thing} {clause.place}", [clause.verb]))
        else:
            found.append((rest, [clause.verb]))
    return found


def _items(phrase: str, moment: Moment) -> list[Item]:
    """The items a phrase speaks of, all equally well: by number, or by what stands in them."""
    elements = moment.observation.elements
    called = re.sub(r"^(?:the|an?|my)\s+", "", unquote(phrase), flags=re.IGNORECASE)
    if compares(phrase, elements):
        try:
            return described(phrase, elements, moment.size) or []
        except UnclearItem as error:
            raise AmbiguousTarget(str(error)) from error
    literally = any(alike(called, element.name).score >= 0.95 for element in elements) or is_name(phrase, elements)
    for query in () if literally else readings(phrase):  # “Task 3” may be what one of them is called
        if query.ordinal and not query.relation:
            role = query.role if query.role in {"row", "item", "option"} else "item"
            several = _of_name(query, role, elements)
            place = query.ordinal - 1 if query.ordinal > 0 else query.ordinal
            return [several[place]] if -len(several) <= place < len(several) else []
    for query in readings(phrase):
        if query.text and not query.relation and not query.strict:
            text = re.sub(r"^(?:the|an?|my)\s+", "", query.text, flags=re.IGNORECASE)
            if found := items_known_by(text, elements):
                return found
    bare, _, noun = called.rpartition(" ")
    there = noun.islower() and any(normal(each.name) == normal(bare) for each in elements)
    if bare and there and (found := items_known_by(bare, elements)):
        return found  # whatever it is: “the Visitors widget”
    if split := items_of_words(called, elements):
        return split
    for match in moment.find(phrase)[:1]:
        if match.score >= 0.8 and (item := item_of(match.element, elements)):
            return [item]
    return []


def _of_name(query: Query, role: str, elements: Sequence[Element]) -> list[Item]:
    """The items among which one is counted: of “the second Ann Lee” those with that name, else all of a kind."""
    if query.text and query.text.lower() not in ANY_ROLE:
        order = {element.id: place for place, element in enumerate(elements)}
        named = items_known_by(query.text, elements)
        if named:
            return sorted(named, key=lambda item: min(order.get(each.id, 0) for each in item.members))
        if query.quoted or any(letter.isupper() for letter in query.text):
            return []  # a name that nothing here has
    return [*items_called(query.text, role, elements)]


def _control(labels: Sequence[str], elements: Sequence[Element], least: float) -> Match | None:
    """The control that answers best to one of the labels, the earlier the better; with its rivals."""
    found: list[Match] = []
    for rank, label in enumerate(labels):
        for element in elements:
            if not (element.acts or element.source == "ocr") or element.role in {
                "checkbox",
                "radio",
                "textbox",
                "option",
            }:
                continue
            texts = [element.name, element.description]
            score, why = max((alike(label, text, element.source == "ocr") for text in texts), key=lambda pair: pair[0])
            if why == "is part of it" or (why.startswith("holds") and len(words(label)) < 2 and score < 0.76):
                continue
            if way(why) >= PARTLY and element.source != "ocr" and unexplained(label, element.name):
                continue
            score -= 0.02 * rank + (0.1 if not element.enabled else 0) + (0.01 if element.covered else 0)
            if score >= least:
                found.append(Match(element, score, why))
    ranked = sorted(found, key=lambda match: (match.element.inert, -round(match.score, 3)))
    return replace(ranked[0], rivals=rivals_of(ranked[0], ranked[1:], elements)) if ranked else None


def _box_called(labels: Sequence[str], elements: Sequence[Element]) -> Match | None:
    """A checkbox whose label is the clause itself: “Mark all as read”."""
    boxes = [element for element in elements if element.role in {"checkbox", "switch"}]
    return next(
        (Match(box, 1.0, "exact") for box in boxes for text in labels if normal(box.name) == normal(text)), None
    )


def _box(item: Item) -> Element | None:
    return next((member for member in item.members if member.role in {"checkbox", "radio", "switch"}), None)


def _by_glyph(verb: str, moment: Moment) -> Match | None:
    found = moment.find(f'"{verb}"', "click")
    return (
        found[0]
        if found and found[0].score >= ANYWHERE and (found[0].element.acts or not moment.observation.elements)
        else None
    )


def _only(match: Match, labels: Sequence[str], elements: Sequence[Element]) -> bool:
    """Whether no other control has the same name; with several, the target would be ambiguous."""
    same = [element for element in elements if element.acts and element.name == match.element.name]
    return len(same) <= 1 and bool(labels)


def _specific(thing: str) -> bool:
    """Whether the thing is one among several, so that a control elsewhere would be a guess."""
    return any(query.ordinal for query in readings(thing)) if thing else False


def _hint(clause: c.Operate, moment: Moment) -> Match | None:
    names = HINTS.get(clause.verb.lower())
    return _control(names, moment.observation.elements, 0.8) if names else None


def _bare(text: str) -> str:
    return " ".join(_SMALL.sub(" ", text).split())


def _explained(clause: c.Operate, moment: Moment, failure: Fail) -> Fail:
    """Why the verb cannot be carried out, with what could be."""
    items = _items(clause.thing, moment) if clause.thing else []
    if items:
        inside = [member.name or member.description for member in items[0].members if member.acts]
        shown = ", ".join(f"“{name}”" for name in dict.fromkeys(inside) if name) or "no controls"
        return Fail(f"in “{items[0].text[:60]}” no control is called “{clause.verb}”; it has {shown}")
    if clause.thing and _specific(clause.thing):
        return Fail(f"there is no {unquote(re.sub(r'^the ', '', clause.thing))} on this page")
    return Fail(failure.reason.replace("nothing on the screen answers to", "no control on the screen is called"))

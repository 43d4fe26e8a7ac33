"""Typing, ticking, choosing, logging in and searching: one function per kind of clause."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.perception.phrases.match import Match
from handeye.perception.phrases.matching import shows
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import alike, normal
from handeye.perception.reading.fields import fits_want
from handeye.perception.reading.groups import descendants, items_known_by
from handeye.perception.reading.structure import ITEM_ROLES, structure_of
from handeye.policies.plain_english.moment import Fail, Moment, Next, Step
from handeye.policies.plain_english.reaching import after_click, clear, click_it, is_label, reach
from handeye.policies.plain_english.searching import wait_or_scroll
from handeye.tools.actions import Click, Key, Select, Type, Wait
from handeye.tools.text_equality import contains, held

if TYPE_CHECKING:
    from handeye.perception.phrases.matching import Want
    from handeye.tools.element import Element

_YES = frozenset({"on", "yes", "true", "ticked", "checked", "enabled", "1", "active"})
_PRESSED = frozenset({"button", "link", "clickable"})
#: What buttons are called that choose the card they stand in.
_CHOOSING = ("choose", "select", "pick", "take")
#: What was read, computed or answered last.
_LAST_READ = frozenset({"it", "that", "answer", "result", "solution", "value", "number", "sum", "total", "outcome"})
_NO = frozenset({"off", "no", "false", "unticked", "unchecked", "disabled", "0", "inactive"})


def spoken(text: str, moment: Moment, fact: bool) -> str:
    """The text to type: `{{name}}` of something remembered is filled in, and so is its bare name, or "it"."""
    facts = {normal(name): value for name, value in moment.task.facts.items()}

    def filled(hit: re.Match[str]) -> str:
        return facts.get(normal(hit[1]), hit[0])

    text = re.sub(r"\{\{(?!secret:)\s*([^{}]+?)\s*\}\}", filled, text)
    bare = re.sub(r"^(?:the|that|this|my|your|its)\s+", "", normal(text))
    if fact and bare in facts:
        return facts[bare]
    if fact and bare in _LAST_READ and moment.progress.it:
        return moment.progress.it
    return text


def write(clause: c.Write, moment: Moment) -> Step:
    """Type the text of the clause into its field and verify it."""
    text = spoken(clause.text, moment, clause.fact)
    stage, last = moment.progress.stage, moment.last
    if stage == "clicked":
        return after_click(moment, clause.target) or _into(clause, text, moment)
    if stage == "typed" and last and not moment.refused:
        if isinstance(last.action, Wait):
            return _into(clause, text, moment)
        return _typed(clause, text, moment)
    return _into(clause, text, moment)


def _into(clause: c.Write, text: str, moment: Moment) -> Step:
    if clause.any_kind and clause.target:
        best = _any_field(clause.target, moment)
        if best is not None and best.element.role in {"checkbox", "radio", "switch"} and normal(text) in _YES | _NO:
            wanted = normal(text) in _YES
            return Next() if best.element.checked == wanted else click_it(moment, best, clause.target)
        if best is not None and best.element.role in {"combobox", "listbox"} and moment.can("select"):
            held = clear(moment, best, clause.target)
            if not isinstance(held, Match):
                return held
            return moment.do(
                Select(target=moment.aim(held, clause.target), option=text), f"choose “{text}” in it", "typed"
            )
        if best is not None and best.element.role in {"slider", "spinbutton"}:
            held = clear(moment, best, clause.target)
            if not isinstance(held, Match):
                return held
            return moment.do(
                Type(text=text, target=moment.aim(held, clause.target), clear=True), f"set it to {text}", "typed"
            )
    if not clause.target:
        return _where_the_keyboard_is(text, moment)
    found = reach(moment, clause.target, "type")
    if not isinstance(found, Match):
        return found
    where = found.element.name or unquote(clause.target)
    replaces = clause.replace or _adds_digits(text, found.element)
    action = Type(text=text, target=moment.aim(found, clause.target), clear=replaces)
    return moment.do(action, f"type it into “{where[:60]}”", "typed")


def _adds_digits(text: str, field: Element) -> bool:
    """Whether typing would make another number of two: a 7 typed behind a 1 is 17, which is what no one said."""
    number = re.compile(r"[-+]?\d[\d.,]*")
    return not field.secret and bool(number.fullmatch(text.strip()) and number.fullmatch(field.value.strip()))


def _any_field(phrase: str, moment: Moment) -> Match | None:
    wants: tuple[Want, ...] = ("type", "choose", "tick", "any")
    found = [match for want in wants for match in moment.find(phrase, want)[:3] if fits_want("any", match.element)]
    return max(found, key=lambda match: match.score, default=None)


def _where_the_keyboard_is(text: str, moment: Moment) -> Step:
    fields = [field for field in moment.visible(moment.fields()) if not field.covered]
    dom = any(element.source == "dom" for element in moment.observation.elements)
    if dom and not any(field.focused for field in moment.observation.elements):
        if len(fields) == 1:
            moment.notes.append("nothing had the keyboard; the page has only this field")
            action = Type(text=text, target=moment.at(fields[0]), clear=False)
            return moment.do(
                action, f"type it into “{fields[0].name or fields[0].description or 'the only field'}”", "typed"
            )
        if moment.progress.tried("nowhere") and not fields:
            return Fail("nothing on the page takes text; name the field to type into")
        if fields and not moment.observation.signals.focus:
            names = ", ".join(f"“{field.name or field.description or field.role}”" for field in fields[:5])
            return Fail(f"no field has the keyboard; say into which of {names} to type")
    return moment.do(Type(text=text), "type it where the keyboard is", "typed")


def _typed(clause: c.Write, text: str, moment: Moment) -> Step:
    last = moment.last
    assert last is not None
    kind, evidence = last.outcome.kind, last.result or last.outcome.evidence
    if kind == "confirmed":
        return Next()
    if kind == "unknown":
        return _decided_by_field(clause, text, moment)
    if kind == "unexpected" and last.outcome.evidence.startswith(("the address", "a page was loaded")):
        return Next(note=evidence)
    if moment.progress.tried("typed") >= 1:
        return Fail(f"“{text}” was typed twice, but {evidence}")
    if clause.target and kind == "unexpected":
        found = reach(moment, clause.target, "type")
        if isinstance(found, Match):
            action = Type(text=text, target=moment.aim(found, clause.target), clear=True)
            return moment.do(action, f"{evidence}: type it again, replacing that", "typed")
        return found
    if kind == "no_effect" and not last.result:
        return moment.do(Wait(seconds=0.5), "nothing changed yet; wait a little", "typed")
    return _into(clause, text, moment)


def _sole_field(phrase: str, moment: Moment) -> Element | None:
    """The field that a phrase means, if no other field matches as well."""
    found = [match for match in moment.find(phrase, "type") if match.element.takes_text]
    alone = len(found) == 1 or (len(found) > 1 and found[0].score > found[1].score)
    return found[0].element if alone else None


def _decided_by_field(clause: c.Write, text: str, moment: Moment) -> Step:
    """Where the outcome could not be judged: what the field holds now decides."""
    last = moment.last
    assert last is not None
    evidence = last.result or last.outcome.evidence or "what it did is not known"
    aimed_at = getattr(last.action, "target", None)
    by_id = {element.id: element for element in moment.observation.elements}
    field = by_id.get(aimed_at.element or "") if aimed_at else next((e for e in moment.fields() if e.focused), None)
    if field is None and clause.target:  # a resume has loaded the page anew, and its elements have other ids
        field = _sole_field(clause.target, moment)
    if field is not None and field.takes_text and not field.secret and "{{secret:" not in text:
        kept = held(text, field.value) in ("same", "reformatted") or (
            not clause.replace and contains(field.value, text)
        )
        if kept if text.strip() else not field.value:
            return Next()
        return Fail(f"“{text}” was typed, but {evidence}; it is not typed again, for it may have arrived")
    if "{{secret:" in text or not clause.target or (field is not None and field.secret):
        return Next(note=f"whether it was typed cannot be read back: {evidence}")
    return Fail(f"“{text}” was typed, but {evidence}")


def empty(clause: c.Empty, moment: Moment) -> Step:
    """Clear the field of the clause."""
    last = moment.last
    found = reach(moment, clause.target, "type")
    if moment.progress.stage == "typed" and last and not moment.refused and not isinstance(last.action, Wait):
        if moment.failed and last.result:
            return Fail(last.result)
        if isinstance(found, Match) and found.element.source != "ocr" and not found.element.secret:
            if not found.element.value:
                return Next()
            if moment.progress.tried("again") >= 1:
                return Fail(f"“{unquote(clause.target)}” still holds “{found.element.value[:80]}”")
        elif last.outcome.kind in ("confirmed", "unknown"):
            return Next(note=f"whether “{unquote(clause.target)}” is empty cannot be read back")
        else:
            return Fail(f"whether “{unquote(clause.target)}” is empty cannot be told: {last.outcome.evidence}")
    if not isinstance(found, Match):
        return found
    element = found.element
    if moment.progress.stage == "" and element.source != "ocr" and not element.secret and not element.value:
        return Next(note=f"“{unquote(clause.target)}” was empty already")
    return moment.do(Type(text="", target=moment.aim(found, clause.target), clear=True), "empty it", "typed")


_ALL = re.compile(
    r"(?:(?:all|every|each|both)(?:\s+of)?(?:\s+(?:the|these|those))?(?:\s+(?:check\s?|tick\s?)?box(?:es)?|\s+(?:switch(?:es)?|toggles?"
    r"|them|of\s+them|options?|items?))?|everything)",
    re.IGNORECASE,
)
_SOME_OF = re.compile(r"^(?:all|every|each|both)\b", re.IGNORECASE)


def _tick_all(clause: c.Tick, moment: Moment) -> Step:
    """Every checkbox of the page, one after the other."""
    boxes = [element for element in moment.observation.elements if element.role in {"checkbox", "switch"}]
    if not boxes:
        return wait_or_scroll(moment, "checkbox")
    if re.match(r"both\b", clause.target.strip(), re.IGNORECASE) and len(boxes) != 2:
        return Fail(f"there are {len(boxes)} checkboxes here, not two; name those that are meant")
    wrong = next((box for box in boxes if box.enabled and box.checked is not None and box.checked != clause.on), None)
    if wrong is None:
        fixed = [box for box in boxes if box.checked is not None and box.checked != clause.on]
        if fixed:
            return Fail(f"“{fixed[0].name}” is disabled and stays {'ticked' if fixed[0].checked else 'unticked'}")
        return Next()
    if moment.progress.kept.get("last") == wrong.id or moment.progress.tried("all") > 200:
        return Fail(f"“{wrong.name}” stays {'ticked' if wrong.checked else 'unticked'}")
    held = clear(moment, Match(wrong, 1.0, ""), wrong.name)
    if not isinstance(held, Match):
        return held
    moment.progress.kept["last"] = wrong.id
    return moment.do(Click(target=moment.at(wrong)), f"click “{wrong.name}”", "all")


#: A control answers to the words from here on; with less, another text called exactly so makes it a guess.
_SURELY, _PERHAPS = 0.9, 0.7


def state_of(element: Element) -> bool | None:
    """Whether it is ticked, on or pressed; None for what has no such state."""
    return element.checked if element.checked is not None else element.pressed


def _tickable(phrase: str, moment: Moment) -> list[Match]:
    """What can be ticked and answers to a phrase, the best first; a button that stays pressed is such a thing too."""
    least = 0.95 if _SOME_OF.match(phrase.strip()) else _PERHAPS
    found = [
        match
        for match in moment.find(phrase, "tick")
        if match.element.checked is not None and match.score >= least and _is_called(match)
    ]
    if found:
        return found
    return [m for m in moment.find(phrase, "click") if m.element.pressed is not None and m.score >= 0.85]


def _is_called(match: Match) -> bool:
    """Whether the words name the control, and neither a part of them nor a text near it, which has another label."""
    if "is part of it" in match.why:
        return False
    near = re.search(r"(?:beside|next to) “(.*?)”", match.why)
    return not near or not match.element.name or alike(near[1], match.element.name).score >= _PERHAPS


def tick(clause: c.Tick, moment: Moment) -> Step:
    """Tick or untick the control of the clause."""
    if clause.on is not None and _ALL.fullmatch(clause.target.strip()):
        return _tick_all(clause, moment)
    boxes, wanted, progress = _tickable(clause.target, moment), clause.on, moment.progress
    name = unquote(clause.target)
    if clicked := [match for match in boxes if match.element.id == progress.kept.get("box")]:
        boxes = [replace(clicked[0], rivals=())]
    elif not boxes and progress.kept.get("box"):
        boxes = [Match(each, 0.85, "") for each in moment.observation.elements if each.id == progress.kept["box"]]
    if progress.stage == "clicked" and moment.last and not moment.refused:
        if boxes and _is_as_wanted(boxes[0], wanted, moment):
            return Next()
        if not boxes:
            step = after_click(moment, clause.target)
            if isinstance(step, Next):
                if moment.last.outcome.kind != "confirmed":
                    return Fail(f"whether “{name}” changed cannot be told: {moment.last.outcome.evidence}")
                return (
                    step
                    if progress.kept.get("label")
                    else Next(note=f"“{name}” was clicked; its state cannot be read back")
                )
            if step is not None:
                return step
        elif progress.tries.get("clicked", 0) >= 2:
            if progress.tried("spaced"):
                return Fail(f"“{name}” stays {_word(state_of(boxes[0].element))}")
            key = Key(keys="space", target=moment.aim(boxes[0], clause.target))
            return moment.do(key, "clicking does not change it: press the space bar on it", "clicked")
    if boxes:
        boxes[0] = moment.decide(boxes[0], clause.target)
        state = state_of(boxes[0].element)
        if wanted is not None and state == wanted and progress.stage != "clicked":
            return Next(note=f"“{name}” was {_word(wanted)} already")
        if also := _text_called_so(name, boxes[0], moment):
            return Fail(
                f"“{name}” may be “{boxes[0].element.name}”, which can be ticked, or the text “{also}”; say the whole "
                f'name of the first, or: check that the page shows "{also}"'
            )
        progress.kept.setdefault("was", state)
        progress.kept["box"] = boxes[0].element.id
        held = clear(moment, boxes[0], clause.target)
        return click_it(moment, held, clause.target) if isinstance(held, Match) else held
    if wanted is not None and (box := _box_of(clause.target, moment)):
        if box.element.checked == wanted:
            return Next(note=f"“{name}” is {_word(wanted)}")
        progress.kept["box"] = box.element.id
        held = clear(moment, box, clause.target)
        return click_it(moment, held, clause.target) if isinstance(held, Match) else held
    if not moment.observation.elements and (found := moment.find(clause.target, "tick")):
        return click_it(moment, found[0], clause.target)
    acting = [m for m in moment.find(moment.clause.source, "click") if m.score >= 0.95 and m.element.acts]
    if acting and not clause.target.startswith(('"', "“")):  # a button called like the whole clause: “Enable sync”
        progress.kept["label"] = 1
        held = clear(moment, acting[0], moment.clause.source)
        return click_it(moment, held, moment.clause.source) if isinstance(held, Match) else held
    step = wait_or_scroll(moment, clause.target)
    if not isinstance(step, Fail):
        return step
    others = [match for match in moment.find(clause.target, "any") if match.score >= 0.85]
    if others and others[0].element.acts:
        return Fail(
            f"“{name}” is a {others[0].element.role}, and no checkbox, radio button or switch is called so; "
            f'to press it, say: click "{others[0].element.name or name}"'
        )
    if others or shows(moment.observation, name):
        return Fail(
            f"“{name}” is a text here, and no checkbox, radio button or switch is called so; "
            f'to check that it is shown, say: check that the page shows "{name}"'
        )
    return Fail(step.reason.replace("nothing on the screen", "no checkbox, radio button or switch on the screen"))


def _is_as_wanted(box: Match, wanted: bool | None, moment: Moment) -> bool:
    state = state_of(box.element)
    return state == wanted if wanted is not None else state != moment.progress.kept.get("was", state)


def _word(state: bool | None) -> str:
    return "ticked" if state else "not ticked"


def _text_called_so(name: str, box: Match, moment: Moment) -> str:
    """A text elsewhere that is called exactly so, where the control only holds the words among others."""
    if (alike(name, box.element.name).score if box.element.name else box.score) >= _SURELY:
        return ""
    for element in moment.observation.elements:
        own = element.box.overlap(box.element.box) > 0
        if (
            element.id != box.element.id
            and not own
            and normal(element.name) == normal(name)
            and not _labels(element, box)
        ):
            return element.name
    return ""


def _labels(text: Element, box: Match) -> bool:
    """Whether a text stands on the line of a control, so that it may be its label."""
    shared = min(text.box.bottom, box.element.box.bottom) - max(text.box.top, box.element.box.top)
    return shared > 0.5 * min(text.box.height, box.element.box.height)


def choose(clause: c.Choose, moment: Moment) -> Step:
    """Choose the option of the clause."""
    if clause.joined and (moment.progress.kept.get("skip") or is_label(clause.joined, moment)):
        moment.progress.kept["skip"] = 1
        clause = replace(clause, option=clause.joined)
    option = spoken(unquote(clause.option), moment, False)
    stage, last = moment.progress.stage, moment.last
    if stage == "read back":
        return _as_chosen(clause, option, moment)
    if moment.progress.kept.get("ticks"):
        return tick(c.Tick(target=clause.option, source=clause.source), moment)
    if stage == "clicked" and (step := after_click(moment, clause.option)) is not None:
        return _as_chosen(clause, option, moment) if clause.target and isinstance(step, Next) else step
    if stage == "chosen" and last and not moment.refused and not isinstance(last.action, Wait):
        if last.outcome.kind == "confirmed":
            return Next()
        why = last.result or last.outcome.evidence
        if last.outcome.kind in ("unexpected", "unknown") or moment.progress.tried("chosen") >= 1:
            return Fail(f"“{option}” could not be chosen: {why}")
        if "no option is called" in why or "several options" in why:
            return Fail(f"“{option}” could not be chosen: {why}")
    if clause.target:
        return _choose_in(clause, option, moment)
    found = [match for match in moment.find(clause.option, "click") if match.score >= 0.75]
    acting = [match for match in found if match.element.acts or match.element.role in {"row", "listitem"}]
    lists = [
        element for element in moment.visible(moment.observation.elements) if element.role in {"combobox", "listbox"}
    ]
    if not acting and (grouped := _in_group(clause, moment)):
        free = clear(moment, grouped, option)
        return click_it(moment, free, option) if isinstance(free, Match) else free
    if not acting and (card := _in_card(option, moment)):
        free = clear(moment, card, option)
        return click_it(moment, free, option) if isinstance(free, Match) else free
    if not clause.target and clause.source.lower().lstrip().startswith("select") and _box_of(clause.option, moment):
        moment.progress.kept["ticks"] = 1
        return tick(c.Tick(target=clause.option, source=clause.source), moment)
    if acting or (found and not lists):
        best = (acting or found)[0]
        if best.element.checked is not None and best.element.role in {"checkbox", "switch", "radio"}:
            moment.progress.kept["ticks"] = 1  # chosen twice, a checkbox would be as it was
            return tick(c.Tick(target=clause.option, source=clause.source), moment)
        if best.element.checked and best.element.role in {"option", "tab"}:
            return Next(note=f"“{option}” was chosen already")
        held = clear(moment, best, clause.option)
        return click_it(moment, held, clause.option) if isinstance(held, Match) else held
    if len(lists) == 1 and moment.can("select"):
        action = Select(target=moment.at(lists[0]), option=option)
        return moment.do(action, f"choose it in “{lists[0].name or 'the only list'}”", "chosen")
    if len(lists) > 1 and moment.progress.tries.get("waited", 0):
        names = ", ".join(f"“{element.name or element.value}”" for element in lists[:6])
        return Fail(
            f"nothing is called “{option}”, and there are several lists; say from which of {names} to choose it"
        )
    return wait_or_scroll(moment, clause.option)


def _in_card(option: str, moment: Moment) -> Match | None:
    """“The Basic plan”: the button that chooses, in the card called Basic."""
    said = re.sub(r"^(?:the|an?)\s+", "", option.strip(), flags=re.IGNORECASE)
    for text in dict.fromkeys((said, said.rpartition(" ")[0])):
        found = [
            Match(member, 0.85, f"in “{item.text[:40]}”")
            for item in (items_known_by(text, moment.observation.elements) if text else ())
            for member in item.members
            if member.role in _PRESSED and any(alike(verb, member.name).score >= 0.8 for verb in _CHOOSING)
        ]
        if found:
            others = [each for each in found[1:] if each.element.id != found[0].element.id]
            return replace(found[0], rivals=tuple(others))
        pressed = [each for each in moment.observation.elements if each.role in _PRESSED]
        labels = {each.name for each in pressed if any(alike(verb, each.name).score >= 0.8 for verb in _CHOOSING)}
        there = any(normal(each.name) == normal(text) for each in moment.observation.elements)
        if there and len(labels) == 1:  # a card with a list in it
            inside = moment.find(f'"{labels.pop()}" in the card with "{text}"', "click")
            if inside and inside[0].score >= 0.75 and inside[0].element in pressed:
                return inside[0]
    return None


def _box_of(phrase: str, moment: Moment) -> Match | None:
    """The checkbox without a name of its own in the row or entry that a phrase names, if it is the only one."""
    named = [match for match in moment.find(phrase, "any") if match.score >= _SURELY]
    if not named or named[0].rivals or named[0].element.takes_text or named[0].element.checked is not None:
        return None
    structure = structure_of(moment.observation.elements)
    path = structure.path(named[0].element)
    for length in range(len(path), 0, -1):
        at = structure.at(path[:length])
        if length in structure.items(named[0].element) or (at is not None and at.role in ITEM_ROLES):
            boxes = [each for each in structure.held(path[:length]) if each.role in {"checkbox", "radio"}]
            if boxes:
                only = len(boxes) == 1 and (not boxes[0].name or normal(boxes[0].name) in _SELECTS)
                return Match(boxes[0], 0.85, f"the box of “{named[0].element.name[:40]}”") if only else None
    return None


#: What a checkbox is called that only selects its row.
_SELECTS = frozenset({"select", "select row", "select this row", "select item", "auswählen", "sélectionner"})


def _in_group(clause: c.Choose, moment: Moment) -> Match | None:
    """“Size M”: the choice called M in the group called Size."""
    said = re.sub(r"^(?:the|an?)\s+", "", clause.option.strip(), flags=re.IGNORECASE).split()
    boxes = [
        element for element in moment.observation.elements if element.role in {"group", "radiogroup"} and element.name
    ]
    for cut in range(1, len(said)):
        head, tail = " ".join(said[:cut]), unquote(" ".join(said[cut:]))
        for box in boxes:
            if alike(head, box.name).score < 0.9:
                continue
            inside = descendants(box, moment.observation.elements)
            held = [each for each in inside if each.acts and alike(tail, each.name).score >= 0.9]
            if len(held) == 1:
                return Match(held[0], 0.9, f"in “{box.name}”")
    return None


def _choose_in(clause: c.Choose, option: str, moment: Moment) -> Step:
    found = [
        match
        for match in moment.find(clause.target, "choose")
        if match.score >= 0.65 and (fits_want("choose", match.element) or match.element.takes_text)
    ]
    if not found:
        inside = [
            m for m in moment.find(f'"{option}" in {clause.target}', "click") if m.score >= 0.75 and m.element.acts
        ]
        near = inside
        if not near and not _is_elsewhere(clause.target, moment):
            near = [m for m in moment.find(f'"{option}"', "click") if _clickable(m)]
        opener = [m for m in moment.find(clause.target, "click") if m.score >= 0.8 and m.element.acts]
        if near:
            if near[0].element.checked and near[0].element.role == "radio":
                return Next(note=f"“{option}” was chosen already")
            held = clear(moment, near[0], option)
            return click_it(moment, held, option) if isinstance(held, Match) else held
        if opener and not moment.progress.tried("opened"):
            held = clear(moment, opener[0], clause.target)
            if not isinstance(held, Match):
                return held
            return moment.do(Click(target=moment.aim(held, clause.target)), "open it", "opened")
        return wait_or_scroll(moment, clause.target)
    best = moment.decide(found[0], clause.target)
    if best.element.source == "ocr" or not moment.can("select"):
        return _choose_by_hand(clause, option, best, moment)
    if normal(best.element.value) == normal(option):
        return Next(note=f"“{option}” was chosen already")
    held = clear(moment, best, clause.target)
    if not isinstance(held, Match):
        return held
    action = Select(target=moment.aim(held, clause.target), option=option)
    return moment.do(action, f"choose “{option}” in it", "chosen")


def _is_elsewhere(target: str, moment: Moment) -> bool:
    """Whether what is to hold the option is a text or heading here, to which the option does not belong."""
    if moment.progress.tries.get("opened"):
        return False  # what was opened may be drawn anywhere
    named = [match for match in moment.find(target, "read") if match.score >= _SURELY]
    return bool(named) and not any(match.element.acts for match in named)


def offered(option: str, phrase: str, moment: Moment) -> bool:
    """Whether the list that a phrase names has an option of exactly this name."""
    found = [match for match in moment.find(phrase, "choose") if match.score >= 0.65]
    lists = [match.element for match in found[:1] if match.element.role in {"combobox", "listbox"}]
    inside = [each for box in lists for each in descendants(box, moment.observation.elements)]
    said = [re.sub(r"^.*?\boptions: ", "", box.description, flags=re.DOTALL) for box in lists]
    held = [normal(name) for each in said for name in re.split(r"\s*[,;\n]\s*", each)]
    return normal(unquote(option)) in {*held, *(normal(each.name) for each in inside)}


def _clickable(match: Match) -> bool:
    """Whether an option found on the open page is certain enough to be clicked."""
    return match.score >= 0.9 and (match.element.acts or match.element.source == "ocr")


def _choose_by_hand(clause: c.Choose, option: str, best: Match, moment: Moment) -> Step:
    """Open the list by a click, then click the option, where the device cannot choose by itself."""
    if moment.progress.stage == "opened":
        return click_or_wait(f'"{option}"', moment)
    return moment.do(Click(target=moment.aim(best, clause.target)), "open the list", "opened")


def _as_chosen(clause: c.Choose, option: str, moment: Moment) -> Step:
    """Finish if the list reports that the option is selected, or if it reports nothing."""
    found = moment.find(clause.target, "choose")
    field = next((match.element for match in found if match.element.role == "combobox"), None)
    if field is None or moment.can("select"):
        return Next()
    drawn = (
        [each.name for each in moment.observation.words if field.box.holds(each.box.centre)] if not field.value else []
    )
    held = field.value or " ".join(drawn)
    if normal(held) == normal(option) or (drawn and alike(option, held, True).score >= 0.9):
        return Next()
    if not held:
        return Next(note=f"the list does not tell what is chosen in it: “{option}” was clicked")
    if not moment.progress.tried("read back"):
        return moment.do(Wait(seconds=0.5), f"it holds “{held}” yet; wait a little", "read back")
    return Fail(f"“{option}” was clicked, but “{unquote(clause.target)}” holds “{held}”")


def click_or_wait(phrase: str, moment: Moment) -> Step:
    """Click what the phrase means, once it is there."""
    found = reach(moment, phrase, "click")
    return click_it(moment, found, phrase) if isinstance(found, Match) else found

"""Typing, ticking, choosing, logging in and searching: one function per kind of clause."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from handeye.perception.fields import fits_want
from handeye.perception.groups import descendants, items_with
from handeye.perception.matching import Match
from handeye.perception.quoting import unquote
from handeye.perception.wording import alike, normal
from handeye.policies.plain_english.moment import Fail, Moment, Next, Step
from handeye.policies.plain_english.reaching import after_click, clear, click_it, is_label, reach, wait_or_scroll
from handeye.tools.actions import Click, Key, Select, Type, Wait

if TYPE_CHECKING:
    from handeye.perception.matching import Want
    from handeye.policies.plain_english import clauses as c
    from handeye.tools.element import Element

_YES = frozenset({"on", "yes", "true", "ticked", "checked", "enabled", "1", "active"})
#: What buttons are called that choose the card they stand in.
_CHOOSING = ("choose", "select", "pick", "take")
_NO = frozenset({"off", "no", "false", "unticked", "unchecked", "disabled", "0", "inactive"})


def spoken(text: str, moment: Moment, fact: bool) -> str:
    """The text to type: `{{name}}` of something remembered is filled in, and so is its bare name, or "it"."""
    facts = {normal(name): value for name, value in moment.task.facts.items()}

    def filled(hit: re.Match[str]) -> str:
        return facts.get(normal(hit[1]), hit[0])

    text = re.sub(r"\{\{(?!secret:)\s*([^{}]+?)\s*\}\}", filled, text)
    bare = re.sub(r"^(?:the|that|my)\s+", "", normal(text))
    if fact and bare in facts:
        return facts[bare]
    if fact and bare in {"it", "that", "the answer", "answer", "the result", "result"} and moment.progress.it:
        return moment.progress.it
    return text


def write(clause: c.Write, moment: Moment) -> Step:
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
    action = Type(text=text, target=moment.aim(found, clause.target), clear=clause.replace)
    return moment.do(action, f"type it into “{where[:60]}”", "typed")


def _any_field(phrase: str, moment: Moment) -> Match | None:
    wants: tuple[Want, ...] = ("type", "choose", "tick", "any")
    found = [match for want in wants for match in moment.find(phrase, want)[:3] if fits_want("any", match.element)]
    return max(found, key=lambda match: match.score, default=None)


def _where_the_keyboard_is(text: str, moment: Moment) -> Step:
    fields = [field for field in moment.visible(moment.fields()) if not field.covered]
    dom = any(element.source == "dom" for element in moment.scene.elements)
    if dom and not any(field.focused for field in moment.scene.elements):
        if len(fields) == 1:
            moment.notes.append("nothing had the keyboard; the page has only this field")
            action = Type(text=text, target=moment.at(fields[0]), clear=False)
            return moment.do(
                action, f"type it into “{fields[0].name or fields[0].description or 'the only field'}”", "typed"
            )
        if moment.progress.tried("nowhere") and not fields:
            return Fail("nothing on the page takes text; name the field to type into")
        if fields and not moment.scene.signals.focus:
            names = ", ".join(f"“{field.name or field.description or field.role}”" for field in fields[:5])
            return Fail(f"no field has the keyboard; say into which of {names} to type")
    return moment.do(Type(text=text), "type it where the keyboard is", "typed")


def _typed(clause: c.Write, text: str, moment: Moment) -> Step:
    last = moment.last
    assert last is not None
    kind, evidence = last.outcome.kind, last.result or last.outcome.evidence
    if kind == "confirmed" or (kind == "unknown" and ("{{secret:" in text or not clause.target)):
        return Next(note=f"typed “{text}”, but {evidence}" if kind == "unknown" else "")
    if kind == "unknown":
        return Fail(f"“{text}” was typed, but {evidence}")
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


def empty(clause: c.Empty, moment: Moment) -> Step:
    if moment.progress.stage == "typed" and moment.last and not moment.refused:
        if moment.failed and moment.last.result:
            return Fail(moment.last.result)
        return Next()
    found = reach(moment, clause.target, "type")
    if not isinstance(found, Match):
        return found
    return moment.do(Type(text="", target=moment.aim(found, clause.target), clear=True), "empty it", "typed")


_ALL = re.compile(
    r"(?:(?:all|every|each|both)(?:\s+of)?(?:\s+(?:the|these|those))?(?:\s+\w+)??(?:\s+(?:check\s?|tick\s?)?box(?:es)?)?"
    r"|everything|all of them|all)",
    re.IGNORECASE,
)


def _tick_all(clause: c.Tick, moment: Moment) -> Step:
    """Every checkbox of the page, one after the other."""
    boxes = [element for element in moment.scene.elements if element.role in {"checkbox", "switch"} and element.enabled]
    if not boxes:
        return wait_or_scroll(moment, "checkbox")
    wrong = next((box for box in boxes if box.checked is not None and box.checked != clause.on), None)
    if wrong is None:
        return Next()
    if moment.progress.kept.get("last") == wrong.id or moment.progress.tried("all") > 200:
        return Fail(f"“{wrong.name}” stays {'ticked' if wrong.checked else 'unticked'}")
    held = clear(moment, Match(wrong, 1.0, ""), wrong.name)
    if not isinstance(held, Match):
        return held
    moment.progress.kept["last"] = wrong.id
    return moment.do(Click(target=moment.at(wrong)), f"click “{wrong.name}”", "all")


def tick(clause: c.Tick, moment: Moment) -> Step:
    if clause.on is not None and _ALL.fullmatch(clause.target.strip()):
        return _tick_all(clause, moment)
    found = moment.find(clause.target, "tick")
    boxes = [match for match in found if match.element.checked is not None and match.score >= 0.7]
    wanted = clause.on
    if moment.progress.stage == "clicked" and moment.last and not moment.refused:
        if boxes and wanted is not None and boxes[0].element.checked == wanted:
            return Next()
        if wanted is None or not boxes:
            step = after_click(moment, clause.target)
            if step is not None:
                return step
        elif moment.progress.tries.get("clicked", 0) >= 2:
            if moment.progress.tried("spaced"):
                return Fail(f"“{unquote(clause.target)}” stays {'ticked' if boxes[0].element.checked else 'unticked'}")
            key = Key(keys="space", target=moment.aim(boxes[0], clause.target))
            return moment.do(key, "clicking does not change it: press the space bar on it", "clicked")
    if boxes:
        if wanted is not None and boxes[0].element.checked == wanted:
            return Next(note=f"“{unquote(clause.target)}” was {'ticked' if wanted else 'not ticked'} already")
        held = clear(moment, boxes[0], clause.target)
        return click_it(moment, held, clause.target) if isinstance(held, Match) else held
    if not moment.scene.elements and found:
        return click_it(moment, found[0], clause.target)
    labels = [moment.clause.source, clause.target]
    for label in labels:
        acting = [match for match in moment.find(label, "click") if match.score >= 0.85 and match.element.acts]
        if acting:
            held = clear(moment, acting[0], label)
            return click_it(moment, held, label) if isinstance(held, Match) else held
    return wait_or_scroll(moment, clause.target)


def choose(clause: c.Choose, moment: Moment) -> Step:
    if clause.joined and (moment.progress.kept.get("skip") or is_label(clause.joined, moment)):
        moment.progress.kept["skip"] = 1
        clause = replace(clause, option=clause.joined)
    option = spoken(unquote(clause.option), moment, False)
    stage, last = moment.progress.stage, moment.last
    if stage == "read back":
        return _as_chosen(clause, option, moment)
    if stage == "clicked" and (step := after_click(moment, clause.option)) is not None:
        return _as_chosen(clause, option, moment) if clause.target and isinstance(step, Next) else step
    if stage == "chosen" and last and not moment.refused and not isinstance(last.action, Wait):
        if last.outcome.kind in ("confirmed", "unknown"):
            return Next()
        why = last.result or last.outcome.evidence
        if last.outcome.kind == "unexpected" or moment.progress.tried("chosen") >= 1:
            return Fail(f"“{option}” could not be chosen: {why}")
        if "no option is called" in why or "several options" in why:
            return Fail(f"“{option}” could not be chosen: {why}")
    if clause.target:
        return _choose_in(clause, option, moment)
    found = [match for match in moment.find(clause.option, "click") if match.score >= 0.75]
    acting = [match for match in found if match.element.acts or match.element.role in {"row", "listitem"}]
    lists = [element for element in moment.visible(moment.scene.elements) if element.role in {"combobox", "listbox"}]
    if not acting and (grouped := _in_group(clause, moment)):
        free = clear(moment, grouped, option)
        return click_it(moment, free, option) if isinstance(free, Match) else free
    if not acting and (card := _in_card(option, moment)):
        free = clear(moment, card, option)
        return click_it(moment, free, option) if isinstance(free, Match) else free
    if acting or (found and not lists):
        best = (acting or found)[0]
        if best.element.checked and best.element.role in {"radio", "option", "tab"}:
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
        for item in items_with(text, moment.scene.elements) if text else ():
            for member in item.members:
                if member.role == "button" and any(alike(verb, member.name).score >= 0.8 for verb in _CHOOSING):
                    return Match(member, 0.85, f"in “{item.text[:40]}”")
    return None


def _in_group(clause: c.Choose, moment: Moment) -> Match | None:
    """“Size M”: the choice called M in the group called Size."""
    said = re.sub(r"^(?:the|an?)\s+", "", clause.option.strip(), flags=re.IGNORECASE).split()
    boxes = [element for element in moment.scene.elements if element.role in {"group", "radiogroup"} and element.name]
    for cut in range(1, len(said)):
        head, tail = " ".join(said[:cut]), unquote(" ".join(said[cut:]))
        for box in boxes:
            if alike(head, box.name).score < 0.9:
                continue
            inside = descendants(box, moment.scene.elements)
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
        near = inside or [m for m in moment.find(f'"{option}"', "click") if _clickable(m)]
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
    best = found[0]
    if best.element.source == "ocr" or not moment.can("select"):
        return _choose_by_hand(clause, option, best, moment)
    if normal(best.element.value) == normal(option):
        return Next(note=f"“{option}” was chosen already")
    held = clear(moment, best, clause.target)
    if not isinstance(held, Match):
        return held
    action = Select(target=moment.aim(held, clause.target), option=option)
    return moment.do(action, f"choose “{option}” in it", "chosen")


def _clickable(match: Match) -> bool:
    """Whether an option found on the open page is certain enough to be clicked."""
    return match.score >= 0.9 and (match.element.acts or match.element.source == "ocr")


def _choose_by_hand(clause: c.Choose, option: str, best: Match, moment: Moment) -> Step:
    """Open the list by a click, then click the option, where the device cannot choose by itself."""
    if moment.progress.stage == "opened":
        return click_or_wait(f'"{option}"', moment)
    return moment.do(Click(target=moment.aim(best, clause.target)), "open the list", "opened")


def _as_chosen(clause: c.Choose, option: str, moment: Moment) -> Step:
    """Done where the list says that the option is chosen, or where nobody can tell."""
    found = moment.find(clause.target, "choose")
    field = next((match.element for match in found if match.element.role == "combobox"), None)
    if field is None or moment.can("select"):
        return Next()
    drawn = [each.name for each in moment.scene.words if field.box.holds(each.box.centre)] if not field.value else []
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


def likely(elements: list[Element], names: tuple[str, ...]) -> list[tuple[float, Element]]:
    """Elements by how well their name or description answers to one of several names, best first."""
    scored = []
    for element in elements:
        score = max(
            (alike(name, text).score for name in names for text in (element.name, element.description) if text),
            default=0.0,
        )
        scored.append((score, element))
    return sorted(scored, key=lambda pair: -pair[0])

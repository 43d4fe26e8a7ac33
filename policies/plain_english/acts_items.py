"""What is done to the items of a list: one more or less of one, sorting them, adding one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.phrases.match import Match
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import alike, normal
from handeye.perception.reading.groups import ancestors, items_with
from handeye.policies.plain_english.described import column_values, in_order
from handeye.policies.plain_english.labelled import CALLED, best_called
from handeye.policies.plain_english.moment import Fail, Moment, Next, Step
from handeye.policies.plain_english.reaching import after_click, clear, click_it
from handeye.policies.plain_english.searching import wait_or_scroll
from handeye.tools.actions import Key, Select, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    import handeye.policies.plain_english.clauses as c
    from handeye.tools.element import Element

#: What buttons that count up and down are called: language knowledge. Glyphs are read by the matcher (+ is “add”).
_MORE = ("increase", "add", "add one", "more", "plus", "increment", "up", "one more")
_LESS = ("decrease", "remove", "remove one", "less", "minus", "decrement", "down", "fewer", "one less")
_SEARCHING = frozenset({"search", "filter", "find", "suche", "suchen"})


def adjust(clause: c.Adjust, moment: Moment) -> Step:
    """One more or one less: by the button of the item, or in the field that counts it."""
    if moment.progress.stage == "keyed":
        return Fail(f"“{unquote(clause.thing)}” did not change") if moment.failed else Next()
    if (step := after_click(moment, clause.thing)) is not None:
        return step
    elements = moment.observation.elements
    counted = [m for m in moment.find(clause.thing) if m.element.role in {"spinbutton", "slider"} and m.score >= 0.75]
    if counted:
        free = clear(moment, counted[0], clause.thing)
        if not isinstance(free, Match):
            return free
        key = Key(keys="up" if clause.up else "down", target=moment.aim(free, clause.thing))
        return moment.do(key, f"one {'more' if clause.up else 'less'} in it", "keyed")
    names = _MORE if clause.up else _LESS
    for item in items_with(unquote(clause.thing), elements):
        if button := best_called(names, item.members, {"button", "link", "clickable"}):
            free = clear(moment, button, clause.thing)
            return click_it(moment, free, clause.thing) if isinstance(free, Match) else free
    verb = names[0]
    if exact := best_called((f"{verb} {unquote(clause.thing)}",), elements, {"button", "link", "clickable"}):
        free = clear(moment, exact, clause.thing)
        return click_it(moment, free, clause.thing) if isinstance(free, Match) else free
    step = wait_or_scroll(moment, clause.thing)
    if isinstance(step, Fail):
        return Fail(f"beside “{unquote(clause.thing)}” there is no button to {verb} it, and no field that counts it")
    return step


def sort_by(clause: c.SortBy, moment: Moment) -> Step:
    """By the head of a column, by a button called so, or by a list of ways to sort."""
    if moment.progress.stage == "chosen":
        return Fail(moment.last.result or "nothing was sorted") if moment.last and moment.failed else Next()
    elements = moment.observation.elements
    if moment.progress.stage == "clicked" and moment.failed and _is_sorted(clause.column, elements):
        return Next(note=f"it was sorted by “{clause.column}” already")
    if (step := after_click(moment, clause.column)) is not None:
        return step
    says = (f"sort by {clause.column}", f"order by {clause.column}")
    found = best_called(says, elements, {"button", "link", "clickable", "radio", "tab", "menuitem", "option"})
    heads = [each for each in elements if each.role == "columnheader"]
    if found is None and (head := best_called((clause.column,), heads, {"columnheader"})):
        inside = [each for each in elements if each.parent == head.element.id and each.acts]
        acting = [each for each in elements if each.acts and alike(clause.column, each.name).score >= CALLED]
        over = [each for each in (*inside, *acting) if each.box.overlap(head.element.box) >= 0.5 * each.box.area]
        found = Match(over[0], 1.0, "the head of the column") if over else head
    if found is None:
        lists = [each for each in elements if each.role in {"combobox", "listbox"}]
        ways = [each for each in lists if {"sort", "order"} & {*normal(f"{each.name} {each.description}").split()}]
        if ways and moment.can("select"):
            action = Select(target=moment.at(ways[0]), option=clause.column)
            return moment.do(action, f"choose it in “{ways[0].name or ways[0].description}”", "chosen")
        step = wait_or_scroll(moment, clause.column)
        if isinstance(step, Fail):
            return Fail(f"no column, button or list here sorts by “{clause.column}”")
        return step
    free = clear(moment, found, clause.column)
    return click_it(moment, free, clause.column) if isinstance(free, Match) else free


def _is_sorted(column: str, elements: Sequence[Element]) -> bool:
    """Whether the cells below the head of a column stand in order, up or down."""
    values = column_values(column, elements)
    return len(values) > 1 and (in_order(values) or in_order(values, down=True))


def add_new(clause: c.AddNew, moment: Moment) -> Step:
    """Add an item: type it into the field for new items, then press Enter or the button next to it."""
    stage = moment.progress.stage
    if stage == "clicked" and (step := after_click(moment, clause.whole)) is not None:
        return step
    if stage == "typed":
        if moment.last and moment.last.outcome.kind not in ("confirmed", "unknown"):
            return Fail(f"“{clause.text}” could not be typed: {moment.last.result or moment.last.outcome.evidence}")
        return moment.do(Key(keys="enter"), "press Enter", "entered")
    elements = moment.visible(moment.observation.elements)
    if stage == "entered":
        if not moment.failed:
            return Next()
        if button := best_called(("add", f"add {clause.noun}", "create", "save", "ok"), elements, {"button"}):
            return click_it(moment, button, clause.whole)
        return Fail(f"“{clause.text}” was typed, and neither Enter nor a button here adds it")
    fields = [each for each in moment.fields() if each.role == "textbox" and not each.secret]
    for_new = [each for each in fields if _for_new(each, clause.noun)]
    plain = [each for each in fields if not _SEARCHING & {*normal(f"{each.name} {each.description}").split()}]
    alone = plain if len(plain) == 1 else [each for each in plain if not _in_form(each, moment)]
    chosen = for_new or (alone if len(alone) == 1 else [])
    if not chosen:
        step = wait_or_scroll(moment, f"a field for a new {clause.noun}")
        if isinstance(step, Fail):
            names = ", ".join(f"“{each.name or each.description}”" for each in plain[:5]) or "none"
            return Fail(f"no field here is for a new {clause.noun}; fields: {names}. Say into which to type it")
        return step
    free = clear(moment, Match(chosen[0], 1.0, ""), clause.noun)
    if not isinstance(free, Match):
        return free
    named = chosen[0].name or chosen[0].description or "the only field"
    action = Type(text=clause.text, target=moment.at(free.element), clear=True)
    return moment.do(action, f"type it into “{named[:60]}”", "typed")


def _for_new(element: Element, noun: str) -> bool:
    said = normal(f"{element.name} {element.description}")
    return normal(noun) in said or any(each in said.split() for each in ("new", "add", "create"))


def _in_form(element: Element, moment: Moment) -> bool:
    """Whether it is one of several things that are sent together."""
    by_id = {each.id: each for each in moment.observation.elements}
    return any(each.role == "form" for each in ancestors(element, by_id))

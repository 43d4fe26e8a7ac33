"""Clicking, dragging, keys, opening pages, and verbs that are labels: one function per kind of clause.

Each looks at what its last action came to, and answers with the next action, with Next when the clause is done, or with
Fail when it cannot be.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin

from handeye.perception.phrases.match import Match
from handeye.perception.phrases.matching import find
from handeye.perception.phrases.phrase import readings
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import alike
from handeye.perception.reading.structure import ITEM_ROLES
from handeye.policies.plain_english.moment import Fail, Moment, Next, Step, point_in
from handeye.policies.plain_english.reaching import after_click, clear, click_it, is_label, reach
from handeye.policies.plain_english.searching import search, wait_or_scroll
from handeye.tools.actions import (
    Back,
    Click,
    Drag,
    Forward,
    Key,
    Move,
    Navigate,
    Reload,
    Scroll,
    Tabs,
    Target,
    Type,
    Upload,
    Wait,
    Window,
    Zoom,
)

if TYPE_CHECKING:
    import handeye.policies.plain_english.clauses as c
    from handeye.tools.element import Element


def click_on(clause: c.ClickOn, moment: Moment) -> Step:
    """Click the target of the clause."""
    if (step := after_click(moment, clause.target)) is not None:
        return step
    if point := point_in(unquote(clause.target)):
        click = Click(target=Target(point=point), button=clause.button, count=clause.count, modifiers=clause.modifiers)
        moment.progress.tried("clicked")
        return moment.do(click, f"click at ({point.x}, {point.y})", "clicked")
    skip = 0
    phrase = clause.target
    if clause.joined and is_label(clause.joined, moment):
        phrase, skip = clause.joined, 1
        moment.progress.kept["skip"] = 1
    found = reach(moment, phrase, "click")
    if isinstance(found, Fail) and moment.can("tabs") and (tab := _browser_tab(phrase, moment)) is not None:
        return moment.do(Tabs(do="switch", index=tab), f"a tab is called so: switch to tab {tab + 1}", "clicked")
    if not isinstance(found, Match):
        return found
    if clause.count > 1 and found.element.checked is not None:  # ticked twice it would be as it was
        texts = [each for each in moment.find(phrase) if each.element.name == found.element.name]
        found = next((each for each in texts if each.element.checked is None), found)
    how = Click(target=Target(phrase=phrase), button=clause.button, count=clause.count, modifiers=clause.modifiers)
    if skip:
        moment.notes.append(f"“{phrase}” is one label")
    return click_it(moment, found, phrase, how)


def _browser_tab(phrase: str, moment: Moment) -> int | None:
    texts = [query.text for query in readings(phrase) if query.text]
    scored = [
        (max((alike(text, title).score for text in texts), default=0.0), index)
        for index, title in enumerate(moment.observation.signals.tabs)
        if index != moment.observation.signals.tab
    ]
    best = max(scored, default=(0.0, 0))
    return best[1] if best[0] >= 0.8 else None


def hover(clause: c.Hover, moment: Moment) -> Step:
    """Move the pointer over the target of the clause."""
    if moment.progress.stage == "moved":
        return Fail(moment.last.result) if moment.last and moment.failed and moment.last.result else Next()
    found = reach(moment, clause.target)
    if not isinstance(found, Match):
        return found
    return moment.do(Move(target=moment.aim(found, clause.target)), "move the mouse there", "moved")


def drag(clause: c.DragOnto, moment: Moment) -> Step:
    """Drag from the start of the clause to its end."""
    if moment.progress.stage == "dragged" and moment.last:
        if not moment.failed:
            return Next()
        if moment.progress.tried("dragged") >= 2:
            return Fail(f"“{unquote(clause.start)}” was dragged twice and nothing came of it")
    counted = _item_to_drag(clause.start, moment)
    start = clear(moment, counted, clause.start) if counted else _place(clause.start, moment)
    if not isinstance(start, Match | Target):
        return start
    end = _place(clause.end, moment)
    if not isinstance(end, Match | Target):
        return end
    if isinstance(start, Match) and isinstance(end, Match) and end.element.id == start.element.id:
        others = [match for match in moment.find(clause.end) if match.element.id != start.element.id]
        end = others[0] if others else end
    moment.progress.tried("dragged")
    both = [
        moment.at(each.element, phrase) if isinstance(each, Match) else each
        for each, phrase in ((start, clause.start), (end, clause.end))
    ]
    return moment.do(Drag(start=both[0], end=both[1]), f"drag it onto “{unquote(clause.end)}”", "dragged")


def _place(phrase: str, moment: Moment) -> Match | Target | Step:
    """What is called so, or the place where two numbers say it."""
    point = point_in(unquote(phrase))
    return Target(point=point) if point else reach(moment, phrase, "any")


def _item_to_drag(phrase: str, moment: Moment) -> Match | None:
    """“The second card”: one of the things that can be dragged, where headings and texts stand among them."""
    if not any(query.ordinal and not query.text and not query.relation for query in readings(phrase)):
        return None
    pieces = [each for each in moment.observation.elements if each.acts or each.role in ITEM_ROLES]
    return next(iter(find(phrase, pieces, size=moment.size)), None)


def press(clause: c.PressKeys, moment: Moment) -> Step:
    """Press the keys of the clause."""
    if moment.progress.stage == "clicked":
        return after_click(moment, clause.label) or _label(clause, moment) or Next()
    if moment.progress.stage == "pressed" and moment.last:
        if moment.last.result and moment.failed and not moment.refused:
            return Fail(f"{clause.keys}: {moment.last.result}")
        if not moment.refused:
            note = f"nothing visible came of pressing {clause.keys}" if moment.failed else ""
            return Next(note=note)
    if clause.label and (step := _label(clause, moment)):
        return step
    target = None
    if clause.target:
        found = reach(moment, clause.target, "type")
        if not isinstance(found, Match):
            return found
        target = moment.aim(found, clause.target)
    times = f" {clause.count} times" if clause.count > 1 else ""
    return moment.do(Key(keys=clause.keys, count=clause.count, target=target), f"press {clause.keys}{times}", "pressed")


def _label(clause: c.PressKeys, moment: Moment) -> Step | None:
    """“press Delete”: a button called so comes before the key, if it is on the screen and no text is being typed."""
    exact = [
        match
        for match in moment.find(f'"{clause.label}"', "click")
        if match.score >= 0.97 and match.element.acts and match.element.box.within(*moment.size)
    ]
    typing = any(field.focused and field.value for field in moment.fields())
    if not exact or typing:
        return None
    moment.notes.append(
        f"a control is called “{clause.label}”, so it is clicked; say “the {clause.label} key” for the key"
    )
    return click_it(moment, exact[0], clause.label)


def visit(clause: c.Visit, moment: Moment) -> Step:
    """Open the address of the clause."""
    if not moment.can("navigate"):
        return Fail(f"{clause.url} cannot be opened: this device is no browser; run it with --on {clause.url}")
    if moment.progress.stage == "opened" and moment.last and not moment.refused:
        if moment.failed and moment.last.result:
            return Fail(f"{clause.url} could not be opened: {moment.last.result}")
        return Next()
    url = clause.url
    if not re.match(r"[a-zA-Z][a-zA-Z0-9+.\-]*:", url):  # a page of the same site
        url = urljoin(moment.observation.signals.url, url)
    return moment.do(Navigate(url=url), f"open {url}", "opened")


def go(clause: c.Go, moment: Moment) -> Step:
    """Go back, forward, or reload, as the clause says."""
    done = moment.progress.kept.get("done", 0)
    if moment.progress.stage == "gone" and moment.last:
        if moment.failed and not moment.refused and clause.way != "reload":
            return Fail(
                f"there is no page to go {clause.way} to ({moment.last.result or moment.last.outcome.evidence})"
            )
        done += 1
    if done >= clause.count:
        return Next()
    moment.progress.kept["done"] = done
    if moment.can(clause.way):
        action: Back | Forward | Reload | Key = {"back": Back, "forward": Forward, "reload": Reload}[clause.way]()
    else:
        action = Key(keys={"back": "alt+left", "forward": "alt+right", "reload": "f5"}[clause.way])
    return moment.do(action, {"back": "go back", "forward": "go forward", "reload": "load it anew"}[clause.way], "gone")


def tab(clause: c.UseTab, moment: Moment) -> Step:
    """Open, switch to or close the tab of the clause."""
    if not moment.can("tabs"):
        return Fail("this device has no browser tabs; name what to click instead")
    signals = moment.observation.signals
    if moment.progress.stage == "tab" and moment.last and not moment.refused:
        if moment.failed and moment.last.result:
            return Fail(moment.last.result)
        if clause.url:
            return moment.do(Navigate(url=clause.url), f"open {clause.url}", "opened")
        return Next()
    if moment.progress.stage == "opened":
        return Fail(moment.last.result) if moment.last and moment.failed and moment.last.result else Next()
    if clause.do == "new":
        return moment.do(Tabs(do="new"), "open a new tab", "tab")
    count = max(1, len(signals.tabs))
    names = {"last": count - 1, "next": (signals.tab + 1) % count, "previous": (signals.tab - 1) % count}
    names["other"] = names["next"]
    index = signals.tab if not clause.which else names.get(clause.which, -1)
    if clause.which.isdigit():
        index = int(clause.which) - 1
    if not 0 <= index < count:
        return Fail(f"there is no tab {clause.which}: {count} are open")
    if clause.do == "switch" and index == signals.tab:
        return Next()
    return moment.do(Tabs(do=clause.do, index=index), f"{clause.do} tab {index + 1} of {count}", "tab")


def window(clause: c.ToWindow, moment: Moment) -> Step:
    """Focus, raise or close the window of the clause."""
    if moment.progress.stage == "window" and moment.last and not moment.refused:
        return Fail(moment.last.result) if moment.failed and moment.last.result else Next()
    if moment.can("window"):
        return moment.do(Window(do=clause.do, title=clause.title), f"{clause.do} the window", "window")
    index = _browser_tab(f'"{clause.title}"', moment) if moment.can("tabs") else None
    if index is None:
        return Fail(f"there is no window “{clause.title}” besides the one in front")
    do: Literal["switch", "close"] = "close" if clause.do == "close" else "switch"
    return moment.do(Tabs(do=do, index=index), f"a page's window is a tab: {do} tab {index + 1}", "window")


def scroll(clause: c.ScrollBy, moment: Moment) -> Step:
    """Scroll as the clause says."""
    ended = moment.progress.stage == "scrolled" and moment.failed
    if clause.until:
        found = [m for m in moment.find(clause.until, "read") if m.score >= 0.75]
        on = [
            m
            for m in found
            if (seen := m.element.box.within(*moment.size)) and seen.height >= 0.5 * m.element.box.height
        ]
        if on:
            return Next()
        if found:
            held = clear(moment, found[0], clause.until)
            return held if not isinstance(held, Match) else Next()
        within = reach(moment, clause.over, "read") if clause.over else None
        if within is not None and not isinstance(within, Match):
            return within
        return search(moment, clause.until, clause.direction, within.element if within else None)
    if moment.progress.stage == "scrolled" and (not clause.edge or ended or moment.progress.tried("edge") >= 12):
        return Next(note="it was at its end already" if ended else "")
    target = None
    if clause.over:
        over = reach(moment, clause.over, "read")
        if not isinstance(over, Match):
            return over
        target = moment.at(over.element, clause.over)
    reasoning = f"scroll {clause.direction}" + (" to the end" if clause.edge else "")
    return moment.do(Scroll(direction=clause.direction, amount=clause.amount, target=target), reasoning, "scrolled")


def look_closer(clause: c.LookCloser, moment: Moment) -> Step:
    """Zoom into the target of the clause."""
    if moment.progress.stage == "zoomed":
        return Next()
    found = reach(moment, clause.target, "read")
    if not isinstance(found, Match):
        return found
    return moment.do(Zoom(target=moment.aim(found, clause.target)), "look closer", "zoomed")


def give(clause: c.Give, moment: Moment) -> Step:
    """Upload the files of the clause."""
    if not moment.can("upload"):
        return Fail("this device takes no files by itself; click the button that asks for them and type the path")
    if moment.progress.stage == "given" and moment.last and not moment.refused:
        if moment.failed and moment.last.result:
            return Fail(f"{', '.join(clause.paths)} could not be given: {moment.last.result}")
        return Next()
    phrases = [clause.target] if clause.target else ["choose file", "upload", "browse", "attach", "file", "select file"]
    for phrase in phrases:
        found = moment.find(phrase, "upload")
        if found and found[0].score >= 0.7:
            like = [each for each in found if each.score > found[0].score - 0.05 and each.element != found[0].element]
            if like and not clause.target:
                names = " and ".join(f"“{each.element.name}”" for each in (found[0], like[0]))
                return Fail(f"{names} both take files; say which, as in: upload … to {found[0].element.name}")
            held = clear(moment, found[0], phrase)
            if not isinstance(held, Match):
                return held
            action = Upload(target=moment.aim(held, phrase), paths=clause.paths)
            return moment.do(action, f"give it {', '.join(clause.paths)}", "given")
    if moment.progress.tried("waited") < 2:
        return moment.do(Wait(seconds=1), "no field for files yet; wait a little", "")
    return moment.missing(phrases[0], "no file field")


#: What the field for the name is called in dialogs that save: language knowledge.
_NAME_FIELD = ("name", "file name", "filename", "save as", "dateiname", "nom", "nom du fichier", "nombre")
#: What asks whether a file may be replaced.
_REPLACES = re.compile(
    r"\b(?:already\s+exists|replace|overwrite|existiert\s+bereits|ersetzen|existe\s+d[ée]j)", re.IGNORECASE
)


def save_as(clause: c.SaveAs, moment: Moment) -> Step:
    """Save under the name of the clause: open the dialog, type the name, press Enter. A file is never replaced."""
    stage, last = moment.progress.stage, moment.last
    if stage == "saved":
        asks = [each for each in moment.observation.elements if not each.acts and _REPLACES.search(each.name)]
        if asks:
            return Fail(f"“{clause.name}” is not saved: “{asks[0].name[:80]}”; say whether to replace it")
        if last is not None and moment.failed:
            return Fail(f"the dialog did not save “{clause.name}”: {last.result or last.outcome.evidence}")
        return Next()
    if stage == "typed" and last is not None:
        if last.outcome.kind not in ("confirmed", "unknown"):
            return Fail(f"“{clause.name}” could not be typed: {last.result or last.outcome.evidence}")
        return moment.do(Key(keys="enter"), "save it with Enter", "saved")
    dialog = [each for each in moment.fields() if each.focused or _names_file(each)]
    if stage in ("opened", "menu") and dialog:
        field = next((each for each in dialog if _names_file(each)), dialog[0])
        return moment.do(Type(text=clause.name, target=moment.at(field), clear=True), "type the name", "typed")
    item = [match for match in moment.find('"Save as"', "click") if match.score >= 0.9 and match.element.acts]
    if item and stage != "opened":
        return moment.do(Click(target=moment.at(item[0].element)), f"open “{item[0].element.name}”", "opened")
    menus = [
        match for match in moment.find('"File"', "click") if match.score >= 0.97 and match.element.role == "menuitem"
    ]
    if menus and stage == "":
        return moment.do(Click(target=moment.at(menus[0].element)), "open the File menu", "menu")
    if not moment.progress.tried("shortcut") and not moment.can("navigate"):
        return moment.do(Key(keys="ctrl+shift+s"), "open the dialog with its shortcut", "opened")
    if not moment.observation.elements and stage == "opened":
        return moment.do(Type(text=clause.name, clear=True), "type the name where the keyboard is", "typed")
    step = wait_or_scroll(moment, "Save as")
    return Fail("no “Save as” dialog with a field for the name opens here") if isinstance(step, Fail) else step


def _names_file(field: Element) -> bool:
    texts = (field.name, field.description)
    return any(alike(name, text.rstrip(" :")).score >= 0.95 for name in _NAME_FIELD for text in texts if text)

"""What was done, as a step in plain English that the embedded default carries out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.phrases.quoting import mask
from handeye.policies.plain_english import clauses as c
from handeye.policies.plain_english.parsing import parse
from handeye.tools import actions as a
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.policies.replay.signatures import NearbyText, TargetSignature

#: Marks that may stand around a text, the usual ones first.
MARKS = (('"', '"'), ("“", "”"), ("«", "»"), ("「", "」"), ("'", "'"))
#: What people call a role; others are left out of a phrase.
ROLE_WORDS = {
    "button": "button", "link": "link", "textbox": "field", "searchbox": "field", "spinbutton": "field",
    "combobox": "list", "listbox": "list", "checkbox": "checkbox", "radio": "radio button", "switch": "switch",
    "tab": "tab", "menuitem": "menu item", "option": "option", "slider": "slider", "img": "picture",
    "heading": "heading", "cell": "cell", "columnheader": "column", "row": "row", "listitem": "item",
}  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
#: Longer texts are likely to change.
STEADY = 40
#: Longer names are no name that anybody would say.
LONGEST = 100
#: Which clause a kind of action is, when it is said.
_CLAUSES: dict[str, tuple[type[c.Clause], ...]] = {
    "click": (c.ClickOn,), "move": (c.Hover,), "drag": (c.DragOnto,), "type": (c.Write, c.Empty), "key": (c.PressKeys,),
    "scroll": (c.ScrollBy,), "wait": (c.Pause, c.Await), "navigate": (c.Visit,), "back": (c.Go,), "forward": (c.Go,),
    "reload": (c.Go,), "tabs": (c.UseTab,), "window": (c.ToWindow,), "select": (c.Choose,), "upload": (c.Give,),
    "extract": (c.ReadOff,), "remember": (c.Keep,),
}  # fmt: skip


def quoted(text: str) -> str | None:
    """The text between marks that do not end before it does; None where there are none."""
    apart = [marks for marks in MARKS if not set(marks) & set(text)]
    for opening, closing in (*apart, *MARKS):
        said = f"{opening}{text}{closing}"
        masked = mask(f"x {said} y, and z")
        part = masked.parts.get(masked.text[2:3])
        if part and part.quoted and part.content == text and masked.text[3:] == " y, and z":
            return said
    return None


def words(text: str) -> str | None:
    """A text to be typed: quoted, or a secret's name as it is."""
    whole = a_secret(text)
    return text if whole else quoted(text)


def a_secret(text: str) -> bool:
    """Whether the text is one secret's name and nothing else."""
    return text.startswith("{{secret:") and text.endswith("}}") and text.count("{{") == 1


def ordinal(number: int) -> str:
    """`second`, `12th`."""
    if number <= len(ORDINALS):
        return ORDINALS[number - 1]
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def phrases(signature: TargetSignature, description: str = "") -> Iterator[str]:
    """Ways to say which thing it was, the shortest first; more of them than are true in every place.

    The last one is the place itself, where nothing else tells.
    """
    word = ROLE_WORDS.get(signature.role, "")
    name = _name(signature.name)
    if name is None and description:
        name = _name(description)
    if name:
        yield name
        if word:
            yield f"the {name} {word}"
        if row := _name(signature.row):  # “row” means any item of a list; “item” means none of a table's rows
            yield f"{name} in the row with {row}"
            yield f"the {name} {word or 'element'} in the row with {row}"
        if signature.of > 1:
            yield f"the {ordinal(signature.nth)} {name} {word}".rstrip()
        for near, other in _landmarks(signature, steady=True):
            yield f"the {name} {word} {_way(near.way)} {other}".replace("  ", " ")
    elif text := _name(signature.text):
        yield text
    if word:
        for near, other in _landmarks(signature, steady=True):
            yield f"the {word} next to {other}"
            yield f"the {word} {_way(near.way)} {other}"
        yield f"the {ordinal(signature.nth)} {word}"
        for near, other in _landmarks(signature, steady=False):
            yield f"the {word} {_way(near.way)} {other}"
    yield f"({signature.point.x}, {signature.point.y})"


def _name(text: str) -> str | None:
    text = " ".join(text.split())
    return quoted(text) if text and len(text) <= LONGEST else None


def _landmarks(signature: TargetSignature, steady: bool) -> Iterator[tuple[NearbyText, str]]:
    """Texts around it that will still say the same, or those that may not: long ones, and those with numbers."""
    for near in signature.near:
        lasting = len(near.text) <= STEADY and not any(letter.isdigit() for letter in near.text)
        if lasting == steady and (name := _name(near.text)):
            yield near, name


def _way(way: tuple[int, int]) -> str:
    """From a landmark to a thing, as a person would say it."""
    across, down = way
    if abs(down) > abs(across):
        return "below" if down > 0 else "above"
    return "to the right of" if across > 0 else "to the left of"


def step_of(action: a.Action, said: dict[str, str]) -> str | None:
    """The action as a step, with these phrases for its targets; None where no words of plain English mean just this."""
    step = _step(action, said)
    return step if step and means(step, action) else None


def means(step: str, action: a.Action) -> bool:
    """Whether the step is understood, as one clause of the kind that the action is."""
    try:
        clauses = parse(step)
    except (ActionRefused, UsageError):
        return False
    if len(clauses) != 1 or not isinstance(clauses[0], _CLAUSES.get(action.kind, ())):
        return False
    match clauses[0], action:
        case c.Write(text=text), a.Type():
            return text == action.text
        case c.PressKeys(keys=keys), a.Key():
            return keys == action.keys
        case c.Choose(option=option), a.Select():
            return option == quoted(action.option)
        case c.Give(paths=paths), a.Upload():
            return paths == action.paths
        case c.Visit(url=url), a.Navigate():
            return url == action.url
    return True


def _step(action: a.Action, said: dict[str, str]) -> str | None:
    target = said.get("target", "")
    match action:
        case a.Click(button=button, count=count, modifiers=held):
            if len(held) > 1 or (held and (button != "left" or count > 1)) or (button != "left" and count > 1):
                return None
            verb = f"{held[0]}-" if held else {2: "double-", 3: "triple-"}.get(count, "")
            return f"{'' if button == 'left' else f'{button}-'}{verb}click {target}"
        case a.Move():
            return f"hover over {target}"
        case a.Drag(via=via):
            return None if via else f"drag {said['start']} onto {said['end']}"
        case a.Type(text="", clear=True):
            return f"clear {target}" if target else "delete all text"
        case a.Type(text=text, clear=clear):
            text_said = words(text)
            if not text_said:
                return None
            if not target:
                return f"replace the text with {text_said}" if clear else f"type {text_said}"
            return f"fill in {target} with {text_said}" if clear else f"type {text_said} into {target}"
        case a.Key(keys=keys, count=count):
            times = f" {count} times" if count > 1 else ""
            return f"press {_key(keys)}{f' in {target}' if target else ''}{times}"
        case a.Scroll(direction=direction, amount=amount):
            return f"scroll {direction} by {amount} notches{f' in {target}' if target else ''}"
        case a.Select(option=option):
            chosen = quoted(option)
            return f"choose {chosen} from {target}" if chosen else None
        case a.Upload(paths=paths):
            given = [quoted(path) for path in paths]
            return f"upload {' and '.join(filter(None, given))} to {target}" if all(given) else None
        case _:
            return _elsewhere(action)


def _elsewhere(action: a.Action) -> str | None:
    """What is done to no thing of the screen."""
    match action:
        case a.Wait(seconds=seconds, text=text):
            shown = quoted(text) if text else ""
            return f"wait until the page shows {shown}" if shown else None if text else f"wait {seconds:g} seconds"
        case a.Navigate(url=url):
            address = quoted(url)
            return f"open {address}" if address else None
        case a.Back():
            return "go back"
        case a.Forward():
            return "go forward"
        case a.Reload():
            return "reload the page"
        case a.Tabs(do="new"):
            return "open a new tab"
        case a.Tabs(do=do, index=index):
            which = "the last tab" if index < 0 else f"tab {index + 1}"
            return f"switch to {which}" if do == "switch" else f"close {which}"
        case a.Window(do=do, title=title):
            name = quoted(title)
            return f"{do} the window {name}" if name else None
        case a.Extract(what=what):
            return f"read the {what}"
        case a.Remember(name=name, text=text):
            kept = quoted(text)
            return f"remember {kept} as {name}" if kept else None
        case _:
            return None


def _key(keys: str) -> str:
    """A key as people write it."""
    return keys.capitalize() if keys.isalpha() and len(keys) > 1 else keys

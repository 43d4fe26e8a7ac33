"""Actions as steps in plain English that the embedded policy understands, and phrases for targets."""

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

#: Quotation marks, the usual ones first.
MARKS = (('"', '"'), ("“", "”"), ("«", "»"), ("「", "」"), ("'", "'"))
#: The word for a role in a phrase; other roles have none.
ROLE_WORDS = {
    "button": "button", "link": "link", "textbox": "field", "searchbox": "field", "spinbutton": "field",
    "combobox": "list", "listbox": "list", "checkbox": "checkbox", "radio": "radio button", "switch": "switch",
    "tab": "tab", "menuitem": "menu item", "option": "option", "slider": "slider", "img": "picture",
    "heading": "heading", "cell": "cell", "columnheader": "column", "row": "row", "listitem": "item",
}  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
#: Longer texts are likely to change.
MAX_STEADY = 40
#: Longer names are not used in phrases.
MAX_NAME = 100
#: The clauses that an action of each kind may be read back as.
_CLAUSES: dict[str, tuple[type[c.Clause], ...]] = {
    "click": (c.ClickOn,), "move": (c.Hover,), "drag": (c.DragOnto,), "type": (c.Write, c.Empty), "key": (c.PressKeys,),
    "scroll": (c.ScrollBy,), "wait": (c.Pause, c.Await), "navigate": (c.Visit,), "back": (c.Go,), "forward": (c.Go,),
    "reload": (c.Go,), "tabs": (c.UseTab,), "window": (c.ToWindow,), "select": (c.Choose,), "upload": (c.Give,),
    "extract": (c.ReadOff,), "remember": (c.Keep,),
}  # fmt: skip


def quote(text: str) -> str | None:
    """The text in quotation marks that the phrase reader reads back unchanged; None if there are none."""
    unused = [marks for marks in MARKS if not set(marks) & set(text)]
    for opening, closing in (*unused, *MARKS):
        phrase = f"{opening}{text}{closing}"
        masked = mask(f"x {phrase} y, and z")
        part = masked.parts.get(masked.text[2:3])
        if part and part.quoted and part.content == text and masked.text[3:] == " y, and z":
            return phrase
    return None


def typed_text(text: str) -> str | None:
    """A text to type, quoted; the name of a secret stays without quotes."""
    return text if is_secret(text) else quote(text)


def is_secret(text: str) -> bool:
    """Whether the text is the name of one secret and nothing else."""
    return text.startswith("{{secret:") and text.endswith("}}") and text.count("{{") == 1


def ordinal(number: int) -> str:
    """The ordinal in words up to ten, then as a number: `second`, `12th`."""
    if number <= len(ORDINALS):
        return ORDINALS[number - 1]
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def target_phrases(signature: TargetSignature, description: str = "") -> Iterator[str]:
    """Candidate phrases for a recorded target, the shortest first; not every one matches only this target.

    The last one is the point in pixels.
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
            yield f"the {name} {word} {_preposition(near.way)} {other}".replace("  ", " ")
    elif text := _name(signature.text):
        yield text
    if word:
        for near, other in _landmarks(signature, steady=True):
            yield f"the {word} next to {other}"
            yield f"the {word} {_preposition(near.way)} {other}"
        yield f"the {ordinal(signature.nth)} {word}"
        for near, other in _landmarks(signature, steady=False):
            yield f"the {word} {_preposition(near.way)} {other}"
    yield f"({signature.point.x}, {signature.point.y})"


def _name(text: str) -> str | None:
    text = " ".join(text.split())
    return quote(text) if text and len(text) <= MAX_NAME else None


def _landmarks(signature: TargetSignature, steady: bool) -> Iterator[tuple[NearbyText, str]]:
    """Texts around the target: those that are likely to stay, or those that may change (long, or with digits)."""
    for near in signature.near:
        is_steady = len(near.text) <= MAX_STEADY and not any(letter.isdigit() for letter in near.text)
        if is_steady == steady and (name := _name(near.text)):
            yield near, name


def _preposition(way: tuple[int, int]) -> str:
    """The preposition for the direction from a landmark to the target."""
    across, down = way
    if abs(down) > abs(across):
        return "below" if down > 0 else "above"
    return "to the right of" if across > 0 else "to the left of"


def english_step(action: a.Action, phrase_of: dict[str, str]) -> str | None:
    """The action as a step, with a phrase for each of its targets; None if plain English cannot express it."""
    step = _step(action, phrase_of)
    return step if step and is_read_back(step, action) else None


def is_read_back(step: str, action: a.Action) -> bool:
    """Whether the step is read back as one clause that performs this action."""
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
            return option == quote(action.option)
        case c.Give(paths=paths), a.Upload():
            return paths == action.paths
        case c.Visit(url=url), a.Navigate():
            return url == action.url
    return True


def _step(action: a.Action, phrase_of: dict[str, str]) -> str | None:
    target = phrase_of.get("target", "")
    match action:
        case a.Click(button=button, count=count, modifiers=held):
            if len(held) > 1 or (held and (button != "left" or count > 1)) or (button != "left" and count > 1):
                return None
            verb = f"{held[0]}-" if held else {2: "double-", 3: "triple-"}.get(count, "")
            return f"{'' if button == 'left' else f'{button}-'}{verb}click {target}"
        case a.Move():
            return f"hover over {target}"
        case a.Drag(via=via):
            return None if via else f"drag {phrase_of['start']} onto {phrase_of['end']}"
        case a.Type(text="", clear=True):
            return f"clear {target}" if target else "delete all text"
        case a.Type(text=text, clear=clear):
            content = typed_text(text)
            if not content:
                return None
            if not target:
                return f"replace the text with {content}" if clear else f"type {content}"
            return f"fill in {target} with {content}" if clear else f"type {content} into {target}"
        case a.Key(keys=keys, count=count):
            times = f" {count} times" if count > 1 else ""
            return f"press {_key(keys)}{f' in {target}' if target else ''}{times}"
        case a.Scroll(direction=direction, amount=amount):
            return f"scroll {direction} by {amount} notches{f' in {target}' if target else ''}"
        case a.Select(option=option):
            chosen = quote(option)
            return f"choose {chosen} from {target}" if chosen else None
        case a.Upload(paths=paths):
            names = [quote(path) for path in paths]
            return f"upload {' and '.join(filter(None, names))} to {target}" if all(names) else None
        case _:
            return _step_without_target(action)


def _step_without_target(action: a.Action) -> str | None:
    match action:
        case a.Wait(seconds=seconds, text=text):
            awaited = quote(text) if text else ""
            return f"wait until the page shows {awaited}" if awaited else None if text else f"wait {seconds:g} seconds"
        case a.Navigate(url=url):
            address = quote(url)
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
            name = quote(title)
            return f"{do} the window {name}" if name else None
        case a.Extract(what=what):
            return f"read the {what}"
        case a.Remember(name=name, text=text):
            fact = quote(text)
            return f"remember {fact} as {name}" if fact else None
        case _:
            return None


def _key(keys: str) -> str:
    """The name of a key with a capital letter."""
    return keys.capitalize() if keys.isalpha() and len(keys) > 1 else keys

"""Keys and chords."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family, times
from handeye.policies.plain_english.keys import LABELS_TOO, SAID_KEY

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Keys

family = Family("Press keys")

#: Bare words that a shortcut stands for on every desktop, if no control is called so.
_SHORTCUTS = {"select": "ctrl+a", "copy": "ctrl+c", "cut": "ctrl+x", "paste": "ctrl+v", "undo": "ctrl+z", "redo": "ctrl+y"}  # fmt: skip
_COUNT = "[<count:number> times | once | twice {count=2} | thrice {count=3}]"


@family.frame(
    "(select all|everything {word=select} | select all [the] text {word=select})",
    "copy [it] {word=copy}",
    "copy the selection {word=copy}",
    "cut {word=cut}",
    "paste [it] {word=paste}",
    "undo {word=undo}",
    "redo {word=redo}",
)
def shortcut(word: str) -> Made:
    """A shortcut of every desktop, unless a control is called so."""
    return c.PressKeys(keys=_SHORTCUTS[word], label="Select all" if word == "select" else word.capitalize())


@family.frame(
    f"press|hit|strike <keys> [in|on|into <target>] {_COUNT}",
    f"press|hit|strike <keys> on the|your keyboard {_COUNT}",
    f"push|use|type|send|tap <keys> [in|on|into <target>] {_COUNT} {{weak=1}}",
    cost=-0.02,
)
def press(keys: Keys, target: str = "", count: str = "1", weak: str = "") -> Made:
    """Press a key or a chord."""
    number, words = times(count), re.sub(r"^the\s+", "", keys.said, flags=re.IGNORECASE)
    if re.fullmatch(r"(?:the|your)?\s*(?:keyboard|page|screen)", target, re.IGNORECASE):
        target = ""
    if weak and not keys.sure:
        return None
    if len(keys.chords) > 1:
        chords = [c.PressKeys(keys=each, target="" if place else target) for place, each in enumerate(keys.chords)]
        return [*chords] * number
    if _names_control(keys, target, words):
        return c.ClickOn(target=keys.source + (f" in {target}" if target else ""), count=number)
    label = words if not target and (words.lower() in LABELS_TOO or len(words) == 1) else ""
    return c.PressKeys(keys=keys.chords[0], count=number, target=target, label=label)


def _names_control(keys: Keys, place: str, words: str) -> bool:
    """Whether the name of a key is that of a control: a quoted one that is called a button, or one that is as often a
    label as a key (“Delete”), called a button or placed where no text is typed."""
    if SAID_KEY.search(keys.source):
        return False
    button = re.search(r"\b(?:button|link|icon)\b", keys.source, re.IGNORECASE)
    label = re.sub(r"\s+(?:button|link|icon)$", "", words, flags=re.IGNORECASE).strip("\"'“”").lower()
    typed = re.search(r"\b(?:field|box|input|area|editor|list|table|grid|tree)\b", place, re.IGNORECASE)
    if label in LABELS_TOO:
        return bool(button) or bool(place and not typed)
    return bool(button and keys.quoted)


@family.frame("press|hit|use|submit [with] [the] enter|return [key] [to submit|confirm|search|send|continue [it]]")
def press_enter() -> Made:
    """Press Enter."""
    return c.PressKeys(keys="enter")


family.examples.update({
    "press Enter": "PressKeys(keys='enter')",
    "I press Ctrl+S": "PressKeys(keys='ctrl+s')",
    "hit escape twice": "PressKeys(keys='escape', count=2)",
    "press delete in the Name field": "PressKeys(keys='delete', target='the Name field')",
})  # fmt: skip

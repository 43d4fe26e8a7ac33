"""Names of keys and chords, one table for every device that has a keyboard."""

from __future__ import annotations

import difflib
from typing import NamedTuple

from handeye.tools.errors import ActionRefused

MODIFIERS = ("ctrl", "shift", "alt", "meta", "altgr")

#: Our name of each key, and what else people, models and other tools call it.
NAMES: dict[str, tuple[str, ...]] = {
    "ctrl": ("control", "ctl", "controlormeta", "control_l", "controlleft", "leftctrl"),
    "shift": ("shift_l", "shiftleft", "leftshift"),
    "alt": ("option", "opt", "alt_l", "altleft", "leftalt"),
    "meta": ("cmd", "command", "super", "win", "windows", "super_l", "metaleft"),
    "altgr": ("iso_level3_shift", "altright", "rightalt", "altgraph"),
    "enter": ("return", "linefeed", "newline", "kp_enter", "numpadenter"),
    "tab": (),
    "escape": ("esc",),
    "space": ("spacebar",),
    "backspace": ("back_space", "bksp"),
    "delete": ("del",),
    "insert": ("ins",),
    "home": (),
    "end": (),
    "pageup": ("pgup", "page_up", "prior"),
    "pagedown": ("pgdn", "pgdown", "page_down", "next"),
    "left": ("arrowleft", "leftarrow", "left_arrow"),
    "right": ("arrowright", "rightarrow", "right_arrow"),
    "up": ("arrowup", "uparrow", "up_arrow"),
    "down": ("arrowdown", "downarrow", "down_arrow"),
    "menu": ("contextmenu", "apps"),
    "capslock": ("caps_lock", "caps"),
    "printscreen": ("print", "prtsc", "prtscr", "prntscrn"),
    "pause": ("break",),
    **{f"f{number}": () for number in range(1, 25)},
}

#: Characters whose own name is handy because "+" joins a chord, or because a model spells them out.
SPELT = {"plus": "+", "minus": "-", "comma": ",", "period": ".", "dot": ".", "slash": "/", "equal": "=", "equals": "="}

_CANONICAL = {alias: name for name, aliases in NAMES.items() for alias in (name, *aliases)}


class Chord(NamedTuple):
    """A key to press while modifiers are held."""

    modifiers: tuple[str, ...]
    """In the order to press them, from MODIFIERS."""
    key: str
    """A name of NAMES, or one character."""


def parse_chord(keys: str) -> Chord:
    """`ctrl+shift+s`, `Enter`, `alt`, `ctrl++` … as a chord.

    A letter in a chord with ctrl, alt or meta is the plain key (people write Ctrl+S and mean no shift); alone it is
    the character itself. Raises ActionRefused for a name that is no key, with the nearest ones that are.
    """
    parts = _split(keys)
    names = [_name(part, keys) for part in parts]
    *held, key = names
    wrong = [name for name in held if name not in MODIFIERS]
    if wrong:
        raise ActionRefused(f"{keys!r} holds {wrong[0]!r}, which is no modifier; press one key at a time")
    if len(key) == 1 and set(held) & {"ctrl", "alt", "meta"} and len(key.lower()) == 1:
        key = key.lower()
    return Chord(tuple(dict.fromkeys(held)), key)


def _split(keys: str) -> list[str]:
    if keys == "+":
        return ["+"]
    if keys.endswith("++"):
        return [*keys[:-2].split("+"), "+"]
    return keys.split("+")


def _name(part: str, keys: str) -> str:
    if len(part) == 1 and part.isprintable() and not part.isspace():
        return part
    lowered = part.lower()
    if lowered in SPELT:
        return SPELT[lowered]
    if lowered in _CANONICAL:
        return _CANONICAL[lowered]
    near = dict.fromkeys(_CANONICAL[hit] for hit in difflib.get_close_matches(lowered, _CANONICAL, n=3, cutoff=0.5))
    advice = f"did you mean {' or '.join(near)}?" if near else f"use one character or one of {', '.join(NAMES)}"
    if "-" in part and part.split("-")[0].lower() in _CANONICAL:
        advice = f"join keys by +, as in {part.replace('-', '+')!r}"
    raise ActionRefused(f"no key is called {part!r} in {keys!r}; {advice}")

"""Names of keys, and the parser for chords; one table for all devices with a keyboard."""

from __future__ import annotations

import difflib
from typing import NamedTuple

from handeye.tools.errors import ActionRefused

MODIFIERS = ("ctrl", "shift", "alt", "meta", "altgr")

#: handeye's name of each key, and the names that people, models and other tools use.
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

#: Words for characters: "+" itself separates the keys of a chord, and models spell some characters out.
SPELT = {"plus": "+", "minus": "-", "comma": ",", "period": ".", "dot": ".", "slash": "/", "equal": "=", "equals": "="}

_CANONICAL = {alias: name for name, aliases in NAMES.items() for alias in (name, *aliases)}


class Chord(NamedTuple):
    """A key that is pressed while modifiers are down."""

    modifiers: tuple[str, ...]
    """In the order to press them, from MODIFIERS."""
    key: str
    """A name of NAMES, or one character."""


def parse_chord(keys: str) -> Chord:
    """Parse a chord such as `ctrl+shift+s`, `Enter`, `alt` or `ctrl++`.

    A letter in a chord with ctrl, alt or meta is lower-cased, because people write Ctrl+S without meaning Shift; alone
    it is the character itself. Raises ActionRefused for an unknown key name, with the most similar key names.
    """
    parts = _split(keys)
    names = [_name(part, keys) for part in parts]
    *held, key = names
    wrong = [name for name in held if name not in MODIFIERS]
    if wrong:
        raise ActionRefused(f"{wrong[0]!r} in {keys!r} is not a modifier; press one key at a time")
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

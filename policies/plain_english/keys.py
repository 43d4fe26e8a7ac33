"""The keys that people name: "Enter", "the down arrow", "Ctrl and S", "Strg+Umschalt+T"."""

from __future__ import annotations

import re

_MODIFIERS = {
    name: modifier
    for modifier, names in {
        "ctrl": "ctrl|control|strg|ctl",
        "shift": "shift|umschalt",
        "alt": "alt|option|opt",
        "meta": "meta|cmd|command|super|win|windows",
        "altgr": "altgr|alt gr",
    }.items()
    for name in names.split("|")
}

_KEYS = {
    name: key
    for key, names in {
        "enter": "enter|return|eingabe",
        "escape": "escape|esc",
        "tab": "tab|tabulator",
        "space": "space|space bar|spacebar|blank|leertaste",
        "backspace": "backspace|back space|rücktaste",
        "delete": "delete|del|entf",
        "insert": "insert|ins|einfg",
        "home": "home|pos1",
        "end": "end|ende",
        "pageup": "page up|pageup|pgup|page-up|bild auf",
        "pagedown": "page down|pagedown|pgdn|pgdown|page-down|bild ab",
        "up": "up|arrow up|up arrow|arrowup|cursor up|uparrow",
        "down": "down|arrow down|down arrow|arrowdown|cursor down|downarrow",
        "left": "left|arrow left|left arrow|arrowleft|cursor left|leftarrow",
        "right": "right|arrow right|right arrow|arrowright|cursor right|rightarrow",
        "capslock": "caps lock|capslock",
        "menu": "context menu|menu|contextmenu",
        "printscreen": "print screen|printscreen",
    }.items()
    for name in names.split("|")
} | {f"f{number}": f"f{number}" for number in range(1, 25)}
_SPELT = {"plus": "+", "minus": "-", "comma": ",", "period": ".", "dot": ".", "slash": "/", "equals": "=", "colon": ":"}

#: Words that name a key and might just as well be a button's label.
LABELS_TOO = frozenset({"delete", "insert", "home", "end", "up", "down", "left", "right", "menu"})

_NOISE = re.compile(
    r"\b(?:the|a)\s+(?=\w)|\b(?:keys?|button|combination|shortcut|on|your|keyboard)\b|\s{2,}", re.IGNORECASE
)
#: Said with these, it is a key and nothing else.
SAID_KEY = re.compile(r"\b(?:keys?|shortcut|key combination|hotkey|chord|arrow)\b", re.IGNORECASE)


def parse_keys(words: str) -> str:
    """`ctrl+s` for "Ctrl and S", `enter` for "the Enter key"; empty when the words name no key."""
    text = words.strip().strip("\"'“”‘’`<>")
    said_key = bool(SAID_KEY.search(text))
    text = re.sub(r"(?i)alt\s+gr\b", "altgr", text)
    clean = " ".join(_NOISE.sub(" ", text).split()) if len(text) > 1 else text
    if not clean:
        return ""
    parts = _parts(clean)
    if not parts:
        return ""
    *held, last = parts
    modifiers = [_MODIFIERS.get(part.lower(), "") for part in held]
    if not all(modifiers):
        return ""
    key = _key(last, bool(held) or said_key)
    return "+".join([*modifiers, key]) if key else ""


def _key(word: str, sure: bool) -> str:
    low = word.lower()
    if low in _KEYS:
        return _KEYS[low]
    if low in _MODIFIERS and sure:
        return _MODIFIERS[low]
    if sure and low in _SPELT:
        return _SPELT[low]
    if len(word) == 1 and not word.isspace() and sure:
        return low if word.isascii() else word
    return ""


def _parts(text: str) -> list[str]:
    """The keys of a chord; a separator may itself be the last key, as in `ctrl++`."""
    found = re.fullmatch(r"(.*?\S)\s*([+\-])\s*([+\-])", text)
    if found:
        return [*_parts(found[1]), found[3]]
    if len(text) == 1 or text.lower() in _KEYS:
        return [text]
    pieces = [piece.strip() for piece in re.split(r"\s*\+\s*|\s+(?:and|plus|with)\s+|(?<=\w)-(?=\S)", text)]
    if len(pieces) == 1 and " " in text:
        first, rest = text.split(" ", 1)
        if first.lower() in _MODIFIERS:
            return [first, *_parts(rest)]
    return [piece for piece in pieces if piece] if all(pieces) else []

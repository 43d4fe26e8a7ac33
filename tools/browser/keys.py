"""Translate handeye's names of keys to Playwright's."""

from __future__ import annotations

from handeye.tools.keyboard import parse_chord

MODIFIERS = {"ctrl": "Control", "shift": "Shift", "alt": "Alt", "meta": "Meta", "altgr": "AltGraph"}

KEYS = {
    **MODIFIERS,
    "enter": "Enter",
    "tab": "Tab",
    "escape": "Escape",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Delete",
    "insert": "Insert",
    "home": "Home",
    "end": "End",
    "pageup": "PageUp",
    "pagedown": "PageDown",
    "left": "ArrowLeft",
    "right": "ArrowRight",
    "up": "ArrowUp",
    "down": "ArrowDown",
    "menu": "ContextMenu",
    "capslock": "CapsLock",
    "printscreen": "PrintScreen",
    "pause": "Pause",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}

#: Chords that the browser handles itself; a page receives no event of them.
BROWSER_CHORDS = {
    "f5": "reload",
    "ctrl+r": "reload",
    "ctrl+f5": "reload",
    "ctrl+shift+r": "reload",
    "alt+left": "back",
    "alt+right": "forward",
}


def read_chord(keys: str) -> tuple[tuple[str, ...], str, str]:
    """Return Playwright's modifiers and key, and handeye's chord. Raises ActionRefused for an unknown key."""
    modifiers, key = parse_chord(keys)
    chord = "+".join((*modifiers, key))
    return tuple(MODIFIERS[name] for name in modifiers), KEYS.get(key, key), chord

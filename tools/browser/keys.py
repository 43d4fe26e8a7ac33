"""handeye's names of keys in Playwright's."""

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

#: Chords that the browser itself answers, of which a page hears nothing.
BROWSERS_OWN = {
    "f5": "reload",
    "ctrl+r": "reload",
    "ctrl+f5": "reload",
    "ctrl+shift+r": "reload",
    "alt+left": "back",
    "alt+right": "forward",
}


def read_chord(keys: str) -> tuple[tuple[str, ...], str, str]:
    """Modifiers and key in Playwright's names, and the chord in ours; raises ActionRefused for an unknown key."""
    held, key = parse_chord(keys)
    said = "+".join((*held, key))
    return tuple(MODIFIERS[name] for name in held), KEYS.get(key, key), said

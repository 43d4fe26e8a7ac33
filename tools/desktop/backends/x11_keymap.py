"""Map characters to keys of an X server, and assign keys to characters that have none.

Unused keycodes of the user's layout are lent to such characters. A program looks a keycode up when it reads the key
press, which may be later than the press. So a keycode gets another character only after programs have read all text
typed with it: the caller waits for that, see `Keymap.cover`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from Xlib import X

from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.tools.desktop.backends.x11_connection import Connection

#: Keysyms of the keys of keyboard.NAMES (X11/keysymdef.h).
KEYSYMS = {
    "ctrl": 0xFFE3,
    "shift": 0xFFE1,
    "alt": 0xFFE9,
    "meta": 0xFFEB,
    "altgr": 0xFE03,
    "enter": 0xFF0D,
    "tab": 0xFF09,
    "escape": 0xFF1B,
    "space": 0x20,
    "backspace": 0xFF08,
    "delete": 0xFFFF,
    "insert": 0xFF63,
    "home": 0xFF50,
    "end": 0xFF57,
    "pageup": 0xFF55,
    "pagedown": 0xFF56,
    "left": 0xFF51,
    "up": 0xFF52,
    "right": 0xFF53,
    "down": 0xFF54,
    "menu": 0xFF67,
    "capslock": 0xFFE5,
    "printscreen": 0xFF61,
    "pause": 0xFF13,
    **{f"f{number}": 0xFFBD + number for number in range(1, 25)},
}


def keysym_of(key: str) -> int:
    """Return the keysym of a key name or of one character."""
    if key in KEYSYMS:
        return KEYSYMS[key]
    if key in ("\n", "\t"):
        return KEYSYMS["enter" if key == "\n" else "tab"]
    point = ord(key)
    return point if 0x20 <= point <= 0x7E or 0xA0 <= point <= 0xFF else 0x01000000 | point


class MappedKey(NamedTuple):
    """A keycode, and whether Shift is pressed with it."""

    code: int
    shifted: bool


class Keymap:
    """The initial layout of one X server, and the keycodes lent to other characters."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        display = connection.display
        first, last = display.display.info.min_keycode, display.display.info.max_keycode
        rows = {first + i: list(row) for i, row in enumerate(display.get_keyboard_mapping(first, last - first + 1))}
        modifiers = {code for codes in display.get_modifier_mapping() for code in codes}
        self._layout: dict[int, MappedKey] = {}
        for shifted in (False, True):
            for code, row in rows.items():
                if len(row) > shifted and row[int(shifted)]:
                    self._layout.setdefault(row[int(shifted)], MappedKey(code, shifted))
        # The lowest keycode is the kernel's KEY_RESERVED, which some programs ignore.
        idle = {code for code, row in rows.items() if code > first and code not in modifiers and all(map(_idle, row))}
        self._rows = rows
        self._runs = sorted(_runs(sorted(idle)), key=len, reverse=True)
        self._spare = [code for run in self._runs for code in run if not any(rows[code])]
        self._lent: dict[int, int] = {}  # keysym -> keycode, least recently used first
        self._unread = False

    @property
    def room(self) -> int:
        """The number of characters without a key that can be typed between two waits."""
        return len(self._spare)

    def has(self, keysym: int, group: int = 0) -> bool:
        """Whether the layout has a key for it; only the first group of the layout is read."""
        return keysym in self._layout and (group == 0 or keysym >= 0xFE00)

    def key(self, keysym: int, group: int = 0) -> MappedKey:
        """Return the key of a keysym that the layout has or that `cover` was called with."""
        if self.has(keysym, group):
            return self._layout[keysym]
        code = self._lent.pop(keysym)
        self._lent[keysym] = code
        self._unread = True
        return MappedKey(code, False)

    def cover(self, keysyms: set[int], wait_until_read: Callable[[], None]) -> bool:
        """Lend keycodes to at most `room` keysyms; call `wait_until_read` before a used keycode changes its meaning.

        Returns whether the mapping changed; programs must read the change before the keys are pressed. Raises
        SetupError if the layout has no unused keycode.
        """
        missing = [keysym for keysym in sorted(keysyms) if keysym not in self._lent]
        if not missing:
            return False
        if not self._spare:
            raise SetupError(
                f"the keyboard layout of {self._connection.name} has no free keycode, so {len(missing)} of the "
                "characters cannot be typed; choose a plain layout, such as: setxkbmap us"
            )
        free = [code for code in self._spare if code not in self._lent.values()]
        stale = [keysym for keysym in self._lent if keysym not in keysyms][: max(0, len(missing) - len(free))]
        if stale and self._unread:
            wait_until_read()
            self._unread = False
        free += [self._lent.pop(keysym) for keysym in stale]
        for keysym, code in zip(missing, sorted(free, key=self._spare.index), strict=False):
            self._lent[keysym] = code
        self._set_keysyms({self._lent[keysym]: keysym for keysym in missing})
        return True

    def give_back(self, wait_until_read: Callable[[], None]) -> None:
        """Remove the meanings of the lent keycodes."""
        if self._lent:
            if self._unread:
                wait_until_read()
            self._set_keysyms(dict.fromkeys(self._lent.values(), X.NoSymbol))
            self._lent.clear()

    def _set_keysyms(self, meanings: dict[int, int]) -> None:
        """Set the keysyms of keycodes in as few requests as possible: each costs every program some milliseconds."""
        for code, keysym in meanings.items():
            # The same keysym with and without Shift, so that the state of Shift cannot change the typed character.
            self._rows[code] = [keysym, keysym, *([X.NoSymbol] * (len(self._rows[code]) - 2))]
        for run in self._runs:
            changed = [code for code in run if code in meanings]
            if changed:
                rows = [self._rows[code] for code in range(changed[0], changed[-1] + 1)]
                self._connection.display.change_keyboard_mapping(changed[0], rows)
        self._connection.sync()


def _idle(keysym: int) -> bool:
    """Whether a keysym is NoSymbol or that of a multimedia key (XF86keysym.h)."""
    return keysym == X.NoSymbol or 0x10080000 <= keysym <= 0x1008FFFF


def _runs(codes: list[int]) -> list[list[int]]:
    """Split ascending numbers into runs of consecutive ones."""
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][-1] == code - 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    return runs

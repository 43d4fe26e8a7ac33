"""Names of keys."""

from __future__ import annotations

import pytest

from handeye.tools.desktop.backends.x11_keymap import KEYSYMS, keysym_of
from handeye.tools.errors import ActionRefused
from handeye.tools.keyboard import NAMES, Chord, parse_chord


@pytest.mark.parametrize(
    ("keys", "chord"),
    [
        ("enter", Chord((), "enter")),
        ("Return", Chord((), "enter")),
        ("ctrl+s", Chord(("ctrl",), "s")),
        ("Control+Shift+ArrowLeft", Chord(("ctrl", "shift"), "left")),
        ("Ctrl+S", Chord(("ctrl",), "s")),
        ("S", Chord((), "S")),
        ("shift+S", Chord(("shift",), "S")),
        ("alt", Chord((), "alt")),
        ("+", Chord((), "+")),
        ("ctrl++", Chord(("ctrl",), "+")),
        ("ctrl+plus", Chord(("ctrl",), "+")),
        ("cmd+q", Chord(("meta",), "q")),
        ("PgDn", Chord((), "pagedown")),
        ("F12", Chord((), "f12")),
        ("ü", Chord((), "ü")),
        ("世", Chord((), "世")),
    ],
)
def test_a_chord_is_read_however_people_and_models_write_it(keys: str, chord: Chord) -> None:
    assert parse_chord(keys) == chord


@pytest.mark.parametrize(
    ("keys", "advice"),
    [
        ("entr", "did you mean enter"),
        ("ctrl+delet", "did you mean delete"),
        ("ctrl-s", "'ctrl+s'"),
        ("a+b", "one key at a time"),
        ("ctrl+", "use one character or one of"),
        ("☃☃☃☃", "use one character or one of"),
        ("f25", "or f24"),
    ],
)
def test_an_unknown_key_is_refused_with_what_to_press_instead(keys: str, advice: str) -> None:
    with pytest.raises(ActionRefused, match=r"no key is called|is not a modifier") as refused:
        parse_chord(keys)
    assert advice in str(refused.value)


def test_every_named_key_can_be_pressed_on_x11() -> None:
    assert set(NAMES) == set(KEYSYMS)


def test_characters_have_the_keysyms_that_programs_turn_back_into_them() -> None:
    assert keysym_of("a") == 0x61
    assert keysym_of("ü") == 0xFC
    assert keysym_of("世") == 0x01004E16
    assert keysym_of("🌍") == 0x0101F30D
    assert keysym_of("\n") == keysym_of("enter")

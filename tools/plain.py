"""Text from a screen for those who judge it: compared without disguise, shown without what cannot be seen.

A page can write a word so that it looks the same and compares differently, with letters of other alphabets, full-width
forms, or characters that take no room; and so that it is read otherwise than it stands there, from right to left.
Rules about words compare `folded` text, and people are shown `visible` text.
"""

from __future__ import annotations

import unicodedata

#: Letters of other alphabets, lower case, that look like Latin ones: Cyrillic, Greek, Armenian, and phonetic signs.
_CYRILLIC = dict(zip("авеёзікмнорстухѕјӏԁԛԝһьѵ", "abee3ikmhopctyxsjldqwhbv", strict=True))
_GREEK = dict(zip("αβγεηικνορτυχωϲϳ", "abyenikvoptuxwcj", strict=True))
_OTHERS = dict(zip("օսոցհքɑɡɩɪʏʀʙɢʜʟɴꜱꜰ", "ouhghqagiiyrbghlnsf", strict=True))
_ALIKE = str.maketrans(_CYRILLIC | _GREEK | _OTHERS)

#: Characters that are not letters or marks and yet not seen; the rest of these has the category Cf.
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def folded(text: str) -> str:
    """The text in lower case and one form: without invisible characters, look-alikes as the letters they look like."""
    plain = unicodedata.normalize("NFKC", "".join(each for each in text if not _unseen(each))).casefold()
    plain = "".join(each for each in unicodedata.normalize("NFC", plain) if not unicodedata.combining(each))
    return " ".join(plain.translate(_ALIKE).split())


def visible(text: str, limit: int = 2000) -> str:
    """The text for a person's eyes, on one line: characters that are not seen or turn its order are written out."""
    shown = " ".join(text.split())
    shown = "".join(f"⟨U+{ord(each):04X}⟩" if _unseen(each) or _controls(each) else each for each in shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _unseen(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" or letter in _UNSEEN or 0xFE00 <= ord(letter) <= 0xFE0F


def _controls(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Co", "Cs", "Zl", "Zp")

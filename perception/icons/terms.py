"""Normalises the words that name icons: those of phrases, and those of the icon sets that the encoder learns from."""

from __future__ import annotations

import re

#: Words of a phrase that describe any icon.
GENERIC = frozenset(
    {"a", "an", "the", "icon", "icons", "button", "symbol", "sign", "glyph", "image", "picture", "logo", "with", "of",
     "for", "to", "in", "on", "at", "and", "or", "its"}
)  # fmt: skip
#: Words in names of icon sets that describe how an icon is drawn.
STYLES = frozenset(
    {"outline", "outlined", "filled", "fill", "line", "linear", "light", "thin", "duotone", "twotone", "sharp", "round",
     "rounded", "broken", "solid", "baseline", "regular", "bold", "alt", "o", "simple"}
)  # fmt: skip
_PART = re.compile(r"[a-z]+|\d+", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def stem(word: str) -> str:
    """Return a word in lower case and without the ending of a plural: `Arrows` becomes `arrow`."""
    word = word.casefold()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def terms(text: str) -> tuple[str, ...]:
    """Return the stems of the words of a phrase in their order, each once, without words that fit every icon."""
    parts = _PART.findall(_CAMEL.sub(" ", text))
    return tuple(dict.fromkeys(stem(part) for part in parts if part.casefold() not in GENERIC))


def name_terms(name: str) -> tuple[str, ...]:
    """Return the stems in an icon's name of a set, without sizes and style: `trash-2-20-filled` becomes `trash`."""
    parts = _PART.findall(name.casefold())
    while len(parts) > 1 and (parts[-1] in STYLES or (parts[-1].isdigit() and parts[-2].isalpha())):
        parts.pop()
    while len(parts) > 1 and parts[0] in {"baseline", "outline", "round", "sharp", "twotone", "md", "ios"}:
        parts.pop(0)
    return tuple(dict.fromkeys(stem(part) for part in parts))

"""How alike two wordings are: what a person wrote, and what stands on a screen.

All language knowledge of the matcher is here: synonyms, glyphs that stand for words, plural endings. None of it belongs
to a page.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from handeye.tools.text_equality import contains, numbers, signs, units

if TYPE_CHECKING:
    from handeye.tools.element import Element

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‘’‚‛`´′", "'") | dict.fromkeys("‐‑‒–—−", "-"))
_WORD = re.compile(r"[^\W_]+")
_WIDE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
#: Letters that OCR takes for each other.
_OCR = str.maketrans({"i": "l", "1": "l", "|": "l", "!": "l", "0": "o", "5": "s", "8": "b"})

#: Different words for the same thing on any screen.
SYNONYMS: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split("|"))
    for group in (
        "log in|login|sign in|signin|log on|sign on",
        "log out|logout|sign out|signout|log off",
        "sign up|signup|register|create account|create an account",
        "cart|basket|bag|trolley|shopping cart|shopping bag|shopping basket",
        "check out|checkout|proceed to checkout|go to checkout",
        "add to cart|add to basket|add to bag|add to trolley",
        "delete|remove|trash|erase",
        "settings|preferences|options|gear|cog|gear wheel|cogwheel",
        "search|find|magnifier|magnifying glass|loupe",
        "close|dismiss|x|cross",
        "delete|trash can|bin|dustbin|garbage can",
        "edit|pencil|pen",
        "like|heart|favourite|favorite",
        "notifications|bell",
        "home|house",
        "add|plus",
        "next|continue|forward",
        "back|previous",
        "user|username|user name|login name|account name|user id",
        "email|e mail|email address|e mail address|mail",
        "phone|telephone|phone number|telephone number|mobile",
        "picture|image|photo",
        "quantity|qty",
        "ok|okay",
        "menu|more|more options|hamburger|burger|three dots|dots|kebab|three lines|more actions",
    )
)
_SYNONYM_OF = {
    word: frozenset().union(*(group for group in SYNONYMS if word in group)) for group in SYNONYMS for word in group
}

#: Signs that stand for a word on buttons.
GLYPHS: dict[str, str] = {
    **dict.fromkeys("×✕✖✗✘╳⨯❌🗙", "close"),
    **dict.fromkeys("☰≡⋮⋯", "menu"),
    **dict.fromkeys("🔍🔎⌕", "search"),
    **dict.fromkeys("⚙🔧", "settings"),
    **dict.fromkeys("🗑", "delete"),
    **dict.fromkeys("✎✏🖉🖊", "edit"),
    **dict.fromkeys("🛒🛍", "cart"),
    **dict.fromkeys("🏠⌂", "home"),
    **dict.fromkeys("←‹⬅◀", "back"),
    **dict.fromkeys("→›➡▶", "next"),
    **dict.fromkeys("+＋➕", "add"),
    **dict.fromkeys("-−–➖", "remove"),
    **dict.fromkeys("❤♥♡", "like"),
    **dict.fromkeys("★☆⭐", "star"),
    **dict.fromkeys("🔔", "notifications"),
    **dict.fromkeys("👤", "account"),
    **dict.fromkeys("⟳↻🔄", "reload"),
    **dict.fromkeys("✓✔", "done"),
    **dict.fromkeys("?❓", "help"),
}


class Likeness(NamedTuple):
    """How alike two wordings are, 0 to 1, and in what way."""

    score: float
    why: str


NOTHING = Likeness(0.0, "")

#: Ways of being alike, the better first. Of two texts, one that is alike in a better way is always meant.
_WAYS = (
    ("exact",),
    ("the same but for",),
    ("means the same", "the sign for"),
    ("its description", "its value"),
    ("its makers",),
    ("begins with it",),
    ("holds it",),
    ("holds its words",),
    ("nearly the same",),
    ("is part of it", "without a space"),
)
#: The ways from here on say less or more than what is wanted.
PARTLY = next(rank for rank, ways in enumerate(_WAYS) if "begins with it" in ways)
#: Of a kind that was asked for, whatever it is called.
OF_KIND = len(_WAYS)


def way(why: str) -> int:
    """The rank of a `Likeness.why` among the ways of being alike, 0 the best."""
    return next((rank for rank, ways in enumerate(_WAYS) if why.startswith(ways)), OF_KIND)


@lru_cache(maxsize=20_000)
def normal(text: str) -> str:
    """NFKC, case folded, one kind of quote and dash, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold().split())


@lru_cache(maxsize=20_000)
def words(text: str) -> tuple[str, ...]:
    """The words of a text, normalised; a text without letters or digits is one word."""
    clean = normal(text)
    return tuple(_WORD.findall(clean.replace("'", ""))) or ((clean,) if clean else ())


@lru_cache(maxsize=20_000)
def is_sign(name: str) -> bool:
    """Whether a name is no word: empty, a sign such as “✎” or “▣ 2”, or a single letter such as “x”.

    A single letter of a script that writes words without spaces can be a word.
    """
    return sum(letter.isalpha() for letter in name) <= 1 and not _WIDE.search(name)


def label_of(element: Element) -> str:
    """What a person would call a control: its name, the text it shows, or its tooltip where that is only a sign."""
    named = element.name or element.text
    return element.description if element.description and is_sign(named) else named


@lru_cache(maxsize=20_000)
def plain(text: str) -> str:
    """Without accents: `Größe` and `grosse`, `café` and `cafe` fall together."""
    apart = unicodedata.normalize("NFKD", normal(text))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def stem(word: str) -> str:
    """A word without its plural ending; rough, so only ever a fallback."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


#: The reason of a match between texts that differ only by a misreading of OCR.
LOOKS_ALIKE = "the same but for letters that look alike"


@lru_cache(maxsize=50_000)
def alike(wanted: str, text: str, seen: bool = False) -> Likeness:
    """How well `text` on the screen answers to `wanted`; with `seen` it was read by OCR, which mistakes letters.

    Exact > the same but for punctuation > accents, plurals > begins with > holds > fuzzy. Below about 0.6 is noise.
    """
    if not wanted.strip() or not text.strip():
        return NOTHING
    if wanted.strip() == text.strip():
        return Likeness(1.0, "exact")
    w, t = normal(wanted), normal(text)
    if not w or not t:
        return NOTHING
    bare = text.rstrip(" :*")  # “City:” and “City *” are the label “City” of a form
    if any(w == normal(each) and signs(wanted) == signs(each) for each in (text, bare)):
        return Likeness(0.99, "exact")
    found = max(_by_words(w, t, seen), _by_meaning(w, t), _by_letters(w, t, seen), key=lambda likeness: likeness.score)
    return _with_signs(wanted, text, found) if found.score else found


#: The most that a text scores which has a unit, such as “€”, that was not asked for.
WITH_UNIT = 0.85


def _with_signs(wanted: str, text: str, found: Likeness) -> Likeness:
    """What is left of a likeness of words once numbers and signs are compared: “C++” is not “C”, nor “1,5” “15”."""
    asked, there = (numbers(wanted), signs(wanted), units(wanted)), (numbers(text), signs(text), units(text))
    if asked == there:
        return found
    part = found.why == "is part of it"  # then the text is the shorter one
    less, more = (there, asked) if part else (asked, there)
    whole = found.why.startswith(("exact", "nearly", "the same")) and found.why != "the same but for a number"
    for number, (some, all_of) in enumerate(zip(less, more, strict=True)):
        if number == 0 and found.why == LOOKS_ALIKE:
            continue  # OCR takes digits for letters
        if number == 1 and some != all_of and (whole or _on_its_words(wanted, text)):
            return NOTHING
        if not _among(some, all_of):
            return NOTHING
    if asked[0] != there[0] and whole and found.why != LOOKS_ALIKE:
        return NOTHING
    return found if part or asked[2] == there[2] else Likeness(min(found.score, WITH_UNIT), found.why)


def _among(some: tuple[str, ...], all_of: tuple[str, ...]) -> bool:
    rest = iter(all_of)
    return all(each in rest for each in some)


def _on_its_words(wanted: str, text: str) -> bool:
    """Whether the signs that the longer text has more stand on the words that both have."""
    short, long = sorted((wanted, text), key=len)
    return not contains(long, short, case=False)


def _by_words(w: str, t: str, seen: bool) -> Likeness:
    ww, tw = words(w), words(t)
    if ww == tw:
        return Likeness(0.97, "the same but for punctuation")
    joined = "".join(ww)
    if joined == "".join(tw):
        return Likeness(0.95, "the same but for spaces")
    if tuple(words(plain(w))) == tuple(words(plain(t))):
        return Likeness(0.93, "the same but for accents")
    if seen and joined.translate(_OCR) == "".join(tw).translate(_OCR):
        return Likeness(0.93, LOOKS_ALIKE)
    ws, ts = [stem(plain(word)) for word in ww], [stem(plain(word)) for word in tw]
    if ws == ts:
        return Likeness(0.92, "the same but for the ending")
    share = len(joined) / max(1, len("".join(tw)))
    if len(ts) > len(ws):
        where = next((i for i in range(len(ts) - len(ws) + 1) if ts[i : i + len(ws)] == ws), -1)
        extra = tw[:where] + tw[where + len(ws) :] if where >= 0 else tw
        if where >= 0 and all(word.isdigit() for word in extra):
            return Likeness(0.93, "the same but for a number")
        if where == 0:
            return Likeness(0.80 + 0.10 * share, "begins with it")
        if where > 0:
            return Likeness(0.72 + 0.12 * share, "holds it")
        if _in_order(ws, ts) and len(ws) > 1:
            return Likeness(0.64 + 0.12 * share, "holds its words")
        if set(ws) <= set(ts) and len(ws) > 1:
            return Likeness(0.60 + 0.10 * share, "holds its words in another order")
    if _WIDE.search(w) and w in t:
        return Likeness(0.74 + 0.12 * len(w) / len(t), "holds it")
    covered = len("".join(tw)) / max(1, len(joined))
    left_out = [word for word in ww if word not in tw]
    if (
        len(ts) < len(ws)
        and not any(word.isdigit() for word in left_out)
        and _in_order(ts, ws)
        and covered >= 0.45
        and len("".join(tw)) > 2
    ):
        return Likeness(0.45 + 0.35 * covered, "is part of it")
    return NOTHING


def _in_order(some: list[str], all_of: list[str]) -> bool:
    rest = iter(all_of)
    return all(word in rest for word in some)


def _by_meaning(w: str, t: str) -> Likeness:
    ww, tw = " ".join(words(w)), " ".join(words(t))
    group = _SYNONYM_OF.get(ww)
    if group:
        if tw in group:
            return Likeness(0.84, "means the same")
        bare = " ".join(word for word in tw.split() if not word.isdigit())
        if bare in group:
            return Likeness(0.82, "means the same")
    sign = "".join(letter for letter in t if letter not in "\ufe0f\ufe0e ")
    meaning = GLYPHS.get(sign) or ("close" if sign == "x" else "")
    if meaning and (ww == meaning or meaning in (group or ())):
        return Likeness(0.86, f"the sign for {meaning}")
    return NOTHING


def same_meaning(wanted: str) -> frozenset[str]:
    """Return the other words for the same thing; empty when none are known."""
    return _SYNONYM_OF.get(" ".join(words(wanted)), frozenset())


def _by_letters(w: str, t: str, seen: bool) -> Likeness:
    """Slips of the pen: every word must be nearly right, and every number exactly."""
    if len(w) < 4 or len(t) < 3:
        return NOTHING
    ratio = fuzz.ratio(w, t) / 100
    if ratio < (0.8 if len(w) > 5 else 0.86):
        return NOTHING
    ww, tw = words(w), words(t)
    if re.findall(r"\d+", w) != re.findall(r"\d+", t):
        return NOTHING
    if len(ww) == len(tw):
        alike_all = all(_slipped(one, two, seen) for one, two in zip(ww, tw, strict=True))
        return Likeness(0.88 * ratio, "nearly the same") if alike_all else NOTHING
    return Likeness(0.88 * ratio, "nearly the same") if ratio >= 0.9 else NOTHING


def _slipped(one: str, two: str, seen: bool) -> bool:
    """Whether two words differ by a slip: one letter, two in a long word; OCR makes more."""
    if _other_word(one, two):
        return False
    if len(one) <= 3 or seen:
        return fuzz.ratio(one, two) >= (70 if len(one) > 3 else 99)
    return OSA.distance(one, two) <= (2 if len(one) >= 8 else 1)


#: Beginnings that turn a word into another one: unread, deactivate, outbound, descending.
_BEGINNINGS = frozenset((
    "", "ab", "anti", "as", "de", "des", "dis", "ex", "il", "im", "in", "ir", "mis", "non", "out", "over", "post",
    "pre", "re", "sub", "un", "under", "up",
))  # fmt: skip


def _other_word(one: str, two: str) -> bool:
    """Whether two words are one stem with two beginnings, which is no slip: read and unread, inbound and outbound."""
    if one == two:
        return False
    pairs = enumerate(zip(reversed(one), reversed(two), strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(len(one), len(two)))
    # The beginnings may end alike, as those of “increase” and “decrease” do not, but those of “disuse”, “misuse” do.
    cuts = range(max(3, same - 2), same + 1)
    return any({one[: len(one) - cut], two[: len(two) - cut]} <= _BEGINNINGS for cut in cuts)

"""Numbers, amounts, times and sizes in texts of a screen; the words that compare them; arithmetic."""

from __future__ import annotations

import ast
import operator
import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["money", "number", "date", "time", "duration", "size", "distance", "weight", "rating"]

_NUMBER = r"[-+−]?\d+(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,]\d+)?|[-+−]?[.,]\d+"
_CURRENCY = r"[$€£¥₹₽₺]|USD|EUR|GBP|CHF|JPY|CAD|AUD|SEK|NOK|DKK|PLN|kr\.?|zł"
_MONEY = re.compile(
    rf"(?<![\w.,])(?:(?P<minus>[-−])\s?)?(?:(?:{_CURRENCY})\s?(?P<a>{_NUMBER})|(?P<b>{_NUMBER})\s?(?:{_CURRENCY}))(?!\w)",
    re.IGNORECASE,
)
#: Factors to one base unit each: bytes, seconds, metres, grams.
_UNITS: dict[Kind, dict[str, float]] = {
    "size": {"b": 1, "byte": 1, "bytes": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
             "kib": 1024, "mib": 1024**2, "gib": 1024**3, "tib": 1024**4},
    "duration": {"s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "mins": 60, "minute": 60,
                 "minutes": 60, "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "d": 86400,
                 "day": 86400, "days": 86400, "week": 604800, "weeks": 604800},
    "distance": {"m": 1, "km": 1e3, "mi": 1609.344, "mile": 1609.344, "miles": 1609.344, "ft": 0.3048, "yd": 0.9144,
                 "cm": 0.01, "mm": 0.001},
    "weight": {"mg": 1e-3, "g": 1, "kg": 1e3, "t": 1e6, "lb": 453.59237, "lbs": 453.59237, "oz": 28.349523125},
}  # fmt: skip
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_DATES = (
    re.compile(r"(?<!\d)(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>\d{1,2})(?:st|nd|rd|th)?\.?\s+(?P<name>[A-Za-z]{3,9})\.?,?\s+(?P<y>\d{4})(?!\d)"),
    re.compile(r"(?P<name>[A-Za-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})(?!\d)"),
)
_SLASHES = re.compile(r"(?<!\d)(?P<one>\d{1,2})/(?P<two>\d{1,2})/(?P<y>\d{4})(?!\d)")
_CLOCK = re.compile(
    r"(?<![\d:])(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}))?(?:\s?(?P<half>[ap])\.?m\.?)?(?![\d:])", re.I
)


@dataclass(frozen=True)
class Superlative:
    """What a word such as “cheapest” compares."""

    sign: int
    """1: the largest value is meant; -1: the smallest."""
    kind: Kind | None
    """The kind of value where no column or label is called like one of `attributes`."""
    attributes: tuple[str, ...]
    """What the value may be called."""


_PRICE = ("price", "cost", "fare", "total", "amount", "rate", "fee")
_RATING = ("rating", "score", "stars", "reviews", "points")
_WHEN = ("date", "time", "created", "modified", "updated", "published", "received", "sent", "added")
_LENGTH = ("duration", "time", "length")
#: Language knowledge: adjectives whose measure is known without a noun.
SUPERLATIVES: dict[str, Superlative] = {
    word: meaning
    for words, meaning in (
        ("cheapest|least expensive|lowest priced|lowest-priced|most affordable", Superlative(-1, "money", _PRICE)),
        ("most expensive|priciest|dearest|highest priced|highest-priced", Superlative(1, "money", _PRICE)),
        ("newest|latest|most recent", Superlative(1, "date", _WHEN)),
        ("earliest|least recent", Superlative(-1, "date", _WHEN)),
        ("oldest", Superlative(-1, "date", _WHEN)),
        ("fastest|quickest", Superlative(-1, "duration", _LENGTH)),
        ("slowest", Superlative(1, "duration", _LENGTH)),
        ("longest", Superlative(1, "duration", _LENGTH)),
        ("shortest", Superlative(-1, "duration", _LENGTH)),
        ("heaviest", Superlative(1, "weight", ("weight",))),
        ("lightest", Superlative(-1, "weight", ("weight",))),
        ("nearest|closest", Superlative(-1, "distance", ("distance",))),
        ("farthest|furthest|most distant", Superlative(1, "distance", ("distance",))),
        ("best rated|best-rated|highest rated|highest-rated|top rated|top-rated", Superlative(1, "rating", _RATING)),
        ("worst rated|worst-rated|lowest rated|lowest-rated", Superlative(-1, "rating", _RATING)),
        ("largest|biggest", Superlative(1, "size", ("size", "amount", "area"))),
        ("smallest", Superlative(-1, "size", ("size", "amount", "area"))),
    )
    for word in words.split("|")
}  # fmt: skip
#: Words that compare whatever is named after them: “the highest score”, “the most reviews”.
EXTREMES: dict[str, int] = {
    **dict.fromkeys(("highest", "most", "largest", "greatest", "biggest", "maximum", "longest", "latest", "newest"), 1),
    **dict.fromkeys(("lowest", "least", "smallest", "fewest", "minimum", "shortest", "earliest", "oldest"), -1),
}
#: Words of comparisons, the longer ones first.
COMPARISONS: tuple[tuple[str, str], ...] = (
    (">=", r"at\s+least|not\s+(?:under|below|less\s+than)|or\s+more|>=|≥"),
    ("<=", r"at\s+most|up\s+to|not\s+(?:over|above|more\s+than)|no\s+more\s+than|<=|≤"),
    (">", r"more\s+than|greater\s+than|higher\s+than|larger\s+than|bigger\s+than|over|above|exceeding|>"),
    ("<", r"less\s+than|lower\s+than|smaller\s+than|fewer\s+than|cheaper\s+than|under|below|<"),
)
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


def number_of(text: str) -> float | None:
    """Return the only number in a text, with any unit; None where it has none or several.

    Separators are read by their places: `1,299.00`, `1.299,00` and `1 299` are one number each. A single separator
    before exactly three digits separates thousands.
    """
    found = re.findall(rf"(?<![\w.,])(?:{_NUMBER})(?![\d])", text)
    values = {value for each in found if (value := _float(each)) is not None}
    return values.pop() if len(values) == 1 else None


def quantity(text: str, kind: Kind) -> float | None:
    """Return the only value of a kind in a text, in the base unit of the kind; None where it has none or several."""
    values = set(quantities(text, kind))
    return values.pop() if len(values) == 1 else None


def quantities(text: str, kind: Kind) -> list[float]:
    """Return every value of a kind in a text, in the base unit of the kind; times and dates as seconds and days."""
    if kind == "money":
        found = [(hit["minus"], hit["a"] or hit["b"]) for hit in _MONEY.finditer(text)]
        return [(-value if minus else value) for minus, said in found if (value := _float(said)) is not None]
    if kind == "date":
        return _dates(text)
    if kind == "time":
        return [_seconds(hit) for hit in _CLOCK.finditer(text)]
    if kind == "rating":
        stars = re.findall(rf"({_NUMBER})\s*(?:/\s*\d+|out\s+of\s+\d+|stars?|★)", text, re.IGNORECASE)
        return [value for each in stars if (value := _float(each)) is not None] or (
            [float(text.count("★"))] if "★" in text else []
        )
    if kind == "number":
        only = number_of(text)
        return [] if only is None else [only]
    return _with_units(text, _UNITS[kind], together=kind == "duration")


def _with_units(text: str, units: dict[str, float], *, together: bool) -> list[float]:
    """Values with one of these units; `together`, values that follow each other are one: `2h 15m`."""
    names = "|".join(sorted(map(re.escape, units), key=len, reverse=True))
    one = rf"(?P<n>{_NUMBER})\s?(?P<u>{names})(?![A-Za-z])"
    found: list[float] = []
    end = -10
    for hit in re.finditer(one, text, re.IGNORECASE):
        value = (_float(hit["n"]) or 0.0) * units[hit["u"].lower()]
        if together and found and hit.start() - end <= 2:
            found[-1] += value
        else:
            found.append(value)
        end = hit.end()
    return found


def _float(said: str) -> float | None:
    digits = re.sub(r"['’\s]", "", said).replace("−", "-")
    marks = re.findall(r"[.,]", digits)
    if len(set(marks)) == 2:  # the last one separates the decimals
        decimal = digits[max(digits.rfind("."), digits.rfind(","))]
        digits = digits.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    elif len(marks) > 1 or re.search(r"^[-+]?[1-9]\d{0,2},\d{3}$", digits):
        digits = re.sub(r"[.,]", "", digits)
    else:
        digits = digits.replace(",", ".")
    try:
        return float(digits)
    except ValueError:
        return None


def _dates(text: str) -> list[float]:
    found: list[float] = []
    for pattern in _DATES:
        for hit in pattern.finditer(text):
            named = hit.groupdict().get("name")
            month = _MONTHS.get(named[:3].lower(), 0) if named else int(hit["m"])
            found += _day(int(hit["y"]), month, int(hit["d"]))
    for hit in _SLASHES.finditer(text):
        one, two = int(hit["one"]), int(hit["two"])
        orders = {tuple(_day(int(hit["y"]), one, two)), tuple(_day(int(hit["y"]), two, one))} - {()}
        found += orders.pop() if len(orders) == 1 else ()  # 3/4/2025 is one of two days
    return found


def _day(year: int, month: int, day: int) -> list[float]:
    try:
        return [float(date(year, month, day).toordinal())]
    except ValueError:
        return []


def _seconds(hit: re.Match[str]) -> float:
    hours = int(hit["h"]) % 12 + (12 if hit["half"].lower() == "p" else 0) if hit["half"] else int(hit["h"])
    return hours * 3600.0 + int(hit["m"]) * 60 + int(hit["s"] or 0)


_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", ":": "/", "^": "^"})
#: An expression: numbers, signs and parentheses, and at the end perhaps `=` and what is asked for.
EXPRESSION = re.compile(
    r"(?<![\w.,])(?P<x>[(\-−]*\d[\d.,]*\s*(?:(?:[-+*/×·÷−–^x:]|\*\*)\s*[(\-−]*\d[\d.,]*[)\s]*)+)(?P<asks>=\s*[?_…]*\s*$)?"
)
_BINARY: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
#: The largest exponent that is computed.
_MOST_POWER = 100


def calculate(expression: str) -> str | None:
    """Return the value of an arithmetic expression as text; None for what is not one, and for a division by 0.

    A value that is no whole number is rounded to 10 digits. Only numbers and `+ - * / ^ ( )` are read.
    """
    clean = re.sub(r"(?<=\d)\s*[xX]\s*(?=[\d(])", "*", expression.strip().rstrip("=? ")).translate(_SIGNS)
    clean = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", clean).replace("^", "**")
    try:
        value = _value(ast.parse(clean, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError):
        return None
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.10g}"


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return -_value(node.operand) if isinstance(node.op, ast.USub) else _value(node.operand)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow):
            if right.denominator != 1 or abs(right) > _MOST_POWER or abs(left) > 10**6:
                raise ValueError("the power is too large")
            return left**right.numerator
        if type(node.op) in _BINARY:
            return _BINARY[type(node.op)](left, right)
    raise ValueError("no arithmetic")

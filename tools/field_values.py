"""Convert text to the values of fields with a fixed format, such as a date.

An ambiguous text, such as 03/04/2026, is not converted.
"""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from handeye.tools.text_equality import literal

if TYPE_CHECKING:
    from collections.abc import Callable

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH = r"(?P<m>[a-z]{3,9})\.?"
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?"
_DATES = (
    r"(?P<y>\d{4})-(?P<n>\d{1,2})-(?P<d>\d{1,2})", r"(?P<y>\d{4})/(?P<n>\d{1,2})/(?P<d>\d{1,2})",
    rf"(?:[a-z]{{3,9}},? )?{_DAY}(?: of)?[ -]{_MONTH},?[ -](?P<y>\d{{4}})",
    rf"(?:[a-z]{{3,9}},? )?{_MONTH} {_DAY},? (?P<y>\d{{4}})",
    r"(?P<one>\d{1,2})(?P<by>[/.-])(?P<two>\d{1,2})(?P=by)(?P<y>\d{4})",
)  # fmt: skip


def plain_date(text: str) -> str:
    """Return a date as `2026-12-01`, from text such as “1 Dec 2026”, “December 1st, 2026” or “31/12/2026”.

    Empty if the text is not a date or is ambiguous.
    """
    hit = next(filter(None, (re.fullmatch(rule, literal(text).lower()) for rule in _DATES)), None)
    if hit is None:
        return ""
    parts = hit.groupdict()
    if parts.get("one"):
        one, two = int(parts["one"]), int(parts["two"])
        if one <= 12 and two <= 12 and one != two:
            return ""  # month and day, or day and month
        day, month = (two, one) if two > 12 else (one, two)
    else:
        day, month = int(parts["d"]), _month(parts.get("m") or parts["n"])
    try:
        return date(int(parts["y"]), month, day).isoformat()
    except ValueError:
        return ""


def _month(word: str) -> int:
    """Return the number of a month's name or number; 0 if it is not a month."""
    if word.isdigit():
        return int(word)
    return next(
        (
            number
            for number, name in enumerate(_MONTHS, 1)
            if name == word or name[:3] == word or (name, word) == ("september", "sept")
        ),
        0,
    )


def plain_time(text: str) -> str:
    """Return a time as `14:30`, from text such as “2:30 pm” or “2 PM”; seconds are included unless they are zero."""
    hit = re.fullmatch(r"(\d{1,2})(?::(\d{2})(?::(\d{2}(?:\.\d{1,3})?))?)? ?([ap]\.?m\.?)?", literal(text).lower())
    if hit is None or not (hit[2] or hit[4]):
        return ""
    hour = int(hit[1])
    if hit[4]:
        if not 1 <= hour <= 12:
            return ""
        hour = hour % 12 + 12 * hit[4].startswith("p")
    try:
        made = time(hour, int(hit[2] or 0))
    except ValueError:
        return ""
    seconds = hit[3] or "0"
    return f"{made:%H:%M}" + (f":{seconds}" if float(seconds) else "") if float(seconds) < 60 else ""


def plain_moment(text: str) -> str:
    """Return `2026-12-01T14:30` from that, or from a date and a time separated by a space, a comma or “at”."""
    plain = literal(text)
    for cut in re.finditer(r"(?<=\d)T(?=\d)|,? at |,? ", plain):
        day, hour = plain_date(plain[: cut.start()]), plain_time(plain[cut.end() :])
        if day and hour:
            return f"{day}T{hour}"
    return ""


def plain_month(text: str) -> str:
    """Return a month as `2026-12`, from that, “12/2026” or “December 2026”; empty if it is not a month."""
    hit = re.fullmatch(
        r"(?P<y>\d{4})[-/](?P<n>\d{1,2})|(?P<n2>\d{1,2})[/.-](?P<y2>\d{4})|(?P<m>[a-z]{3,9})\.?,? (?P<y3>\d{4})",
        literal(text).lower(),
    )
    if hit is None:
        return ""
    year, month = next(filter(None, (hit["y"], hit["y2"], hit["y3"]))), _month(hit["n"] or hit["n2"] or hit["m"])
    return f"{year}-{month:02d}" if 1 <= month <= 12 else ""


def plain_week(text: str) -> str:
    """Return a week as `2026-W05`, from that or “week 5, 2026”; empty if it is not a week."""
    hit = re.fullmatch(
        r"(?P<y>\d{4})-?w(?P<w>\d{1,2})|(?:week|w) ?(?P<w2>\d{1,2})(?:,| of|/)? ?(?P<y2>\d{4})", literal(text).lower()
    )
    if hit is None:
        return ""
    year, week = int(hit["y"] or hit["y2"]), int(hit["w"] or hit["w2"])
    try:
        date.fromisocalendar(year, week, 1)
    except ValueError:
        return ""
    return f"{year}-W{week:02d}"


def plain_colour(text: str) -> str:
    """Return a colour as `#336699`, from that, “#369”, “rgb(51, 102, 153)” or a CSS name.

    Empty if it is not a colour or not opaque.
    """
    from PIL import ImageColor

    plain = literal(text).lower()
    try:
        found = ImageColor.getrgb(f"#{plain}" if re.fullmatch(r"[0-9a-f]{6}", plain) else plain)
    except ValueError:
        return ""
    return "#{:02x}{:02x}{:02x}".format(*found[:3]) if len(found) == 3 or found[3] == 255 else ""


def plain_number(text: str) -> str:
    """Return a number as `12.5`, from that or “12.50”; empty for text with a comma, a unit or other characters."""
    plain = literal(text)
    if not re.fullmatch(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?", plain):
        return ""
    try:
        return f"{Decimal(plain).normalize():f}"
    except InvalidOperation:
        return ""


#: The conversion for each type of `<input>` with a fixed value format:
#: https://html.spec.whatwg.org/multipage/input.html#attr-input-type
CONVERSIONS: dict[str, Callable[[str], str]] = {
    "date": plain_date,
    "time": plain_time,
    "datetime-local": plain_moment,
    "month": plain_month,
    "week": plain_week,
    "color": plain_colour,
    "range": plain_number,
}


def means(text: str, value: str) -> bool:
    """Whether a field's value equals this text in one of the fixed formats."""
    written = {rule(text) for kind, rule in CONVERSIONS.items() if kind != "range"} - {""}
    if value.lower() in {each.lower() for each in written}:
        return True
    # A browser may add seconds to a time.
    return any(f"{each}:00" == value or f"{each}:00.000" == value for each in written if ":" in each)

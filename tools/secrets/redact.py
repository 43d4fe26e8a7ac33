"""Finding a secret's value in any text, in the forms that pages and programs give it, and putting its name there.

Found are: the value itself in any case; percent-encoded, and with the escapes of HTML, JSON and JavaScript, each any
number of times over; with combining and invisible characters in between; in compatibility forms of Unicode (full-width,
ligatures, mathematical letters), composed and decomposed; in hexadecimal; and inside base64 of a longer text in UTF-8
or UTF-16, also where MIME breaks its lines (RFC 2045, section 6.8). Not found are forms that look like other text: a
value taken apart, reversed, hashed or encrypted, in letters that only look alike, and values of fewer than four
characters.
"""

from __future__ import annotations

import base64
import html.entities
import json
import re
import types
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


T = TypeVar("T")

#: Shorter values stand in half of all texts by chance.
SHORTEST = 4

#: A text as long as this may have been cut off anywhere.
CUT = 80

#: What a goal, a model or a file says for a secret. In mementos a form may follow the name.
PLACEHOLDER = re.compile(r"\{\{\s*secret:\s*([\w.-]{1,64})\s*(?:\|([^{}]*))?\}\}")

#: Marks that are not drawn; pages put them into long words.
_UNSEEN = "[\u00ad\u200b-\u200d\u2060\ufeff]*"

#: Letters that are not drawn, though Unicode's categories do not say so (Default_Ignorable_Code_Point).
_FILLERS = frozenset("\u115f\u1160\u17b4\u17b5\u3164\uffa0")

#: Line breaks inside base64: plain, as JSON and JavaScript escape them, and percent-encoded.
_BREAKS = r"(?:\s|\\{1,16}[rnt]|(?i:%(?:25)*0[ad9]))*"
#: How escapes begin, each as often as it was escaped once more: JSON inside JSON has several backslashes.
_SLASHES, _PERCENT, _AMP = r"\\{1,16}", "%(?:25)*", "&(?:amp;)*"

_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


def placeholder(name: str, form: str = "") -> str:
    """`{{secret:shop}}`."""
    return f"{{{{secret:{name}{f'|{form}' if form else ''}}}}}"


class Redactor:
    """Hides the values of some secrets; `values` are by name."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name: value for name, value in values.items() if len(value.strip()) >= SHORTEST}
        # The longest first: one secret may be a part of another.
        self._names = sorted(self._values, key=lambda name: -len(self._values[name]))
        parts = [
            part
            for number, name in enumerate(self._names)
            for part in (
                f"(?P<t{number}>(?i:{_text(self._values[name].strip())}))",
                f"(?P<b{number}>{_in_base64(self._values[name].strip())})",
            )
        ]
        self._pattern = re.compile("|".join(parts)) if parts else None
        self._folded = {name: _folded(value.strip())[0] for name, value in self._values.items()}

    def __bool__(self) -> bool:
        return self._pattern is not None

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where values stand: begin, end, name; in order, without overlaps. Placeholders hold none."""
        if self._pattern is None or len(text) < SHORTEST:
            return []
        found = self._written(text)
        if not text.isascii():
            found = _merged([*found, *self._drawn(text)])
        if "{{" in text:  # a secret may be equal to a part of its own placeholder, or of another's
            own = [hit.span() for hit in PLACEHOLDER.finditer(text) if hit[1] in self._values]
            found = [span for span in found if not any(start <= span[0] and span[1] <= end for start, end in own)]
        return found

    def _drawn(self, text: str) -> list[tuple[int, int, str]]:
        """Where values stand for a reader: without what is not drawn, in any compatible form of their letters."""
        plain, places = _folded(text)
        found = []
        for name in self._names:
            value, start = self._folded[name], 0
            while len(value) >= SHORTEST and (start := plain.find(value, start)) >= 0:
                end = places[start + len(value) - 1] + 1
                while end < len(text) and not _fold(text[end]):  # marks on the last letter
                    end += 1
                found.append((places[start], end, name))
                start += len(value)
        return found

    def _written(self, text: str) -> list[tuple[int, int, str]]:
        """Where values stand in any encoding."""
        assert self._pattern is not None
        found: list[tuple[int, int, str]] = []
        position = 0
        while match := self._pattern.search(text, position):
            start, end, group = match.start(), match.end(), match.lastgroup or "t0"
            if group[0] == "b":
                start, end = _whole_token(text, start, end, found[-1][1] if found else 0)
            found.append((start, end, self._names[int(group[1:])]))
            position = max(end, start + 1)
        if len(text) >= CUT and not (found and found[-1][1] == len(text)) and (last := self._cut_off(text)):
            found = [span for span in found if span[1] <= last[0]] + [last]
        return found

    def _cut_off(self, text: str) -> tuple[int, int, str] | None:
        """The beginning of a value, where a long text was cut off in its midst."""
        whole = text.rstrip("…”\"' ").casefold()
        for name in self._names:
            value = self._values[name].strip().casefold()
            for length in range(min(len(value), len(whole)), SHORTEST - 1, -1):
                if whole.endswith(value[:length]):
                    return max(0, len(whole) - length), len(text), name
        return None

    def redact(self, text: str) -> str:
        """The text with names for values."""
        return self._replaced(text, lambda _, name: placeholder(name))

    def hide_each(self, texts: Sequence[str]) -> list[str]:
        """Return consecutive texts redacted; a value that is split over several of them is redacted too."""
        made = [self.redact(text) for text in texts]
        joined = "".join(made)
        spans = self.spans(joined)
        if not spans:
            return made
        starts = [0]
        for text in made:
            starts.append(starts[-1] + len(text))
        for start, end, name in reversed(spans):
            inside = [index for index in range(len(made)) if starts[index] < end and start < starts[index + 1]]
            for index in inside:
                cut = slice(max(0, start - starts[index]), end - starts[index])
                letters, first = list(made[index]), index == inside[0]
                letters[cut] = placeholder(name) if first else ""
                made[index] = "".join(letters)
        return made

    def seal(self, value: dict[str, Any]) -> dict[str, Any]:
        """A JSON object with names for values; `unseal` turns those back whose form can be made again.

        Its own keys stay: they are handeye's words, to which a secret may be equal.
        """
        return {key: _mapped(each, lambda text: self._replaced(text, self._sealed)) for key, each in value.items()}

    def unseal(self, value: Any) -> Any:
        """The value as it was before `seal`."""
        return _mapped(value, lambda text: PLACEHOLDER.sub(self._unsealed, text))

    def _replaced(self, text: str, replacement: Callable[[str, str], str]) -> str:
        out, position = [], 0
        for start, end, name in self.spans(text):
            out += [text[position:start], replacement(text[start:end], name)]
            position = end
        return "".join([*out, text[position:]]) if out else text

    def _sealed(self, found: str, name: str) -> str:
        value = self._values[name].strip()
        for form, made in _forms(value).items():
            if found == made:
                return placeholder(name, form)
        return placeholder(name, _base64_form(found, value, self))

    def _unsealed(self, match: re.Match[str]) -> str:
        value, form = self._values.get(match[1], "").strip(), match[2] or ""
        if not value:
            return match[0]
        if form.startswith("base64:"):
            _, before, after, how = form.split(":")
            whole = base64.urlsafe_b64decode(before) + value.encode() + base64.urlsafe_b64decode(after)
            made = (base64.urlsafe_b64encode if "u" in how else base64.b64encode)(whole).decode()
            made = made.rstrip("=") if "n" in how else made
            return _percent(made) if "q" in how else made
        return _forms(value).get(form, value)


@lru_cache(maxsize=20_000)
def _fold(letter: str) -> str:
    """A letter in its simplest form, without marks; empty for what is not drawn by itself."""
    if letter.isspace():
        return " "
    return "".join(
        part
        for part in unicodedata.normalize("NFKD", letter).casefold()
        if unicodedata.category(part) not in ("Mn", "Me", "Cf") and part not in _FILLERS
    )


def _folded(text: str) -> tuple[str, list[int]]:
    """The text in simplest letters, and where in the text each of them stands."""
    plain, places = [], []
    for place, letter in enumerate(text):
        for part in _fold(letter):
            plain.append(part)
            places.append(place)
    return "".join(plain), places


def _merged(spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Spans in order, those that overlap joined under the name of the longest."""
    merged: list[tuple[int, int, str]] = []
    for start, end, name in sorted(spans):
        if merged and start < merged[-1][1]:
            first, last, other = merged[-1]
            merged[-1] = (first, max(last, end), other if last - first >= end - start else name)
        else:
            merged.append((start, end, name))
    return merged


def _forms(value: str) -> dict[str, str]:
    from urllib.parse import quote, quote_plus

    data = value.encode()
    return {
        "": value,
        "url": quote(value, safe=""),
        "path": quote(value),
        "uri": quote(value, safe="!'()*"),  # as scripts write it
        "form": quote_plus(value),
        "hex": data.hex(),
        "HEX": data.hex().upper(),
        "json": json.dumps(value)[1:-1],
    }


def _base64_form(found: str, value: str, redactor: Redactor) -> str:
    """How a base64 token is made from the value again; empty when it cannot be."""
    quoted = "%" in found
    token = found.replace("%3D", "=").replace("%3d", "=").replace("%2B", "+").replace("%2F", "/")
    bare = token.rstrip("=")
    how = ("u" if set("-_") & set(bare) else "") + ("n" if bare == token and len(bare) % 4 else "")
    how += "q" if quoted else ""
    try:
        whole = base64.urlsafe_b64decode(bare.replace("+", "-").replace("/", "_") + "=" * (-len(bare) % 4))
    except ValueError:
        return ""
    before, middle, after = whole.partition(value.encode())
    if not middle or any(redactor.spans(part.decode("utf-8", "replace")) for part in (before, after)):
        return ""
    again = (base64.urlsafe_b64encode if "u" in how else base64.b64encode)(whole).decode()
    again = again.rstrip("=") if "n" in how else again
    if (_percent(again) if quoted else again) != found:
        return ""
    return ":".join(["base64", *(base64.urlsafe_b64encode(part).decode() for part in (before, after)), how])


def _percent(token: str) -> str:
    return token.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {_mapped(key, change): _mapped(each, change) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(each, change) for each in value]
    return value


def _text(value: str) -> str:
    """A pattern of all ways to write the value letter by letter, and of its bytes in hexadecimal."""
    shapes = dict.fromkeys(unicodedata.normalize(form, value) for form in ("NFC", "NFD"))
    written = [_UNSEEN.join(_letter(part) for part in re.findall(r"\s+|\S", shape)) for shape in {value: 0} | shapes]
    return "|".join([*written, r"[\s:]?".join(f"{byte:02x}" for byte in value.encode())])


def _letter(letter: str) -> str:
    if letter.isspace():  # one or several, and pages make one of several
        ways = {r"\s", rf"{_SLASHES}[nrtf]", r"\+", f"{_PERCENT}20", f"{_PERCENT}0[ad9]", f"{_AMP}nbsp;"}
        ways |= {
            f"{_AMP}#0*(?:32|160);",
            f"{_AMP}#x0*(?:20|a0);",
            rf"{_SLASHES}u00(?:20|a0)",
            rf"{_SLASHES}(?:x20|u\{{0*20\}})",
        }
        for each in letter:
            quoted = "".join(f"{_PERCENT}{byte:02x}" for byte in each.encode())
            ways |= {quoted, rf"{_SLASHES}u{ord(each):04x}", f"{_AMP}#{ord(each)};"}
        return f"(?:{'|'.join(sorted(ways))})+"
    units = letter.encode("utf-16-be")
    escaped = "".join(rf"{_SLASHES}u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
    ways = {re.escape(letter), "".join(f"{_PERCENT}{byte:02x}" for byte in letter.encode()), escaped}
    ways |= {f"{_AMP}#0*{ord(letter)};", f"{_AMP}#x0*{ord(letter):x};", rf"{_SLASHES}u\{{0*{ord(letter):x}\}}"}
    if ord(letter) < 256:
        ways.add(rf"{_SLASHES}x{ord(letter):02x}")
    if letter in "\"\\/'":
        ways.add(_SLASHES + re.escape(letter))
    if known := html.entities.codepoint2name.get(ord(letter)):
        ways.add(f"{_AMP}{known};")
    # Longest first: an escape's first character may be the letter itself.
    return f"(?:{'|'.join(sorted(ways, key=len, reverse=True))})"


def _in_base64(value: str) -> str:
    """The characters of base64 that the value alone decides, whatever stands before and after it."""
    cores = []
    for data in dict.fromkeys((value.encode(), value.encode("utf-16-le"), value.encode("utf-16-be"))):
        for before, first in ((0, 0), (1, 2), (2, 3)):
            text = base64.b64encode(b"\0" * before + data).decode()
            cores.append(text[first : (before + len(data)) * 8 // 6])
    signs = {"+": "(?:[+-]|%(?:25)*2[bB])", "/": r"(?:\\{0,8}/|_|%(?:25)*2[fF])"}
    return "|".join(_BREAKS.join(signs.get(sign, sign) for sign in core) for core in cores)


def _whole_token(text: str, start: int, end: int, least: int) -> tuple[int, int]:
    """Return all of the base64 around a part of it: the adjacent characters contain bits of the value."""
    while start > least and text[start - 1] in _BASE64:
        start -= 1
    while end < len(text) and text[end] in _BASE64:
        end += 1
    while end < len(text) and (text[end] == "=" or text[end : end + 3].upper() == "%3D"):
        end += 1 if text[end] == "=" else 3
    return start, end


def names_in(text: str) -> list[str]:
    """The names of the secrets that a text speaks of, each once."""
    return list(dict.fromkeys(match[1] for match in PLACEHOLDER.finditer(text)))


def parts(text: str) -> Iterable[tuple[str, str]]:
    """The text as pieces (words, "") and ("", a secret's name), in order."""
    position = 0
    for match in PLACEHOLDER.finditer(text):
        if match.start() > position:
            yield text[position : match.start()], ""
        yield "", match[1]
        position = match.end()
    if position < len(text):
        yield text[position:], ""


# Records


#: Texts of ours that can hold no secret: a digest, a time.
FIXED = re.compile(r"[0-9a-f]{64}|\d{4}-\d\d-\d\dT[\d:.+Z-]+")

#: Fields with a word of a fixed list that is too open for a `Literal`: ARIA's roles.
VOCABULARY = frozenset({"role"})


def redact_record(value: T, redact: Callable[[str], str]) -> T:
    """The value with `hide` applied to every free text in it, at any depth; the same object where nothing changes.

    Models, lists, tuples and the values of dictionaries are followed. Keys of dictionaries are handeye's own.
    """
    changed: Any = _redacted(value, redact)
    return value if changed is value else changed  # type: ignore[no-any-return]


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        made = value if FIXED.fullmatch(value) else redact(value)
        return value if made == value else made
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in free_fields(type(value))}
        changed = {name: made for name, each in fields.items() if (made := _redacted(each, redact)) is not each}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, Path):
        made = redact(str(value))
        return value if made == str(value) else type(value)(made)
    if isinstance(value, dict):
        items = {key: _redacted(each, redact) for key, each in value.items()}
        return items if any(items[key] is not value[key] for key in items) else value
    if isinstance(value, list | tuple):
        parts = [_redacted(each, redact) for each in value]
        if all(one is other for one, other in zip(parts, value, strict=True)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


@cache
def free_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The names of a model's fields that may hold free text."""
    return tuple(
        name for name, field in model.model_fields.items() if name not in VOCABULARY and not _fixed(field.annotation)
    )


def _fixed(annotation: Any) -> bool:
    """Whether a field of this type holds nothing but words of a fixed list, numbers, truth values or nothing."""
    origin = get_origin(annotation)
    if origin is Literal or annotation in (int, float, bool, type(None), None):
        return True
    if origin is Annotated:
        return _fixed(get_args(annotation)[0])
    if origin in (Union, types.UnionType, tuple, list, frozenset):
        return all(each is ... or _fixed(each) for each in get_args(annotation))
    return False

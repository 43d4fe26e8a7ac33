"""Statements about a screen: "the page shows “Thank you”", "Email contains “ada”", "there are 3 results"."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from handeye.perception.phrase import ANY_ROLE
from handeye.perception.quoting import QUOTED
from handeye.policies.plain_english.clauses import Kind, Statement

if TYPE_CHECKING:
    from handeye.perception.quoting import Masked

NUMBERS = {
    word: number
    for number, words in enumerate(
        ("zero|no", "one|a|an|once", "two|twice", "three|thrice", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
    for word in words.split("|")
} | {"eleven": 11, "twelve": 12}  # fmt: skip
NUMBER = rf"(?:\d{{1,4}}|{'|'.join(NUMBERS)})"

_PAGE = (
    r"(?:(?:the|this|that|our|a|new|next|current|resulting|whole)\s+)*(?:(?:web\s?)?page|screen|site|website|window|app"
    r"|application|program|browser|list|table|form|document|editor|it|text|terminal|result page|view|output|display"
    r"|status(?: bar)?|message|dialog(?:ue)?(?: box)?|pop-?up|alert|heading|results?|content|i|we|you|one|user|the user)"
)
_WILL = r"(?:\s+(?:should|must|will|can|now|also|still|then|to))*"
_NOT = r"(?P<no>\s+(?:does\s+not|doesn['’]?t|do\s+not|don['’]?t|should\s+not|shouldn['’]?t|must\s+not|no\s+longer|never|cannot|can['’]?t|will\s+not|won['’]?t)(?:\s+(?:longer|any\s?more))?)?"
_SHOWS = (
    r"(?:shows?|contains?|displays?|says?|reads?|has|have|holds?|includes?|lists?|mentions?|sees?|presents?|greets?"
    r"|find|finds)"
)
_IS = r"(?:is|are|equals?|=|==|reads?|says?|be|has\s+the\s+value|matches)"
_HAS = r"(?:contains?|includes?|has|holds?|shows?|mentions?|starts?\s+with|begins?\s+with|ends?\s+(?:with|in|on))"
_THERE = (
    r"(?:shown|displayed|visible|present|there|listed|on\s+(?:the\s+)?(?:page|screen|list|site)|in\s+(?:the\s+)?list"
    r"|available|in\s+view|seen|found|to\s+be\s+seen)"
)
_GONE = r"(?:hidden|gone|absent|missing|invisible|removed|away|deleted)"
_COMES = r"(?:appears?|shows?(?:\s+up)?|is\s+shown|comes?\s+up|pops?\s+up|turns?\s+up|loads?|opens?|exists?)"
_LEAVES = r"(?:disappears?|vanish(?:es)?|goes\s+away|go\s+away|closes?)"
_STATES: dict[str, tuple[Kind, bool]] = {
    "checked": ("checked", True), "ticked": ("checked", True), "on": ("checked", True), "off": ("checked", False),
    "switched on": ("checked", True), "switched off": ("checked", False), "turned on": ("checked", True),
    "turned off": ("checked", False), "unchecked": ("checked", False), "unticked": ("checked", False),
    "selected": ("selected", True), "chosen": ("selected", True), "enabled": ("enabled", True),
    "active": ("enabled", True), "disabled": ("enabled", False), "inactive": ("enabled", False),
    "greyed out": ("enabled", False), "grayed out": ("enabled", False), "focused": ("focused", True),
    "focussed": ("focused", True), "in focus": ("focused", True), "clickable": ("enabled", True),
}  # fmt: skip
_STATE = "|".join(sorted((re.escape(word).replace(r"\ ", r"\s+") for word in _STATES), key=len, reverse=True))
_KIND_OF_TEXT = (
    r"(?:(?:the|a|an|some|following)\s+)*(?:exact\s+)?"
    r"(?:(?:error\s+|success\s+|confirmation\s+)?(?:text|words?|message|string|phrase|sentence|label|heading|title|error|warning|notice|notification|toast)\s+)?"
)
_COMPARE: tuple[tuple[str, Literal["=", ">=", "<=", ">", "<"]], ...] = (
    (r"at\s+least|no\s+fewer\s+than|a\s+minimum\s+of", ">="),
    (r"at\s+most|no\s+more\s+than|up\s+to|a\s+maximum\s+of", "<="),
    (r"more\s+than|over", ">"),
    (r"fewer\s+than|less\s+than|under", "<"),
    (r"exactly|only|just|precisely", "="),
)  # fmt: skip
_HOW_MANY = "(?:" + "|".join(f"(?P<c{i}>{words})" for i, (words, _) in enumerate(_COMPARE)) + r")\s+"


def parse_statement(text: str, masked: Masked) -> Statement | None:
    """The statement that a piece of masked text makes; None when it makes none that can be told from a screen."""
    clean = re.sub(r"^(?:that|whether|if)\s+", "", text.strip(" ,.!?:"), flags=re.IGNORECASE)
    for pattern, make in _RULES:
        if hit := pattern.fullmatch(clean):
            made = make(hit, masked)
            if made is not None:
                return Statement(**{**made, "said": masked.restore(clean)})
    return None


Fields = dict[str, Any]


def _texts(piece: str, masked: Masked) -> Fields:
    """One text, or several quoted ones joined by commas, "and" or "or"."""
    piece = piece.strip(" ,:")
    bare = re.sub(rf"^{_KIND_OF_TEXT}(?={QUOTED})", "", piece, flags=re.IGNORECASE)
    parts = re.split(r"\s*(?:,\s*(?:and|or)\b|,|\band\b|\bor\b|\bas\s+well\s+as\b)\s*", bare, flags=re.IGNORECASE)
    if all(re.fullmatch(QUOTED, part) for part in parts):
        any_of = bool(re.search(r"\bor\b", bare, re.IGNORECASE))
        return {"texts": tuple(masked.content(part) for part in parts), "any_of": any_of}
    if re.search(QUOTED, bare) and (hit := re.fullmatch(rf".*?({QUOTED})(?:\s+{_TAIL})?", bare, re.IGNORECASE)):
        return {"texts": (masked.content(hit[1]),)}
    unquoted = re.sub(rf"^{_KIND_OF_TEXT}", "", bare, flags=re.IGNORECASE) or bare
    return {"texts": (masked.content(unquoted),)}


_TAIL = (
    r"(?:message|text|heading|button|link|label|error|notice|banner|somewhere|anywhere|now|in\s+it|on\s+(?:it|the\s+page|screen)"
    r"|(?:any\s?more|any\s+longer))"
)


def _shows(hit: re.Match[str], masked: Masked) -> Fields | None:
    if counted := re.fullmatch(rf"(?:{_HOW_MANY})?(?P<n>{NUMBER})\s+(?P<noun>[^\W\d].*)", hit["x"], re.IGNORECASE):
        digits = counted["n"].isdigit() or any(counted[f"c{i}"] for i in range(len(_COMPARE)))
        if digits or counted["n"].lower() not in {"a", "an", "one"}:
            return _counted(counted, masked) | {"negated": bool(hit["no"])}
    return {"kind": "shows", "negated": bool(hit["no"]), **_texts(hit["x"], masked)}


def _appears(hit: re.Match[str], masked: Masked) -> Fields | None:
    gone = bool(hit["gone"]) or bool(hit["leaves"])
    negated = gone != bool(hit["no"] or hit["not"])
    what = re.sub(r"^(?:the|an?)\s+", "", hit["x"].strip(), flags=re.IGNORECASE)
    if being := re.search(r"\s+(?:is|are)(?P<not>\s+not|\s+no\s+longer|n['’]?t)?$", what, re.IGNORECASE):
        what, negated = what[: being.start()], negated != bool(being["not"])  # “… is | open”
    if none := re.match(r"(?:no|not\s+an?y?)\s+(?=\w)", what, re.IGNORECASE):
        what, negated = what[none.end() :], not negated
    if re.fullmatch(r"(?:dialog(?:ue)?(?:\s+box)?|alert|pop-?\s?up|modal|prompt)", what, re.IGNORECASE):
        return {"kind": "dialog", "negated": negated}
    if none and not re.search(QUOTED, what):
        return {"kind": "visible", "target": masked.restore(what), "negated": negated}
    texts = _texts(hit["x"], masked)
    quoted = re.search(QUOTED, hit["x"])
    single = re.fullmatch(rf"(?:the\s+)?{_KIND_OF_TEXT}{QUOTED}(?:\s*(?:,|and|or)\s*{QUOTED})*", hit["x"].strip(), re.I)
    if quoted and not single:
        return {"kind": "visible", "target": masked.restore(hit["x"]), "negated": negated}
    if quoted:
        return {"kind": "shows", "negated": negated, **texts}
    return {"kind": "visible", "target": masked.restore(hit["x"]), "negated": negated}


def _title(hit: re.Match[str], masked: Masked) -> Fields:
    return {"kind": "title", "exact": bool(hit["is"]), "negated": _no(hit), **_texts(hit["x"], masked)}


def _url(hit: re.Match[str], masked: Masked) -> Fields:
    return {"kind": "url", "exact": bool(hit["is"]), "negated": _no(hit), "texts": (masked.content(hit["x"].strip()),)}


def _no(hit: re.Match[str]) -> bool:
    return bool(hit["no"] or hit["not"])


def _at(hit: re.Match[str], masked: Masked) -> Fields:
    where = re.sub(r"\s+(?:page|screen|site)$", "", masked.content(hit["x"].strip()), flags=re.IGNORECASE)
    return {"kind": "url" if "/" in where or "." in where else "open", "texts": (where,)}


def _state(hit: re.Match[str], masked: Masked) -> Fields:
    kind, positive = _STATES[" ".join(hit["state"].lower().split())]
    return {"kind": kind, "target": masked.restore(hit["x"]), "negated": positive == bool(hit["not"])}


def _empty(hit: re.Match[str], masked: Masked) -> Fields:
    return {"kind": "field", "target": masked.restore(hit["x"]), "texts": ("",), "exact": True,
            "negated": bool(hit["not"])}  # fmt: skip


def _field(hit: re.Match[str], masked: Masked) -> Fields | None:
    counted = re.fullmatch(rf"(?:{_HOW_MANY})?(?P<n>\d{{1,4}})\s+(?P<noun>[^\W\d]+)", hit["x"], re.IGNORECASE)
    if counted and ANY_ROLE.get(counted["noun"].lower()) in ("item", "row"):
        return _counted(counted, masked) | {"negated": _no(hit)}
    return {"kind": "field", "target": masked.restore(hit["f"].strip()), "exact": bool(hit["is"]),
            "negated": _no(hit), **_texts(hit["x"], masked)}  # fmt: skip


def _counted(hit: re.Match[str], masked: Masked) -> Fields:
    compare = next((sign for i, (_, sign) in enumerate(_COMPARE) if hit[f"c{i}"]), "=")
    number = int(hit["n"]) if hit["n"].isdigit() else NUMBERS[hit["n"].lower()]
    if number == 0 and compare == "=" and ANY_ROLE.get(hit["noun"].strip().lower()) not in ("item", "row"):
        return {"kind": "visible", "target": masked.restore(hit["noun"].strip()), "negated": True}
    noun = re.sub(rf"\s+(?:{_THERE}|{_TAIL}|in\s+(?:it|total|all))$", "", hit["noun"].strip(), flags=re.IGNORECASE)
    return {"kind": "count", "compare": compare, "number": number, "noun": masked.restore(noun)}


def _so_many(hit: re.Match[str], masked: Masked) -> Fields | None:
    """“An error "Not found" is shown” counts nothing."""
    named = re.fullmatch(r"an?|one", hit["n"], re.IGNORECASE) and re.search(QUOTED, hit["noun"])
    return None if named else _counted(hit, masked)


def _signed_in(hit: re.Match[str], masked: Masked) -> Fields:
    said = re.sub(QUOTED, lambda quote: masked.content(quote[0]), hit["x"])
    return {"kind": "shows", "texts": (masked.restore(said),)}


def _there(hit: re.Match[str], masked: Masked) -> Fields:
    negated = bool(hit["no"])
    if re.search(QUOTED, hit["x"]):
        single = re.fullmatch(rf"{_KIND_OF_TEXT}{QUOTED}(?:\s+{_TAIL})?", hit["x"].strip(), re.IGNORECASE)
        if single and not re.search(r"\b(?:button|link)$", hit["x"].strip(), re.IGNORECASE):
            return {"kind": "shows", "negated": negated, **_texts(hit["x"], masked)}
    return {"kind": "visible", "target": masked.restore(hit["x"].strip()), "negated": negated}


def _bare(hit: re.Match[str], masked: Masked) -> Fields:
    return {"kind": "shows", **_texts(hit["x"], masked)}


def _dialog(hit: re.Match[str], masked: Masked) -> Fields:
    return {"kind": "dialog", **_texts(hit["x"], masked)}


_NEG = r"(?P<not>\s+(?:not|no\s+longer)|n['’]?t)?"
_BEV = rf"(?:{_WILL}\s+be|\s+is|\s+are|\s+was|\s+were|\s+(?:gets|becomes|stays|remains))"
_RULES = [
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), make)
    for pattern, make in (
        (rf"(?:the\s+|this\s+)?(?:(?:page|window|tab|browser)(?:['’]s)?\s+)?title{_WILL}{_NOT}\s+(?:(?P<is>{_IS}){_NEG}|{_HAS})\s+(?P<x>.+)", _title),
        (rf"(?:the\s+|this\s+|our\s+)?(?:(?:page|current|browser)(?:['’]s)?\s+)?(?:url|address|location|link)(?:\s+bar)?{_WILL}{_NOT}\s+(?:(?P<is>{_IS}){_NEG}|{_HAS})\s+(?P<x>.+)", _url),
        (r"(?:i|we|you|the\s+(?:user|browser|page))(?:\s+should)?\s+(?:am|are|is|be|land|lands|end\s+up|arrive)\s+(?:on|at)\s+(?:the\s+)?(?:page\s+|url\s+|address\s+)?(?P<x>\S+(?:\s+\S+){{0,3}}?)(?:\s+page)?", _at),
        (r"(?:i|we|you|the\s+user)\s+(?:am|are|is)\s+(?:now\s+)?(?P<x>(?:logged|signed)\s+in\s+(?:as|with)\s+.+)", _signed_in),
        (rf"(?:a|an|the|any)?\s*(?:javascript\s+)?(?:dialog(?:ue)?|alert|prompt|pop-?up)(?:\s+(?:box|window))?\s+(?:appears?\s+)?(?:that\s+|which\s+)?(?:says?|shows?|reads?|with|saying|contains?)\s+(?P<x>{QUOTED}.*)", _dialog),
        (rf"there(?:['’]?s|\s+is|\s+are|{_WILL}\s+be)\s+(?:{_HOW_MANY})?(?P<n>\d{{1,4}}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\s+(?P<noun>[^\W\d].*)", _counted),
        (rf"there(?:['’]?s|\s+is|\s+are|{_WILL}\s+be)\s+{_HOW_MANY}(?P<n>{NUMBER})\s+(?P<noun>[^\W\d].*)", _counted),
        (rf"(?:{_HOW_MANY})?(?P<n>{NUMBER})\s+(?P<noun>(?!of\b)[^\W\d]\S*(?:\s+\S+)?){_BEV}\s+{_THERE}", _so_many),
        (r"there(?:['’]?s|\s+is|\s+are|\s+(?:should|must)\s+be)(?:\s+(?:still|now|also))?(?P<no>\s+(?:no|not|no\s+longer)(?:\s+(?:a|an|any))?)?\s+(?P<x>.+)", _there),
        (r"there(?P<no>\s+(?:isn|aren)['’]?t)(?:\s+(?:a|an|any))?\s+(?P<x>.+)", _there),
        (rf"{_PAGE}{_WILL}{_NOT}\s+{_SHOWS}(?:\s*:)?\s+(?P<x>.+)", _shows),
        (rf"(?P<x>.+?){_BEV}{_NEG}\s+(?:empty|blank|cleared)", _empty),
        (rf"(?P<x>.+?){_BEV}{_NEG}\s+(?:set\s+to\s+)?(?P<state>{_STATE})", _state),
        (rf"(?P<x>.+?)(?:(?:{_BEV}{_NEG}\s+(?:{_THERE}|(?P<gone>{_GONE})))|(?:{_WILL}{_NOT}\s+(?:{_COMES}|(?P<leaves>{_LEAVES}))(?:\s+(?:somewhere|anywhere|now|(?:on|in)\s+(?:the\s+)?(?:page|screen|list|results?)))?))", _appears),
        (rf"(?P<f>.+?){_WILL}{_NOT}\s+(?:(?P<is>{_IS}|(?:is\s+)?set\s+to|is\s+filled\s+with){_NEG}|{_HAS}|(?:to\s+)?contain)\s+(?:(?:the\s+)?(?:text|value|words?|number|amount|option)\s+)?(?P<x>.+)", _field),
        (rf"(?P<x>{_KIND_OF_TEXT}{QUOTED}(?:\s*(?:,\s*and|,\s*or|,|and|or)\s*{QUOTED})*)(?:\s+{_TAIL})?", _bare),
    )
]  # fmt: skip


def cast_count(word: str) -> int:
    """`3`, `three`, `twice` as a number."""
    return int(word) if word.isdigit() else NUMBERS[word.lower()]

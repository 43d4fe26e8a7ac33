"""Statements about a screen: "the page shows “Thank you”", "Email contains “ada”", "there are 3 results"."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from handeye.perception.phrases.phrase import ANY_ROLE
from handeye.perception.phrases.quoting import QUOTED
from handeye.policies.plain_english.clauses import Kind, Statement
from handeye.policies.plain_english.lists import several

if TYPE_CHECKING:
    from handeye.perception.phrases.quoting import Masked

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
    r"|status(?: bar)?|message|results?|content|i|we|you|one|user|the user)"
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
    r"(?:(?:error\s+|success\s+|confirmation\s+)?(?:text|words?|message|string|phrase|sentence|label|error|warning|notice|notification|toast)\s+)?"
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
    """Return the statement in a masked text; None if it has none that a screen can decide.

    None as well where a word that denies something, or a quotation, would have no part in it.
    """
    clean = re.sub(r"^(?:that|whether|if)\s+", "", text.strip(" ,.!?:"), flags=re.IGNORECASE)
    clean = _NOT_BE.sub(" is not", clean)
    for pattern, make in _RULES:
        if hit := pattern.fullmatch(clean):
            made = make(hit, masked)
            if made is not None:
                flips = made.pop("flips", 0)
                statement = Statement(**{**made, "said": masked.restore(clean)})
                return statement if _says_all(statement, clean, flips, masked) else None
    return None


def is_bare(text: str) -> bool:
    """Whether masked text is but a quotation (or several), or a name, of which nothing is said."""
    clean = text.strip(" ,.!?:")
    return bool(_BARE.fullmatch(clean)) or not any(pattern.fullmatch(clean) for pattern, _ in _RULES)


#: “Should not be” says the same as “is not”.
_NOT_BE = re.compile(
    r"\s+(?:(?:should|must|will|can|shall|may)(?:\s+(?:not|no\s+longer|never)|n['’]?t)|cannot|can['’]?t|won['’]?t|must\s+never)\s+"
    r"(?:now\s+|still\s+)?be(?=\s)",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:not|no|never|none|neither|nor|nothing|nobody|cannot|without|nowhere|hardly)\b|n['’]t\b|\b(?:isnt|arent|doesnt|dont|wont|cant)\b",
    re.IGNORECASE,
)
_NO_DENIAL = re.compile(
    r"\bn(?:o|ot)\s+(?:more|fewer|less|later|earlier)\s+than\b|\bno\s+matter\b|\bno\.(?=\s*\d)|\bnot\s+only\b",
    re.IGNORECASE,
)


def _says_all(statement: Statement, clean: str, flips: int, masked: Masked) -> bool:
    """Whether the statement denies as often as its words do, and holds every quotation."""
    if statement.texts and not all(statement.texts) and not (statement.kind == "field" and statement.exact):
        return False  # every page holds an empty text
    if (
        statement.kind == "field"
        and statement.exact
        and statement.texts == ("",)
        and re.search(QUOTED, clean)
        and not statement.target
    ):
        return False
    plain = _NO_DENIAL.sub(" ", re.sub(QUOTED, " ", clean))
    said = len(_DENIES.findall(plain)) + flips
    none = statement.kind == "count" and statement.number == 0
    if not none and said % 2 != statement.negated:
        return False
    if len(_DENIES.findall(plain)) > 1:
        return False
    held = " ".join((*statement.texts, statement.target, *statement.also, statement.noun))
    return all(masked.content(each) in held for each in re.findall(QUOTED, clean))


Fields = dict[str, Any]


def _texts(piece: str, masked: Masked) -> Fields | None:
    """One text, or several quoted ones joined by commas, "and" or "or"; None where other words stand among quotations."""
    piece = piece.strip(" ,:")
    kind = rf"(?:{_KIND_OF_TEXT}(?=[^\W\d]|{QUOTED}))?"
    parts = re.split(r"\s*(?:,\s*(?:and|or)\b|,|\band\b|\bor\b|\bas\s+well\s+as\b)\s*", piece, flags=re.IGNORECASE)
    found = [
        re.fullmatch(rf"(?:both\s+|either\s+)?{_KIND_OF_TEXT}(?P<q>{QUOTED})(?:\s+{_TAIL})?", part, re.I)
        for part in parts
    ]
    if all(found):
        joined = re.sub(QUOTED, " ", piece)
        any_of, all_of = (bool(re.search(rf"\b{word}\b", joined, re.IGNORECASE)) for word in ("or", "and"))
        if any_of and all_of:
            return None
        return {"texts": tuple(masked.content(hit["q"]) for hit in found if hit), "any_of": any_of}
    if re.search(QUOTED, piece):
        return None
    return {"texts": (masked.content(re.sub(rf"^{kind}", "", piece, flags=re.IGNORECASE) or piece),)}


_TAIL = (
    r"(?:message|text|label|error|notice|banner|somewhere|anywhere|now|in\s+it|on\s+(?:it|the\s+page|screen)"
    r"|(?:any\s?more|any\s+longer))"
)


#: Words for a part of the screen that a text is to stand in, and what they bind it to.
_BOUND = (
    (re.compile(r"^(?:the\s+|a\s+)?(?:(?:page|window|tab|browser)(?:['’]s)?\s+)?title\b", re.IGNORECASE), "title"),
    (re.compile(r"^(?:the\s+|an?\s+)?(?:(?:page|current)(?:['’]s)?\s+)?(?:url|address)\b", re.IGNORECASE), "url"),
    (re.compile(r"^(?:the\s+|an?\s+)?(?:javascript\s+)?(?:alert|dialog(?:ue)?|pop-?up|prompt)(?:\s+box|\s+window)?\b", re.IGNORECASE), "dialog"),
    (re.compile(r"^(?:the\s+|an?\s+)?(?:(?:main|page|first)\s+)?(?:heading|headline)\b", re.IGNORECASE), "heading"),
)  # fmt: skip
_HAVING = r"(?:\s+(?:text|message))?(?:\s+(?:as|that|which|of|with|having|containing|saying|reading|says|is|partial|the|an?|text|message|called|named))*"


def _bound(piece: str, masked: Masked) -> Fields | None:
    """`the title "X"`, `the heading "X"`: a text in that part of the screen."""
    for pattern, kind in _BOUND:
        if (hit := pattern.match(piece)) and (
            rest := re.fullmatch(rf"{_HAVING}\s*(?P<x>{QUOTED}.*)", piece[hit.end() :], re.I)
        ):
            if not (texts := _texts(rest["x"], masked)):
                return None
            if kind == "heading":
                return {"kind": "field", "target": "the heading", **texts}
            return {"kind": kind, **texts}
    return None


_IN_FIELD = re.compile(
    rf"(?P<x>{_KIND_OF_TEXT}{QUOTED}.*?)\s+(?:in|inside|within|into|on)\s+(?P<f>(?:the\s+)?.*?\b(?:field|text\s?box|textbox|input|text\s?area|textarea)\b.*)",
    re.IGNORECASE,
)


def _shows(hit: re.Match[str], masked: Masked) -> Fields | None:
    piece, negated = hit["x"].strip(), bool(hit["no"])
    if counted := re.fullmatch(rf"(?:{_HOW_MANY})?(?P<n>{NUMBER})\s+(?P<noun>[^\W\d].*)", piece, re.IGNORECASE):
        digits = counted["n"].isdigit() or any(counted[f"c{i}"] for i in range(len(_COMPARE)))
        if (digits or counted["n"].lower() not in {"a", "an", "one"}) and not re.search(QUOTED, counted["noun"]):
            return _counted(counted, masked) | {"negated": negated}
    if none := re.match(r"(?:no|neither)\s+(?=\S)", piece, re.IGNORECASE):
        piece, negated = re.sub(r"\s+nor\s+(?:the\s+)?", " or ", piece[none.end() :]), not negated
    if bound := _bound(piece, masked):
        return {"negated": negated, **bound}
    if (inside := _IN_FIELD.fullmatch(piece)) and (texts := _texts(inside["x"], masked)):
        return {"kind": "field", "target": masked.restore(inside["f"]), "negated": negated, **texts}
    if texts := _texts(piece, masked):
        if negated and not re.search(QUOTED, piece) and re.match(r"(?:any|an?|the)\s", piece, re.IGNORECASE):
            return {"kind": "visible", "target": masked.restore(piece), "negated": True}
        return {"kind": "shows", "negated": negated, **texts}
    # A quotation among other words: the thing they describe.
    return {"kind": "visible", "target": masked.restore(piece), "negated": negated}


def _appears(hit: re.Match[str], masked: Masked) -> Fields | None:
    gone = bool(hit["gone"]) or bool(hit["leaves"])
    negated = gone != bool(hit["no"] or hit["not"])
    article = re.match(r"(?:(?:the|an?)\s+)?", hit["x"].strip(), re.IGNORECASE)
    assert article is not None
    what = hit["x"].strip()[article.end() :]
    if being := re.search(r"\s+(?:is|are)(?P<not>\s+not|\s+no\s+longer|n['’]?t)?$", what, re.IGNORECASE):
        what, negated = what[: being.start()], negated != bool(being["not"])  # “… is | open”
    if none := re.match(r"(?:no|not\s+an?y?)\s+(?=\w)", what, re.IGNORECASE):
        what, negated = what[none.end() :], not negated
    if re.fullmatch(r"(?:dialog(?:ue)?(?:\s+box)?|alert|pop-?\s?up|modal|prompt)", what, re.IGNORECASE):
        return {"kind": "dialog", "negated": negated, "flips": int(gone)}
    if none and not re.search(QUOTED, what):
        return {"kind": "visible", "target": masked.restore(what), "negated": negated, "flips": int(gone)}
    flips = int(gone)
    if bound := _bound(what, masked):
        return {"negated": negated, "flips": flips, **bound}
    quoted = re.search(QUOTED, what)
    if quoted and (texts := _texts(what, masked)):
        return {"kind": "shows", "negated": negated, "flips": flips, **texts}
    target = article[0] + (re.sub(r"\s+(?:message|text)$", "", what) if quoted else what)
    return {"kind": "visible", "negated": negated, "flips": flips, **_targets(target, masked)}


def _title(hit: re.Match[str], masked: Masked) -> Fields | None:
    texts = _texts(hit["x"], masked)
    return {"kind": "title", "exact": bool(hit["is"]), "negated": _no(hit), **texts} if texts else None


def _url(hit: re.Match[str], masked: Masked) -> Fields | None:
    piece = hit["x"].strip()
    texts = _texts(piece, masked) if re.search(QUOTED, piece) else {"texts": (masked.content(piece),)}
    if not texts or any(re.search(r"\s", text) for text in texts["texts"]):
        return None
    return {"kind": "url", "exact": bool(hit["is"]), "negated": _no(hit), **texts}


def _no(hit: re.Match[str]) -> bool:
    return bool(hit["no"] or hit["not"])


def _at(hit: re.Match[str], masked: Masked) -> Fields:
    where = re.sub(r"\s+(?:page|screen|site)$", "", masked.content(hit["x"].strip()), flags=re.IGNORECASE)
    negated = bool(hit.groupdict().get("not"))
    return {"kind": "url" if "/" in where or "." in where else "open", "texts": (where,), "negated": negated}


def _targets(piece: str, masked: Masked) -> Fields:
    """One target, or several of which the same is said."""
    parts, sure = several(piece)
    if len(parts) < 2:
        return {"target": masked.restore(piece)}
    if not sure:
        return {"target": masked.restore(piece), "parts": tuple(masked.restore(part) for part in parts)}
    return {"target": masked.restore(parts[0]), "also": tuple(masked.restore(part) for part in parts[1:])}


def _state(hit: re.Match[str], masked: Masked) -> Fields | None:
    kind, positive = _STATES[" ".join(hit["state"].lower().split())]
    piece, negated = hit["x"].strip(), positive == bool(hit["not"])
    if none := re.match(r"(?:no|neither)\s+(?=\S)", piece, re.IGNORECASE):
        piece, negated = piece[none.end() :], not negated
    if re.search(r"\bor\b", piece, re.IGNORECASE) and not none:
        return None
    return {"kind": kind, "negated": negated, "flips": int(not positive), **_targets(piece, masked)}


def _empty(hit: re.Match[str], masked: Masked) -> Fields:
    return {"kind": "field", "texts": ("",), "exact": True, "negated": bool(hit["not"]),
            **_targets(hit["x"].strip(), masked)}  # fmt: skip


#: Words about places and redirects are not the text of a field.
_NO_VALUE = re.compile(
    r"(?:(?:now|still|also|automatically|immediately|back)\s+)*(?:displayed|shown|visible|present|hidden|redirected|navigated|directed|taken|brought|sent"
    r"|forwarded|located|placed|able|required|clickable|open(?:ed)?|closed|loaded|allowed|there|listed|available|on|at|in|under|below|above|near|next)\b",
    re.IGNORECASE,
)


def _field(hit: re.Match[str], masked: Masked) -> Fields | None:
    counted = re.fullmatch(rf"(?:{_HOW_MANY})?(?P<n>\d{{1,4}})\s+(?P<noun>[^\W\d]+)", hit["x"], re.IGNORECASE)
    if counted and ANY_ROLE.get(counted["noun"].lower()) in ("item", "row"):
        return _counted(counted, masked) | {"negated": _no(hit)}
    target, piece, negated = hit["f"].strip(), hit["x"].strip(), _no(hit)
    if hit["is"] and _NO_VALUE.match(piece):
        return None
    if none := re.match(r"no\s+(?=\S)", piece, re.IGNORECASE):
        piece, negated = piece[none.end() :], not negated
    texts = _texts(piece, masked)
    if texts is None:
        return None
    bound = next(
        (
            kind
            for pattern, kind in _BOUND
            if (found := pattern.match(target))
            and not target[found.end() :].strip().removeprefix("text").removeprefix("message").strip()
        ),
        "",
    )
    if bound in ("title", "url", "dialog"):
        extra = {} if bound == "dialog" else {"exact": bool(hit["is"])}
        return {"kind": bound, "negated": negated, **extra, **texts}
    return {"kind": "field", "target": masked.restore(target), "exact": bool(hit["is"]), "negated": negated, **texts}


def _counted(hit: re.Match[str], masked: Masked) -> Fields:
    compare = next((sign for i, (_, sign) in enumerate(_COMPARE) if hit[f"c{i}"]), "=")
    number = int(hit["n"]) if hit["n"].isdigit() else NUMBERS[hit["n"].lower()]
    if number == 0 and compare == "=" and ANY_ROLE.get(hit["noun"].strip().lower()) not in ("item", "row"):
        flips = int(hit["n"].lower() != "no")
        return {"kind": "visible", "target": masked.restore(hit["noun"].strip()), "negated": True, "flips": flips}
    noun = re.sub(rf"\s+(?:{_THERE}|{_TAIL}|in\s+(?:it|total|all))$", "", hit["noun"].strip(), flags=re.IGNORECASE)
    return {"kind": "count", "compare": compare, "number": number, "noun": masked.restore(noun)}


def _so_many(hit: re.Match[str], masked: Masked) -> Fields | None:
    """“An error "Not found" is shown” counts nothing."""
    named = re.fullmatch(r"an?|one", hit["n"], re.IGNORECASE) and re.search(QUOTED, hit["noun"])
    return None if named else _counted(hit, masked)


def _signed_in(hit: re.Match[str], masked: Masked) -> Fields:
    said = re.sub(QUOTED, lambda quote: masked.content(quote[0]), hit["x"])
    return {"kind": "shows", "texts": (masked.restore(said),)}


def _there(hit: re.Match[str], masked: Masked) -> Fields | None:
    negated, piece = bool(hit["no"]), re.sub(r"^(?:an?|any)\s+", "", hit["x"].strip(), flags=re.IGNORECASE)
    if bound := _bound(piece, masked):
        return {"negated": negated, **bound}
    if re.search(QUOTED, piece) and (texts := _texts(piece, masked)):
        return {"kind": "shows", "negated": negated, **texts}
    return {"kind": "visible", "negated": negated, **_targets(hit["x"].strip(), masked)}


def _bare(hit: re.Match[str], masked: Masked) -> Fields | None:
    if bound := _bound(hit["x"], masked):
        return bound
    texts = _texts(hit["x"], masked)
    return {"kind": "shows", **texts} if texts else None


def _dialog(hit: re.Match[str], masked: Masked) -> Fields | None:
    texts = _texts(hit["x"], masked)
    return {"kind": "dialog", "negated": bool(hit["no"]), **texts} if texts else None


_NEG = r"(?P<not>\s+(?:not|no\s+longer|never)|n['’]?t)?"
_BEV = rf"(?:{_WILL}\s+be|\s+is|\s+are|\s+was|\s+were|\s+(?:gets|becomes|stays|remains))"
_BARE_FORM = (
    rf"(?P<x>{_KIND_OF_TEXT}{QUOTED}(?:\s*(?:,\s*and|,\s*or|,|and|or)\s*{_KIND_OF_TEXT}{QUOTED})*)(?:\s+{_TAIL})?"
)
_RULES = [
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), make)
    for pattern, make in (
        (rf"(?:the\s+|this\s+)?(?:(?:page|window|tab|browser)(?:['’]s)?\s+)?title{_WILL}{_NOT}\s+(?:(?P<is>{_IS}){_NEG}|{_HAS})\s+(?P<x>.+)", _title),
        (rf"(?:the\s+|this\s+|our\s+)?(?:(?:page|current|browser)(?:['’]s)?\s+)?(?:url|address|location|link)(?:\s+bar)?{_WILL}{_NOT}\s+(?:(?P<is>{_IS}){_NEG}|{_HAS})\s+(?P<x>.+)", _url),
        (r"(?:i|we|you|(?:the\s+)?(?:user|browser|page))(?:\s+(?:should|must|will))?\s+(?:am|are|is|be|land|lands|end\s+up|arrive|remains?|stays?)(?P<not>\s+not|\s+no\s+longer|n['’]t)?(?:\s+(?:still|now))?\s+(?:on|at)\s+(?:the\s+)?(?:page\s+|url\s+|address\s+)?(?P<x>\S+(?:\s+\S+){0,3}?)(?:\s+(?:page|screen))?", _at),
        (r"(?:i|we|you|(?:the\s+)?(?:user|browser|page))(?:\s+(?:should|must|will)\s+be|\s+(?:am|are|is|gets?))(?P<not>\s+not|n['’]t)?\s+(?:re)?(?:directed|navigated|taken|brought|sent|forwarded)(?:\s+back)?\s+to\s+(?:the\s+)?(?:page\s+|url\s+|address\s+)?(?P<x>\S+(?:\s+\S+){0,3}?)(?:\s+(?:page|screen))?", _at),
        (r"(?:i|we|you|the\s+user)\s+(?:am|are|is)\s+(?:now\s+)?(?P<x>(?:logged|signed)\s+in\s+(?:as|with)\s+.+)", _signed_in),
        (rf"(?:a|an|the|any)?\s*(?:javascript\s+)?(?:dialog(?:ue)?|alert|prompt|pop-?up)(?:\s+(?:box|window|message|text))?(?:\s+appears?)?(?:\s+that|\s+which)?(?:{_WILL}(?P<no>\s+(?:does\s+not|doesn['’]t|should\s+not|must\s+not|no\s+longer))?\s+(?:says?|shows?|reads?|contains?|displays?)|\s+(?:with|saying))(?:\s+(?:the\s+)?(?:text|message))?\s+(?P<x>{QUOTED}.*)", _dialog),
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
        (_BARE_FORM, _bare),
    )
]  # fmt: skip
_BARE = re.compile(_BARE_FORM, re.IGNORECASE | re.DOTALL)


def cast_count(word: str) -> int:
    """`3`, `three`, `twice` as a number."""
    return int(word) if word.isdigit() else NUMBERS[word.lower()]

"""Statements about a screen, and checks of them."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import handeye.policies.plain_english.clauses as c
from handeye.perception.phrases.phrase import ANY_ROLE
from handeye.policies.plain_english.frames import Family
from handeye.policies.plain_english.lexicon import LABEL_VERBS

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Targets, Texts

family = Family("Check")

_QUOTED = re.compile(r"[\"“„«'‘`][^\s]")
_THING = re.compile(
    r"^(?:the|an?|any|some|my|your|its)\b|\b(?:"
    + "|".join(sorted((word for word in ANY_ROLE), key=len, reverse=True))
    + r")$",
    re.IGNORECASE,
)
_FIELD = re.compile(r"\b(?:\w*field|text ?box|input|text ?area|heading|title)\b", re.IGNORECASE)
_ROOT = re.compile(r"[\"“']?(?:body|html|page|the page|the screen|the window|main page|screen)[\"”']?$", re.IGNORECASE)
_SEES = "( @page @aux @shows [:] | @person [@aux] [be able to] @sees [that] )"
_IN = "[within|in|inside|under|on <place:target>]"


def _negated(no: str = "", none: str = "", gone: str = "") -> bool:
    return bool(no) ^ bool(none) ^ bool(gone)


def _place(place: str) -> str:
    return "" if _ROOT.match(place) else place


def _same(targets: Targets) -> dict[str, Any]:
    """The target of a statement, with further ones of which the same is stated."""
    if not targets.parts:
        return {"target": targets.whole}
    if not targets.sure:
        return {"target": targets.whole, "parts": targets.parts}
    return {"target": targets.parts[0], "also": targets.parts[1:]}


@family.frame(
    f"{_SEES} [no {{none=1}}] @textkind <texts> @where",
    f"{_SEES} [no {{none=1}}] neither @textkind <texts> {{none=1}} @where",
    f"{_SEES} [no {{none=1}}] @textkind <texts> within|in|inside <place:target>",
    "<place:screen> @aux @shows [:] [no {none=1}] @textkind <texts> @where",
    f"{_SEES} [no {{none=1}}] <texts> [error|success|warning]* text|message|label|error|notice|banner @where",
    statement=True,
)
def shows(texts: Texts, no: str = "", none: str = "", place: str = "", source: str = "") -> Made:
    """The screen shows a text."""
    quoted = bool(_QUOTED.search(source))
    if (
        not all(texts.texts) or _FIELD.search(place) or (not quoted and (no or none or place))
    ):  # “does not show any errors” is about a thing
        return None
    return c.Statement(kind="shows", texts=texts.texts, any_of=texts.any_of, negated=_negated(no, none), within=_place(place))  # fmt: skip


@family.frame(
    "there @be [@not] [no {none=1}] [a|an|any] @textkind <texts> @where",
    "[no {none=1}] [neither {none=1}] @textkind <texts> [error|success|warning|toast]* [text|message|label|error|notice|banner|notification|toast] @be @there @where",
    "[no {none=1}] [neither {none=1}] @textkind <texts> [error|success|warning|toast]* [text|message|label|error|notice|banner|notification|toast] @be @gone {gone=1} @where",
    "[no {none=1}] [neither {none=1}] @textkind <texts> [error|success|warning|toast]* [text|message|label|error|notice|banner|notification|toast] @aux @comes @where",
    "[no {none=1}] @textkind <texts> [error|success|warning|toast]* [text|message|label|error|notice|banner|notification|toast] @aux @leaves {gone=1} @where",
    statement=True,
)
def text_shown(texts: Texts, no: str = "", none: str = "", gone: str = "", source: str = "") -> Made:
    """A quoted text is on the screen, or is gone."""
    if not all(texts.texts) or not _QUOTED.search(source):
        return None
    return c.Statement(kind="shows", texts=texts.texts, any_of=texts.any_of, negated=_negated(no, none, gone))


@family.frame("@textkind <texts> @where", statement=True, cost=0.3)
def bare_text(texts: Texts, source: str = "") -> Made:
    """A quoted text alone."""
    return c.Statement(kind="shows", texts=texts.texts, any_of=texts.any_of, bare=True) if _QUOTED.search(source) and all(texts.texts) else None  # fmt: skip


@family.frame(
    "@person @be [logged|signed in] as|with <texts>",
    "@person @be logged|signed in as|with [user] <texts>",
    statement=True,
)
def signed_in(texts: Texts, no: str = "", source: str = "") -> Made:
    """Someone is logged in."""
    hit = re.search(r"((?:logged|signed)\s+in\s+(?:as|with))", source, re.IGNORECASE)
    return c.Statement(kind="shows", texts=(f"{hit[1]} {texts.texts[0]}",), negated=bool(no)) if hit and len(texts.texts) == 1 else None  # fmt: skip


@family.frame(
    "@title @be [equal to|exactly] <texts> {exact=1}",
    "@title @aux @equals [to] <texts> {exact=1}",
    "@title @aux @holds [the text] <texts>",
    f"{_SEES} [no {{none=1}}] @title @having <texts>",
    "@title @having <texts> @be @there",
    "@page @aux load|loads|open|opens|have|has with|the title <texts>",
    "@page @aux load|loads|open|opens with [the] title [of] <texts>",
    "@title @having <texts>",
    "there @be [no {none=1}] @title @having <texts>",
    statement=True,
)
def title(texts: Texts, exact: str = "", no: str = "", none: str = "") -> Made:
    """The title of the page."""
    return c.Statement(kind="title", texts=texts.texts, any_of=texts.any_of, exact=bool(exact), negated=_negated(no, none)) if all(texts.texts) else None  # fmt: skip


@family.frame(
    "@url @be [equal to|exactly|on|at] <texts> {exact=1}",
    "@url @aux @equals [to] <texts> {exact=1}",
    "@url @aux @holds [the text] <texts>",
    f"{_SEES} [no {{none=1}}] @url @having <texts>",
    "@url @having <texts>",
    "@url @be @there [as] <texts>",
    statement=True,
)
def url(texts: Texts, exact: str = "", no: str = "", none: str = "") -> Made:
    """The address of the page."""
    if not all(texts.texts) or any(re.search(r"\s", text) for text in texts.texts):
        return None
    return c.Statement(kind="url", texts=texts.texts, any_of=texts.any_of, exact=bool(exact), negated=_negated(no, none))  # fmt: skip


_WHO = "( @person | [the] user|browser|page )"
_SENT = "redirected|directed|navigated|taken|brought|sent|forwarded|returned|led [back] to"


@family.frame(
    f"{_WHO} @be on|at [the] [page|url|address] <spot>",
    f"{_WHO} @aux land|lands|arrive|arrives on|at [the] [page|url] <spot>",
    f"{_WHO} @aux end|ends up on|at [the] <spot>",
    f"{_WHO} @be {_SENT} [the] [page|url|address] <spot>",
    statement=True,
)
def opened(spot: str, no: str = "") -> Made:
    """A page is open."""
    where = re.sub(r"\s+(?:page|screen|site)$", "", spot, flags=re.IGNORECASE)
    return c.Statement(kind="url" if "/" in where or "." in where else "open", texts=(where,), negated=bool(no))


@family.frame(
    "@alert [that|which] @aux says|say|shows|show|reads|read|contains|contain|displays|display|has|have [the] [text|message] [:] <texts>",
    "@alert @be @there [with|saying] [the] [text|message] <texts>",
    "@alert [text|message] @be <texts>",
    "@alert with|saying|containing|reading|having [the] [text|message] [:] <texts> [@aux (appear|appears|opens|shows|exists|pops [up]) | @be @there]",
    f"{_SEES} [no {{none=1}}] @alert [text|message] [@having] <texts>",
    "there @be [no {none=1}] @alert [@having] <texts>",
    "@alert [text|message] @having <texts>",
    "@alert @aux appear|appears|open|opens|show|shows|pop|pops [up] with|saying [the] [text|message] <texts>",
    "@alert text|message @aux says|say|equals|equal|contains|contain|reads [the] <texts>",
    statement=True,
)
def dialog_says(texts: Texts, no: str = "", none: str = "", source: str = "") -> Made:
    """A dialog says a text."""
    return c.Statement(kind="dialog", texts=texts.texts, any_of=texts.any_of, negated=_negated(no, none)) if _QUOTED.search(source) and all(texts.texts) else None  # fmt: skip


_BOX = "( dialog|dialogue|alert|popup|pop-up|modal|prompt|confirm [box|window] | javascript alert | confirm alert )"


@family.frame(
    f"[no {{none=1}}] [a|an|the|any|this] {_BOX} (@be ( @there | open|opened ) | @aux @comes)",
    f"[no {{none=1}}] [a|an|the] {_BOX} (@be ( @gone | closed ) | @aux @leaves) {{gone=1}}",
    f"{_SEES} [no {{none=1}}] [a|an|the|any] {_BOX}",
    f"there @be [no {{none=1}}] [a|an|any] {_BOX} [open]",
    statement=True,
)
def dialog_open(no: str = "", none: str = "", gone: str = "") -> Made:
    """A dialog is open."""
    return c.Statement(kind="dialog", negated=_negated(no, none, gone))


@family.frame(
    "there @be [@compare] <count:number> <noun:counted> [@there] @where",
    f"{_SEES} [@compare] <count:number> <noun:counted> @where",
    "[@compare] <count:number> <noun:counted> @be @there @where",
    "[the] number of <noun:counted> @be [@compare] <count:number>",
    "<place:target> @aux contain|contains|has|have|show|shows [@compare] <count:number> <noun:counted>",
    statement=True,
)
def counts(count: int, noun: str, compare: str = "=", no: str = "", place: str = "", source: str = "") -> Made:
    """How many of something there are."""
    singular = re.search(r"\b(?:an?|one)\b", source, re.IGNORECASE) and count == 1 and compare == "="
    bare = re.sub(r"^(?:the|an?)\s+", "", noun)
    kind = ANY_ROLE.get(bare.lower())
    if singular and not re.search(r"\b1\b", source):
        return None
    if place and (kind not in ("item", "row") or _QUOTED.search(noun) or re.search(r"\b(?:text|message|value)\b", place)):  # fmt: skip
        return None
    if count == 0 and compare == "=" and (kind not in ("item", "row") or re.match(r"there\b", source, re.I)):
        return c.Statement(kind="visible", target=noun, negated=not no)
    return c.Statement(kind="count", compare=compare, number=count, noun=noun, negated=bool(no))  # type: ignore[arg-type]


@family.frame(
    "[no|neither {none=1}] <targets> @be @there @where",
    "[no {none=1}] <targets> @be @gone {gone=1} @where",
    "[no {none=1}] <targets> @aux @comes @where",
    "[no {none=1}] <targets> @aux @leaves {gone=1} @where",
    f"{_SEES} [no {{none=1}}] <targets> {{seen=1}}",
    "<place:screen> @aux @shows [:] [no {none=1}] <targets> {seen=1}",
    "there @be [no {none=1}] <targets> @where",
    "<targets> @be located|placed <spot:placed>",
    statement=True,
)
def visible(
    targets: Targets,
    no: str = "",
    none: str = "",
    gone: str = "",
    source: str = "",
    spot: str = "",
    seen: str = "",
    place: str = "",
) -> Made:
    """Something is there."""
    whole = targets.whole
    if re.match(r"(?:no|not|neither)\b", whole, re.IGNORECASE):
        return None
    if re.fullmatch(r"[\"“'„«][^\"”'“»]*[\"”'“»](?:\s+(?:message|text))?", whole):
        return None  # a text, and no thing
    if re.match(r"there\b", whole, re.I):
        return None
    if seen and not (no or none or _QUOTED.search(whole) or _THING.search(whole)):
        return None  # “the page shows Thank you”
    if (none and not targets.parts) or (re.match(r"there\s", source, re.I) and (no or none)):
        targets = targets._replace(whole=re.sub(r"^(?:an?|any)\s+", "", whole))
    if spot:
        targets = targets._replace(whole=f"{whole} {spot}")
    return c.Statement(kind="visible", negated=_negated(no, none, gone), within=_place(place), **_same(targets))


@family.frame(
    "[no|neither {none=1}] <targets> @be [set to] @state",
    "[no|neither {none=1}] <targets> @aux has|have [the] focus {state=focused}",
    statement=True,
)
def state(targets: Targets, state: Any, off: str = "", no: str = "", none: str = "") -> Made:
    """Something is ticked, selected, enabled or focused."""
    if re.search(r"\bor\b", re.sub(r"[\"“'].*?[\"”']", "", targets.whole)):
        return None
    return c.Statement(kind=state, negated=_negated(no, none, off), **_same(targets))


@family.frame(
    "<targets> @be empty|blank|cleared",
    "<targets> @aux has|have|contain|contains no text|value|content",
    statement=True,
)
def is_empty(targets: Targets, no: str = "") -> Made:
    """A field is empty."""
    return c.Statement(kind="field", texts=("",), exact=True, negated=bool(no), **_same(targets))


@family.frame(
    "<target> @be [set to | filled with | equal to | filled in with | changed to | displayed|shown as] [@textword] <texts> {exact=1}",
    "<target> @aux @equals [to] [@textword] <texts> {exact=1}",
    "<target> @aux change|changes to [@textword] <texts> {exact=1}",
    "<target> @aux @holds [no {none=1}] [@textword] <texts>",
    "<target> @aux have|has [the] value|text [of|:] <texts> {exact=1}",
    "[the] text|value|content|contents (of|in|inside) <target> @be [equal to] <texts> {exact=1}",
    "[the] text|value|content|contents (of|in|inside) <target> @aux @holds <texts>",
    "[the] text|value|content|contents (of|in|inside) <target> @aux @equals [to] <texts> {exact=1}",
    f"{_SEES} [no {{none=1}}] @textkind <texts> in|inside|within|into|on <target:holder>",
    f"{_SEES} [no {{none=1}}] [the] (main|page|first) heading|headline|title-text @having <texts> {{target=the heading}}",
    f"{_SEES} [no {{none=1}}] [the|a] heading|headline [with|that|of|text|saying|as|the]* <texts> {{target=the heading}}",
    "[the|a] heading|headline [with|that|of|text|saying|as|the]* <texts> [@be @there] {target=the heading}",
    "[the] selected option|value (of|in) <target> @be [equal to] <texts> {exact=1}",
    statement=True,
)
def field(target: str, texts: Texts, exact: str = "", no: str = "", none: str = "", source: str = "") -> Made:
    """A field or text is, or contains, a text."""
    if re.match(r"(?:i|we|you|user|there|no|neither)\b|.*\b(?:title|url)$|(?:the\s+)?(?:javascript\s+)?(?:alert|dialog(?:ue)?|pop-?up|prompt)(?:\s+(?:message|text))?$", target, re.I):  # fmt: skip
        return None
    if not _QUOTED.search(source) and _NO_VALUE.match(texts.texts[0]):
        return None
    if re.search(r"(?:^|\s)(?:page|screen|site|website|it|body|view)$", target, re.I) and not (exact and not re.search(r"\b(?:says?|reads?)\b", source)):  # fmt: skip
        return None
    if not all(texts.texts) and not exact:
        return None
    return c.Statement(kind="field", target=target, texts=texts.texts, any_of=texts.any_of, exact=bool(exact), negated=_negated(no, none))  # fmt: skip


#: Words about places and states are not the text of a field.
_NO_VALUE = re.compile(
    r"(?:(?:now|still|also|automatically|immediately|back|to)\s+)*(?:displayed|shown|visible|present|hidden|redirected|navigated|directed|taken|brought|sent"
    r"|forwarded|located|placed|able|required|clickable|open(?:ed)?|closed|loaded|allowed|there|listed|available|on|at|in|under|below|above|near|next"
    r"|between|more|less|fewer|greater|higher|lower|smaller|larger|checked|ticked|enabled|disabled|selected|focused|empty|not|true|false|working|correct)\b",
    re.IGNORECASE,
)


@family.frame(
    "@asserts that|whether|if|for|to-see|: <statement>",
    "@asserts to see that|whether|if <statement>",
    "@asserts <statement> {plain=1}",
    "verify|ensure|assert|expect|confirm|validate [:] <statement>",
)
def verify(statement: c.Statement, plain: str = "", source: str = "") -> Made:
    """Check a statement."""
    if plain and statement.kind == "shows" and re.match(r"(?:\w+\s+)*?(?:double[- ])?(?:check|confirm|test)\b", source, re.I) and statement.bare:  # fmt: skip
        return None  # `check "X"` ticks X; what is to be so needs “check that”
    return c.Verify(statement=statement)


_QUESTIONS = frozenset({"what", "which", "how", "why", "where", "who", "when", "if"})
#: What follows a verb rather than a noun: “delete "A", …” is no name of a thing.
_OBJECT = re.compile(r"[\"“„«'‘`]|(?:the|a|an|my|your|down|out|in|on|to|if|that|it)\b")


@family.frame("<statement>", cost=0.02)
def declare(statement: c.Statement) -> Made:
    """A statement without a verb that asks for a check."""
    loose = statement.kind == "field" and not _QUOTED.search(statement.said)
    first, _, rest = statement.said.partition(" ")
    if first.lower() in _QUESTIONS or (first in LABEL_VERBS and _OBJECT.match(rest)):
        return None
    if statement.bare or (loose and not re.search(r"\b(?:should|must|empty|blank)\b", statement.said, re.IGNORECASE)):
        return None
    return c.Verify(statement=statement)


family.examples.update({
    'check that the page shows "Thank you"': "Verify(statement=Statement(kind='shows', texts=('Thank you',)))",
    'I should not see "Error"': "Verify(statement=Statement(kind='shows', texts=('Error',), negated=True))",
    "the Save button should be disabled": "Verify(statement=Statement(kind='enabled', target='the Save button', negated=True))",
    'the "Email" field should contain "ada"': "Verify(statement=Statement(kind='field', texts=('ada',), target='the \"Email\" field'))",
    "there are at least two rows": "Verify(statement=Statement(kind='count', compare='>=', number=2, noun='rows'))",
    'the title is "Home"': "Verify(statement=Statement(kind='title', texts=('Home',), exact=True))",
    'I should be redirected to the login page': "Verify(statement=Statement(kind='open', texts=('login',)))",
})  # fmt: skip

"""From a goal to its clauses: cut it where a new step begins, and ask the grammar what each means."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
import handeye.policies.plain_english.rules_hands as rules_hands
import handeye.policies.plain_english.rules_items as rules_items
import handeye.policies.plain_english.rules_looking as rules_looking
from handeye.perception.phrases.quoting import ATOM, QUOTED, mask, unquote
from handeye.perception.phrases.wording import normal
from handeye.policies.plain_english.clause_rules import aimed
from handeye.policies.plain_english.keys import parse_keys
from handeye.policies.plain_english.statements import parse_statement
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from handeye.perception.phrases.quoting import Masked

#: The rules of one clause, in the order in which they are tried.
RULES = (*rules_looking.rule, *rules_items.rule, *rules_hands.rule)

_CUT = re.compile(
    r"(?P<hard>\s*\n\s*|\s*;\s*|(?<=\S)[.!?]+(?=\s|$)(?!\s+(?-i:as(?!\s+(?:soon|long)\b)|into)\s)|\s+[—–]\s+)"
    r"|(?P<then>\s*,?\s*\b(?:(?:and|but)\s+)?(?:then|after\s+that|afterwards|after\s+which)\b\s*,?\s*)"
    r"|(?P<comma>\s*,\s*(?:(?:and|but)\b\s*)?)"
    r"|(?P<and>\s+(?:and|but|&)\s+)",
    re.IGNORECASE,
)
_BULLET = re.compile(
    r"^\s*(?:(?:[-*+•–▪◦‣]|\(?\d{1,3}[.)]|\d{1,3}:|\(?[a-h]\)|\[[ x]?\]|step\s+\d+\s*[:.)\-]?|#+)\s*)+(?=\S)",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:(?:i\s+(?:want|need|would\s+like|['’]?d\s+like)(?:\s+(?:you|it))?\s+to|i['’]d\s+like(?:\s+you)?\s+to"
    r"|(?:can|could|would|will)\s+you(?:\s+please)?|you\s+(?:should|must|can|have\s+to|need\s+to|will)"
    r"|(?:i|we)\s+(?:then|now|will|shall|want\s+to|need\s+to|have\s+to|can|must)"
    r"|please|pls|kindly|now|then|next|finally|lastly|afterwards|also|and|but|so|ok|okay|just|simply|quickly|again"
    r"|immediately|carefully|directly|given|when(?=\s+(?:i|we|the\s+user)\s)|i|we|the\s+user|user|you|they|hey|hello|hi"
    r"|to\s+(?:begin|start)(?:\s+with)?|at\s+first|first\s+of\s+all|in\s+the\s+end|at\s+last|last\s+of\s+all"
    r"|let['’]?s|let\s+us|go\s+ahead\s+and"
    r"|try\s+(?:to|and)|(?:make|be)\s+sure\s+(?:to|you)|(?:do\s*n['’]?t|do\s+not|never)\s+forget\s+to|remember\s+to"
    r"|(?:your|my|the)\s+(?:task|job|goal|aim)\s+is\s+to|help\s+me(?:\s+to)?|proceed\s+(?:by|to)(?=\s+\w+ing)|start\s+by"
    r"|begin\s+by|use\s+the\s+[\w ]+?\s+to(?=\s+[a-z])|it\s+should)\b\s*,?\s*)(?=\S)",
    re.IGNORECASE,
)  # fmt: skip
_ORDER = re.compile(r"^(?:first(?:ly)?|second(?:ly)?|third(?:ly)?|last|next)\s+(?=[a-z])", re.IGNORECASE)
_ONLY_LEAD = re.compile(
    r"(?:please|now|then|next|first(?:ly)?|second(?:ly)?|third(?:ly)?|finally|lastly|afterwards|also|ok(?:ay)?|again|thanks"
    r"|thank\s+you|cheers|after\s+that|in\s+the\s+end|to\s+begin(?:\s+with)?|to\s+start|hi|hello|hey|and|so|bye|scenario.*"
    r"|\d{1,3}|(?:(?:please\s+)?(?:do|follow|carry\s+out|perform)?\s*(?:the|these|this)?\s*(?:following|steps?|tasks?|script"
    r"|instructions?)(?:\s+(?:steps?|things|tasks?|actions))?)\s*:?)",
    re.IGNORECASE,
)  # fmt: skip
_TRAIL = re.compile(
    r"\s+(?:please|thanks|thank\s+you|for\s+me|if\s+you\s+(?:can|please)|if\s+possible)$", re.IGNORECASE
)
_GERUND = re.compile(
    r"^(?P<v>click|press|open|select|typ|enter|go|log|sign|fill|scroll|wait|search|choos|check)ing\b", re.IGNORECASE
)
_WAITING = re.compile(r"^(?:once|as\s+soon\s+as|after|when|whenever)\s+(?P<x>.+)", re.IGNORECASE)
_IF = re.compile(r"^(?:(?:only\s+)?(?P<w>if|in\s+case|unless|provided(?:\s+that)?|should))\s+(?P<x>.+)", re.IGNORECASE)
_IF_LAST = re.compile(r"^(?P<do>.+?)\s+(?:only\s+)?(?P<w>if|in\s+case|unless|when)\s+(?P<x>.+)", re.IGNORECASE)
_ASKS_IF = re.compile(r"^(?:see|check|verify|test|find\s+out|ask|tell|know|look|confirm|validate)\b", re.IGNORECASE)
#: A place said before what is done there: `in the row with "Bob", click "Edit"`.
_PLACE = re.compile(r"^(?P<p>in|inside|within|under|for|on)\s+(?P<x>\S.*)", re.IGNORECASE | re.DOTALL)
_HOLD = re.compile(
    r"(?:hold|keep\s+holding|press\s+and\s+hold|hold\s+down)\s+(?:down\s+)?(?:the\s+)?"
    r"(?P<key>ctrl|control|shift|alt|cmd|command|meta)(?:\s+key)?",
    re.IGNORECASE,
)
_ELSE = re.compile(r"^(?:otherwise|else|if\s+not)\b\s*,?\s*", re.IGNORECASE)
_DESCRIBES = re.compile(r"^(?:the|my|your|an?|some|his|her|their)\s+(?P<what>\S.*)")
#: Verbs that name a field just as well: “with name "Ada" and email "a@b.c"”.
_NOUNS_TOO = frozenset(
    {"email", "mail", "message", "file", "comment", "label", "title", "format", "filter", "order", "view", "list",
     "note", "report", "schedule", "rate", "share", "text", "address", "link", "tag", "start", "end", "vote", "post"}
)  # fmt: skip
_PRONOUN = re.compile(r"^(?:(?:on\s+)?(?:it|this|that|them))$", re.IGNORECASE)

#: A clause that gives a tool its arguments, and one more of them that is a number or a truth: “and count 2”.
_GIVES = re.compile(r"^(?:use|call|run)\s.*\bwith\s", re.IGNORECASE | re.DOTALL)
_GIVEN = re.compile(
    r"(?!(?:press|hit|type|enter|click|tap|wait|select|choose|open|go)\b)[^\W\d][\w\-]*\s+(?:-?\d+(?:\.\d+)?|true|false)",
    re.IGNORECASE,
)

#: What begins a statement to be checked, whatever follows.
_ASSERTS = re.compile(
    r"(?:(?:please|also|then)\s+)*(?:(?:check|verify|confirm|validate|assert|expect|ensure|make\s+sure|be\s+sure)\s+that|make\s+sure|ensure"
    r"|(?:i|we|you|the\s+user)\s+should(?:\s+not|n['’]?t)?\s+see)\b",
    re.IGNORECASE,
)
#: A goal of more clauses than this is a mistake.
MOST = 500


@dataclass(frozen=True)
class _Piece:
    text: str
    start: int
    end: int
    cut: str
    """What stood before it: hard, then, comma or and."""


def parse(goal: str) -> list[c.Clause]:
    """The clauses of a goal, in order.

    Raises UsageError when the goal is empty, and ActionRefused, naming the clause, when one cannot be carried out.
    """
    if not goal.strip():
        raise UsageError("the goal is empty; say what to do, such as 'click \"Save\"'")
    masked = mask(goal)
    found: list[c.Clause] = []
    pieces = _pieces(masked)
    place = 0
    while place < len(pieces):
        made, place = _clause(pieces, place, masked, found)
        found += made
        if len(found) > MOST:
            raise UsageError(f"the goal has more than {MOST} steps; cut it into several runs")
    if not found:
        raise _refused(goal.strip())
    return _checked(_copied(found))


def _copied(found: list[c.Clause]) -> list[c.Clause]:
    """“copy the total and paste it into Amount”: what is copied so is read off the screen."""
    made = list(found)
    for place, (clause, after) in enumerate(pairwise(found)):
        pasted = isinstance(after, c.Write) and after.fact and after.text.lower() in ("it", "that")
        if pasted and isinstance(clause, c.Operate) and clause.verb.lower() == "copy" and clause.thing:
            what = re.sub(r"^the\s+", "", " ".join(filter(None, (clause.thing, clause.place))), flags=re.IGNORECASE)
            made[place] = c.ReadOff(what=what, source=clause.source, span=clause.span)
    return made


def _checked(found: list[c.Clause]) -> list[c.Clause]:
    """Refuses text that describes what to type instead of saying it, unless that was read or asked for before."""
    known: set[str] = set()
    for clause in found:
        if isinstance(clause, c.ReadOff):
            known |= {normal(unquote(clause.what)), normal(clause.name)}
        elif isinstance(clause, c.Keep):
            known.add(normal(clause.name))
        elif isinstance(clause, c.AskPerson):
            known |= {"answer", normal(clause.question.removeprefix("What is the ").rstrip("?"))}
        elif isinstance(clause, c.Write) and clause.fact and (hit := _DESCRIBES.match(clause.text)):
            if normal(hit["what"]) not in known:
                words = (
                    f"“{clause.source}”: “{clause.text}” is not in quotes and nothing was remembered under that name"
                )
                raise ActionRefused(f"I cannot carry out {words}; put the text to type in quotes")
        elif isinstance(clause, c.When):
            _checked([*clause.then])
    return found


def _clause(pieces: list[_Piece], place: int, masked: Masked, before: list[c.Clause]) -> tuple[list[c.Clause], int]:
    piece = pieces[place]
    text = _bare(piece.text)
    if (hit := _IF.match(text)) and not _meaning(text, masked):
        return _conditional(hit, pieces, place, masked, before)
    if (hit := _ELSE.match(text)) and before and isinstance(before[-1], c.When):
        rest, after = _clause([replace(piece, text=text[hit.end() :]), *pieces[place + 1 :]], 0, masked, [])
        before[-1] = replace(before[-1], otherwise=tuple(rest))
        return [], place + after
    if hit := _WAITING.match(text):
        whole, rest_text = _split_condition(hit["x"], masked)
        if whole:
            waiting: list[c.Clause] = [c.Await(statement=whole)]
            made = (_meaning(_bare(rest_text), masked) or []) if rest_text else []
            return _dress(waiting + made, piece, masked, before), place + 1
    if key := _after_keys(text, before, masked):
        return _dress([key], piece, masked, before), place + 1
    if (hit := _HOLD.fullmatch(text)) and place + 1 < len(pieces):
        rest, after = _clause(pieces, place + 1, masked, before)
        if isinstance(rest[0], c.ClickOn):
            held = parse_keys(hit["key"] + " key")
            return [replace(rest[0], modifiers=(held,)), *rest[1:]], after  # type: ignore[arg-type]
    meaning = _meaning(text, masked)
    if (hit := _IF_LAST.match(text)) and not _ASKS_IF.match(text):
        statement, then = parse_statement(hit["x"], masked), _meaning(hit["do"], masked)
        if statement and then:
            negated = statement.negated != (hit["w"].lower() == "unless")
            one = c.When(statement=replace(statement, negated=negated), then=tuple(_dress(then, piece, masked, before)))
            return _dress([one], piece, masked, before), place + 1
    if meaning is None and (hit := _PLACE.match(text)) and place + 1 < len(pieces):
        rest, after = _clause(pieces, place + 1, masked, before)
        where = f"{hit['p'].lower()} {aimed(hit['x'], masked)}"
        if pieces[place + 1].cut == "comma" and (placed := _placed(rest, where)):
            return placed, after
    if meaning is None:
        raise _refused(_culprit(piece.text, masked))
    meaning = _with_its_marks(meaning, piece, text, masked)
    following = pieces[place + 1] if place + 1 < len(pieces) else None
    if following and following.cut == "and":
        meaning = _maybe_label(meaning, text, following, masked)
    return _dress(meaning, piece, masked, before), place + 1


def _placed(made: list[c.Clause], where: str) -> list[c.Clause] | None:
    """The clauses with the place named before them in the first one's target; None where that has none."""
    first = made[0]
    target = getattr(first, "target", "")
    if not target or first.parts:
        return None
    return [replace(first, target=f"{target} {where}"), *made[1:]]  # type: ignore[call-arg]


def _with_its_marks(made: list[c.Clause], piece: _Piece, text: str, masked: Masked) -> list[c.Clause]:
    """Gives a value without quotes that ends its step the marks back that stand right behind it.

    `!`, `?`, `;` and `:` are a part of the value; so are several periods. One period ends the sentence, but for a
    password, of which nothing is left out.
    """
    last = made[-1]
    name = "password" if isinstance(last, c.LogIn) and last.password else _VALUES.get(type(last), "")
    value = getattr(last, name, "") if name else ""
    after = masked.text[piece.start + piece.text.rfind(text) + len(text) :]
    marks = after[: len(after) - len(after.lstrip(",.!?;:"))]
    if not value or not marks or not masked.restore(text).endswith(value):
        return made
    if after[len(marks) :].strip():  # another step follows: what separates the two is no part of the value
        marks = marks.rstrip(",;") if marks != "." else ""
    note = ""
    if marks == ".":
        if not _secret(last):
            return made
        note = "the period at the end was taken as a part of the password; put the password in quotes to leave it out"
    return [*made[:-1], replace(last, note=note, **{name: value + marks})]  # type: ignore[arg-type]


#: Where a clause has its value.
_VALUES: dict[type[c.Clause], str] = {c.Write: "text", c.SearchFor: "text", c.LogIn: "user"}


def _secret(clause: c.Clause) -> bool:
    """Whether its value goes where every letter counts and none is shown."""
    named = isinstance(clause, c.Write) and re.search(
        r"pass|\bpin\b|secret|token|\bkey\b|kennwort", clause.target, re.I
    )
    return bool(named) or (isinstance(clause, c.LogIn) and bool(clause.password))


def _after_keys(text: str, before: list[c.Clause], masked: Masked) -> c.Clause | None:
    """After "press Ctrl+A", "then Delete" is a key as well, and "delete it" is one after "select all"."""
    if not before or not isinstance(before[-1], c.PressKeys) or before[-1].label not in ("", "Select all"):
        return None
    words = masked.content(text)
    if before[-1].keys == "ctrl+a" and re.fullmatch(
        r"(?:delete|remove|erase)(?:\s+(?:it|them|everything))?", words, re.IGNORECASE
    ):
        return c.PressKeys(keys="delete")
    keys = parse_keys(words) if not before[-1].label else ""
    return c.PressKeys(keys=keys) if keys else None


def _conditional(
    hit: re.Match[str], pieces: list[_Piece], place: int, masked: Masked, before: list[c.Clause]
) -> tuple[list[c.Clause], int]:
    """`if STATEMENT, CLAUSE [and CLAUSE]`; the consequence may also follow without a comma."""
    piece = pieces[place]
    statement, rest = _split_condition(re.sub(r"\s+then$", "", hit["x"]), masked)
    if statement is None:
        raise _refused(masked.restore(piece.text).strip())
    if hit["w"].lower() == "unless":
        statement = replace(statement, negated=not statement.negated)
    then: list[c.Clause] = []
    place += 1
    if rest:
        said = [*before, c.Verify(statement=statement)]
        made = _meaning(_bare(rest), masked)
        then = _dress(_with_its_marks(made, piece, _bare(rest), masked) if made else [], piece, masked, said)
    elif place < len(pieces):
        then, place = _clause(pieces, place, masked, [*before, c.Verify(statement=statement)])
    while then and place < len(pieces) and pieces[place].cut == "and":
        more, place = _clause(pieces, place, masked, then)
        then += more
    if not then:
        raise _refused(masked.restore(piece.text).strip())
    return _dress([c.When(statement=statement, then=tuple(then))], piece, masked, before), place


def _split_condition(text: str, masked: Masked) -> tuple[c.Statement | None, str]:
    """A statement, and what follows it without a comma."""
    if statement := parse_statement(text, masked):
        gaps = [found.start() for found in re.finditer(r"\s+", text)]
        for gap in gaps:
            shorter, rest = parse_statement(text[:gap], masked), text[gap:].strip()
            if shorter and (made := _meaning(rest, masked)) and not isinstance(made[0], c.Verify | c.Operate):
                return shorter, rest
        return statement, ""
    for found in re.finditer(r"\s+", text):
        shorter, rest = parse_statement(text[: found.start()], masked), text[found.end() :]
        if shorter and _meaning(rest, masked):
            return shorter, rest
    return None, ""


def _meaning(text: str, masked: Masked) -> list[c.Clause] | None:
    """What a piece means, without the words of politeness around it."""
    seen: set[str] = set()
    while text and text not in seen:
        seen.add(text)
        if made := parse_clause(text, masked):
            sure = not isinstance(made[0], c.Operate) or made[0].certain
            shorter = _LEAD.sub("", text, count=1)
            if sure or shorter == text or not parse_clause(shorter, masked):
                return made
        stripped = _TRAIL.sub("", _LEAD.sub("", text, count=1))
        if stripped == text and _ORDER.match(text):
            stripped = _ORDER.sub("", text, count=1)
        if stripped == text and (found := _GERUND.match(text)):
            verb = {"typ": "type", "choos": "choose"}.get(found["v"].lower(), found["v"])
            stripped = verb + text[found.end() :]
        text = stripped
    return None


def _bare(text: str) -> str:
    return _BULLET.sub("", text).strip(" \t\r\n,.!?;")


def _pieces(masked: Masked) -> list[_Piece]:
    """The goal cut where a new step begins; what does not begin one stays with the step before it."""
    raw: list[_Piece] = []
    start, cut = 0, "hard"
    for found in _CUT.finditer(masked.text):
        raw.append(_Piece(masked.text[start : found.start()], start, found.start(), cut))
        start, cut = found.end(), str(found.lastgroup)
    raw.append(_Piece(masked.text[start:], start, len(masked.text), cut))
    pieces: list[_Piece] = []
    for piece in raw:
        clean = _bare(piece.text)
        if not clean:
            cut = piece.cut
            continue
        alone = _ONLY_LEAD.fullmatch(clean.rstrip(":"))
        if alone and (len(raw) > 1):
            continue
        given = pieces and _GIVES.match(_bare(pieces[-1].text)) and _GIVEN.fullmatch(masked.content(clean))
        opens = piece.cut in ("hard", "then") or (not given and _opens(clean, masked))
        opens = opens or bool(_ASSERTS.match(clean))
        if opens and pieces and piece.cut in ("comma", "and") and _one_more(_bare(pieces[-1].text), clean, masked):
            opens = False
        if opens and pieces and piece.cut == "and" and _ASSERTS.match(_bare(pieces[-1].text)):
            # “check that the A and the B are empty”
            opens = bool(_meaning(_bare(pieces[-1].text), masked))
        if pieces and not opens:
            last = pieces[-1]
            pieces[-1] = _Piece(masked.text[last.start : piece.end], last.start, piece.end, last.cut)
        else:
            pieces.append(piece)
    return pieces


def _opens(text: str, masked: Masked) -> bool:
    """Whether a piece after a comma or "and" begins a step of its own."""
    if _IF.match(text) or _ELSE.match(text):
        return True
    if (hit := _WAITING.match(text)) and parse_statement(hit["x"], masked):
        return True
    made = _meaning(text, masked)
    if not made:
        found = _IF_LAST.match(text)
        return bool(found and _meaning(found["do"], masked))
    first = made[0]
    if isinstance(first, c.Operate):
        if first.verb.lower() in _NOUNS_TOO and re.fullmatch(rf"\S+\s+(?:{QUOTED}|{ATOM})", text):
            return False
        return first.certain and text.split()[0][:1].islower()
    if isinstance(first, c.Verify):  # "… and the page shows X" begins one; “B” after “A” does not
        return not re.fullmatch(rf"(?:{QUOTED}|{ATOM}).*", text)
    return True


def _one_more(before: str, text: str, masked: Masked) -> bool:
    """Whether a piece is one more thing for the verb before it: “clear name, email and message”."""
    first = text.split()[0].lower() if text.split() else ""
    if first not in _NOUNS_TOO:
        return False
    if re.match(r"(?:fill|set|complete|change|enter|update)\b", before, re.IGNORECASE):
        return bool(re.fullmatch(r"\S+(?:\s+\S+)?\s+(?:with|to|=|as)\s+\S.*", text, re.IGNORECASE | re.DOTALL))
    made = _meaning(before, masked)
    return len(text.split()) == 1 and bool(made) and isinstance(made[-1], c.Empty | c.Tick)  # type: ignore[index]


def _maybe_label(meaning: list[c.Clause], text: str, following: _Piece, masked: Masked) -> list[c.Clause]:
    """“Save and close”: where the next step is a bare verb, both together may be one label."""
    last = meaning[-1]
    rest = _bare(following.text)
    follows = _meaning(rest, masked)
    if not follows or not isinstance(follows[0], c.Operate) or re.search(QUOTED, text + rest):
        return meaning
    if isinstance(last, c.ClickOn) and len(rest.split()) <= 2:
        return [*meaning[:-1], replace(last, joined=f"{last.target} and {masked.restore(rest)}")]
    if isinstance(last, c.Operate) and not last.place and len(rest.split()) <= 2:
        whole = " ".join(filter(None, (last.verb, last.thing)))
        return [*meaning[:-1], replace(last, joined=f"{whole} and {masked.restore(rest)}")]
    return meaning


def _dress(made: list[c.Clause], piece: _Piece, masked: Masked, before: list[c.Clause]) -> list[c.Clause]:
    """Clauses with their source, and with "it" replaced by what was spoken of last."""
    lead = len(piece.text) - len(piece.text.lstrip())
    span = masked.span(piece.start + lead, piece.start + len(piece.text.rstrip()))
    source = _BULLET.sub("", masked.restore(piece.text)).strip(" \t\r\n,;")
    dressed: list[c.Clause] = []
    for clause in made:
        changes: dict[str, object] = {} if clause.source else {"source": source, "span": span}
        for name in ("target", "start"):
            if _PRONOUN.match(str(getattr(clause, name, ""))) and (topic := _topic([*before, *dressed])):
                changes[name] = topic
        if isinstance(clause, c.Await | c.Verify) and _PRONOUN.match(clause.statement.target):
            topic = _topic([*before, *dressed])
            changes["statement"] = replace(clause.statement, target=topic or clause.statement.target)
        dressed.append(replace(clause, **changes))  # type: ignore[arg-type]
    return dressed


def _topic(before: list[c.Clause]) -> str:
    """What "it" is: the target or text of the last clause that had one."""
    for clause in reversed(before):
        if isinstance(clause, c.Await | c.Verify):
            if clause.statement.target or clause.statement.texts:
                return clause.statement.target or f'"{clause.statement.texts[0]}"'
        elif target := getattr(clause, "target", "") or getattr(clause, "until", ""):
            return str(target)
    return ""


def _culprit(text: str, masked: Masked) -> str:
    """The part that nothing can be made of: where "click Save" is followed by nonsense, the nonsense."""
    for cut in _CUT.finditer(text):
        if _meaning(_bare(text[: cut.start()]), masked) and text[cut.end() :].strip():
            return masked.restore(text[cut.end() :]).strip()
    return masked.restore(text).strip()


def _refused(words: str) -> ActionRefused:
    short = words if len(words) <= 120 else words[:117] + "…"
    return ActionRefused(
        f"I cannot carry out “{short}”: no rule says which steps that takes; say it in steps (click, type, press, "
        "search for, select, check that …) with labels and texts in quotes, or use a model with --model"
    )


def parse_clause(text: str, masked: Masked) -> list[c.Clause] | None:
    """Return the clauses that a masked text means; None if no rule matches it."""
    for pattern, make in RULES:
        if (hit := pattern.fullmatch(text)) and (made := make(hit, masked)) is not None:
            return made if isinstance(made, list) else [made]
    return None

"""Rules for going somewhere, waiting, checking, reading and scrolling."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import handeye.policies.plain_english.clauses as c
from handeye.perception.phrases.quoting import ATOM, QUOTED
from handeye.policies.plain_english.clause_rules import CLICK, TIMES, Rules, address, aimed, count, plausible, quoted
from handeye.policies.plain_english.statements import NUMBER, cast_count, is_bare, parse_statement
from handeye.policies.plain_english.verbs import REFUSED_WORDS

if TYPE_CHECKING:
    from handeye.perception.phrases.quoting import Masked
    from handeye.policies.plain_english.clause_rules import Made


rule = Rules()

#: "wait for X to appear" says the same as "wait until X appears".
_THIRD = {
    "show": "shows", "show up": "shows up", "appear": "appears", "disappear": "disappears", "vanish": "vanishes",
    "go away": "goes away", "load": "loads", "open": "opens", "close": "closes", "come up": "comes up",
    "contain": "contains", "say": "says", "read": "reads",
}  # fmt: skip
_TO_COME = r"\s+to\s+(show(?:\s+up)?|appear|disappear|vanish|go\s+away|load|open|close|come\s+up|contain|say|read)\b"


@rule(
    r"(?:go|navigate|move|step|head)\s+back(?:\s+(?:to\s+the\s+)?(?:one\s+|previous\s+|last\s+)?(?:page|screen|site))?"
    + TIMES,
    r"(?:go|return)\s+to\s+the\s+(?:previous|last)\s+(?:page|screen)" + TIMES,
    r"(?:click|press|hit|use)\s+(?:on\s+)?the\s+browser(?:['’]s)?\s+back(?:\s+button)?" + TIMES,
)
def _back(hit: re.Match[str], _: Masked) -> Made:
    return c.Go(way="back", count=count(hit))


@rule(r"(?:go|navigate|move)\s+forwards?(?:\s+(?:one\s+)?(?:page|screen))?" + TIMES,
      r"go\s+to\s+the\s+next\s+page\s+in\s+the\s+history" + TIMES)  # fmt: skip
def _forward(hit: re.Match[str], _: Masked) -> Made:
    return c.Go(way="forward", count=count(hit))


@rule(r"(?:reload|refresh)(?:\s+(?:the\s+)?(?:current\s+|web\s?)?(?:page|site|screen|browser|tab|it))?" + TIMES)
def _reload(hit: re.Match[str], _: Masked) -> Made:
    return c.Go(way="reload", count=count(hit))


@rule(rf"(?:open|create|start|add)\s+(?:a\s+|another\s+)?(?:new\s+)?(?:browser\s+)?tab(?:\s+(?:with|at|for|on)\s+(?P<x>{ATOM}|{QUOTED}))?",
      rf"open\s+(?P<x>{ATOM}|{QUOTED})\s+in\s+a\s+(?:new|second|separate)\s+tab")  # fmt: skip
def _new_tab(hit: re.Match[str], masked: Masked) -> Made:
    url = address(hit["x"], masked) if hit["x"] else ""
    return c.UseTab(do="new", url=url) if url or not hit["x"] else None


@rule(
    r"close\s+(?:the\s+|this\s+)?(?P<w>current\s+|first\s+|second\s+|third\s+|last\s+|new\s+)?(?:browser\s+)?tab(?:\s+(?P<n>\d+))?"
)
def _close_tab(hit: re.Match[str], _: Masked) -> Made:
    return c.UseTab(do="close", which=_which(hit["n"] or hit["w"] or ""))


@rule(r"(?:switch|change|go|return|move)\s+(?:back\s+)?to\s+(?:the\s+)?(?P<w>first|second|third|fourth|last|next|previous|other|new|original)\s+(?:browser\s+)?tab",
      r"(?:switch|change|go)\s+(?:back\s+)?to\s+(?:browser\s+)?tab\s+(?:number\s+)?(?P<w>\d+)")  # fmt: skip
def _switch_tab(hit: re.Match[str], _: Masked) -> Made:
    return c.UseTab(do="switch", which=_which(hit["w"]))


_WINDOW = rf"(?:the\s+)?(?:window\s+(?:called\s+|titled\s+|named\s+)?(?P<t>{QUOTED}|{ATOM})|(?P<q>{QUOTED})\s+window)"


@rule(rf"(?:(?:switch|change|go|return)\s+(?:back\s+)?to|focus|activate)\s+{_WINDOW}",
      rf"bring\s+{_WINDOW}\s+(?:to\s+the\s+(?:front|foreground)|forward|up)")  # fmt: skip
def _to_window(hit: re.Match[str], masked: Masked) -> Made:
    return c.ToWindow(do="focus", title=masked.content(hit["t"] or hit["q"]))


@rule(rf"close\s+(?:the\s+)?window\s+(?:called\s+|titled\s+|named\s+)?(?P<t>{QUOTED})")
def _close_window(hit: re.Match[str], masked: Masked) -> Made:
    return c.ToWindow(do="close", title=masked.content(hit["t"]))


def _which(word: str) -> str:
    names = {"first": "1", "second": "2", "third": "3", "fourth": "4", "original": "1", "new": "last", "current": ""}
    return names.get(word.strip().lower(), word.strip().lower())


@rule(r"(?:wait|pause|sleep|hold\s+on)(?:\s+for)?(?:\s+(?:about|around|another|at\s+least))?\s+(?P<n>half\s+an?|an?|one|a\s+few|a\s+couple\s+of|\S+?)\s*(?P<u>ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|moments?)",
      r"(?:wait|pause)(?:\s+(?:for\s+)?a\s+(?:bit|moment|little|while))?")  # fmt: skip
def _pause(hit: re.Match[str], masked: Masked) -> Made:
    groups = hit.groupdict()
    if not groups.get("u"):
        return c.Pause(seconds=1.0)
    word = masked.content(groups["n"].lower())
    few = {"a few": 3.0, "a couple of": 2.0, "half a": 0.5, "half an": 0.5, "a": 1.0, "an": 1.0}
    if re.fullmatch(r"\d+(?:[.,]\d+)?", word):
        amount = float(word.replace(",", "."))
    elif word in few:
        amount = few[word]
    elif re.fullmatch(NUMBER, word):
        amount = float(cast_count(word))
    else:
        return None
    unit = groups["u"].lower()
    factor = 0.001 if unit.startswith(("ms", "milli")) else 60.0 if unit.startswith("m") and unit[:2] != "mo" else 1.0
    return c.Pause(seconds=min(600.0, amount * factor))


@rule(
    r"(?:wait|pause)\s+(?:(?:up\s+to|at\s+most|for)\s+(?P<n>\S+)\s+(?P<u>s|seconds?|minutes?)\s+)?(?:until|till|for|that|while)\s+(?P<x>.+)"
)
def _await(hit: re.Match[str], masked: Masked) -> Made:
    piece = re.sub(r"\s+to\s+(?:be|become|get)\s+", " is ", hit["x"], flags=re.IGNORECASE)
    piece = re.sub(_TO_COME, lambda found: f" {_THIRD[' '.join(found[1].lower().split())]}", piece, flags=re.IGNORECASE)
    page = r"(?:the\s+)?(?:new\s+|next\s+)?(?:page|site|screen|app|everything|window)\s+(?:is\s+(?:fully\s+)?(?:loaded|ready)|(?:has\s+)?(?:fully\s+)?(?:load(?:s|ed)?|finish(?:es|ed)?(?:\s+loading)?))"
    if re.fullmatch(page, piece.strip(), re.IGNORECASE):
        return c.Pause(seconds=0.5)
    statement = parse_statement(piece, masked)
    if statement is None:
        bare = piece.strip()
        if not bare or re.search(REFUSED_WORDS, bare, re.IGNORECASE) or len(bare.split()) > 8:
            return None
        statement = c.Statement(kind="visible", target=masked.restore(bare), said=masked.restore(bare))
    seconds = 30.0
    if hit["n"] and re.fullmatch(rf"{NUMBER}", hit["n"], re.IGNORECASE):
        seconds = float(cast_count(hit["n"])) * (60 if hit["u"].lower().startswith("m") else 1)
    return c.Await(statement=statement, seconds=min(600.0, seconds))


@rule(r"(?:check|verify|ensure|assert|expect|confirm|make\s+sure|be\s+sure|validate|test|double[- ]check|see)(?:\s*:)?\s+(?:that|whether|if|to\s+see|for)\s+(?P<x>.+)",
      r"(?:verify|ensure|assert|expect|confirm|make\s+sure|validate|check)(?:\s*:)?\s+(?P<x>.+)",
      r"(?P<x>(?:(?:i|we|you|they|the\s+user)\s+(?:(?:should|must|can|do|will)(?:\s+not|n['’]?t)?|cannot|no\s+longer)?\s*(?:now\s+)?(?:see|find)|(?:the\s+|this\s+)?(?:page|screen|title|url|address|list|table|site|window)(?:['’]s)?\s+(?:\S+\s+)?(?:should|must|shows?|contains?|displays?|does)|there\s+(?:should|must|is|are)).+)",
      r"(?P<x>.+\s(?:should|must)(?:\s+not|n['’]?t)?\s+(?:be|show|contain|appear|have|display|say|read|equal)\b.*)")  # fmt: skip
def _verify(hit: re.Match[str], masked: Masked) -> Made:
    piece = re.sub(r"\s+to\s+(not\s+)?be\s+", lambda found: f" is {found[1] or ''}", hit["x"])
    piece = re.sub(r"\s+(?:to\s+not|not\s+to)\s+(?=[a-z])", " should not ", piece)
    piece = re.sub(r"\s+to\s+(contain|show|have|display|say|appear|read)\b", r" should \1", piece)
    if _MAY_DO.match(hit[0]) and is_bare(hit["x"]):
        return None  # `check "X"` ticks X; what is to be so needs “check that”
    return _statements(piece, masked)


#: Verbs that look, and do something as well.
_MAY_DO = re.compile(r"(?:double[- ])?(?:check|confirm|test)\s*:?\s+(?!that\b|whether\b|if\b|to\s+see\b|for\b)", re.I)


@rule(rf"(?P<x>(?:the|an?|no|this|all|each|every|both|{QUOTED}|(?:[\w\-]+\s+){{1,3}}?(?:button|link|field|checkbox|box|message|alert|dialog|banner|heading|icon|image|tab|list|table|row|text)s?\b).*\s(?:is|are|isn['’]t|aren['’]t)\s.+|(?:the|an?|no|{QUOTED}|(?:[\w\-]+\s+){{1,3}}?(?:button|link|field|checkbox|message|alert|dialog|banner|heading|icon|image|tab)\b).*\s(?:appears?|disappears?)|(?:the\s|{QUOTED}).*\s(?:contains|(?:does\s+not|doesn['’]t)\s+(?:contain|show|have|hold|display|say))\s.+)")  # fmt: skip
def _declared(hit: re.Match[str], masked: Masked) -> Made:
    """“The Save button is disabled”, said without a verb before it: nothing but a statement begins so."""
    if re.search(
        r"\b(?:if|when|once|until|unless|while|because|click|type|select|choose|check|verify|ensure|assert|expect|confirm|validate|make|sure|see|wait|say)\b",
        hit["x"],
        re.IGNORECASE,
    ):
        return None
    made = _statements(hit["x"], masked)
    told = isinstance(made, list) and all(
        isinstance(each, c.Verify) and (each.statement.kind not in ("shows", "field") or _quotes(each)) for each in made
    )
    return made if told else None


def _quotes(clause: c.Clause) -> bool:
    return isinstance(clause, c.Verify) and bool(re.search('["“”«„]', clause.statement.said))


#: “A is ticked and B is not”.
_ELLIPSIS = re.compile(
    r"^(?P<a>.+?)\s+(?:is|are)\s+(?P<p>[a-z]+)\s*,?\s+(?:and|but)\s+(?P<b>.+?)\s+(?:is|are)(?:\s+not|n['’]t)$",
    re.IGNORECASE,
)


def _statements(piece: str, masked: Masked) -> Made:
    """One statement, or several joined by "and that"."""
    made: list[c.Clause] = []
    piece = _ELLIPSIS.sub(r"\g<a> is \g<p> and that \g<b> is not \g<p>", piece.strip(" .,"))
    for part in re.split(r"\s*,?\s+and\s+(?:that|whether|also\s+that)\s+", piece, flags=re.IGNORECASE):
        statement = parse_statement(part, masked)
        if statement is None:
            halves = re.split(r"\s*,?\s+and\s+", part, flags=re.IGNORECASE)
            several = [parse_statement(half, masked) for half in halves]
            if len(halves) < 2 or not all(several) or any(is_bare(half) for half in halves[1:]):
                return None
            made += [c.Verify(statement=each) for each in several if each]
        else:
            made.append(c.Verify(statement=statement))
    return made


@rule(rf"(?P<how>double|triple|right|middle|left|ctrl|control|shift|alt|cmd|command|meta)[- ]?(?:button[- ])?click(?:\s+(?:on|at))?\s+(?P<x>.+?){TIMES}",
      rf"{CLICK}\s+(?P<x>.+?)\s+with\s+the\s+(?P<how>right|middle|left)\s+(?:mouse\s+)?button{TIMES}",
      rf"{CLICK}\s+(?P<x>.+?)\s+(?:while\s+)?(?:holding|with)\s+(?:down\s+)?(?:the\s+)?(?P<how>ctrl|control|shift|alt|cmd|command|meta)(?:\s+key)?(?:\s+(?:held|pressed|down))*{TIMES}",
      rf"(?P<how>ctrl|control|shift|alt|cmd|command|meta)\s?\+\s?click(?:\s+on)?\s+(?P<x>.+?){TIMES}")  # fmt: skip
def _click_how(hit: re.Match[str], masked: Masked) -> Made:
    if not plausible(hit["x"].strip(" ,:")):
        return None
    target = aimed(hit["x"], masked)
    match hit["how"].lower():
        case "double" | "triple" as many:
            made: c.Clause = c.ClickOn(target=target, count=2 if many == "double" else 3)
        case "right":
            made = c.ClickOn(target=target, button="right")
        case "middle":
            made = c.ClickOn(target=target, button="middle")
        case "left":
            made = c.ClickOn(target=target)
        case "shift":
            made = c.ClickOn(target=target, modifiers=("shift",))
        case "alt":
            made = c.ClickOn(target=target, modifiers=("alt",))
        case "cmd" | "command" | "meta":
            made = c.ClickOn(target=target, modifiers=("meta",))
        case _:
            made = c.ClickOn(target=target, modifiers=("ctrl",))
    return [made] * count(hit)


@rule(r"(?:hover|mouse\s?over)(?:\s+(?:the\s+mouse\s+)?(?:over|on|above))?\s+(?P<x>.+)",
      r"(?:move|point)\s+(?:the\s+)?(?:mouse|pointer|cursor)\s+(?:pointer\s+)?(?:to|over|onto|on|at)\s+(?P<x>.+)",
      r"(?:move|point)\s+(?:to|over|at)\s+(?P<x>.+)")  # fmt: skip
def _hover(hit: re.Match[str], masked: Masked) -> Made:
    return c.Hover(target=aimed(hit["x"], masked))


@rule(
    r"drag\s+(?:and\s+drop\s+)?(?P<x>.+?)\s+(?:and\s+(?:then\s+)?drop\s+(?:it|them)\s+)?(?:onto|on\s+to|to|into|over|on|in)\s+(?P<y>.+)"
)
def _drag(hit: re.Match[str], masked: Masked) -> Made:
    return c.DragOnto(start=aimed(hit["x"], masked), end=aimed(hit["y"], masked))


@rule(r"zoom\s+(?:in|into|in\s+on|in\s+to)\s+(?:on\s+|to\s+)?(?P<x>.+)",
      r"(?:look|have\s+a\s+look|take\s+a\s+look)\s+(?:more\s+)?closer?(?:ly)?\s+at\s+(?P<x>.+)")  # fmt: skip
def _zoom(hit: re.Match[str], masked: Masked) -> Made:
    return c.LookCloser(target=aimed(hit["x"], masked))


@rule(
    r"(?:ask|prompt|question)\s+(?:me|the\s+user|the\s+person|us|a\s+human|a\s+person)\s*(?P<how>for|about|whether|if|:)?\s*(?P<x>.+)"
)
def _ask(hit: re.Match[str], masked: Masked) -> Made:
    words = masked.content(hit["x"]).strip(" ,:?")
    lead = {"for": "What is ", "about": "What about ", "whether": "", "if": ""}.get((hit["how"] or ":").lower(), "")
    question = f"{lead}{words}?"
    return c.AskPerson(question=question[:1].upper() + question[1:])


@rule(rf"(?:remember|memori[sz]e|keep|store|note(?:\s+down)?|write\s+down)\s+(?:that\s+)?(?P<x>.+?)\s+(?:as|under(?:\s+the\s+name)?|in)\s+(?P<n>{QUOTED}|[\w\- ]+)",
      r"(?:remember|memori[sz]e|note\s+down|note|write\s+down)\s+(?P<x>.+?)(?P<n>)")  # fmt: skip
def _keep(hit: re.Match[str], masked: Masked) -> Made:
    name = masked.content(hit["n"]).strip() if hit["n"] else ""
    if quoted(hit["x"]):
        return c.Keep(text=masked.content(hit["x"]), name=(name or "note")[:80])
    if not name and len(hit["x"].split()) > 8:
        return None
    return c.ReadOff(what=aimed(re.sub(r"^the\s+", "", hit["x"], flags=re.IGNORECASE), masked), name=name[:80])


@rule(r"(?:(?:tell\s+me|report|count|say|find\s+out|read|get)\s+)?how\s+many\s+(?P<x>.+?)(?:\s+(?:are\s+there|there\s+are|are\s+shown|it\s+shows|are\s+listed|are\s+in\s+the\s+\w+))?\??",
      r"count\s+(?:the\s+)?(?P<x>.+)")  # fmt: skip
def _how_many(hit: re.Match[str], masked: Masked) -> Made:
    return c.ReadOff(what=f"number of {aimed(hit['x'], masked)}")


@rule(rf"(?:read(?:\s+(?:out|off|aloud))?|extract|get|fetch|scrape|tell\s+(?:me|us)|report(?:\s+back)?|return(?!\s+to\b)|give\s+me|find\s+out|output|print\s+out|look\s+up\s+and\s+report|collect|grab|show\s+me|answer\s+with|let\s+me\s+know)(?:\s*:)?\s+(?:what\s+(?:is\s+|are\s+)?)?(?P<x>.+?)(?:\s+(?:and\s+)?(?:remember\s+it\s+|keep\s+it\s+|store\s+it\s+)?as\s+(?P<n>{QUOTED}|[\w\- ]+))?",
      r"(?:what|which|how\s+(?:much|many|old|long|high))(?:\s+is|['’]s|\s+are|\s+was)\s+(?P<x>.+?)\??(?P<n>)",
      r"(?:what|how\s+much)\s+does\s+(?P<x>.+?)\s+(?:cost|say|show|contain|read)\??(?P<n>)")  # fmt: skip
def _read_off(hit: re.Match[str], masked: Masked) -> Made:
    what = re.sub(r"^(?:the|its|a|an)\s+", "", hit["x"].strip(" ?."), flags=re.IGNORECASE)
    what = re.sub(r"\s+(?:is|are|says|shows|costs)$", "", what, flags=re.IGNORECASE)
    if not what or re.search(REFUSED_WORDS, what, re.IGNORECASE) or len(what.split()) > 10:
        return None
    return c.ReadOff(what=aimed(what, masked), name=masked.content(hit["n"]).strip()[:80] if hit["n"] else "")


#: What holds everything: scrolling it is scrolling, over whatever the pointer lies.
WHOLE = r"(?:the\s+|this\s+)?(?:web\s?)?(?:page|list|screen|document|table|site|window)"


@rule(
    r"scroll\s+(?:all\s+the\s+way\s+|right\s+)?(?:(?:to|towards)\s+(?:the\s+)?(?:very\s+)?|(?=up|down))?(?:(?P<d>up|down)\s+to\s+the\s+)?(?P<e>top|bottom|end|start|beginning)(?:\s+(?:of|in|inside|within)\s+(?P<o>.+))?"
)
def _scroll_edge(hit: re.Match[str], masked: Masked) -> Made:
    up = hit["e"].lower() in {"top", "start", "beginning"}
    over = "" if not hit["o"] or re.fullmatch(WHOLE, hit["o"], re.IGNORECASE) else aimed(hit["o"], masked)
    return c.ScrollBy(direction="up" if up else "down", edge=True, amount=100, over=over)


@rule(r"scroll\s+(?:(?P<d>up|down|left|right)\s+)?(?:back\s+)?(?:until|till)\s+(?P<x>.+)",
      r"scroll\s+(?:(?P<d>up|down|left|right)\s+)?(?:back\s+)?(?:to|towards|into\s+view)\s+(?P<x>.+)",
      r"scroll\s+(?P<x>.+?)\s+into\s+(?:the\s+)?view(?P<d>)",
      r"bring\s+(?P<x>.+?)\s+into\s+(?:the\s+)?view(?P<d>)")  # fmt: skip
def _scroll_until(hit: re.Match[str], masked: Masked) -> Made:
    words = re.sub(r"^(?:(?:you|i|we)\s+(?:can\s+)?(?:see|find|reach)\s+)", "", hit["x"].strip(), flags=re.IGNORECASE)
    words = re.sub(r"\s+(?:is\s+(?:visible|shown|in\s+view|on\s+(?:the\s+)?screen)|shows(?:\s+up)?|appears|comes\s+into\s+view)$",
                   "", words, flags=re.IGNORECASE)  # fmt: skip
    return c.ScrollBy(direction=_way(hit["d"]), until=aimed(words, masked))


@rule(r"scroll\s+(?:in\s+)?(?P<o>(?:the|this)\s+(?!page|screen|window).+?)\s+(?P<d>up|down|left|right)(?:wards?)?")
def _scroll_over(hit: re.Match[str], masked: Masked) -> Made:
    return c.ScrollBy(direction=_way(hit["d"]), over=aimed(hit["o"], masked))


@rule(
    r"(?:(?:look|search)\s+for|find|locate|spot|scroll\s+for)\s+(?P<x>(?:(?:the|a|an)\s+)?(?:button|link|field|tab|icon|menu|heading|section)\s+.+|(?:(?:the|a|an)\s+)?.+\s(?:button|link|field|tab|icon|checkbox|menu|heading|section|row|drop-?down|image|picture)(?:\s+(?:on|in|at|below|above|next\s+to)\s+.+)?)"
)
def _locate(hit: re.Match[str], masked: Masked) -> Made:
    return None if re.search(REFUSED_WORDS, hit["x"], re.IGNORECASE) else c.ScrollBy(until=aimed(hit["x"], masked))


@rule(
    rf"(?:scroll|page|swipe)(?:\s+(?P<d>up|down|left|right|upwards?|downwards?))?(?:\s+(?:by\s+|for\s+)?(?P<n>{NUMBER}|an?|half\s+a|a\s+little|a\s+bit|a\s+lot|some|further)(?:\s+(?P<u>notch(?:es)?|times|steps?|clicks?|px|pixels?|pages?|screens?|lines?|more|bit))?|\s+(?P<more>further|more|again))?(?:\s+(?:in|inside|within|over|on)\s+(?P<o>.+))?"
)
def _scroll(hit: re.Match[str], masked: Masked) -> Made:
    word, unit = (hit["n"] or "").lower(), (hit["u"] or "").lower()
    number = cast_count(word) if re.fullmatch(NUMBER, word or "-") else 1
    amount = {"a little": 3, "a bit": 3, "a lot": 20, "half a": 4}.get(word, 0)
    if not amount:
        per = {"p": 8, "s": 8, "n": 1, "c": 1, "l": 1, "t": 5, "m": 5}
        amount = max(1, round(number / 100)) if unit.startswith("p") and "x" in unit else 0
        amount = amount or (number * per.get(unit[:1], 5) if word else 5)
        if unit.startswith("step"):
            amount = number
    over = "" if not hit["o"] or re.fullmatch(WHOLE, hit["o"], re.IGNORECASE) else aimed(hit["o"], masked)
    return c.ScrollBy(direction=_way(hit["d"]), amount=min(100, amount), over=over)


def _way(word: str | None) -> Literal["up", "down", "left", "right"]:
    ways: tuple[Literal["up", "down", "left", "right"], ...] = ("up", "left", "right")
    return next((way for way in ways if (word or "").lower().startswith(way)), "down")

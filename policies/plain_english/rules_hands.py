"""Rules for what hands do: typing, keys, ticking, choosing, logging in, searching, opening, clicking."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.perception.phrases.quoting import ATOM, QUOTED
from handeye.policies.plain_english.clause_rules import CLICK, TIMES, Rules, address, aimed, count, plausible, quoted
from handeye.policies.plain_english.keys import LABELS_TOO, SAID_KEY, parse_keys
from handeye.policies.plain_english.lists import several, value_of
from handeye.policies.plain_english.verbs import LABEL_VERBS, PARTICLES, REFUSED_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.phrases.quoting import Masked
    from handeye.policies.plain_english.clause_rules import Made

rule = Rules()

_NAME = rf"(?:{QUOTED}|{ATOM}|[^\s,/]+)"
_VALUE = rf"(?:{QUOTED}|{ATOM}|[^\s,]+)"
_INTO = r"(?:into|inside|in|to|on|onto|at|under)"
_TYPE = (
    r"(?:type(?:\s+in)?|write|enter|input|key\s+in|insert|paste|put|fill\s+in|fill|place|use|provide|supply|give|send)"
)
_WORDS = r"(?:(?:the\s+)?(?:text|words?|value|number|string|message|line|phrase|sentence|characters?)\s+)?"
_PIN_WORDS = r"(?:password|passwd|pass\s?word|passcode|passphrase|pw|pwd|pass|pin|kennwort|passwort)"
_USER = r"(?:(?:the\s+)?(?:user\s?name|user\s?id|user|account|e-?mail(?:\s+address)?|login(?:\s+name)?|name|credentials)\s*[:=]?\s+)?"
_BUT = {"type", "write", "type in", "insert", "paste"}

#: Bare words that a shortcut stands for on every desktop, if no control is called so.
SHORTCUTS = {
    "select all": "ctrl+a", "select everything": "ctrl+a", "select all text": "ctrl+a", "select all the text": "ctrl+a",
    "copy": "ctrl+c", "copy it": "ctrl+c", "copy the selection": "ctrl+c", "cut": "ctrl+x", "paste": "ctrl+v",
    "paste it": "ctrl+v", "undo": "ctrl+z", "redo": "ctrl+y",
}  # fmt: skip


_TOOL = rf"(?:{QUOTED}|{ATOM}|[^\W\d][\w\-]*)"


@rule(
    rf"(?:use|call|run)\s+(?:(?:the\s+)?tool\s+(?P<a>{_TOOL})|(?:the\s+)?(?P<b>{_TOOL})\s+tool|(?P<c>{_TOOL})(?=\s+with\s))(?:\s+with\s+(?P<all>.+))?"
)
def _use_tool(hit: re.Match[str], masked: Masked) -> Made:
    made: list[tuple[str, str, bool]] = []
    place, text = 0, hit["all"] or ""
    pair = rf"(?P<n>[^\W\d][\w\-]*)\s*(?:[:=]\s*|\s)(?P<x>{QUOTED}|{ATOM}|-?\w+)(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*$)"
    while found := re.match(pair, text[place:]):
        made.append((found["n"], masked.content(found["x"]), quoted(found["x"])))
        place += found.end()
    if place < len(text):
        return None
    return c.UseTool(tool=masked.content(hit["a"] or hit["b"] or hit["c"]), arguments=tuple(made))


@rule(r"(?:delete|clear|remove|erase)\s+(?:all\s+(?:of\s+)?)?(?:the\s+)?(?:text|contents?|everything)")
def _delete_text(_: re.Match[str], __: Masked) -> Made:
    return [c.PressKeys(keys="ctrl+a"), c.PressKeys(keys="delete")]


@rule(rf"replace\s+(?:the\s+|its\s+)?(?:text|contents?|value|it)\s+(?:with|by)\s+(?P<x>{QUOTED})")
def _replace_text(hit: re.Match[str], masked: Masked) -> Made:
    return [c.PressKeys(keys="ctrl+a"), c.Write(text=masked.content(hit["x"]))]


@rule("|".join(re.escape(words) for words in SHORTCUTS))
def _shortcut(hit: re.Match[str], _: Masked) -> Made:
    words = hit[0].lower()
    label = "Select all" if words.startswith("select") else words.split()[0].capitalize()
    return c.PressKeys(keys=SHORTCUTS[words], label=label)


def _writes(verb: str, text: str, field: str, masked: Masked) -> c.Write | None:
    value = value_of(text, masked)
    if value is None:  # `username "ada"` in “the username field”: the words only name the field once more
        around = {word for word in re.sub(QUOTED, " ", text).lower().split() if word not in {"the", "a", "an", "my"}}
        if len(re.findall(QUOTED, text)) != 1 or not around or not around <= {*field.lower().split()}:
            return None
        value = masked.content("".join(re.findall(QUOTED, text))), True
    if not value[1] and _DESCRIBED.search(text):
        return None
    return c.Write(
        text=value[0],
        target=_field(field, masked),
        replace=bool(field.strip()) and " ".join(verb.lower().split()) not in _BUT,
        fact=not value[1],
    )


def _written(verb: str, text: str, field: str, masked: Masked) -> Made:
    """One text for one field, or for each field of a list: “type 5 into Width and Height”."""
    made = _writes(verb, text, field, masked)
    parts, sure = several(field)
    if made is None or len(parts) < 2 or not all(plausible(part) for part in parts):
        return made
    if sure:
        return [replace(made, target=_field(part, masked)) for part in parts]
    return replace(made, parts=tuple(_field(part, masked) for part in parts))


#: What is not in quotes and says where a text stands, or where it goes to, is no text to be typed.
_DESCRIBED = re.compile(
    r"^(?:of|in|into|from|to)\b|\b(?:value|text|contents?|number|name|same)\s+(?:of|in|from|as)\b|['’]s\s+(?:value|text|contents?)\b"
    r"|\b(?:field|text\s?box|input|text\s?area|search\s+bar)\b",
    re.IGNORECASE,
)
#: Names of fields that people say before a value: “enter username ada”.
_FIELD_NOUN = r"(?:user\s?name|user\s?id|login|password|passcode|pin|e-?mail(?:\s+address)?|phone(?:\s+number)?|(?:first|last|full|given|family)\s+name|surname|address|city|town|country|zip(?:\s+code)?|post(?:al)?\s?code|postcode|street|company|age|coupon(?:\s+code)?|code)"
_TEXT_OF = r"(?:the\s+)?(?:(?:current|whole|exact)\s+)?(?:value|text|contents?)\s+(?:of|in|from|inside)\s+"
_A_FIELD = r"(?P<f>.*\b(?:field|text\s?box|box|input|text\s?area|textarea|bar|editor)\b.*)"


@rule(rf"(?:{_TYPE}|copy)\s+{_TEXT_OF}(?P<x>.+?)\s+(?:into|inside|in|to|onto|as)\s+(?P<f>.+)",
      r"(?:type|enter|copy|paste|put|write|insert|input)\s+(?:the\s+)?(?P<x>.+?)['’]s\s+(?:value|text|contents?)\s+(?:into|in|to)\s+(?P<f>.+)",
      r"copy\s+(?P<x>.+?)\s+into\s+(?P<f>.+)",
      rf"copy\s+(?P<x>.+?)\s+to\s+{_A_FIELD}")  # fmt: skip
def _from_the_screen(hit: re.Match[str], masked: Masked) -> Made:
    what = re.sub(r"^the\s+", "", hit["x"].strip(), flags=re.IGNORECASE)
    if not plausible(what) or not plausible(hit["f"]) or _BETWEEN_FIELDS.search(hit["f"]):
        return None
    read = c.ReadOff(what=aimed(what, masked), aside=True)
    return [read, c.Write(text="it", target=_field(hit["f"], masked), replace=True, fact=True)]


_BETWEEN_FIELDS = re.compile(r"\s(?:into|and)\s", re.IGNORECASE)


@rule(
    r"(?P<v>type|enter|write|put|input)\s+(?:in|into)\s+(?:the\s+)?(?P<f>\S.*?\s(?:field|box|input|text\s?area|bar))\s+(?P<x>.+)"
)
def _field_first(hit: re.Match[str], masked: Masked) -> Made:
    return _writes(hit["v"], re.sub(rf"^{_WORDS}", "", hit["x"], flags=re.IGNORECASE), hit["f"], masked)


@rule(
    rf"(?:type|enter|input|provide|write)\s+(?:in\s+)?(?:the\s+|my\s+|your\s+)?(?P<f>{_FIELD_NOUN})\s*[:=]?\s+(?P<x>{_VALUE})"
)
def _noun_and_value(hit: re.Match[str], masked: Masked) -> Made:
    value = value_of(hit["x"], masked)
    if value is None or (not value[1] and re.fullmatch(r"(?:in|into|to|as|for|with|and|field|box)", value[0], re.I)):
        return None
    return c.Write(text=value[0], target=hit["f"], replace=True, fact=not value[1])


def _field(piece: str, masked: Masked) -> str:
    return re.sub(
        r"^(?:the\s+|your\s+|my\s+)?(?:field|box)\s+(?:called|named|labell?ed|for)\s+", "", aimed(piece, masked)
    )


_INTO_FIELD = (
    rf"(?P<x>{_VALUE})\s+(?:into|in)\s+(?P<f>\S.*?)(?:\s*,\s*(?:and\s+)?(?=\S+\s+in)|\s+and\s+(?=\S+\s+in)|\s*$)"
)


@rule(r"(?P<v>type|enter|input|write|put|fill\s+in)\s+(?P<all>.+\s(?:into|in)\s.+\s(?:into|in)\s.+)")
def _several_into(hit: re.Match[str], masked: Masked) -> Made:
    made: list[c.Clause] = []
    place = 0
    while found := re.match(_INTO_FIELD, hit["all"][place:], re.IGNORECASE):
        one = _writes(hit["v"], found["x"], found["f"], masked)
        if one is None:
            return None
        made.append(one)
        place += found.end()
    return made if len(made) > 1 and place == len(hit["all"]) else None


@rule(rf"(?P<v>{_TYPE})\s+{_WORDS}(?P<x>{QUOTED})\s*(?:(?:{_INTO}|as|for)\s+(?P<f>.+))?")
def _type_quoted(hit: re.Match[str], masked: Masked) -> Made:
    verb = " ".join(hit["v"].lower().split())
    field = hit["f"] or ""
    says_field = re.search(r"\b(?:field|box|bar|input|area)\b", field, re.IGNORECASE) or re.search(r"\sas\s", hit[0])
    if verb in {"use", "send", "give", "place", "provide", "supply"} and not says_field:
        return None
    if verb.startswith("fill") and re.search(rf"\swith\s+(?:{QUOTED}|{ATOM})$", field, re.IGNORECASE):
        return None  # “fill FIELD in PLACE with VALUE”: what is filled in stands last
    if re.fullmatch(
        r"(?:the\s+)?(?:keyboard|editor|window|document|page|app|terminal|focused\s+field)", field, re.IGNORECASE
    ):
        field = field if "editor" in field.lower() or "document" in field.lower() else ""
    return _written(verb, hit["x"], re.sub(r"^(?:the|your|my)\s+", "the ", field, flags=re.IGNORECASE), masked)


@rule(
    r"(?:fill(?:\s+(?:in|out|up))?|complete|populate|set|change|update|edit|adjust|modify|enter|increase|decrease|raise|lower|reduce|switch)\s+(?P<all>.+?\s+(?:with|to|=|as|:)\s+.+)"
)
def _set(hit: re.Match[str], masked: Masked) -> Made:
    verb = hit[0].split()[0].lower()
    word = r"(?:with|=|:|as)" if verb in {"fill", "complete", "populate"} else r"(?:to|=|:)"
    text = re.sub(r"^(?:the|this)\s+form\s*(?::|with)\s*", "", hit["all"].strip(), flags=re.IGNORECASE)
    if text != hit["all"].strip() and (named := _fields_and_values(text, masked)):
        return named
    made: list[c.Clause] = []
    for field, value in _pairs(text, word):
        clean = re.sub(r"^(?:the\s+)?(?:value\s+of\s+)", "", field, flags=re.IGNORECASE)
        if re.fullmatch(
            r"(?:the\s+|this\s+)?(?:form|fields?|everything|it all)|back|over|on|off", clean, re.IGNORECASE
        ):
            return None
        said = value_of(re.sub(rf"^{_WORDS}", "", value, flags=re.IGNORECASE), masked)
        if said is None or (not said[1] and re.match(r"of\b", said[0], re.IGNORECASE)):
            return None
        made.append(c.Write(text=said[0], target=_field(clean, masked), replace=True,
                            fact=not said[1], any_kind=verb not in {"fill", "enter"}))  # fmt: skip
    return made or None


def _pairs(text: str, word: str) -> list[tuple[str, str]]:
    """`A with 1, B with 2 and C with 3` as fields and values; what has no such word belongs to the value before it."""
    pairs: list[tuple[str, str]] = []
    bounds = [(found.start(), found.end()) for found in re.finditer(r"\s*,\s*(?:and\s+)?|\s+and\s+", text)]
    start = 0
    for left, right in [*bounds, (len(text), len(text))]:
        one = re.fullmatch(rf"(?P<f>\S.*?)\s*(?:(?<=\s){word}|[:=])\s+(?P<x>\S.*)", text[start:left], re.I | re.S)
        rest = text[right:]
        opens = not rest or re.match(rf"(?:(?!(?:,|\band\b)).)+?(?:\s{word}|[:=])\s+\S", rest, re.I | re.S)
        if one and opens:
            pairs.append((one["f"], one["x"]))
            start = right
        elif not rest:
            return []
    return pairs


_NAMED = rf"(?:the\s+|your\s+|my\s+)?(?P<f>[^\W\d][\w\- ]*?)\s*[:=]?\s+(?P<x>{QUOTED}|{ATOM}|\d\S*)"


@rule(r"(?:type|enter|input|write|put|provide|fill\s+in)\s+(?P<all>[^\W\d].*)")
def _named_values(hit: re.Match[str], masked: Masked) -> Made:
    return _fields_and_values(hit["all"], masked)


def _fields_and_values(text: str, masked: Masked) -> Made:
    """`username "ada" and password "x"`: each field before its value."""
    made: list[c.Clause] = []
    place = 0
    while found := re.match(rf"{_NAMED}(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*$)", text[place:], re.IGNORECASE):
        if re.fullmatch(r"(?:the\s+)?(?:text|in|down|address|url|words?|value)", found["f"], re.IGNORECASE):
            return None
        plain = not quoted(found["x"])
        made.append(c.Write(text=masked.content(found["x"]), target=found["f"], replace=True, fact=plain))
        place += found.end()
    return made if made and place == len(text) else None


@rule(rf"(?P<v>{_TYPE})\s+{_WORDS}(?P<x>.+?)\s+(?:into|inside)\s+(?P<f>.+)",
      rf"(?P<v>{_TYPE})\s+{_WORDS}(?P<x>.+?)\s+(?:as|for)\s+(?P<f>(?:the|your|my)\s+.+|{_FIELD_NOUN})",
      rf"(?P<v>{_TYPE})\s+{_WORDS}(?P<x>.+?)\s+(?:in|on|to|at)\s+(?P<f>(?:(?:the|your|my)\s+.+|.*\b(?:field|box|bar|area|input|editor)|{QUOTED}|[A-Z]\S*(?:\s+\S+)?))",
      r"(?P<v>type|write|key\s+in|input|enter|paste|insert)(?:\s+in)?\s+" + _WORDS + r"(?P<x>.+)(?P<f>)")  # fmt: skip
def _type_bare(hit: re.Match[str], masked: Masked) -> Made:
    verb = " ".join(hit["v"].lower().split())
    if not hit["f"] and verb == "enter" and re.search(REFUSED_WORDS, hit["x"], re.IGNORECASE):
        return None
    if verb in {"use", "give", "send", "place", "provide", "supply", "fill", "fill in"} and hit["v"] and not hit["f"]:
        return None
    if verb in {"send", "give", "use", "place"} and not re.search(
        r"\b(?:field|box|bar|input)\b", hit["f"], re.IGNORECASE
    ):
        return None
    if not hit["f"] and not re.search(QUOTED, hit["x"]) and _NAMES_A_PLACE.search(hit["x"]):
        return None  # the border between text and field is ambiguous
    return _written(verb, hit["x"], hit["f"], masked)


_NAMES_A_PLACE = re.compile(
    rf"\s(?:in|into|inside|at|as|for)\s+(?:the\s+)?{_FIELD_NOUN}$|\s(?:into|inside)\s|^{_FIELD_NOUN}\s", re.IGNORECASE
)


@rule(r"(?:clear|empty|blank|erase|wipe)(?:\s+out)?\s+(?:the\s+)?(?:contents?\s+of\s+|text\s+(?:in|of|from)\s+)?(?P<x>.*\b(?:field|box|input|bar|area|editor)|.*)",
      r"(?:delete|remove|erase)\s+(?:all\s+)?(?:the\s+)?(?:text|contents?|value)\s+(?:in|of|from|inside)\s+(?P<x>.+)")  # fmt: skip
def _clear(hit: re.Match[str], masked: Masked) -> Made:
    if not hit["x"] or re.fullmatch(
        r"(?:(?:all|completed|the)\s+)*(?:all|filters?|completed|cart|basket|selection|history|cache|search|list|form|items?|log|trash|bin)",
        hit["x"],
        re.IGNORECASE,
    ):
        return None
    if not all(plausible(part) for part in several(hit["x"])[0]):
        return None
    return _each(hit["x"], masked, lambda target: c.Empty(target=target))


def _each(what: str, masked: Masked, make: Callable[[str], c.Clause]) -> list[c.Clause]:
    """One clause for every member of a list; a single clause that knows its parts where it may be one label."""
    parts, sure = several(what)
    if sure:
        return [make(aimed(part, masked)) for part in parts]
    return [replace(make(aimed(what, masked)), parts=tuple(aimed(part, masked) for part in parts))]


@rule(rf"(?:log|sign)\s*-?(?:in|on)(?:\s*(?:to|into)\s+(?:the\s+)?\S+(?:\s+(?!as\b|with\b|using\b)\S+){{0,3}}?)?\s+(?:as|with|using|under|by)\s+{_USER}(?P<u>{_NAME})(?:\s*(?:,?\s*(?:and|with|using|by)\b|,|/|:)*\s*(?:(?:the|my|a)\s+)?{_PIN_WORDS}\s*(?:is|of|=|:)?\s*(?P<p>{_VALUE}))?",
      rf"(?:log|sign)\s*-?(?:in|on)\s+(?:as|with|using)\s+{_USER}(?P<u>{_NAME})\s*(?:/|,|and|:)\s*(?P<p>{_VALUE})")  # fmt: skip
def _log_in(hit: re.Match[str], masked: Masked) -> Made:
    user, password = masked.content(hit["u"]), masked.content(hit["p"]) if hit["p"] else ""
    if not password and user.lower() in {
        "google",
        "github",
        "apple",
        "facebook",
        "microsoft",
        "sso",
        "email",
        "twitter",
    }:
        return None
    return c.LogIn(user=user, password=password)


@rule(rf"(?:search|look|hunt|do\s+a\s+search|run\s+a\s+search|perform\s+a\s+search)(?:\s+(?:through\s+|in\s+|on\s+)?(?:the|this)\s+[\w ]+?)?\s+for\s+{_WORDS}(?P<x>.+?)(?:\s+(?:in|into|using|with|on|via)\s+(?P<f>(?:the\s+)?(?:\S+\s+)*?(?:search|box|field|bar|searchbox)(?:\s+(?:box|field|bar))?))?(?:\s+(?:on|in)\s+(?:the|this)\s+(?:page|site|website|shop|app))?",
      rf"(?:search|find|look\s+up|google)\s+(?P<x>{QUOTED}|{ATOM})(?:\s+(?:in|using|with|on)\s+(?P<f>.+))?",
      r"(?:look\s+up|search)\s+(?!(?:the|this|for|in|box|field)\b)(?P<x>\S+(?:\s+\S+){0,4})(?P<f>)")  # fmt: skip
def _search(hit: re.Match[str], masked: Masked) -> Made:
    words = hit["x"].strip()
    if quoted(words):
        return c.SearchFor(text=masked.content(words), target=aimed(hit["f"] or "", masked))
    words = re.sub(r"^(?:an?|the|some|any)\s+", "", words, flags=re.IGNORECASE)
    if not words or re.search(REFUSED_WORDS, words, re.IGNORECASE):
        return None
    return c.SearchFor(text=masked.restore(words), target=aimed(hit["f"] or "", masked), fact=True)


@rule(r"(?:open|go\s+to|goto|visit|navigate\s+to|browse\s+to|load|head\s+(?:over\s+)?to|get\s+to|access|surf\s+to|call\s+up|start\s+(?:at|on|from|with)|return\s+to)\s+(?:the\s+)?(?:(?:page|url|address|site|website|web\s+page|link)\s+(?:at\s+)?)?(?P<x>\S+)",
      r"(?:i|we|the\s+user)\s+(?:am|are|is)\s+(?:on|at)\s+(?:the\s+)?(?:page\s+|url\s+)?(?P<x>\S+)")  # fmt: skip
def _visit(hit: re.Match[str], masked: Masked) -> Made:
    url = address(hit["x"], masked)
    return c.Visit(url=url) if url else None


@rule(r"(?:choose|select|pick|set)\s+(?:the\s+)?(?:options?|values?|entry|entries|items?)?\s*(?P<x>.+?)\s+(?:from|in|out\s+of|within)\s+(?P<f>.+)",
      rf"(?:choose|select|pick|use)\s+(?P<x>{_VALUE}|(?:the\s+)?(?:option|value|entry)\s+(?:\S+\s+){{0,3}}?{QUOTED})\s+(?:for|as|under)\s+(?P<f>.+)")  # fmt: skip
def _choose(hit: re.Match[str], masked: Masked) -> Made:
    options, field = hit["x"].strip(), hit["f"]
    if re.fullmatch(
        r"(?:the\s+)?(?:page|screen|window|dialog(?:ue)?|header|footer|sidebar|toolbar|top|bottom)\b.*",
        field,
        re.IGNORECASE,
    ):
        return None
    target = aimed(field, masked)
    return _each(_option(options), masked, lambda option: c.Choose(option=option, target=target))


def _option(piece: str) -> str:
    """Of “the option with the text "X"” what is in quotes."""
    quotes = re.findall(QUOTED, piece)
    named = re.fullmatch(
        rf"(?:the\s+)?(?:options?|values?|entry|entries|items?|choice)\s+(?:(?:with|of)\s+(?:the\s+)?(?:text|label|name|value)"
        rf"|labell?ed|called|named|saying)?\s*{QUOTED}|{QUOTED}\s+(?:option|value|entry|choice)",
        piece.strip(),
        re.IGNORECASE,
    )
    return str(quotes[0]) if named and len(quotes) == 1 else piece


@rule(r"(?P<v>tick|check(?:\s+off)?|mark|untick|uncheck|unmark|toggle|deselect|unselect|turn\s+on|turn\s+off|switch\s+on|switch\s+off|enable|disable|flip)\s+(?!that\b|whether\b|if\b|out\b|in\b|for\b)(?P<x>.+)",
      r"(?:turn|switch)\s+(?P<x>.+?)\s+(?P<v>on|off)")  # fmt: skip
def _tick(hit: re.Match[str], masked: Masked) -> Made:
    verb = " ".join(hit["v"].lower().split())
    if verb == "mark" and not re.search(r"\b(?:check\s?box|tick\s?box|box)\b", hit["x"], re.IGNORECASE):
        return None
    on = (
        None
        if verb in {"toggle", "flip"}
        else not (verb.startswith("un") or verb.endswith("off") or verb in {"deselect", "disable"})
    )
    on = True if verb == "check off" else on
    if verb == "check" and re.match(
        rf"(?:the\s+)?(?:text|words?|message|heading|title|phrase)\s+{QUOTED}$", hit["x"], re.I
    ):
        return None  # a text cannot be ticked
    return _each(hit["x"], masked, lambda target: c.Tick(target=target, on=on))


@rule(rf"(?:upload|attach|give|add|choose|select)\s+(?:the\s+)?(?:files?\s+|documents?\s+|pictures?\s+|images?\s+|photos?\s+)(?P<x>(?:{QUOTED}|{ATOM})(?:\s*(?:,|and|,\s*and)\s*(?:{QUOTED}|{ATOM}))*)(?:\s+(?:to|in|into|as|for|using|with|at|on|from)\s+(?P<f>.+))?",
      rf"(?:upload|attach)\s+(?P<x>(?:{QUOTED}|{ATOM})(?:\s*(?:,|and|,\s*and)\s*(?:{QUOTED}|{ATOM}))*)(?:\s+(?:to|in|into|as|for|using|with|at|on)\s+(?P<f>.+))?")  # fmt: skip
def _upload(hit: re.Match[str], masked: Masked) -> Made:
    if not re.match(r"upload|attach|give", hit[0], re.IGNORECASE) and not re.search(
        r"[/.\\]", masked.content(hit["x"])
    ):
        return None
    paths = tuple(masked.content(part) for part in re.findall(rf"{QUOTED}|{ATOM}", hit["x"]))
    return c.Give(paths=paths, target=aimed(hit["f"] or "", masked))


@rule(rf"(?:press|hit|strike|push|use|type|send|tap)\s+(?P<x>.+?)(?:\s+(?:in|on|into)\s+(?P<f>(?!the\s+(?:keyboard|page|screen))(?:the\s+)?.+))?{TIMES}",
      rf"(?:press|hit)\s+(?P<x>.+?)\s+on\s+(?:the|your)\s+keyboard(?P<f>){TIMES}")  # fmt: skip
def _press(hit: re.Match[str], masked: Masked) -> Made:
    if re.match(r"(?:use|type|send|tap|push)", hit[0], re.IGNORECASE) and not SAID_KEY.search(hit["x"]):
        return None
    words = masked.content(hit["x"]).strip()
    target = aimed(hit["f"] or "", masked)
    keys = parse_keys(words)
    if not keys and len(words) == 1:
        keys = words
    if keys and _names_control(hit["x"], hit["f"] or "", words):
        place = f" in {hit['f']}" if hit["f"] else ""
        return c.ClickOn(target=aimed(hit["x"] + place, masked), count=count(hit))
    if keys:
        ambiguous = words.lower() in LABELS_TOO or len(words) == 1
        return c.PressKeys(keys=keys, count=count(hit), target=target, label=words if ambiguous and not target else "")
    parts = re.split(
        r"\s*(?:,\s*and\s+then\b|,\s*and\b|,\s*then\b|,|\band\s+then\b|\band\b|\bthen\b)\s*", hit["x"].strip()
    )
    several = [parse_keys(masked.content(part)) for part in parts]
    if len(several) > 1 and all(several):
        return [c.PressKeys(keys=each, target=target if not place else "") for place, each in enumerate(several)]
    return None


def _names_control(said: str, place: str, words: str) -> bool:
    """Whether the name of a key is that of a control: a quoted one that is called a button, or one that is as often a
    label as a key (“Delete”), called a button or placed where no text is typed."""
    if SAID_KEY.search(said):
        return False
    button = re.search(r"\b(?:button|link|icon)\b", said, re.IGNORECASE)
    label = re.sub(r"^the\s+|\s+(?:button|link|icon)$", "", words, flags=re.IGNORECASE).strip("\"'“”").lower()
    typed = re.search(r"\b(?:field|box|input|area|editor|list|table|grid|tree)\b", place, re.IGNORECASE)
    if label in LABELS_TOO:
        return bool(button) or bool(place and not typed)
    return bool(button and re.search(QUOTED, said))


@rule(
    r"(?:press|hit|use|submit\s+with)\s+(?:the\s+)?(?P<x>enter|return)(?:\s+(?:to\s+(?:submit|confirm|search|send)|key).*)?"
)
def _enter(_: re.Match[str], __: Masked) -> Made:
    return c.PressKeys(keys="enter")


@rule(r"(?:choose|select|pick)\s+(?:the\s+(?:option|value|entry)\s+)?(?P<x>.+)")
def _choose_bare(hit: re.Match[str], masked: Masked) -> Made:
    what = _option(hit["x"])
    return _each(what, masked, lambda option: c.Choose(option=option)) if plausible(several(what)[0][0]) else None


@rule(rf"{CLICK}\s+(?P<x>.+?){TIMES}",
      rf"(?:open|go\s+to|goto|navigate\s+to|head\s+(?:over\s+)?to|return\s+to|go\s+back\s+to|go\s+into|enter(?=\s+the\s+\S+\s+(?:page|section|menu))|switch\s+to|change\s+to|launch|get\s+to|access|visit|move\s+on\s+to|proceed\s+to|continue\s+to|expand|show|view|display)\s+(?P<x>.+?){TIMES}")  # fmt: skip
def _click(hit: re.Match[str], masked: Masked) -> Made:
    what = hit["x"].strip(" ,:")
    if not re.search(rf"\w|{QUOTED}|{ATOM}|[^\s]", what) or re.fullmatch(
        r"(?:on|at|the|it\s+all)", what, re.IGNORECASE
    ):
        return None
    path = [part for part in re.split(r"\s+(?:>|→|»|->|=>|›)\s+", what) if part]
    if len(path) > 1:
        return [c.ClickOn(target=aimed(part, masked)) for part in path]
    parts, _ = several(what)
    if not all(plausible(part) for part in parts) or (len(parts) > 1 and count(hit) > 1):
        return None
    if new_tab := re.fullmatch(r"(?P<x>.+?)\s+in\s+(?:a|another)\s+(?:new\s+|separate\s+)?tab", what, re.IGNORECASE):
        return [c.ClickOn(target=aimed(new_tab["x"], masked), modifiers=("ctrl",)), c.UseTab(do="switch", which="last")]
    return _each(what, masked, lambda target: c.ClickOn(target=target)) * count(hit)


@rule(
    r"(?P<v>[^\W\d]+(?:-[^\W\d]+)*)(?:\s+(?P<p>" + "|".join(sorted(PARTICLES)) + r"))?(?=\s|$)(?:\s+(?P<x>.+?))??"
    r"(?:\s+(?P<w>(?:to|from|into|in|on|onto|of|off|with|at|for|as|under|by)\s+.+))?"
)
def _operate(hit: re.Match[str], masked: Masked) -> Made:
    words = hit[0].split()
    verb, particle = hit["v"], hit["p"] or ""
    known = verb.lower() in LABEL_VERBS
    if re.search(REFUSED_WORDS, hit[0], re.IGNORECASE) or re.search(
        r"[,:]|\b(?:me|us|him|her|not|never|if|unless|until|while|when|because)\b", hit[0]
    ):
        return None
    if len(words) > (10 if known else 3) or (not known and re.search(rf"{QUOTED}|{ATOM}", hit[0])):
        return None
    if _leaves_out(hit) or re.match(
        r"(?:check|verify|validate|confirm|test|see)\s+(?:that|whether|if)\b", hit[0], re.I
    ):
        return None  # a statement that no rule understands is no label
    if not known and re.search(r"\b(?:the|an?|my|your)\b", hit[0], re.IGNORECASE):
        return None
    if _SAYS_SO.search(hit[0]):
        return None  # what is so is no thing to be pressed
    if verb.lower() in _LOOKING and not particle and (hit["x"] or hit["w"]):
        # “Verify account” may be a button; that the words after it are so somewhere is no press of “Verify”.
        bare = verb.lower() == "check" or re.search(QUOTED, hit[0])
        return None if bare else c.Operate(verb=hit[0], certain=False)
    if not known:
        return c.Operate(verb=hit[0], certain=False) if len(words) > 1 or verb[0].isupper() else None
    verb = f"{verb} {particle}" if particle else verb
    thing = hit["x"] or ""
    thing = "" if thing.lower() in {"it", "this", "that", "them", "now", "again"} else thing
    return c.Operate(verb=verb, thing=masked.restore(thing), place=masked.restore(hit["w"] or ""))


#: A statement rather than a label.
_SAYS_SO = re.compile(
    r"\b(?:is|are|was|were|isn['’]?t|aren['’]?t|should|must|appears?|disappears?|remains?|stays?|contains?|shows\b)(?:\s|$)",
    re.IGNORECASE,
)
#: Verbs that ask whether something is so.
_LOOKING = frozenset({"check", "verify", "validate", "test", "see"})


def _leaves_out(hit: re.Match[str]) -> bool:
    """Whether pressing a control would leave a part of the clause undone: “rename "a" to "b"”, “reply "Thanks" to Bob”."""
    thing, place = hit["x"] or "", hit["w"] or ""
    if hit["v"].lower() in {"add", "remove", "delete"}:
        return False
    value = re.search(rf"{QUOTED}|{ATOM}|\d", place) and not re.search(
        r"\b(?:row|result|item|page|first|next)\b", place, re.I
    )
    told = re.match(r"(?:to|with|by|as|into)\b", place, re.IGNORECASE)
    return bool((value and told) or (re.search(QUOTED, thing) and re.match(r"(?:to|with|by)\b", place, re.I)))

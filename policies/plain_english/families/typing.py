"""Typing, filling in, copying and clearing."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.families.clicking import each
from handeye.policies.plain_english.frames import Family
from handeye.policies.plain_english.lexicon import FIELD_NOUNS

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Targets, Value

family = Family("Type and fill in")

_FIELD = re.compile(r"\b(?:\w*field|text\s?box|\w*box|input|text\s?area|textarea|bar|editor|prompt)s?\b", re.IGNORECASE)
_LIST = re.compile(
    r"\b(?:column|lane|list|board|folder|bin|stack|pile|group|zone|area|cart|basket|bag)\b", re.IGNORECASE
)
_KEYBOARD = re.compile(r"(?:the\s+)?(?:keyboard|window|page|app|terminal|focused\s+(?:field|element))$", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“„«'‘`]")
_DIALOG = re.compile(r"(?:the\s+|an?\s+)?(?:javascript\s+)?(?:prompt|alert|confirm)(?:\s+(?:alert|box|dialog|window|popup))?$", re.IGNORECASE)  # fmt: skip


def _field(target: str) -> str:
    if _DIALOG.match(target):
        return "the field in the dialog"
    return re.sub(r"^(?:(?:the|your|my)\s+)?(?:field|box)\s+(?:called|named|labell?ed|for)\s+", "", target, flags=re.I)


def _named(target: str) -> bool:
    """Whether words after “in”, “on” or “to” name a field, rather than being more of an unquoted text."""
    first = target.split()[0].lower()
    return bool(_QUOTED.search(target) or first in ("the", "your", "my") or _FIELD.search(target) or target[:1].isupper())  # fmt: skip


def _write(value: Value, targets: Targets, by: str, replaces: bool) -> Made:
    whole = targets.whole
    if not value.quoted and by == "in" and not _named(whole):
        return None
    if not value.quoted and by == "as" and not (re.match(r"(?:the|your|my)\b", whole, re.I) or whole.lower() in FIELD_NOUNS):  # fmt: skip
        return None
    if value.quoted and _KEYBOARD.match(whole):
        return c.Write(text=value.text)
    return each(targets, lambda target: c.Write(text=value.text, target=_field(target), replace=replaces, fact=not value.quoted))  # fmt: skip


_INTO = "(into|inside {by=into} | on to {by=into} | in|on|to|onto|at|under {by=in} | as|for {by=as})"


@family.frame(f"type|write|insert|paste [in] @textword <value> {_INTO} <targets>")
def type_into(value: Value, targets: Targets, by: str) -> Made:
    """Type at the end of what a field holds."""
    return _write(value, targets, by, False)


@family.frame(
    f"enter|input|provide|supply|key [in] @textword <value> {_INTO} <targets>",
    f"fill [in] @textword <value> {_INTO} <targets> {{verb=fill}}",
    f"put [in] @textword <value> {_INTO} <targets> {{verb=put}}",
)
def enter_into(value: Value, targets: Targets, by: str, verb: str = "") -> Made:
    """Enter a text: it replaces what the field holds."""
    if verb == "fill" and re.search(r"\bwith\s", targets.whole):
        return None  # “fill FIELD in PLACE with VALUE”
    if verb == "put" and _LIST.search(targets.whole) and not _FIELD.search(targets.whole):
        return None
    return _write(value, targets, by, True)


@family.frame(f"use|give|send|place|add|append|specify|set @textword <value> {_INTO} <targets>", cost=0.05)
def use_in_field(value: Value, targets: Targets, by: str, **_: Any) -> Made:
    """Other verbs, where a field is named as such."""
    if not _FIELD.search(targets.whole) or (by == "as" and not value.quoted):
        return None
    return _write(value, targets, "into", True)


@family.frame("append|add @textword <value:quote> to <target>", cost=0.02)
def append(value: str, target: str) -> Made:
    """Add a text to what a field holds."""
    return c.Write(text=value, target=_field(target)) if _FIELD.search(target) else None


@family.frame("type|write|input|enter|paste|insert|key [in] @textword <value>")
def type_here(value: Value) -> Made:
    """Type where the keyboard is."""
    low = value.text.lower()
    if not value.quoted and (re.match(r"(?:in|into)\b", low) or any(low.startswith(f"{noun} ") for noun in FIELD_NOUNS)):  # fmt: skip
        return None
    if not value.quoted and re.search(r"\s(?:into|inside)\s", low):
        return None
    return c.Write(text=value.text, fact=not value.quoted)


@family.frame(
    "type|write in|into <target> @textword <value>",
    "enter|put|input in|into <target> @textword <value> {replaces=1}",
    cost=0.05,
)
def type_field_first(target: str, value: Value, replaces: str = "") -> Made:
    """The field before its text: “type into the name field "Ada"”."""
    ends = re.search(r"(?:field|box|input|area|bar)$", target, re.IGNORECASE)
    return (
        c.Write(text=value.text, target=_field(target), replace=bool(replaces), fact=not value.quoted) if ends else None
    )


def _noun_value(noun: str, value: Value) -> Made:
    return c.Write(text=value.text, target=noun, replace=True, fact=not value.quoted)


@family.frame(
    "type|enter|input|provide|write|supply|specify|key|put|fill [in] [the|my|your|a|an|as] <noun:fieldname> [:|=|as|is] <value:word>",
    "type|enter|input|provide|supply|specify|put|fill|complete [in] [the|my|your|a|an|as] <noun> [:|=|as] <value:word>",
    "type|enter|input|provide|supply|specify|fill [in] [the|my|your] <noun> : <value>",
)
def enter_noun(noun: str, value: Value) -> Made:
    """The name of a field before its value: “enter username "ada"”."""
    if noun.lower() in ("text", "address bar", "in", "down", "url", "words", "word", "value", "the text", "tool", "string", "phrase", "message", "number", "code"):  # fmt: skip
        return None if noun.lower() not in FIELD_NOUNS else _noun_value(noun, value)
    if not value.quoted and noun.lower() not in FIELD_NOUNS and not re.search(r"\d|[^\w\s]", value.text):
        return None
    return _noun_value(noun, value)


@family.frame(
    "type|enter|input|provide|fill|put [in] [the|my|your|a|an] <noun> [as|:] <value:quote> in|into|on <target>"
)
def enter_noun_in(noun: str, value: str, target: str) -> Made:
    """“enter username "ada" in the username field”: the noun names the field once more, or the place is around it."""
    said, named = set(noun.lower().split()), set(target.lower().split())
    if said <= named:
        return c.Write(text=value, target=_field(target), replace=True)
    if re.search(r"\b(?:page|form|section|dialog|modal|window|screen|panel|tab|row|card|area)\b", target, re.I):
        return c.Write(text=value, target=f"{noun} in {target}", replace=True)
    return None


@family.frame(
    "fill|complete|populate [in|out|up] [the form] [:|with|value|of]* <targets> with|=|:|as @textword <value> @mode",
    "enter <targets> with|=|: @textword <value>",
)
def fill_with(targets: Targets, value: Value) -> Made:
    """Fill a field with a text."""
    if re.fullmatch(r"(?:the\s+|this\s+)?(?:form|fields?|everything|it all)", targets.whole, re.IGNORECASE):
        return None
    return each(targets, lambda target: c.Write(text=value.text, target=_field(target), replace=True, fact=not value.quoted))  # fmt: skip


@family.frame(
    "fill|complete|populate [in|out|up] [the] form : <targets> with|=|: <value>",
    "fill|complete [in|out] [the] form with|: <noun:fieldname> [:|=] <value:word>",
)
def fill_form(value: Value, targets: Targets | None = None, noun: str = "") -> Made:
    """The fields of a form, each with its value."""
    if noun:
        return _noun_value(noun, value)
    assert targets is not None
    return fill_with(targets=targets, value=value)


@family.frame(
    "set|change|update|edit|adjust|modify|switch|increase|decrease|raise|lower|reduce [[the] value of] <targets> to|=|:|as @textword <value> @mode"
)
def set_to(targets: Targets, value: Value) -> Made:
    """Set a field, list or slider to a value."""
    whole = targets.whole
    if re.fullmatch(r"(?:the\s+|this\s+)?(?:form|fields?|everything|it all|back|over|on|off)", whole, re.IGNORECASE):
        return None
    if not value.quoted and re.match(r"of\b", value.text, re.IGNORECASE):
        return None
    return each(targets, lambda target: c.Write(text=value.text, target=_field(target), replace=True, fact=not value.quoted, any_kind=True))  # fmt: skip


@family.frame(
    "type|write|enter|input|copy|paste|put|insert|fill|use [in] @valueof <origin:target> into|inside|in|to|onto|as <target>",
    "type|write|enter|input|copy|paste|put|insert <origin:owned> value|text|contents into|in|to <target>",
    "copy <origin:target> into <target>",
    "copy <origin:target> to <target>",
)
def copy_into(origin: str, target: str) -> Made:
    """Type what the screen shows into a field."""
    if re.search(r"\s(?:into|and)\s", target) or not (origin and target):
        return None
    what = re.sub(r"^the\s+", "", origin, flags=re.IGNORECASE)
    return [c.ReadOff(what=what, aside=True), c.Write(text="it", target=_field(target), replace=True, fact=True)]


@family.frame(
    "clear|empty|blank|erase|wipe [out] [the] [(contents|content|text|value) of|in|from] <targets>",
    "delete|remove|erase [all] [the] text|contents|content|value in|of|from|inside <targets>",
    "leave <targets> empty|blank",
)
def empty(targets: Targets) -> Made:
    """Empty a field."""
    if re.fullmatch(
        r"(?:(?:all|completed|the|this)\s+)*(?:all|filters?|completed|cart|basket|selection|history|cache|search|list|form|items?|log|trash|bin|text|contents?|everything)",
        targets.whole,
        re.IGNORECASE,
    ):
        return None
    bare = replace_article(targets)
    return each(bare, lambda target: c.Empty(target=target))


def replace_article(targets: Targets) -> Targets:
    """Targets without the article of the first."""
    cut = re.compile(r"^the\s+", re.IGNORECASE)
    parts = tuple(cut.sub("", part) if place == 0 else part for place, part in enumerate(targets.parts))
    return targets._replace(whole=cut.sub("", targets.whole), parts=parts)


@family.frame("delete|clear|remove|erase [all] [of] [the] text|contents|content|everything")
def delete_text() -> Made:
    """Delete the text where the keyboard is."""
    return [c.PressKeys(keys="ctrl+a"), c.PressKeys(keys="delete")]


@family.frame("replace [the|its] text|contents|value|it with|by <value:quote>")
def replace_text(value: str) -> Made:
    """Replace the text where the keyboard is."""
    return [c.PressKeys(keys="ctrl+a"), c.Write(text=value)]


family.examples.update({
    'type "Hello" into Name': "Write(text='Hello', target='Name')",
    'the user enters "ada" in the username field': "Write(text='ada', target='the username field', replace=True)",
    'I fill in "Email" with "a@b.org"': "Write(text='a@b.org', target='\"Email\"', replace=True)",
    'enter username "ada"': "Write(text='ada', target='username', replace=True)",
    "set Quantity to 3": "Write(text='3', target='Quantity', replace=True, fact=True, any_kind=True)",
    "clear the Search field": "Empty(target='Search field')",
    "copy the value of Total into Amount": "ReadOff(what='Total', aside=True); Write(text='it', target='Amount', replace=True, fact=True)",
})  # fmt: skip

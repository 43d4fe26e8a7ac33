"""Choosing options, ticking boxes, giving files."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.families.clicking import each
from handeye.policies.plain_english.frames import Family

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Targets

family = Family("Choose, tick, upload")

_KIND = r"(?:options?|values?|entry|entries|items?|choice)"
_OPTION = re.compile(
    rf"(?:the\s+)?{_KIND}\s+(?:(?:with|of)\s+(?:the\s+)?(?:text|label|name|value)|labell?ed|called|named|saying)?\s*(?P<a>[\"“'„«].+)$"
    rf"|(?P<b>[\"“'„«].+?[\"”'“»])\s+(?:option|value|entry|choice)$",
    re.IGNORECASE,
)
_PLACES = re.compile(r"(?:the\s+)?(?:page|screen|window|dialog(?:ue)?|header|footer|sidebar|toolbar|top|bottom)\b.*", re.IGNORECASE)  # fmt: skip


def _option(text: str) -> str:
    """Of “the option with the text "X"” what is in quotes."""
    hit = _OPTION.fullmatch(text)
    return (hit["a"] or hit["b"]) if hit else re.sub(r"^the\s+(?=\S+$)", "the ", text)


@family.frame(
    "choose|select|pick|set [the] [option|options|value|values|entry|entries|item|items] <targets> from|in|within <field:target>",
    "choose|select|pick [the] [option|options|value|values|entry|item] <targets> out of <field:target>",
    "choose|select|pick|use <targets> for|as|under <field:target>",
)
def choose_from(targets: Targets, field: str) -> Made:
    """Choose an option of a list, or several."""
    if _PLACES.fullmatch(field):
        return None
    return each(_options(targets), lambda option: c.Choose(option=option, target=field))


def _options(targets: Targets) -> Targets:
    return targets._replace(whole=_option(targets.whole), parts=tuple(_option(part) for part in targets.parts))


@family.frame("choose|select|pick [the option|value|entry] <targets>", cost=0.01)
def choose(targets: Targets) -> Made:
    """Choose what is called so."""
    return each(_options(targets), lambda option: c.Choose(option=option))


@family.frame(
    "tick|check [off] <targets> {verb=on}",
    "mark [off] <targets> {verb=mark}",
    "untick|uncheck|unmark|deselect|unselect <targets> {verb=off}",
    "toggle|flip <targets> {verb=toggle}",
    "turn|switch on <targets> {verb=on}",
    "turn|switch off <targets> {verb=off}",
    "turn|switch <targets> on {verb=on}",
    "turn|switch <targets> off {verb=off}",
    "enable|activate <targets> {verb=enable}",
    "disable|deactivate <targets> {verb=off}",
    cost=0.01,
)
def tick(targets: Targets, verb: str) -> Made:
    """Tick or untick a checkbox, radio button or switch."""
    if verb == "mark" and not re.search(r"\b(?:(?:check|tick)\s?)?box\b", targets.whole, re.IGNORECASE):
        return None
    first = targets.whole.split()[0].lower()
    if first in ("that", "whether", "if", "out", "in", "for", "the text") or re.match(r"(?:the\s+)?(?:text|words?|message|heading|title|phrase|url)\s+[\"“']", targets.whole, re.I):  # fmt: skip
        return None
    on = {"on": True, "mark": True, "enable": True, "off": False}.get(verb)
    return each(targets, lambda target: c.Tick(target=target, on=on))


@family.frame(
    "upload|attach|give [the|a] [file|files|document|picture|image|photo] <paths> [to|in|into|as|for|using|with|at|on <target>]",
    "add|choose|select [the] file|files|document|documents|picture|pictures|image|images|photo|photos <paths> [to|in|into|as|for|using|with|at|on|from <target>] {weak=1}",
)
def upload(paths: tuple[str, ...], target: str = "", weak: str = "") -> Made:
    """Give files to a file field."""
    if weak and not any(re.search(r"[/.\\]", path) for path in paths):
        return None
    return c.Give(paths=paths, target=target)


family.examples.update({
    'select "Germany" from the Country list': "Choose(option='\"Germany\"', target='the Country list')",
    "the user picks Blue": "Choose(option='Blue')",
    'I check "Remember me"': "Tick(target='\"Remember me\"')",
    "untick Newsletter": "Tick(target='Newsletter', on=False)",
    'I attach the file "cat.png" to "Photo"': "Give(paths=('cat.png',), target='\"Photo\"')",
})  # fmt: skip

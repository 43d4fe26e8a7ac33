"""Judges typed text, selected options and ticks by the value of the field; by pixels only where it cannot be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from handeye.tools.actions import Type
from handeye.tools.field_values import means, plain_number
from handeye.tools.text_equality import contains, held, literal, loose, same

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.perception.observation_diff import ObservationDiff
    from handeye.tools.actions import Action, Click, Select
    from handeye.tools.element import Element

OutcomeKind = Literal["confirmed", "no_effect", "unexpected", "unknown"]
"""What became of an action; `unknown` where the signals cannot decide."""

Judgement = tuple[OutcomeKind, str]
"""A kind and its evidence in words."""

#: Roles whose value is a number, in any notation.
_COUNTED = frozenset({"spinbutton", "slider"})
#: A device reports at most this many characters of a value.
READABLE = 2000


def typed(action: Type, diff: ObservationDiff) -> Judgement | None:
    """Compare the value of the field with the typed text; None where no value can be read."""
    old, new = diff.field(action.target)
    if "{{secret:" in action.text or any(each and each.secret for each in (old, new)):
        return None
    role = new.role if new else ""
    was = old.value if old else None
    now = new.value if new else None
    if new is None:
        if (focused := diff.focused_value()) is None:
            return None
        was, now = focused
    assert now is not None
    return _compared(action, role, was, now, diff)


def _compared(action: Type, role: str, was: str | None, now: str, diff: ObservationDiff) -> Judgement:
    text = action.text
    content = f"the field holds “{_short(now)}”" if now else "the field is empty"
    if not literal(text):
        if action.clear:
            return ("unexpected", f"the field still holds “{_short(now)}”") if literal(now) else ("confirmed", content)
        return ("confirmed", content) if text and was is not None and now != was else ("unknown", "nothing was typed")
    if _is_prefix(text, now):
        return "unknown", f"the field holds more than the {READABLE} characters that can be read of it"
    for wanted in _parts(text, typed_at=action.target is not None):
        if judgement := _compare_values(wanted, action.clear, role, was, now):
            return judgement
    if "\n" in text and (sent := _sent(text, was, now, diff)):
        return sent
    if was is not None and literal(was) == literal(now):
        still = f"the field still holds “{_short(now)}”" if now else "the field is still empty"
        return "no_effect", f"{still}, not “{_short(text)}”"
    return "unexpected", f"{content}, not “{_short(text)}”"


def _compare_values(wanted: str, clear: bool, role: str, was: str | None, now: str) -> Judgement | None:
    """Judge one text that the field may be meant to have; None if it has another value."""
    content = f"the field holds “{_short(now)}”"
    if role in _COUNTED and (number := plain_number(wanted)) and number == plain_number(now):
        return "confirmed", content
    how = held(wanted, now)
    if how == "same" or means(wanted, now):
        return "confirmed", content
    if how == "reformatted":
        return "confirmed", f"{content}, its own way to write “{_short(wanted)}”"
    if how == "unclear":
        return "unknown", f"{content}, which can be read as “{_short(wanted)}” and as something else"
    if clear:
        if contains(now, wanted) or literal(wanted) in literal(now):
            return "unexpected", f"{content}, more than was typed: “{_short(wanted)}”"
        return None
    if was is None:
        return ("confirmed", content) if literal(wanted) in literal(now) else None
    if literal(was) != literal(now) and (_put_in(wanted, was, now) or held(was + wanted, now) == "reformatted"):
        return "confirmed", content
    return None


def _put_in(text: str, was: str, now: str) -> bool:
    """Whether the value is the former one with the text inserted or put over a selection."""
    text, was, now = literal(text), literal(was), literal(now)
    at = now.find(text)
    while at >= 0:
        before, after = now[:at].rstrip(), now[at + len(text) :].lstrip()
        if was.startswith(before) and was.endswith(after) and len(before) + len(after) <= len(was):
            return True
        at = now.find(text, at + 1)
    return False


def _parts(text: str, *, typed_at: bool) -> list[str]:
    """Return which parts of the text the field may be meant to have: all of it; with tabs and line ends the first part,
    or the last where the field in which typing began is unknown."""
    pieces = [piece for piece in re.split(r"[\t\n]", text) if literal(piece)]
    return [text, *([pieces[0] if typed_at else pieces[-1]] if len(pieces) > 1 or text.strip("\t\n") != text else [])]


def _sent(text: str, was: str | None, now: str, diff: ObservationDiff) -> Judgement | None:
    """Judge text with Enter that the field no longer has."""
    if literal(now) and literal(now) != literal(was or ""):
        return None
    line = next((each for each in diff.appeared() if contains(each, text)), "")
    if line:
        return "confirmed", f"“{_short(line)}” appeared"
    if diff.moved:
        return "confirmed", "; ".join(diff.moved)
    if diff.page_changes.requests or diff.scripted:
        came = diff.scripted[0] if diff.scripted else f"{diff.page_changes.requests[0]} was sent"
        return "unknown", f"the field does not hold “{_short(text)}” any more, and {came}"
    return None


def _is_prefix(text: str, now: str) -> bool:
    return len(now) >= READABLE and len(text) > len(now) and literal(text).startswith(literal(now))


#: The end of the evidence for a field whose page rewrote its value when the field lost the focus.
SINCE_LEFT = "since it was left"


def rewritten(action: Action, after: Observation) -> str:
    """Return how the page rewrote typed text when the field lost the focus; empty if the text is still there."""
    left = after.signals.page_changes.rewritten_field if after.signals.page_changes else None
    if not isinstance(action, Type) or not left or not action.target or left.element != action.target.element:
        return ""
    if not literal(action.text) or "{{secret:" in action.text:
        return ""
    field = next((each for each in after.elements if each.id == left.element), None)
    was = left.was if not action.clear else None
    if _compare_values(action.text, True, field.role if field else "", None, left.now) or (
        was and literal(was) in literal(left.now)
    ):
        return ""
    return f"the field held “{_short(left.was)}”, and “{_short(left.now)}” {SINCE_LEFT}"


def pictured(action: Type, diff: ObservationDiff) -> Judgement:
    """Judge typed text by the line of the picture that changed, where no value can be read.

    A line that reads exactly like the text confirms it. Any other reading is `unknown`: OCR misreads signs.
    """
    changed = "; ".join(filter(None, (*diff.moved, diff.pixels()))) or "the picture changed"
    if not literal(action.text):
        return "unknown", f"{changed}; what the field holds cannot be read"
    lines = diff.lines_changed()
    wanted = [literal(part).replace(" ", "") for part in (action.text, *action.text.splitlines()) if literal(part)]
    for line in lines:
        plain = literal(line).replace(" ", "")
        if plain in wanted or (not action.clear and any(each in plain for each in wanted)):
            return "confirmed", f"the picture reads “{_short(line)}”"
        if any(plain.endswith(each) and _PROMPT.search(plain[: -len(each)]) for each in wanted):
            return "confirmed", f"the picture reads “{_short(line)}”"
    longer = next((line for line in lines if any(each in literal(line).replace(" ", "") for each in wanted)), "")
    if longer:
        return "unexpected", f"the picture reads “{_short(longer)}”, more than was typed: “{_short(action.text)}”"
    quoted = ", ".join(f"“{_short(line)}”" for line in lines[:3])
    return (
        "unknown",
        f"{changed}; what the field holds cannot be read{f', the picture reads {quoted}' if quoted else ''}",
    )


#: The prompt that a terminal writes before typed text.
_PROMPT = re.compile(r"[$#%>:?]$")


def selected(action: Select, diff: ObservationDiff) -> Judgement | None:
    """Judge a selection by the value of the list; None where no value can be read."""
    old, new = diff.element(action.target)
    if new is None or "{{secret:" in action.option:
        return None
    option = action.option
    if new.value:
        if _is_chosen(option, new.value):
            return "confirmed", f"“{new.name}” is “{new.value[:60]}”"
        if old and old.value == new.value:
            return "no_effect", f"“{new.name}” is still “{new.value[:60]}”, not “{option}”"
        return "unexpected", f"“{new.name}” is “{new.value[:60]}”, not “{option}”"
    chosen = [each for each in diff.after.elements if each.selected and same(each.name, option, case=False)]
    if chosen or _is_chosen(option, new.name):
        return "confirmed", f"“{option}” is chosen"
    if line := next((each for each in diff.appeared() if contains(each, option, case=False)), ""):
        return "confirmed", f"“{line[:60]}” appeared"
    return None


def _is_chosen(option: str, value: str) -> bool:
    """Whether the option is the value, one of several values, or an abbreviation of it."""
    return loose(option) in map(loose, (value, *value.split(", "))) or contains(value, option, case=False)


def ticked(action: Click, old: Element | None, new: Element | None) -> str:
    """Return the state in which a clicked checkbox stayed, in words; empty if it changed."""
    if old is None or new is None or old.checked is None or action.count != 1 or action.button != "left":
        return ""
    if new.checked is None or old.checked != new.checked:
        return ""
    return f"“{new.name[:60]}” is {'still' if new.checked else 'still not'} ticked"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"

"""Judges the outcome of an action from local signals, without a model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from handeye.perception.outcome_fields import Judgement, OutcomeKind, pictured, selected, ticked, typed
from handeye.tools.actions import (
    Back,
    Click,
    Drag,
    Forward,
    Key,
    Move,
    Navigate,
    Reload,
    Scroll,
    Select,
    Tabs,
    Type,
    Upload,
    Wait,
    targets,
)  # fmt: skip

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.perception.observation_diff import ObservationDiff
    from handeye.tools.actions import Action, Target
    from handeye.tools.device import BeforePress
    from handeye.tools.element import Element


#: Keys whose effect is often invisible: in the clipboard, in a file.
_SILENT = frozenset({"ctrl", "shift", "alt", "meta", "escape", "ctrl+c", "ctrl+s", "ctrl+a", "tab", "shift+tab"})


class Outcome(BaseModel):
    """What an action changed, with the evidence."""

    model_config = ConfigDict(frozen=True)

    kind: OutcomeKind
    evidence: str = ""
    """The signals it is based on, in words: `the address changed to /cart`, `nothing changed`."""
    box: tuple[int, int, int, int] | None = None
    """The region of the screenshot that changed."""


def judge(
    action: Action, before: Observation, after: Observation, before_press: BeforePress | None = None, happened: str = ""
) -> Outcome:
    """Judge an action by comparing the observation that it was chosen on with the one after it.

    `confirmed` needs the effect that this kind of action has; `unknown` means that the signals cannot decide.
    `before_press` is the screen just before the press, where the device captured it again; `happened` is what else it
    reports.
    """
    # Imported here because it needs NumPy, which reading an outcome does not.
    from handeye.perception.observation_diff import ObservationDiff

    if before_press is not None:
        elements = before.elements if before_press.elements is None else before_press.elements
        before = replace(before, screenshot=before_press.screenshot, elements=elements)
    diff = ObservationDiff(before, after, before_press.animated_regions if before_press else (), happened)
    kind, evidence = _RULES.get(type(action), _by_change)(action, diff)
    return Outcome(kind=kind, evidence=evidence, box=diff.change.box)


def _by_change(action: Action, diff: ObservationDiff) -> Judgement:
    """Judge an action that may change anything: a click, key or drag. What it cannot have caused is ignored.

    Signals are used in the order of their reliability: the address, the states of elements, changes by scripts, and
    pixels last, because hover styles change them too.
    """
    target = next(iter(targets(action).values()), None)
    old, new = diff.element(target)
    if isinstance(action, Click) and (stayed := ticked(action, old, new)):
        return _stayed(stayed, diff)
    kind, evidence = _changed(target, diff)
    if kind == "no_effect" and diff.silent:
        return "unknown", diff.silent
    return kind, evidence


def _stayed(evidence: str, diff: ObservationDiff) -> Judgement:
    """Judge a click on a checkbox whose state did not change."""
    others = [
        *diff.moved,
        *diff.page_changes.browser_actions,
        *(f"“{each[:60]}” appeared" for each in diff.appeared()),
        *diff.scripted,
    ]
    if diff.page_changes.blocked_form:
        others.insert(0, f"the form was not sent: {diff.page_changes.blocked_form}")
    return ("unexpected", f"{evidence}; {others[0]}") if others else ("no_effect", evidence)


def _changed(target: Target | None, diff: ObservationDiff) -> Judgement:
    if diff.moved:
        return "confirmed", "; ".join(diff.moved)
    if diff.page_changes.blocked_form:
        return "unexpected", f"the form was not sent: {diff.page_changes.blocked_form}"
    for found in (diff.states(target), diff.page_changes.browser_actions):
        if found:
            return "confirmed", found[0]
    appeared, gone = diff.appeared(), diff.gone()
    if appeared:
        return "confirmed", f"“{appeared[0][:60]}” appeared"
    if gone:
        return "confirmed", f"“{gone[0][:60]}” went away" if gone[0] else "something went away"
    if moved := diff.rearranged():
        return "confirmed", moved
    old, new = diff.element(target)
    if old and new and old.takes_text and new.focused:
        return "confirmed", f"{diff.after.signals.focus or old.name} has the focus"
    given = diff.focused_elsewhere(target)
    if given and diff.labels_focused(target):
        return "confirmed", given
    if diff.scripted:
        return "confirmed", diff.scripted[0]
    if given:
        return "unknown", f"{given}, which is not what was aimed at; nothing else shows what came of it"
    return _by_pixels(target, old, diff)


def _by_pixels(target: Target | None, old: Element | None, diff: ObservationDiff) -> Judgement:
    pixels = diff.pixels()
    if diff.has_page_changes and (not pixels or not diff.unstyled):
        quiet = "only the mouse and the focus show" if pixels else ""
        evidence = "; ".join(filter(None, (diff.focus, quiet))) or "nothing changed"
        if diff.page_changes.requests:
            return (
                "unknown",
                f"{diff.page_changes.requests[0]} was sent, and {'nothing of it shows' if pixels else evidence}",
            )
        # Scripts store their own data in such attributes; if a style depends on one, pixels change.
        if noted := [each for each in diff.page_changes.changed if not each.how.startswith("data-")]:
            return "unknown", f"{noted[0].what} was noted by the page, and nothing of it shows"
        if diff.page_changes.unattributed:
            return "unknown", f"only {diff.page_changes.unattributed} changed, which may change by itself"
        return "no_effect", evidence if evidence == "nothing changed" else f"{evidence}; nothing else changed"
    if diff.focus and not pixels:
        return "no_effect", f"{diff.focus}; nothing else changed"
    if not pixels:
        return "no_effect", "nothing changed"
    if not diff.has_page_changes and old and (controls := diff.controls()):
        names = ", ".join(f"“{name}”" for name in controls)
        return "unknown", f"only {names} {'looks' if len(controls) == 1 else 'look'} different"
    if diff.framed:
        return "unknown", f"only a frame around something changed, as the focus draws one; {pixels}"
    if diff.far(target):
        return "unknown", f"{pixels}, far from what was aimed at, and nothing tells that one caused the other"
    alone = "" if diff.has_page_changes else "by the picture alone: "  # the weakest evidence, and named as such
    return "confirmed", alone + "; ".join(filter(None, (pixels, diff.focus)))


def _click(action: Action, diff: ObservationDiff) -> Judgement:
    kind, evidence = _by_change(action, diff)
    if kind == "no_effect" and diff.happened and not diff.has_page_changes:
        return "unknown", f"{diff.happened}; {evidence}"
    return kind, evidence


def _key(action: Action, diff: ObservationDiff) -> Judgement:
    kind, evidence = _by_change(action, diff)
    if kind == "no_effect" and isinstance(action, Key) and action.keys.lower() in _SILENT:
        return "unknown", "nothing changed that can be seen, which this key need not"
    return kind, evidence


def _type(action: Action, diff: ObservationDiff) -> Judgement:
    assert isinstance(action, Type)
    if diff.moved and "\n" in action.text:
        return "confirmed", "; ".join(diff.moved)
    if read := typed(action, diff):
        return read
    if diff.moved and not diff.retitled:
        return "unexpected", "; ".join(diff.moved)
    if diff.silent:
        return "unknown", diff.silent
    old, new = diff.field(action.target)
    if "{{secret:" in action.text or any(each and each.secret for each in (old, new)):
        return (
            ("confirmed", "the secret field changed") if diff.pixels() else ("unknown", "a secret field cannot be read")
        )
    if not (diff.retitled or diff.pixels() or (diff.change.boxes and not diff.after.elements)):
        return ("unknown", "nothing was typed") if not action.text else ("no_effect", "nothing changed")
    return pictured(action, diff)


def _select(action: Action, diff: ObservationDiff) -> Judgement:
    assert isinstance(action, Select)
    if read := selected(action, diff):
        return read
    kind, evidence = _by_change(action, diff)
    if kind == "confirmed":
        return "unknown", f"{evidence}; nothing tells that “{action.option}” is chosen"
    return kind, evidence


def _go(action: Action, diff: ObservationDiff) -> Judgement:
    one, two = diff.before.signals, diff.after.signals
    if one.url != two.url:
        return "confirmed", f"the address is {two.url}"
    if one.document != two.document:
        return "confirmed", "the page was loaded anew"
    if isinstance(action, Navigate) and action.url.rstrip("/") in two.url:
        return "confirmed", f"the address is {two.url}"
    if diff.pixels():
        return "unknown", f"the address is still {two.url}, but {diff.pixels()}"
    return "no_effect", f"the address is still {two.url}"


def _tabs(action: Action, diff: ObservationDiff) -> Judgement:
    assert isinstance(action, Tabs)
    one, two = diff.before.signals, diff.after.signals
    if one.tabs != two.tabs or one.tab != two.tab or one.url != two.url:
        return "confirmed", "; ".join(diff.moved) or f"tab {two.tab + 1} of {len(two.tabs)} is in front"
    return "no_effect", f"tab {two.tab + 1} of {len(two.tabs)} is still in front"


def _scroll(action: Action, diff: ObservationDiff) -> Judgement:
    assert isinstance(action, Scroll)
    old = {each.id: each.box for each in diff.before.elements}
    index = 0 if action.direction in ("left", "right") else 1
    moves = [each.box[index] - old[each.id][index] for each in diff.after.elements if each.id in old]
    moved = [way for way in moves if way]
    if moved:
        way = sorted(moved)[len(moved) // 2]
        expected = -1 if action.direction in ("down", "right") else 1
        if way * expected > 0:
            return "confirmed", f"the page moved by {abs(way)} pixels"
        return "unexpected", f"the page moved by {abs(way)} pixels the other way"
    if diff.pixels():
        return "confirmed", diff.pixels()
    return "no_effect", "nothing moved: this may be its end"


def _move(action: Action, diff: ObservationDiff) -> Judgement:
    assert isinstance(action, Move)
    kind, evidence = _by_change(action, diff)
    return ("unknown", "the mouse was moved; nothing changed") if kind == "no_effect" else (kind, evidence)


def _wait(action: Action, diff: ObservationDiff) -> Judgement:
    assert isinstance(action, Wait)
    return "confirmed", diff.pixels() or "nothing changed meanwhile"


def _upload(action: Action, diff: ObservationDiff) -> Judgement:
    assert isinstance(action, Upload)
    kind, evidence = _by_change(action, diff)
    return ("unknown", "the page does not show the file") if kind == "no_effect" else (kind, evidence)


_RULES = {
    Click: _click, Drag: _by_change, Key: _key, Type: _type, Select: _select, Navigate: _go, Back: _go, Forward: _go,
    Reload: _go, Tabs: _tabs, Scroll: _scroll, Move: _move, Wait: _wait, Upload: _upload,
}  # fmt: skip

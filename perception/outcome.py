"""What an action was expected to change, and what it did: told from local signals, without asking a model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from handeye.perception.outcome_fields import pictured, selected, ticked, typed
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
    from handeye.perception.scene import Scene
    from handeye.perception.seen import Seen
    from handeye.tools.actions import Action, Target
    from handeye.tools.device import Poised
    from handeye.tools.element import Element

OutcomeKind = Literal["confirmed", "no_effect", "unexpected", "unknown"]

#: Keys that often do their work where it cannot be seen: in the clipboard, in a file.
_SILENT = frozenset({"ctrl", "shift", "alt", "meta", "escape", "ctrl+c", "ctrl+s", "ctrl+a", "tab", "shift+tab"})


class Outcome(BaseModel):
    """What became of an action."""

    model_config = ConfigDict(frozen=True)

    kind: OutcomeKind
    evidence: str = ""
    """The signals this rests on, in words: `the address changed to /cart`, `nothing changed`."""
    box: tuple[int, int, int, int] | None = None
    """The region of the screenshot that changed."""


def judge(action: Action, before: Scene, after: Scene, poised: Poised | None = None, happened: str = "") -> Outcome:
    """What became of an action, by comparing the scene it was chosen on with the scene after it.

    Confirmed needs the effect that this kind of action has; `unknown` where the signals cannot tell. `poised` is the
    screen just before the hand pressed, where the device looked at it once more, `happened` what it reports besides.
    """
    from handeye.perception.seen import Seen  # it takes NumPy, and outcomes are read without it

    if poised is not None:
        elements = before.elements if poised.elements is None else poised.elements
        before = replace(before, screenshot=poised.screenshot, elements=elements)
    seen = Seen(before, after, poised.restless if poised else (), happened)
    kind, evidence = _RULES.get(type(action), _by_change)(action, seen)
    return Outcome(kind=kind, evidence=evidence, box=seen.change.box)


Judgement = tuple[OutcomeKind, str]


def _by_change(action: Action, seen: Seen) -> Judgement:
    """For actions that may change anything: clicks, keys, drags. What an action cannot have caused counts for nothing.

    Signals come in the order of what they are worth: where the page is, what its elements say, what its scripts did,
    and pixels last, for a style that follows the mouse changes them too.
    """
    target = next(iter(targets(action).values()), None)
    old, new = seen.element(target)
    if isinstance(action, Click) and (stayed := ticked(action, old, new)):
        return _stayed(stayed, seen)
    kind, evidence = _changed(target, seen)
    if kind == "no_effect" and seen.silent:
        return "unknown", seen.silent
    return kind, evidence


def _stayed(evidence: str, seen: Seen) -> Judgement:
    """For something to be ticked that was not, or was already."""
    others = [*seen.moved, *seen.stir.asked, *(f"“{each[:60]}” appeared" for each in seen.appeared()), *seen.scripted]
    if seen.stir.held:
        others.insert(0, f"the form was not sent: {seen.stir.held}")
    return ("unexpected", f"{evidence}; {others[0]}") if others else ("no_effect", evidence)


def _changed(target: Target | None, seen: Seen) -> Judgement:
    if seen.moved:
        return "confirmed", "; ".join(seen.moved)
    if seen.stir.held:
        return "unexpected", f"the form was not sent: {seen.stir.held}"
    for found in (seen.states(target), seen.stir.asked):
        if found:
            return "confirmed", found[0]
    appeared, gone = seen.appeared(), seen.gone()
    if appeared:
        return "confirmed", f"“{appeared[0][:60]}” appeared"
    if gone:
        return "confirmed", f"“{gone[0][:60]}” went away" if gone[0] else "something went away"
    if moved := seen.rearranged():
        return "confirmed", moved
    old, new = seen.element(target)
    if old and new and old.takes_text and new.focused:
        return "confirmed", f"{seen.after.signals.focus or old.name} has the focus"
    given = seen.focused_elsewhere(target)
    if given and seen.labels_focused(target):
        return "confirmed", given
    if seen.scripted:
        return "confirmed", seen.scripted[0]
    if given:
        return "unknown", f"{given}, which is not what was aimed at; nothing else shows what came of it"
    return _by_pixels(target, old, seen)


def _by_pixels(target: Target | None, old: Element | None, seen: Seen) -> Judgement:
    pixels = seen.pixels()
    if seen.heard and (not pixels or not seen.unstyled):
        quiet = "only the mouse and the focus show" if pixels else ""
        evidence = "; ".join(filter(None, (seen.focus, quiet))) or "nothing changed"
        if seen.stir.sent:
            return "unknown", f"{seen.stir.sent[0]} was sent, and {'nothing of it shows' if pixels else evidence}"
        # Scripts keep notes for themselves in such attributes; where a style depends on one, it shows.
        if noted := [each for each in seen.stir.changed if not each.how.startswith("data-")]:
            return "unknown", f"{noted[0].what} was noted by the page, and nothing of it shows"
        if seen.stir.doubt:
            return "unknown", f"only {seen.stir.doubt} changed, which may change by itself"
        return "no_effect", evidence if evidence == "nothing changed" else f"{evidence}; nothing else changed"
    if seen.focus and not pixels:
        return "no_effect", f"{seen.focus}; nothing else changed"
    if not pixels:
        return "no_effect", "nothing changed"
    if not seen.heard and old and (controls := seen.controls()):
        names = ", ".join(f"“{name}”" for name in controls)
        return "unknown", f"only {names} {'looks' if len(controls) == 1 else 'look'} different"
    if seen.framed:
        return "unknown", f"only a frame around something changed, as the focus draws one; {pixels}"
    if seen.far(target):
        return "unknown", f"{pixels}, far from what was aimed at, and nothing tells that one caused the other"
    alone = "" if seen.heard else "by the picture alone: "  # the weakest evidence there is, and named so
    return "confirmed", alone + "; ".join(filter(None, (pixels, seen.focus)))


def _click(action: Action, seen: Seen) -> Judgement:
    kind, evidence = _by_change(action, seen)
    if kind == "no_effect" and seen.happened and not seen.heard:
        return "unknown", f"{seen.happened}; {evidence}"
    return kind, evidence


def _key(action: Action, seen: Seen) -> Judgement:
    kind, evidence = _by_change(action, seen)
    if kind == "no_effect" and isinstance(action, Key) and action.keys.lower() in _SILENT:
        return "unknown", "nothing changed that can be seen, which this key need not"
    return kind, evidence


def _type(action: Action, seen: Seen) -> Judgement:
    assert isinstance(action, Type)
    if seen.moved and "\n" in action.text:
        return "confirmed", "; ".join(seen.moved)
    if read := typed(action, seen):
        return read
    if seen.moved and not seen.retitled:
        return "unexpected", "; ".join(seen.moved)
    if seen.silent:
        return "unknown", seen.silent
    old, new = seen.field(action.target)
    if "{{secret:" in action.text or any(each and each.secret for each in (old, new)):
        return (
            ("confirmed", "the secret field changed") if seen.pixels() else ("unknown", "a secret field cannot be read")
        )
    if not (seen.retitled or seen.pixels() or (seen.change.boxes and not seen.after.elements)):
        return ("unknown", "nothing was typed") if not action.text else ("no_effect", "nothing changed")
    return pictured(action, seen)


def _select(action: Action, seen: Seen) -> Judgement:
    assert isinstance(action, Select)
    if read := selected(action, seen):
        return read
    kind, evidence = _by_change(action, seen)
    if kind == "confirmed":
        return "unknown", f"{evidence}; nothing tells that “{action.option}” is chosen"
    return kind, evidence


def _go(action: Action, seen: Seen) -> Judgement:
    one, two = seen.before.signals, seen.after.signals
    if one.url != two.url:
        return "confirmed", f"the address is {two.url}"
    if one.document != two.document:
        return "confirmed", "the page was loaded anew"
    if isinstance(action, Navigate) and action.url.rstrip("/") in two.url:
        return "confirmed", f"the address is {two.url}"
    if seen.pixels():
        return "unknown", f"the address is still {two.url}, but {seen.pixels()}"
    return "no_effect", f"the address is still {two.url}"


def _tabs(action: Action, seen: Seen) -> Judgement:
    assert isinstance(action, Tabs)
    one, two = seen.before.signals, seen.after.signals
    if one.tabs != two.tabs or one.tab != two.tab or one.url != two.url:
        return "confirmed", "; ".join(seen.moved) or f"tab {two.tab + 1} of {len(two.tabs)} is in front"
    return "no_effect", f"tab {two.tab + 1} of {len(two.tabs)} is still in front"


def _scroll(action: Action, seen: Seen) -> Judgement:
    assert isinstance(action, Scroll)
    old = {each.id: each.box for each in seen.before.elements}
    index = 0 if action.direction in ("left", "right") else 1
    moves = [each.box[index] - old[each.id][index] for each in seen.after.elements if each.id in old]
    moved = [way for way in moves if way]
    if moved:
        way = sorted(moved)[len(moved) // 2]
        expected = -1 if action.direction in ("down", "right") else 1
        if way * expected > 0:
            return "confirmed", f"the page moved by {abs(way)} pixels"
        return "unexpected", f"the page moved by {abs(way)} pixels the other way"
    if seen.pixels():
        return "confirmed", seen.pixels()
    return "no_effect", "nothing moved: this may be its end"


def _move(action: Action, seen: Seen) -> Judgement:
    assert isinstance(action, Move)
    kind, evidence = _by_change(action, seen)
    return ("unknown", "the mouse was moved; nothing changed") if kind == "no_effect" else (kind, evidence)


def _wait(action: Action, seen: Seen) -> Judgement:
    assert isinstance(action, Wait)
    return "confirmed", seen.pixels() or "nothing changed meanwhile"


def _upload(action: Action, seen: Seen) -> Judgement:
    assert isinstance(action, Upload)
    kind, evidence = _by_change(action, seen)
    return ("unknown", "the page does not show the file") if kind == "no_effect" else (kind, evidence)


_RULES = {
    Click: _click, Drag: _by_change, Key: _key, Type: _type, Select: _select, Navigate: _go, Back: _go, Forward: _go,
    Reload: _go, Tabs: _tabs, Scroll: _scroll, Move: _move, Wait: _wait, Upload: _upload,
}  # fmt: skip

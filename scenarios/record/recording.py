"""Converts recorded events to the steps of a suite: related events become one step, consequences become none."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from handeye.agent.run_folder import slug
from handeye.scenarios.checks.kinds import StatementCheck
from handeye.scenarios.checks.screen import check_screen
from handeye.scenarios.export.draft import DraftLine, SuiteDraft, is_expressible
from handeye.scenarios.export.english import english_step, quote
from handeye.scenarios.export.suite_writer import suggest_checks
from handeye.scenarios.record.step_text import StepText, describe_element, element_phrases, leads_to
from handeye.tools import actions as a
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.scenarios.record.user_event import UserEvent
    from handeye.tools.element import Element

#: Kinds of events that write into a field; the click into the field before is then dropped.
_INTO = frozenset({"fill", "set", "tick", "radio", "select", "files"})


@dataclass(frozen=True)
class RecordedStep:
    """A step or a check of the recording."""

    kind: str
    step_text: StepText
    element: str = ""
    """The id of its element."""
    session: int = 0
    count: int = 1
    check: bool = False
    says: str = ""
    """A statement that is checked."""
    named: bool = True
    """Whether the step names its target, so that no earlier step must lead to it."""


@dataclass
class Recording:
    """The recorded steps so far."""

    on: str
    device: str = "browser"
    viewport: str = ""
    entries: list[RecordedStep] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    """Names of secrets, by the id of the element."""
    title: str = ""
    url: str = ""
    """The title of the last page or window."""
    first: str = ""
    """The first title."""
    notes: list[str] = field(default_factory=list)
    """Notes about the whole recording."""

    def keep(self, entry: RecordedStep) -> None:
        """Add a step, which may replace steps before it."""
        self._fold(entry)
        self.entries.append(entry)

    def add_event(self, event: UserEvent) -> RecordedStep | None:
        """Process an event; return the step that is new or has changed."""
        self.title, self.url = event.title or self.title, event.url or self.url
        self.first = self.first or event.title
        made = _MAKERS[event.kind](self, event)
        if made is None:
            return None
        self.keep(made)
        return made

    def _fold(self, made: RecordedStep) -> None:
        """Remove steps that the new step includes."""
        last = self.entries[-1] if self.entries else None
        if last is None:
            return
        on_the_same = last.element == made.element
        into = last.kind == "click" and made.named and made.kind in _INTO
        if (on_the_same and (into or _goes_on(last, made))) or (made.check and made.step_text == last.step_text):
            self.entries.pop()
        elif made.kind in (*_INTO, "click") and made.named and last.step_text.step.startswith("press Tab"):
            self.entries.pop()
            self._fold(made)
        elif made.kind == "double":
            for _ in range(2):
                if self.entries and (self.entries[-1].kind, self.entries[-1].element) == ("click", made.element):
                    self.entries.pop()

    @property
    def done(self) -> bool:
        """Return whether a step or a check was recorded."""
        return bool(self.entries)

    def draft(self) -> SuiteDraft:
        """Return the suite; the last checks become its `ensures`."""
        steps = list(self.entries)
        ending: list[RecordedStep] = []
        while steps and steps[-1].check and steps[-1].says:
            ending.insert(0, steps.pop())
        name = " ".join((self.first or urlsplit(self.on).netloc or self.on).replace("$", "").split())
        draft = SuiteDraft(name=name[:70] or "what was done", on=self.on, device=self.device, viewport=self.viewport)
        draft.head.append("Recorded: one step for each thing that was done.")
        if names := sorted(set(self.secrets.values())):
            draft.head.append(f"Secrets to give with --secrets or HANDEYE_SECRET_…: {', '.join(names)}.")
        draft.head += self.notes
        draft.steps = [DraftLine(*each.step_text) for each in steps]
        draft.ensures = [DraftLine(each.says, each.step_text.comment) for each in ending]
        if not any(each.check and each.step_text.step for each in self.entries):
            draft.ensures = suggest_checks(self.title, self.url, self.device)
            draft.unchecked = not draft.ensures
        return draft

    # One method for each kind of event

    def _press(self, event: UserEvent) -> RecordedStep | None:
        button = {"right": "right", "middle": "middle"}.get(event.kind, "left")
        count = 2 if event.kind == "double" else 1
        held = tuple(each for each in event.modifiers if each in ("ctrl", "shift", "alt", "meta"))

        def step(phrase: str) -> str | None:
            click = a.Click(target=a.Target(phrase=phrase), button=button, count=count, modifiers=held)  # type: ignore[arg-type]
            return english_step(click, {"target": phrase})

        element = event.element
        if event.hover and element:
            self.keep(self._hover(event))
        if element is None:
            return RecordedStep(
                event.kind,
                StepText(step(f"({event.at.x}, {event.at.y})") or "", "a place in pixels: nothing there has a name"),
            )
        if element.role in ("img", "clickable") and not element.name and element.box.area > 40_000:
            where = f"({event.at.x}, {event.at.y})"
            return RecordedStep(
                event.kind,
                StepText(step(where) or "", f"a place in a large {element.role} that has no parts"),
                element.id,
            )
        return RecordedStep(
            event.kind,
            describe_element(element, event.observation(), step, ("click",), event.at),
            element.id,
        )

    def _hover(self, event: UserEvent) -> RecordedStep:
        """Add a hover step where the element appears only while the mouse is over another one."""
        choices = [
            describe_element(each, event.observation(), lambda phrase: f"hover over {phrase}", ("move",))
            for each in event.holders
        ]
        best = min(choices, key=lambda step_text: (not step_text.step, bool(step_text.comment)), default=StepText(""))
        return RecordedStep(
            "hover", best if best.step else StepText("", "the next thing shows only while the mouse lies near it")
        )

    def _drag(self, event: UserEvent) -> RecordedStep | None:
        start, end = event.element, event.target
        where = f"from ({event.at.x}, {event.at.y}) to ({round(event.to[0])}, {round(event.to[1])})"
        if start is None or end is None or start.id == end.id:
            name = f" in “{start.name or start.role}”" if start else ""
            return RecordedStep(
                "drag", StepText("", f"the mouse was dragged {where}{name}: plain English has no words for this")
            )
        observation = event.observation()
        for first in element_phrases(start, observation)[:-1]:
            for second in element_phrases(end, observation)[:-1]:
                step = english_step(
                    a.Drag(start=a.Target(phrase=first), end=a.Target(phrase=second)), {"start": first, "end": second}
                )
                if (
                    step
                    and is_expressible(step)
                    and leads_to(step, {start.id, end.id}, observation, frozenset({"drag"}))
                ):
                    return RecordedStep("drag", StepText(step), start.id)
        return RecordedStep("drag", StepText("", f"the mouse was dragged {where}: no words were found that lead there"))

    def _fill(self, event: UserEvent) -> RecordedStep | None:
        element = event.element
        if element is None:
            return None
        text = self.secret(element) if event.secret else event.value
        clear = bool(event.before) and not event.secret
        if not text and not clear:
            return None
        action = a.Type(text=_clean(text), clear=clear, target=a.Target(phrase="field"))
        observation = event.observation(value=event.before)
        step_text = describe_element(
            element, observation, lambda phrase: english_step(action, {"target": phrase}), ("type",)
        )
        if not step_text.step and not event.secret:
            step_text = StepText(
                "", f"“{_clean(text)}” was typed into “{element.name}”, which plain English cannot say"
            )
        return RecordedStep("fill", step_text, element.id, event.session)

    def _set(self, event: UserEvent) -> RecordedStep | None:
        element = event.element
        value = quote(event.value)
        if element is None or not event.value or value is None:
            return None

        def step(phrase: str) -> str | None:
            return f"set {phrase} to {value}"

        return RecordedStep(
            "set",
            describe_element(element, event.observation(value=event.before), step, ("type",)),
            element.id,
            event.session,
        )

    def _tick(self, event: UserEvent) -> RecordedStep | None:
        element = event.element
        if element is None:
            return None
        verb = "click" if event.kind == "radio" else "tick" if event.checked else "untick"
        step_text = describe_element(
            element,
            event.observation(checked=not event.checked),
            lambda phrase: f"{verb} {phrase}",
            ("click",),
        )
        return RecordedStep(event.kind, step_text, element.id)

    def _select(self, event: UserEvent) -> RecordedStep | None:
        element = event.element
        options = [each for each in map(quote, event.options) if each]
        if element is None or not options:
            return None

        def step(phrase: str) -> str | None:
            return f"choose {' and '.join(options)} from {phrase}"

        return RecordedStep("select", describe_element(element, event.observation(), step, ("select",)), element.id)

    def _files(self, event: UserEvent) -> RecordedStep | None:
        element = event.element
        if element is None or not event.names:
            return None
        action = a.Upload(target=a.Target(phrase="field"), paths=event.names)
        step_text = describe_element(
            element, event.observation(), lambda phrase: english_step(action, {"target": phrase}), ("upload",)
        )
        hint = "give the whole path: a page receives the file's name without its folder"
        return RecordedStep("files", StepText(step_text.step, step_text.comment or hint), element.id)

    def _key(self, event: UserEvent) -> RecordedStep | None:
        element = event.element.id if event.element else ""
        last = self.entries[-1] if self.entries else None
        same = (
            last
            and last.kind == "key"
            and last.element == element
            and re.match(rf"press {re.escape(_key(event.keys))}\b", last.step_text.step)
        )
        count = last.count + 1 if last and same else 1
        step = english_step(a.Key(keys=event.keys, count=min(100, count)), {})
        if step is None:
            return RecordedStep(
                "key", StepText("", f"{event.keys} was pressed, which plain English cannot say"), element
            )
        return RecordedStep("key", StepText(step), element, count=count)

    def _check(self, event: UserEvent) -> RecordedStep | None:
        observation, element = event.observation(), event.element
        for says in _statements(event, element, element_phrases(element, observation)[:-1] if element else []):
            try:
                holds, _ = check_screen(StatementCheck(says=says), observation)
            except UsageError:
                continue
            if holds and is_expressible(says):
                return RecordedStep("check", StepText(f"check that {says}"), check=True, says=says)
        return RecordedStep(
            "check", StepText("", "something was to be checked here that no sentence could be made of"), check=True
        )

    def _arrive(self, event: UserEvent) -> RecordedStep | None:
        """A step for a page that no other step opened: a typed address, or the history."""
        action: a.Action = a.Navigate(url=event.url)
        if event.how == "reload":
            action = a.Reload()
        elif event.how == "back_forward":
            action = a.Forward() if event.place > event.origin >= 0 else a.Back()
        step = english_step(action, {})
        return RecordedStep("arrived", StepText(step or "", "" if step else f"the page {event.url} was opened"))

    def _tab(self, event: UserEvent) -> RecordedStep | None:
        action = a.Tabs(do="new") if event.how == "new" else a.Tabs(do="switch", index=event.tab)
        return RecordedStep("tab", StepText(english_step(action, {}) or ""))

    def secret(self, element: Element) -> str:
        """Return the name of the secret for a secret field."""
        if element.id not in self.secrets:
            name = slug(element.name or element.description, 30).replace("-", "_")
            self.secrets[element.id] = "password" if name == "run" else name
        return f"{{{{secret:{self.secrets[element.id]}}}}}"


_MAKERS: dict[str, Callable[[Recording, UserEvent], RecordedStep | None]] = {
    **dict.fromkeys(("click", "double", "right", "middle"), Recording._press),
    "drag": Recording._drag, "fill": Recording._fill, "set": Recording._set, "tick": Recording._tick,
    "radio": Recording._tick, "select": Recording._select, "files": Recording._files, "key": Recording._key,
    "check": Recording._check, "arrived": Recording._arrive, "moved": Recording._arrive, "tab": Recording._tab,
}  # fmt: skip


def _goes_on(last: RecordedStep, made: RecordedStep) -> bool:
    """Return whether a step continues the one before: more text, or the same key again."""
    return last.kind == made.kind and (last.session == made.session > 0 or (made.kind == "key" and made.count > 1))


def _statements(event: UserEvent, element: Element | None, names: list[str]) -> list[str]:
    """Return statements about the element under the mouse, the most specific first."""
    made: list[str] = []
    if element and not event.chosen and not event.secret:
        if element.checked is not None:
            made += [f"{name} is {'' if element.checked else 'not '}checked" for name in names[:3]]
        if element.value and not element.secret and (value := quote(element.value)):
            made += [f"{name} contains {value}" for name in names[:3]]
        if not element.enabled:
            made += [f"{name} is disabled" for name in names[:3]]
    if text := quote(event.text) if event.text else None:
        made.append(f"the page shows {text}")
    if element and element.name and (name := quote(element.name)):
        made += [f"the page shows {name}", f"{name} is visible"]
    return made


def _clean(text: str) -> str:
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t").replace("\x7f", "")


def _key(keys: str) -> str:
    return keys.capitalize() if keys.isalpha() and len(keys) > 1 else keys

"""The differences between two observations, in words, and which of them an action cannot have caused."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from handeye.perception.change import covered, difference, is_frame
from handeye.tools.device import PageChanges
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot
from handeye.tools.text_equality import contains

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handeye.perception.change import Change
    from handeye.perception.observation import Observation
    from handeye.tools.actions import Target
    from handeye.tools.element import Element

#: A focus ring or shadow extends at most this many pixels beyond its control, at scale 1.
RING = 12
#: An element as large as this share of the screen is a container, not a control.
NO_CONTROL = 0.1
#: An animated region larger than this share of the screen is not used to explain elements that appear or disappear.
EVERYWHERE = 0.6
#: A change farther away than this share of the screen's longer side, and not larger than this share of its area,
#: needs evidence of its cause.
FAR, LARGE = 0.3, 0.02
#: The least height of a line of text at scale 1, and how far a field extends at most beyond the changed region.
LINE, WIDE = 16, 500
_TEXT_ROLES = frozenset({"textbox", "searchbox", "combobox", "spinbutton", "slider"})
#: Attributes that are a state by themselves, whatever the picture shows.
STATES = frozenset({"open", "hidden", "disabled", "checked", "value", "selected"})


class ObservationDiff:
    """Two observations, before and after an action."""

    def __init__(
        self, before: Observation, after: Observation, animated_regions: Iterable[Box] = (), happened: str = ""
    ) -> None:
        self.before, self.after = before, after
        self.happened = happened
        """What else the device reports: a download."""
        self.has_page_changes = after.signals.page_changes is not None
        """Whether the device reports changes by scripts."""
        self.page_changes = after.signals.page_changes or PageChanges()
        self.animated_regions = tuple(
            self._wide(box) for box in (*animated_regions, *self.page_changes.animated_regions)
        )
        self.change: Change = difference(before.screenshot, after.screenshot, self.animated_regions)
        one, two = before.signals, after.signals
        self.moved: list[str] = []
        """Changes of document, address, title, dialog or tab, in words."""
        if one.url != two.url:
            self.moved.append(f"the address changed to {two.url}")
        if one.document != two.document:
            self.moved.append("a page was loaded")
        if one.dialog != two.dialog:
            self.moved.append(f"a dialog says “{two.dialog[:80]}”" if two.dialog else "the dialog closed")
        if len(one.tabs) != len(two.tabs):
            more = len(two.tabs) > len(one.tabs)
            self.moved.append(f"a tab or window {'opened' if more else 'closed'} ({len(two.tabs)} now)")
        elif one.tab != two.tab:
            self.moved.append(f"tab {two.tab + 1} is in front now")
        if one.downloads != two.downloads:
            self.moved.append(happened or "a file was downloaded")
        self.retitled = not self.moved and one.title != two.title
        """Whether only the title changed, as when an editor marks its document as modified."""
        unanswered = two.unanswered or one.unanswered
        self.silent = f"“{unanswered[0]}” did not say in time what it shows" if unanswered else ""
        """Which part of the screen did not answer, in words: its elements count neither as gone nor as new."""
        if one.title != two.title and one.url == two.url:
            self.moved.append(f"the title changed to “{two.title[:80]}”")
        tells = two.focus or after.elements  # otherwise the focus is not reported
        self.focus = f"{two.focus or 'nothing'} has the focus" if tells and one.focus != two.focus else ""

    def pixels(self) -> str:
        """Return how much of the picture changed, in words; empty for nothing but a blinking cursor."""
        if self.change.fraction == 0 or self.change.blink or self.change.box is None:
            return ""
        box = self.change.box
        share = f"{self.change.fraction:.0%}" if self.change.fraction >= 0.01 else "less than 1%"
        return f"{share} of the picture changed, around ({box.centre.x}, {box.centre.y})"

    def element(self, target: Target | None) -> tuple[Element | None, Element | None]:
        """Return the target before and after: by id, otherwise by role and name near the same place."""
        if target is None:
            return None, None
        old = next((each for each in self.before.elements if each.id == target.element and target.element), None)
        if old is None and target.point:
            under = [
                each for each in self.before.elements if each.acts and not each.covered and each.box.holds(target.point)
            ]
            old = min(under, key=lambda each: each.box.area, default=None)
        if old is None:
            return None, None
        alike = [each for each in self.after.elements if each.role == old.role and each.name == old.name]
        new = next((each for each in self.after.elements if each.id == old.id), None) or min(
            alike, key=lambda each: abs(each.box.left - old.box.left) + abs(each.box.top - old.box.top), default=None
        )
        return old, new

    def field(self, target: Target | None) -> tuple[Element | None, Element | None]:
        """Return the field that received the text, before and after: the target, otherwise the focused element.

        If the page replaced the field meanwhile, the focused element in its place is used.
        """
        focused = next((each for each in self.after.elements if each.focused and _holds_text(each)), None)
        old, new = self.element(target)
        if new is not None and _holds_text(new):
            return old, new
        if target is not None and old is not None and _holds_text(old):
            there = focused if focused and focused.box.overlap(old.box) else None
            return old, there
        was = next((each for each in self.before.elements if focused and each.id == focused.id), None)
        return was, focused

    def focused_value(self) -> tuple[str | None, str] | None:
        """Return the values of the focused field before and after, where only the device reports them."""
        one, two = self.before.signals, self.after.signals
        if not two.value and two.focus.partition(" ")[0] not in _TEXT_ROLES:
            return None
        return (one.value if one.focus == two.focus else None), two.value

    def states(self, target: Target | None) -> list[str]:
        """Elements whose state changed, the target first: ticked, expanded, selected, pressed, enabled, filled."""
        first, _ = self.element(target)
        now = {each.id: each for each in self.after.elements}
        pairs = [(old, now[old.id]) for old in self.before.elements if old.id in now]
        pairs.sort(key=lambda pair: first is None or pair[0].id != first.id)
        return [change for old, new in pairs if not self.by_itself(new.box) and (change := _state(old, new))]

    def appeared(self) -> list[str]:
        """Return names that are on the page now and were not before."""
        known = {(each.role, each.name, each.value) for each in self.before.elements}
        return [
            each.name or each.value
            for each in self.after.elements
            if (each.role, each.name, each.value) not in known and (each.name or each.value)
            if not self.by_itself(each.box) and not _unknown(each, self.before)
        ]

    def gone(self) -> list[str]:
        """Return names that were on the page and are not now."""
        now = {(each.role, each.name, each.value) for each in self.after.elements}
        return [
            each.name
            for each in self.before.elements
            if (each.role, each.name, each.value) not in now
            and not self.by_itself(each.box)
            and not _unknown(each, self.after)
        ]

    def rearranged(self) -> str:
        """Return which element moved before another one, where scripts reordered elements; empty for none."""
        if not self.page_changes.reordered:
            return ""
        old, new = [each.id for each in self.before.elements], [each.id for each in self.after.elements]
        was = [each for each in old if each in set(new)]
        now = [each for each in new if each in set(old)]
        first = next((two for one, two in zip(was, now, strict=True) if one != two), None)
        if first is None:
            return ""
        moved = next(each for each in self.after.elements if each.id == first)
        inside = [each.name for each in self.after.elements if each.parent == first and each.name]
        return f"“{(moved.name or next(iter(inside), moved.role))[:60]}” stands in another place"

    def by_itself(self, box: Box) -> bool:
        """Whether elements in this box appear and disappear by themselves."""
        most = self.after.screenshot.width * self.after.screenshot.height * EVERYWHERE
        small = [each for each in self.animated_regions if each.area <= most]
        if not any(each.holds(box.centre) for each in small):
            return False
        return not any(each.box.overlap(box) and each.box.area <= 4 * box.area for each in self.page_changes.changed)

    def focused_elsewhere(self, target: Target | None) -> str:
        """Return the element that received the focus although it is not the target; empty for none."""
        field = next((each for each in self.after.elements if each.focused), None)
        if not self.focus or field is None or target is None:
            return ""
        old, _ = self.element(target)
        aimed = (old is not None and old.id == field.id) or (target.point and field.box.holds(target.point))
        return "" if aimed else self.focus

    def labels_focused(self, target: Target | None) -> bool:
        """Whether the target is the label of the focused element."""
        field = next((each for each in self.after.elements if each.focused), None)
        if field is None or target is None:
            return False
        aimed = [
            each.name
            for each in self.before.elements
            if not each.acts and (each.id == target.element or (target.point and each.box.holds(target.point)))
        ]
        return any(contains(f"{field.name} {field.description}", name, case=False) for name in aimed if name)

    def lines_changed(self) -> list[str]:
        """Return the full lines of text in which pixels changed; empty where the picture cannot be read."""
        screen = self.after.screenshot
        box = self.change.box
        if self.after.reader is None or box is None:
            return []
        high = max(box.height, round(LINE * screen.scale))
        part = Box(box.left - WIDE, box.top - high // 2, box.right + WIDE, box.bottom + high // 2)
        part = part.within(screen.width, screen.height) or box
        crop = Screenshot(screen.image.crop(part), scale=screen.scale)
        there = [Box(*(side - part[number % 2] for number, side in enumerate(each))) for each in self.change.boxes]
        return [line.name for line in self.after.reader(crop) if any(line.box.overlap(each) for each in there)]

    @cached_property
    def framed(self) -> bool:
        """Whether only frames around elements changed, and not their inside."""
        images = self.before.screenshot, self.after.screenshot
        return bool(self.change.boxes) and all(is_frame(*images, box) for box in self.change.boxes)

    def far(self, target: Target | None) -> bool:
        """Whether all changes are small and far from the target."""
        screen = self.after.screenshot
        if target is None or target.point is None or self.change.fraction > LARGE:
            return False
        old, _ = self.element(target)
        at = old.box if old else Box(*target.point, *target.point)
        reach = FAR * max(screen.width, screen.height)
        return all(_apart(at, box) > reach for box in self.change.boxes)

    @cached_property
    def scripted(self) -> list[str]:
        """Return lasting changes by scripts that are visible, or outside the screenshot."""
        return [
            f"{each.what}: {_HOW.get(each.how, each.how)}"
            for each in self.page_changes.changed
            if self._is_visible_change(each.box, each.how)
        ]

    def _is_visible_change(self, box: Box, how: str) -> bool:
        visible = box.within(self.after.screenshot.width, self.after.screenshot.height)
        if visible is None or how in STATES or how.startswith("aria-"):
            return True
        around = self._wide(box)
        if box.area <= self.after.screenshot.width * self.after.screenshot.height * NO_CONTROL:
            return any(around.overlap(each) for each in self.change.boxes)
        return any(around.overlap(each) for each in self.unstyled)

    @cached_property
    def unstyled(self) -> tuple[Box, ...]:
        """Return the changed regions that neither the mouse nor the focus explains."""
        places = [self._wide(box) for box in (*self.page_changes.hover_regions, *self.page_changes.focus_rings)]
        change = difference(self.before.screenshot, self.after.screenshot, (*self.animated_regions, *places))
        return () if change.blink else change.boxes

    def controls(self) -> list[str]:
        """Return the controls that look different if nothing else does: pressed, hovered or focused."""
        most = self.before.screenshot.width * self.before.screenshot.height * NO_CONTROL
        focus_rings = {
            each.id: (self._wide(each.box), each.name[:40])
            for each in self.before.elements
            if each.acts and each.box.area <= most
        }
        if not all(covered(box, [ring for ring, _ in focus_rings.values()]) for box in self.change.boxes):
            return []
        return [name for ring, name in focus_rings.values() if any(ring.overlap(box) for box in self.change.boxes)]

    def _wide(self, box: Box) -> Box:
        ring = round(RING * max(1.0, self.after.screenshot.scale))
        return Box(box.left - ring, box.top - ring, box.right + ring, box.bottom + ring)


def _holds_text(element: Element) -> bool:
    return element.role in _TEXT_ROLES


def _unknown(element: Element, observation: Observation) -> bool:
    """Whether the element belongs to a program or frame that did not answer during the observation."""
    return bool(observation.signals.unanswered) and (bool(element.frame) or element.source != "dom")


def _apart(one: Box, two: Box) -> int:
    """Pixels between two boxes, along the axis where there are more."""
    return max(one.left - two.right, two.left - one.right, one.top - two.bottom, two.top - one.bottom, 0)


_HOW = {"text": "says something else", "added": "was added", "removed": "something in it was taken away"}


def _state(old: Element, new: Element) -> str:
    """Return how an element changed, in words; empty if it did not."""
    name = f"“{old.name[:60]}”" if old.name else f"a {old.role}"
    if old.checked is not None and new.checked is not None and old.checked != new.checked:
        return f"{name} is {'ticked' if new.checked else 'not ticked any more'}"
    for field, yes, no in (
        ("expanded", "open", "closed"),
        ("pressed", "pressed", "not pressed any more"),
        ("selected", "chosen", "not chosen any more"),
        ("enabled", "usable", "disabled"),
    ):
        was, now = getattr(old, field), getattr(new, field)
        if was is not None and now is not None and was != now:
            return f"{name} is {yes if now else no} now"
    if old.value != new.value and not old.secret:
        return f"{name} holds “{new.value[:60]}” now"
    return ""

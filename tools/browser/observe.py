"""The elements of a page with all its frames, in reading order, and its signals."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handeye.tools.browser.scripts import ask, ask_about, quickly
from handeye.tools.browser.session import DialogOpened
from handeye.tools.browser.view import Mapping, View
from handeye.tools.device import Signals
from handeye.tools.element import Element
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image
    from playwright.async_api import Frame, Page

    from handeye.tools.browser.change_tracker import Wake
    from handeye.tools.browser.session import Session

#: More elements than this are not reported; those off the screen go first.
CAP = 3000

#: Frames inside frames inside frames … are followed this far.
DEPTH = 5

Raw = dict[str, Any]


@dataclass
class Reader:
    """Lists elements, and remembers which frame each id belongs to."""

    next: int = 1
    """The number of the next element that has no id yet; counts through all documents of the browser."""
    frames: dict[str, Frame] = field(default_factory=dict)
    """The frame of each element of the last list."""
    silent: list[str] = field(default_factory=list)
    """The frames that did not tell in time what is in them, at the last look."""
    unlisted: int = 0
    """Elements that the last list left out, because there were more than `CAP`."""
    judged: list[Element] | None = None
    """The last list that an action was chosen by; None when an action was done since."""
    picture: Image | None = None
    """The picture that belongs to it."""

    async def read(self, page: Page, view: View, *, judged: bool = False) -> list[Element]:
        """All elements of the page, boxes in pixels of its picture.

        With `judged` an action is chosen by this list, and its press is compared with it; see `press.js`.
        """
        self.frames, self.silent, self.unlisted = {}, [], 0
        raw, _ = await self._collect(page.main_frame, depth=0, judged=judged)
        for each in raw:
            left, top, right, bottom = each["box"]
            each["box"] = [*view.to_picture(left, top), *view.to_picture(right, bottom)]
        self.unlisted += max(0, len(raw) - CAP)
        elements = _elements(raw)
        if judged:
            self.judged = elements
        return elements

    async def _collect(self, frame: Frame, depth: int, *, judged: bool) -> tuple[list[Raw], list[float]]:
        """What is in the frame, in its own CSS pixels, and the frame's extent in the same."""
        argument = {"next": self.next, "nested": depth > 0, "most": CAP, "judged": judged}
        seen = await (quickly(frame, "collect", argument) if depth else ask(frame, "collect", argument))
        if seen is None:
            if not frame.is_detached():
                self.silent.append(_called(frame))
            return [], [0.0, 0.0]
        self.next = max(self.next, int(seen["next"]))
        found: list[Raw] = seen["found"]
        self.unlisted += int(seen["total"]) - len(found)
        self.frames.update((raw["id"], frame) for raw in found)
        if depth >= DEPTH:
            return found, seen["extent"]
        inserts = [
            insert for child in frame.child_frames if (insert := await self._inner(child, depth + 1, judged=judged))
        ]
        ordered = sorted(inserts, key=lambda pair: pair[0])
        for index, inner in ordered[::-1]:  # from the end; two frames at one place stay in order
            found[index:index] = inner
        return found, seen["extent"]

    async def _inner(self, frame: Frame, depth: int, *, judged: bool) -> tuple[int, list[Raw]] | None:
        """Where a frame's elements belong among its parent's, and what they are, in the parent's coordinates."""
        from playwright.async_api import Error

        try:
            handle = await frame.frame_element()
            place = await ask_about(handle, "place")
            if place["index"] is None or not place["shown"] or place["wide"] < 2 or place["high"] < 2:
                return None
            found, extent = await self._collect(frame, depth, judged=judged)
            mapping = Mapping().of(place, extent)
            for raw in found:
                raw["box"] = mapping.box(raw["box"])
            over = await ask_about(handle, "blocked", [_centre(raw["box"], place) for raw in found])
        except Error:  # the frame went away meanwhile
            return None
        for raw, blocker in zip(found, over, strict=True):
            raw["covered"] = raw["covered"] or bool(blocker)
            raw["parent"] = raw["parent"] or place["parent"]
            raw["frame"] = (_called(frame), *raw.get("frame", ()))
            depth_here = len(place["path"])
            raw["path"] = [*place["path"], *raw["path"]]
            raw["items"] = [*place["items"], *(depth_here + each for each in raw["items"])]
            raw["inert"] = raw.get("inert", False) or bool(place.get("inert"))
        return place["index"], found


def _called(frame: Frame) -> str:
    """How to tell a frame from its siblings: by the name or id that it was given, else by its number."""
    if frame.name:
        return f"name={frame.name}"
    siblings = frame.parent_frame.child_frames if frame.parent_frame else [frame]
    return f"nth={siblings.index(frame)}" if frame in siblings else "nth=0"


def _centre(box: Sequence[float], place: Raw) -> tuple[float, float]:
    """Of the part that shows in the frame, all in the parent's coordinates."""
    left, top = max(place["x"], box[0]), max(place["y"], box[1])
    right, bottom = min(place["x"] + place["wide"], box[2]), min(place["y"] + place["high"], box[3])
    return (left + right) / 2, (top + bottom) / 2


def _elements(raw: list[Raw]) -> list[Element]:
    kept = raw[:CAP]
    ids = {each["id"] for each in kept}
    elements = []
    for each in kept:
        each["box"] = _pixels(each["box"])
        if each.get("parent") not in ids or each["parent"] == each["id"]:
            each["parent"] = None
        elements.append(Element(source="dom", **each))
    return elements


def _pixels(box: Sequence[float]) -> Box:
    left, top = math.floor(box[0] + 0.5), math.floor(box[1] + 0.5)
    return Box(left, top, max(left + 1, math.floor(box[2] + 0.5)), max(top + 1, math.floor(box[3] + 0.5)))


#: Seconds that a frame or a tab behind may take to answer.
BRIEFLY = 0.5


class Facts:
    """Reads one session's signals."""

    def __init__(self, session: Session, wake: Wake, reader: Reader) -> None:
        self.session, self.wake, self.reader = session, wake, reader
        self.documents = 0
        """So many have been loaded."""
        self._last = Signals()

    async def signals(self) -> Signals:
        """The signals now; while a dialog is open the page's last ones, and the dialog's."""
        session = self.session
        try:
            self._last = await session.steady(self._read)
        except DialogOpened:
            dialog = session.dialog
            if dialog is None:
                return await self.signals()
            tab = session.tabs.index(session.front)
            focus = f"textbox {dialog.text}" if dialog.kind == "prompt" else f"button {dialog.yes}"
            changed = {"url": session.front.page.url, "dialog": dialog.text or dialog.kind, "tab": tab}
            return self._last.model_copy(update={**changed, "focus": focus, "value": dialog.typed})
        return self._last

    async def _read(self) -> Signals:
        session, tab = self.session, self.session.front
        facts = await ask(tab.page.main_frame, "facts")
        tab.title = facts["title"]
        if facts["sign"] != tab.sign:
            tab.sign = facts["sign"]
            self.documents += 1
        focus, value = facts["focus"], facts["value"]
        for frame in tab.page.frames[1:] if facts["inside"] else ():
            inner = await quickly(frame, "facts", seconds=BRIEFLY)
            if inner and inner["has"] and inner["focus"]:
                focus, value = inner["focus"], inner["value"]
        for other in session.tabs:
            if other is not tab:
                seen = await quickly(other.page.main_frame, "facts", seconds=BRIEFLY)
                other.title = seen["title"] if seen else other.title
        return Signals(
            url=facts["url"],
            title=facts["title"],
            focus=focus,
            value=value,
            tabs=tuple(each.title or each.page.url for each in session.tabs),
            tab=session.tabs.index(session.front),
            document=self.documents,
            downloads=session.downloads.count,
            unanswered=tuple(f"frame {name}" for name in self.reader.silent),
            page_changes=await self.wake.told(),
        )

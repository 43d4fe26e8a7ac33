"""List the elements of a page with all its frames in reading order, and read its signals.

Elements come from handeye's own script (`elements.js`), not from Chromium's accessibility tree. The tree agrees with
the script in the roles of 98 % and the states of 100 % of the acting elements that both list. It lacks controls with
`aria-hidden` and scripted elements without a role. Its names follow screen readers instead of the drawn text (88 %
agree). It has no visibility, secret flags, test ids or text runs, so it would be a second request of nearly the same
cost. `python -m benchmarks.accessibility_tree` measures this.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handeye.tools.browser.coordinates import FrameMapping, Viewport
from handeye.tools.browser.scripts import call_script, call_script_on, try_call_script
from handeye.tools.browser.session import DialogOpened
from handeye.tools.device import Signals
from handeye.tools.element import Element
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image
    from playwright.async_api import Frame, Page

    from handeye.tools.browser.page_changes import ChangeTracker
    from handeye.tools.browser.session import BrowserSession

#: Most elements that are listed; elements off the screen are dropped first.
MAX_ELEMENTS = 3000

#: Deepest nesting of frames that are read.
MAX_FRAME_DEPTH = 5

Raw = dict[str, Any]


@dataclass
class ElementReader:
    """Lists elements and stores the frame of each element id."""

    next_id: int = 1
    """Number of the next new element id, for all documents of the browser."""
    frames: dict[str, Frame] = field(default_factory=dict)
    """The frame of each element of the last list."""
    unanswered_frames: list[str] = field(default_factory=list)
    """Names of the frames that did not answer in time at the last read."""
    unlisted: int = 0
    """Number of elements that the last list omits because of `MAX_ELEMENTS`."""
    decision_elements: list[Element] | None = None
    """The list that the next action is decided by; None after an action."""
    decision_image: Image | None = None
    """The screenshot of that list."""

    async def read(self, page: Page, viewport: Viewport, *, for_decision: bool = False) -> list[Element]:
        """Return all elements of the page, with boxes in screenshot pixels.

        `for_decision`: an action is decided by this list, and its press is compared with it; see `press_check.js`.
        """
        self.frames, self.unanswered_frames, self.unlisted = {}, [], 0
        raw, _ = await self._collect(page.main_frame, depth=0, for_decision=for_decision)
        for each in raw:
            left, top, right, bottom = each["box"]
            each["box"] = [*viewport.to_screenshot(left, top), *viewport.to_screenshot(right, bottom)]
        self.unlisted += max(0, len(raw) - MAX_ELEMENTS)
        elements = _elements(raw)
        if for_decision:
            self.decision_elements = elements
        return elements

    async def _collect(self, frame: Frame, depth: int, *, for_decision: bool) -> tuple[list[Raw], list[float]]:
        """Return a frame's raw elements and the frame's size, in CSS pixels of the frame."""
        argument = {"next": self.next_id, "nested": depth > 0, "most": MAX_ELEMENTS, "forDecision": for_decision}
        reply = await (
            try_call_script(frame, "collect", argument) if depth else call_script(frame, "collect", argument)
        )
        if reply is None:
            if not frame.is_detached():
                self.unanswered_frames.append(_frame_name(frame))
            return [], [0.0, 0.0]
        self.next_id = max(self.next_id, int(reply["next"]))
        elements: list[Raw] = reply["found"]
        self.unlisted += int(reply["total"]) - len(elements)
        self.frames.update((raw["id"], frame) for raw in elements)
        if depth >= MAX_FRAME_DEPTH:
            return elements, reply["extent"]
        inserts = [
            insert
            for child in frame.child_frames
            if (insert := await self._collect_inner(child, depth + 1, for_decision=for_decision))
        ]
        ordered = sorted(inserts, key=lambda pair: pair[0])
        for index, inner in ordered[::-1]:  # from the end, so that earlier indices stay valid
            elements[index:index] = inner
        return elements, reply["extent"]

    async def _collect_inner(self, frame: Frame, depth: int, *, for_decision: bool) -> tuple[int, list[Raw]] | None:
        """Return the index of a frame's elements in its parent's list, and the elements in CSS pixels of the parent."""
        from playwright.async_api import Error

        try:
            handle = await frame.frame_element()
            place = await call_script_on(handle, "framePlacement")
            if place["index"] is None or not place["shown"] or place["wide"] < 2 or place["high"] < 2:
                return None
            elements, extent = await self._collect(frame, depth, for_decision=for_decision)
            mapping = FrameMapping().of(place, extent)
            for raw in elements:
                raw["box"] = mapping.box(raw["box"])
            over = await call_script_on(handle, "blockersAt", [_centre(raw["box"], place) for raw in elements])
        except Error:  # the frame was removed meanwhile
            return None
        for raw, blocker in zip(elements, over, strict=True):
            raw["covered"] = raw["covered"] or bool(blocker)
            raw["parent"] = raw["parent"] or place["parent"]
            raw["frame"] = (_frame_name(frame), *raw.get("frame", ()))
            depth_here = len(place["path"])
            raw["path"] = [*place["path"], *raw["path"]]
            raw["items"] = [*place["items"], *(depth_here + each for each in raw["items"])]
            raw["inert"] = raw.get("inert", False) or bool(place.get("inert"))
        return place["index"], elements


def _frame_name(frame: Frame) -> str:
    """Return a name that is unique among a frame's siblings: its name or id, else its number."""
    if frame.name:
        return f"name={frame.name}"
    siblings = frame.parent_frame.child_frames if frame.parent_frame else [frame]
    return f"nth={siblings.index(frame)}" if frame in siblings else "nth=0"


def _centre(box: Sequence[float], place: Raw) -> tuple[float, float]:
    """Return the centre of the visible part of a box in a frame, in CSS pixels of the parent."""
    left, top = max(place["x"], box[0]), max(place["y"], box[1])
    right, bottom = min(place["x"] + place["wide"], box[2]), min(place["y"] + place["high"], box[3])
    return (left + right) / 2, (top + bottom) / 2


def _elements(raw: list[Raw]) -> list[Element]:
    listed = raw[:MAX_ELEMENTS]
    ids = {each["id"] for each in listed}
    elements = []
    for each in listed:
        each["box"] = _pixels(each["box"])
        if each.get("parent") not in ids or each["parent"] == each["id"]:
            each["parent"] = None
        elements.append(Element(source="dom", **each))
    return elements


def _pixels(box: Sequence[float]) -> Box:
    left, top = math.floor(box[0] + 0.5), math.floor(box[1] + 0.5)
    return Box(left, top, max(left + 1, math.floor(box[2] + 0.5)), max(top + 1, math.floor(box[3] + 0.5)))


#: Seconds for which an inner frame or another tab may take to answer.
OTHER_SECONDS = 0.5


class SignalReader:
    """Reads the signals of the page in front."""

    def __init__(self, session: BrowserSession, changes: ChangeTracker, reader: ElementReader) -> None:
        self.session, self.changes, self.reader = session, changes, reader
        self.documents = 0
        """Number of documents loaded so far."""
        self._last = Signals()

    async def signals(self) -> Signals:
        """Return the current signals; while a dialog is open, the page's last ones with those of the dialog."""
        session = self.session
        try:
            self._last = await session.retry_during_navigation(self._read)
        except DialogOpened:
            dialog = session.dialog
            if dialog is None:
                return await self.signals()
            tab = session.tabs.index(session.front)
            focus = f"textbox {dialog.text}" if dialog.kind == "prompt" else f"button {dialog.accept_label}"
            changed = {"url": session.front.page.url, "dialog": dialog.text or dialog.kind, "tab": tab}
            return self._last.model_copy(update={**changed, "focus": focus, "value": dialog.typed})
        return self._last

    async def _read(self) -> Signals:
        session, tab = self.session, self.session.front
        document = await call_script(tab.page.main_frame, "documentInfo")
        tab.title = document["title"]
        if document["sign"] != tab.sign:
            tab.sign = document["sign"]
            self.documents += 1
        focus, value = document["focus"], document["value"]
        for frame in tab.page.frames[1:] if document["inside"] else ():
            inner = await try_call_script(frame, "documentInfo", seconds=OTHER_SECONDS)
            if inner and inner["has"] and inner["focus"]:
                focus, value = inner["focus"], inner["value"]
        for other in session.tabs:
            if other is not tab:
                reply = await try_call_script(other.page.main_frame, "documentInfo", seconds=OTHER_SECONDS)
                other.title = reply["title"] if reply else other.title
        return Signals(
            url=document["url"],
            title=document["title"],
            focus=focus,
            value=value,
            tabs=tuple(each.title or each.page.url for each in session.tabs),
            tab=session.tabs.index(session.front),
            document=self.documents,
            downloads=session.downloads.count,
            unanswered=tuple(f"frame {name}" for name in self.reader.unanswered_frames),
            page_changes=await self.changes.page_changes(),
        )
